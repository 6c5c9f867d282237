/**
 * REST and the socket together, as a consumer sees them: streams that go on while the socket is down or slow, and reads that go on while
 * subscriptions change. The exchange's own ledger says what was asked of it.
 */
import { assert, describe, it } from "@effect/vitest";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Channel } from "@naru/router/domain/Provenance";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { getTicker, health, type MarketData, streamOrderbookEvents, streamTickerEvents } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Equal, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

type State = Ticker | Orderbook;

/** Requests are counted here: those that look for silent losses are left out. */
const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0 };

interface Seen {
  readonly element: StreamElement<State>;
  readonly atMs: number;
}

/** Collects a stream in the background, each element with the time it came. */
const collect = <A extends State>(events: Stream.Stream<StreamElement<A>, MarketDataError, MarketData>) =>
  Effect.gen(function* () {
    const seen: Array<Seen> = [];
    const clock = yield* Clock.Clock;
    yield* Effect.forkChild(
      Stream.runForEach(events, (element) => Effect.sync(() => void seen.push({ element, atMs: clock.currentTimeMillisUnsafe() }))),
      { startImmediately: true },
    );
    return seen;
  });

const values = (seen: ReadonlyArray<Seen>) => seen.flatMap(({ element, atMs }) => (element._tag === "Live" ? [{ ...element, atMs }] : []));
type Value = ReturnType<typeof values>[number];

const ofMarket = (given: ReadonlyArray<Value>) => [...Map.groupBy(given, ({ market }) => market)];

/**
 * No market's time goes back, and no moment is told by both channels. The same state is told again only by the socket's snapshot after a break,
 * which says that the market is live again.
 */
const assertOneWay = (seen: ReadonlyArray<Seen>) => {
  for (const [market, given] of ofMarket(values(seen)))
    for (const [index, { value, channel, snapshot }] of given.entries()) {
      const before = given[index - 1];
      if (before === undefined) continue;
      assert.isAtLeast(value.timestampMs, before.value.timestampMs, market);
      if (value.timestampMs > before.value.timestampMs) continue;
      assert.deepStrictEqual([before.channel, channel], ["websocket", "websocket"], market);
      assert.isTrue(snapshot || !Equal.equals(before.value, value), market);
    }
};

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];

