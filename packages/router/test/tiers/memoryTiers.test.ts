/** The two tiers that answer from memory, asked directly: whatever ranked them, they judge the age themselves. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import { Health } from "../../src/health/HealthLedger.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import * as HotCache from "../../src/tiers/HotCache.ts";
import * as LiveSubscription from "../../src/tiers/LiveSubscription.ts";
import { btc, questions, ticker } from "../samples.ts";

const key: StreamKey = { kind: "ticker", market: btc };

/** A live side that proved the key current at `provedNanos`, or never. */
const proved = (provedNanos: bigint | undefined) =>
  Layer.mock(Subscriptions, {
    wants: () => true,
    isLive: () => provedNanos !== undefined,
    confirmedNanos: () => provedNanos,
    connected: () => true,
    line: () => undefined,
    admits: () => true,
    messageUsage: () => 0,
    open: () => assert.fail("a tier of memory opens nothing"),
    wantForReads: () => assert.fail("a tier of memory wants nothing"),
    refute: () => false,
    status: () => assert.fail("a tier does not ask for the status"),
  });

const held = Effect.map(Cache, ({ hot }) => {
  hot.put(keyId(key), {
    value: ticker("100", 1),
    exchangeTimeMs: 1,
    receivedNanos: 0n,
    receivedMs: 0,
    confirmedNanos: 0n,
    channel: "websocket",
  });
});

const options = { deadlineNanos: 1_000_000_000_000n };

for (const [name, make] of [
  ["hot_cache", HotCache.make],
  ["live_subscription", LiveSubscription.make],
] as const) {
  describe(name, () => {
    const askAt = (afterMs: number, provedNanos: bigint | undefined) =>
      Effect.gen(function* () {
        const tier = yield* make;
        yield* held;
        yield* TestClock.adjust(afterMs);
        return yield* tier.ask(questions.ticker, options);
      }).pipe(Effect.provide(Layer.mergeAll(Cache.layer, Health.layer, proved(provedNanos))));

    it.effect("answers as long as the link proves the value, however old it is", () =>
      Effect.gen(function* () {
        const answer = yield* askAt(60_000, 59_000_000_000n);
        assert.strictEqual(answer.confirmedNanos, 59_000_000_000n);
        assert.strictEqual(answer.receivedNanos, 0n);
      }),
    );

    it.effect("gives to who accepts the socket alone what the socket said, though somebody's REST answer is newer", () =>
      Effect.gen(function* () {
        const tier = yield* make;
        yield* held;
        const { hot } = yield* Cache;
        const times = { exchangeTimeMs: 2, receivedNanos: 5n, receivedMs: 0, confirmedNanos: 5n };
        hot.put(keyId(key), { value: ticker("101", 2), ...times, channel: "rest" });
        const asking = (strategy: "auto" | "websocket_only") =>
          Effect.map(
            tier.ask({ ...questions.ticker, intent: { ...questions.ticker.intent, strategy } }, options),
            ({ channel, exchangeTimeMs }) => [channel, exchangeTimeMs],
          );
        assert.deepStrictEqual(yield* asking("auto"), ["rest", 2]);
        assert.deepStrictEqual(yield* asking("websocket_only"), ["websocket", 1]);
      }).pipe(Effect.provide(Layer.mergeAll(Cache.layer, Health.layer, proved(0n)))),
    );

    it.effect("misses when the proof is older than the question accepts", () =>
      Effect.gen(function* () {
        const miss = yield* Effect.flip(askAt(60_000, 57_999_000_000n));
        assert.deepInclude(miss, { _tag: "TierMiss", reason: "too_old" });
      }),
    );
  });
}
