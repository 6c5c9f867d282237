/** What the checker of trades calls a breach and what it lets pass, each against a tape of ten trades, one a second. */
import { assert, describe, it } from "@effect/vitest";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { isAfter, sequentialId, type TradeRow } from "@naru/sim/market/Trade";
import { TradeCheck, type TradeTruth } from "../../src/world/checks/TradeCheck.ts";
import { Findings } from "../../src/world/Violation.ts";

const market = "KRW-BTC" as Market;
/** The second is the trade's name; two happen in the fifth. */
const tape: ReadonlyArray<TradeRow> = [1, 2, 3, 4, 5, 5, 6, 7, 8, 9].map((second, at, all) => ({
  ms: second * 1_000,
  n: all[at - 1] === second ? 1 : 0,
  price: 1,
  size: 1,
  bid: true,
}));
const truth: TradeTruth = {
  faultOfTrade: ({ id }) => (tape.some((row) => sequentialId(row) === id) ? undefined : `${id} never happened`),
  tradesBetween: (_market, after, upTo) => tape.filter((row) => isAfter(row, after) && !isAfter(row, upTo)),
};

const value = (second: number, n = 0): Trade => ({
  market,
  id: sequentialId({ ms: second * 1_000, n }),
  price: Decimal.of("1"),
  volume: Decimal.of("1"),
  side: "buy",
  tradeTimeMs: second * 1_000,
});
const live = (second: number, late = false, n = 0): StreamElement<Trade> => ({
  _tag: "Live",
  market,
  value: value(second, n),
  snapshot: false,
  channel: "websocket",
  late,
  receivedTimeMs: 0,
});
const recovered = (second: number, late = false): StreamElement<Trade> => ({
  _tag: "Recovered",
  market,
  value: value(second),
  late,
  receivedTimeMs: 0,
});
const gap = (from: number, to: number): StreamElement<Trade> => ({
  _tag: "Gap",
  kind: "trades",
  market,
  fromMs: from * 1_000,
  toMs: to * 1_000,
  reason: "",
});

const check = (elements: ReadonlyArray<StreamElement<Trade>>, end: (check: TradeCheck) => void): ReadonlyArray<string> => {
  const findings = new Findings(() => 0);
  const checker = new TradeCheck("one", { markets: [market], pauseMs: 0 }, truth, findings);
  for (const element of elements) checker.element(element);
  end(checker);
  return findings.violations.map(({ detail }) => detail.replaceAll("0000000", ""));
};
const atQuiet = (checker: TradeCheck) => checker.finish(9_500);
const rest = [live(5), live(5, false, 1), live(6), live(7), live(8), live(9)];

describe("the checker of trades lets pass", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<StreamElement<Trade>>]> = [
    ["a stream that begins anywhere and has all from there on", [live(3), live(4), ...rest]],
    ["a hole that is told before the next trade", [live(3), gap(3, 5), ...rest]],
    ["a hole that is filled in its place", [live(3), recovered(4), ...rest]],
    [
      "a trade that comes late and says so, live or recovered",
      [live(2), live(4), live(3, true), live(6), recovered(5, true), live(5, true, 1), live(7), live(8), live(9)],
    ],
    ["two of one millisecond in the order they came", [live(4), live(5, false, 1), live(5), ...rest.slice(2)]],
    ["a late trade of before the stream", [live(3), live(2, true), live(4), ...rest]],
  ];
  for (const [title, elements] of cases) it(title, () => assert.deepStrictEqual(check(elements, atQuiet), []));

  it("what was passed over shortly before its consumer left", () => {
    assert.deepStrictEqual(
      check([live(3), live(5)], (checker) => checker.leave()),
      [],
    );
  });
});

describe("the checker of trades reports", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<StreamElement<Trade>>, RegExp]> = [
    ["a trade that never comes", [live(3), ...rest], /lost 1 trades/],
    ["one of a millisecond that never comes", [live(3), live(4), live(5), live(6), live(7), live(8), live(9)], /lost 1 trades/],
    ["a hole that is told only after the next trade", [live(3), live(5), gap(3, 5), ...rest.slice(1)], /lost 1 trades/],
    ["a hole that is told too small", [live(2), gap(2, 3), ...rest], /lost 1 trades/],
    ["a trade that comes late and does not say so", [live(3), live(5), live(4), ...rest.slice(1)], /after/],
    ["a recovered trade that comes late and does not say so", [live(3), live(5), recovered(4), ...rest.slice(1)], /after/],
    ["a trade that comes twice, however it is marked", [live(3), live(4), recovered(4, true), ...rest], /twice/],
    ["a trade that never happened", [live(3), live(4), live(5, false, 7), ...rest], /never happened/],
    ["the end of the tape that never comes", [live(3), live(4), ...rest.slice(0, -1)], /lost 1 trades/],
  ];
  for (const [title, elements, expected] of cases)
    it(title, () => {
      const found = check(elements, atQuiet);
      assert.strictEqual(found.length, 1, found.join());
      assert.match(found[0] ?? "", expected);
    });

  it("what was passed over long before its consumer left, and once only", () => {
    const findings = new Findings(() => 0);
    const checker = new TradeCheck("one", { markets: [market], pauseMs: 0 }, { ...truth, faultOfTrade: () => undefined }, findings);
    for (const element of [live(3), live(5), ...rest.slice(1), live(30)]) checker.element(element);
    checker.leave();
    checker.leave();
    assert.strictEqual(findings.violations.length, 1);
  });
});
