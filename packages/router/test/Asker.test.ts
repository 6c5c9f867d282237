/** One question from ranking to answer, with REST and the socket scripted: what is asked, what is remembered, and how old values are told. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit } from "effect";
import { TestClock } from "effect/testing";
import { endedAtOnce, RouterAsker } from "../src/Asker.ts";
import { Cache } from "../src/cache/Cache.ts";
import type { Market } from "../src/domain/Market.ts";
import { keyId } from "../src/domain/StreamKey.ts";
import { MarketUnknown, NetworkError, UpstreamError } from "../src/errors/MarketDataError.ts";
import { FallbackManager } from "../src/fallback/FallbackManager.ts";
import { explain, getCandleColumns, getCandles, getOrderbook, getTicker, getTrades, type MarketData } from "../src/MarketData.ts";
import { book, btc, candle, questions, ticker, trade } from "./samples.ts";
import { answered, frame, routerOver, type Stub, stubOf, tickers } from "./stubServices.ts";

const key = keyId({ kind: "ticker", market: btc });
const down = Effect.fail(new NetworkError({ phase: "connect", host: "stub.test", code: "ECONNREFUSED", detail: null }));

const test = (title: string, stub: Stub, effect: Effect.Effect<unknown, unknown, MarketData | Cache | FallbackManager>) =>
  it.effect(title, () => Effect.provide(effect, routerOver(stub)));

const start = Date.UTC(2026, 0, 31);

describe("a question that memory answers", () => {
  const stub = stubOf(tickers("91368000"));
  it.effect("is answered when it is begun, without a fiber or a wait", () =>
    Effect.gen(function* () {
      const asker = yield* RouterAsker;
      const question = questions.ticker;
      assert.isUndefined(endedAtOnce(asker.begin(question, 1)), "nothing is known yet");
      yield* answered(getTicker("KRW-BTC"));
      const ended = endedAtOnce(asker.begin(question, 1));
      assert.isTrue(ended !== undefined && Exit.isSuccess(ended));
      if (ended === undefined || Exit.isFailure(ended)) return;
      const { provenance } = ended.value;
      assert.deepStrictEqual([provenance.tier, provenance.channel, provenance.stale], ["hot_cache", "rest", false]);
      assert.deepStrictEqual(provenance.attempts, [{ tier: "hot_cache", outcome: "answered", reason: "ok", durationMs: 0 }]);
      assert.strictEqual(stub.asked.length, 1);
      // A tier that is asked is asked when the effect runs, and not before.
      yield* TestClock.adjust("1 minute");
      assert.isUndefined(endedAtOnce(asker.begin(question, 1)));
      assert.strictEqual(stub.asked.length, 1);
    }).pipe(Effect.provide(routerOver(stub))),
  );
});

describe("a cold question", () => {
  const stub = stubOf(tickers("91368000"));
  test(
    "is answered by REST at once, says how, and opens the socket behind the caller's back",
    stub,
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const { kind, market, value, provenance } = yield* answered(getTicker("KRW-BTC"));
      assert.deepStrictEqual([kind, market, value.price.number], ["ticker", "KRW-BTC", 91_368_000]);
      const { tier, channel, venue, simulated, stale, staleReason, mode, attempts, confirmedAgeMs, valueAgeMs } = provenance;
      assert.deepStrictEqual([tier, channel, venue, simulated], ["batch_snapshot", "rest", "stub", true]);
      assert.deepStrictEqual([stale, staleReason, mode, confirmedAgeMs, valueAgeMs], [false, null, "normal", 0, 0]);
      assert.deepStrictEqual(
        attempts.map(({ tier, outcome }) => [tier, outcome]),
        [["batch_snapshot", "answered"]],
      );
      assert.strictEqual(stub.opened, 1);
      assert.strictEqual(stub.asked.length, 1);
      assert.deepStrictEqual(stub.wanted, []);
      const again = yield* answered(getTicker("KRW-BTC"));
      assert.strictEqual(again.provenance.tier, "hot_cache");
      assert.notStrictEqual(again.provenance.requestId, provenance.requestId);
      assert.strictEqual(stub.asked.length, 1);
    }),
  );

  const often = stubOf(tickers());
  test(
    "starts a subscription when it is asked for realtime, or often, and not when the caller forbids the socket",
    often,
    Effect.gen(function* () {
      const questions = (count: number, options = {}) =>
        Effect.replicateEffect(Effect.andThen(TestClock.adjust("1 second"), answered(getTicker("KRW-BTC", options))), count);
      yield* questions(5, { strategy: "rest_only" });
      assert.deepStrictEqual(often.wanted, []);
      yield* answered(getTicker("KRW-ETH", { realtime: true }));
      assert.deepStrictEqual(new Set(often.wanted), new Set([keyId({ kind: "ticker", market: "KRW-ETH" as Market })]));
      yield* questions(1);
      assert.include(often.wanted, key);
    }),
  );
});

describe("a value that is newer than the answer", () => {
  const stub = stubOf(() => Effect.succeed([ticker("90", start)]));
  test(
    "is what the caller gets: an older REST answer loses against the socket's, and the label says so (C18)",
    stub,
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 1_000);
      yield* frame(stub, ticker("100", start + 500));
      stub.connected = false;
      stub.live.clear();
      yield* TestClock.adjust("10 seconds");
      const { value, provenance } = yield* answered(getTicker("KRW-BTC"));
      assert.strictEqual(value.price.number, 100);
      assert.deepStrictEqual([provenance.channel, provenance.exchangeTimeMs, provenance.stale], ["websocket", start + 500, false]);
      assert.isAbove(provenance.valueAgeMs, 10_000);
    }),
  );

  const lagging = stubOf(() => Effect.succeed([ticker("90", start)]));
  test(
    "is not worn down by asking REST again and again",
    lagging,
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 1_000);
      yield* frame(lagging, ticker("100", start + 500));
      lagging.live.clear();
      for (let i = 0; i < 10; i++) {
        yield* TestClock.adjust("10 seconds");
        assert.strictEqual((yield* answered(getTicker("KRW-BTC"))).value.price.number, 100);
      }
      assert.strictEqual(lagging.asked.length, 10);
    }),
  );
});

describe("an old value", () => {
  /** A router whose REST answered once, and then no more. */
  const gone = () => {
    const stub = stubOf((asked) => (stub.asked.length === 1 ? tickers("100")(asked) : down));
    return stub;
  };
  const later = (options: Parameters<typeof getTicker>[1], seconds = 10) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      yield* answered(getTicker("KRW-BTC"));
      yield* TestClock.adjust(`${seconds} seconds`);
      return yield* answered(getTicker("KRW-BTC", options));
    });

  test(
    "is an error for a trader, which carries the value and its age",
    gone(),
    Effect.gen(function* () {
      const error = yield* Effect.flip(later({}));
      assert(error._tag === "StaleData");
      assert.deepStrictEqual([error.kind, error.market, error.maxAgeMs, error.staleReason], ["ticker", "KRW-BTC", 2_000, "disconnected"]);
      assert.isAtLeast(error.confirmedAgeMs, 10_000);
      assert.strictEqual((error.lastKnown as { readonly price: string }).price, "100");
    }),
  );

  test(
    "is an answer with a label for a monitor",
    gone(),
    Effect.gen(function* () {
      const { value, provenance } = yield* later({ context: "monitoring" });
      assert.strictEqual(value.price.number, 100);
      assert.deepStrictEqual([provenance.stale, provenance.staleReason], [true, "disconnected"]);
      assert.isAtLeast(provenance.confirmedAgeMs, 10_000);
      assert.isTrue(provenance.attempts.every(({ outcome }) => outcome === "failed"));
    }),
  );

  test(
    "is what the caller says it is, whatever the context",
    gone(),
    Effect.gen(function* () {
      assert.isTrue((yield* later({ onStale: "serve" })).provenance.stale);
      assert.strictEqual((yield* Effect.flip(answered(getTicker("KRW-BTC", { context: "research", onStale: "fail" }))))._tag, "StaleData");
    }),
  );

  const minuteMs = 60_000;
  const closing = stubOf(() => Effect.succeed([candle(start)]));
  test(
    "is not current because its range is over by now: it was read when something could still be booked into it",
    closing,
    Effect.gen(function* () {
      yield* TestClock.setTime(start + minuteMs + 35_000);
      const range = { count: 1, to: start + minuteMs, forming: "exclude" } as const;
      yield* answered(getCandles("KRW-BTC", "1m", range));
      yield* TestClock.setTime(start + 2 * minuteMs + 500);
      closing.script = () => down;
      assert.isTrue((yield* answered(getCandles("KRW-BTC", "1m", { ...range, onStale: "serve" }))).provenance.stale);
      assert.strictEqual((yield* Effect.flip(answered(getCandles("KRW-BTC", "1m", range))))._tag, "StaleData");
    }),
  );

  const rows = stubOf(() => Effect.succeed([candle(start)]));
  test(
    "is no rows for who asks for columns",
    rows,
    Effect.gen(function* () {
      yield* TestClock.setTime(start + minuteMs + 35_000);
      const options = { count: 1, onStale: "serve" } as const;
      yield* answered(getCandles("KRW-BTC", "1m", { ...options, forming: "exclude" }));
      rows.script = () => down;
      yield* TestClock.adjust(100);
      const error = yield* Effect.flip(answered(getCandleColumns("KRW-BTC", "1m", options)));
      assert.strictEqual(error._tag, "NetworkError");
    }),
  );

  test(
    "is of no use to anybody after 30 seconds: then the failure itself is told",
    gone(),
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(later({ onStale: "serve" }, 31)))._tag, "NetworkError");
    }),
  );

  const fresh = stubOf(() => down);
  test(
    "is none when it came while the tiers were failing: a fresh value is an answer like any other",
    fresh,
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const cache = yield* Cache;
      // The frame comes while REST is being asked.
      const meanwhile = Effect.provideService(frame(fresh, ticker("101", start)), Cache, cache);
      fresh.script = ({ endpoint }) => (endpoint === "markets" ? down : Effect.andThen(meanwhile, down));
      const { value, provenance } = yield* answered(getTicker("KRW-BTC"));
      assert.deepStrictEqual([value.price.number, provenance.stale, provenance.staleReason], [101, false, null]);
      // Who forbids the socket does not get its values by this way either.
      const error = yield* Effect.flip(answered(getTicker("KRW-BTC", { strategy: "rest_only", onStale: "serve" })));
      assert.strictEqual(error._tag, "NetworkError");
    }),
  );
});

