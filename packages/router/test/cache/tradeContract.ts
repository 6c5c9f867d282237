/** What every history store keeps to where it keeps trades; each runs this suite over its own layer. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, type Layer } from "effect";
import { covered, type Coverage, nothing, type TimeRange, within } from "../../src/cache/Coverage.ts";
import { HistoryStore, type TradeSeries } from "../../src/cache/HistoryStore.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { Market } from "../../src/domain/Market.ts";
import type { Trade } from "../../src/domain/Trade.ts";

const start = Date.UTC(2026, 0, 5);
const second = 1_000;

export const tradesOf = (market: string): TradeSeries => ({ venue: "sim", market: market as Market });
export const seconds = (from: number, to: number): TimeRange => ({ fromMs: start + from * second, toMs: start + to * second });

/** The nth trade of a millisecond. */
export const tradeAt = ({ market }: TradeSeries, atMs: number, nth = 0, changes: Partial<Trade> = {}): Trade => ({
  ...{ market, id: `${start + atMs}${String(nth).padStart(4, "0")}`, tradeTimeMs: start + atMs },
  ...{ price: Decimal.of("91361000"), volume: Decimal.of("0.01275549"), side: nth % 2 === 0 ? "sell" : "buy" },
  ...{ previousClose: Decimal.of("91424000"), change: "FALL", changeAmount: Decimal.of("-63000") },
  ...changes,
});

/** What the exchange has: in two seconds of three one trade, two or three, some of them of one millisecond. */
export const tradeLedger = (series: TradeSeries, { fromMs, toMs }: TimeRange): ReadonlyArray<Trade> => {
  const rows: Array<Trade> = [];
  for (let at = Math.floor((fromMs - start) / second); at * second < toMs - start; at++) {
    if (at % 3 === 1) continue;
    const trades = [tradeAt(series, at * second + 7), tradeAt(series, at * second + 7, 1), tradeAt(series, at * second + 900)];
    rows.push(...trades.slice(at % 2).filter(({ tradeTimeMs }) => tradeTimeMs >= fromMs && tradeTimeMs < toMs));
  }
  return rows;
};

export const tradeContract = (layer: Layer.Layer<never, unknown>): void => {
  const btc = tradesOf("KRW-BTC");

  describe("a history store of trades", () => {
    it.effect("gives back what was kept in order, and says where nothing is missing", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        assert.deepStrictEqual(yield* store.trades(btc, seconds(0, 1_000)), { rows: [], coverage: [] });
        yield* store.putTrades(btc, tradeLedger(btc, seconds(100, 900)).toReversed(), seconds(100, 900));
        yield* store.putTrades(btc, [], seconds(5_000, 9_000));
        const { rows, coverage } = yield* store.trades(btc, seconds(0, 10_000));
        assert.deepStrictEqual(rows, tradeLedger(btc, seconds(100, 900)));
        assert.deepStrictEqual(coverage, [seconds(100, 900), seconds(5_000, 9_000)]);
        assert.deepStrictEqual(yield* store.tradeCoverage(btc), coverage);
        const one = { fromMs: start + 300_007, toMs: start + 300_008 };
        assert.deepStrictEqual(
          yield* store.trades(btc, one),
          { rows: tradeLedger(btc, one), coverage: [one] },
          "a range of one millisecond",
        );
        assert.deepStrictEqual(yield* store.trades(btc, seconds(9, 9)), { rows: [], coverage: [] });
      }).pipe(Effect.provide(layer)),
    );

    it.effect("keeps ids of any digits as text, and what both channels say of a trade", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        const given = [
          tradeAt(btc, 1, 0, { id: "17853950411240001" }),
          tradeAt(btc, 1, 0, { id: "17853950411240002" }),
          tradeAt(btc, 1, 0, { id: "921046844841158138", price: Decimal.of("0.00000012"), volume: Decimal.of("12345678901.12345678") }),
          tradeAt(btc, 2, 0, { id: "000123456789012345678901234567" }),
        ];
        const { previousClose: _, change: __, changeAmount: ___, ...bare } = tradeAt(btc, 3);
        const heard = tradeAt(btc, 4, 0, { sentTimeMs: start + 9, bestAsk: Decimal.of("2"), bestBid: Decimal.of("1") });
        yield* store.putTrades(btc, [...given, bare, heard], seconds(0, 1));
        assert.deepStrictEqual((yield* store.trades(btc, seconds(0, 1))).rows, [...given, bare, tradeAt(btc, 4)]);
      }).pipe(Effect.provide(layer)),
    );

    it.effect("puts what is known anew in the place of what was kept, leaves out what lies outside, and counts no id twice", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        yield* store.putTrades(btc, tradeLedger(btc, seconds(0, 2_000)), seconds(0, 2_000));
        const changed = tradeAt(btc, 900_500, 3);
        yield* store.putTrades(btc, [changed, tradeAt(btc, 1_500_000), changed], seconds(800, 1_000));
        const { rows, coverage } = yield* store.trades(btc, seconds(0, 3_000));
        assert.deepStrictEqual(rows, [...tradeLedger(btc, seconds(0, 800)), changed, ...tradeLedger(btc, seconds(1_000, 2_000))]);
        assert.deepStrictEqual(coverage, [seconds(0, 2_000)]);
        yield* store.putTrades(btc, [], seconds(0, 2_000));
        assert.deepStrictEqual(yield* store.trades(btc, seconds(0, 3_000)), { rows: [], coverage: [seconds(0, 2_000)] });
        yield* store.putTrades(btc, [changed], seconds(901, 900));
        assert.deepStrictEqual((yield* store.trades(btc, seconds(0, 3_000))).rows, [], "a range that ends before it begins holds nothing");
      }).pipe(Effect.provide(layer)),
    );

    it.effect("keeps markets and venues apart, and trades apart from candles, and lists them", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        const all = [btc, tradesOf("KRW-ETH"), { ...btc, venue: "other" }];
        for (const [at, series] of all.entries()) yield* store.putTrades(series, [tradeAt(series, at)], seconds(0, 30));
        for (const [at, series] of all.entries())
          assert.deepStrictEqual((yield* store.trades(series, seconds(0, 30))).rows, [tradeAt(series, at)]);
        assert.sameDeepMembers(
          [...(yield* store.tradeSeries)],
          all.map((series) => ({ ...series, rows: 1, coverage: [seconds(0, 30)] })),
        );
        assert.deepStrictEqual(yield* store.series, []);
      }).pipe(Effect.provide(layer)),
    );

    it.effect("is the exchange's tape wherever it says that nothing is missing, after puts in any order", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        let seed = 4_321;
        const below = (limit: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % limit;
        let known: Coverage = nothing;
        for (let step = 0; step < 50; step++) {
          const fromMs = start + below(1_500_000);
          const part = { fromMs, toMs: fromMs + 1 + below(400_000) };
          yield* store.putTrades(btc, tradeLedger(btc, part), part);
          known = covered(known, part);
          const atMs = start + below(1_800_000);
          const asked = { fromMs: atMs, toMs: atMs + below(600_000) };
          const { rows, coverage } = yield* store.trades(btc, asked);
          assert.deepStrictEqual(coverage, within(known, asked));
          assert.deepStrictEqual(
            rows,
            coverage.flatMap((range) => tradeLedger(btc, range)),
          );
        }
      }).pipe(Effect.provide(layer)),
    );
  });
};
