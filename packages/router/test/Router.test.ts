/** The composition: lists of markets, the list of markets itself, and the report of health. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import type { Market } from "../src/domain/Market.ts";
import { DecodeError, MarketUnknown, NetworkError } from "../src/errors/MarketDataError.ts";
import { getCandles, getMarkets, getTicker, getTrades, health, type MarketData, metrics } from "../src/MarketData.ts";
import { candle, marketOf, ticker, trade } from "./samples.ts";
import { answered, info, routerOver, type Script, type Stub, stubOf } from "./stubServices.ts";

const start = Date.UTC(2026, 0, 31);
const down = Effect.fail(new NetworkError({ phase: "connect", host: "stub.test", code: "ECONNREFUSED", detail: null }));

/** Tickers, unless a market of the list is unknown: then, as exchanges do, nothing at all. */
const exchange =
  (known: ReadonlyArray<string>): Script =>
  ({ query }) => {
    const markets = (query[0] ?? "").split(",");
    const stranger = markets.find((market) => !known.includes(market));
    return stranger === undefined
      ? Effect.succeed(markets.map((market) => ticker("100", start, market as Market)))
      : Effect.fail(new MarketUnknown({ market: "", venue: "stub", near: [] }));
  };

const test = (title: string, stub: Stub, effect: Effect.Effect<unknown, unknown, MarketData>) =>
  it.effect(title, () => Effect.provide(Effect.andThen(TestClock.setTime(start), effect), routerOver(stub)));

describe("a list of markets", () => {
  const stub = stubOf(exchange(["KRW-BTC", "KRW-ETH", "KRW-XRP"]));
  test(
    "is one request, answered in the order asked, each market with its own provenance",
    stub,
    Effect.gen(function* () {
      const { answers, failures } = yield* answered(getTicker(["KRW-XRP", "KRW-BTC", "KRW-ETH", "KRW-BTC"]));
      assert.deepStrictEqual(
        answers.map(({ market, value }) => [market, value.market]),
        ["KRW-XRP", "KRW-BTC", "KRW-ETH", "KRW-BTC"].map((market) => [market, market]),
      );
      assert.deepStrictEqual(failures, []);
      assert.strictEqual(new Set(answers.map(({ provenance }) => provenance.requestId)).size, 4);
      assert.deepStrictEqual(
        stub.asked.map(({ query }) => query),
        [["KRW-XRP,KRW-BTC,KRW-ETH"]],
      );
    }),
  );

  const mixed = stubOf(exchange(["KRW-BTC", "KRW-ETH"]));
  test(
    "is not spoilt by a bad one: the rest is answered, and each failure names its market as it was written",
    mixed,
    Effect.gen(function* () {
      const { answers, failures } = yield* answered(getTicker(["KRW-BTC", "krw-eth", "KRW-XRP", "KRW-ETH"]));
      assert.deepStrictEqual(
        answers.map(({ market }) => market),
        [marketOf("KRW-BTC"), marketOf("KRW-ETH")],
      );
      assert.deepStrictEqual(
        failures.map(({ market, error }) => [market, error._tag]),
        [
          ["krw-eth", "InvalidRequest"],
          ["KRW-XRP", "MarketUnknown"],
        ],
      );
      // The list, and each of its three markets once more: nothing is asked twice.
      assert.strictEqual(mixed.asked.length, 4);
    }),
  );

  const stranger = stubOf(exchange([]));
  test(
    "costs one request for one unknown market, however many callers ask for it at once",
    stranger,
    Effect.gen(function* () {
      stranger.markets = [];
      const errors = yield* answered(
        Effect.all(
          Array.from({ length: 50 }, () => Effect.flip(getTicker("KRW-XRP"))),
          { concurrency: "unbounded" },
        ),
      );
      assert.isTrue(errors.every(({ _tag }) => _tag === "MarketUnknown"));
      assert.strictEqual(stranger.asked.length, 1);
    }),
  );

  test(
    "is refused when it is empty or too long, before any network use",
    stubOf(() => down),
    Effect.gen(function* () {
      for (const list of [[], Array(1_001).fill("KRW-BTC")]) {
        const error = yield* Effect.flip(getTicker(list));
        assert(error._tag === "InvalidRequest");
        assert.strictEqual(error.field, "market");
      }
    }),
  );
});

