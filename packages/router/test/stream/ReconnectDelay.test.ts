import { assert, describe, it } from "@effect/vitest";
import { InvalidRequest, NetworkError, RateLimited } from "../../src/errors/MarketDataError.ts";
import { delayAfterMs } from "../../src/stream/ReconnectDelay.ts";
import type { SessionEnd } from "../../src/transport/SessionEnd.ts";

const closed = (code: number): SessionEnd => ({ _tag: "Closed", code, reason: "" });
const failed = (error: NetworkError | RateLimited | InvalidRequest): SessionEnd => ({ _tag: "Failed", error, opened: false });
const network = new NetworkError({ phase: "connect", host: "h", code: null, detail: null });
const limited = new RateLimited({ group: "socket", scope: "socket-connect", status: 429, retryAfterMs: 3_000, detail: null });
const invalid = new InvalidRequest({ field: "request", input: "", reason: "wrong" });
const almost1 = 1 - Number.EPSILON;

/** The shortest and the longest wait after an ending, rounded. */
const range = (end: SessionEnd, failures: number, refusals = 0, sameCodeAgoMs: ReadonlyArray<number> = []): readonly [number, number] => [
  Math.round(delayAfterMs(end, { failures, refusals, sameCodeAgoMs, random01: 0 })),
  Math.round(delayAfterMs(end, { failures, refusals, sameCodeAgoMs, random01: almost1 })),
];

describe("the wait before the next connect", () => {
  it.each<[string, SessionEnd, number, number, readonly [number, number]]>([
    ["a first loss", closed(1006), 0, 0, [0, 500]],
    ["a normal close", closed(1000), 0, 0, [0, 500]],
    ["a second loss", closed(1006), 1, 0, [0, 1_000]],
    ["the fourth hang-up in a row", closed(1006), 3, 0, [2_000, 4_000]],
    ["a hundred hang-ups in a row", closed(1006), 100, 0, [15_000, 30_000]],
    ["a silent peer", { _tag: "Silent", silentMs: 15_000 }, 0, 0, [0, 500]],
    ["a peer out of reach for half a minute", failed(network), 5, 0, [0, 16_000]],
    ["a peer out of reach for long", failed(network), 5_000, 0, [15_000, 30_000]],
    ["a policy violation", closed(1008), 0, 0, [5_000, 10_000]],
    ["a restart", closed(1012), 0, 0, [5_000, 30_000]],
    ["try again later", closed(1013), 0, 0, [5_000, 10_000]],
    ["a limit that says when it ends", failed(limited), 0, 0, [3_000, 4_000]],
    ["a request that is wrong, once", failed(invalid), 0, 1, [0, 500]],
    ["a request that is wrong, again", failed(invalid), 1, 2, [5_000, 5_000]],
  ])("after %s", (_name, end, failures, refusals, expected) => {
    assert.deepStrictEqual(range(end, failures, refusals), expected);
  });

  it("after the fourth policy violation in five minutes waits until the first is forgotten (B10)", () => {
    assert.deepStrictEqual(range(closed(1008), 3, 0, [10_000, 20_000]), [5_000, 10_000]);
    assert.deepStrictEqual(range(closed(1008), 3, 0, [10_000, 20_000, 30_000]), [270_000, 270_000]);
    // Other endings that come as often are answered by the growing backoff alone.
    assert.deepStrictEqual(range(closed(1013), 3, 0, [10_000, 20_000, 30_000]), [5_000, 10_000]);
  });
});
