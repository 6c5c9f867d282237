/** HTTP 418 end to end on the emulated exchange: nothing more is sent, what is known is served with a label, and it ends by itself. */
import { assert, describe, it } from "@effect/vitest";
import { getOrderbook, getTicker, type MarketData, streamTicker } from "@naru/router/MarketData";
import * as RouterConfig from "@naru/router/RouterConfig";
import { makeMemory, StateStore, type StateStoreShape } from "@naru/router/state/StateStore";
import * as Supervisor from "@naru/router/Supervisor";
import { Transport } from "@naru/router/transport/Transport";
import { defaultOriginMs, Exchange, layerMemoryTransport, Script } from "@naru/sim";
import { makeMemoryTransport } from "@naru/sim/MemoryTransport";
import { profiles } from "@naru/upbit/profiles";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { Clock, Effect, Fiber, Layer, Result, Stream } from "effect";
import { TestClock } from "effect/testing";

const host = "banned.test";
const profile = { ...profiles.upbit, restUrl: `http://${host}/v1`, socketUrl: `ws://${host}/websocket/v1`, host, simulated: true };

/** A process from its start to its end: the clock goes on, but what was counted on it is gone. Only what is on the disk is known again. */
const life = <A, E>(
  disk: StateStoreShape,
  body: Effect.Effect<A, E, MarketData | Exchange>,
  network: Layer.Layer<Transport, never, Exchange> = layerMemoryTransport(),
) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const own: Clock.Clock = {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
      currentTimeMillis: clock.currentTimeMillis,
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration),
    };
    const router = Layer.fresh(Supervisor.layer).pipe(
      Layer.provideMerge(Layer.merge(layerOf(profile), network)),
      Layer.provide(RouterConfig.layer({ auditEveryMs: 0, tickerAuditEveryMs: 0 })),
      Layer.provide(Layer.mergeAll(Layer.succeed(Clock.Clock, own), Layer.succeed(StateStore, disk))),
    );
    return yield* Effect.provide(body, router);
  });

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>, within: "2 seconds" | "1 second" = "2 seconds") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(effect), { startImmediately: true });
    yield* TestClock.adjust(within);
    return yield* Fiber.join(fiber);
  });

const labelled = { strategy: "rest_only", onStale: "serve" } as const;

/** How many fall into each of the first forty seconds. */
const perSecond = (atMs: ReadonlyArray<number>): ReadonlyArray<number> =>
  Array.from({ length: 40 }, (_, second) => atMs.filter((ms) => Math.floor(ms / 1_000) === second).length);