describe("the list of the exchange's markets", () => {
  const empty = stubOf(exchange(["KRW-BTC"]));
  test(
    "refuses nobody when it arrives empty, or with records that cannot be read",
    empty,
    Effect.gen(function* () {
      empty.markets = [];
      yield* answered(getTicker("KRW-BTC"));
      yield* TestClock.adjust("10 seconds");
      yield* answered(getTicker("KRW-BTC"));
      const tickers = empty.script;
      const torn = new DecodeError({ stage: "schema", path: "[7].market", detail: "Expected string" });
      empty.script = (asked) =>
        asked.endpoint === "markets" ? Effect.succeed({ rows: [info(marketOf("KRW-ETH"))], rejected: [torn] }) : tickers(asked);
      yield* TestClock.adjust("10 seconds");
      yield* answered(getTicker("KRW-BTC"));
      assert.strictEqual((yield* health).knownMarkets, 1);
      yield* TestClock.adjust("10 seconds");
      assert.strictEqual((yield* answered(getTicker("KRW-BTC"))).value.market, "KRW-BTC");
    }),
  );

  const failing = stubOf(exchange(["KRW-BTC"]));
  test(
    "is not asked for by every call while it cannot be read",
    failing,
    Effect.gen(function* () {
      const tickers = failing.script;
      failing.script = (asked) => (asked.endpoint === "markets" ? down : tickers(asked));
      for (let i = 0; i < 40; i++) {
        yield* answered(getTicker("KRW-BTC", { maxAge: 0 }));
        yield* TestClock.adjust("245 millis");
      }
      assert.strictEqual(failing.asked.length, 40);
      assert.isAtMost(failing.lists, 3);
    }),
  );

  const listed = stubOf(({ endpoint }) => (endpoint === "instruments" ? Effect.succeed([{ market: "KRW-BTC", tickSize: 1_000 }]) : down));
  test(
    "comes by quote, with tick sizes unless they are not wanted",
    listed,
    Effect.gen(function* () {
      listed.markets = ["KRW-BTC", "KRW-ETH", "USDT-BTC"].map(marketOf);
      const plain = yield* answered(getMarkets({ quote: "krw", instruments: false }));
      assert.deepStrictEqual(
        plain.map(({ market }) => market),
        ["KRW-BTC", "KRW-ETH"].map(marketOf),
      );
      assert.strictEqual(listed.asked.length, 0);
      const [first] = yield* answered(getMarkets());
      assert.property(first, "tickSize");
      assert.strictEqual(listed.lists, 1);
    }),
  );
});

describe("what the warm store keeps", () => {
  const ranges = stubOf(({ query }) => Effect.succeed(query[3] === "" ? [] : [candle(Number(query[3]) - 60_000)]));
  test(
    "a closed range of candles does not grow old, and says all the same how long ago it was read",
    ranges,
    Effect.gen(function* () {
      const ask = answered(getCandles("KRW-BTC", "1m", { count: 1, to: start - 600_000 }));
      const first = yield* ask;
      assert.strictEqual(first.provenance.tier, "warm_cache_rest");
      yield* TestClock.adjust("1 hour");
      const second = yield* ask;
      assert.deepStrictEqual(second.value, first.value);
      assert.deepStrictEqual([second.provenance.confirmedAgeMs, second.provenance.stale, ranges.asked.length], [3_600_000, false, 1]);
    }),
  );

  const pages = stubOf(() => Effect.succeed([trade("1", start)]));
  test(
    "an answer that could change lives up to 30 seconds: at 29.9 one of a hundred still answers, at 30.1 none (R003-31)",
    pages,
    Effect.gen(function* () {
      const cursors = Array.from({ length: 100 }, (_, i) => String(1_000 + i));
      const ask = Effect.forEach(cursors, (before) => getTrades("KRW-BTC", { before }), { concurrency: "unbounded" });
      const remembered = Effect.map(answered(ask), (answers) => answers.filter(({ provenance }) => provenance.confirmedAgeMs > 0).length);
      assert.strictEqual(yield* remembered, 0);
      yield* TestClock.adjust("29900 millis");
      assert.isAtLeast(yield* remembered, 1);
      yield* TestClock.adjust("30100 millis");
      assert.strictEqual(yield* remembered, 0);
    }),
  );
});