describe("a stream whose socket is down for half a minute", () => {
  const outage = Effect.gen(function* () {
    const { ledger } = yield* Exchange;
    const clock = yield* Clock.Clock;
    const tickers = yield* collect(streamTickerEvents(markets));
    const books = yield* collect(streamOrderbookEvents(markets, { levels: 15 }));
    yield* TestClock.adjust("5 seconds");
    const requestsBefore = ledger.requests().length;
    const downMs = clock.currentTimeMillisUnsafe();
    yield* Sim.refuseUpgrades("30 seconds");
    yield* Sim.cutSockets;
    yield* TestClock.adjust("30 seconds");
    const upMs = clock.currentTimeMillisUnsafe();
    const requests = ledger.requests().slice(requestsBefore);
    yield* TestClock.adjust("60 seconds");
    const after = ledger.requests().length;
    yield* TestClock.adjust("10 seconds");
    return { tickers, books, downMs, upMs, requests, quiet: ledger.requests().length - after };
  }).pipe(Effect.provide(Sim.layerTest({ seed: 21, config: unaudited })));

  it.effect("has values of REST within a second, none older than two, for at most two requests a second (R-09)", () =>
    Effect.gen(function* () {
      const { tickers, books, downMs, upMs, requests } = yield* outage;
      for (const seen of [tickers, books]) {
        const detectedMs = seen.find(({ element, atMs }) => element._tag === "Reconnecting" && atMs >= downMs)?.atMs;
        assert.isDefined(detectedMs);
        const first = values(seen).find(({ channel, atMs }) => channel === "rest" && atMs >= downMs);
        assert.isAtMost((first?.atMs ?? Infinity) - (detectedMs ?? 0), 1_000);
      }
      const polls = requests.filter(({ path }) => path === "/v1/ticker" || path === "/v1/orderbook");
      assert.strictEqual(polls.length, requests.length);
      for (const { atMs } of polls) assert.isAtMost(polls.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000).length, 2);
      // What the exchange answered at a moment is what a consumer knows from then on: all markets, all the time.
      for (const path of ["/v1/ticker", "/v1/orderbook"]) {
        const times = polls
          .filter((request) => request.path === path)
          .map(({ target, atMs }) => {
            for (const market of markets) assert.include(target, market);
            return atMs;
          });
        assert.isAtLeast(times.length, 25);
        const origin = requests[0]?.atMs ?? 0;
        for (const [index, atMs] of [...times, origin + (upMs - downMs)].entries())
          if (index > 0) assert.isAtMost(atMs - (times[index - 1] ?? 0), 2_000);
      }
    }),
  );

  it.effect("moves to REST and back to the socket: time goes one way, nothing comes twice, and labels say which it was (R003-41)", () =>
    Effect.gen(function* () {
      const { tickers, books, downMs, upMs, quiet } = yield* outage;
      for (const seen of [tickers, books]) {
        assertOneWay(seen);
        const given = values(seen);
        for (const { channel, atMs, snapshot } of given) {
          if (atMs < downMs - 1_000) continue;
          if (channel === "rest") assert.isTrue(snapshot);
          if (atMs > downMs && atMs <= upMs) assert.strictEqual(channel, "rest");
        }
        for (const [market, some] of ofMarket(given)) {
          const during = some.filter(({ atMs }) => atMs > downMs && atMs <= upMs);
          assert.isAbove(during.length, 0, market);
          assert.strictEqual(some.at(-1)?.channel, "websocket", market);
        }
        const tags = seen.map(({ element }) => element._tag);
        assert.include(tags, "Reconnecting");
        assert.include(tags, "Resumed");
      }
      assert.strictEqual(quiet, 0);
    }),
  );
});

describe("a stream of an exchange that is slow to speak", () => {
  it.effect("begins with REST, whose value the socket's then follow; with a quick socket REST is not asked (R004-05)", () =>
    Effect.gen(function* () {
      const begin = Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const tickers = yield* collect(streamTickerEvents(markets));
        const books = yield* collect(streamOrderbookEvents(markets));
        yield* TestClock.adjust("20 seconds");
        for (const seen of [tickers, books]) {
          assertOneWay(seen);
          for (const [market, given] of ofMarket(values(seen))) assert.strictEqual(given.at(-1)?.channel, "websocket", market);
        }
        return {
          channels: [tickers, books].map((seen) => ofMarket(values(seen)).map(([, given]) => given[0]?.channel)),
          requests: ledger.restCount("/v1/ticker") + ledger.restCount("/v1/orderbook"),
        };
      });
      // Silent until its snapshot: the markets themselves stand still.
      const slow = Effect.andThen(
        Sim.halt,
        Effect.andThen(Effect.forkChild(Effect.andThen(Effect.sleep("10 seconds"), Sim.resume)), begin),
      );
      const late = yield* Effect.provide(slow, Sim.layerTest({ seed: 22, config: unaudited, socket: { snapshotDelayMs: [4_000, 4_000] } }));
      const all = (channel: Channel) => [markets.map(() => channel), markets.map(() => channel)];
      assert.deepStrictEqual(late.channels, all("rest"));
      assert.isAbove(late.requests, 0);
      const quick = yield* Effect.provide(begin, Sim.layerTest({ seed: 22, config: unaudited }));
      assert.deepStrictEqual(quick, { channels: all("websocket"), requests: 0 });
    }),
  );
});

