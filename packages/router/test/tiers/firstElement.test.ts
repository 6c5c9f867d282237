import { assert, it } from "@effect/vitest";
import * as Errors from "../../src/errors/MarketDataError.ts";
import { attemptsWithin, waitCauseOf } from "../../src/tiers/firstElement.ts";

it("attempts grow until the caller's time ends them", () => {
  const within = (boundMs: number) => attemptsWithin([200, 500, 1_000], boundMs);
  assert.deepStrictEqual(within(5_000), [200, 500, 1_000]);
  assert.deepStrictEqual(within(1_700), [200, 500, 1_000]);
  assert.deepStrictEqual(within(1_000), [200, 500, 300]);
  assert.deepStrictEqual(within(700), [200, 500]);
  assert.deepStrictEqual(within(120), [120]);
  assert.deepStrictEqual(attemptsWithin([], 300), [300]);
  for (let boundMs = 1; boundMs < 3_000; boundMs += 7)
    assert.isAtMost(
      within(boundMs).reduce((sum, ms) => sum + ms, 0),
      boundMs,
    );
});

it("the end of an attempt has one of six causes, read from its error", () => {
  const timeout = (phase: "first-frame" | "upgrade") => new Errors.TimeoutError({ phase, timeoutMs: 1, detail: null });
  const limited = new Errors.RateLimited({ group: "socket", scope: "socket-connect", status: 429, retryAfterMs: 1, detail: null });
  const stale = new Errors.StaleData({
    kind: "ticker",
    market: "KRW-BTC",
    confirmedAgeMs: 1,
    maxAgeMs: 1,
    staleReason: "silent",
    simulated: false,
    lastKnown: null,
  });
  const causes: ReadonlyArray<readonly [Errors.MarketDataError, string]> = [
    [new Errors.NetworkError({ phase: "socket", host: "", code: "1006", detail: null }), "connection"],
    [new Errors.UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null }), "connection"],
    [new Errors.Closed({ what: "The live side" }), "connection"],
    [timeout("upgrade"), "connection"],
    [new Errors.InvalidRequest({ field: "request", input: "", reason: "WRONG_FORMAT" }), "subscription"],
    [new Errors.MarketUnknown({ market: "KRW-BTD", venue: "upbit", near: [] }), "subscription"],
    [new Errors.Overloaded({ what: "subscriptions", limit: 1, retryAfterMs: 0 }), "subscription"],
    [timeout("first-frame"), "data"],
    [limited, "limited"],
    [new Errors.DecodeError({ stage: "schema", path: "", detail: "" }), "decode"],
    [stale, "stale"],
  ];
  for (const [error, cause] of causes) assert.strictEqual(waitCauseOf(error), cause, error._tag);
});