describe("history in pages", () => {
  /** An exchange that made one trade a second, ids counting down from 2000, newest first; a page ends before the trade it is asked from. */
  const trades: Script = ({ query: [, count, before] }) => {
    const newest = before === "" ? 2_000 : Number(before) - 1;
    return Effect.succeed(
      Array.from({ length: Number(count) }, (_, i) => newest - i).flatMap((id) => (id > 0 ? [trade(String(id), start + id * 1_000)] : [])),
    );
  };
  const stub = stubOf(trades);
  test(
    "brings as many trades as asked, oldest first, each once, and knows when there are no more",
    stub,
    Effect.gen(function* () {
      const { value } = yield* answered(getTrades("KRW-BTC", { count: 1_200 }));
      assert.deepStrictEqual(
        value.map(({ id }) => Number(id)),
        Array.from({ length: 1_200 }, (_, i) => 801 + i),
      );
      assert.deepStrictEqual(
        stub.asked.map(({ query }) => query[1]),
        ["500", "500", "200"],
      );
      const short = yield* answered(getTrades("KRW-BTC", { count: 800, before: "300" }));
      assert.strictEqual(short.value.length, 299);
    }),
  );

  const torn = new DecodeError({ stage: "schema", path: "[3].low_price", detail: "Expected number" });
  test(
    "fails when one record of a page cannot be read: the hole would look like a quiet window",
    stubOf(() => Effect.succeed({ rows: [candle(start - 120_000)], rejected: [torn] })),
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(answered(getCandles("KRW-BTC", "1m", { count: 2 }))), torn);
    }),
  );

  const spread = stubOf(({ query: [, , count, to] }) => {
    const end = to === "" ? start : Number(to);
    return Effect.succeed(Array.from({ length: Number(count) }, (_, i) => candle(end - (i + 1) * 120_000)));
  });
  test(
    "reads a sparse market back page by page, oldest first",
    spread,
    Effect.gen(function* () {
      const { value, provenance } = yield* answered(getCandles("KRW-BTC", "1m", { count: 450 }));
      assert.deepStrictEqual(
        value.map(({ openTimeMs }) => (start - openTimeMs) / 120_000),
        Array.from({ length: 450 }, (_, i) => 450 - i),
      );
      assert.strictEqual(spread.asked.length, 3);
      assert.strictEqual(provenance.exchangeTimeMs, value.at(-1)?.lastTradeTimeMs);
    }),
  );
});

describe("health and metrics", () => {
  const stub = stubOf(exchange(["KRW-BTC"]));
  test(
    "tell the state of every part as plain data, and count calls",
    stub,
    Effect.gen(function* () {
      yield* answered(getTicker("KRW-BTC"));
      yield* answered(Effect.flip(getTicker("KRW-BTD")));
      const report = yield* health;
      assert.deepStrictEqual(
        [report.venue, report.simulated, report.mode, report.hotKeys, report.knownMarkets],
        ["stub", true, "normal", 1, 4],
      );
      assert.deepStrictEqual(
        report.tiers.map(({ tier, answered }) => [tier, answered]),
        [["batch_snapshot", 1]],
      );
      assert.deepStrictEqual(JSON.parse(JSON.stringify(report)), report);
      assert.match(yield* metrics, /naru_calls_total\{.*outcome="answered".*\} \d+/);
    }),
  );
});
