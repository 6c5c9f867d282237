/** Times in which an exchange has nothing to say, by its nature or by its maintenance: what a stream says then, and how it goes on. */
import { assert, describe, it } from "@effect/vitest";
import type { Candle } from "@naru/router/domain/Candle";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { alerts, getTicker, streamCandlesEvents, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

const minute = 60_000;

const tagsOf = <A>(seen: ReadonlyArray<StreamElement<A>>) => seen.map(({ _tag }) => _tag);
const valuesOf = <A>(seen: ReadonlyArray<StreamElement<A>>): ReadonlyArray<A> =>
  seen.flatMap((element) => (element._tag === "Live" || element._tag === "Recovered" ? [element.value] : []));

describe("minutes without trades", () => {
  it.effect("have no candle: the stream says nothing of them, and no gap, and goes on with the next trade's (C12)", () =>
    Effect.gen(function* () {
      yield* Sim.halt;
      const seen: Array<StreamElement<Candle>> = [];
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(streamCandlesEvents("KRW-BTC", "1m"), (element) => Effect.sync(() => void seen.push(element))),
        { startImmediately: true },
      );
      yield* TestClock.adjust("2 seconds");
      yield* Sim.trade("KRW-BTC", { price: 100_000_000 });
      yield* TestClock.adjust("90 seconds");
      const before = seen.length;
      const first = valuesOf(seen).at(-1);
      assert.strictEqual(first?.close.number, 100_000_000);
      yield* TestClock.adjust("10 minutes");
      // All that may still be said is that the last minute with a trade is over.
      for (const { openTimeMs } of valuesOf(seen.slice(before))) assert.strictEqual(openTimeMs, first?.openTimeMs);
      const { timeMs } = yield* Sim.trade("KRW-BTC", { price: 100_005_000 });
      yield* TestClock.adjust("5 seconds");
      const last = valuesOf(seen).at(-1);
      assert.deepStrictEqual([last?.openTimeMs, last?.close.number], [Math.floor(timeMs / minute) * minute, 100_005_000]);
      const traded = [first?.openTimeMs, last?.openTimeMs];
      for (const { openTimeMs } of valuesOf(seen.slice(before))) assert.include(traded, openTimeMs);
      assert.notInclude(tagsOf(seen), "Gap");
      assert.notInclude(tagsOf(seen), "Reconnecting");
      assert.isUndefined(fiber.pollUnsafe());
    }).pipe(Effect.provide(Sim.layerTest({ seed: 17 }))),
  );
});

/** How often each group of REST was asked at most, and the sockets were knocked at, within any half minute after the first five minutes. */
const mostOften = (atMs: ReadonlyArray<readonly [what: string, atMs: number]>, fromMs: number): Readonly<Record<string, number>> => {
  const most: Record<string, number> = {};
  const late = atMs.filter(([, ms]) => ms > fromMs + 5 * minute);
  for (const [what, from] of late) {
    const within = late.filter(([other, ms]) => other === what && ms >= from && ms < from + minute / 2).length;
    most[what] = Math.max(most[what] ?? 0, within);
  }
  return most;
};

/** Two hours of maintenance under a stream of trades and one of tickers, and a program that asks every ten seconds. */
const maintained = (sockets: "cut" | "silent") =>
  Effect.gen(function* () {
    const { ledger, now } = yield* Exchange;
    const clock = yield* Clock.Clock;
    const trades: Array<StreamElement<Trade>> = [];
    const tickers: Array<{ readonly element: StreamElement<Ticker>; readonly atMs: number }> = [];
    const fibers = [
      yield* Effect.forkChild(
        Stream.runForEach(streamTradesEvents("KRW-BTC"), (element) => Effect.sync(() => void trades.push(element))),
        { startImmediately: true },
      ),
      yield* Effect.forkChild(
        Stream.runForEach(streamTickerEvents("KRW-BTC"), (element) =>
          Effect.sync(() => void tickers.push({ element, atMs: clock.currentTimeMillisUnsafe() })),
        ),
        { startImmediately: true },
      ),
    ];
    const told: Array<string> = [];
    const telling = Stream.runForEach(alerts, ({ rule, state }) => Effect.sync(() => void told.push(`${rule} ${state}`)));
    yield* Effect.forkScoped(telling, { startImmediately: true });
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.exit(getTicker("KRW-ETH")), Effect.sleep("10 seconds"))));
    yield* TestClock.adjust("5 seconds");
    yield* Sim.halt;
    const before = yield* Sim.path("KRW-BTC", [100_000_000, 100_001_000]);
    // The last of them is made when the sockets are closed already, or say nothing any more.
    yield* TestClock.adjust("10 millis");
    const closedMs = yield* now;
    yield* Sim.maintenance("2 hours");
    yield* TestClock.adjust("2 hours");
    assert.deepStrictEqual(told, ["mode raised"]);
    const knocks = [
      ...ledger.requests().map(({ atMs, group = "none" }) => [group, atMs] as const),
      ...ledger.page("connections", { limit: 10_000 }).entries.map(({ atMs }) => ["socket", atMs] as const),
    ];
    const backMs = clock.currentTimeMillisUnsafe();
    const after = yield* Sim.path("KRW-BTC", [100_002_000, 100_003_000, 100_004_000], { every: "5 seconds" });
    yield* TestClock.adjust("35 seconds");
    for (const fiber of fibers) assert.isUndefined(fiber.pollUnsafe());
    assert.include(tagsOf(trades), "Reconnecting");
    assert.strictEqual(trades.findLast(({ _tag }) => _tag === "Reconnecting" || _tag === "Resumed")?._tag, "Resumed");
    assert.isTrue(tickers.some(({ element, atMs }) => element._tag === "Live" && element.channel === "websocket" && atMs > backMs));
    // REST is believed to be down for up to 72 s from its last failure; until it is asked again later trades wait for the earlier ones.
    yield* TestClock.adjust("75 seconds");
    const wanted = new Set([...before, ...after].map(({ id }) => id));
    const got = valuesOf(trades).flatMap(({ id }) => (wanted.has(String(id)) ? [String(id)] : []));
    assert.deepStrictEqual(got, [...wanted]);
    assert.notInclude(tagsOf(trades), "Gap");
    assert.deepStrictEqual(told, ["mode raised", "mode over"]);
    // Two hours at a closed door are no storm: each way there, of the router and of the direct client, tries it about once in half a minute.
    const most = mostOften(knocks, closedMs);
    assert.hasAllKeys(most, ["market", "ticker", "crix-trades", "socket"]);
    assert.isAtMost(Math.max(...Object.values(most)), 4, JSON.stringify(most));
    for (const fiber of fibers) yield* Fiber.interrupt(fiber);
  }).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 18, maintenance: { sockets } })));

describe("a maintenance of the exchange", () => {
  it.effect("ends no stream; within 35 s of its end they go on, and in the end no trade is missing (C19)", () => maintained("cut"));

  it.effect("that cuts no socket but leaves it silent comes to the same", () => maintained("silent"));
});
