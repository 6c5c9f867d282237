import { assert, describe, it } from "@effect/vitest";
import type { BarElement } from "@naru/router/domain/Bar";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import { barLines, barToJson } from "../../src/render/bars.ts";
import { plain } from "../../src/render/style.ts";

const openTimeMs = Date.UTC(2026, 0, 5, 3);
const closeTimeMs = openTimeMs + 60_000;
const simulated = { venue: "sim", simulated: true };
const candle = (market: string): Candle => {
  const price = Decimal.of("1000");
  const figures = { open: price, high: price, low: price, close: price, volume: Decimal.of("0.5"), value: Decimal.of("500") };
  return {
    market: market as Market,
    interval: "1m",
    openTimeMs,
    ...figures,
    lastTradeTimeMs: openTimeMs,
    state: "closed",
    proof: "trades",
  };
};

const bar: BarElement = {
  _tag: "Bar",
  interval: "1m",
  openTimeMs,
  closeTimeMs,
  candles: [candle("KRW-BTC")],
  empty: ["KRW-ETH" as Market],
  unproved: [{ market: "KRW-XRP" as Market, reason: "its feed is interrupted" }],
  delayMs: 31.4,
};

describe("bars", () => {
  it("are a line for the window and one for each candle while they are few; a correction and a gap say so", () => {
    assert.deepStrictEqual(barLines(bar, simulated, plain), [
      "SIM  2026-01-05 12:00:00  BAR  1m  1 traded  1 empty  1 unproved: KRW-XRP (its feed is interrupted)  31 ms after its end",
      "SIM  2026-01-05 12:00:00  KRW-BTC  1m  open 1,000  high 1,000  low 1,000  close 1,000  volume 0.5  closed",
    ]);
    const { delayMs, ...window } = bar;
    assert.strictEqual(delayMs, 31.4);
    const many = Array.from({ length: 13 }, (_, at) => candle(`KRW-A${at}`));
    const correction = { ...window, _tag: "BarCorrection", candles: many, unproved: [] } as const;
    assert.deepStrictEqual(barLines(correction, { ...simulated, simulated: false }, plain), [
      "2026-01-05 12:00:00  CORRECTION  1m  13 traded  1 empty",
    ]);
    const gap = {
      _tag: "Gap",
      kind: "candles",
      market: "KRW-BTC" as Market,
      fromMs: openTimeMs,
      toMs: closeTimeMs,
      reason: "asleep",
    } as const;
    assert.match(barLines(gap, simulated, plain).join(), /GAP {2}candles of KRW-BTC since 2026-01-05 12:00:00.000: asleep/);
  });

  it("are one JSON document each, with times in UTC and exact decimals", () => {
    const document = JSON.parse(JSON.stringify(barToJson(bar, simulated)));
    assert.deepInclude(document, {
      type: "Bar",
      kind: "bars",
      venue: "sim",
      simulated: true,
      interval: "1m",
      openTime: "2026-01-05T03:00:00.000Z",
      closeTime: "2026-01-05T03:01:00.000Z",
      empty: ["KRW-ETH"],
      unproved: [{ market: "KRW-XRP", reason: "its feed is interrupted" }],
      delayMs: 31.4,
    });
    assert.deepInclude(document.candles[0], { market: "KRW-BTC", close: "1000", proof: "trades" });
  });
});
