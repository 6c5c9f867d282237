/**
 * Some of the questions that the router answered, asked of the exchange directly as well, and the two answers compared. The caller has gone by
 * then: its answer is neither changed nor held up. Off unless a knob says otherwise, because it asks on an address that others may share.
 *
 * It asks one at a time, with the lowest priority, only while its group is mostly unused, and so many times a minute; what it passes over because
 * of that is counted. Where the exchange's word proves that a live key lied, the router is told, and believes the key no more until it speaks again.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import { DirectRest } from "../direct/DirectRest.ts";
import type { Answer } from "../domain/Answer.ts";
import { asksColumns, type Kind, type Question } from "../domain/Question.ts";
import { labelled } from "../health/labelled.ts";
import * as Metrics from "../health/Metrics.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { groupsOf } from "../tiers/groups.ts";
import { Venue } from "../transport/Venue.ts";
import { startWorker } from "../transport/Workers.ts";
import { compareAnswers } from "./compareAnswers.ts";
import { aggregate, type ShadowAggregate, type ShadowRecord } from "./records.ts";
import { refutes } from "./refutes.ts";

/** What the exchange said, for whoever gave the first answer. */
export interface Refutation {
  readonly value: unknown;
  readonly receivedNanos: bigint;
  readonly receivedMs: number;
  /** Whether it speaks against a single row that the socket told of the key. */
  readonly refutes: (told: unknown) => boolean;
}

export interface ShadowStatus {
  readonly percent: number;
  /** Questions that were asked twice, since the start. */
  readonly compared: number;
  /** Drawn, and passed over because the limit was wanted for others or its own share was used up. */
  readonly passedOver: number;
  /** Live keys that were found to lie, since the start. */
  readonly refuted: number;
  /** What the records come to, by who answered. */
  readonly aggregates: ReadonlyArray<ShadowAggregate>;
  /** The latest, the newest last, at most {@link recordsKept}. */
  readonly records: ReadonlyArray<ShadowRecord>;
}

export class Shadow extends Context.Service<
  Shadow,
  {
    /** False: nothing is ever compared, and nobody needs to tell. */
    readonly isOn: boolean;
    /** The router answered. `refute` tells it that the answer's live key lies, and says whether it still did. Synchronous. */
    readonly saw: (question: Question, answer: Answer<unknown>, tookMs: number, refute: (refutation: Refutation) => boolean) => void;
    readonly status: () => ShadowStatus;
  }
>()("@naru/router/shadow/Shadow") {
  static readonly layer: Layer.Layer<Shadow, never, DirectRest | RateLimiter | Venue> = Layer.effect(
    Shadow,
    Effect.suspend(() => make),
  );
}

export const recordsKept = 500;
/** Drawn and not yet asked; more are passed over. */
const waitingAtMost = 8;
/** How long a direct answer may take, its waiting included, in milliseconds. */
const patienceMs = 2_000;
const minuteMs = 60_000;

/** A long history would cost as many requests again as it has pages; what its share allows is counted in single ones. */
const isOneRequest = (question: Question, paging: Venue["Service"]["paging"]): boolean => {
  if (question.kind === "ticker" || question.kind === "orderbook") return true;
  return !asksColumns(question) && question.count !== null && question.count <= paging[question.kind];
};

type DirectAnswer = Effect.Success<ReturnType<DirectRest["Service"]["sample"]>>;

interface Drawn {
  readonly question: Question;
  readonly answer: Answer<unknown>;
  readonly tookMs: number;
  readonly answeredNanos: bigint;
  readonly refute: (refutation: Refutation) => boolean;
}

