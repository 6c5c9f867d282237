/**
 * Reads back over REST what a broken link missed. It only reads: what the rows mean is decided by `TradeContinuity.ts` and
 * `CandleStitcher.ts`. A few markets at a time, within the pages and attempts that are allowed; whatever cannot be read ends as a gap that the
 * consumers are told of, never as silence.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Result from "effect/Result";
import type { Candle } from "../domain/Candle.ts";
import { nextWindowStart } from "../domain/Interval.ts";
import type { KeyId } from "../domain/StreamKey.ts";
import type { Trade } from "../domain/Trade.ts";
import type { InvalidRequest, MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import type { CandleRepair } from "./CandleStitcher.ts";
import type { FrameHub, RepairJob } from "./FrameHub.ts";
import type { Track } from "./Track.ts";
import type { TradeRepair } from "./TradeContinuity.ts";

/** Attempts for one page, over what `Rest` itself retries. */
const pageAttempts = 3;
/** Wait between them, multiplied by the attempt; an error's own `retryAfterMs` where that is longer. */
const attemptSpacingMs = 1_000;
/** A pause longer than this is not waited for: a gap told now is better than a stream held back for minutes. */
const longestPauseMs = 30_000;
/** How often the newest page is read again while REST lags behind the socket, and the wait between. */
const lagAttempts = 3;
const lagSpacingMs = 1_000;

type TradesJob = Extract<RepairJob, { readonly kind: "trades" }>;
type CandlesJob = Extract<RepairJob, { readonly kind: "candles" }>;

export interface GapHealer {
  /** Takes a job in, synchronously. A newer job of the same key replaces one that waits. */
  readonly request: (job: RepairJob) => void;
  /** Works for ever. */
  readonly run: (hub: FrameHub) => Effect.Effect<never>;
}

export const makeGapHealer: Effect.Effect<GapHealer, never, Rest | Venue> = Effect.gen(function* () {
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const read = yield* makeReader;
  const waiting = new Map<KeyId, { readonly job: RepairJob; readonly sinceMs: number }>();
  // Holds a key at most once, so the number of keys bounds it.
  const queue = yield* Queue.unbounded<KeyId>();

  const work = Effect.fnUntraced(function* (hub: FrameHub) {
    const id = yield* Queue.take(queue);
    const next = waiting.get(id);
    waiting.delete(id);
    if (next === undefined || !hub.isCurrent(next.job)) return;
    const { job, sinceMs } = next;
    const repair = yield* read(job, sinceMs).pipe(
      // Our own interruption passes this by; an interruption caught here came from elsewhere and must not end the worker.
      Effect.catchCause((cause) =>
        Effect.as(Effect.logError("Reading back a gap failed", cause), { rows: [], failure: "reading back failed" }),
      ),
      Effect.raceFirst(abandoned(job.track)),
    );
    if (repair !== undefined) hub.repaired(job, repair, clock.currentTimeMillisUnsafe());
  });

  return {
    request: (job) => {
      if (!waiting.has(job.track.id)) Queue.offerUnsafe(queue, job.track.id);
      waiting.set(job.track.id, { job, sinceMs: monotonicMs(clock) });
    },
    run: (hub) =>
      Effect.all(
        Array.from({ length: config.healConcurrency }, () => Effect.forever(work(hub))),
        { concurrency: "unbounded", discard: true },
      ).pipe(Effect.andThen(Effect.never)),
  };
});

/** Ends, with nothing, when the hole is out of date: its link broke again or its last consumer left. */
const abandoned = (track: Track): Effect.Effect<undefined> =>
  Effect.callback((resume) => {
    track.abandon = () => resume(Effect.as(Effect.yieldNow, undefined));
    return Effect.sync(() => {
      track.abandon = undefined;
    });
  });

