import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { columnsOfRows } from "../../src/domain/CandleColumns.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { CandlesQuestion } from "../../src/domain/Question.ts";
import type { Part } from "../../src/tiers/candleSchedule.ts";
import { ColumnIntake } from "../../src/tiers/ColumnIntake.ts";
import { RowIntake } from "../../src/tiers/RowIntake.ts";
import { btc, candle, intent } from "../samples.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5);
const at = (nth: number) => start + nth * minute;
/** The exchange's present: the last window is in progress. */
const windows = 40;
const nowMs = at(windows) - 10_000;

const question: CandlesQuestion = {
  ...{ kind: "candles", market: btc, interval: "1m", count: null, fromMs: at(5), toMs: null, forming: "exclude", fill: "none" },
  intent,
};

/** A candle in two windows of three. */
const rowOf = (nth: number): ReadonlyArray<Candle> =>
  nth % 3 === 1 ? [] : [candle(at(nth), { close: Decimal.of(String(100 + nth)), state: nth === windows - 1 ? "forming" : "closed" })];
const rowsIn = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => rowOf(from + i)).flat();

/** A part of the line, and whether it was kept: what comes of it is all there is in it, and of a page what lies below as well. */
const Piece = Schema.Struct({
  isKept: Schema.Boolean,
  length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 })),
  below: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })),
  rank: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 })),
});

describe("candles collected as columns", () => {
  it.prop(
    "are the same windows and closes as collected as rows, in whatever order kept parts and pages come, and however far pages reach",
    { pieces: Schema.Array(Piece).check(Schema.isMinLength(1), Schema.isMaxLength(12)) },
    ({ pieces }) => {
      const [rows, columns] = [new RowIntake(question), new ColumnIntake(question)];
      let top = windows;
      const parts = pieces.map(({ isKept, length, below, rank }) => {
        const to = top;
        top = Math.max(0, top - length);
        // The present is not kept.
        return { isKept: isKept && to < windows, from: top, to, below, rank };
      });
      for (const { isKept, from, to, below } of parts.toSorted((a, b) => a.rank - b.rank)) {
        const found = rowsIn(isKept ? from : Math.max(0, from - below), to);
        const part: Part = { source: isKept ? "kept" : "exchange", fromMs: at(from), toMs: at(to), isLead: true };
        const [asRows, asColumns] = isKept
          ? [rows.kept(part, found), columns.kept(part, columnsOfRows(btc, "1m", found))]
          : [rows.page(found), columns.page(found)];
        assert.deepStrictEqual(asColumns, asRows);
        assert.strictEqual(columns.oldestMs, rows.oldestMs);
      }
      const [byRows, byColumns] = [rows.result(nowMs), columns.result(nowMs)];
      assert.deepStrictEqual(
        [...byColumns.openTimeMs],
        byRows.map(({ openTimeMs }) => openTimeMs),
      );
      assert.deepStrictEqual(
        [...byColumns.close],
        byRows.map(({ close }) => close.number),
      );
      assert.deepStrictEqual(byColumns.covers, { fromMs: at(5), toMs: at(windows - 1) });
    },
  );
});
