/**
 * The process that is killed: `node killedWriter.ts FILE FIRST` keeps one part of candles and one of trades after another, from the first on, and
 * says of each that both are kept.
 */
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import * as Effect from "effect/Effect";
import { candlesIn, partOf, series, tradePartOf, trades, tradesIn } from "./keptLedger.ts";

const [path = "", first = "0"] = process.argv.slice(2);

process.on("disconnect", () => process.exit(0));

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* SqliteHistory.make(path);
      for (let nth = Number(first); ; nth++) {
        const part = partOf(nth);
        yield* store.putCandles(series, candlesIn(part), part);
        const tradePart = tradePartOf(nth);
        yield* store.putTrades(trades, tradesIn(tradePart), tradePart);
        process.send?.(nth);
      }
    }),
  ),
);
