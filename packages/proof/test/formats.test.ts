/** Every format of the wire, in memory and over real sockets, compressed or not, held against what the exchange knows. */
import { assert, describe, it } from "@effect/vitest";
import type { Candle } from "@naru/router/domain/Candle";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import {
  streamCandles,
  streamOrderbook,
  streamOrderbookDeltas,
  streamTicker,
  streamTickerDeltas,
  streamTrades,
} from "@naru/router/MarketData";
import { apply, type Delta, type DeltaKind, type DeltaValue, type FullReason, type Held } from "@naru/router/stream/Delta";
import type { Socket, Transport } from "@naru/router/transport/Transport";
import { type Venue, type WireFormat, wireFormats } from "@naru/router/transport/Venue";
import { Exchange, Sim } from "@naru/sim";
import { Deferred, Effect, Fiber, Layer, Result, Stream } from "effect";
import { TestClock } from "effect/testing";
import { measureAll } from "../src/formats/formatBytes.ts";
import { faultsOf, tableOf } from "../src/formats/fullRun.ts";
import { Truth } from "../src/world/Truth.ts";

const markets = ["KRW-BTC", "KRW-ETH"];
const words: Readonly<Record<WireFormat, string>> = {
  full: "DEFAULT",
  compact: "SIMPLE",
  full_list: "JSON_LIST",
  compact_list: "SIMPLE_LIST",
};

/** Everything that came, by kind, in order. */
class Seen {
  readonly tickers: Array<Ticker> = [];
  readonly books: Array<Orderbook> = [];
  readonly trades: Array<Trade> = [];
  readonly candles: Array<Candle> = [];

  /** Runs all four streams until the scope closes or `enough` is called. */
  readonly watch = (enough: () => void = () => {}) => {
    const into =
      <A>(rows: Array<A>) =>
      (row: A) =>
        Effect.sync(() => {
          rows.push(row);
          if (this.isRich) enough();
        });
    return Effect.all(
      [
        Stream.runForEach(streamTicker(markets), into(this.tickers)),
        Stream.runForEach(streamOrderbook(markets), into(this.books)),
        Stream.runForEach(streamTrades(markets), into(this.trades)),
        Stream.runForEach(streamCandles(markets, "1m"), into(this.candles)),
      ],
      { concurrency: "unbounded", discard: true },
    );
  };

  get isRich(): boolean {
    return [this.tickers, this.books, this.trades, this.candles].every(({ length }) => length >= 4);
  }

  /** What the exchange never said. */
  faults(truth: Truth): ReadonlyArray<string> {
    return [
      ...this.tickers.map((ticker) => truth.faultOfTicker(ticker)),
      ...this.books.map((book) => truth.faultOfBook(book)),
      ...this.trades.map((trade) => truth.faultOfTrade(trade)),
      ...this.candles.map((candle) => truth.faultOfCandle(candle)),
    ].filter((fault) => fault !== undefined);
  }
}

const speaking = (format: WireFormat) => (venue: Venue["Service"]) => ({ ...venue, socket: { ...venue.socket, format } });

/** Every socket is asked for with or without compression, and kept. */
const compressing = (compress: boolean, sockets: Array<Socket>) => (transport: Transport["Service"]) => ({
  ...transport,
  socket: ((url, handlers) =>
    Effect.tap(transport.socket(url, handlers, { compress }), (socket) =>
      Effect.sync(() => void sockets.push(socket)),
    )) as Transport["Service"]["socket"],
});

/** The same half minute of virtual time in one format. */
const inMemory = (format: WireFormat, compress: boolean) => {
  const sockets: Array<Socket> = [];
  const decorate = { venue: speaking(format), transport: compressing(compress, sockets) };
  return Effect.gen(function* () {
    const exchange = yield* Exchange;
    const seen = new Seen();
    yield* Effect.forkChild(seen.watch());
    yield* TestClock.adjust("30 seconds");
    const asked = exchange.ledger.frames({ direction: "in", kind: "request" }).map(({ text }) => text ?? "");
    return { seen, asked, bytes: sockets[0]?.bytes(), faults: seen.faults(new Truth(exchange)) };
  }).pipe(Effect.provide(Layer.provideMerge(Sim.layerTest({ seed: 32, decorate }), TestClock.layer())));
};

