/** Trades to bytes and back: exact whatever the numbers and ids, and never an answer out of damaged bytes. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { rowsClaimed } from "../../src/cache/blockLayout.ts";
import { decodeTrades, encodeTrades, isWholeTrades, tradeBlockRange } from "../../src/cache/tradeBlock.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import { btc } from "../samples.ts";
import { tradeAt, tradesOf } from "./tradeContract.ts";

const series = tradesOf(btc);

describe("a block of trades", () => {
  it("gives back what was put in, nothing for nothing, in about thirty bytes a trade", () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => tradeAt(series, at * 300, at % 4));
    const bytes = encodeTrades(rows);
    assert.deepStrictEqual(decodeTrades(bytes, btc), rows);
    assert.strictEqual(rowsClaimed(bytes), 1_000);
    assert.isBelow(bytes.length, 32_000);
    assert.deepStrictEqual(decodeTrades(encodeTrades([]), btc), []);
  });

  const token = Schema.String.check(Schema.isPattern(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?(E-?\d{1,2})?$/));
  const digits = Schema.String.check(Schema.isPattern(/^\d{1,30}$/));
  it.prop(
    "is exact for any numbers and any ids",
    {
      numbers: Schema.Array(token).check(Schema.isMinLength(4), Schema.isMaxLength(40)),
      ids: Schema.Array(digits).check(Schema.isMinLength(1)),
    },
    ({ numbers, ids }) => {
      const of = (at: number) => Decimal.of(numbers[at % numbers.length] ?? "0");
      const rows = ids.map((id, at) => {
        const [price, previousClose] = [of(at), of(at % 2)];
        const all = { id, price, volume: of(at + 1), previousClose, changeAmount: at % 3 === 0 ? of(at + 3) : price.minus(previousClose) };
        const { previousClose: _, changeAmount: __, ...some } = tradeAt(series, at, 0, all);
        return at % 5 === 4 ? some : tradeAt(series, at, 0, all);
      });
      assert.deepStrictEqual(decodeTrades(encodeTrades(rows), btc), rows);
    },
    { arbitrary: { runs: 200 } },
  );

  it("that has a single bit turned, or is cut, is damaged and not another block", () => {
    const bytes = encodeTrades([tradeAt(series, 0), tradeAt(series, 1, 1, { volume: Decimal.of("123456789012345678901.5") })]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.isUndefined(decodeTrades(damaged, btc), `bit ${bit}`);
      assert.isFalse(isWholeTrades(damaged));
    }
    for (let length = 0; length < bytes.length; length++) assert.isUndefined(decodeTrades(bytes.slice(0, length), btc));
    const odd = new Uint8Array(bytes.length + 3);
    odd.set(bytes, 3);
    assert.strictEqual(decodeTrades(odd.subarray(3), btc)?.length, 2, "wherever it lies in memory");
  });
});

describe("which trades share a block", () => {
  it("are those of five minutes, which never reach over a UTC day", () => {
    const day = Date.UTC(2026, 0, 5);
    assert.deepStrictEqual(tradeBlockRange(day), { fromMs: day, toMs: day + 300_000 });
    assert.deepStrictEqual(tradeBlockRange(day - 1), { fromMs: day - 300_000, toMs: day });
    assert.deepStrictEqual(tradeBlockRange(day + 299_999), tradeBlockRange(day));
  });
});
