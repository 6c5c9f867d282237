/**
 * What is kept of the past, for a question about trades, as `candleHistory.ts` is for candles: whole stretches of it take the place of requests, and what a
 * request brings is kept for the next, behind the caller's back: `HistoryKeeper.ts`.
 *
 * A millisecond is kept a minute after it, and not before: until then the exchange may still book a trade into it.
 */
import * as Effect from "effect/Effect";
import { type Coverage, nothing, uncovered } from "../cache/Coverage.ts";
import type { TradeSeries } from "../cache/HistoryStore.ts";
import type { Market } from "../domain/Market.ts";
import type { Trade } from "../domain/Trade.ts";
import { finalAfterMs } from "./candleHistory.ts";
import { HistoryKeeper } from "./HistoryKeeper.ts";
import type { KnownTrades } from "./tradeReading.ts";

/** How much of what is kept is read at once, in milliseconds: at first, and at most, where hardly anybody trades. */
const firstSpanMs = 900_000;
const longestSpanMs = 30 * 86_400_000;
/** Trades from which on the next reading is no longer than this one, and from which on it is shorter. */
const manyRows = 5_000;
const tooManyRows = 20_000;

/** A stretch that is kept: all trades in it, oldest first. */
export interface TradeStretch {
  readonly rows: ReadonlyArray<Trade>;
  readonly fromMs: number;
}

/** The store, asked by one question. */
export interface TradeHistory {
  readonly isKept: boolean;
  /** Where nothing is missing, as it was when the question began. */
  readonly coverage: Effect.Effect<Coverage>;
  /** What is kept right below `toMs`, down to `fromMs` or less far; undefined where that is nothing. */
  readonly below: (fromMs: number, toMs: number) => Effect.Effect<TradeStretch | undefined>;
  /** Keeps what is known completely, as far as it is final at `nowMs`. Never waits. */
  readonly keep: (known: KnownTrades, nowMs: number) => Effect.Effect<void>;
}

/** For a question that keeps nothing, and nothing of which is kept. */
export const nothingKept: TradeHistory = {
  isKept: false,
  coverage: Effect.succeed(nothing),
  below: () => Effect.undefined,
  keep: () => Effect.void,
};

/** Made when a layer is built; asked once per question. */
export const make = Effect.gen(function* () {
  const { store, asked, keep } = yield* HistoryKeeper;
  const historyOf = (series: TradeSeries): TradeHistory => {
    /** What is kept, as far as this question knows; undefined before it asked. */
    let known: Coverage | undefined;
    let spanMs = firstSpanMs;
    const coverage = Effect.suspend(() =>
      known === undefined
        ? Effect.tap(asked(store.tradeCoverage(series), nothing), (found) => Effect.sync(() => (known = found)))
        : Effect.succeed(known),
    );
    return {
      isKept: true,
      coverage,
      below: Effect.fnUntraced(function* (fromMs: number, toMs: number) {
        const range = (yield* coverage).find((one) => one.fromMs < toMs && toMs <= one.toMs);
        if (range === undefined) return undefined;
        const wanted = { fromMs: Math.max(range.fromMs, fromMs, toMs - spanMs), toMs };
        const found = yield* asked(store.trades(series, wanted), undefined);
        const [whole] = found?.coverage ?? [];
        if (found !== undefined && whole?.fromMs === wanted.fromMs && whole.toMs === wanted.toMs) {
          const rows = found.rows.length;
          spanMs = rows > tooManyRows ? spanMs / 2 : rows < manyRows ? Math.min(4 * spanMs, longestSpanMs) : spanMs;
          return { rows: found.rows, fromMs: wanted.fromMs };
        }
        // Forgotten, or found damaged, since the question began.
        known = uncovered(known ?? nothing, range);
        return undefined;
      }),
      keep: ({ rows, fromMs, toMs }, nowMs) =>
        Effect.suspend(() => {
          const complete = { fromMs, toMs: Math.min(toMs, nowMs - finalAfterMs) };
          if (complete.fromMs >= complete.toMs) return Effect.void;
          return keep({
            series: `${series.venue} ${series.market} trades`,
            rows: rows.length,
            range: complete,
            write: store.putTrades(series, rows, complete),
          });
        }),
    };
  };
  return (venue: string, market: Market): TradeHistory => (store.isKept ? historyOf({ venue, market }) : nothingKept);
});
