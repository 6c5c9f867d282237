/** What all parts of one world look at and write to: the truth, the findings, the trace, the probes, and the checks that want a last word. */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { errorTags, type MarketDataError } from "@naru/router/errors/MarketDataError";
import * as Cause from "effect/Cause";
import * as Option from "effect/Option";
import type { AnyAnswer } from "./checks/AnswerCheck.ts";
import type { Probes } from "./Probes.ts";
import type { Trace } from "./Trace.ts";
import type { Truth } from "./Truth.ts";
import type { Findings } from "./Violation.ts";

/** A checker that looks once more when the market has fallen quiet, or when its consumer leaves before that. */
export interface Check {
  readonly finish?: (quietMs: number) => void;
  readonly leave?: () => void;
}

export interface ObserverOptions {
  readonly truth: Truth;
  readonly findings: Findings;
  readonly trace: Trace;
  readonly probes: Probes;
  /** Milliseconds since the world began. */
  readonly nowMs: () => number;
  readonly exchangeNowMs: () => number;
  /** How long the client cannot know that what it has is old. */
  readonly blindMs: () => number;
  /** One fault keeps the client from knowing that something is missing, and another one from asking for it. */
  readonly isHelpless: () => boolean;
}

export class Observer {
  readonly truth: Truth;
  readonly findings: Findings;
  readonly exchangeNowMs: () => number;
  readonly blindMs: () => number;
  private readonly isHelpless: () => boolean;
  private readonly trace: Trace;
  private readonly probes: Probes;
  private readonly nowMs: () => number;
  private readonly checks = new Set<Check>();

  constructor(options: ObserverOptions) {
    this.truth = options.truth;
    this.findings = options.findings;
    this.trace = options.trace;
    this.probes = options.probes;
    this.nowMs = options.nowMs;
    this.exchangeNowMs = options.exchangeNowMs;
    this.blindMs = options.blindMs;
    this.isHelpless = options.isHelpless;
  }

  watch(check: Check): void {
    this.checks.add(check);
  }

  /** Its stream is over: it is owed nothing more. Who leaves while nobody could have known, or asked, is owed nothing at all. */
  unwatch(check: Check): void {
    this.checks.delete(check);
    if (!this.isHelpless()) check.leave?.();
  }

  /** `quietMs`: the exchange's time after which nothing happened. */
  finish(quietMs: number): void {
    for (const check of this.checks) check.finish?.(quietMs);
  }

  element<A extends { readonly market: string }>(who: string, element: StreamElement<A>): void {
    this.trace.add(this.nowMs(), `${who} ${nameOf(element)}`);
    this.probes.element(element._tag);
  }

  answered(who: string, answer: AnyAnswer): void {
    const { tier, stale, staleReason, mode } = answer.provenance;
    const tried = answer.provenance.attempts.map((attempt) => `${attempt.tier} ${attempt.outcome}`).join(", ");
    this.trace.add(this.nowMs(), `${who} ${answer.market} ${tier} ${stale ? staleReason : "fresh"} (${tried})`);
    this.probes.answer(tier, stale, mode);
  }

  failed(who: string, cause: Cause.Cause<MarketDataError>): void {
    if (Cause.hasInterruptsOnly(cause)) return;
    const error = Option.getOrUndefined(Cause.findErrorOption(cause));
    const tag: string = error?._tag ?? "defect";
    this.trace.add(this.nowMs(), `${who} failed ${tag}`);
    this.probes.failure(tag);
    if (!errorTags.some((known) => known === tag))
      this.findings.report("converges", `${who} met what is no error of ours: ${Cause.pretty(cause)}`);
  }
}

/** What makes two elements the same in two runs: never an id or a host that differs from run to run. */
const nameOf = <A extends { readonly market: string }>(element: StreamElement<A>): string => {
  if (element._tag === "Live" || element._tag === "Recovered") {
    const { value } = element;
    const mark =
      "id" in value ? value.id : "timestampMs" in value ? value.timestampMs : "lastTradeTimeMs" in value ? value.lastTradeTimeMs : "";
    return `${element._tag} ${value.market} ${String(mark)}`;
  }
  if (element._tag === "Gap")
    return `Gap ${element.market} ${element.fromMs} ${element.toMs} ${element.reason.replace(hostNumber, "memory")}`;
  if (element._tag === "Reconnecting") return `Reconnecting ${element.attempt}`;
  return element._tag === "Resumed" ? `Resumed ${element.downMs}` : `Dropped ${element.count}`;
};

/** Exchanges in memory are numbered through a process. */
const hostNumber = /memory-\d+/g;
