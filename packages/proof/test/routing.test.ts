/** The selector in the whole product over the emulated exchange: what its ledger saw asked, and what the answers say of themselves. */
import { assert, describe, it } from "@effect/vitest";
import { explain, getOrderbook, getTicker, health, streamTicker } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { ChannelSelector } from "@naru/router/select/ChannelSelector";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

/** Requests are counted here: those that look for silent losses are left out. */
const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0 };

/** Runs a call while virtual time passes, and stops the clock as soon as it has ended. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    for (let i = 0; i < 1_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust("10 millis");
    return yield* Fiber.join(fiber);
  });

describe("a market that is polled", () => {
  it.effect("is asked of REST first, read from a subscription once the rhythm is seen, and let go when the polling stops (R004-02)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const subscriptions = yield* Subscriptions;
      const key = { kind: "ticker", market: "KRW-BTC" } as Parameters<typeof subscriptions.isLive>[0];
      const channels: Array<string> = [];
      for (let poll = 0; poll < 20; poll++) {
        channels.push((yield* during(getTicker("KRW-BTC"))).provenance.channel);
        yield* TestClock.adjust("3 seconds");
      }
      const turn = channels.indexOf("websocket");
      assert.isAtLeast(turn, 2);
      assert.isAtMost(turn, 4);
      const asked = channels.filter((channel) => channel === "rest").length;
      assert.strictEqual(ledger.restCount("/v1/ticker"), asked);
      // A market that is silent beyond its rhythm is asked about: once, in a minute of this one.
      assert.isAtMost(asked, turn + 1);
      const subscribes = ledger.frames({ direction: "in" }).filter(({ text }) => text.includes('"codes"'));
      assert.strictEqual(subscribes.length, 1);

      // A read once a minute is no rhythm, though the mean of twenty gaps is short still: it does not keep the subscription.
      yield* TestClock.adjust("30 seconds");
      assert.isTrue(subscriptions.isLive(key));
      yield* during(getTicker("KRW-BTC"));
      yield* TestClock.adjust("45 seconds");
      assert.strictEqual((yield* health).link.wanted, 0);
      yield* TestClock.adjust("45 seconds");
      assert.isFalse(subscriptions.isLive(key));
      const { provenance } = yield* during(getTicker("KRW-BTC"));
      assert.deepStrictEqual([provenance.channel, provenance.attempts.length], ["rest", 1]);
      assert.strictEqual((yield* explain({ kind: "ticker", market: "KRW-BTC" })).follow, null);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 4, config: unaudited }))),
  );

  it.effect("keeps within the places for reads and the messages of a socket, whatever is polled", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-ADA"];
      for (let poll = 0; poll < 40; poll++) {
        yield* during(Effect.forEach(markets, (market) => getTicker(market), { concurrency: "unbounded", discard: true }));
        if (poll % 3 === 0) yield* during(getOrderbook(markets[poll % 6] ?? "", { levels: 5 }));
        yield* TestClock.adjust("1 second");
      }
      assert.isAtMost((yield* health).link.wanted, 4);
      const sent = ledger.frames({ direction: "in" }).map(({ atMs }) => atMs);
      for (const atMs of sent) assert.isAtMost(sent.filter((other) => other >= atMs && other < atMs + 1_000).length, 5);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 4, config: { ...unaudited, maxReadSubscriptions: 4 } }))),
  );
});

describe("a limit that is nearly used up", () => {
  const books = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-ADA", "KRW-AVAX", "KRW-LINK", "KRW-DOT", "KRW-TRX"];

  it.effect("of REST turns reads to the socket, and one of the socket's messages turns them to REST (R001-60)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const asked = () => ledger.restCount("/v1/orderbook");
      yield* during(getTicker("KRW-BTC"));
      yield* TestClock.adjust("3 seconds");
      const each = Effect.forEach(books, (market) => Effect.exit(getOrderbook(market, { maxAge: 1_000, context: "market_scanning" })), {
        concurrency: 1,
      });
      // One after another, ten requests are nine tenths of the limit and more; the first ones find room, the last ones are followed.
      yield* during(each);
      assert.strictEqual(asked(), 10);
      const followed = (yield* health).link.wanted;
      assert.isAtLeast(followed, 1);
      assert.isBelow(followed, 5);
      yield* TestClock.adjust("2 seconds");
      const before = asked();
      yield* during(each);
      assert.strictEqual(asked() - before, books.length - followed);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 4, config: unaudited, network: { restLatencyMs: 10 } }))),
  );

  it.effect("of the socket's messages makes REST answer what would need another message", () =>
    Effect.gen(function* () {
      const subscriptions = yield* Subscriptions;
      subscriptions.open();
      yield* TestClock.adjust("5 seconds");
      // Five changes in a second, each a message of its own.
      for (const market of books.slice(0, 5)) {
        subscriptions.wantForReads({ kind: "orderbook", market: market as never, levels: 15 });
        yield* TestClock.adjust("60 millis");
      }
      assert.isAtLeast(subscriptions.messageUsage(), 0.9);
      const { ranked, facts } = yield* explain({ kind: "ticker", market: "KRW-ETH", realtime: true });
      assert.deepStrictEqual([ranked.tiers[0]?.tier, ranked.reason], ["batch_snapshot", "messages_near_limit"]);
      assert.isAtLeast(facts.socketUsage ?? 0, 0.9);
      yield* TestClock.adjust("3 seconds");
      assert.strictEqual(
        (yield* explain({ kind: "ticker", market: "KRW-ETH", realtime: true })).ranked.tiers[0]?.tier,
        "live_subscription",
      );
    }).pipe(Effect.provide(Sim.layerTest({ seed: 4, config: unaudited }))),
  );
});

describe("a reader of a market that is streamed", () => {
  it.live("waits at most half as long as one who asks REST, by the median, in the same run over real sockets (R004-66)", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      const took = (intent: Parameters<typeof getTicker>[1], tiers: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const startedNanos = clock.monotonicTimeNanosUnsafe();
          assert.include(tiers, (yield* getTicker("KRW-BTC", intent)).provenance.tier);
          return Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6;
        });
      yield* Effect.forkScoped(Stream.runDrain(streamTicker(["KRW-BTC"])));
      const subscriptions = yield* Subscriptions;
      yield* subscriptions.awaitLive({ kind: "ticker", market: "KRW-BTC" as never });
      // In turns, so that what else the machine does hits both.
      const rest: Array<number> = [];
      const live: Array<number> = [];
      for (let i = 0; i < 8; i++) {
        rest.push(yield* took({ strategy: "rest_only", maxAge: 1 }, ["batch_snapshot"]));
        live.push(yield* took({ maxAge: 30_000 }, ["hot_cache", "live_subscription"]));
      }
      const median = (times: ReadonlyArray<number>) => times.toSorted((a, b) => a - b)[4] ?? Number.NaN;
      assert.isAtMost(median(live), median(rest) / 2);
    }).pipe(Effect.provide(Sim.layerLoopback({ seed: 4, config: unaudited })), Effect.scoped),
  );
});

describe("what was seen of each channel", () => {
  it.effect("is told by kind and way, and stands in every explanation", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) {
        yield* during(getTicker("KRW-BTC", { strategy: "rest_only" }));
        yield* TestClock.adjust("3 seconds");
      }
      const selector = yield* ChannelSelector;
      const [rest] = selector.figures();
      assert.deepInclude(rest, { kind: "ticker", way: "rest", channel: "rest", success: 1, samples: 5 });
      // The way there and back, and the time callers are gathered.
      assert.strictEqual(rest?.p50Ms, 21);
      assert.deepStrictEqual((yield* explain({ kind: "ticker", market: "KRW-BTC" })).figures, selector.figures());
    }).pipe(Effect.provide(Sim.layerTest({ seed: 4, config: unaudited }))),
  );
});
