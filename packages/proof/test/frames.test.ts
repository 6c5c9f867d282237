/** Frames that are no market data, or market data that cannot be: what reaches a consumer of them, and what it costs the link. */
import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { Market } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { keyId } from "@naru/router/domain/StreamKey";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import {
  getCandles,
  getOrderbook,
  getTicker,
  getTrades,
  liveMetrics,
  type MarketData,
  streamOrderbookEvents,
  streamTickerEvents,
  streamTradesEvents,
} from "@naru/router/MarketData";
import { Exchange, type Fault, Sim } from "@naru/sim";
import { Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

type Events<A> = Stream.Stream<StreamElement<A>, MarketDataError, MarketData>;

/** Collects a stream in the background. */
const follow = <A>(events: Events<A>) =>
  Effect.gen(function* () {
    const seen: Array<StreamElement<A>> = [];
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(events, (element) => Effect.sync(() => void seen.push(element))),
      { startImmediately: true },
    );
    return { seen, fiber };
  });

const liveOf = <A>(seen: ReadonlyArray<StreamElement<A>>) => seen.flatMap((element) => (element._tag === "Live" ? [element] : []));
const others = <A>(seen: ReadonlyArray<StreamElement<A>>) => seen.filter(({ _tag }) => _tag !== "Live");

/** No reading beside the socket: what a consumer gets is what the frames brought. */
const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0 };
const layer = () => Sim.layerTest({ seed: 31, config: unaudited });

describe("a status between the data", () => {
  it.effect("is seen by nobody, and fails nothing (B27)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const trades = yield* follow(streamTradesEvents("KRW-BTC"));
      yield* Sim.fault({ verb: "status-frames" });
      yield* TestClock.adjust("3 minutes");
      const sent = ledger.frames({ direction: "out", kind: "trade", market: "KRW-BTC" });
      assert.isAtLeast(ledger.faultCount("status-frames"), 10);
      assert.deepStrictEqual(others(trades.seen), []);
      assert.strictEqual(trades.seen.length, sent.length);
      const { failures, links } = yield* liveMetrics;
      assert.isTrue(Object.values(failures).every((count) => count === 0));
      assert.deepInclude(links[0], { opened: 1, reconnects: 0 });
    }).pipe(Effect.provide(layer())),
  );
});

/** A ticker joins a live stream of trades in a message that is answered by an error, twice. */
const refusedBy = ({ name, tag }: { readonly name: string; readonly tag: MarketDataError["_tag"] }) =>
  Effect.gen(function* () {
    const trades = yield* follow(streamTradesEvents("KRW-BTC"));
    yield* TestClock.adjust("5 seconds");
    // Refused with the new key in it, twice; then the old ones alone are taken as before.
    yield* Sim.fault({ verb: "error-frame", name, times: 2 });
    const refused = yield* follow(streamTickerEvents("KRW-ETH"));
    yield* TestClock.adjust("30 seconds");
    const error = yield* Effect.flip(Fiber.join(refused.fiber));
    assert.deepInclude(error, { _tag: tag, name });
    assert.deepStrictEqual(liveOf(refused.seen), []);
    assert.isUndefined(trades.fiber.pollUnsafe());
    assert.notInclude(
      trades.seen.map(({ _tag }) => _tag),
      "Gap",
    );
    const before = liveOf(trades.seen).length;
    yield* Sim.trade("KRW-BTC", { price: 100_000_000 });
    yield* TestClock.adjust("1 second");
    assert.isAbove(liveOf(trades.seen).length, before);
    assert.strictEqual(trades.seen.at(-1)?._tag, "Live");
  }).pipe(Effect.provide(layer()));

describe("an error frame", () => {
  it.effect("fails the streams of the message that caused it, as what it says, and no other (B28)", () =>
    Effect.forEach(
      [
        { name: "WRONG_FORMAT", tag: "InvalidRequest" },
        { name: "NO_TICKET", tag: "InvalidRequest" },
        { name: "NO_TYPE", tag: "InvalidRequest" },
        { name: "NO_CODES", tag: "InvalidRequest" },
        { name: "INVALID_PARAM", tag: "InvalidRequest" },
        { name: "INVALID_AUTH", tag: "Unauthorized" },
      ] as const,
      refusedBy,
    ),
  );
});

const bestFirst = ({ asks, bids }: Orderbook) => {
  for (const [at, { price }] of asks.entries()) if (at > 0) assert.isAbove(price.number, asks[at - 1]?.price.number ?? Infinity);
  for (const [at, { price }] of bids.entries()) if (at > 0) assert.isBelow(price.number, bids[at - 1]?.price.number ?? 0);
};

/** How many books of a stream come through such a fault, and with how many levels on each side. */
const books: ReadonlyArray<{ readonly fault: Fault; readonly asks?: number; readonly bids?: number; readonly refused?: true }> = [
  { fault: { verb: "empty-book", side: "both", how: "no-levels" }, asks: 0, bids: 0 },
  { fault: { verb: "empty-book", side: "both", how: "zeros" }, asks: 0, bids: 0 },
  { fault: { verb: "empty-book", side: "ask" }, asks: 0, bids: 15 },
  { fault: { verb: "empty-book", side: "bid" }, asks: 15, bids: 0 },
  { fault: { verb: "zero-sizes" }, asks: 0, bids: 0 },
  { fault: { verb: "unsorted-book" }, asks: 15, bids: 15 },
  { fault: { verb: "duplicate-levels" }, refused: true },
];

