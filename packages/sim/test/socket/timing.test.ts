import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { defaultOriginMs, Exchange, type ExchangeOptions, layerMemoryTransport, Script } from "../../src/index.ts";
import { endOf, sequentialId } from "../../src/market/Trade.ts";
import { Addresses, makeTools } from "../conformance/door.ts";
import { memoryDoor } from "../memoryDoor.ts";

const { open, get } = makeTools(memoryDoor);

const world = (options: ExchangeOptions = {}) =>
  layerMemoryTransport({ restLatencyMs: 0, connectLatencyMs: 0 }).pipe(
    Layer.provideMerge(Exchange.layer({ seed: 1, ...options })),
    Layer.provideMerge(Layer.succeed(Addresses, { rest: "http://sim", socket: "ws://sim/websocket/v1" })),
  );

const ticket = { ticket: "t" };

/** When frames of a kind left, since the clock's zero. */
const times = (exchange: Exchange["Service"], kind: string) =>
  exchange.ledger.frames({ direction: "out", kind }).map((frame) => frame.atMs - defaultOriginMs);

describe("the socket's clock", () => {
  const snapshotTimes = (options: ExchangeOptions) =>
    Effect.gen(function* () {
      yield* Script.halt;
      const exchange = yield* Exchange;
      const client = yield* open;
      const types = [
        { type: "orderbook", codes: ["KRW-BTC"] },
        { type: "trade", codes: ["KRW-BTC"] },
      ];
      yield* client.send([ticket, ...types]);
      yield* TestClock.adjust("1 second");
      yield* client.send([ticket, ...types]);
      yield* TestClock.adjust("1 second");
      const zero = exchange.ledger.frames({ kind: "request" })[0]!.atMs - defaultOriginMs;
      return [...times(exchange, "trade"), ...times(exchange, "orderbook")].map((ms) => ms - zero);
    }).pipe(Effect.provide(Layer.fresh(world(options))));

  it.effect("sends snapshots in two bursts, 172 to 188 and 328 to 354 ms after each request, the same for the same seed (§2.3)", () =>
    Effect.gen(function* () {
      const drawn = new Set<number>();
      for (let seed = 1; seed <= 20; seed++) {
        const all = yield* snapshotTimes({ seed });
        assert.strictEqual(all.length, 4);
        const [first = 0, second = 0, third = 0, fourth = 0] = all.map((ms) => ms % 1_000);
        for (const ms of [first, second]) assert.isTrue(ms >= 172 && ms <= 188, `${ms}`);
        for (const ms of [third, fourth]) assert.isTrue(ms >= 328 && ms <= 354, `${ms}`);
        drawn.add(first);
      }
      assert.isAbove(drawn.size, 5);
      assert.deepStrictEqual(yield* snapshotTimes({ seed: 7 }), yield* snapshotTimes({ seed: 7 }));
    }),
  );

  it.effect("sends snapshots exactly when it is told to, and takes a second request's time anew", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* snapshotTimes({ socket: { snapshotDelayMs: [172, 340] } }), [172, 1_172, 340, 1_340]);
    }),
  );

  it.effect("closes 150 to 180 ms after an error, or when it is told to (§4.3)", () =>
    Effect.gen(function* () {
      const closeAfter = (options: ExchangeOptions) =>
        Effect.gen(function* () {
          const exchange = yield* Exchange;
          const client = yield* open;
          yield* client.send("hello");
          yield* TestClock.adjust("1 second");
          assert.strictEqual(client.frames.length, 1);
          assert.deepStrictEqual(client.closes, [{ code: 1000, reason: "" }]);
          assert.strictEqual(exchange.openSockets, 0);
          return exchange.ledger.connections()[0]!.closed!.atMs - exchange.ledger.frames({ kind: "error" })[0]!.atMs;
        }).pipe(Effect.provide(Layer.fresh(world(options))));
      const drawn = [];
      for (let seed = 1; seed <= 20; seed++) drawn.push(yield* closeAfter({ seed }));
      assert.isTrue(drawn.every((ms) => ms >= 150 && ms <= 180));
      assert.isAbove(new Set(drawn).size, 5);
      assert.strictEqual(yield* closeAfter({ socket: { errorCloseMs: 42 } }), 42);
    }),
  );

  it.effect("repeats the status on its own ten-second clock", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const client = yield* open;
      yield* TestClock.adjust(4_321);
      yield* client.send("PING");
      yield* TestClock.adjust("1 minute");
      assert.deepStrictEqual(times(exchange, "status"), [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    }).pipe(Effect.provide(world())),
  );

  it.effect("cuts a socket without traffic after 60 s, without a close frame, and not one that pings (§2.12)", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const [idle, lively] = [yield* open, yield* open];
      for (let i = 0; i < 4; i++) {
        yield* lively.ping;
        yield* TestClock.adjust("50 seconds");
      }
      assert.deepStrictEqual(idle.closes, [{ code: 1006, reason: "" }]);
      assert.strictEqual(exchange.ledger.connections()[0]!.closed!.atMs - exchange.ledger.connections()[0]!.openedMs, 60_000);
      assert.deepStrictEqual(lively.closes, []);
      assert.strictEqual(lively.counts.pongs, 4);
    }).pipe(Effect.provide(world())),
  );

  it.effect("refuses the 101st message of a minute", () =>
    Effect.gen(function* () {
      const client = yield* open;
      for (let i = 0; i < 100; i++) {
        yield* client.send("PING");
        yield* TestClock.adjust(400);
      }
      assert.notMatch(client.frames.join(), /TOO_MANY_REQUEST/);
      yield* client.send("PING");
      yield* TestClock.adjust(1);
      assert.match(client.frames.at(-1)!, /TOO_MANY_REQUEST/);
    }).pipe(Effect.provide(world())),
  );
});

