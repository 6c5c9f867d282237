import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { defaultOriginMs, Exchange, type ExchangeOptions, layerMemoryTransport, Script } from "../src/index.ts";
import { dayMs } from "../src/market/MarketTape.ts";
import { endOf } from "../src/market/Trade.ts";
import { Addresses, makeTools } from "./conformance.ts";
import { memoryDoor } from "./memoryDoor.ts";

const { open, get } = makeTools(memoryDoor);

const world = (options: ExchangeOptions = {}) =>
  layerMemoryTransport({ restLatencyMs: 0, connectLatencyMs: 0 }).pipe(
    Layer.provideMerge(Exchange.layer({ seed: 1, limits: { perWindow: 1_000 }, ...options })),
    Layer.provideMerge(Layer.succeed(Addresses, { rest: "http://sim", socket: "ws://sim/websocket/v1" })),
  );

const zero = defaultOriginMs;
const seconds = (n: number) => zero + n * 1_000;

/** Every REST question about one market. */
const paths = (market: string) => [
  `/v1/ticker?markets=${market}`,
  `/v1/orderbook?markets=${market}`,
  `/v1/orderbook/instruments?markets=${market}`,
  `/v1/trades/ticks?market=${market}`,
  `/v1/candles/seconds?market=${market}`,
  `/v1/candles/minutes/1?market=${market}`,
  `/v1/candles/days?market=${market}`,
  `/v1/candles/weeks?market=${market}`,
];
const statuses = (market: string) => Effect.forEach(paths(market), (path) => Effect.map(get(path), (response) => response.status));
const all = (status: number) => paths("").map(() => status);
const body = (path: string) => Effect.map(get(path), (response) => JSON.parse(new TextDecoder().decode(response.body)));
const listed = (market: string) =>
  Effect.map(body("/v1/market/all"), (rows: ReadonlyArray<{ readonly market: string }>) => rows.some((row) => row.market === market));

const everything = (market: string) => [
  { ticket: "t" },
  ...["ticker", "trade", "orderbook", "candle.1s", "candle.60m"].map((type) => ({ type, codes: [market] })),
];
/** The frames sent about a market after a moment. */
const sentAfter = (exchange: Exchange["Service"], market: string, atMs: number) =>
  exchange.ledger.frames({ direction: "out", market }).filter((frame) => frame.atMs > atMs);