const makeReader = Effect.gen(function* () {
  const venue = yield* Venue;
  const clock = yield* Clock.Clock;
  const config = yield* RouterConfig;
  const readPage = yield* makePageReader;

  const readTrades = Effect.fn("GapHealer.readTrades")(function* ({ key, trades }: TradesJob, sinceMs: number) {
    const rows: Array<Trade> = [];
    let lags = 0;
    let pages = 0;
    // Rows read before the new subscription works could end before it begins; the market's first word proves that it does.
    yield* Effect.callback<void>((resume) => {
      const cancel = trades.onSpoken(() => resume(Effect.yieldNow));
      return Effect.sync(cancel);
    }).pipe(Effect.timeoutOption(Math.max(0, sinceMs + config.firstElementMs - monotonicMs(clock))));
    while (pages < config.healPages) {
      const query = { count: venue.paging.trades, before: rows.at(-1)?.id };
      const page = yield* readPage(venue.trades(key.market, query), (row) => row.market === key.market);
      if (Result.isFailure(page)) return { rows, failure: page.failure };
      if (pages === 0 && !trades.meets(page.success.rows) && lags++ < lagAttempts) {
        yield* Effect.sleep(lagSpacingMs);
        continue;
      }
      pages++;
      rows.push(...page.success.rows);
      if (trades.reaches(rows) || page.success.rows.length < venue.paging.trades) break;
    }
    return { rows, failure: null };
  });

  const readCandles = Effect.fn("GapHealer.readCandles")(function* ({ key, hole }: CandlesJob) {
    const rows: Array<Candle> = [];
    const lengthMs = nextWindowStart(key.interval, hole.fromMs) - hole.fromMs;
    let lags = 0;
    let pages = 0;
    let toMs = hole.beforeMs;
    while (pages < config.healPages) {
      const count = Math.min(venue.paging.candles, Math.ceil((toMs - hole.fromMs) / lengthMs));
      const expects = (row: Candle) => row.market === key.market && row.interval === key.interval;
      const page = yield* readPage(venue.candles(key.market, key.interval, { count, toMs }), expects);
      if (Result.isFailure(page)) return { rows, failure: page.failure };
      if (page.success.rows.some((row) => row.openTimeMs < toMs && row.state === "forming")) {
        if (lags++ >= lagAttempts) return { rows, failure: "REST lags behind the socket" };
        yield* Effect.sleep(lagSpacingMs);
        continue;
      }
      pages++;
      rows.push(...page.success.rows);
      toMs = Math.min(toMs, ...page.success.rows.map((row) => row.openTimeMs));
      if (toMs <= hole.fromMs || page.success.rows.length < count) break;
    }
    return { rows, failure: null };
  });

  return (job: RepairJob, sinceMs: number): Effect.Effect<TradeRepair | CandleRepair> =>
    job.kind === "trades" ? readTrades(job, sinceMs) : readCandles(job);
});

/** One page, tried a few times. A page with an unreadable record is a failure: the record may be the one that is missing. */
const makePageReader = Effect.gen(function* () {
  const rest = yield* Rest;
  const clock = yield* Clock.Clock;
  const { deadlineMs } = yield* RouterConfig;

  const attempt = <A>(call: RestCall<A>, expects: (row: A) => boolean, left: number): Effect.Effect<ReadonlyArray<A>, MarketDataError> =>
    Effect.suspend(() => {
      const deadlineNanos = BigInt(Math.round((monotonicMs(clock) + deadlineMs) * 1e6));
      return rest.run(call, { priority: "high", deadlineNanos, expects });
    }).pipe(
      Effect.flatMap(({ rows, rejected }) => (rejected[0] === undefined ? Effect.succeed(rows) : Effect.fail(rejected[0]))),
      Effect.catch((error: MarketDataError) => {
        const pauseMs = Math.max(error.retryAfterMs ?? 0, attemptSpacingMs * (pageAttempts - left + 1));
        if (left <= 1 || !error.retryable || pauseMs > longestPauseMs) return Effect.fail(error);
        return Effect.andThen(Effect.sleep(pauseMs), attempt(call, expects, left - 1));
      }),
    );

  return <A>(
    call: Result.Result<RestCall<A>, InvalidRequest>,
    expects: (row: A) => boolean,
  ): Effect.Effect<Result.Result<{ readonly rows: ReadonlyArray<A> }, string>> =>
    Effect.fromResult(call).pipe(
      Effect.flatMap((ready) => attempt(ready, expects, pageAttempts)),
      Effect.match({
        onSuccess: (rows) => Result.succeed({ rows }),
        onFailure: (error) => Result.fail(`${error._tag}: ${error.message}`),
      }),
    );
});
