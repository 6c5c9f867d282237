/** The shadow over the whole product: what it may not change for a caller, what it may cost the exchange, and what it sees. */
import { assert, describe, it } from "@effect/vitest";
import type { Answer } from "@naru/router/domain/Answer";
import type { Ticker } from "@naru/router/domain/Ticker";
import { getCandles, getOrderbook, getTicker, getTrades, type MarketData, streamTickerEvents } from "@naru/router/MarketData";
import { Shadow } from "@naru/router/shadow/Shadow";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Layer, Stream } from "effect";
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
      assert.deepStrictEqual(without.status, { percent: 0, compared: 0, passedOver: 0, refuted: 0, aggregates: [], records: [] });
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

  it.effect("leaves long histories alone, which would cost as many requests as they have pages", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* TestClock.adjust("1 minute");
      for (const options of [{ count: 600 }, { from: "2026-01-05T02:00" }]) {
        const fiber = yield* Effect.forkChild(getCandles("KRW-BTC", "1m", options));
        yield* TestClock.adjust("5 seconds");
        yield* Fiber.join(fiber);
      }
      const pages = ledger.requests().filter(({ target }) => target.includes("/candles/")).length;
      assert.isAtMost(pages, 5);
      assert.strictEqual((yield* Shadow).status().compared, 0);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 8, config: shadowed(100) }))),
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

/** A ticker, a book or the newest trade that a socket carries, read again and again, each time beside the shadow. */
const intent = { maxAge: 60_000, realtime: true };
const reads: Readonly<Record<"ticker" | "orderbook" | "trades", Effect.Effect<Answer<unknown>, unknown, MarketData>>> = {
  ticker: getTicker("KRW-BTC", intent),
  orderbook: getOrderbook("KRW-BTC", { levels: 15, ...intent }),
  trades: getTrades("KRW-BTC", { count: 1, ...intent }),
};

const ask = Effect.fnUntraced(function* (kind: keyof typeof reads) {
  const asked = yield* Effect.forkScoped(reads[kind]);
  yield* TestClock.adjust("1 second");
  return yield* Fiber.join(asked);
});

const channelOf = (kind: keyof typeof reads) => Effect.map(ask(kind), ({ provenance }) => provenance.channel);

/** Longer than a link goes without a sign of life, and much shorter than a silence that means something in a key without a rhythm. */
const standstill = "20 seconds";

/** A market that stands still, so that no key has a rhythm, and one key of it that reads find live. */
const standing = Effect.fnUntraced(function* (kind: keyof typeof reads) {
  yield* Sim.halt;
  yield* ask(kind);
  yield* Sim.trade("KRW-BTC", { price: 100_000_000 });
  yield* TestClock.adjust(standstill);
  assert.strictEqual(yield* channelOf(kind), "websocket");
  const shadow = yield* Shadow;
  assert.deepInclude(shadow.status().records.at(-1), { kind, channel: "websocket", verdict: "equal", refuted: false });
  assert.strictEqual(shadow.status().refuted, 0);
  return shadow;
});

const standingLayer = Sim.layerTest({ seed: 8, config: { ...shadowed(100), auditEveryMs: 3_600_000 } });

describe("a shadow beside a live key that lies", () => {
  for (const [kind, type] of [
    ["ticker", "ticker"],
    ["orderbook", "orderbook"],
    ["trades", "trade"],
  ] as const) {
    it.effect(`has a ${type} whose feed died behind pongs asked of REST after one comparison, until it speaks again`, () =>
      Effect.gen(function* () {
        const shadow = yield* standing(kind);
        yield* Sim.fault({ verb: "zombie", type });
        yield* Sim.trade("KRW-BTC", { price: 100_001_000 });
        yield* TestClock.adjust(standstill);
        const { compared } = shadow.status();
        assert.strictEqual(yield* channelOf(kind), "websocket");
        assert.strictEqual(shadow.status().compared, compared + 1);
        assert.deepInclude(shadow.status().records.at(-1), { kind, verdict: "moved", refuted: true });
        assert.strictEqual(yield* channelOf(kind), "rest");
        yield* Sim.endFault("zombie");
        yield* TestClock.adjust("30 seconds");
        yield* Sim.trade("KRW-BTC", { price: 100_002_000 });
        yield* TestClock.adjust("1 second");
        assert.strictEqual(yield* channelOf(kind), "websocket");
      }).pipe(Effect.scoped, Effect.provide(standingLayer)),
    );
  }

  it.effect("does the same to a ticker whose price is not the exchange's, and counts it", () =>
    Effect.gen(function* () {
      const shadow = yield* standing("ticker");
      yield* Sim.fault({ verb: "nonsense-price", type: "ticker", value: "jump", factor: 2 });
      yield* Sim.trade("KRW-BTC", { price: 100_001_000 });
      yield* TestClock.adjust(standstill);
      const told = Effect.map(ask("ticker"), ({ provenance, value }) => [provenance.channel, (value as Ticker).price.number]);
      assert.deepStrictEqual(yield* told, ["websocket", 200_002_000]);
      assert.deepStrictEqual(yield* told, ["rest", 100_001_000]);
      assert.strictEqual(shadow.status().refuted, 1);
    }).pipe(Effect.scoped, Effect.provide(standingLayer)),
  );

  it.effect("has no false alarm in some minutes of ordinary trading, on a line that is slow", () =>
    Effect.gen(function* () {
      const shadow = yield* Shadow;
      yield* Sim.fault({ verb: "late-frames", delayMs: 500 });
      const round = Effect.forEach(Object.values(reads), (read) => Effect.exit(read));
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(round, Effect.sleep("1700 millis"))));
      yield* TestClock.adjust("4 minutes");
      const { aggregates, compared, refuted } = shadow.status();
      assert.isAbove(aggregates.find(({ channel }) => channel === "websocket")?.verdicts.moved ?? 0, 20);
      assert.isAbove(compared, 100);
      assert.strictEqual(refuted, 0);
    }).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 8, config: { shadow: shadowed(100, 200).shadow } }))),
  );
});
