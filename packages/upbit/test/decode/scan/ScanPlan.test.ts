/** What is written out for the usual order of a candle's fields, beside the loop over its table: the same of every row, however it is spoilt. */
import { assert, describe, it } from "@effect/vitest";
import { dayCandle, minuteCandle, periodCandle, secondCandle } from "../../../src/decode/CandleShape.ts";
import * as long from "../../../src/decode/generated/plans/longCandles.ts";
import * as short from "../../../src/decode/generated/plans/shortCandles.ts";
import type { Fields } from "../../../src/decode/Shape.ts";
import { ObjectScanner } from "../../../src/decode/scan/ObjectScanner.ts";
import type { ScanPlan } from "../../../src/decode/scan/ScanPlan.ts";
import { Slots } from "../../../src/decode/scan/Slots.ts";

const common =
  '"market":"KRW-BTC","candle_date_time_utc":"2026-11-26T01:02:00","candle_date_time_kst":"2026-11-26T10:02:00","opening_price":132845000.00000000,' +
  '"high_price":132900000.5,"low_price":1.328E8,"trade_price":132850000,"timestamp":1795741379999,"candle_acc_trade_price":9223372036854775807.12345,' +
  '"candle_acc_trade_volume":0.00000001';
const shapes: ReadonlyArray<readonly [name: string, fields: Fields, plan: ScanPlan, row: string]> = [
  ["second", secondCandle.fields, short.secondCandle, common],
  ["minute", minuteCandle.fields, short.minuteCandle, `${common},"unit":1`],
  ["day", dayCandle.fields, long.dayCandle, `${common},"prev_closing_price":130000000.1,"change_price":-2850000.0,"change_rate":-0.0214`],
  ["period", periodCandle.fields, long.periodCandle, `${common},"first_day_of_period":"2026-11-23"`],
];

/** Slots that have learnt the order of a row. */
const learnt = (fields: Fields, row: string, plan?: ScanPlan): Slots => {
  const [slots, scanner] = [new Slots(fields, "full", 0, { usual: plan }), new ObjectScanner(4_096)];
  scanner.load(new TextEncoder().encode(row));
  slots.begin();
  assert.strictEqual(scanner.members(slots, 1), row.length);
  slots.learn(0);
  return slots;
};

/** Where the reading of a row ends, and every value that it left. */
const read = (slots: Slots, row: Uint8Array) => {
  const scanner = new ObjectScanner(4_096);
  scanner.load(row);
  const end = slots.plan?.read(scanner, slots, 1) ?? scanner.planned(slots, 1, 0, slots.steps.length);
  const of = <A>(list: ArrayLike<A>) => Array.from({ length: slots.size }, (_, place) => list[place]);
  return end < 0 ? -1 : { end, mantissas: of(scanner.mantissas), scales: of(scanner.scales), values: of(scanner.values) };
};

describe("a usual order of fields", () => {
  for (const [name, fields, plan, members] of shapes) {
    const row = `{${members}}`;

    it(`of a ${name} candle is read as by the table, whichever byte is another`, () => {
      const [byPlan, byTable] = [learnt(fields, row, plan), learnt(fields, row)];
      assert.strictEqual(byPlan.plan, plan);
      assert.isUndefined(byTable.plan);
      const bytes = new TextEncoder().encode(row);
      assert.deepInclude(read(byPlan, bytes), { end: row.length });
      let accepted = 0;
      for (let at = 1; at < bytes.length; at++)
        for (const other of '0-,"}.x') {
          const spoilt = bytes.slice();
          spoilt[at] = other.charCodeAt(0);
          const found = read(byPlan, spoilt);
          assert.deepStrictEqual(found, read(byTable, spoilt), `${at} ${other}`);
          if (found !== -1) accepted++;
        }
      assert.isAbove(accepted, 50);
      for (let length = 1; length < bytes.length; length++) assert.strictEqual(read(byPlan, bytes.subarray(0, length)), -1);
    });

    it(`of a ${name} candle that is another one is the table's`, () => {
      const [first, second, ...rest] = members.split(/,(?=")/);
      const swapped = `{${[second, first, ...rest].join(",")}}`;
      const slots = learnt(fields, swapped, plan);
      assert.isUndefined(slots.plan);
      assert.deepInclude(read(slots, new TextEncoder().encode(swapped)), { end: swapped.length });
    });
  }
});
