/** Each field of the wire lands in its own field of ours, on every channel, and nowhere else. */
import { assert, describe, it } from "@effect/vitest";
import { socketCandle } from "../../src/decode/CandleShape.ts";
import { orderbookUnit, socketOrderbook } from "../../src/decode/OrderbookShape.ts";
import { socketTicker } from "../../src/decode/TickerShape.ts";
import { socketTrade } from "../../src/decode/TradeShape.ts";
import { cases, channelsOf, readOn } from "../reading.ts";
import * as wire from "../wire.ts";

const changedKeys = (before: object, after: object): ReadonlyArray<string> => {
  const a: Record<string, unknown> = { ...before };
  const b: Record<string, unknown> = { ...after };
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
};

const proveFieldMap = (channel: wire.Channel): number => {
  let fields = 0;
  for (const one of cases.filter((some) => channelsOf(some).includes(channel))) {
    const record = wire.members(one.fields, channel);
    const before = readOn(one, channel, record);
    for (const field of one.fields) {
      const name = field.names[channel];
      if (name === undefined) continue;
      const after = readOn(one, channel, wire.withField(record, name, wire.spelt(field.other, channel)));
      assert.sameMembers([...changedKeys(before, after)], [...field.to], `${one.name}.${name} on ${channel}`);
      fields++;
    }
  }
  return fields;
};

describe("field maps", () => {
  it("changing one field of a REST row changes its own field of ours and no other (R004-41)", () => {
    assert.isAbove(proveFieldMap("rest"), 75);
  });

  it("changing one field of a DEFAULT frame changes its own field of ours and no other (R004-42)", () => {
    assert.isAbove(proveFieldMap("full"), 80);
  });

  it("changing one field of a SIMPLE frame changes its own field of ours and no other (R004-43)", () => {
    assert.isAbove(proveFieldMap("simple"), 80);
  });

  it("DEFAULT and SIMPLE names of the four types are the official pairs, all of them and no others (R004-24)", () => {
    const pairsOf = (fields: Record<string, { readonly name: string; readonly simple: string | undefined }>) =>
      Object.values(fields)
        .map((field) => `${field.name}=${field.simple}`)
        .sort();
    const official = (fields: ReadonlyArray<wire.WireField>) =>
      fields.flatMap(({ names }) => (names.full === undefined ? [] : [`${names.full}=${names.simple}`])).sort();
    assert.deepStrictEqual(pairsOf(socketTicker.fields), official(wire.ticker));
    assert.deepStrictEqual(pairsOf(socketTrade.fields), official(wire.trade));
    assert.deepStrictEqual(pairsOf(socketOrderbook.fields), official(wire.orderbook));
    assert.deepStrictEqual(pairsOf(socketCandle.fields), official(wire.secondCandle));
    assert.deepStrictEqual(
      pairsOf(orderbookUnit.fields),
      wire.unitNames.full.map((name, i) => `${name}=${wire.unitNames.simple[i]}`).sort(),
    );
  });

  it("the 52-week prices are never anybody's bid or ask (F-40)", () => {
    for (const channel of ["rest", "full", "simple"] as const) {
      const value = readOn(cases[0]!, channel, wire.members(wire.ticker, channel));
      for (const [name, held] of Object.entries(value)) {
        assert.notMatch(name, /best|^bid$|^ask$/i);
        if (String(held) === "179869000") assert.strictEqual(name, "high52w");
        if (String(held) === "88770000") assert.strictEqual(name, "low52w");
      }
    }
  });

  it("the day's high and low are named as the day's, the ratio becomes percent once on every channel, and SIMPLE has the 24-hour volume (F-43)", () => {
    for (const channel of ["rest", "full", "simple"] as const) {
      const value = readOn(cases[0]!, channel, wire.members(wire.ticker, channel));
      const plain: Record<string, unknown> = JSON.parse(JSON.stringify(value));
      assert.strictEqual(plain["dayHigh"], "110117000");
      assert.strictEqual(plain["dayLow"], "108958000");
      assert.notProperty(plain, "high24h");
      assert.strictEqual(plain["changeRatio"], "0.0064305736");
      assert.strictEqual(plain["changePercent"], "0.64305736");
      assert.strictEqual(plain["volume24h"], "1090");
      assert.strictEqual(plain["previousClose"], "109166000");
    }
  });
});
