/** The union of errors: complete, structured, honest about retrying, and worded the same way every time. */
import { assert, describe, expect, it } from "@effect/vitest";
import { Effect, Runtime, Schema } from "effect";
import { errorToJson } from "../../src/domain/Answer.ts";
import * as Errors from "../../src/errors/MarketDataError.ts";

type Tag = Errors.MarketDataError["_tag"];

/** One of each. */
const samples: { readonly [T in Tag]: Extract<Errors.MarketDataError, { readonly _tag: T }> } = {
  RateLimited: new Errors.RateLimited({ group: "ticker", scope: "group", status: 429, retryAfterMs: 1_000, detail: null }),
  Unauthorized: new Errors.Unauthorized({ channel: "websocket", name: "INVALID_AUTH", status: null, detail: null }),
  InvalidRequest: new Errors.InvalidRequest({
    field: "interval",
    input: "2m",
    reason: "is not a candle interval",
    hint: "did you mean 3m?",
  }),
  MarketUnknown: new Errors.MarketUnknown({ market: "KRW-BTD", venue: "upbit", near: ["KRW-BTC", "KRW-BTT"] }),
  NetworkError: new Errors.NetworkError({ phase: "connect", host: "api.upbit.com", code: "ECONNREFUSED", detail: null }),
  TimeoutError: new Errors.TimeoutError({ phase: "deadline", timeoutMs: 5_000, detail: "cold_rest: too slow" }),
  DecodeError: new Errors.DecodeError({ stage: "schema", path: "[3].trade_price", detail: "Expected number" }),
  UpstreamError: new Errors.UpstreamError({ status: 503, name: null, detail: "maintenance", retryAfterMs: 30_000 }),
  CircuitOpen: new Errors.CircuitOpen({ target: "candle", retryAfterMs: 5_000 }),
  StaleData: new Errors.StaleData({
    kind: "ticker",
    market: "KRW-BTC",
    confirmedAgeMs: 4_000,
    maxAgeMs: 2_000,
    staleReason: "disconnected",
    simulated: false,
    lastKnown: { price: "91368000", open: null },
  }),
  NeverTraded: new Errors.NeverTraded({ market: "KRW-NEW" }),
  DataUnavailable: new Errors.DataUnavailable({
    kind: "ticker",
    market: "KRW-BTC",
    attempts: [
      { tier: "hot_cache", outcome: "missed", reason: "absent", durationMs: 0 },
      { tier: "cold_rest", outcome: "failed", reason: "NetworkError: reset", durationMs: 12.5 },
    ],
  }),
  Overloaded: new Errors.Overloaded({ what: "callers", limit: 10_000, retryAfterMs: 100 }),
  SlowConsumer: new Errors.SlowConsumer({ kind: "trades", capacity: 4_096, dropped: 7 }),
  StreamGap: new Errors.StreamGap({ kind: "trades", market: "KRW-BTC", fromMs: 1_000, toMs: 2_000, reason: "too_far_back" }),
  StorageError: new Errors.StorageError({ operation: "open", path: "/state/history.db", code: "EACCES", detail: null }),
  ConfigError: new Errors.ConfigError({ setting: "NARU_DEADLINE", input: "soon", reason: "is not a duration" }),
  Closed: new Errors.Closed({ what: "the client" }),
};

const all = Errors.errorTags.map((tag) => samples[tag]);