describe("what a format saves", () => {
  it("short names and compression take fewer bytes each, both the fewest, and lose no message", { timeout: 60_000 }, async () => {
    const seconds = 20;
    const measures = await Effect.runPromise(measureAll({ seed: 32, markets, seconds }));
    assert.deepStrictEqual(faultsOf(measures), [], tableOf(measures, seconds).join("\n"));
    for (const { bytes, compress, kind } of measures) {
      if (!compress) assert.isAbove(bytes.wire, bytes.payload, kind);
      assert.isAbove(bytes.payload, 0, kind);
    }
  });
});

/** Applies all deltas of a stream, as they come; what was held after each, and why a value came whole. */
class Applied<K extends DeltaKind> {
  readonly values: Array<DeltaValue[K]> = [];
  readonly whole: Array<FullReason> = [];
  readonly #held = new Map<string, Held<K>>();

  readonly take = (delta: Delta<K>) =>
    Effect.sync(() => {
      const held = Result.getOrThrow(apply(this.#held.get(delta.market), delta));
      this.#held.set(delta.market, held);
      this.values.push(held.value);
      if (delta.base === null) this.whole.push(delta.reason);
    });
}

describe("changes of the emulated exchange's values", () => {
  it.effect("applied give the full streams, and after a cut every market comes whole once", () =>
    Effect.gen(function* () {
      const full = { tickers: [] as Array<Ticker>, books: [] as Array<Orderbook> };
      const tickers = new Applied<"ticker">();
      const books = new Applied<"orderbook">();
      const running = yield* Effect.forkChild(
        Effect.all(
          [
            Stream.runForEach(streamTicker(markets), (value) => Effect.sync(() => void full.tickers.push(value))),
            Stream.runForEach(streamOrderbook(markets, { levels: 5 }), (value) => Effect.sync(() => void full.books.push(value))),
            Stream.runForEach(streamTickerDeltas(markets), tickers.take),
            Stream.runForEach(streamOrderbookDeltas(markets, { levels: 5 }), books.take),
          ],
          { concurrency: "unbounded", discard: true },
        ),
      );
      yield* TestClock.adjust("30 seconds");
      yield* Sim.cutSockets;
      yield* TestClock.adjust("30 seconds");
      yield* Fiber.interrupt(running);
      assert.isAbove(full.tickers.length, 20);
      assert.isAbove(full.books.length, 100);
      assert.deepStrictEqual(tickers.values, full.tickers);
      assert.deepStrictEqual(books.values, full.books);
      const everyMarketTwice = ["first", "first", "reconnecting", "reconnecting"];
      assert.deepStrictEqual([tickers.whole, books.whole], [everyMarketTwice, everyMarketTwice]);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 34 }))),
  );
});

describe("in every format", () => {
  it.effect("the router decodes the same values, which are the exchange's, and asks for that format", () =>
    Effect.gen(function* () {
      const full = yield* inMemory("full", false);
      assert.isTrue(full.seen.isRich);
      assert.deepStrictEqual(full.faults, []);
      for (const format of wireFormats) {
        const { asked, bytes, faults, seen } = yield* inMemory(format, true);
        assert.deepStrictEqual(faults, [], format);
        assert.deepStrictEqual(
          [seen.tickers, seen.books, seen.trades, seen.candles],
          [full.seen.tickers, full.seen.books, full.seen.trades, full.seen.candles],
          format,
        );
        assert.isAtLeast(asked.length, 1);
        for (const text of asked) assert.deepInclude(JSON.parse(text), { format: words[format] });
        assert.isBelow(bytes?.wire ?? Infinity, (bytes?.payload ?? 0) / 2, format);
      }
    }),
  );

  for (const format of wireFormats)
    it.live(
      `over real sockets, compressed, the values are the exchange's: ${format}`,
      () => {
        const sockets: Array<Socket> = [];
        const decorate = { venue: speaking(format), transport: compressing(true, sockets) };
        return Effect.gen(function* () {
          const exchange = yield* Exchange;
          const seen = new Seen();
          const enough = yield* Deferred.make<void>();
          const stop = () => Deferred.doneUnsafe(enough, Effect.void);
          yield* Effect.raceFirst(seen.watch(stop), Deferred.await(enough));
          assert.isTrue(seen.isRich);
          assert.deepStrictEqual(seen.faults(new Truth(exchange)), []);
          assert.isTrue(sockets[0]?.compressed);
        }).pipe(Effect.provide(Sim.layerLoopback({ seed: 33, speed: 20, decorate })));
      },
      30_000,
    );
});
