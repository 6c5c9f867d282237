/** Trade history over the emulated exchange: complete and exact, from what is kept the second time, and never silently short. */
import { assert, describe, it } from "@effect/vitest";
import type { TradesOptions } from "@naru/router/ask";
import { missing } from "@naru/router/cache/Coverage";
import { HistoryStore, layerMemory } from "@naru/router/cache/HistoryStore";
import type { Market } from "@naru/router/domain/Market";
import { getTrades } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { endOf, sequentialId } from "@naru/sim/market/Trade";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Chance } from "../src/world/engine/Chance.ts";
import { Truth } from "../src/world/Truth.ts";

const minute = 60_000;
const day = 86_400_000;
/** The emulated exchange's time when the clock reads 0: noon of a Monday in Korea. */
const origin = Date.UTC(2026, 0, 5, 3);
const lateEvening = Date.UTC(2026, 0, 5, 23, 50);

const scene = (seed: number, rates: Readonly<Record<string, number>>, maxRows = 500_000, originMs = origin) =>
  Layer.fresh(
    Sim.layerTest({ seed, originMs, markets: { rates }, config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 } }),
  ).pipe(Layer.provideMerge(Layer.fresh(layerMemory(maxRows))));

/** An answer while the clock moves. */
const ask = (market: string, options: TradesOptions) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(getTrades(market, { ...options, deadline: 60_000 }), { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("50 millis");
    return yield* Fiber.join(fiber);
  });

const requests = Effect.map(Exchange, ({ ledger }) => ledger.requests().filter(({ target }) => target.includes("/trades/ticks")).length);

/** Ids of the tape from one moment to before another, oldest first. */
const tape = (truth: Truth, market: string, fromMs: number, toMs: number): ReadonlyArray<string> =>
  truth.tradesBetween(market, endOf(fromMs - 1), endOf(toMs - 1)).map(sequentialId);

