/**
 * `naru history sync`: reads closed candles through the router, a stretch at a time, which keeps every page as it comes. What is kept already is not
 * asked for, so a run that was cut off is gone on with by the same command. Trades: `historySyncTrades.ts`.
 */
import { type Coverage, coveredMs, missing, type TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore } from "@naru/router/cache/HistoryStore";
import { isWithin } from "@naru/router/cache/keptRows";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import { InvalidRequest } from "@naru/router/errors/MarketDataError";
import { getCandles } from "@naru/router/MarketData";
import { finalAfterMs } from "@naru/router/tiers/candleHistory";
import { windowsBetween } from "@naru/router/tiers/candlePages";
import type { CandleProgress } from "@naru/router/tiers/candleProgress";
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
import { redraw } from "../render/redraw.ts";
import type { Connection } from "../settings.ts";
import { withMarketData } from "../venue.ts";

/** Windows of one call: what one answer holds in memory. */
const stretchWindows = 50_000;
/** How often it is told how far it is: where a line can be drawn over, and where every one stays. */
const tellEvery = { drawn: 250, printed: tellEveryMs } as const;

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
    const { interval, market } = series;
    const range = yield* rangeOf(series, input, startedMs);
    const windows = windowsBetween(interval, range.fromMs, range.toMs);
    const kept = yield* store.coverage(series);
    const progress = new SyncProgress(series, windows, windowsIn(interval, missing(kept, range)), startedMs);
    const work = Effect.gen(function* () {
      for (const stretch of stretchesOf(series, range)) {
        const holes = missing(kept, stretch);
        const wanted = windowsIn(interval, holes);
        if (wanted === 0) continue;
        const already = 1 - wanted / windowsBetween(interval, stretch.fromMs, stretch.toMs);
        const onProgress = ({ share }: CandleProgress) => progress.within(wanted * Math.max(0, (share - already) / (1 - already)));
        const { value } = yield* getCandles(market, interval, {
          from: stretch.fromMs,
          to: stretch.toMs,
          context: "backtesting",
          priority: "low",
          onProgress,
        });
        // What was kept before is in the answer as well.
        progress.next(wanted, value.filter((row) => holes.some((hole) => isWithin(hole)(row))).length);
      }
    });
    const told = Effect.raceFirst(work, telling(progress));
    yield* Effect.onInterrupt(told, () => Console.error("stopped; what was read is kept, and the same command goes on from there"));
    // Asked after all that was to be kept: when this is answered, it is on the disk.
    const missingMs = range.toMs - range.fromMs - coveredMs(yield* store.coverage(series), range);
    const tookMs = (yield* Clock.currentTimeMillis) - startedMs;
    const { rows } = progress;
    if (flags.json) yield* output.json({ kind: "sync", ...series, ...range, windows, read: rows, missingMs, tookMs });
    else
      yield* output.lines([
        `${market} ${interval}: ${counted(windows, "window")} to ${timeOf(range.toMs)}, ${counted(rows, "candle")} read in ${duration(tookMs)}`,
      ]);
    if (missingMs <= 0) return;
    yield* Console.error("not all of it could be kept; naru history gaps says what is missing");
    return yield* new CommandFailed({ exitCode: notKept });
  });

const windowsIn = (interval: CandleSeries["interval"], ranges: Coverage): number =>
  ranges.reduce((sum, { fromMs, toMs }) => sum + windowsBetween(interval, fromMs, toMs), 0);

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

/** How far it is, how fast, and how long it will take: of what was missing when it began. */
class SyncProgress {
  readonly #series: CandleSeries;
  readonly #windows: number;
  readonly #wanted: number;
  readonly #startedMs: number;
  #done = 0;
  #within = 0;
  /** Candles of the stretches that were read. */
  rows = 0;

  constructor(series: CandleSeries, windows: number, wanted: number, startedMs: number) {
    this.#series = series;
    this.#windows = windows;
    this.#wanted = wanted;
    this.#startedMs = startedMs;
  }

  /** So many windows of the present stretch. */
  within(windows: number): void {
    this.#within = windows;
  }

  /** A stretch is whole. */
  next(windows: number, rows: number): void {
    this.#done += windows;
    this.#within = 0;
    this.rows += rows;
  }

  line(nowMs: number): string {
    const { interval, market } = this.#series;
    const read = this.#done + this.#within;
    const share = (this.#windows - this.#wanted + read) / this.#windows;
    const perSecond = read / ((nowMs - this.#startedMs) / 1_000);
    const left = perSecond > 0 ? `, ${duration(((this.#wanted - read) / perSecond) * 1_000)} left` : "";
    const figures = `${counted(this.#windows, "window")}, ${grouped(Math.round(perSecond))} windows/s${left}`;
    return `${market} ${interval} ${barOf(share)} ${(100 * share).toFixed(1)} % of ${figures}`;
  }
}

/** On stderr, over and over: drawn over the line before on a terminal. */
const telling = (progress: SyncProgress): Effect.Effect<never> =>
  Effect.gen(function* () {
    const isDrawn = process.stderr.isTTY && (yield* output.canRedraw);
    let height = 0;
    const tell = Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
      if (!isDrawn) return Console.error(progress.line(nowMs));
      const picture = redraw([progress.line(nowMs)], height, 0);
      height = picture.height;
      return Console.error(picture.text);
    });
    return yield* Effect.forever(Effect.delay(tell, isDrawn ? tellEvery.drawn : tellEvery.printed));
  });