describe("a market that comes and goes (§5.5)", () => {
  const plan = { market: "KRW-XRP", previewMs: seconds(20), listMs: seconds(40), delistMs: seconds(100), announceMs: seconds(80) };

  it.effect("does not exist before, is there without trades as a preview, trades, and is gone with its history", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* statuses("KRW-XRP"), all(404));
      assert.isFalse(yield* listed("KRW-XRP"));
      yield* TestClock.adjust("30 seconds");
      assert.deepStrictEqual(yield* statuses("KRW-XRP"), all(200));
      assert.isTrue(yield* listed("KRW-XRP"));
      assert.deepStrictEqual(yield* body("/v1/trades/ticks?market=KRW-XRP&count=500"), []);
      assert.deepStrictEqual(yield* body("/v1/candles/days?market=KRW-XRP&count=200"), []);
      yield* TestClock.adjust("60 seconds");
      const trades = yield* body("/v1/trades/ticks?market=KRW-XRP&count=500");
      assert.isAbove(trades.length, 5);
      for (const trade of trades) assert.isAtLeast(trade.timestamp, seconds(40));
      const days = yield* body("/v1/candles/days?market=KRW-XRP&count=200");
      assert.strictEqual(days.length, 1);
      const [ticker] = yield* body("/v1/ticker?markets=KRW-XRP");
      assert.strictEqual(ticker.acc_trade_volume_24h, ticker.acc_trade_volume);
      yield* TestClock.adjust("10 seconds");
      assert.deepStrictEqual(yield* statuses("KRW-XRP"), all(404));
      assert.isFalse(yield* listed("KRW-XRP"));
      assert.deepStrictEqual(yield* Effect.map(get("/v1/ticker?markets=KRW-BTC,KRW-XRP"), (response) => response.status), 404);
    }).pipe(Effect.provide(world({ lifecycle: [plan] }))),
  );

  it.effect("is silence on the socket before and after, tells its state and the date in its tickers, and says goodbye once (§2.6)", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const early = yield* open;
      yield* early.send(everything("KRW-XRP"));
      yield* TestClock.adjust("30 seconds");
      assert.deepStrictEqual(early.frames, []);
      const client = yield* open;
      yield* client.send(everything("KRW-XRP"));
      yield* TestClock.adjust("69 seconds");
      const tickers = () => client.messages().filter((frame) => frame.type === "ticker");
      const first = tickers()[0]!;
      assert.deepStrictEqual([first.market_state, first.acc_trade_volume, first.delisting_date], ["PREVIEW", 0, null]);
      assert.deepStrictEqual(
        [...new Set(tickers().map((frame) => `${frame.market_state} ${frame.delisting_date}`))],
        ["PREVIEW null", "ACTIVE null", "ACTIVE 2026-01-05"],
      );
      for (const frame of client.messages()) if (frame.type === "trade") assert.isAtLeast(Number(frame.trade_timestamp), seconds(40));
      yield* TestClock.adjust("1 minute");
      assert.strictEqual(tickers().at(-1)!.market_state, "DELISTED");
      assert.deepStrictEqual(
        sentAfter(exchange, "KRW-XRP", seconds(99) + 999).map((frame) => frame.kind),
        ["ticker"],
      );
      const late = yield* open;
      yield* late.send(everything("KRW-XRP"));
      yield* TestClock.adjust("10 seconds");
      assert.deepStrictEqual(late.frames, []);
    }).pipe(Effect.provide(world({ lifecycle: [plan] }))),
  );

  it.effect("is listed and delisted by a script: a new code makes a new market, an old one returns without its history", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      assert.deepStrictEqual(yield* statuses("KRW-FERRY"), all(404));
      yield* Script.list("KRW-FERRY");
      const scripted = yield* Script.trade("KRW-FERRY", { price: 500 });
      assert.deepStrictEqual(yield* statuses("KRW-FERRY"), all(200));
      yield* TestClock.adjust("10 minutes");
      const [oldest] = (yield* body("/v1/trades/ticks?market=KRW-FERRY&count=500")).slice(-1);
      assert.deepStrictEqual([oldest.trade_price, oldest.timestamp], [500, scripted.timeMs]);

      yield* Script.delist("KRW-ETH");
      assert.deepStrictEqual(yield* statuses("KRW-ETH"), all(404));
      assert.strictEqual((yield* Effect.flip(Script.delist("KRW-ETH"))).reason, "no market KRW-ETH");
      yield* TestClock.adjust("5 seconds");
      assert.strictEqual((yield* Effect.flip(Script.trade("KRW-ETH", { price: 4_000_000 }))).reason, "KRW-ETH does not trade then");
      const again = yield* exchange.now;
      yield* Script.list("KRW-ETH");
      assert.strictEqual((yield* Effect.flip(Script.list("KRW-ETH"))).reason, "KRW-ETH is listed already");
      yield* TestClock.adjust("5 minutes");
      const trades = yield* body("/v1/trades/ticks?market=KRW-ETH&count=500");
      assert.isAbove(trades.length, 10);
      for (const trade of trades) assert.isAtLeast(trade.timestamp, again);
      assert.strictEqual((yield* body("/v1/candles/days?market=KRW-ETH&count=200")).length, 1);
      assert.strictEqual((yield* Effect.flip(Script.list("EUR-X"))).reason, "EUR-X is no code of a market");
    }).pipe(Effect.provide(world())),
  );

  it.effect("trades after its listing exactly as the seed always said", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const [tape, other] = [exchange.world.tape("KRW-XRP")!, exchange.world.tape("KRW-ADA")!];
      const whole = tape.fold(seconds(40), endOf(seconds(99) + 999));
      const untouched = other.fold(zero - dayMs, endOf(seconds(100)));
      yield* Script.delist("KRW-XRP");
      yield* TestClock.adjust("40 seconds");
      yield* Script.list("KRW-XRP");
      assert.deepStrictEqual(tape.fold(zero - dayMs, endOf(seconds(99) + 999)), whole);
      assert.deepStrictEqual(other.fold(zero - dayMs, endOf(seconds(100))), untouched);
    }).pipe(Effect.provide(world())),
  );
});

