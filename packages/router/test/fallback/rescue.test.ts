/** What each failure of a router means for the one who stands behind it. */
import { assert, describe, it } from "@effect/vitest";
import * as Errors from "../../src/errors/MarketDataError.ts";
import { endOfAnswer, endOfError, isTelling } from "../../src/fallback/rescue.ts";

const stale = (staleReason: "limited" | "banned" | "disconnected" | "upstream") =>
  new Errors.StaleData({
    kind: "ticker",
    market: "KRW-BTC",
    confirmedAgeMs: 1,
    maxAgeMs: 0,
    staleReason,
    simulated: true,
    lastKnown: null,
  });
const limited = (scope: "local" | "group", status: number | null) =>
  new Errors.RateLimited({ group: "ticker", scope, status, retryAfterMs: 1, detail: null });
const network = new Errors.NetworkError({ phase: "connect", host: "", code: null, detail: null });
const deadline = (timeoutMs: number) => new Errors.TimeoutError({ phase: "deadline", timeoutMs, detail: null });

describe("the scenario catalogue", () => {
  it("sorts every error by whether asking directly can help, and whose failure it is (R002-02, R002-45)", () => {
    const catalogue = [
      [new Errors.InvalidRequest({ field: "", input: "", reason: "" }), "final"],
      [new Errors.MarketUnknown({ market: "", venue: "", near: [] }), "final"],
      [new Errors.NeverTraded({ market: "" }), "final"],
      [new Errors.Unauthorized({ channel: "rest", name: "", status: 401, detail: null }), "final"],
      [new Errors.Overloaded({ what: "", limit: 1, retryAfterMs: 1 }), "final"],
      [limited("local", null), "final"],
      [limited("group", 429), "limited"],
      [stale("limited"), "final"],
      [stale("banned"), "final"],
      [stale("disconnected"), "failed"],
      [stale("upstream"), "failed"],
      [new Errors.Closed({ what: "" }), "dead"],
      [network, "failed"],
      [new Errors.NetworkError({ phase: "tls", host: "", code: null, detail: null }), "limited"],
      [deadline(5_000), "failed"],
      [new Errors.DecodeError({ stage: "schema", path: "", detail: "" }), "failed"],
      [new Errors.UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null }), "failed"],
      [new Errors.CircuitOpen({ target: "", retryAfterMs: 1 }), "failed"],
      [new Errors.DataUnavailable({ kind: "", market: "", attempts: [] }), "failed"],
    ] as const;
    for (const [error, end] of catalogue) assert.strictEqual(endOfError(error), end, error._tag);
  });

  it("takes an old value for no answer, unless its caller chose it or a limit made it", () => {
    const ends = ([null, "transition", "limited", "banned", "disconnected", "silent", "upstream"] as const).map((staleReason) =>
      endOfAnswer({ staleReason }),
    );
    assert.deepStrictEqual(ends, ["answered", "answered", "final", "final", "failed", "failed", "failed"]);
  });

  it("lets breakers and short deadlines say nothing about anybody", () => {
    assert.deepStrictEqual(
      [network, deadline(2_000), deadline(1_999), new Errors.CircuitOpen({ target: "", retryAfterMs: 1 })].map(isTelling),
      [true, true, false, false],
    );
  });
});