describe("trade history", () => {
  it.effect("is the tape's, for any ranges and counts of sparse markets in any order, and asks for nothing twice", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const truth = new Truth(yield* Exchange);
      const chance = new Chance(41);
      const end = origin - 5 * minute;
      const asked = Array.from({ length: 15 }, (_, nth) => {
        const market = chance.pick(["KRW-BTC", "KRW-ETH"]);
        const from = origin - chance.int(10, 6 * 24 * 60) * minute - chance.int(0, 999);
        const to = Math.min(from + chance.int(1, 20 * 60) * minute + 7, end);
        return nth % 3 === 2 ? { market, to, count: chance.int(1, 1_500) } : { market, from, to };
      });
      for (const round of [1, 2]) {
        const sent = yield* requests;
        for (const { market, from, to, count } of round === 1 ? asked : asked.toReversed()) {
          const { value } = yield* ask(market, { from, to, count });
          for (const row of value) assert.isUndefined(truth.faultOfTrade(row));
          const all = tape(truth, market, from ?? origin - 6.9 * day, to);
          assert.deepStrictEqual(
            value.map(({ id }) => id),
            count === undefined ? all : all.slice(-count),
          );
        }
        if (round === 2) assert.strictEqual(yield* requests, sent);
        yield* TestClock.adjust("2 minutes");
      }
    }).pipe(Effect.provide(scene(9, { "KRW-BTC": 0.3, "KRW-ETH": 1 }))),
  );

  it.effect("that was read is the same from what is kept, sends no request, and says where it came from", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const range = { from: origin - 300 * minute, to: origin - 100 * minute };
      const first = yield* ask("KRW-BTC", range);
      assert.notStrictEqual(first.provenance.tier, "history_store");
      assert.isAbove(first.value.length, 1_000);
      const sent = yield* requests;
      yield* TestClock.adjust("2 minutes");
      const second = yield* ask("KRW-BTC", { ...range, from: range.from + 1 });
      assert.deepStrictEqual(
        second.value,
        first.value.filter(({ tradeTimeMs }) => tradeTimeMs > range.from),
      );
      assert.strictEqual(yield* requests, sent);
      const { tier, channel, stale, attempts } = second.provenance;
      assert.deepStrictEqual([tier, channel, stale, attempts.at(-1)?.tier], ["history_store", "rest", false, "history_store"]);
      // Only the missing parts are asked for: two pages above, and one below.
      const wider = yield* ask("KRW-BTC", { from: range.from - 5 * minute, to: range.to + 5 * minute });
      assert.isAtMost((yield* requests) - sent, 3);
      assert.deepStrictEqual(wider.provenance.attempts.map(({ tier, outcome }) => `${tier} ${outcome}`).slice(-2, -1), [
        "history_store partial",
      ]);
      assert.deepStrictEqual(
        wider.value.map(({ id }) => id),
        tape(new Truth(yield* Exchange), "KRW-BTC", range.from - 5 * minute, range.to + 5 * minute),
      );
    }).pipe(Effect.provide(scene(7, { "KRW-BTC": 10 }))),
  );

  it.effect("keeps nothing of the last minute, into which the exchange may yet book a trade, and joins it when asked again", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 minutes");
      const truth = new Truth(yield* Exchange);
      yield* ask("KRW-BTC", { count: 1_200 });
      const store = yield* HistoryStore;
      const series = { venue: "sim", market: "KRW-BTC" as Market };
      const kept = yield* store.tradeCoverage(series);
      assert.strictEqual(kept.length, 1);
      const { fromMs = 0, toMs = 0 } = kept[0] ?? {};
      assert.isAtMost(toMs, origin + 9 * minute + 1_000);
      assert.isAtLeast(toMs, origin + 8 * minute + 59_000);
      const found = yield* store.trades(series, { fromMs, toMs });
      assert.deepStrictEqual(
        found.rows.map(({ id }) => id),
        tape(truth, "KRW-BTC", fromMs, toMs),
      );
      yield* TestClock.adjust("5 minutes");
      const sent = yield* requests;
      const { value } = yield* ask("KRW-BTC", { count: 2_000 });
      const now = value.at(-1)?.tradeTimeMs ?? 0;
      assert.deepStrictEqual(
        value.map(({ id }) => id),
        tape(truth, "KRW-BTC", origin - day, now + 1).slice(-2_000),
      );
      assert.isAtMost((yield* requests) - sent, 4);
    }).pipe(Effect.provide(scene(8, { "KRW-BTC": 60 }))),
  );

  it.effect("from before the exchange's seven days is refused with what is known, unless it is kept: then it is given", () =>
    Effect.gen(function* () {
      // Ten minutes before midnight: the oldest day that the exchange has leaves with it.
      const oldest = lateEvening + 10 * minute - 8 * day;
      const range = { from: oldest + 60 * minute, to: oldest + 600 * minute };
      const first = yield* ask("KRW-BTC", range);
      yield* TestClock.adjust("12 minutes");
      const sent = yield* requests;
      const second = yield* ask("KRW-BTC", { ...range, from: range.from + 1 });
      assert.deepStrictEqual(second.value, first.value);
      const refused = yield* Effect.flip(ask("KRW-BTC", { ...range, from: range.from - day }));
      assert.strictEqual(refused._tag, "InvalidRequest");
      assert.include(refused.message, "what is known begins at");
      assert.strictEqual(yield* requests, sent, "neither takes a request");
      const counted = yield* ask("KRW-BTC", { to: range.to, count: 100_000 });
      assert.deepStrictEqual(counted.value.slice(-first.value.length), first.value);
      const [edge] = yield* (yield* HistoryStore).tradeCoverage({ venue: "sim", market: "KRW-BTC" as Market });
      assert.isAtLeast(counted.value[0]?.tradeTimeMs ?? 0, edge?.fromMs ?? Infinity, "a number of trades ends where what is known ends");
    }).pipe(Effect.provide(scene(10, { "KRW-BTC": 0.5 }, 500_000, lateEvening))),
  );

  it.effect("whose store forgets goes back to the exchange, and misses nothing", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const truth = new Truth(yield* Exchange);
      const store = yield* HistoryStore;
      for (let nth = 0; nth < 6; nth++) {
        const range = { from: origin - (200 - 10 * nth) * minute, to: origin - (100 - 10 * nth) * minute };
        const { value } = yield* ask("KRW-BTC", range);
        assert.deepStrictEqual(
          value.map(({ id }) => id),
          tape(truth, "KRW-BTC", range.from, range.to),
        );
        yield* TestClock.adjust("1 minute");
      }
      const [series] = yield* store.tradeSeries;
      assert.isAtMost(series?.rows ?? Infinity, 400, "it holds no more than it may");
      const whole = { fromMs: origin - 200 * minute, toMs: origin - 50 * minute };
      assert.isAbove(missing(series?.coverage ?? [], whole).length, 0);
    }).pipe(Effect.provide(scene(11, { "KRW-BTC": 10 }, 400))),
  );
});
