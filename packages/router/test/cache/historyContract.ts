/** What every history store keeps to, whatever it is made of; each runs this suite over its own layer. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, type Layer } from "effect";
import { covered, type Coverage, nothing, type TimeRange, within } from "../../src/cache/Coverage.ts";
import { type CandleSeries, HistoryStore } from "../../src/cache/HistoryStore.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { Interval } from "../../src/domain/Interval.ts";
import type { Market } from "../../src/domain/Market.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5);

export const seriesOf = (market: string, interval: Interval = "1m"): CandleSeries => ({ venue: "sim", market: market as Market, interval });
export const minutes = (from: number, to: number): TimeRange => ({ fromMs: start + from * minute, toMs: start + to * minute });

export const candleAt = ({ market, interval }: CandleSeries, at: number, close: string, changes: Partial<Candle> = {}): Candle => ({
  ...{ market, interval, openTimeMs: start + at * minute, state: "closed", lastTradeTimeMs: start + at * minute + 999 },
  ...{ open: Decimal.of("100"), high: Decimal.of("120.5"), low: Decimal.of("99.00000001"), close: Decimal.of(close) },
  ...{ volume: Decimal.of("0.12345678"), value: Decimal.of("123456789012345678.12345678") },
  ...changes,
});

/** What the exchange has: a candle in two windows of three, by the number of the window. */
const ledger = (series: CandleSeries, { fromMs, toMs }: TimeRange): ReadonlyArray<Candle> => {
  const rows: Array<Candle> = [];
  for (let at = (fromMs - start) / minute; at < (toMs - start) / minute; at++)
    if (at % 3 !== 1) rows.push(candleAt(series, at, String(100 + at)));
  return rows;
};

