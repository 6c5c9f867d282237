/** Blocks put into blocks, held against the same done row by row. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { DamagedPart, spliced } from "../../src/cache/blockSplice.ts";
import { decodeCandles, encodeCandles } from "../../src/cache/candleBlock.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import { candleAt, minutes, seriesOf } from "./historyContract.ts";

const btc = seriesOf("KRW-BTC");

/** Numbers that their double says, that need a mantissa, that need text; and what only some rows have. */
const kinds: ReadonlyArray<Partial<Candle>> = [
  { value: Decimal.of("12") },
  { value: Decimal.of("123456789012345678.12345678"), volume: Decimal.of("0") },
  { value: Decimal.of("12"), volume: Decimal.of("9007199254740993") },
  { value: Decimal.of("1234567890123456789012.5") },
  { previousClose: Decimal.of("3"), firstDay: "2026-01-05" },
];

const rowsOf = (windows: ReadonlyArray<number>, kind: number): ReadonlyArray<Candle> =>
  [...new Set(windows)].sort((a, b) => a - b).map((at) => candleAt(btc, at, String(at), kinds[kind]));

describe("a block in which a part is known anew", () => {
  const window = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }));
  const kind = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: kinds.length - 1 }));
  const windows = Schema.Array(window).check(Schema.isMaxLength(12));
  it.prop(
    "is what it would be row by row, whatever kinds of numbers the two hold",
    { kept: windows, added: windows, keptKind: kind, addedKind: kind, from: window, length: window },
    ({ kept, added, keptKind, addedKind, from, length }) => {
      const range = minutes(from, from + length);
      const old = rowsOf(kept, keptKind);
      const rows = rowsOf(
        added.filter((at) => at >= from && at < from + length),
        addedKind,
      );
      const bytes = spliced(encodeCandles(old), encodeCandles(rows), range, btc);
      assert.deepStrictEqual(bytes && decodeCandles(bytes, btc.market, "1m"), [
        ...old.filter(({ openTimeMs }) => openTimeMs < range.fromMs),
        ...rows,
        ...old.filter(({ openTimeMs }) => openTimeMs >= range.toMs),
      ]);
    },
    { arbitrary: { runs: 300 } },
  );

  it("is none where it was damaged, and a damaged part is never written", () => {
    const whole = encodeCandles(rowsOf([1, 2], 0));
    const damaged = whole.map((byte, at) => (at === 20 ? byte ^ 1 : byte));
    assert.isUndefined(spliced(damaged, whole, minutes(0, 5), btc));
    assert.throws(() => spliced(whole, damaged, minutes(0, 5), btc), DamagedPart);
  });
});