describe("realtime streams", () => {
  it.effect("bring every seeded trade once and in order, each with its ticker", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const client = yield* open;
      const codes = ["KRW-BTC", "KRW-ETH", "BTC-XRP"];
      yield* client.send([ticket, { type: "trade", codes, is_only_realtime: true }, { type: "ticker", codes, is_only_realtime: true }]);
      const from = yield* exchange.now;
      yield* TestClock.adjust("10 minutes");
      const upTo = yield* exchange.now;
      let expectedTrades = 0;
      for (const code of codes) {
        const tape = exchange.world.tape(code)!;
        const expected = [];
        for (let trade = tape.next(endOf(from), upTo); trade !== undefined; trade = tape.next(trade, upTo))
          expected.push(sequentialId(trade));
        const sent = client.frames.filter((frame) => frame.includes(`"type":"trade","code":"${code}"`));
        assert.deepStrictEqual(
          sent.map((frame) => /"sequential_id":(\d+)/.exec(frame)![1]),
          expected,
        );
        assert.strictEqual(client.frames.filter((frame) => frame.includes(`"type":"ticker","code":"${code}"`)).length, expected.length);
        expectedTrades += expected.length;
      }
      assert.isAbove(expectedTrades, 80);
      assert.strictEqual(exchange.ledger.frameCount("out", "trade"), expectedTrades);
    }).pipe(Effect.provide(world())),
  );

  it.effect("send candles at most once a second, only after a trade, and end at what REST says", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      yield* Script.halt;
      const client = yield* open;
      yield* client.send([ticket, { type: "candle.1m", codes: ["KRW-ADA"], is_only_realtime: true }]);
      yield* TestClock.adjust(5);
      const zero = (yield* exchange.now) - defaultOriginMs;
      yield* Script.path("KRW-ADA", [800, 810, 790, 805, 806, 807], { every: "400 millis" });
      yield* TestClock.adjust("30 seconds");
      assert.deepStrictEqual(times(exchange, "candle.1m"), [zero, zero + 1_000, zero + 2_000]);
      const [first, , last] = client.messages();
      assert.deepStrictEqual([first!["high_price"], first!["trade_price"]], [800, 800]);
      assert.deepStrictEqual([last!["opening_price"], last!["high_price"], last!["low_price"], last!["trade_price"]], [800, 810, 790, 807]);
      const row = JSON.parse(new TextDecoder().decode((yield* get("/v1/candles/minutes/1?market=KRW-ADA")).body))[0];
      assert.deepStrictEqual([row.opening_price, row.high_price, row.low_price, row.trade_price], [800, 810, 790, 807]);
      assert.strictEqual(row.candle_acc_trade_volume, last!["candle_acc_trade_volume"]);
    }).pipe(Effect.provide(world())),
  );

  it.effect("send a busy market's book every 100 ms, a quiet one's rarely, each equal to REST at its moment", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const client = yield* open;
      yield* client.send([ticket, { type: "orderbook", codes: ["KRW-BTC", "BTC-ATOM"], is_only_realtime: true }]);
      yield* TestClock.adjust("10 seconds");
      const stamps = (code: string) =>
        client
          .messages()
          .filter((message) => message["code"] === code)
          .map((message) => Number(message["timestamp"]));
      const busy = stamps("KRW-BTC");
      assert.isTrue(busy.length >= 99 && busy.length <= 101, `${busy.length} books`);
      assert.deepStrictEqual(
        busy.slice(1).map((stamp, i) => stamp - (busy[i] ?? 0)),
        busy.slice(1).map(() => 100),
      );
      assert.isAtMost(stamps("BTC-ATOM").length, 2);
      const rest = JSON.parse(new TextDecoder().decode((yield* get("/v1/orderbook?markets=KRW-BTC")).body))[0];
      const lastBook = client.messages().findLast((message) => message["code"] === "KRW-BTC")!;
      assert.strictEqual(rest.timestamp, lastBook["timestamp"]);
      assert.deepStrictEqual(
        rest.orderbook_units.map((unit: Record<string, number>) => [
          unit["ask_price"],
          unit["ask_size"],
          unit["bid_price"],
          unit["bid_size"],
        ]),
        (lastBook["orderbook_units"] as ReadonlyArray<Record<string, number>>).map((unit) => [
          unit["ask_price"],
          unit["ask_size"],
          unit["bid_price"],
          unit["bid_size"],
        ]),
      );
      assert.strictEqual(exchange.ledger.frameCount("out", "orderbook"), client.frames.length);
    }).pipe(Effect.provide(world())),
  );

  it.effect("have a hole at a replaced subscription where the exchange is told to be strict", () =>
    Effect.gen(function* () {
      yield* Script.halt;
      const client = yield* open;
      const trades = [ticket, { type: "trade", codes: ["KRW-BTC"] }];
      yield* client.send(trades);
      yield* TestClock.adjust("1 second");
      yield* client.send(trades);
      const lost = yield* Script.trade("KRW-BTC", { price: 100_000_000 });
      const shown = yield* Script.trade("KRW-BTC", { price: 100_001_000 });
      yield* TestClock.adjust("1 second");
      assert.strictEqual(client.frames.length, 2);
      assert.notInclude(client.frames.join(), lost.id);
      assert.include(client.frames[1]!, shown.id);
    }).pipe(Effect.provide(world({ socket: { seamlessReplace: false } }))),
  );
});