describe("MarketDataError", () => {
  it("has every member of the union in the list of tags, once", () => {
    assert.sameMembers([...Errors.errorTags], Object.keys(samples));
    assert.deepStrictEqual(
      Errors.MarketDataError.members.map((member) => member.identifier),
      [...Errors.errorTags],
    );
    for (const tag of Errors.errorTags) assert.strictEqual(samples[tag]._tag, tag);
  });

  it("goes through JSON and back as the same error, and never looks like a success (R001-18)", () => {
    const codec = Schema.toCodecJson(Errors.MarketDataError);
    for (const error of all) {
      const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(error)));
      const back = Schema.decodeUnknownSync(codec)(wire);
      assert.strictEqual(back.constructor, error.constructor);
      assert.strictEqual(back.message, error.message);
      assert.deepStrictEqual(Schema.encodeSync(codec)(back), Schema.encodeSync(codec)(error));
      const document = errorToJson(error) as { readonly [key: string]: unknown };
      assert.strictEqual(document._tag, error._tag);
      assert.strictEqual(document.message, error.message);
      assert.strictEqual(document.retryable, error.retryable);
      assert.strictEqual(document.retryAfterMs, error.retryAfterMs);
      assert.notProperty(document, "success");
    }
  });

  it("says what happened, the facts, and a hint, in that order", () => {
    expect(all.map((error) => `${error._tag}: ${error.message}`)).toMatchInlineSnapshot(`
      [
        "RateLimited: A rate limit was reached (group ticker, scope group, status 429, retryAfterMs 1000)",
        "Unauthorized: The exchange refused the credentials (channel websocket, name INVALID_AUTH)",
        "InvalidRequest: interval "2m" is not a candle interval — did you mean 3m?",
        "MarketUnknown: upbit has no market KRW-BTD — did you mean KRW-BTC or KRW-BTT?",
        "NetworkError: The network failed at connect (host api.upbit.com, code ECONNREFUSED)",
        "TimeoutError: No answer in time at deadline (timeoutMs 5000, detail cold_rest: too slow)",
        "DecodeError: The payload cannot be read (schema) (path [3].trade_price, detail Expected number)",
        "UpstreamError: The exchange could not answer (status 503, detail maintenance, retryAfterMs 30000)",
        "CircuitOpen: Not asked: recent attempts failed (target candle, retryAfterMs 5000)",
        "StaleData: The last known ticker of KRW-BTC is too old (confirmedAgeMs 4000, maxAgeMs 2000, staleReason disconnected) — onStale: "serve" accepts it with a label",
        "NeverTraded: KRW-NEW has not been traded yet — its stream tells the first price",
        "DataUnavailable: No ticker of KRW-BTC from any of 2 tiers (tried hot_cache: absent; cold_rest: NetworkError: reset)",
        "Overloaded: Too much at once: callers (limit 10000, retryAfterMs 100)",
        "SlowConsumer: The consumer of trades is too slow (capacity 4096, dropped 7)",
        "StreamGap: trades of KRW-BTC have a hole that could not be filled (fromMs 1000, toMs 2000, reason too_far_back) — onGap: "skip" goes on without them",
        "StorageError: Storage failed at open (path /state/history.db, code EACCES)",
        "ConfigError: Setting NARU_DEADLINE "soon" is not a duration",
        "Closed: the client is closed",
      ]
    `);
  });

  it("leaves out facts it does not have", () => {
    const bare = new Errors.NetworkError({ phase: "dns", host: "", code: null, detail: null });
    assert.strictEqual(bare.message, "The network failed at dns");
    assert.strictEqual(new Errors.MarketUnknown({ market: "KRW-X", venue: "upbit", near: [] }).message, "upbit has no market KRW-X");
  });

  it("says whether trying again can help", () => {
    const hopeless = all.filter((error) => !error.retryable).map((error) => error._tag);
    assert.sameMembers(hopeless, [
      "Unauthorized",
      "InvalidRequest",
      "MarketUnknown",
      "TimeoutError",
      "DecodeError",
      "StorageError",
      "ConfigError",
      "Closed",
    ]);
    const network = (phase: Errors.NetworkError["phase"]) =>
      new Errors.NetworkError({ phase, host: "", code: null, detail: null }).retryable;
    assert.deepStrictEqual((["dns", "connect", "send", "headers", "body", "upgrade", "socket"] as const).map(network), Array(7).fill(true));
    assert.isFalse(network("tls"));
    const timeout = (phase: Errors.TimeoutError["phase"]) => new Errors.TimeoutError({ phase, timeoutMs: 1, detail: null }).retryable;
    assert.deepStrictEqual(
      (["connect", "headers", "body", "attempt", "upgrade", "first-frame"] as const).map(timeout),
      Array(6).fill(true),
    );
    const decode = (stage: Errors.DecodeError["stage"]) => new Errors.DecodeError({ stage, path: "", detail: "" }).retryable;
    assert.deepStrictEqual((["bytes", "content-type", "utf8", "json", "answer"] as const).map(decode), Array(5).fill(true));
    assert.isFalse(decode("size"));
    const upstream = (status: number) => new Errors.UpstreamError({ status, name: null, detail: null, retryAfterMs: null }).retryable;
    assert.deepStrictEqual([200, 302, 404, 500, 503, 599].map(upstream), [true, false, false, true, true, true]);
  });

  it("has the exit code of its class of trouble", () => {
    assert.deepStrictEqual(Object.fromEntries(all.map((error) => [error._tag, error[Runtime.errorExitCode]])), {
      RateLimited: 75,
      Unauthorized: 77,
      InvalidRequest: 64,
      MarketUnknown: 66,
      NetworkError: 69,
      TimeoutError: 69,
      DecodeError: 65,
      UpstreamError: 69,
      CircuitOpen: 75,
      StaleData: 75,
      NeverTraded: 75,
      DataUnavailable: 69,
      Overloaded: 75,
      SlowConsumer: 69,
      StreamGap: 69,
      StorageError: 74,
      ConfigError: 78,
      Closed: 69,
    });
  });

  it.effect("is caught by tag, and what was caught is gone from the type", () =>
    Effect.gen(function* () {
      const ask = (error: Errors.MarketDataError): Effect.Effect<string, Errors.MarketDataError> => Effect.fail(error);
      const caught = (error: Errors.MarketDataError) =>
        ask(error).pipe(
          Effect.catchTags({
            RateLimited: ({ retryAfterMs }) => Effect.succeed(`wait ${retryAfterMs}`),
            Unauthorized: ({ name }) => Effect.succeed(`refused: ${name}`),
          }),
        );
      assert.strictEqual(yield* caught(samples.RateLimited), "wait 1000");
      assert.strictEqual(yield* caught(samples.Unauthorized), "refused: INVALID_AUTH");
      const rest: Effect.Effect<string, Exclude<Errors.MarketDataError, Errors.RateLimited | Errors.Unauthorized>> = caught(samples.Closed);
      assert.strictEqual(yield* Effect.flip(rest), samples.Closed);
    }),
  );
});
