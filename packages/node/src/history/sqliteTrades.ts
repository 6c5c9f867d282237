/** The trades of the history store over a file: what `SqliteHistory.ts` is for candles. */
import type { TimeRange } from "@naru/router/cache/Coverage";
import type { HistoryStoreShape, StoredTrades, TradeSeries } from "@naru/router/cache/HistoryStore";
import { isTradeWithin, tradePartsOf } from "@naru/router/cache/keptTrades";
import { decodeTrades, encodeTrades } from "@naru/router/cache/tradeBlock";
import type { Trade } from "@naru/router/domain/Trade";
import { StorageError } from "@naru/router/errors/MarketDataError";
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { HistoryThread } from "./HistoryThread.ts";

type OfTrades = Pick<HistoryStoreShape, "trades" | "tradeCoverage" | "putTrades" | "tradeSeries">;

export interface SqliteTradesDeps {
  readonly path: string;
  readonly thread: HistoryThread;
  readonly clock: Clock.Clock;
  /** What must be done before the first call. */
  readonly ready: Effect.Effect<void, StorageError>;
}

export const makeTrades = ({ path, thread, clock, ready }: SqliteTradesDeps): OfTrades => ({
  trades: Effect.fnUntraced(function* (series: TradeSeries, range: TimeRange) {
    yield* ready;
    const { blocks, coverage, damaged } = yield* thread.call("tradeBlocks", { series, range, nowMs: clock.currentTimeMillisUnsafe() });
    if (damaged > 0) yield* Effect.logWarning(`${damaged} damaged blocks of trades of ${series.market} were taken out of ${path}`);
    const rows: Array<Trade> = [];
    for (const [at, bytes] of blocks.entries()) {
      // A busy block is ten thousand trades: between two of them others have their turn.
      if (at > 0) yield* Effect.yieldNow;
      const found = decodeTrades(bytes, series.market);
      // The other thread found it whole.
      if (found === undefined)
        return yield* new StorageError({ operation: "history tradeBlocks", path, code: "CORRUPT", detail: "a block changed on its way" });
      for (const row of found) if (isTradeWithin(range)(row)) rows.push(row);
    }
    return { rows, coverage } satisfies StoredTrades;
  }),
  tradeCoverage: (series) => Effect.andThen(ready, thread.call("tradeCoverage", { series })),
  putTrades: (series, rows, complete) =>
    Effect.andThen(
      ready,
      Effect.suspend(() => {
        if (complete.fromMs >= complete.toMs) return Effect.void;
        const blocks = tradePartsOf(rows, complete, []).map((part) => encodeTrades(part.rows));
        const ask = { series, blocks, complete, nowMs: clock.currentTimeMillisUnsafe() };
        return Effect.asVoid(
          thread.call(
            "putTrades",
            ask,
            blocks.map(({ buffer }) => buffer),
          ),
        );
      }),
    ),
  tradeSeries: Effect.andThen(ready, thread.call("tradeSeries", null)),
});