describe("a block of the IP address", () => {
  it.effect("stops everything for its time, also in the next process, labels what is known, and ends by one request and a ramp (D06)", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(defaultOriginMs);
      yield* Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const disk = { ...makeMemory(), durable: true };
        const sent = () => [ledger.restCount(), ledger.connections().length] as const;
        const before = yield* life(
          disk,
          Effect.gen(function* () {
            let heard = 0;
            yield* Effect.forkChild(Stream.runForEach(streamTicker("KRW-BTC"), () => Effect.sync(() => void heard++)));
            assert.isTrue(Result.isSuccess(yield* answered(getTicker("KRW-ETH"))));
            yield* Script.ban("127.0.0.1", "60 seconds");
            const told = yield* answered(getOrderbook("KRW-BTC", { strategy: "rest_only" }));
            assert(Result.isFailure(told) && told.failure._tag === "RateLimited");
            assert.deepInclude(told.failure, { status: 418, scope: "ip" });
            const quiet = sent();
            const heardBefore = heard;
            const known = yield* answered(getTicker("KRW-ETH", labelled));
            assert(Result.isSuccess(known));
            assert.deepInclude(known.success.provenance, { stale: true, staleReason: "banned" });
            yield* TestClock.adjust("30 seconds");
            const late = yield* answered(getTicker("KRW-ETH", labelled));
            assert(Result.isFailure(late) && late.failure._tag === "RateLimited");
            assert.closeTo(late.failure.retryAfterMs, 61_000 - 34_000, 2_500);
            // The socket that was open goes on, and what it brings is fresh.
            assert.isAbove(heard, heardBefore);
            yield* Script.trade("KRW-BTC", { price: 90_000_000 });
            const live = yield* answered(getTicker("KRW-BTC"), "1 second");
            assert(Result.isSuccess(live));
            assert.isFalse(live.success.provenance.stale);
            assert.isUndefined(ledger.connections()[0]?.closed);
            assert.deepStrictEqual(sent(), quiet);
            return quiet;
          }),
        );
        const endMs = (ledger.requests("/v1/orderbook")[0]?.atMs ?? Number.NaN) + 60_000;
        yield* life(
          disk,
          Effect.gen(function* () {
            yield* Effect.forkChild(Stream.runDrain(streamTicker("KRW-BTC")));
            const refused = yield* answered(getTicker("KRW-ETH", labelled), "1 second");
            assert(Result.isFailure(refused) && refused.failure._tag === "RateLimited");
            // Everybody asks all the time, and is served as soon as may be.
            const asks = Effect.forever(
              Effect.andThen(Effect.ignore(getTicker("KRW-ETH", { strategy: "rest_only", maxAge: 0 })), Effect.sleep(100)),
            );
            yield* Effect.forkChild(asks, { startImmediately: true });
            yield* TestClock.adjust("62 seconds");
          }),
        );
        const afterMs = [...ledger.requests().map(({ atMs }) => atMs), ...ledger.connections().map(({ openedMs }) => openedMs)]
          .map((atMs) => atMs - endMs)
          .sort((a, b) => a - b)
          .slice(before[0] + before[1]);
        // A second after the end one request goes, and nothing else before it is answered.
        assert.isAtLeast(afterMs[0] ?? Number.NaN, 1_000);
        assert.isAtLeast((afterMs[1] ?? Number.NaN) - (afterMs[0] ?? Number.NaN), 20);
        const bySecond = perSecond(ledger.requests("/v1/ticker").map(({ atMs }) => atMs - endMs));
        assert.deepStrictEqual([bySecond[0], Math.max(...bySecond.slice(1, 11))], [0, 1]);
        assert.isAtMost(Math.max(...bySecond.slice(11, 31)), 5);
        assert.isAbove(Math.min(...bySecond.slice(12, 31)), 2);
        assert.isAbove(Math.min(...bySecond.slice(32)), 5);
        assert.strictEqual(ledger.rejected, 1);
      }).pipe(Effect.provide(Exchange.layer({ seed: 3 })));
    }),
  );

  it.effect(
    "is kept, as is what was used of the limits, when the address changes: nobody knows which of the two the exchange counts (I06)",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(defaultOriginMs);
        let ip = "10.0.0.1";
        /** From one Wi-Fi to another: requests and sockets leave from the address of the moment. */
        const roaming = Layer.effect(
          Transport,
          Effect.map(Exchange, (exchange): Transport["Service"] => {
            const at = {
              "10.0.0.1": makeMemoryTransport(exchange, { ip: "10.0.0.1" }),
              "10.0.0.2": makeMemoryTransport(exchange, { ip: "10.0.0.2" }),
            };
            const here = () => (ip === "10.0.0.1" ? at["10.0.0.1"] : at["10.0.0.2"]);
            return { rest: (request) => here().rest(request), socket: (url, handlers, options) => here().socket(url, handlers, options) };
          }),
        );
        const roams = Effect.andThen(
          Script.cutSockets,
          Effect.sync(() => void (ip = "10.0.0.2")),
        );
        yield* life(
          { ...makeMemory(), durable: true },
          Effect.gen(function* () {
            const { ledger, world } = yield* Exchange;
            yield* Effect.forkChild(Stream.runDrain(streamTicker("KRW-BTC")));
            yield* TestClock.adjust("5 seconds");
            const asked = world.markets
              .slice(0, 20)
              .map(({ code }) => Effect.ignore(getOrderbook(code, { strategy: "rest_only", context: "research", realtime: true })));
            yield* Effect.forkChild(
              Effect.all(
                asked.map((ask, i) => Effect.delay(ask, i * 40)),
                { concurrency: "unbounded" },
              ),
            );
            yield* TestClock.adjust(300);
            yield* roams;
            yield* TestClock.adjust("10 seconds");
            // The socket is back from the new address.
            assert.deepStrictEqual(
              ledger.connections().map((connection) => connection.ip),
              ["10.0.0.1", "10.0.0.2"],
            );
            const times = ledger.requests("/v1/orderbook").map(({ atMs }) => atMs);
            assert.deepStrictEqual([...new Set(ledger.requests("/v1/orderbook").map((request) => request.ip))], ["10.0.0.1", "10.0.0.2"]);
            const most = Math.max(...times.map((from) => times.filter((atMs) => atMs >= from && atMs < from + 1_000).length));
            assert.isAtMost(most, 10, "both addresses together");
            ip = "10.0.0.1";
            yield* Script.ban("10.0.0.1", "60 seconds");
            yield* answered(getOrderbook("KRW-ETH", { strategy: "rest_only" }));
            assert.strictEqual(ledger.rejected, 1);
            const sent = () => [ledger.restCount(), ledger.connections().length];
            const before = sent();
            yield* roams;
            for (let second = 0; second < 11; second++) yield* answered(getOrderbook("KRW-ETH", { strategy: "rest_only" }), "2 seconds");
            assert.deepStrictEqual(sent(), before);
            yield* TestClock.adjust("40 seconds");
            assert.isAbove(ledger.connections().length, before[1] ?? Number.NaN);
          }),
          roaming,
        ).pipe(Effect.provide(Exchange.layer({ seed: 3 })));
      }),
  );
});
