import { assert, describe, it } from "@effect/vitest";
import {
  Closed,
  DecodeError,
  InvalidRequest,
  type MarketDataError,
  MarketUnknown,
  NetworkError,
  Overloaded,
  StaleData,
  TimeoutError,
} from "../../src/errors/MarketDataError.ts";
import { LiveNumbers } from "../../src/health/LiveNumbers.ts";
import { receiveFailureOf, receiveFailures } from "../../src/health/receiveFailure.ts";

const errors: ReadonlyArray<readonly [cause: string, error: MarketDataError]> = [
  ["connection", new NetworkError({ phase: "socket", host: "stub.test", code: null, detail: "closed 1006" })],
  ["connection", new TimeoutError({ phase: "upgrade", timeoutMs: 5_000, detail: "stub.test" })],
  ["connection", new Closed({ what: "The live side" })],
  ["subscription", new InvalidRequest({ field: "type", input: "", reason: "is missing" })],
  ["subscription", new MarketUnknown({ market: "KRW-BTD", venue: "stub", near: [] })],
  ["data", new TimeoutError({ phase: "first-frame", timeoutMs: 1_000, detail: "ticker:KRW-BTC" })],
  ["limited", new Overloaded({ what: "subscriptions started by reads", limit: 200, retryAfterMs: 0 })],
  ["decode", new DecodeError({ stage: "json", path: "", detail: "torn" })],
  [
    "stale",
    new StaleData({
      kind: "ticker",
      market: "KRW-BTC",
      confirmedAgeMs: 5_000,
      maxAgeMs: 2_000,
      staleReason: "silent",
      simulated: true,
      lastKnown: null,
    }),
  ],
];

describe("what the live side did not bring", () => {
  it("has one of six causes, counted apart, the last one told with its words (R003-20)", () => {
    const numbers = new LiveNumbers(0);
    for (const [cause, error] of errors) {
      assert.strictEqual(receiveFailureOf(error), cause);
      numbers.failed(receiveFailureOf(error), 1_000, error.message);
    }
    const { failures, lastFailure } = numbers.toMetrics(1_500);
    assert.deepStrictEqual(failures, { connection: 3, subscription: 2, data: 1, limited: 1, decode: 1, stale: 1 });
    assert.deepStrictEqual(Object.keys(failures), [...receiveFailures]);
    assert.deepInclude(lastFailure, { cause: "stale", ageMs: 500 });
  });

  it("is counted for a change that failed, once, and not for a key that was not being changed", () => {
    const numbers = new LiveNumbers(0);
    const id = "ticker:KRW-BTC" as never;
    numbers.changeFailed(id, 10, "data");
    numbers.changeStarted(id, "swap", 20);
    numbers.changeFailed(id, 30, "data");
    numbers.changeFailed(id, 40, "data");
    assert.strictEqual(numbers.toMetrics(40).failures.data, 1);
    assert.deepStrictEqual(numbers.toMetrics(40).lastFailure, { cause: "data", detail: "ticker:KRW-BTC", ageMs: 10 });
  });
});
