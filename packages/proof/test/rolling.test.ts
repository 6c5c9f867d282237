/** The highest and lowest price of the last 24 hours, held against the emulated exchange's own trades. */
import { assert, describe, it } from "@effect/vitest";
import type { Ticker } from "@naru/router/domain/Ticker";
import { rowToJson } from "@naru/router/domain/Answer";
import { getTicker, streamTicker } from "@naru/router/MarketData";
import { Exchange, type ExchangeModel, Sim } from "@naru/sim";
import { endOf, type TradeRow } from "@naru/sim/market/Trade";
import { plain } from "@naru/sim/wire/Spelling";
import { Clock, Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Chance } from "../src/world/engine/Chance.ts";
import { Truth } from "../src/world/Truth.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const midnight = Date.UTC(2026, 0, 6);
const markets = ["KRW-BTC", "KRW-ETH"] as const;

const scene = (seed: number, originMs: number, rates: Readonly<Record<string, number>>) =>
  Layer.fresh(
    Sim.layerTest({ seed, originMs, markets: { rates }, config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 } }),
  );

const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis");
    return yield* Fiber.join(fiber);
  });

const candleRequests = ({ ledger }: ExchangeModel) => ledger.requests().filter(({ target }) => target.includes("/candles/")).length;

/** High and low of the exchange's trades from the minute that was 24 hours before a moment, up to a ticker's last trade. */
const truthOf = (exchange: ExchangeModel, market: string, fromMs: number, toMs: number) => {
  const truth = new Truth(exchange);
  const decimals = truth.tape(market)?.spec.decimals ?? 0;
  const all = truth.tradesBetween(market, endOf(fromMs - day - minute), endOf(toMs));
  return (ticker: Ticker, atMs: number): readonly [string | undefined, string | undefined] => {
    const beginMs = Math.floor((atMs - day) / minute) * minute;
    let [high, low]: [TradeRow | undefined, TradeRow | undefined] = [undefined, undefined];
    for (const row of all) {
      if (row.ms < beginMs || row.ms > ticker.tradeTimeMs) continue;
      if (high === undefined || row.price > high.price) high = row;
      if (low === undefined || row.price < low.price) low = row;
    }
    return [high && plain(high.price, decimals), low && plain(low.price, decimals)];
  };
};

describe("the last 24 hours on a ticker", () => {
  it.effect("are the exchange's own trades at any time of the day, in two requests a market, and then in none (R004-37)", () =>
    Effect.gen(function* () {
      const chance = new Chance(5);
      for (const atMs of [0, 40_000, 61 * minute, 13 * 60 * minute + 59 * minute, day - 20_000]) {
        const rates = { "KRW-BTC": chance.pick([0.3, 2]), "KRW-ETH": chance.pick([0.05, 0.1]) };
        yield* Effect.gen(function* () {
          const exchange = yield* Exchange;
          yield* TestClock.adjust("3 seconds");
          const plainOnes = yield* during(getTicker(markets));
          for (const { value } of plainOnes.answers) assert.deepInclude(rowToJson("ticker", value), { high24h: null, low24h: null });
          assert.strictEqual(candleRequests(exchange), 0);
          for (const round of [1, 2]) {
            const { answers, failures } = yield* during(getTicker(markets, { rolling24h: true }));
            assert.deepStrictEqual(failures, []);
            const nowMs = yield* exchange.now;
            for (const { value } of answers) {
              const [high, low] = truthOf(exchange, value.market, nowMs, nowMs)(value, nowMs);
              assert.deepStrictEqual([value.high24h?.toString(), value.low24h?.toString()], [high, low], `${value.market} at ${atMs}`);
            }
            assert.strictEqual(candleRequests(exchange), atMs >= 23 * 60 * minute ? 2 : 4, `round ${round}`);
            yield* TestClock.adjust("2 seconds");
          }
        }).pipe(Effect.provide(scene(3, midnight + atMs - (yield* Clock.currentTimeMillis), rates)));
      }
    }),
  );

  it.effect("stay away from a stream until they are covered, and are never wrong, over midnight too", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      yield* TestClock.adjust("1 second");
      const seen: Array<{ readonly ticker: Ticker; readonly isFull: boolean }> = [];
      const running = yield* streamTicker("KRW-BTC", { rolling24h: true }).pipe(
        Stream.runForEach((ticker) => Effect.sync(() => void seen.push({ ticker, isFull: ticker.high24h !== undefined }))),
        Effect.forkScoped,
      );
      yield* TestClock.adjust("40 seconds");
      yield* Fiber.interrupt(running);
      const extremes = truthOf(exchange, "KRW-BTC", midnight - 20_000, midnight + 25_000);
      for (const { ticker, isFull } of seen) {
        const wanted = isFull ? extremes(ticker, ticker.timestampMs) : [undefined, undefined];
        assert.deepStrictEqual([ticker.high24h?.toString(), ticker.low24h?.toString()], wanted, new Date(ticker.timestampMs).toISOString());
      }
      const inPart = (fromMs: number, toMs: number) =>
        seen
          .filter(({ ticker }) => ticker.timestampMs >= midnight + fromMs && ticker.timestampMs < midnight + toMs)
          .map(({ isFull }) => isFull);
      const [before, just, after] = [inPart(-15_000, 0), inPart(0, 2_000), inPart(3_000, 20_000)];
      assert.isTrue(before.length > 5 && before.every(Boolean), "all of it is known");
      assert.isTrue(just.length > 0 && !just.some(Boolean), "a trade of yesterday may still be booked");
      assert.isTrue(after.length > 5 && after.slice(-5).every(Boolean), "read again");
    }).pipe(Effect.scoped, Effect.provide(scene(4, midnight - 20_000, { "KRW-BTC": 90 }))),
  );

  it.effect("stay away where the candles cannot be had, and the ticker is as good", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("3 seconds");
      yield* Sim.failRest("/v1/candles", { status: 500 }, 1_000);
      const { value, provenance } = yield* during(getTicker("KRW-BTC", { rolling24h: true, deadline: 3_000 }));
      assert.deepStrictEqual([value.high24h, value.low24h, provenance.stale], [undefined, undefined, false]);
      const refused = yield* Effect.flip(getTicker("KRW-BTC", { rolling24h: "no" as never }));
      assert.strictEqual(refused._tag, "InvalidRequest");
    }).pipe(Effect.provide(scene(4, midnight + day / 2, {}))),
  );
});
