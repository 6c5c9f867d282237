import { assert, describe, it } from "@effect/vitest";
import { DataUnavailable, InvalidRequest, NetworkError, RateLimited } from "@naru/router/errors/MarketDataError";
import { Effect } from "effect";
import { reporting } from "../src/failure.ts";
import { held, noFlags } from "./invoke.ts";

const unreachable = new NetworkError({ phase: "dns", host: "api.upbit.com", code: "ENOTFOUND", detail: null });

describe("what a failing command says", () => {
  it.effect("message and hint on stderr, nothing on stdout, and the error's own exit code", () =>
    Effect.gen(function* () {
      const { exitCode, err, out } = yield* held(reporting(noFlags, Effect.fail(unreachable)));
      assert.strictEqual(exitCode, 69);
      assert.deepStrictEqual(err, [
        "naru: The network failed at dns (host api.upbit.com, code ENOTFOUND)",
        "hint: try --venue sim, the emulated exchange, which needs no network",
      ]);
      assert.deepStrictEqual(out, []);
    }),
  );

  it.effect("with --json its document on stdout as well", () =>
    Effect.gen(function* () {
      const limited = new RateLimited({ group: "ticker", scope: "ip", status: 418, retryAfterMs: 60_000, detail: null });
      const { exitCode, documents } = yield* held(reporting({ ...noFlags, json: true }, Effect.fail(limited)));
      assert.strictEqual(exitCode, 75);
      assert.deepInclude(documents()[0], { _tag: "RateLimited", scope: "ip", retryable: true, retryAfterMs: 60_000 });
    }),
  );

  it.effect("hints at the emulated exchange when every tier failed for want of a network, and only then", () =>
    Effect.gen(function* () {
      const hinted = (error: DataUnavailable | InvalidRequest, venue = "upbit") =>
        Effect.map(held(reporting({ ...noFlags, venue }, Effect.fail(error))), ({ err }) =>
          err.some((line) => line.startsWith("hint: try --venue sim")),
        );
      const attempt = { tier: "cold_rest", outcome: "failed" as const, durationMs: 5 };
      const out = new DataUnavailable({
        kind: "ticker",
        market: "KRW-BTC",
        attempts: [{ ...attempt, reason: "TimeoutError: No answer in time at connect" }],
      });
      const down = new DataUnavailable({ kind: "ticker", market: "KRW-BTC", attempts: [{ ...attempt, reason: "UpstreamError: 503" }] });
      assert.isTrue(yield* hinted(out));
      assert.isFalse(yield* hinted(out, "sim"));
      assert.isFalse(yield* hinted(down));
      assert.isFalse(yield* hinted(new InvalidRequest({ field: "market", input: "x", reason: "is wrong" })));
    }),
  );

  it.effect("lets no escape of a message reach the terminal", () =>
    Effect.gen(function* () {
      const { err } = yield* held(
        reporting(noFlags, Effect.fail(new NetworkError({ phase: "body", host: "h", code: null, detail: "\u001b[2J" }))),
      );
      assert.isFalse(err.join("").includes("\u001b"));
    }),
  );
});