describe("an emergency", () => {
  const stub = stubOf(() => down);
  test(
    "locks nobody out: calls go on to be asked, and the first answer ends it",
    stub,
    Effect.gen(function* () {
      const manager = yield* FallbackManager;
      const call = answered(getTicker("KRW-BTC"));
      for (let i = 0; i < 5; i++) {
        yield* Effect.flip(call);
        yield* TestClock.adjust("10 seconds");
      }
      assert.strictEqual(manager.mode(), "emergency");
      const asked = stub.asked.length;
      yield* Effect.flip(call);
      assert.isAbove(stub.asked.length, asked);
      stub.script = tickers();
      yield* TestClock.adjust("10 seconds");
      assert.strictEqual((yield* call).provenance.mode, "degraded");
    }),
  );
});

describe("an unknown market", () => {
  const stub = stubOf(() => Effect.fail(new MarketUnknown({ market: "KRW-BTD", venue: "stub", near: [] })));
  test(
    "is told with its neighbours, the first time from the exchange and then without asking it",
    stub,
    Effect.gen(function* () {
      for (let i = 0; i < 3; i++) {
        const error = yield* Effect.flip(answered(getTicker("KRW-BTD")));
        assert(error._tag === "MarketUnknown");
        assert.deepStrictEqual(error.near, ["KRW-BTC", "KRW-BCH", "KRW-ETH"]);
      }
      assert.isAtMost(stub.asked.length, 1);
      assert.strictEqual(stub.lists, 1);
    }),
  );
});

