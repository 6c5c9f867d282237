/**
 * Reads back over REST what a broken link missed. It only reads: what the rows mean is decided by `TradeContinuity.ts` and
 * `CandleStitcher.ts`. A few pages at a time, whose turn it is by `HealQueue.ts`, within the pages and attempts that are allowed; a market that
 * waits, for its first word or after a failure, takes nobody's place. Whatever cannot be read ends as a gap that the consumers are told of,
 * never as silence.
 */
import type * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Priority } from "../domain/Question.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { Signal } from "../transport/Signal.ts";
import { Venue } from "../transport/Venue.ts";
import type { FrameHub, RepairJob } from "./FrameHub.ts";
import type { HealPace } from "./HealPace.ts";
import { HealQueue } from "./HealQueue.ts";
import { type Reading, readingOf } from "./HealReading.ts";
import type { Track } from "./Track.ts";

/** Attempts for one page, over what `Rest` itself retries. */
const pageAttempts = 3;
/** Wait between them, multiplied by the attempt; an error's own `retryAfterMs` where that is longer. */
const attemptSpacingMs = 1_000;
/** A pause longer than this is not waited for: a gap told now is better than a stream held back for minutes. */
const longestPauseMs = 30_000;
/**
 * But for our own breaker: after a long outage of everything it is open a while longer than the socket is down, up to 72 s, and says nothing of
 * whether the trades can still be had.
 */
const longestCircuitMs = 75_000;

/** A reading in line, and how often its present page failed. */
interface Turn {
  readonly reading: Reading;
  readonly failures: number;
}

export interface GapHealer {
  /** Takes a job in, synchronously. A newer job of the same key replaces one that waits. */
  readonly request: (job: RepairJob) => void;
  /** Works for ever. */
  readonly run: (hub: FrameHub) => Effect.Effect<never>;
}

/** `pace` is shared with whatever else reads trades for the sake of streams. */
export const makeGapHealer = Effect.fnUntraced(function* (pace: HealPace): Effect.fn.Return<GapHealer, never, Rest | Venue> {
  const { firstElementMs, healConcurrency, healPages } = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const venue = yield* Venue;
  const readPage = yield* makePageReader(pace);
  const queue = new HealQueue<Turn>();
  const signal = new Signal();
  let busy = 0;
  /** What a reading crashed on: the worker's own crash, which is counted and begun again. */
  let crash: Cause.Cause<never> | undefined;

  const join = (turn: Turn, readyMs: number) => {
    const { track } = turn.reading.job;
    queue.join({ id: track.id, priority: track.priority, pages: turn.reading.pages, readyMs, job: turn });
    signal.notify();
  };

  const request = (job: RepairJob) => {
    const nowMs = monotonicMs(clock);
    const turn = { reading: readingOf(job, venue, healPages), failures: 0 };
    if (job.kind !== "trades") return join(turn, nowMs);
    // Rows read before the new subscription works could end before it begins; the market's first word proves that it does.
    join(turn, nowMs + firstElementMs);
    job.trades.onSpoken(() => {
      queue.ready(job.track.id, monotonicMs(clock));
      signal.notify();
    });
  };

  /** One page of one hole. */
  const step = Effect.fnUntraced(function* (hub: FrameHub, { reading, failures }: Turn) {
    const { job } = reading;
    const outcome = yield* Effect.raceFirst(readPage(reading, job.track.priority, failures), abandoned(job.track));
    if (outcome === undefined || !hub.isCurrent(job)) return;
    if (outcome._tag === "Done") hub.repaired(job, outcome.repair, monotonicMs(clock), clock.currentTimeMillisUnsafe());
    else join({ reading, failures: outcome._tag === "Again" ? failures + 1 : 0 }, monotonicMs(clock) + outcome.afterMs);
  });

  const work = Effect.fnUntraced(function* (hub: FrameHub) {
    if (crash !== undefined) {
      const cause = crash;
      crash = undefined;
      return yield* Effect.failCause(cause);
    }
    const nowMs = monotonicMs(clock);
    const next = busy < healConcurrency ? queue.take(nowMs) : undefined;
    if (next === undefined)
      return yield* signal.waitAtMost(busy < healConcurrency ? queue.nextReadyMs() - nowMs : Number.POSITIVE_INFINITY);
    if (!hub.isCurrent(next.job.reading.job)) return;
    busy++;
    const done = Effect.sync(() => {
      busy--;
      signal.notify();
    });
    // Nobody else reads this hole back: it goes in line again. Our own interruption passes this by.
    const stepped = Effect.catchCause(step(hub, next.job), (cause) =>
      Effect.sync(() => {
        crash = cause;
        if (hub.isCurrent(next.job.reading.job)) join(next.job, monotonicMs(clock));
      }),
    );
    yield* Effect.forkChild(Effect.ensuring(stepped, done), { startImmediately: true });
  });

  return { request, run: (hub) => Effect.forever(work(hub)) };
});

/** Ends, with nothing, when the hole is out of date: its link broke again or its last consumer left. */
const abandoned = (track: Track): Effect.Effect<undefined> =>
  Effect.callback((resume) => {
    const abandon = () => resume(Effect.as(Effect.yieldNow, undefined));
    track.abandon = abandon;
    return Effect.sync(() => {
      if (track.abandon === abandon) track.abandon = undefined;
    });
  });

/**
 * Reads a page; a failure that may pass is tried again after a while. A page with an unreadable record is a failure: the record may be the one
 * that is missing.
 */
const makePageReader = Effect.fnUntraced(function* (pace: HealPace) {
  const rest = yield* Rest;
  const clock = yield* Clock.Clock;
  const { deadlineMs } = yield* RouterConfig;

  const page = Effect.fn("GapHealer.page")(function* (reading: Reading, priority: Priority) {
    const call = yield* Effect.fromResult(reading.next());
    const nowMs = monotonicMs(clock);
    const waitMs = pace.reserve(call.group, nowMs) - nowMs;
    if (waitMs > 0) yield* Effect.sleep(Math.ceil(waitMs));
    const deadlineNanos = BigInt(Math.round((monotonicMs(clock) + deadlineMs) * 1e6));
    const isUrgent = priority === "critical" || priority === "high";
    const { rows, rejected } = yield* rest.run(call, { priority: isUrgent ? "high" : "normal", deadlineNanos, expects: reading.expects });
    if (rejected[0] !== undefined) return yield* rejected[0];
    return reading.page(rows);
  });

  const failed = (reading: Reading, error: MarketDataError, failures: number) => {
    const afterMs = Math.max(error.retryAfterMs ?? 0, attemptSpacingMs * (failures + 1));
    const longestMs = error._tag === "CircuitOpen" ? longestCircuitMs : longestPauseMs;
    if (failures + 1 < pageAttempts && error.retryable && afterMs <= longestMs) return { _tag: "Again", afterMs } as const;
    return { _tag: "Done", repair: reading.give(`${error._tag}: ${error.message}`) } as const;
  };

  return (reading: Reading, priority: Priority, failures: number) =>
    page(reading, priority).pipe(
      Effect.catch((error: MarketDataError) => Effect.succeed(failed(reading, error, failures))),
      // Our own interruption passes this by; an interruption caught here came from elsewhere and must not end the healing of others.
      Effect.catchCause((cause) =>
        Effect.as(Effect.logError("Reading back a gap failed", cause), {
          _tag: "Done",
          repair: reading.give("reading back failed"),
        } as const),
      ),
    );
});
