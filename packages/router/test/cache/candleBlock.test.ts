/** Candles to bytes and back: exact whatever the numbers, and never an answer out of damaged bytes. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { makeColumns } from "../../src/domain/CandleColumns.ts";
import { rowsClaimed } from "../../src/cache/blockLayout.ts";
import { blockRange, decodeCandles, decodeColumns, encodeCandles, windowsPerBlock } from "../../src/cache/candleBlock.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import { intervals, nextWindowStart, windowStart } from "../../src/domain/Interval.ts";
import { btc } from "../samples.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 31);

const candle = (at: number, changes: Partial<Candle> = {}): Candle => ({
  market: btc,
  interval: "1m",
  openTimeMs: start + at * minute,
  open: Decimal.of("91368000"),
  high: Decimal.of("91400000.5"),
  low: Decimal.of("0.00000012"),
  close: Decimal.of("-3.25E-7"),
  volume: Decimal.of("0.12345678"),
  value: Decimal.of("11234567.89012345"),
  lastTradeTimeMs: start + at * minute + 59_123,
  state: "closed",
  ...changes,
});

const again = (rows: ReadonlyArray<Candle>) => decodeCandles(encodeCandles(rows), btc, "1m");

describe("a block of candles", () => {
  it("gives back what was put in, and nothing for nothing", () => {
    const rows = [candle(0), candle(1), candle(7)];
    assert.deepStrictEqual(again(rows), rows);
    assert.deepStrictEqual(again([]), []);
    assert.strictEqual(rowsClaimed(encodeCandles(rows)), 3);
  });

  it("keeps numbers that no double holds, and what only days and weeks have, where a row has it", () => {
    const rows = [
      candle(0, {
        value: Decimal.of("123456789012345678901.5"),
        previousClose: Decimal.of("1"),
        changeRatio: Decimal.of("-0.0123456789012345"),
      }),
      candle(1, { volume: Decimal.of("9007199254740993"), firstDay: "2026-01-31", convertedClose: Decimal.of("1E-120") }),
      candle(2),
    ];
    assert.deepStrictEqual(again(rows), rows);
  });

  const token = Schema.String.check(Schema.isPattern(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?(E-?\d{1,2})?$/));
  it.prop(
    "is exact for any numbers, and its columns are their nearest doubles",
    { numbers: Schema.Array(token).check(Schema.isMinLength(6), Schema.isMaxLength(60)) },
    ({ numbers }) => {
      const of = (at: number) => Decimal.of(numbers[at % numbers.length] ?? "0");
      const rows = Array.from({ length: Math.ceil(numbers.length / 6) }, (_, at) =>
        candle(at, {
          open: of(6 * at),
          high: of(6 * at + 1),
          low: of(6 * at + 2),
          close: of(6 * at + 3),
          volume: of(6 * at + 4),
          value: of(6 * at + 5),
        }),
      );
      const bytes = encodeCandles(rows);
      assert.deepStrictEqual(decodeCandles(bytes, btc, "1m"), rows);
      const columns = makeColumns(btc, "1m", rows.length + 1);
      assert.strictEqual(decodeColumns(bytes, columns, 1), rows.length);
      for (const [at, row] of rows.entries()) {
        assert.strictEqual(columns.openTimeMs[at + 1], row.openTimeMs);
        assert.strictEqual(columns.lastTradeTimeMs[at + 1], row.lastTradeTimeMs);
        for (const name of ["open", "high", "low", "close", "volume", "value"] as const) {
          assert.isTrue(Object.is(columns[name][at + 1], row[name].number), `${name} ${row[name].toString()}`);
        }
      }
    },
    { arbitrary: { runs: 200 } },
  );

  it("that has a single bit turned, or is cut, is damaged and not another block", () => {
    const bytes = encodeCandles([candle(0), candle(1, { value: Decimal.of("123456789012345678901.5") })]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.isUndefined(decodeCandles(damaged, btc, "1m"), `bit ${bit}`);
    }
    for (let length = 0; length < bytes.length; length++) assert.isUndefined(decodeCandles(bytes.slice(0, length), btc, "1m"));
    const odd = new Uint8Array(bytes.length + 3);
    odd.set(bytes, 3);
    assert.strictEqual(decodeCandles(odd.subarray(3), btc, "1m")?.length, 2, "wherever it lies in memory");
  });
});

describe("which windows share a block", () => {
  it("are a fixed number of neighbours, from the first to before the next block's first, for every interval", () => {
    for (const interval of intervals) {
      let timeMs = Date.UTC(2017, 9, 1);
      for (let nth = 0; nth < 3; nth++) {
        const { fromMs, toMs } = blockRange(interval, timeMs);
        assert.isAtMost(fromMs, timeMs);
        assert.isAbove(toMs, timeMs);
        assert.strictEqual(windowStart(interval, fromMs), fromMs);
        assert.deepStrictEqual(blockRange(interval, toMs - 1), { fromMs, toMs });
        if (interval !== "1M" && interval !== "1y") {
          assert.strictEqual((toMs - fromMs) / (nextWindowStart(interval, fromMs) - fromMs), windowsPerBlock);
        }
        timeMs = toMs;
      }
    }
  });
});
