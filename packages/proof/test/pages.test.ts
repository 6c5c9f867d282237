/** A long candle history over the emulated exchange: as fast as the limit lets it be, beside others who ask, and gone on with where it was cut off. */
import { assert, describe, it } from "@effect/vitest";
import type { CandlesOptions } from "@naru/router/ask";
import { HistoryStore, layerMemory } from "@naru/router/cache/HistoryStore";
import type { Market } from "@naru/router/domain/Market";
import { getCandles } from "@naru/router/MarketData";
import type { CandleProgress } from "@naru/router/tiers/candleProgress";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";

const minute = 60_000;
/** The emulated exchange's time when the clock reads 0. */
const origin = Date.UTC(2026, 0, 5, 3);
const roundTripMs = 200;

const scene = (seed = 7) =>
  Layer.fresh(
    Sim.layerTest({
      seed,
      network: { restLatencyMs: roundTripMs },
      markets: { rates: { "KRW-BTC": 12 } },
      config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 },
    }),
  ).pipe(Layer.provideMerge(Layer.fresh(layerMemory())));

/** Runs while the clock moves, and says how long it took. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const startedMs = yield* Clock.currentTimeMillis;
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis");
    return { value: yield* Fiber.join(fiber), tookMs: (yield* Clock.currentTimeMillis) - startedMs };
  });

const minutes = (count: number, options: CandlesOptions = {}) =>
  getCandles("KRW-BTC", "1m", { from: origin - (count + 5) * minute, to: origin - 5 * minute, ...options });

const requests = Effect.map(Exchange, ({ ledger }) => ledger.requests().filter(({ target }) => target.includes("KRW-BTC")).length);

describe("a long history", () => {
  it.effect("is read as fast as the limit lets pages through, in no more of them than one after another, and tells how far it is", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const told: Array<CandleProgress> = [];
      const pages = 40;
      const { value, tookMs } = yield* timed(minutes(pages * 200, { onProgress: (progress) => void told.push(progress) }));
      assert.strictEqual(yield* requests, pages);
      // A place in the limit is free again a second after its request is over: ten in every second and a round trip.
      assert.isAtMost(tookMs, (pages / 10) * (1_000 + roundTripMs) + roundTripMs);
      assert.isBelow(tookMs, 0.7 * pages * roundTripMs, "one after another would take so long");
      assert.strictEqual(told.length, pages);
      for (const [nth, { requests: asked, share }] of told.entries()) {
        assert.strictEqual(asked, nth + 1);
        assert.closeTo(share, (nth + 1) / pages, 0.02);
      }
      assert.deepStrictEqual(told.at(-1), { rows: value.value.length, requests: pages, share: 1 });
    }).pipe(Effect.provide(scene())),
  );

  it.effect("leaves the limit to others: a question in the midst of it waits no longer than for the next place", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const long = yield* Effect.forkChild(minutes(10_000), { startImmediately: true });
      yield* TestClock.adjust("2 seconds");
      for (let nth = 0; nth < 5; nth++) {
        const { tookMs } = yield* timed(getCandles("KRW-ETH", "1m", { count: 2 + nth, priority: "high" }));
        // Of ten places one is free within a second at the latest, and it is not the history that gets it.
        assert.isAtMost(tookMs, 1_000 + roundTripMs);
        yield* TestClock.adjust("130 millis");
      }
      const burst = Effect.forEach([20, 21, 22, 23, 24], (count) => getCandles("KRW-ETH", "1m", { count, priority: "high" }), {
        concurrency: "unbounded",
      });
      assert.isAtMost((yield* timed(burst)).tookMs, 1_050 + 2 * roundTripMs);
      assert.isUndefined(long.pollUnsafe());
      yield* Fiber.interrupt(long);
    }).pipe(Effect.provide(scene())),
  );

  it.effect("is gone on with where it was cut off or failed: what came is kept", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const cut = yield* Effect.forkChild(minutes(6_000), { startImmediately: true });
      yield* TestClock.adjust("1500 millis");
      yield* Fiber.interrupt(cut);
      const before = yield* requests;
      assert.isAtLeast(before, 8);
      const failing = yield* Effect.forkChild(Effect.exit(minutes(6_000, { strategy: "rest_only", deadline: 1_500 })), {
        startImmediately: true,
      });
      yield* TestClock.adjust("1400 millis");
      assert.isAbove(yield* requests, before);
      yield* Sim.failRest("/v1/candles", { status: 500 }, 1_000);
      yield* TestClock.adjust("20 seconds");
      const failed = failing.pollUnsafe();
      assert.isTrue(failed?._tag === "Success" && failed.value._tag === "Failure", "a page that cannot be had fails the question");
      yield* Sim.clearRestFaults;
      yield* TestClock.adjust("2 minutes");
      const sent = yield* requests;
      const told: Array<CandleProgress> = [];
      const { value } = yield* timed(minutes(6_000, { onProgress: (progress) => void told.push(progress) }));
      const left = (yield* requests) - sent;
      const kept = told.findLast(({ requests: asked }) => asked === 0)?.rows ?? 0;
      assert.isAbove(kept, 1_800, "what was kept comes first");
      // Six parts were under way, and what is left of each is as many pages as it takes.
      assert.isAtMost(left, Math.ceil((6_000 - kept) / 200) + 6);
      assert.strictEqual(value.value.length, new Set(value.value.map(({ openTimeMs }) => openTimeMs)).size);
      const again = yield* timed(minutes(6_000, { onProgress: () => assert.fail("what a listener throws is nobody's trouble") }));
      assert.deepStrictEqual(again.value.value, value.value);
      assert.strictEqual(yield* requests, sent + left);
    }).pipe(Effect.provide(scene())),
  );

  it.effect("of seconds is refused where the exchange does not have them any more: missing ones would look like quiet ones", () =>
    Effect.gen(function* () {
      const day = 86_400_000;
      const from = origin - 100 * day;
      const error = yield* Effect.flip(Effect.map(timed(getCandles("KRW-BTC", "1s", { from, to: from + minute })), ({ value }) => value));
      assert.strictEqual(error._tag, "InvalidRequest");
      assert.include(error.message, "89 days");
      // Who kept them is answered, whatever lies between them and what the exchange has.
      const store = yield* HistoryStore;
      yield* store.putCandles({ venue: "sim", market: "KRW-BTC" as Market, interval: "1s" }, [], { fromMs: from, toMs: from + minute });
      assert.deepStrictEqual((yield* timed(getCandles("KRW-BTC", "1s", { from, to: from + minute }))).value.value, []);
      const { value } = yield* timed(getCandles("KRW-BTC", "1s", { from: origin - 80 * day, to: origin - 80 * day + 10 * minute }));
      assert.isAbove(value.value.length, 0);
    }).pipe(Effect.provide(scene())),
  );
});
