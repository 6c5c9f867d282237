import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { keyId } from "@naru/router/domain/StreamKey";
import { Decimal } from "@naru/router/domain/Decimal";
import { Market } from "@naru/router/domain/Market";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { getTicker } from "@naru/router/MarketData";
import { Transport } from "@naru/router/transport/Transport";
import { Exchange, type RestFault, Sim } from "@naru/sim";
import { Effect, Exit, Fiber } from "effect";
import { TestClock } from "effect/testing";

const bytes = (text: string) => new TextEncoder().encode(text);
const json = { "content-type": "application/json;charset=UTF-8" };

/** How something ends while the clock moves. */
const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true });
    yield* TestClock.adjust(0);
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis");
    return yield* Fiber.join(fiber);
  });

interface BadAnswer {
  readonly what: string;
  readonly fault: RestFault;
  readonly tag: MarketDataError["_tag"];
  readonly detail: Record<string, unknown>;
}

/** A ticker like any other, but of a market that nobody asked for. */
const otherTicker = `[{"market":"KRW-ETH","trade_timestamp":1751606040365,"trade_price":4801000.00000000,"opening_price":4800000,
"high_price":4900000,"low_price":4700000,"prev_closing_price":4800000,"change":"RISE","change_price":1000,"change_rate":0.0002083333,
"signed_change_price":1000,"signed_change_rate":0.0002083333,"trade_volume":0.1,"acc_trade_price":1,"acc_trade_price_24h":1,
"acc_trade_volume":1,"acc_trade_volume_24h":1,"timestamp":1751606040400}]`;

const badAnswers: ReadonlyArray<BadAnswer> = [
  {
    what: "half a body",
    fault: { headers: json, body: bytes('[{"market":"KRW-BTC","trade_da') },
    tag: "DecodeError",
    detail: { stage: "json" },
  },
  {
    what: "a page of HTML",
    fault: { headers: { "content-type": "text/html" }, body: bytes("<html><body>Service maintenance</body></html>") },
    tag: "UpstreamError",
    detail: { status: 200 },
  },
  {
    what: "invalid UTF-8",
    fault: { headers: json, body: Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d) },
    tag: "DecodeError",
    detail: { stage: "utf8" },
  },
  {
    what: "nine megabytes",
    fault: { headers: json, body: new Uint8Array(9 * 1024 * 1024).fill(32) },
    tag: "DecodeError",
    detail: { stage: "size" },
  },
  {
    what: "an error under HTTP 200",
    fault: { headers: json, body: bytes('{"error":{"name":500,"message":"server error"}}') },
    tag: "UpstreamError",
    detail: { status: 500 },
  },
  {
    what: "another market's row",
    fault: { headers: json, body: bytes(otherTicker) },
    tag: "DecodeError",
    detail: { stage: "answer" },
  },
  { what: "a hang", fault: "hang", tag: "TimeoutError", detail: {} },
  { what: "a reset connection", fault: "reset", tag: "NetworkError", detail: {} },
  { what: "HTTP 503", fault: { status: 503, headers: json, body: bytes("{}") }, tag: "UpstreamError", detail: { status: 503 } },
];

describe("a bad answer is a typed error, and nothing of it is kept", () => {
  for (const { what, fault, tag, detail } of badAnswers) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const cache = yield* Cache;
        const { ledger } = yield* Exchange;
        yield* Sim.failRest("/v1/ticker", fault, 100);
        const call = Effect.flip(getTicker("KRW-BTC", { strategy: "rest_only" }));
        const fiber = yield* Effect.forkChild(call, { startImmediately: true });
        yield* TestClock.adjust("30 seconds");
        const error = yield* Fiber.join(fiber);
        assert.strictEqual(error._tag, tag, error.message);
        for (const [name, value] of Object.entries(detail)) assert.propertyVal(error, name, value);
        assert.isAbove(ledger.restCount("/v1/ticker"), 0);
        assert.isUndefined(cache.hot.get(keyId({ kind: "ticker", market: Market.make("KRW-BTC") })));
        // The exchange well again, the next call is answered by it and by nothing that was kept.
        yield* Sim.clearRestFaults;
        yield* TestClock.adjust("2 minutes");
        const again = yield* Effect.forkChild(getTicker("KRW-BTC", { strategy: "rest_only" }), { startImmediately: true });
        yield* TestClock.adjust("5 seconds");
        const answer = yield* Fiber.join(again);
        assert.strictEqual(answer.provenance.channel, "rest");
        assert.isFalse(answer.provenance.stale);
      }).pipe(Effect.provide(Sim.layerTest({ seed: 5 }))),
    );
  }
});

