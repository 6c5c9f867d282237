/**
 * `naru history sync`: reads closed candles through the router, a stretch at a time, which keeps every page as it comes. What is kept already is not
 * asked for, so a run that was cut off is gone on with by the same command. Trades: `historySyncTrades.ts`.
 */
import { coveredMs, type TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore } from "@naru/router/cache/HistoryStore";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import { InvalidRequest } from "@naru/router/errors/MarketDataError";
import { getCandles } from "@naru/router/MarketData";
import { finalAfterMs } from "@naru/router/tiers/candleHistory";
import { windowsBetween } from "@naru/router/tiers/candlePages";
import { Venue } from "@naru/router/transport/Venue";
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { checkedSeries, layerOf, momentOf } from "../historyFile.ts";
import type { SyncInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { timeOf } from "./history.ts";
import { syncedTrades } from "./historySyncTrades.ts";
import { barOf, notKept, tellEveryMs } from "../syncing.ts";
import { counted, duration, grouped } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { withMarketData } from "../venue.ts";

/** Windows of one call: ten pages. */
const stretchWindows = 2_000;
export const sync = (flags: Connection, input: SyncInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    withMarketData({ ...flags, keepsHistory: true }, input.trades ? syncedTrades(flags, input) : synced(flags, input)).pipe(
      Effect.provide(layerOf(flags, input.file)),
    ),
  );

const synced = (flags: Connection, input: SyncInput) =>
  Effect.gen(function* () {
    const store = yield* HistoryStore;
    const startedMs = yield* Clock.currentTimeMillis;
    const series: CandleSeries = { venue: (yield* Venue).id, ...(yield* checkedSeries(input)) };
    const range = yield* rangeOf(series, input, startedMs);
    const windows = windowsBetween(series.interval, range.fromMs, range.toMs);
    const progress = makeProgress(series, windows, startedMs);
    let rows = 0;
    const work = Effect.gen(function* () {
      for (const stretch of stretchesOf(series, range)) {
        if (coveredMs(yield* store.coverage(series), stretch) < stretch.toMs - stretch.fromMs) {
          const { market, interval } = series;
          const { value } = yield* getCandles(market, interval, {
            from: stretch.fromMs,
            to: stretch.toMs,
            context: "backtesting",
            priority: "low",
          });
          rows += value.length;
        }
        yield* progress(windowsBetween(series.interval, range.fromMs, stretch.toMs), rows);
      }
    });
    yield* Effect.onInterrupt(work, () => Console.error("stopped; what was read is kept, and the same command goes on from there"));
    // Asked after all that was to be kept: when this is answered, it is on the disk.
    const missingMs = range.toMs - range.fromMs - coveredMs(yield* store.coverage(series), range);
    const tookMs = (yield* Clock.currentTimeMillis) - startedMs;
    const name = `${series.market} ${series.interval}`;
    if (flags.json) yield* output.json({ kind: "sync", ...series, ...range, windows, read: rows, missingMs, tookMs });
    else
      yield* output.lines([
        `${name}: ${counted(windows, "window")} to ${timeOf(range.toMs)}, ${counted(rows, "candle")} read in ${duration(tookMs)}`,
      ]);
    if (missingMs <= 0) return;
    yield* Console.error("not all of it could be kept; naru history gaps says what is missing");
    return yield* new CommandFailed({ exitCode: notKept });
  });

/** Closed windows only: one that ended a moment ago may yet get a trade. */
const rangeOf = (series: CandleSeries, { from, to }: SyncInput, nowMs: number): Effect.Effect<TimeRange, InvalidRequest> =>
  Effect.gen(function* () {
    if (Option.isNone(from)) return yield* new InvalidRequest({ field: "--from", input: "", reason: "is needed: where candles begin" });
    const fromMs = yield* momentOf(series, from.value, "from");
    const finalMs = windowStart(series.interval, nowMs - finalAfterMs);
    const toMs = Math.min(Option.isSome(to) ? yield* momentOf(series, to.value, "to") : finalMs, finalMs);
    if (fromMs >= toMs)
      return yield* new InvalidRequest({ field: "from", input: from.value, reason: "is not before the end of the range" });
    return { fromMs, toMs };
  });

/** Ascending. */
function* stretchesOf({ interval }: CandleSeries, { fromMs, toMs }: TimeRange): Generator<TimeRange> {
  const lengthMs = (nextWindowStart(interval, fromMs) - windowStart(interval, fromMs)) * stretchWindows;
  for (let atMs = fromMs; atMs < toMs; atMs += lengthMs) yield { fromMs: atMs, toMs: Math.min(toMs, atMs + lengthMs) };
}

/** Tells on stderr, not too often, how far it is, how fast, and how long it will take. */
const makeProgress = ({ market, interval }: CandleSeries, windows: number, startedMs: number) => {
  let toldMs = startedMs;
  return (done: number, rows: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      const nowMs = yield* Clock.currentTimeMillis;
      if (nowMs - toldMs < tellEveryMs) return;
      toldMs = nowMs;
      const perSecond = done / ((nowMs - startedMs) / 1_000);
      const leftMs = ((windows - done) / perSecond) * 1_000;
      const share = `${barOf(done / windows)} ${((100 * done) / windows).toFixed(1)} %`;
      yield* Console.error(
        `${market} ${interval} ${share} of ${counted(windows, "window")}, ${counted(rows, "candle")}, ${grouped(Math.round(perSecond))} windows/s, ${duration(leftMs)} left`,
      );
    });
};
