/**
 * A process that slept for an hour in the middle of everything, on a machine whose clock went on and on one whose clock stood still: what is known
 * from before is not believed, the sockets are replaced however they look, and the exchange is not met by all that was put off.
 */
import { assert, describe, it } from "@effect/vitest";
import { getOrderbook, getTicker, getTrades, streamOrderbook, streamTicker, streamTradesEvents } from "@naru/router/MarketData";
import * as RouterConfig from "@naru/router/RouterConfig";
import * as Supervisor from "@naru/router/Supervisor";
import { HostClock } from "@naru/router/transport/Awake";
import { Exchange, Sim } from "@naru/sim";
import { defaultOriginMs } from "@naru/sim/Options";
import { profiles } from "@naru/upbit/profiles";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { Clock, Effect, Fiber, Layer, Result, Stream } from "effect";
import { TestClock } from "effect/testing";
import { onClock, shifted } from "./ownClocks.ts";

const hourMs = 3_600_000;

/** How far each clock of the router is ahead of the exchange's. */
interface Ahead {
  wallMs: number;
  monotonicMs: number;
  bootMs: number;
}

const world = (host: string, ahead: Ahead) =>
  Layer.unwrap(
    Effect.map(Clock.Clock, (clock) => {
      const profile = { ...profiles.upbit, restUrl: `http://${host}/v1`, socketUrl: `ws://${host}/websocket/v1`, host, simulated: true };
      const own = shifted(clock, { wallMs: () => defaultOriginMs + ahead.wallMs, monotonicMs: () => ahead.monotonicMs });
      const theirs = shifted(clock, { wallMs: () => defaultOriginMs });
      const machine = () => ({ bootMs: clock.currentTimeMillisUnsafe() + ahead.bootMs, cpuMs: 0 });
      return Supervisor.layer.pipe(
        Layer.provide(layerOf(profile)),
        Layer.provide(RouterConfig.layer({ auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 })),
        Layer.provide(Layer.mergeAll(Layer.succeed(Clock.Clock, own), Layer.succeed(HostClock, machine))),
        Layer.provideMerge(onClock(theirs).pipe(Layer.provideMerge(Exchange.layer({ seed: 8 })))),
      );
    }),
  );

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>, withinMs: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(effect), { startImmediately: true });
    for (let waited = 0; fiber.pollUnsafe() === undefined && waited < withinMs; waited += 10) yield* TestClock.adjust(10);
    return fiber.pollUnsafe() === undefined ? undefined : yield* Fiber.join(fiber);
  });

const sleepsFor = (name: string, ahead: Ahead, sleep: () => void) =>
  Effect.gen(function* () {
    const { ledger } = yield* Exchange;
    const told: Array<string> = [];
    yield* Effect.forkChild(Stream.runForEach(streamTradesEvents("KRW-BTC"), ({ _tag }) => Effect.sync(() => void told.push(_tag))));
    yield* Effect.forkChild(Stream.runDrain(Stream.merge(streamTicker("KRW-BTC"), streamOrderbook("KRW-ETH"))));
    yield* TestClock.adjust("20 seconds");
    // The exchange has long given the socket up, and nobody was there to hear of it.
    yield* Sim.silenceSockets("2 seconds");
    yield* TestClock.adjust(100);
    const before = ledger.connections().length;
    const nowMs = () =>
      TestClock.testClockWith(({ currentTimeMillisUnsafe }) => Effect.sync(() => currentTimeMillisUnsafe() + defaultOriginMs));
    const wokeMs = yield* nowMs();
    sleep();
    // Everybody who waited for the lid to open asks at once.
    const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-ADA", "KRW-TRX", "KRW-AVAX", "KRW-SHIB", "BTC-ETH"];
    // Until it has been asked of what only memory can know, nobody else answers.
    yield* Sim.failRest("/v1/orderbook", "reset", 1_000);
    yield* Sim.refuseUpgrades("1500 millis");
    while (ledger.connections()[before - 1]?.closed === undefined && (yield* nowMs()) < wokeMs + 2_000) yield* TestClock.adjust(10);
    const noticedMs = ledger.connections()[before - 1]?.closed?.atMs ?? Number.NaN;
    assert.isAtMost(noticedMs - wokeMs, 1_000, name);
    const asking = yield* Effect.forkChild(
      Effect.forEach(markets, (market) => Effect.ignore(getTrades(market, { context: "research" })), { concurrency: "unbounded" }),
      { startImmediately: true },
    );
    // A book that was live a moment ago is not given out, with whatever label: nobody knows how old it is.
    const old = yield* answered(getOrderbook("KRW-ETH", { onStale: "serve", deadline: 200 }), 200);
    assert.isTrue(old === undefined || Result.isFailure(old), name);
    yield* Sim.clearRestFaults;
    let fresh: unknown;
    while (fresh !== "websocket" && (yield* nowMs()) < wokeMs + 5_000) {
      const ticker = yield* answered(getTicker("KRW-BTC"), 100);
      if (ticker !== undefined && Result.isSuccess(ticker) && !ticker.success.provenance.stale) fresh = ticker.success.provenance.channel;
      yield* TestClock.adjust(50);
    }
    assert.strictEqual(fresh, "websocket", name);
    assert.include(told, "Resumed", name);
    yield* Fiber.join(asking);
    const inFirstSecond = ledger.requests().filter(({ atMs }) => atMs >= noticedMs && atMs < noticedMs + 1_000);
    const most = Math.max(...ledger.groups().map((group) => inFirstSecond.filter((request) => request.group === group).length));
    assert.isAtMost(most, 5, name);
    assert.isAtLeast(most, 3, name);
  }).pipe(Effect.provide(Layer.provideMerge(world(name, ahead), TestClock.layer())));

describe("a process that slept for an hour", () => {
  it.effect("believes nothing from before, replaces its sockets within a second, asks gently and is fresh again within five (I02)", () =>
    Effect.gen(function* () {
      const on = { wallMs: 0, monotonicMs: 0, bootMs: 0 };
      yield* sleepsFor("clock-goes-on", on, () => Object.assign(on, { wallMs: hourMs, monotonicMs: hourMs, bootMs: hourMs }));
      const still = { wallMs: 0, monotonicMs: 0, bootMs: 0 };
      yield* sleepsFor("clock-stands-still", still, () => Object.assign(still, { wallMs: hourMs, bootMs: hourMs }));
    }),
  );
});