/** A good answer with one thing changed, and the price that may be told of it; none where nothing may. */
const changes: ReadonlyArray<readonly [what: string, change: (body: string) => string, price?: (real: string) => string]> = [
  ["another price", (body) => body.replace(/"trade_price":\d/, '"trade_price":7'), (real) => `7${real.slice(1)}`],
  ["a price in quotes", (body) => body.replace(/"trade_price":([\d.]+)/, '"trade_price":"$1"'), (real) => real],
  ["a price said twice", (body) => body.replace(/\}\]$/, ',"trade_price":5000.5}]'), () => "5000.5"],
  ["a prototype", (body) => body.replace(/\}\]$/, ',"__proto__":{"trade_price":1}}]'), (real) => real],
  ["no price", (body) => body.replace(/"trade_price":[\d.]+,/, '"__proto__":{"trade_price":1},')],
  ["a price of nothing", (body) => body.replace(/"trade_price":[\d.]+/, '"trade_price":0')],
  ["a price below nothing", (body) => body.replace(/"trade_price":/, '"trade_price":-')],
  ["a price that is null", (body) => body.replace(/"trade_price":[\d.]+/, '"trade_price":null')],
  ["a time that is text", (body) => body.replace(/"timestamp":\d+/, '"timestamp":"now"')],
  ["another market", (body) => body.replace("KRW-BTC", "KRW-ETH")],
  ["a market that looks the same", (body) => body.replace("KRW-BTC", "KRW-\u0412TC")],
  ["a lost end", (body) => body.slice(0, -20)],
  ["a lost beginning", (body) => body.slice(20)],
];

describe("answers of which one thing was changed, among good ones", () => {
  it.effect("are told as they read or not at all, and what is remembered is that or what was there before", () =>
    Effect.gen(function* () {
      const { hot } = yield* Cache;
      const transport = yield* Transport;
      const keys = ["KRW-BTC", "KRW-ETH"].map((market) => keyId({ kind: "ticker", market: Market.make(market) }));
      const ask = ended(getTicker("KRW-BTC", { strategy: "rest_only", maxAge: 0, deadline: 900, onStale: "fail" }));
      /** What the exchange says now, to whoever asks it directly. */
      const real = Effect.map(ended(transport.rest({ url: "https://api.upbit.com/v1/ticker?markets=KRW-BTC", headers: {} })), (exit) =>
        Exit.isSuccess(exit) ? new TextDecoder().decode(exit.value.body) : "",
      );
      const priceIn = (body: string) => Decimal.of(/"trade_price":([\d.]+)/.exec(body)?.[1] ?? "").toString();
      for (const [what, change, told] of changes) {
        // The breaker must not be what refuses the next one.
        yield* TestClock.adjust("10 seconds");
        const good = yield* ask;
        assert.strictEqual(Exit.isSuccess(good) && good.value.value.price.toString(), priceIn(yield* real), what);
        yield* TestClock.adjust("10 seconds");
        const [held] = keys.map((key) => hot.get(key));
        const body = yield* real;
        assert.notStrictEqual(change(body), body, what);
        yield* Sim.failRest("/v1/ticker", { headers: json, body: bytes(change(body)) }, 100);
        const exit = yield* ask;
        yield* Sim.clearRestFaults;
        const [after, foreign] = keys.map((key) => hot.get(key));
        if (told === undefined) {
          assert.isTrue(Exit.isFailure(exit), what);
          assert.strictEqual(after, held, what);
        } else {
          assert.strictEqual(Exit.isSuccess(exit) && exit.value.value.price.toString(), told(priceIn(body)), what);
          assert.strictEqual(Exit.isSuccess(exit) && exit.value.value, after?.value, what);
        }
        assert.isUndefined(foreign, what);
      }
      assert.notProperty({}, "trade_price");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 41 }))),
  );
});

describe("bad questions", () => {
  it.effect("an unknown market names its neighbours, and no request is sent for it while the list is known", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const warm = yield* Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true });
      yield* TestClock.adjust("1 second");
      yield* Fiber.join(warm);
      const before = ledger.restCount();
      const error = yield* Effect.flip(getTicker("KRW-BTX"));
      assert.strictEqual(error._tag, "MarketUnknown");
      assert.include(error.message, "KRW-BTC");
      assert.strictEqual(ledger.restCount(), before);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 5 }))),
  );

  it.effect("an unknown market asked first is a 404 that still names its neighbours (R001-14)", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.flip(getTicker("KRW-BTX")), { startImmediately: true });
      yield* TestClock.adjust("5 seconds");
      const error = yield* Fiber.join(fiber);
      assert.strictEqual(error._tag, "MarketUnknown");
      assert.include(error.message, "KRW-BTC");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 5 }))),
  );
});
