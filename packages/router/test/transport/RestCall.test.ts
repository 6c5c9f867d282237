/** What one REST call sends, and what it makes of the answer: never a value out of bytes that are not one. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Result } from "effect";
import { TestClock } from "effect/testing";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { Rest } from "../../src/transport/RestCall.ts";
import { bench, during, failureOf, tagOf } from "./restBench.ts";
import { good, limits, response, scriptedTransport, stubVenue, tickerCall } from "./stubVenue.ts";

describe("Rest", () => {
  it.effect("reads a good answer with the exchange's clock and ours", () =>
    bench(
      () => Effect.succeed({ ...good, headers: { ...good.headers, date: "Mon, 05 Jan 2026 00:00:07 GMT", "remaining-req": "3" } }),
      () =>
        Effect.gen(function* () {
          const rest = yield* Rest;
          yield* TestClock.adjust("2 seconds");
          const result = yield* rest.run(tickerCall, { priority: "high", deadlineNanos: 10_000_000_000n });
          assert.deepStrictEqual(result, {
            rows: [{ market: "KRW-BTC" }],
            rejected: [],
            unknownFields: ["new_field"],
            exchangeNowMs: Date.UTC(2026, 0, 5, 0, 0, 7),
            receivedNanos: 2_000_000_000n,
            receivedMs: 2_000,
          });
          assert.strictEqual((yield* RateLimiter).usage("ticker"), 0.7, "the header's word counts");
        }),
    ),
  );

  it.effect("sends nothing but the URL", () => {
    const { requests, layer } = scriptedTransport(() => Effect.succeed(good));
    const services = Layer.fresh(Rest.layer).pipe(Layer.provide([layer, stubVenue(), RateLimiter.layerTest(limits)]));
    return Effect.gen(function* () {
      yield* (yield* Rest).run(tickerCall, { priority: "normal", deadlineNanos: 1_000_000_000n });
      assert.deepStrictEqual(requests, [{ url: tickerCall.url, headers: {} }]);
    }).pipe(Effect.provide(services));
  });

  it.effect("a body cut at any byte is a DecodeError, never a value, and is asked for again (A11)", () =>
    Effect.forEach(Array.from({ length: good.body.length }), (_, length) =>
      bench(
        (index) => Effect.succeed(index === 0 ? { ...good, body: good.body.slice(0, length) } : good),
        ({ run, sends, attempts }) =>
          Effect.gen(function* () {
            assert.strictEqual(tagOf(yield* during("1 second", run())), "answered");
            assert.strictEqual(sends(), 2);
            assert.strictEqual(attempts[0]?.outcome, "DecodeError");
          }),
      ),
    ),
  );

  it.effect("refuses invalid UTF-8 instead of repairing it (A12)", () =>
    Effect.forEach([2, 10, good.body.length - 3], (offset) =>
      bench(
        () => Effect.succeed({ ...good, body: good.body.with(offset, 0xff) }),
        ({ run }) =>
          Effect.gen(function* () {
            const result = yield* during("5 seconds", run());
            assert.deepInclude(failureOf(result), { _tag: "DecodeError", stage: "utf8" });
          }),
      ),
    ),
  );

  it.effect("an HTML page under 200 is the exchange's failure, whatever it says, and counts against it (A13)", () =>
    bench(
      () => Effect.succeed(response(200, "[]", { "content-type": "text/html; charset=utf-8" })),
      ({ run, breakerOpenMs }) =>
        Effect.gen(function* () {
          const result = yield* during("1 second", run());
          assert.deepInclude(failureOf(result), { _tag: "UpstreamError", status: 200, detail: "unexpected text/html" });
          assert.isAbove(breakerOpenMs(), 0);
        }),
    ),
  );

  it.effect("accepts an answer that reads well under a wrong content type (A14)", () =>
    bench(
      () => Effect.succeed(response(200, '[{"market":"KRW-BTC"}]', { "content-type": "text/plain" })),
      ({ run, sends }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* run(), Result.succeed({ market: "KRW-BTC" }));
          assert.strictEqual(sends(), 1);
        }),
    ),
  );

  it.effect("never takes an answer about another market for its own (A21)", () =>
    bench(
      () => Effect.succeed(response(200, '[{"market":"KRW-BTC"},{"market":"KRW-ETH"}]')),
      ({ run }) =>
        Effect.gen(function* () {
          const result = yield* during("5 seconds", run(5_000, { expects: ({ market }) => market === "KRW-BTC" }));
          assert.deepInclude(failureOf(result), { _tag: "DecodeError", stage: "answer", path: "[1]" });
        }),
    ),
  );
});