describe("an odd book in a stream", () => {
  it.effect("that is empty has no best, no spread; one out of order is put in order; one that names a price twice is refused (C08)", () =>
    Effect.gen(function* () {
      for (const { fault, asks, bids, refused } of books) {
        const what = JSON.stringify(fault);
        yield* Effect.gen(function* () {
          const { ledger } = yield* Exchange;
          const { seen, fiber } = yield* follow(streamOrderbookEvents("KRW-BTC", { levels: 15 }));
          yield* TestClock.adjust("5 seconds");
          const before = seen.length;
          yield* Sim.fault({ ...fault, times: 3 });
          yield* TestClock.adjust("10 seconds");
          assert.strictEqual(ledger.faultCount(fault.verb), 3, what);
          const odd = liveOf(seen).slice(before, before + 3);
          const decoded = (yield* liveMetrics).failures.decode;
          if (refused) assert.strictEqual(decoded, 3, what);
          else {
            assert.strictEqual(decoded, 0, what);
            for (const { value } of odd) {
              assert.deepStrictEqual([value.asks.length, value.bids.length], [asks, bids], what);
              if (asks === 0 || bids === 0) assert.deepStrictEqual([value.spread, value.spreadPercent, value.crossed], [null, null, false]);
            }
          }
          for (const { value } of liveOf(seen)) bestFirst(value);
          // Then the book as it is, on the same socket.
          const last = liveOf(seen).at(-1)?.value;
          assert.deepStrictEqual([last?.asks.length, last?.bids.length], [15, 15], what);
          assert.isUndefined(fiber.pollUnsafe());
          assert.deepStrictEqual(others(seen), [], what);
          assert.strictEqual(ledger.connections().length, 1, what);
        }).pipe(Effect.provide(layer()));
      }
    }),
  );
});

describe("a price that cannot be", () => {
  it.effect("is a frame that cannot be read: no consumer and no memory gets it, the link stays and the next values come (C09)", () =>
    Effect.gen(function* () {
      for (const value of ["zero", "negative", "nan"] as const) {
        yield* Effect.gen(function* () {
          const { ledger } = yield* Exchange;
          const { hot } = yield* Cache;
          const tickers = yield* follow(streamTickerEvents("KRW-BTC"));
          yield* TestClock.adjust("5 seconds");
          yield* Sim.fault({ verb: "nonsense-price", value, times: 4, type: "ticker" });
          const before = tickers.seen.length;
          while (ledger.faultCount("nonsense-price") < 4) yield* TestClock.adjust("100 millis");
          yield* TestClock.adjust("20 millis");
          assert.strictEqual((yield* liveMetrics).failures.decode, 4, value);
          const held = hot.get(keyId({ kind: "ticker", market: Market.make("KRW-BTC") }))?.value;
          assert.strictEqual(held, liveOf(tickers.seen).at(-1)?.value, value);
          yield* TestClock.adjust("10 seconds");
          assert.isAbove(tickers.seen.length, before);
          for (const { value: ticker } of liveOf(tickers.seen)) assert.isAbove(ticker.price.number, 0, value);
          assert.deepStrictEqual(others(tickers.seen), [], value);
          assert.strictEqual(ledger.connections().length, 1, value);
        }).pipe(Effect.provide(layer()));
      }
    }),
  );
});

const oddNames = ["__proto__", "constructor", "toString", "hasOwnProperty", "KRW-", "krw-btc", "KRW-원", `KRW-${"A".repeat(10_000)}`, ""];

describe("a market whose name is none", () => {
  it.effect("is refused before anything is sent, and in a frame costs that frame alone (C15)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const { hot } = yield* Cache;
      const untouched = Object.getOwnPropertyNames(Object.prototype).sort();
      for (const name of oddNames) {
        for (const ask of [
          getTicker(name),
          getOrderbook(name),
          getTrades(name),
          getCandles(name, "1m"),
          Stream.runDrain(streamTickerEvents(name)),
        ]) {
          assert.deepInclude(yield* Effect.flip(Effect.asVoid(ask)), { _tag: "InvalidRequest", field: "market" });
        }
      }
      assert.deepStrictEqual([ledger.restCount(), ledger.connections().length], [0, 0]);
      const tickers = yield* follow(streamTickerEvents("KRW-BTC"));
      yield* TestClock.adjust("5 seconds");
      const size = hot.size;
      for (const name of oddNames.filter((one) => one !== "")) {
        const before = ledger.faultCount("odd-market");
        yield* Sim.fault({ verb: "odd-market", name, times: 1 });
        while (ledger.faultCount("odd-market") === before) yield* TestClock.adjust("1 second");
        yield* TestClock.adjust("5 seconds");
      }
      assert.strictEqual(hot.size, size);
      for (const { value, market } of liveOf(tickers.seen))
        assert.deepStrictEqual([value.market as string, market as string], ["KRW-BTC", "KRW-BTC"]);
      assert.deepStrictEqual(others(tickers.seen), []);
      assert.strictEqual(ledger.connections().length, 1);
      assert.deepStrictEqual(Object.getOwnPropertyNames(Object.prototype).sort(), untouched);
      assert.strictEqual(tickers.seen.at(-1)?._tag, "Live");
    }).pipe(Effect.provide(layer())),
  );
});
