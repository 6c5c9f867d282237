/** What the checker of candles calls a breach and what it lets pass, against a market that trades once a minute but for the third. */
import { assert, describe, it } from "@effect/vitest";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Candle } from "@naru/router/domain/Candle";
import type { Market } from "@naru/router/domain/Market";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { isAfter, type TradeRow } from "@naru/sim/market/Trade";
import { CandleCheck, type CandleTruth } from "../../src/world/checks/CandleCheck.ts";
import { Findings } from "../../src/world/Violation.ts";

const market = "KRW-BTC" as Market;
const minute = 60_000;
const tape: ReadonlyArray<TradeRow> = [0, 1, 2, 4, 5, 6].map((at) => ({ ms: at * minute + 5, n: 0, price: 1, size: 1, bid: true }));
/** A candle's close is 1 where it is right. */
const truth: CandleTruth = {
  faultOfCandle: ({ close, openTimeMs }) => (close.number === 1 ? undefined : `the candle of minute ${openTimeMs / minute} is wrong`),
  tradesBetween: (_market, after, upTo) => tape.filter((row) => isAfter(row, after) && !isAfter(row, upTo)),
};

const one = Decimal.of("1");
const candle = (at: number, state: Candle["state"], close = 1): Candle => ({
  market,
  interval: "1m",
  openTimeMs: at * minute,
  open: one,
  high: one,
  low: one,
  close: Decimal.of(String(close)),
  volume: one,
  value: one,
  lastTradeTimeMs: at * minute + 5,
  state,
});
const live = (at: number, state: Candle["state"] = "closed", close = 1): StreamElement<Candle> => ({
  _tag: "Live",
  market,
  value: candle(at, state, close),
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});
const late = (at: number, state: Candle["state"] = "closed", close = 1): StreamElement<Candle> => ({
  _tag: "Recovered",
  market,
  value: candle(at, state, close),
  late: true,
  receivedTimeMs: 0,
});
const gap = (from: number, to: number): StreamElement<Candle> => ({
  _tag: "Gap",
  kind: "candles",
  market,
  fromMs: from * minute,
  toMs: to * minute,
  reason: "",
});

const breaches = (elements: ReadonlyArray<StreamElement<Candle>>, end: "finish" | "leave" = "finish"): ReadonlyArray<string> => {
  const findings = new Findings(() => 0);
  const check = new CandleCheck("one", [market], truth, findings);
  for (const element of elements) check.element(element);
  check[end]();
  return findings.violations.map(({ detail }) => detail);
};

describe("the checker of candles", () => {
  it("asks for each window with trades, once, in order, and for none without", () => {
    assert.deepStrictEqual(breaches([live(0, "forming"), live(0), live(1), live(2), live(4), live(5)]), []);
    assert.deepStrictEqual(breaches([live(1), live(1)]), ["one: the closed candle 60000 of KRW-BTC came twice"]);
    assert.deepStrictEqual(breaches([live(1), live(2), live(0)]), ["one: the closed candle 0 of KRW-BTC came after that of 120000"]);
  });

  it("lets a window come late, or lie in a gap that was told before; else it is lost", () => {
    assert.deepStrictEqual(breaches([live(0), live(2), late(1)]), []);
    assert.deepStrictEqual(breaches([live(0), gap(1, 2), live(2)]), []);
    assert.match(breaches([live(0), live(2)])[0] ?? "", /was not given the closed candle of KRW-BTC with the trade of 60005/);
    assert.strictEqual(breaches([live(0), live(2), gap(1, 2)]).length, 1);
  });

  it("judges the last word on a window, and wants a correction to say what it is", () => {
    assert.deepStrictEqual(breaches([live(0, "closed", 2), live(1), late(0, "corrected")]), []);
    assert.deepStrictEqual(breaches([live(0, "closed", 2), live(1)]), ["one: the candle of minute 0 is wrong"]);
    assert.deepStrictEqual(breaches([live(0), late(0, "corrected", 2)]), ["one: the candle of minute 0 is wrong"]);
    assert.match(breaches([live(0), live(1), late(1)])[0] ?? "", /came twice/);
    assert.match(breaches([live(0), live(2), late(1, "corrected")])[0] ?? "", /corrected before it was given/);
    assert.deepStrictEqual(breaches([live(0, "forming", 2)]), ["one: the candle of minute 0 is wrong"]);
  });

  it("does not ask a consumer that leaves for what might still have come", () => {
    assert.deepStrictEqual(breaches([live(0), live(1), live(2, "closed", 2)], "leave"), []);
    assert.strictEqual(breaches([live(0), live(1, "closed", 2), live(2)], "leave").length, 1);
  });
});
