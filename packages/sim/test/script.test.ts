import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { defaultOriginMs, Exchange, Script } from "../src/index.ts";
import { endOf } from "../src/market/Trade.ts";

const layer = Exchange.layer({ seed: 1 });

const ask = (target: string) =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const outcome = exchange.handleRest({ method: "GET", target, headers: {}, ip: "10.0.0.1" }, yield* exchange.now);
    if (outcome._tag !== "Response") return yield* Effect.die(new Error(outcome._tag));
    return { status: outcome.status, rows: outcome.status === 200 ? JSON.parse(new TextDecoder().decode(outcome.body)) : [] };
  });

describe("a script", () => {
  it.effect("moves the ticker through its prices, the last one staying", () =>
    Effect.gen(function* () {
      yield* Script.halt;
      yield* Script.path("KRW-DOGE", [100, 90, 80], { every: "10 seconds" });
      const seen = [];
      for (let i = 0; i < 4; i++) {
        seen.push((yield* ask("/v1/ticker?markets=KRW-DOGE")).rows[0].trade_price);
        yield* TestClock.adjust("10 seconds");
      }
      assert.deepStrictEqual(seen, [100, 90, 80, 80]);
      const [ticker] = (yield* ask("/v1/ticker?markets=KRW-DOGE")).rows;
      assert.strictEqual(ticker.low_price, 80);
      assert.strictEqual(ticker.lowest_52_week_price, 80);
      assert.strictEqual(ticker.lowest_52_week_date, "2026-01-05");
    }).pipe(Effect.provide(layer)),
  );

  it.effect("keeps yesterday's scripted extreme in the 52 weeks and drops none of it at midnight", () =>
    Effect.gen(function* () {
      yield* Script.halt;
      yield* Script.trade("KRW-DOGE", { price: 55 });
      yield* Script.trade("KRW-DOGE", { price: 200 });
      yield* TestClock.adjust("2 days");
      const [ticker] = (yield* ask("/v1/ticker?markets=KRW-DOGE")).rows;
      assert.deepStrictEqual([ticker.lowest_52_week_price, ticker.lowest_52_week_date, ticker.prev_closing_price], [55, "2026-01-05", 200]);
      const days = (yield* ask("/v1/candles/days?market=KRW-DOGE&count=2")).rows;
      assert.deepStrictEqual(
        days.map((day: { readonly candle_date_time_utc: string }) => day.candle_date_time_utc),
        ["2026-01-05T00:00:00", "2026-01-04T00:00:00"],
      );
    }).pipe(Effect.provide(layer)),
  );

  it.effect("stops and restarts the seeded market: nothing happens in between, and what comes after is what always would", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const tape = exchange.world.tape("KRW-BTC")!;
      const later = defaultOriginMs + 3_600_000;
      const undisturbed = tape.fold(later + 1, endOf(later + 600_000));
      yield* TestClock.adjust(1_234);
      const before = tape.last(endOf(yield* exchange.now));
      yield* Script.halt;
      yield* Script.halt;
      yield* TestClock.adjust(3_600_000 - 1_234);
      assert.deepStrictEqual(tape.last(endOf(yield* exchange.now)), before);
      yield* Script.resume;
      yield* Script.resume;
      yield* TestClock.adjust("10 minutes");
      assert.deepStrictEqual(tape.fold(later + 1, endOf(later + 600_000)), undisturbed);
      assert.isUndefined(tape.fold(defaultOriginMs + 1_235, endOf(later)));
    }).pipe(Effect.provide(layer)),
  );

  it.effect("is told what it cannot do", () =>
    Effect.gen(function* () {
      const failures = [];
      for (const attempt of [
        Script.trade("KRW-NOPE", { price: 1 }),
        Script.trade("KRW-BTC", { price: 0 }),
        Script.trade("KRW-BTC", { price: -5 }),
        Script.trade("KRW-BTC", { price: "100.5" }),
        Script.trade("KRW-BTC", { price: 100, size: "0.123456789" }),
        Script.path("KRW-BTC", [100, Number.NaN]),
      ])
        failures.push((yield* Effect.flip(Effect.asVoid<unknown, Script.ScriptError, Exchange>(attempt))).reason);
      assert.notStrictEqual((yield* ask("/v1/ticker?markets=KRW-BTC")).rows[0].trade_price, 100);
      assert.deepStrictEqual(failures, [
        "no market KRW-NOPE",
        "KRW-BTC has no price 0 (positive, at most 0 decimals)",
        "KRW-BTC has no price -5 (positive, at most 0 decimals)",
        "KRW-BTC has no price 100.5 (positive, at most 0 decimals)",
        "no size 0.123456789 (positive, at most 8 decimals)",
        "KRW-BTC has no price NaN (positive, at most 0 decimals)",
      ]);
    }).pipe(Effect.provide(layer)),
  );

  it.effect("takes numbers that print with an exponent", () =>
    Effect.gen(function* () {
      yield* Script.halt;
      yield* Script.trade("BTC-XRP", { price: 0.0000281, size: 1.5e-7 });
      const [trade] = (yield* ask("/v1/trades/ticks?market=BTC-XRP")).rows;
      assert.deepStrictEqual([trade.trade_price, trade.trade_volume], [0.0000281, 1.5e-7]);
    }).pipe(Effect.provide(layer)),
  );

  it.effect("blocks an address for a time", () =>
    Effect.gen(function* () {
      yield* Script.ban("10.0.0.1", "90 seconds");
      assert.strictEqual((yield* ask("/v1/market/all")).status, 418);
      yield* TestClock.adjust(89_999);
      assert.strictEqual((yield* ask("/v1/market/all")).status, 418);
      yield* TestClock.adjust(1);
      assert.strictEqual((yield* ask("/v1/market/all")).status, 200);
    }).pipe(Effect.provide(layer)),
  );
});

describe("the exchange's clock", () => {
  it.effect("is a chosen moment plus the test clock, and the real time on a real clock", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      assert.strictEqual(yield* exchange.now, Date.UTC(2026, 5, 1));
      yield* TestClock.adjust("1 minute");
      assert.strictEqual(yield* exchange.now, Date.UTC(2026, 5, 1) + 60_000);
      yield* TestClock.setTime(Date.UTC(2026, 10, 20));
      assert.strictEqual(yield* exchange.now, Date.UTC(2026, 10, 20));
    }).pipe(Effect.provide(Layer.fresh(Exchange.layer({ originMs: Date.UTC(2026, 5, 1) })))),
  );
});
