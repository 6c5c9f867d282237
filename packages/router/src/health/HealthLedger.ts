/**
 * The ledger of outcomes: every call, attempt, request and change of link or mode is written here, synchronously, by whoever made it. It decides
 * nothing. Everything is bounded: of each tier the last 200 attempts, of calls and channels five minutes, of keys five hundred, of errors the last
 * 64 of a tag, of mode changes the last 100.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Market } from "../domain/Market.ts";
import type { Mode, ModeChange } from "../domain/Mode.ts";
import type { Kind } from "../domain/Question.ts";
import type { Attempt } from "../errors/MarketDataError.ts";
import { type ChannelHealth, ChannelLog } from "./ChannelLog.ts";
import { ErrorLog, type ErrorHealth } from "./ErrorLog.ts";
import { KeyLedger, type KeyHealth } from "./KeyLedger.ts";
import { type HistoryHealth, HistoryLog } from "./HistoryLog.ts";
import * as Metrics from "./Metrics.ts";
import { labelled } from "./labelled.ts";
import { type OutcomeSummary, OutcomeWindow } from "./OutcomeWindow.ts";
import { percentile } from "./RecentValues.ts";

const windowSize = 200;
const modeHistory = 100;
/** An answer that takes longer is worth a look. */
const slowMs = 1_000;

/** What one tier did lately; what lost a race counts as missed. Percentiles are of answers only, in milliseconds; null before the first. */
export interface TierHealth {
  readonly tier: string;
  readonly answered: number;
  readonly missed: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly lastFailure: string | null;
}

/** A whole call, when it ended. */
export interface CallEnd {
  readonly kind: Kind;
  readonly market: Market;
  readonly durationMs: number;
  /** `answered`, `stale`, or the tag of the error. */
  readonly outcome: string;
  /** Of an answer; absent for an error. */
  readonly answer?:
    | {
        readonly tier: string;
        readonly valueAgeMs: number;
        readonly confirmedAgeMs: number;
        readonly staleReason: string | null;
      }
    | undefined;
}

/** A REST request, when it ended. */
export interface RequestEnd {
  readonly endpoint: string;
  readonly group: string;
  /** Null where no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Which attempt of its call it was, from 1, and how long it had waited for its turn. */
  readonly attempt: number;
  readonly waitedMs: number;
  /** `answered`, `interrupted`, or the tag of the error. */
  readonly outcome: string;
}

export class Health extends Context.Service<
  Health,
  {
    readonly attempted: (kind: Kind, attempt: Attempt) => void;
    readonly called: (call: CallEnd) => void;
    readonly requested: (request: RequestEnd) => void;
    /** An attempt to get a key's first element ended: `answered`, or why it brought none. */
    readonly waited: (cause: string) => void;
    /** `reason`: why a link ended. */
    readonly linkChanged: (state: string, reason?: string | null) => void;
    readonly modeChanged: (change: ModeChange) => void;
    /** A check of the trade gate ended: `passed`, or the reason against it. */
    readonly guarded: (outcome: string) => void;
    /** What is to be kept began to wait, waits in another amount, or waits no more. */
    readonly historyWaits: (history: HistoryHealth) => void;
    /** A probe of the router came to an end. */
    readonly probed: (verdict: "good" | "bad") => void;
    readonly tiers: () => ReadonlyArray<TierHealth>;
    readonly modes: () => ReadonlyArray<ModeChange>;
    /** Calls of the last `spanMs`, five minutes unless said otherwise. A success is a fresh answer; a caller's own mistake counts neither way. */
    readonly calls: (spanMs?: number) => OutcomeSummary;
    readonly channels: () => ReadonlyArray<ChannelHealth>;
    readonly keys: () => ReadonlyArray<KeyHealth>;
    readonly errors: () => ReadonlyArray<ErrorHealth>;
    readonly history: () => HistoryHealth;
    /** Calls back, synchronously, whenever something is written down that may be trouble. What is returned ends it. */
    readonly watch: (listener: () => void) => () => void;
    /** Seconds spent in each mode since the ledger began. */
    readonly modeSeconds: (mode: Mode) => number;
  }
>()("@naru/router/health/Health") {
  static readonly layer: Layer.Layer<Health> = Layer.effect(
    Health,
    Effect.suspend(() => make),
  );
}

interface Window {
  readonly recent: Array<Attempt>;
  answered: number;
  missed: number;
  failed: number;
  lastFailure: string | null;
}