describe("what an answer leaves behind", () => {
  const deep = stubOf(({ query }) =>
    Effect.succeed([
      book(
        Array.from({ length: Number(query[1]) }, (_, i) => [String(101 + i), "1"] as const),
        [["99", "1"]],
        start,
      ),
    ]),
  );
  test(
    "of a book serves a shallower question, and no deeper one",
    deep,
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      yield* answered(getOrderbook("KRW-BTC", { levels: 5 }));
      const shallow = yield* answered(getOrderbook("KRW-BTC", { levels: 3 }));
      assert.deepStrictEqual([shallow.provenance.tier, shallow.value.asks.length], ["hot_cache", 3]);
      const wide = yield* answered(getOrderbook("KRW-BTC", { levels: 10 }));
      assert.deepStrictEqual([wide.provenance.tier, wide.value.asks.length], ["batch_snapshot", 10]);
    }),
  );

  const many = stubOf(({ query }) =>
    Effect.succeed(Array.from({ length: Number(query[1]) }, (_, i) => trade(String(1_000 - i), start - i))),
  );
  test(
    "of many trades serves a question about the newest one",
    many,
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const list = yield* answered(getTrades("KRW-BTC", { count: 3 }));
      assert.deepStrictEqual(
        list.value.map(({ id }) => id),
        ["998", "999", "1000"],
      );
      const newest = yield* answered(getTrades("KRW-BTC"));
      assert.deepStrictEqual([newest.provenance.tier, newest.value.map(({ id }) => id)], ["hot_cache", ["1000"]]);
      assert.strictEqual(many.asked.length, 1);
    }),
  );
});

