/** What recorded text is, told by its fields. */
import { assert, describe, it } from "@effect/vitest";
import { readRecorded, type RecordedKind } from "../src/recorded.ts";
import * as wire from "./wire.ts";

const told = (text: string, kind?: RecordedKind): string => {
  const recorded = readRecorded(text, kind);
  if ("failed" in recorded) return `failed ${recorded.failed.stage} ${recorded.failed.path}`;
  return "ignored" in recorded ? `ignored ${recorded.ignored}` : `${recorded.kind} ${recorded.rows.length}`;
};

const rest = (fields: ReadonlyArray<wire.WireField>) => `[${wire.write(wire.members(fields, "rest"))}]`;

describe("recorded material", () => {
  it("is recognised whether it is a body, a frame in either spelling or a list of frames", () => {
    const tables = [wire.ticker, wire.trade, wire.orderbook, wire.minuteCandle, wire.secondCandle] as const;
    const kinds = ["ticker", "trades", "orderbook", "candles", "candles"];
    assert.deepStrictEqual(
      tables.map((fields) => told(rest(fields))),
      kinds.map((kind) => `${kind} 1`),
    );
    for (const channel of ["full", "simple"] as const) {
      const frames = tables.map((fields) => wire.write(wire.members(fields, channel)));
      assert.deepStrictEqual(
        frames.map((frame) => told(frame)),
        kinds.map((kind) => `${kind} 1`),
      );
      assert.deepStrictEqual(
        frames.map((frame) => told(`[${frame},${frame}]`)),
        kinds.map((kind) => `${kind} 2`),
      );
    }
    assert.strictEqual(told(rest(wire.market)), "markets 1");
    assert.strictEqual(told('[{"market":"KRW-BTC","tick_size":"1000"}]'), "instruments 1");
    assert.strictEqual(told('[{"market":"KRW-BTC","supported_levels":[0,10000]}]'), "supported_levels 1");
  });

  it("what is no market data is named, not failed", () => {
    assert.strictEqual(told('{"status":"UP"}'), "ignored status frame");
    assert.strictEqual(told('[{"ticket":"t"},{"type":"ticker","codes":["KRW-BTC"]}]'), "ignored subscribe frame");
    assert.strictEqual(told('{"method":"LIST_SUBSCRIPTIONS","result":[],"ticket":"t"}'), "ignored subscriptions frame");
    assert.strictEqual(told('{"error":{"name":"WRONG_FORMAT","message":"x"}}'), "ignored error frame");
    assert.strictEqual(told('{"error":{"name":404,"message":"Code not found"}}'), "ignored error body");
    assert.strictEqual(told('{"error":{"name":"not_found","message":"x"}}'), "ignored error body");
    assert.strictEqual(told('{"bid_price":0,"bid_size":0,"ask_price":0.00000689,"ask_size":8.70827286}'), "ignored fragment");
    assert.strictEqual(told("[]"), "ignored empty list");
    assert.strictEqual(told("[]", "orderbook"), "orderbook 0");
  });

  it("what cannot be read is failed with its stage and path", () => {
    assert.strictEqual(told("PONG"), "failed json ");
    assert.strictEqual(told("{}"), "failed schema type");
    assert.strictEqual(told(wire.write(wire.withField(wire.members(wire.trade, "simple"), "tp", undefined))), "failed schema tp");
    const mixed = `[${wire.write(wire.members(wire.trade, "full"))},${wire.write(wire.members(wire.ticker, "full"))}]`;
    assert.strictEqual(told(mixed), "failed schema ");
    const half = readRecorded(
      `[${wire.write(wire.members(wire.trade, "rest"))},${wire.write(wire.withField(wire.members(wire.trade, "rest"), "trade_price", "0"))}]`,
    );
    assert.strictEqual("kind" in half ? `${half.rows.length} ${half.rejected[0]?.path}` : "", "1 [1].trade_price");
  });

  it("days, weeks, months and years are told apart by their rows, and named where the rows do not show it", () => {
    const row = (start: string, lastTrade: number) =>
      wire.write(
        wire.withField(
          wire.withField(wire.members(wire.weekCandle, "rest"), "candle_date_time_utc", `"${start}T00:00:00"`),
          "timestamp",
          String(lastTrade),
        ),
      );
    const interval = (text: string, kind?: RecordedKind) => {
      const recorded = readRecorded(text, kind);
      return "kind" in recorded && recorded.kind === "candles" ? recorded.rows[0]?.interval : told(text, kind);
    };
    assert.strictEqual(interval(rest(wire.dayCandle)), "1d");
    assert.strictEqual(interval(rest(wire.weekCandle)), "1w");
    assert.strictEqual(interval(`[${row("2026-07-01", Date.UTC(2026, 6, 20))}]`), "1M");
    assert.strictEqual(interval(`[${row("2025-01-01", Date.UTC(2025, 11, 31, 23))}]`), "1y");
    assert.strictEqual(interval(`[${row("2026-01-01", Date.UTC(2026, 0, 3))}]`), "failed schema ");
    assert.strictEqual(interval(`[${row("2026-01-01", Date.UTC(2026, 0, 3))}]`, "candles:1y"), "1y");
  });

  it("a candle counts as closed only where the body holds something later than its window", () => {
    const at = (minute: number, lastTrade: number) =>
      wire.write(
        wire.withField(
          wire.withField(wire.members(wire.minuteCandle, "rest"), "candle_date_time_utc", `"2026-07-30T07:${minute}:00"`),
          "timestamp",
          String(lastTrade),
        ),
      );
    const recorded = readRecorded(`[${at(47, Date.UTC(2026, 6, 30, 7, 47, 30))},${at(46, Date.UTC(2026, 6, 30, 7, 46, 58))}]`);
    assert.deepStrictEqual("kind" in recorded && recorded.kind === "candles" ? recorded.rows.map((candle) => candle.state) : [], [
      "forming",
      "closed",
    ]);
  });
});