const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
  const count = yield* counting;
  const attempts = new TierWindows();
  const calls = new OutcomeWindow();
  const rest = new ChannelLog("rest");
  const websocket = new ChannelLog("websocket");
  const keys = new KeyLedger();
  const errors = new ErrorLog();
  const modes: Array<ModeChange> = [];
  const stays = new ModeStays(nowMs());
  const watchers = new Set<() => void>();
  const trouble = (): void => watchers.forEach((watcher) => watcher());
  const history = new HistoryLog(count.historyDropped, trouble);

  return Health.of({
    attempted: (_kind, attempt) => {
      count.attempted(attempt);
      attempts.add(attempt);
    },
    called: (call) => {
      count.called(call);
      if (isCallersOwn(call.outcome)) return;
      const now = nowMs();
      const isFresh = call.outcome === "answered";
      calls.add(now, isFresh, call.durationMs);
      keys.add(call.kind, call.market, now, isFresh ? undefined : call.outcome);
      if (!isFresh && call.outcome !== "stale") errors.add(call.outcome, now);
      if (!isFresh || call.durationMs > slowMs) trouble();
    },
    requested: (request) => {
      count.requested(request);
      if (request.outcome === "interrupted") return;
      if (rest.requested(nowMs(), request, isCallersOwn(request.outcome))) return;
      errors.add(`rest ${request.outcome}`, nowMs());
      trouble();
    },
    waited: (cause) => {
      count.waited(1, cause);
      websocket.counted(nowMs(), cause === "answered");
    },
    linkChanged: (state, reason = null) => {
      count.linkChanged(1, state);
      websocket.linkChanged(nowMs(), state, reason);
    },
    modeChanged: (change) => {
      count.modeChanged(1, change.to);
      stays.change(change.to, nowMs());
      modes.push(change);
      if (modes.length > modeHistory) modes.shift();
      trouble();
    },
    guarded: (outcome) => count.guarded(1, outcome),
    historyWaits: (now) => history.told(now),
    probed: (verdict) => count.probed(1, verdict),
    tiers: () => attempts.report(),
    modes: () => [...modes],
    calls: (spanMs) => calls.summary(nowMs(), spanMs),
    channels: () => [rest.report(nowMs()), websocket.report(nowMs())],
    keys: () => keys.report(nowMs()),
    errors: () => errors.report(nowMs()),
    history: () => history.report(),
    watch: (listener) => {
      watchers.add(listener);
      return () => void watchers.delete(listener);
    },
    modeSeconds: (mode) => stays.seconds(mode, nowMs()),
  });
});

/** Outcomes that say nothing of how we are: the question was wrong, there is nothing to answer it with, or the client was closed. */
const ownOutcomes: ReadonlySet<string> = new Set(["InvalidRequest", "MarketUnknown", "NeverTraded", "Closed"]);
const isCallersOwn = (outcome: string): boolean => ownOutcomes.has(outcome);

/** The same as metrics. */
const counting = Effect.map(Effect.context<never>(), (context) => {
  const of = (metric: Metrics.AnyMetric) => labelled(metric, context);
  const calls = of(Metrics.calls);
  const callSeconds = of(Metrics.callSeconds);
  const valueAge = of(Metrics.valueAge);
  const confirmedAge = of(Metrics.confirmedAge);
  const stale = of(Metrics.staleAnswers);
  const freshness = of(Metrics.freshness);
  const attempts = of(Metrics.attempts);
  const attemptSeconds = of(Metrics.attemptSeconds);
  const requests = of(Metrics.restRequests);
  const requestSeconds = of(Metrics.restSeconds);
  const retries = of(Metrics.restRetries);
  const waits = of(Metrics.limiterWait);
  return {
    called: ({ kind, outcome, durationMs, answer }: CallEnd): void => {
      calls(1, kind, answer?.tier ?? "none", outcome);
      if (!isCallersOwn(outcome)) freshness(1, kind, outcome === "answered" ? "yes" : "no");
      if (answer === undefined) return;
      callSeconds(durationMs / 1_000, kind, answer.tier);
      valueAge(answer.valueAgeMs / 1_000, kind);
      confirmedAge(answer.confirmedAgeMs / 1_000, kind);
      if (answer.staleReason !== null) stale(1, kind, answer.staleReason);
    },
    attempted: ({ tier, outcome, durationMs }: Attempt): void => {
      attempts(1, tier, outcome);
      if (outcome === "answered" || outcome === "partial") attemptSeconds(durationMs / 1_000, tier);
    },
    requested: ({ endpoint, group, status, durationMs, attempt, waitedMs }: RequestEnd): void => {
      requests(1, endpoint, String(status ?? 0));
      requestSeconds(durationMs / 1_000, endpoint);
      if (attempt > 1) retries(1, endpoint);
      waits(waitedMs / 1_000, group);
    },
    waited: of(Metrics.firstElements),
    linkChanged: of(Metrics.linkChanges),
    modeChanged: of(Metrics.modeChanges),
    guarded: of(Metrics.guards),
    historyDropped: of(Metrics.historyDropped),
    probed: of(Metrics.routerProbes),
  };
});

/** How long the client was in each mode. */
class ModeStays {
  readonly #totalMs = new Map<Mode, number>();
  #mode: Mode = "normal";
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  change(to: Mode, nowMs: number): void {
    this.#totalMs.set(this.#mode, (this.#totalMs.get(this.#mode) ?? 0) + nowMs - this.#sinceMs);
    this.#mode = to;
    this.#sinceMs = nowMs;
  }

  seconds(mode: Mode, nowMs: number): number {
    const running = mode === this.#mode ? nowMs - this.#sinceMs : 0;
    return ((this.#totalMs.get(mode) ?? 0) + running) / 1_000;
  }
}

/** The last attempts of each tier, and the counts of all. */
class TierWindows {
  readonly #windows = new Map<string, Window>();

  add(attempt: Attempt): void {
    const window = this.#windows.get(attempt.tier) ?? { recent: [], answered: 0, missed: 0, failed: 0, lastFailure: null };
    this.#windows.set(attempt.tier, window);
    window.recent.push(attempt);
    if (window.recent.length > windowSize) window.recent.shift();
    if (attempt.outcome === "missed" || attempt.outcome === "interrupted") window.missed++;
    else if (attempt.outcome === "failed") {
      window.failed++;
      window.lastFailure = attempt.reason;
    } else window.answered++;
  }

  report(): ReadonlyArray<TierHealth> {
    return [...this.#windows].map(([tier, window]) => summarise(tier, window));
  }
}

const summarise = (tier: string, window: Window): TierHealth => {
  const times = window.recent.filter((attempt) => attempt.outcome === "answered").map((attempt) => attempt.durationMs);
  times.sort((a, b) => a - b);
  return {
    tier,
    answered: window.answered,
    missed: window.missed,
    failed: window.failed,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    lastFailure: window.lastFailure,
  };
};