describe("explain", () => {
  const stub = stubOf(() => Effect.fail(new UpstreamError({ status: 500, name: null, detail: null, retryAfterMs: null })));
  test(
    "tells the ranking and its cost, and asks nobody",
    stub,
    Effect.gen(function* () {
      const plan = yield* explain({ kind: "candles", market: "KRW-BTC", interval: "1m", count: 450 });
      assert.deepStrictEqual([plan.restRequests, plan.ranked.reason], [3, "multiple_rows_require_rest"]);
      assert.deepStrictEqual(
        plan.ranked.gated.map(({ tier }) => tier),
        ["hot_cache", "live_subscription", "batch_snapshot"],
      );
      assert.strictEqual(stub.asked.length + stub.lists + stub.opened, 0);
      assert.strictEqual((yield* Effect.flip(explain({ kind: "ticker", market: "btc" })))._tag, "InvalidRequest");
    }),
  );
});

describe("a page of candles that does not keep to its bound", () => {
  const minuteMs = 60_000;
  const page = Array.from({ length: 5 }, (_, nth) => candle(start - (nth + 1) * minuteMs));
  const deaf = stubOf(() => Effect.succeed(page));
  test(
    "is an error, and no end of the history: what is below it would look like windows without a trade",
    deaf,
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 5 * minuteMs);
      const error = yield* Effect.flip(answered(getCandles("KRW-BTC", "1m", { from: start - 30 * minuteMs, to: start })));
      assert.strictEqual(error._tag, "DecodeError");
    }),
  );

  const inclusive = stubOf(({ query }) => {
    const to = Number(query[3]);
    return Effect.succeed(page.filter(({ openTimeMs }) => openTimeMs <= to).slice(0, Number(query[2])));
  });
  test(
    "may hold the window at the bound, and ends with it where there is no more",
    inclusive,
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 5 * minuteMs);
      const { value } = yield* answered(getCandles("KRW-BTC", "1m", { from: start - 30 * minuteMs, to: start }));
      assert.strictEqual(value.length, 5);
    }),
  );
});
