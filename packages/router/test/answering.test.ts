/** From a tier's answer to the caller's: the two ages, and why an old value is old. */
import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import { answerOf, type CallFacts, staleErrorOf, staleReasonOf, waitedAnswer } from "../src/answering.ts";
import * as Errors from "../src/errors/MarketDataError.ts";
import type { TierAnswer } from "../src/tiers/Tier.ts";
import { intent, questions, ticker, trade } from "./samples.ts";

const second = 1_000_000_000n;
const call: CallFacts = {
  venue: "stub",
  simulated: false,
  mode: "normal",
  requestId: "a-1",
  startedNanos: 100n * second,
  ranked: { tiers: [{ tier: "cold_rest", score: 0.4 }], reason: "scored", confidence: 1 },
};

/** Received at 90 s by our monotonic clock, 300 ms after the exchange made it by the wall clocks. */
const held: TierAnswer = {
  value: ticker("100", 1_000),
  channel: "websocket",
  exchangeTimeMs: 1_000,
  receivedNanos: 90n * second,
  receivedMs: 1_300,
  confirmedNanos: 99n * second,
};

const label = (answer: TierAnswer, nowNanos = 100n * second, question = questions.ticker) =>
  answerOf(question, { tier: "hot_cache", answer, attempts: [] }, call, nowNanos).provenance;

describe("the ages of an answer", () => {
  it("are counted from the exchange's making and from the last confirmation", () => {
    const { valueAgeMs, confirmedAgeMs, stale, scores } = label(held);
    assert.deepStrictEqual([valueAgeMs, confirmedAgeMs, stale], [10_300, 1_000, false]);
    assert.deepStrictEqual(scores, { cold_rest: 0.4 });
  });

  it("are never negative, whatever the wall clocks say", () => {
    assert.strictEqual(label({ ...held, receivedMs: -3_600_000 }).valueAgeMs, 10_000);
    const { valueAgeMs, confirmedAgeMs } = label({ ...held, receivedNanos: 101n * second, confirmedNanos: 101n * second, receivedMs: 0 });
    assert.deepStrictEqual([valueAgeMs, confirmedAgeMs], [0, 0]);
  });

  it("leave the way to us out where the exchange gave no time", () => {
    const { valueAgeMs, exchangeTimeMs } = label({ ...held, exchangeTimeMs: null });
    assert.deepStrictEqual([valueAgeMs, exchangeTimeMs], [10_000, null]);
  });

  it("make it stale beyond what the caller accepts, unless it was read for this very call", () => {
    const strict = { ...questions.ticker, intent: { ...intent, maxAgeMs: 500 } };
    assert.deepStrictEqual([label(held, 100n * second, strict).stale, label(held, 100n * second, strict).staleReason], [true, "silent"]);
    const readNow = { ...held, confirmedNanos: 100n * second };
    assert.isFalse(label(readNow, 105n * second, strict).stale);
  });
});

describe("an answer that waited for the others of its list", () => {
  const answer = answerOf(questions.ticker, { tier: "hot_cache", answer: held, attempts: [] }, call, 100n * second);
  const serve = { ...questions.ticker, intent: { ...intent, maxAgeMs: 2_000, onStale: "serve" as const } };
  const fail = { ...questions.ticker, intent: { ...intent, maxAgeMs: 2_000, onStale: "fail" as const } };

  it("grows older meanwhile, and stays fresh as long as its caller accepts that", () => {
    const waited = Result.getOrThrow(waitedAnswer(fail, answer, { waitedMs: 500, callMs: 500 }));
    const { valueAgeMs, confirmedAgeMs, stale } = waited.provenance;
    assert.deepStrictEqual([valueAgeMs, confirmedAgeMs, stale], [10_800, 1_500, false]);
    assert.strictEqual(Result.getOrThrow(waitedAnswer(fail, answer, { waitedMs: 0, callMs: 500 })), answer);
  });

  it("is labelled, or fails and carries the value, once it is too old", () => {
    const waited = Result.getOrThrow(waitedAnswer(serve, answer, { waitedMs: 5_000, callMs: 5_000 }));
    assert.deepStrictEqual([waited.provenance.stale, waited.provenance.staleReason], [true, "silent"]);
    const error = Result.flip(waitedAnswer(fail, answer, { waitedMs: 5_000, callMs: 5_000 }));
    assert.containSubset(Result.getOrThrow(error), { _tag: "StaleData", confirmedAgeMs: 6_000, lastKnown: { price: "100" } });
  });

  it("stays current when it was read for this very call", () => {
    const read = answerOf(
      questions.ticker,
      { tier: "cold_rest", answer: { ...held, confirmedNanos: 100n * second }, attempts: [] },
      call,
      100n * second,
    );
    const waited = Result.getOrThrow(waitedAnswer(fail, read, { waitedMs: 4_900, callMs: 5_000 }));
    assert.deepStrictEqual([waited.provenance.confirmedAgeMs, waited.provenance.stale], [4_900, false]);
  });
});

describe("an old value as an error", () => {
  it("carries single values and lists as JSON", () => {
    const single = staleErrorOf(questions.ticker, { tier: "hot_cache", answer: held }, { simulated: false }, 110n * second, "disconnected");
    assert.strictEqual(single.confirmedAgeMs, 11_000);
    assert.containSubset(single.lastKnown, { price: "100", open: null });
    const list = staleErrorOf(
      questions.trades,
      { tier: "warm_cache_rest", answer: { ...held, value: [trade("7", 1_000)] } },
      { simulated: true },
      110n * second,
      "limited",
    );
    assert.containSubset(list.lastKnown, [{ id: "7", price: "91368000" }]);
  });

  it("says what stood in the way of a newer one", () => {
    const limited = (scope: Errors.RateLimited["scope"]) =>
      new Errors.RateLimited({ group: "x", scope, status: null, retryAfterMs: 1, detail: null });
    const upstream = new Errors.UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null });
    const network = new Errors.NetworkError({ phase: "connect", host: "", code: null, detail: null });
    assert.deepStrictEqual(
      [
        staleReasonOf(limited("ip"), true),
        staleReasonOf(limited("group"), true),
        staleReasonOf(limited("local"), false),
        staleReasonOf(upstream, false),
      ],
      ["banned", "limited", "limited", "upstream"],
    );
    assert.deepStrictEqual([staleReasonOf(network, false), staleReasonOf(network, true)], ["disconnected", "upstream"]);
  });
});
