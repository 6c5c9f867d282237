import { assert, describe, it } from "@effect/vitest";
import { answerToJson } from "@naru/router/domain/Answer";
import { errorEnvelope, toEnvelope } from "@naru/router/envelope";
import { Closed, type MarketDataError } from "@naru/router/errors/MarketDataError";
import { getTicker } from "@naru/router/MarketData";
import { Exchange, layerLoopbackServer, LoopbackServer, Sim } from "@naru/sim";
import { connect } from "@naru/upbit/connect";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";

const loopback = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 21 })));

const connected = Effect.acquireRelease(
  Effect.flatMap(LoopbackServer, ({ url }) => Effect.promise(() => connect({ venue: url, profile: { id: "sim", simulated: true } }))),
  (naru) => Effect.promise(() => naru.close()),
);

describe("the door for people without Effect", () => {
  it.live("answers promises and rejects with the tagged error itself", () =>
    Effect.gen(function* () {
      const naru = yield* connected;
      const answer = yield* Effect.promise(() => naru.getTicker("KRW-BTC"));
      assert.strictEqual(answer.value.market, "KRW-BTC");
      assert.isTrue(answer.provenance.simulated);
      const error: MarketDataError = yield* Effect.promise(() =>
        naru.getTicker("KRW-BTX").then(
          () => assert.fail("an unknown market was answered"),
          (cause: MarketDataError) => cause,
        ),
      );
      assert.strictEqual(error._tag, "MarketUnknown");
    }).pipe(Effect.provide(loopback)),
  );

  it.live("streams are async iterables; leaving the loop early gives the subscription back", () =>
    Effect.gen(function* () {
      const naru = yield* connected;
      const exchange = yield* Exchange;
      const prices: Array<number> = [];
      yield* Effect.promise(async () => {
        for await (const ticker of naru.streamTicker(["KRW-BTC", "KRW-ETH"])) {
          prices.push(ticker.price.number);
          if (prices.length === 2) break;
        }
      });
      assert.strictEqual(prices.length, 2);
      const health = yield* Effect.promise(() => naru.health());
      assert.strictEqual(health.link.wanted, 0);
      assert.strictEqual(exchange.openSockets, 1);
    }).pipe(Effect.provide(loopback)),
  );

  it.live("close is idempotent and final: later calls and streams reject with Closed (R001-55)", () =>
    Effect.gen(function* () {
      const naru = yield* connected;
      yield* Effect.promise(() => naru.getTicker("KRW-BTC"));
      yield* Effect.promise(() => Promise.all([naru.close(), naru.close()]));
      yield* Effect.promise(() => naru.close());
      const late = yield* Effect.promise(() => naru.getTicker("KRW-BTC").catch((cause: unknown) => cause));
      assert.instanceOf(late, Closed);
      const streamed = yield* Effect.promise(async () => {
        try {
          for await (const ticker of naru.streamTicker("KRW-BTC")) return ticker;
        } catch (cause) {
          return cause;
        }
        return undefined;
      });
      assert.instanceOf(streamed, Closed);
    }).pipe(Effect.provide(loopback)),
  );

  it.live("close ends callback subscriptions and the watch on the mode; unsubscribing afterwards is no error", () =>
    Effect.gen(function* () {
      const naru = yield* connected;
      const subscription = yield* Effect.promise(() => naru.subscribe("KRW-BTC", ["ticker"], () => {}));
      const modes = naru.modeChanges()[Symbol.asyncIterator]();
      const watching = modes.next().catch((cause: unknown) => cause);
      yield* Effect.promise(() => naru.close());
      yield* Effect.promise(() => subscription.unsubscribe());
      assert.notStrictEqual(subscription.status().state, "running");
      assert.instanceOf(yield* Effect.promise(() => watching), Closed);
    }).pipe(Effect.provide(loopback)),
  );

  it.live("options that cannot be used reject before anything is opened", () =>
    Effect.gen(function* () {
      const error = yield* Effect.promise(() => connect({ venue: "http://api.upbit.com" }).catch((cause: unknown) => cause));
      assert.propertyVal(error, "_tag", "ConfigError");
    }),
  );
});

describe("an answer as a document", () => {
  const ask = (layer: ReturnType<typeof Sim.layerTest>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true });
      yield* TestClock.adjust("1 second");
      const first = yield* Fiber.join(fiber);
      return [first, yield* getTicker("KRW-BTC")] as const;
    }).pipe(Effect.provide(layer));

  it.effect("every answer says which channel, why, with what scores and how sure (R001-31)", () =>
    Effect.gen(function* () {
      const [first] = yield* ask(Sim.layerTest({ seed: 4 }));
      const { requestId, ...provenance } = (answerToJson(first) as { provenance: Record<string, unknown> }).provenance;
      assert.isString(requestId);
      assert.deepStrictEqual(provenance, {
        venue: "sim",
        simulated: true,
        tier: "batch_snapshot",
        channel: "rest",
        exchangeTime: "2026-01-05T03:00:00.011Z",
        receivedTime: "2026-01-05T03:00:00.021Z",
        valueAgeMs: 10,
        confirmedAgeMs: 0,
        stale: false,
        staleReason: null,
        reason: "scored",
        confidence: first.provenance.confidence,
        scores: { batch_snapshot: 0.65, warm_cache_rest: 0.49, cold_rest: 0.37 },
        attempts: [{ tier: "batch_snapshot", outcome: "answered", reason: "ok", durationMs: 21 }],
        mode: "normal",
      });
      assert.isAtLeast(first.provenance.confidence, 0);
      assert.isAtMost(first.provenance.confidence, 1);
    }),
  );

  it.effect("the older envelope has success, data and metadata (R001-65)", () =>
    Effect.gen(function* () {
      const [first] = yield* ask(Sim.layerTest({ seed: 4 }));
      const envelope = toEnvelope(first);
      assert.isTrue(envelope.success);
      if (!envelope.success) return;
      assert.deepStrictEqual(Object.keys(envelope.metadata), [
        "channel",
        "tier",
        "reason",
        "confidence",
        "responseTimeMs",
        "requestId",
        "source",
        "ageMs",
        "stale",
      ]);
      assert.strictEqual(envelope.metadata.channel, "rest");
      assert.propertyVal(envelope.data, "price", first.value.price.toString());
      assert.isFalse(errorEnvelope(new Closed({ what: "it" })).success);
    }),
  );

  it.effect("a cached answer has the fields of a first one, channel cache, and its original source (R001-19)", () =>
    Effect.gen(function* () {
      const [first, second] = yield* ask(Sim.layerTest({ seed: 4 }));
      const hit = toEnvelope(second);
      const miss = toEnvelope(first);
      assert.isTrue(hit.success && miss.success);
      if (!hit.success || !miss.success) return;
      assert.deepStrictEqual(Object.keys(hit.metadata), Object.keys(miss.metadata));
      assert.strictEqual(hit.metadata.channel, "cache");
      assert.strictEqual(hit.metadata.source, "rest");
      assert.isAbove(hit.metadata.ageMs, 0);
    }),
  );
});
