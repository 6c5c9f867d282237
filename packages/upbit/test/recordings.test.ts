/**
 * Every recorded frame and body of the real exchange, decoded, and each of its numbers compared with the text it came from by a judge that
 * shares nothing with the decoder. The recordings are read where they lie, in the folder that `NARU_RECORDINGS` names.
 */
import { assert, describe, it } from "@effect/vitest";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Decimal } from "@naru/router/domain/Decimal";
import { readRecorded, type RecordedRows } from "../src/recorded.ts";
import { isExactly, type Json, NumberText, readJson } from "./judge.ts";
import * as wire from "./wire.ts";

const folder = process.env["NARU_RECORDINGS"];

interface RecordText {
  readonly from: string;
  readonly raw: string;
}

/** The exact text of every frame and body, from `.json` files and from the `raw` of `.jsonl` lines. */
const recordTexts = (root: string): ReadonlyArray<RecordText> =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.jsonl?$/.test(path) && !/(^|\/)headers-/.test(path))
    .sort()
    .flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      if (path.endsWith(".json")) return [{ from: path, raw: text }];
      return text.split("\n").flatMap((line, i) => {
        if (line.trim() === "") return [];
        const { raw } = JSON.parse(line) as { raw?: unknown };
        return typeof raw === "string" ? [{ from: `${path}:${i + 1}`, raw }] : [];
      });
    });

const tables: Readonly<Record<string, ReadonlyArray<wire.WireField>>> = {
  ticker: wire.ticker,
  trades: wire.trade,
  orderbook: wire.orderbook,
  candles: [...new Set([...wire.minuteCandle, ...wire.dayCandle, ...wire.weekCandle])],
  markets: wire.market,
};

const channelOf = (object: ReadonlyMap<string, Json>): wire.Channel => (object.has("ty") ? "simple" : object.has("type") ? "full" : "rest");

/** Numbers that say again, without its sign, what another says with it: `change_price` and `change_rate` of tickers. */
const isRedundant = (field: wire.WireField): boolean => field.to.length === 0;

const heldBy = (row: object, name: string): unknown => Object.entries(row).find(([key]) => key === name)?.[1];

/** Compares every number of one recorded object with our value. Gives how many it compared. */
const judge = (kind: string, object: ReadonlyMap<string, Json>, row: object, from: string): number => {
  const channel = channelOf(object);
  let compared = 0;
  for (const [name, json] of object) {
    const field = tables[kind]?.find((some) => some.names[channel] === name);
    assert.isDefined(field, `${from}: ${name} is in no table`);
    if (field === undefined || json === null || isRedundant(field)) continue;
    if (field.to.includes("asks")) compared += judgeUnits(json, row, channel, from);
    if (!(json instanceof NumberText)) continue;
    for (const to of field.to) {
      const held = heldBy(row, to);
      const at = `${from}: ${name} ${json.text} as ${to} ${String(held)}`;
      if (held instanceof Decimal) {
        const fell = kind === "trades" && channel !== "rest" && to === "changeAmount" && heldBy(row, "change") === "FALL";
        assert.isTrue(isExactly(json.text, held, to === "changePercent" ? 100n : fell ? -1n : 1n), at);
      } else if (to === "id") assert.strictEqual(held, json.text, at);
      else assert.isTrue(typeof held === "number" && isExactly(json.text, { mantissa: held, scale: 0 }), at);
      compared++;
    }
  }
  return compared;
};

const judgeUnits = (json: Json, row: object, channel: wire.Channel, from: string): number => {
  assert.isTrue(Array.isArray(json));
  const units = json as ReadonlyArray<ReadonlyMap<string, Json>>;
  const [askPrice, bidPrice, askSize, bidSize] = wire.unitNames[channel === "simple" ? "simple" : "full"];
  let compared = 0;
  for (const [side, price, size] of [
    ["asks", askPrice, askSize],
    ["bids", bidPrice, bidSize],
  ] as const) {
    const tokens = units.map((unit) => [unit.get(price), unit.get(size)] as const);
    const shown = tokens.filter(([, of]) => of instanceof NumberText && !/^[0.]+([eE]|$)/.test(of.text));
    const levels = heldBy(row, side) as ReadonlyArray<{ readonly price: Decimal; readonly size: Decimal }>;
    assert.lengthOf(levels, shown.length, `${from}: ${side}`);
    shown.forEach(([at, of], i) => {
      assert.isTrue(at instanceof NumberText && isExactly(at.text, levels[i]!.price), `${from}: ${side}[${i}].price`);
      assert.isTrue(of instanceof NumberText && isExactly(of.text, levels[i]!.size), `${from}: ${side}[${i}].size`);
      compared += 2;
    });
  }
  return compared;
};

const objectsOf = (json: Json): ReadonlyArray<ReadonlyMap<string, Json>> =>
  (Array.isArray(json) ? (json as ReadonlyArray<Json>) : [json]) as ReadonlyArray<ReadonlyMap<string, Json>>;

describe("recordings", () => {
  it.skipIf(folder === undefined)(
    "every recorded frame and body decodes, and each of its numbers is exactly its token (skipped without NARU_RECORDINGS, the folder of recordings)",
    () => {
      const records = recordTexts(folder!);
      const counts = new Map<string, number>();
      let numbers = 0;
      for (const { from, raw } of records) {
        const recorded = readRecorded(raw);
        if ("failed" in recorded) assert.fail(`${from}: ${recorded.failed.message}`);
        const label = "kind" in recorded ? recorded.kind : `ignored: ${recorded.ignored}`;
        counts.set(label, (counts.get(label) ?? 0) + 1);
        if (!("kind" in recorded)) continue;
        assert.deepStrictEqual([recorded.rejected.map(String), recorded.unknownFields], [[], []], from);
        const objects = objectsOf(readJson(raw));
        assert.strictEqual(recorded.rows.length, objects.length, from);
        objects.forEach((object, i) => {
          numbers += judge(recorded.kind, object, (recorded.rows as RecordedRows["rows"])[i]!, from);
        });
      }
      console.log(
        `recordings: ${records.length} records, ${numbers} numbers compared; ${[...counts].map(([label, count]) => `${label} ${count}`).join(", ")}`,
      );
      assert.isAbove(records.length, 0);
      assert.isAbove(numbers, 0);
      for (const kind of ["ticker", "orderbook", "trades", "candles", "markets"]) assert.isAbove(counts.get(kind) ?? 0, 0, kind);
    },
  );

  it("the judge sees a lost digit, a lost sign and a wrong power of ten", () => {
    assert.isTrue(isExactly("1.16539E8", Decimal.of("116539000")));
    assert.isTrue(isExactly("6E-8", { mantissa: 6, scale: 8 }));
    assert.isFalse(isExactly("37189906239683.17623001", Decimal.of("37189906239683.176")));
    assert.isFalse(isExactly("-0.5", Decimal.of("0.5")));
    assert.isFalse(isExactly("5e-05", Decimal.of("0.0005")));
    assert.deepStrictEqual(readJson(' [1.50, {"a":[true,null,"x\\"]"]}] '), [
      new NumberText("1.50"),
      new Map([["a", [true, null, 'x"]']]]),
    ]);
  });
});