describe("reads during a change of subscriptions", () => {
  /** One place for a key that reads subscribe: every other market takes it. */
  const oneSlot = (config = {}) => Sim.layerTest({ seed: 23, config: { maxReadSubscriptions: 1, ...config } });
  const during = <A, E, R>(effect: Effect.Effect<A, E, R>, ms = 3_000) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
      yield* TestClock.adjust(ms);
      return yield* Fiber.join(fiber);
    });
  const settledStale = { onStale: "serve", maxAge: 100 } as const;

  it.effect("give the old market's last value with a label at once, for ten seconds from the change, and then ask REST (R003-32)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* during(getTicker("KRW-BTC", { realtime: true }));
      yield* during(getTicker("KRW-ETH", { realtime: true, priority: "low" }), 300);
      yield* TestClock.adjust("1 second");
      const before = ledger.restCount("/v1/ticker");
      const { provenance } = yield* getTicker("KRW-BTC", settledStale);
      assert.deepStrictEqual(
        [provenance.stale, provenance.staleReason, provenance.channel, provenance.tier],
        [true, "transition", "websocket", "hot_cache"],
      );
      assert.isAtLeast(provenance.confirmedAgeMs, 1_000);
      assert.deepStrictEqual(
        provenance.attempts.map(({ reason }) => reason),
        ["transition"],
      );
      assert.strictEqual(ledger.restCount("/v1/ticker"), before);
      // Who does not take an old value gets a new one, as ever.
      const fresh = yield* during(getTicker("KRW-BTC", { maxAge: 100 }));
      assert.deepStrictEqual([fresh.provenance.stale, fresh.provenance.channel], [false, "rest"]);
      yield* TestClock.adjust("10 seconds");
      const later = yield* during(getTicker("KRW-BTC", settledStale));
      assert.deepStrictEqual([later.provenance.stale, later.provenance.staleReason], [false, null]);
    }).pipe(Effect.provide(oneSlot())),
  );

  it.effect("have a change to see in the link's status, until the new market speaks", () =>
    Effect.gen(function* () {
      yield* during(getTicker("KRW-BTC", { realtime: true }));
      assert.isNull((yield* health).link.changing);
      const asking = yield* Effect.forkChild(getTicker("KRW-ETH", { realtime: true, priority: "low" }), { startImmediately: true });
      yield* TestClock.adjust(100);
      const { changing } = (yield* health).link;
      assert.deepStrictEqual([changing?.from as string, changing?.to as string], ["ticker:KRW-BTC", "ticker:KRW-ETH"]);
      yield* TestClock.adjust(2_000);
      yield* Fiber.join(asking);
      assert.isNull((yield* health).link.changing);
    }).pipe(Effect.provide(oneSlot())),
  );

  it.effect("of the old market every 50 ms fail not once in a hundred changes (R003-35)", () =>
    Effect.gen(function* () {
      const turns = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];
      let changes = 0;
      const failures: Array<string> = [];
      const reasons = new Map<string, number>();
      const change = Effect.gen(function* () {
        for (; changes < 100; changes++) {
          const market = turns[changes % turns.length] ?? "KRW-BTC";
          const exit = yield* Effect.result(getTicker(market, { realtime: true }));
          if (exit._tag === "Failure") failures.push(`change to ${market}: ${exit.failure.message}`);
          yield* Effect.sleep("1 second");
        }
      });
      let reads = 0;
      const read = Effect.gen(function* () {
        // One of the two that reads have turned away from.
        const old = turns[(changes + 1 + (reads++ % 2)) % turns.length] ?? "KRW-BTC";
        const exit = yield* Effect.result(getTicker(old, settledStale));
        if (exit._tag === "Failure") failures.push(`${old}: ${exit.failure.message}`);
        else {
          const { staleReason, channel } = exit.success.provenance;
          const reason = staleReason ?? channel;
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
        yield* Effect.sleep("50 millis");
      });
      yield* Effect.forkChild(Effect.forever(read));
      const changing = yield* Effect.forkChild(change);
      for (let s = 0; s < 400 && changing.pollUnsafe() === undefined; s++) yield* TestClock.adjust("1 second");
      yield* Fiber.join(changing);
      assert.deepStrictEqual([changes, failures], [100, []]);
      assert.isAbove(reads, 1_000);
      assert.isAbove(reasons.get("transition") ?? 0, 25);
    }).pipe(Effect.provide(oneSlot())),
  );
});
