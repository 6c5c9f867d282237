/**
 * `naru history sync --trades`: reads trades through the router, the oldest first, because the exchange forgets them after seven days. A stretch is as long
 * as brings some thousand trades, whatever the market; every page is kept as it comes, and what is kept is not asked for.
 */
import { coveredMs, type TimeRange } from "@naru/router/cache/Coverage";
import { HistoryStore, type TradeSeries } from "@naru/router/cache/HistoryStore";
import { InvalidRequest, type MarketDataError } from "@naru/router/errors/MarketDataError";
import { getTrades, type MarketData } from "@naru/router/MarketData";
import { finalAfterMs } from "@naru/router/tiers/candleHistory";
import { servedFromMs } from "@naru/router/tiers/tradeReading";
import { Venue } from "@naru/router/transport/Venue";
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { CommandFailed } from "../CommandFailed.ts";
import { checkedMarket, momentOf } from "../historyFile.ts";
import type { SyncInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted, duration, grouped } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { barOf, notKept, tellEveryMs } from "../syncing.ts";
import { timeOf } from "./history.ts";

/** Lengths of a stretch, in milliseconds. */
const shortestMs = 900_000;
const longestMs = 86_400_000;
/** Trades of a stretch from which on the next one is no longer, and from which on it is shorter. */
const manyTrades = 5_000;
const tooManyTrades = 50_000;
/** Without a start: as far back as the exchange gives trades, and a little less, because it goes on while we ask. */
const marginMs = 300_000;

export const syncedTrades = (flags: Connection, input: SyncInput) =>
  Effect.gen(function* () {
    const store = yield* HistoryStore;
    const startedMs = yield* Clock.currentTimeMillis;
    const series: TradeSeries = { venue: (yield* Venue).id, ...(yield* checkedMarket(input.market)) };
    const range = yield* rangeOf(series, input, startedMs);
    const read = yield* Effect.onInterrupt(readAll(series, range, startedMs), () =>
      Console.error("stopped; what was read is kept, and the same command goes on from there"),
    );
    // Asked after all that was to be kept: when this is answered, it is on the disk.
    const missingMs = range.toMs - range.fromMs - coveredMs(yield* store.tradeCoverage(series), range);
    const tookMs = (yield* Clock.currentTimeMillis) - startedMs;
    if (flags.json) yield* output.json({ kind: "sync", ...series, ...range, read, missingMs, tookMs });
    else
      yield* output.lines([
        `${series.market} trades: ${timeOf(range.fromMs)} to ${timeOf(range.toMs)}, ${counted(read, "trade")} read in ${duration(tookMs)}`,
      ]);
    if (missingMs <= 0) return;
    yield* Console.error("not all of it could be kept; naru history gaps --trades says what is missing");
    return yield* new CommandFailed({ exitCode: notKept });
  });

/** Reads what is missing of a range, a stretch after the other; how many trades the stretches had that were not kept whole. */
const readAll = (series: TradeSeries, range: TimeRange, startedMs: number): Effect.Effect<number, MarketDataError, MarketData> =>
  Effect.gen(function* () {
    const store = yield* HistoryStore;
    const progress = makeProgress(series, range, startedMs);
    let lengthMs = shortestMs;
    let read = 0;
    for (let atMs = range.fromMs; atMs < range.toMs;) {
      const stretch = { fromMs: atMs, toMs: Math.min(range.toMs, atMs + lengthMs) };
      const isKept = coveredMs(yield* store.tradeCoverage(series), stretch) >= stretch.toMs - stretch.fromMs;
      const trades = isKept ? 0 : yield* tradesOf(series, stretch);
      if (trades === undefined) {
        lengthMs = Math.max(shortestMs, lengthMs / 2);
        continue;
      }
      read += trades;
      atMs = stretch.toMs;
      lengthMs =
        trades > tooManyTrades ? Math.max(shortestMs, lengthMs / 2) : trades < manyTrades ? Math.min(2 * lengthMs, longestMs) : lengthMs;
      yield* progress(atMs, read);
    }
    return read;
  });

/** How many there were; undefined where they were more than fit an answer, and a shorter stretch may hold fewer. */
const tradesOf = ({ market }: TradeSeries, { fromMs, toMs }: TimeRange) =>
  getTrades(market, { from: fromMs, to: toMs, context: "backtesting", priority: "low" }).pipe(
    Effect.map(({ value }): number | undefined => value.length),
    Effect.catchTag("InvalidRequest", (error) => (toMs - fromMs > shortestMs ? Effect.undefined : Effect.fail(error))),
  );

/** What is final: the exchange may yet book a trade into the last minute. */
const rangeOf = (series: TradeSeries, { from, to }: SyncInput, nowMs: number): Effect.Effect<TimeRange, InvalidRequest> =>
  Effect.gen(function* () {
    const fromMs = Option.isSome(from) ? yield* momentOf(series, from.value, "from") : servedFromMs(nowMs) + marginMs;
    const finalMs = nowMs - finalAfterMs;
    const toMs = Math.min(Option.isSome(to) ? yield* momentOf(series, to.value, "to") : finalMs, finalMs);
    if (fromMs < toMs) return { fromMs, toMs };
    return yield* new InvalidRequest({ field: "from", input: timeOf(fromMs), reason: "is not before the end of the range" });
  });

/** Tells on stderr, not too often, how far it is, how fast, and how long it will take. */
const makeProgress = ({ market }: TradeSeries, { fromMs, toMs }: TimeRange, startedMs: number) => {
  let toldMs = startedMs;
  return (atMs: number, read: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      const nowMs = yield* Clock.currentTimeMillis;
      if (nowMs - toldMs < tellEveryMs) return;
      toldMs = nowMs;
      const share = (atMs - fromMs) / (toMs - fromMs);
      const perSecond = Math.round(read / ((nowMs - startedMs) / 1_000));
      const leftMs = ((nowMs - startedMs) * (1 - share)) / share;
      yield* Console.error(
        `${market} trades ${barOf(share)} ${(100 * share).toFixed(1)} %, ${counted(read, "trade")}, ${grouped(perSecond)} trades/s, ${duration(leftMs)} left`,
      );
    });
};
