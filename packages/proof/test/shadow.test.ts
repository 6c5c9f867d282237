/** The shadow over the whole product: what it may not change for a caller, what it may cost the exchange, and what it sees. */
import { assert, describe, it } from "@effect/vitest";
import { getOrderbook, getTicker, getTrades, streamTickerEvents } from "@naru/router/MarketData";
import { Shadow } from "@naru/router/shadow/Shadow";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 };
const shadowed = (percent: number, perMinute = 30) => ({ ...unaudited, shadow: { percent, perMinute, maxUsage: 0.5 } });

/** Asks for a minute, from memory and over REST, and notes what it was told and how long that took. */
const asking = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const { ledger } = yield* Exchange;
  const told: Array<unknown> = [];
  const noted = <A extends { readonly value: unknown; readonly provenance: { readonly tier: string } }, E, R>(
    ask: Effect.Effect<A, E, R>,
  ) =>
    Effect.gen(function* () {
      const began = clock.monotonicTimeNanosUnsafe();
      const { provenance, value } = yield* ask;
      told.push([provenance.tier, Number(clock.monotonicTimeNanosUnsafe() - began), JSON.stringify(value)]);
    });
  yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(streamTickerEvents(["KRW-BTC"]))));
  const round = Effect.all([
    noted(getTicker("KRW-BTC")),
    noted(getOrderbook("KRW-ETH", { strategy: "rest_only" })),
    noted(getTrades("KRW-ETH", { count: 5, strategy: "rest_only" })),
  ]);
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(round, Effect.sleep("2 seconds"))));
  yield* TestClock.adjust("1 minute");
  return { told, requests: ledger.requests().length, status: (yield* Shadow).status() };
});

/** Each on a clock of its own, so that all begin at the same moment. */
const run = (config: ReturnType<typeof shadowed>) =>
  asking.pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Sim.layerTest({ seed: 8, config }), TestClock.layer())));

describe("a shadow", () => {
  it.effect("changes neither what a caller is told nor how long it takes, and keeps to its share (R001-57)", () =>
    Effect.gen(function* () {
      const without = yield* run(shadowed(0));
      assert.deepStrictEqual(without.status, { percent: 0, compared: 0, passedOver: 0, records: [] });
      for (const [percent, perMinute] of [
        [100, 30],
        [100, 7],
        [30, 30],
      ] as const) {
        const beside = yield* run(shadowed(percent, perMinute));
        assert.deepStrictEqual(beside.told, without.told);
        assert.isAbove(beside.status.compared, 0);
        assert.isAtMost(beside.status.compared, perMinute);
        assert.strictEqual(beside.requests - without.requests, beside.status.compared);
        if (percent === 100) assert.strictEqual(beside.status.compared + beside.status.passedOver, beside.told.length);
      }
    }),
  );

  it.effect("draws the same questions under the same seed, and finds nothing different on an exchange that is well", () =>
    Effect.gen(function* () {
      const [first, second] = [yield* run(shadowed(30)), yield* run(shadowed(30))];
      assert.deepStrictEqual(first.status, second.status);
      const kinds = new Set(first.status.records.map(({ kind }) => kind));
      assert.deepStrictEqual([...kinds].toSorted(), ["orderbook", "ticker", "trades"]);
      for (const { verdict } of first.status.records) assert.include(["equal", "moved"], verdict);
    }),
  );

  it.effect("tells of an exchange that does not answer the second time, and goes on", () =>
    Effect.gen(function* () {
      const shadow = yield* Shadow;
      const verdicts = () => shadow.status().records.map(({ verdict }) => verdict);
      yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(streamTickerEvents(["KRW-BTC"]))));
      const poll = Effect.andThen(Effect.exit(getTicker("KRW-BTC", { maxAge: 60_000 })), Effect.sleep("3 seconds"));
      yield* Effect.forkScoped(Effect.forever(poll));
      yield* TestClock.adjust("10 seconds");
      assert.notInclude(verdicts(), "failed");
      yield* Sim.fault({ verb: "server-error", status: 503 });
      yield* TestClock.adjust("10 seconds");
      assert.include(verdicts(), "failed");
      yield* Sim.endFault("server-error");
      yield* TestClock.adjust("10 seconds");
      assert.include(["equal", "moved"], verdicts().at(-1));
      assert.deepInclude(shadow.status().records.at(-1), { kind: "ticker", market: "KRW-BTC", channel: "websocket" });
    }).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 8, config: shadowed(100) }))),
  );
});