const make = Effect.gen(function* () {
  const rest = yield* DirectRest;
  const limiter = yield* RateLimiter;
  const venue = yield* Venue;
  const groups: Readonly<Record<Kind, string>> = groupsOf(venue);
  const { percent, perMinute, maxUsage } = (yield* RouterConfig).shadow;
  const clock = yield* Clock.Clock;
  const isOn = percent > 0;
  // Nothing is drawn while it is off: chance elsewhere stays what it was.
  const seed = isOn ? yield* Random.nextIntBetween(0, 0x7fffffff) : 0;
  const random = yield* Random.withSeed(Random.Random, seed);
  const waiting: Array<Drawn> = [];
  const asked: Array<number> = [];
  const records: Array<ShadowRecord> = [];
  const drawn = Latch.makeUnsafe(false);
  const told = yield* counting;
  let compared = 0;
  let refuted = 0;
  let passedOver = 0;

  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

  /** Whether nobody else wants the limit now, and its own share is not used up. Takes a place of it. */
  const mayAsk = (kind: Kind): boolean => {
    const now = nowMs();
    while (asked.length > 0 && (asked[0] ?? now) <= now - minuteMs) asked.shift();
    const group = groups[kind];
    if (asked.length >= perMinute || limiter.usage(group) > maxUsage || limiter.waitMs(group, "low") > 0) return false;
    asked.push(now);
    return true;
  };

  const compare = Effect.fn("Shadow.compare")(function* (asked: Drawn) {
    const { answer, question, tookMs } = asked;
    const beganMs = nowMs();
    const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(patienceMs) * 1_000_000n;
    const result = yield* Effect.result(rest.sample(question, deadlineNanos));
    const comparison = Result.isSuccess(result) ? compareAnswers(question.kind, answer.value, result.success.value) : undefined;
    const { channel, tier } = answer.provenance;
    const record: ShadowRecord = {
      ...{ kind: question.kind, market: question.market, tier, channel, atMs: clock.currentTimeMillisUnsafe() },
      verdict: comparison?.verdict ?? "failed",
      quickerMs: nowMs() - beganMs - tookMs,
      newerMs: comparison?.newerMs ?? 0,
      refuted: Result.isSuccess(result) && accuse(asked, result.success),
    };
    records.push(record);
    if (records.length > recordsKept) records.shift();
    compared++;
    told(record);
    if (!record.refuted) return;
    refuted++;
    yield* Effect.logWarning("The socket does not say what the exchange says over REST: it is not believed until it speaks again", record);
  });

  const work = Effect.gen(function* () {
    yield* drawn.await;
    const next = waiting.shift();
    if (next === undefined) return drawn.closeUnsafe();
    if (!mayAsk(next.question.kind)) return void passedOver++;
    // Whatever goes wrong here concerns nobody else. Our own interruption passes this by.
    yield* Effect.catchCause(compare(next), (cause) => Effect.logDebug("a shadow could not be compared", cause));
  });
  if (isOn) yield* startWorker("shadow", Effect.forever(work));

  return Shadow.of({
    isOn,
    saw: (question, answer, tookMs, refute) => {
      if (!isOn || !isOneRequest(question, venue.paging) || answer.provenance.stale || random.nextDoubleUnsafe() * 100 >= percent) return;
      if (waiting.length >= waitingAtMost) return void passedOver++;
      waiting.push({ question, answer, tookMs, answeredNanos: clock.monotonicTimeNanosUnsafe(), refute });
      drawn.openUnsafe();
    },
    status: () => ({ percent, compared, passedOver, refuted, aggregates: aggregate(records), records: [...records] }),
  });
});

/** Tells the live key of an answer what the exchange said, where that proves the answer wrong. Says whether it is not believed any more. */
const accuse = ({ answer, answeredNanos, question: { kind }, refute }: Drawn, row: DirectAnswer): boolean => {
  if (answer.provenance.channel !== "websocket" || row.exchangeNowMs === undefined) return false;
  const sinceMs = Number(row.receivedNanos - answeredNanos) / 1e6 + answer.provenance.confirmedAgeMs;
  const claimedMs = row.exchangeNowMs - sinceMs;
  const speaksAgainst = (value: unknown) => refutes(kind, value, row.value, claimedMs);
  return speaksAgainst(answer.value) && refute({ ...row, refutes: (one) => speaksAgainst(kind === "trades" ? [one] : one) });
};

/** The same as metrics. */
const counting = Effect.map(Effect.context<never>(), (context) => {
  const comparisons = labelled(Metrics.shadowComparisons, context);
  const quicker = labelled(Metrics.shadowQuicker, context);
  const newer = labelled(Metrics.shadowNewer, context);
  const refutations = labelled(Metrics.shadowRefutations, context);
  return ({ channel, kind, newerMs, quickerMs, refuted, tier, verdict }: ShadowRecord): void => {
    comparisons(1, kind, tier, channel, verdict);
    if (refuted) refutations(1, kind);
    if (verdict === "failed") return;
    quicker(quickerMs / 1_000, tier, channel);
    newer(newerMs / 1_000, tier, channel);
  };
});