export const historyContract = (layer: Layer.Layer<never, unknown>): void => {
  const btc = seriesOf("KRW-BTC");

  describe("a history store", () => {
    it.effect("gives back what was kept, and says where nothing is missing", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        assert.isTrue(store.isKept);
        assert.deepStrictEqual(yield* store.candles(btc, minutes(0, 100)), { rows: [], coverage: [] });
        yield* store.putCandles(btc, ledger(btc, minutes(10, 20)), minutes(10, 20));
        yield* store.putCandles(btc, [], minutes(30, 40));
        const found = yield* store.candles(btc, minutes(0, 100));
        assert.deepStrictEqual(found.rows, ledger(btc, minutes(10, 20)));
        assert.deepStrictEqual(found.coverage, [minutes(10, 20), minutes(30, 40)]);
        const part = yield* store.candles(btc, minutes(15, 35));
        assert.deepStrictEqual(part, { rows: ledger(btc, minutes(15, 20)), coverage: [minutes(15, 20), minutes(30, 35)] });
        assert.deepStrictEqual(yield* store.coverage(btc), [minutes(10, 20), minutes(30, 40)]);
      }).pipe(Effect.provide(layer)),
    );

    it.effect("puts what is known anew in the place of what was kept, and what is gone is gone", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        yield* store.putCandles(btc, ledger(btc, minutes(0, 300)), minutes(0, 300));
        const corrected = candleAt(btc, 150, "7", { previousClose: Decimal.of("6.5"), firstDay: "2026-01-05" });
        yield* store.putCandles(btc, [corrected], minutes(149, 152));
        const { rows, coverage } = yield* store.candles(btc, minutes(0, 300));
        const others = ledger(btc, minutes(0, 300)).filter(
          ({ openTimeMs }) => openTimeMs < start + 149 * minute || openTimeMs >= start + 152 * minute,
        );
        assert.deepStrictEqual(
          rows,
          [...others, corrected].sort((a, b) => a.openTimeMs - b.openTimeMs),
        );
        assert.deepStrictEqual(coverage, [minutes(0, 300)]);
      }).pipe(Effect.provide(layer)),
    );

    it.effect("keeps series apart, and lists them", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        const all = [btc, seriesOf("KRW-ETH"), { ...btc, venue: "other" }, seriesOf("KRW-BTC", "3m")];
        for (const [at, series] of all.entries()) yield* store.putCandles(series, [candleAt(series, 3 * at, "1")], minutes(0, 30));
        for (const [at, series] of all.entries()) {
          assert.deepStrictEqual((yield* store.candles(series, minutes(0, 30))).rows, [candleAt(series, 3 * at, "1")]);
        }
        const listed = yield* store.series;
        assert.sameDeepMembers(
          [...listed],
          all.map((series) => ({ ...series, rows: 1, coverage: [minutes(0, 30)] })),
        );
      }).pipe(Effect.provide(layer)),
    );

    it.effect("refuses a forming candle, leaves out what lies outside the range, and keeps no filling", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        const forming = store.putCandles(btc, [candleAt(btc, 1, "1", { state: "forming" })], minutes(0, 5));
        assert.strictEqual((yield* Effect.exit(forming))._tag, "Failure");
        assert.deepStrictEqual(yield* store.candles(btc, minutes(0, 10)), { rows: [], coverage: [] });
        const rows = [candleAt(btc, 2, "1"), candleAt(btc, 3, "1", { state: "empty" }), candleAt(btc, 7, "1")];
        yield* store.putCandles(btc, rows, minutes(0, 5));
        assert.deepStrictEqual(yield* store.candles(btc, minutes(0, 10)), { rows: [candleAt(btc, 2, "1")], coverage: [minutes(0, 5)] });
        yield* store.putCandles(btc, [candleAt(btc, 2, "2", { state: "corrected" })], minutes(2, 3));
        assert.deepStrictEqual(
          (yield* store.candles(btc, minutes(0, 10))).rows,
          [candleAt(btc, 2, "2")],
          "a corrected one is closed from then on",
        );
      }).pipe(Effect.provide(layer)),
    );

    it.effect("gives the same as columns, over as many blocks as there are", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        yield* store.putCandles(btc, ledger(btc, minutes(0, 2_000)), minutes(0, 2_000));
        for (const range of [minutes(0, 2_000), minutes(100, 1_000), minutes(511, 513), minutes(5_000, 6_000)]) {
          const { rows } = yield* store.candles(btc, range);
          const { columns, coverage } = yield* store.columns(btc, range);
          assert.deepStrictEqual(rows, ledger(btc, { fromMs: range.fromMs, toMs: Math.min(range.toMs, start + 2_000 * minute) }));
          assert.deepStrictEqual(coverage, within([minutes(0, 2_000)], range));
          assert.strictEqual(columns.length, rows.length);
          assert.deepStrictEqual(
            [...columns.openTimeMs],
            rows.map(({ openTimeMs }) => openTimeMs),
          );
          for (const name of ["open", "high", "low", "close", "volume", "value"] as const) {
            assert.deepStrictEqual(
              [...columns[name]],
              rows.map((row) => row[name].number),
            );
          }
        }
      }).pipe(Effect.provide(layer)),
    );

    it.effect("is the exchange's ledger wherever it says that nothing is missing, after puts in any order", () =>
      Effect.gen(function* () {
        const store = yield* HistoryStore;
        let seed = 12_345;
        const below = (limit: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % limit;
        let known: Coverage = nothing;
        for (let step = 0; step < 60; step++) {
          const from = below(1_500);
          const part = minutes(from, from + 1 + below(400));
          yield* store.putCandles(btc, [...ledger(btc, part)].reverse(), part);
          known = covered(known, part);
          const at = below(1_800);
          const asked = minutes(at, at + below(600));
          const { rows, coverage } = yield* store.candles(btc, asked);
          assert.deepStrictEqual(coverage, within(known, asked));
          assert.deepStrictEqual(
            rows,
            coverage.flatMap((range) => ledger(btc, range)),
          );
        }
      }).pipe(Effect.provide(layer)),
    );
  });
};
