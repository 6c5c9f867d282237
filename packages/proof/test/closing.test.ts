/** The end of the client: whoever waits is told at once, wherever it waits, and nothing of the client is left. */
import { assert, describe, it } from "@effect/vitest";
import { getCandles, getMarkets, getTicker, getTrades, type MarketData, streamTrades } from "@naru/router/MarketData";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { makeMemory, StateStore } from "@naru/router/state/StateStore";
import { Exchange, Sim } from "@naru/sim";
import { Cause, Context, Effect, Exit, Fiber, Layer, Option, Scope, Stream } from "effect";
import { TestClock } from "effect/testing";

/** The client in a scope of its own, over an exchange that stays. */
const opened = (beneath: Layer.Layer<never> = Layer.empty) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    const context = yield* Layer.buildWithScope(Layer.provide(Sim.layerTest({ seed: 10 }), beneath), scope);
    return { context, close: Scope.close(scope, Exit.void) };
  });

/** Runs `effect` while the clock moves, at most `withinMs`, and says how it ended and how long that took. */
const within = <A, E>(fiber: Fiber.Fiber<A, E>, withinMs: number) =>
  Effect.gen(function* () {
    let tookMs = 0;
    for (; fiber.pollUnsafe() === undefined && tookMs < withinMs; tookMs += 10) yield* TestClock.adjust("10 millis");
    return { exit: fiber.pollUnsafe(), tookMs };
  });

describe("the end of the client", () => {
  it.effect("tells each of two hundred calls that it is closed, within a tenth of a second, and closes every socket (E10)", () =>
    Effect.gen(function* () {
      const { context, close } = yield* opened();
      const exchange = Context.get(context, Exchange);
      const there = Effect.provideContext(context);
      const streaming = yield* Effect.forkChild(there(Effect.exit(Stream.runDrain(streamTrades(["KRW-BTC", "KRW-ETH"])))));
      yield* TestClock.adjust("5 seconds");
      const markets = exchange.world.markets.map(({ code }) => code);
      const asked = Array.from({ length: 200 }, (_, at) => {
        const market = markets[at % markets.length] ?? "KRW-BTC";
        const calls: ReadonlyArray<Effect.Effect<unknown, MarketDataError, MarketData>> = [
          getTrades(market, { count: 7 + at }),
          getCandles(market, "1m", { count: 3_000 }),
          getTicker(market, { maxAge: 0, strategy: "rest_only" }),
          getTicker(market, { realtime: true, strategy: "websocket_only" }),
        ];
        return there(Effect.exit(calls[at % calls.length] ?? getTicker(market)));
      });
      const waiting = yield* Effect.forEach(asked, (call) => Effect.forkChild(call, { startImmediately: true }));
      yield* TestClock.adjust(10);
      const inFlight = waiting.filter((fiber) => fiber.pollUnsafe() === undefined);
      assert.isAbove(inFlight.length, 190);

      const closing = yield* Effect.forkChild(Effect.exit(close), { startImmediately: true });
      yield* TestClock.adjust("100 millis");
      const ends = new Set<string>();
      for (const fiber of [...inFlight, streaming]) {
        const exit = fiber.pollUnsafe();
        assert(exit !== undefined && Exit.isSuccess(exit) && Exit.isFailure(exit.value), "is told");
        ends.add(Option.getOrThrow(Exit.findErrorOption(exit.value))._tag);
      }
      assert.deepStrictEqual([...ends], ["Closed"]);
      assert.isTrue((yield* within(closing, 1_200)).exit !== undefined);
      assert.strictEqual(exchange.openSockets, 0);

      // Who asks later is told the same, and is never given what memory still holds.
      const before = exchange.ledger.restCount();
      for (const call of [getTicker("KRW-BTC", { onStale: "serve" }), getMarkets(), Stream.runHead(streamTrades("KRW-BTC"))]) {
        const late: Effect.Effect<unknown, MarketDataError, MarketData> = call;
        const fiber = yield* Effect.forkChild(there(Effect.flip(late)), { startImmediately: true });
        const { exit, tookMs } = yield* within(fiber, 1_000);
        assert(exit !== undefined && Exit.isSuccess(exit));
        assert.deepStrictEqual([exit.value._tag, tookMs], ["Closed", 0]);
      }
      assert.strictEqual(exchange.ledger.restCount(), before);
    }),
  );

  const broken = [
    ["hangs", Effect.never, 1_000, /took longer than 1000 ms/],
    ["cannot be interrupted", Effect.uninterruptible(Effect.never), 1_000, /took longer than 1000 ms/],
    ["crashes", Effect.die(new Error("a bug of the disk")), 0, /a bug of the disk/],
  ] as const;
  it.effect("is not held up by one part that hangs or crashes: the others have their turn within a second, and the exit tells (E11)", () =>
    Effect.gen(function* () {
      for (const [how, last, lastMs, why] of broken) {
        let isIll = false;
        const store = { ...makeMemory(), durable: true, write: () => (isIll ? last : Effect.void) };
        const { context, close } = yield* opened(Layer.succeed(StateStore, store));
        const exchange = Context.get(context, Exchange);
        const call = yield* Effect.forkChild(Effect.provideContext(getTicker("KRW-BTC"), context));
        yield* TestClock.adjust("2 seconds");
        yield* Fiber.join(call);
        assert.strictEqual(exchange.openSockets, 1);
        isIll = true;
        const closing = yield* Effect.forkChild(Effect.exit(close), { startImmediately: true });
        const { exit, tookMs } = yield* within(closing, 3_000);
        assert(exit !== undefined && Exit.isSuccess(exit) && Exit.isFailure(exit.value), how);
        assert.match(String(Cause.squash(exit.value.cause)), why, how);
        assert.isAtMost(tookMs, lastMs + 100, how);
        assert.strictEqual(exchange.openSockets, 0, how);
      }
    }),
  );
});