describe("maintenance (§5.7)", () => {
  const windows = [{ fromMs: seconds(60), toMs: seconds(180) }];

  it.effect("answers every question with a 500, cuts every socket, refuses new ones, and leaves no trade and no candle of its time", () =>
    Effect.gen(function* () {
      const client = yield* open;
      yield* client.send(everything("KRW-BTC"));
      yield* TestClock.adjust("59 seconds");
      assert.deepStrictEqual([client.closes.length, (yield* get("/v1/ticker?markets=KRW-BTC")).status], [0, 200]);
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(client.closes, [{ code: 1006, reason: "" }]);
      const down = yield* get("/v1/ticker?markets=KRW-BTC");
      assert.strictEqual(down.status, 500);
      assert.strictEqual(JSON.parse(new TextDecoder().decode(down.body)).error.name, 500);
      const refused = yield* Effect.flip(open);
      assert.strictEqual(refused._tag === "UpgradeRefused" ? refused.status : undefined, 503);
      assert.strictEqual((yield* Effect.flip(Script.trade("KRW-BTC", { price: 1_000 }))).reason, "KRW-BTC does not trade then");
      yield* TestClock.adjust("4 minutes");
      const minutes: ReadonlyArray<{ readonly candle_date_time_utc: string }> = yield* body("/v1/candles/minutes/1?market=KRW-BTC&count=6");
      const times = minutes.map((row) => row.candle_date_time_utc.slice(11, 16));
      assert.deepStrictEqual(
        times.filter((time) => time === "03:01" || time === "03:02"),
        [],
      );
      assert.includeMembers(times, ["03:00", "03:03", "03:04"]);
    }).pipe(Effect.provide(world({ maintenance: { windows } }))),
  );

  it.effect("can also hang and be silent, and goes on afterwards", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const client = yield* open;
      yield* client.send(everything("KRW-BTC"));
      yield* TestClock.adjust("10 seconds");
      const before = yield* exchange.now;
      yield* Script.maintenance("30 seconds");
      const hung = exchange.handleRest({ method: "GET", target: "/v1/market/all", headers: {}, ip: "x" }, before);
      assert.strictEqual(hung._tag, "Hang");
      yield* TestClock.adjust("29 seconds");
      assert.deepStrictEqual(sentAfter(exchange, "KRW-BTC", before), []);
      assert.strictEqual(client.closes.length, 0);
      yield* TestClock.adjust("30 seconds");
      const after = sentAfter(exchange, "KRW-BTC", before);
      assert.isAbove(after.length, 50);
      for (const frame of after) assert.isAtLeast(frame.atMs, before + 30_000);
      assert.strictEqual((yield* get("/v1/market/all")).status, 200);
    }).pipe(Effect.provide(world({ maintenance: { rest: "hang", sockets: "silent" } }))),
  );

  it.effect("takes scripted trades that were to come with it", () =>
    Effect.gen(function* () {
      yield* Script.halt;
      yield* Script.path("KRW-DOGE", [100, 90, 80, 70], { every: "10 seconds" });
      yield* TestClock.adjust("5 seconds");
      yield* Script.maintenance("20 seconds");
      yield* TestClock.adjust("1 minute");
      const trades: ReadonlyArray<{ readonly trade_price: number }> = yield* body("/v1/trades/ticks?market=KRW-DOGE&count=2");
      assert.deepStrictEqual(
        trades.map((trade) => trade.trade_price),
        [70, 100],
      );
    }).pipe(Effect.provide(world())),
  );
});
