import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { HistoryStore, layerMemory } from "../../src/cache/HistoryStore.ts";
import { candleAt, historyContract, minutes, seriesOf } from "./historyContract.ts";
import { seconds, tradeAt, tradeContract, tradesOf } from "./tradeContract.ts";

describe("in memory", () => {
  historyContract(Layer.fresh(layerMemory()));
  tradeContract(Layer.fresh(layerMemory()));

  it.effect("holds candles and trades under one limit, and what was used longest ago leaves, whichever it is", () =>
    Effect.gen(function* () {
      const store = yield* HistoryStore;
      const [candles, trades, others] = [seriesOf("KRW-BTC"), tradesOf("KRW-BTC"), tradesOf("KRW-ETH")];
      yield* store.putCandles(candles, [candleAt(candles, 1, "1"), candleAt(candles, 2, "1")], minutes(0, 10));
      yield* store.putTrades(trades, [tradeAt(trades, 1), tradeAt(trades, 2)], seconds(0, 10));
      yield* store.candles(candles, minutes(0, 10));
      yield* store.putTrades(others, [tradeAt(others, 1)], seconds(0, 10));
      assert.deepStrictEqual(yield* store.trades(trades, seconds(0, 10)), { rows: [], coverage: [] });
      assert.strictEqual((yield* store.candles(candles, minutes(0, 10))).rows.length, 2);
      yield* store.putTrades(others, [tradeAt(others, 1), tradeAt(others, 2), tradeAt(others, 3)], seconds(0, 10));
      yield* store.putTrades(others, [tradeAt(others, 400_000)], seconds(400, 500));
      assert.deepStrictEqual(yield* store.candles(candles, minutes(0, 10)), { rows: [], coverage: [] });
      assert.deepStrictEqual(
        (yield* store.tradeSeries).map(({ market, rows }) => [market, rows]),
        [["KRW-ETH", 4]],
      );
    }).pipe(Effect.provide(Layer.fresh(layerMemory(4)))),
  );

  it.effect("forgets what was used longest ago when it is full, and says that it is missing", () =>
    Effect.gen(function* () {
      const store = yield* HistoryStore;
      const [btc, eth, xrp] = [seriesOf("KRW-BTC"), seriesOf("KRW-ETH"), seriesOf("KRW-XRP")];
      for (const series of [btc, eth])
        yield* store.putCandles(series, [candleAt(series, 1, "1"), candleAt(series, 2, "1")], minutes(0, 10));
      yield* store.candles(btc, minutes(0, 10));
      yield* store.putCandles(xrp, [candleAt(xrp, 1, "1")], minutes(0, 10));
      assert.deepStrictEqual(yield* store.candles(eth, minutes(0, 10)), { rows: [], coverage: [] });
      assert.strictEqual((yield* store.candles(btc, minutes(0, 10))).rows.length, 2);
      assert.strictEqual((yield* store.candles(xrp, minutes(0, 10))).rows.length, 1);
    }).pipe(Effect.provide(Layer.fresh(layerMemory(4)))),
  );
});

describe("without a layer", () => {
  it.effect("nothing is kept, and nothing fails", () =>
    Effect.gen(function* () {
      const store = yield* HistoryStore;
      const btc = seriesOf("KRW-BTC");
      yield* store.putCandles(btc, [candleAt(btc, 1, "1")], minutes(0, 10));
      assert.isFalse(store.isKept);
      assert.deepStrictEqual(yield* store.candles(btc, minutes(0, 10)), { rows: [], coverage: [] });
      assert.strictEqual((yield* store.columns(btc, minutes(0, 10))).columns.length, 0);
      assert.deepStrictEqual(yield* store.series, []);
      const trades = tradesOf("KRW-BTC");
      yield* store.putTrades(trades, [tradeAt(trades, 1)], seconds(0, 10));
      assert.deepStrictEqual(yield* store.trades(trades, seconds(0, 10)), { rows: [], coverage: [] });
      assert.deepStrictEqual([yield* store.tradeCoverage(trades), yield* store.tradeSeries], [[], []]);
    }),
  );
});
