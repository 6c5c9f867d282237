/** Candle history over the emulated exchange: complete and exact, from what is kept the second time, and told which. */
import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { HistoryStore, layerMemory } from "@naru/router/cache/HistoryStore";
import type { CandleColumnsOptions, CandlesOptions } from "@naru/router/ask";
import { emptyWindows } from "@naru/router/domain/CandleColumns";
import { StorageError } from "@naru/router/errors/MarketDataError";
import { alerts, getCandleColumns, getCandles, health, streamTradesEvents } from "@naru/router/MarketData";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { type Interval, windowStart } from "@naru/router/domain/Interval";
import { Exchange, Sim } from "@naru/sim";
import { endOf } from "@naru/sim/market/Trade";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Chance } from "../src/world/engine/Chance.ts";
import { Truth } from "../src/world/Truth.ts";

const minute = 60_000;
/** The emulated exchange's time when the clock reads 0: noon of a Monday in Korea. */
const origin = Date.UTC(2026, 0, 5, 3);

const scene = (seed: number, rates: Readonly<Record<string, number>> = {}) =>
  Layer.fresh(Sim.layerTest({ seed, markets: { rates }, config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 } })).pipe(
    Layer.provideMerge(Layer.fresh(layerMemory())),
  );

/** An answer while the clock moves. */
const ask = (market: string, interval: string, options: CandlesOptions) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(getCandles(market, interval, { ...options, deadline: 60_000 }), { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("50 millis");
    return yield* Fiber.join(fiber);
  });

const requests = Effect.map(Exchange, ({ ledger }) => ledger.requests().filter(({ target }) => target.includes("/candles/")).length);

/** A store on a disk that fails at everything. */
const broken = new StorageError({ operation: "history", path: "/full", code: "ENOSPC", detail: null });
const brokenStore = Layer.succeed(HistoryStore, {
  ...{ isKept: true, candles: () => Effect.fail(broken), columns: () => Effect.fail(broken), coverage: () => Effect.fail(broken) },
  ...{ putCandles: () => Effect.fail(broken), series: Effect.fail(broken), trades: () => Effect.fail(broken) },
  ...{ tradeCoverage: () => Effect.fail(broken), putTrades: () => Effect.fail(broken), tradeSeries: Effect.fail(broken) },
});

describe("candles while nothing can be kept", () => {
  it.effect("are the exchange's all the same, as rows and as columns", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const range = { from: origin - 500 * minute, to: origin - 100 * minute };
      const { value: rows, provenance } = yield* ask("KRW-BTC", "1m", range);
      const trades = new Truth(yield* Exchange).tradesBetween("KRW-BTC", endOf(range.from - minute), endOf(range.to + minute));
      const windows = new Set(trades.map(({ ms }) => windowStart("1m", ms)));
      assert.deepStrictEqual(
        rows.map(({ openTimeMs }) => openTimeMs),
        [...windows].filter((open) => open >= range.from && open < range.to).sort((a, b) => a - b),
      );
      assert.deepStrictEqual([rows.length > 300, provenance.stale], [true, false]);
      const { value: columns } = yield* askColumns("KRW-BTC", "1m", range);
      assert.deepStrictEqual(
        [...columns.openTimeMs],
        rows.map(({ openTimeMs }) => openTimeMs),
      );
    }).pipe(
      Effect.provide(Layer.fresh(Sim.layerTest({ seed: 13, config: { candleAuditEveryMs: 0 } })).pipe(Layer.provideMerge(brokenStore))),
    ),
  );
});

/** A store whose disk is full for as long as a test says so. */
const fillingStore = (disk: { isFull: boolean }) =>
  Layer.effect(
    HistoryStore,
    Effect.map(HistoryStore, (memory) => ({
      ...memory,
      putCandles: (...put: Parameters<typeof memory.putCandles>) =>
        Effect.suspend(() => (disk.isFull ? Effect.fail(broken) : memory.putCandles(...put))),
    })),
  ).pipe(Layer.provide(layerMemory()));

describe("a disk that is full for two minutes", () => {
  const disk = { isFull: true };
  it.effect("costs neither a trade nor an answer, is told of, and what could not be kept is kept by itself afterwards (G03)", () =>
    Effect.gen(function* () {
      const told: Array<string> = [];
      const live: Array<StreamElement<Trade>> = [];
      yield* Effect.forkChild(
        Stream.runForEach(alerts, ({ rule, state }) => Effect.sync(() => void told.push(`${rule} ${state}`))),
        { startImmediately: true },
      );
      yield* Effect.forkChild(
        Stream.runForEach(streamTradesEvents("KRW-BTC"), (event) => Effect.sync(() => void live.push(event))),
        { startImmediately: true },
      );
      yield* TestClock.adjust("10 seconds");
      const range = { from: origin - 900 * minute, to: origin - 100 * minute };
      const { value, provenance } = yield* ask("KRW-BTC", "1m", range);
      assert.deepStrictEqual([value.length > 700, provenance.stale], [true, false]);
      yield* TestClock.adjust("110 seconds");
      const ill = yield* health;
      assert.deepStrictEqual([ill.status, ill.causes.map(({ code }) => code)], ["degraded", ["history_waits"]]);
      assert.deepStrictEqual([ill.history.waitingRows >= value.length, ill.history.droppedRows], [true, 0]);
      assert.include(ill.history.lastError, "ENOSPC");
      assert.deepStrictEqual(told, ["history_waits raised"]);

      disk.isFull = false;
      yield* TestClock.adjust("36 seconds");
      assert.deepStrictEqual([(yield* health).status, told], ["healthy", ["history_waits raised", "history_waits over"]]);
      const sent = yield* requests;
      // Another question than the one whose answer is still in memory.
      const again = yield* ask("KRW-BTC", "1m", { ...range, to: range.to - minute });
      const most = value.filter(({ openTimeMs }) => openTimeMs < range.to - minute);
      assert.deepStrictEqual([again.value, again.provenance.tier, yield* requests], [most, "history_store", sent]);

      const [fromMs, toMs] = [origin + 10_000, origin + 150_000];
      const seen = live.flatMap((event) => (event._tag === "Live" ? [event.value.tradeTimeMs] : []));
      const trades = new Truth(yield* Exchange).tradesBetween("KRW-BTC", endOf(fromMs - 1), endOf(toMs - 1));
      assert.isAbove(trades.length, 20);
      assert.deepStrictEqual(
        seen.filter((ms) => ms >= fromMs && ms < toMs),
        trades.map(({ ms }) => ms),
      );
      assert.deepStrictEqual(
        live.filter(({ _tag }) => _tag !== "Live"),
        [],
      );
    }).pipe(
      Effect.provide(
        Layer.fresh(Sim.layerTest({ seed: 14, config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 } })).pipe(
          Layer.provideMerge(Layer.fresh(fillingStore(disk))),
        ),
      ),
    ),
  );
});

/** The same as columns. */
const askColumns = (market: string, interval: string, options: CandleColumnsOptions) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(getCandleColumns(market, interval, { ...options, deadline: 60_000 }), { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("50 millis");
    return yield* Fiber.join(fiber);
  });

describe("candles as columns", () => {
  it.effect("are the closed candles that rows would be, the windows without a trade told apart, and asked for once", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 minutes");
      const now = origin + 10 * minute;
      const questions: ReadonlyArray<{ readonly count?: number; readonly from?: number; readonly to?: number }> = [
        { count: 450 },
        { from: now - 700 * minute, to: now - 20 * minute + 1_500 },
        { from: now - 90 * minute },
      ];
      for (const options of questions) {
        const { value: rows } = yield* ask("KRW-ETH", "1m", { ...options, forming: "exclude" });
        const { value: columns, provenance } = yield* askColumns("KRW-ETH", "1m", options);
        assert.deepStrictEqual([columns.length, provenance.stale, provenance.simulated], [rows.length, false, true]);
        for (const name of ["openTimeMs", "lastTradeTimeMs"] as const)
          assert.deepStrictEqual(
            [...columns[name]],
            rows.map((row) => row[name]),
          );
        for (const name of ["open", "high", "low", "close", "volume", "value"] as const)
          assert.deepStrictEqual(
            [...columns[name]],
            rows.map((row) => row[name].number),
          );
        const { fromMs, toMs } = columns.covers;
        assert.strictEqual(fromMs, options.from ?? rows[0]?.openTimeMs);
        if (options.to !== undefined) assert.strictEqual(toMs, now - 19 * minute);
        else assert.isTrue(toMs > now - 3 * minute && toMs <= now + minute && toMs > (rows.at(-1)?.openTimeMs ?? 0));
        const traded = new Set(rows.map(({ openTimeMs }) => openTimeMs));
        const empty = Array.from({ length: (toMs - fromMs) / minute }, (_, at) => fromMs + at * minute).filter((open) => !traded.has(open));
        assert.isNotEmpty(empty);
        assert.deepStrictEqual([...emptyWindows(columns)], empty);
      }
      const sent = yield* requests;
      const { provenance } = yield* askColumns("KRW-ETH", "1m", { from: now - 600 * minute, to: now - 100 * minute });
      assert.deepStrictEqual([provenance.tier, yield* requests], ["history_store", sent]);
    }).pipe(Effect.provide(scene(10, { "KRW-ETH": 2 }))),
  );

  it.effect("belong to whoever asked: what is written into them is in nobody else's answer", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const first = yield* askColumns("KRW-BTC", "1m", { count: 20, to: origin - 60 * minute });
      const close = [...first.value.close];
      first.value.close.fill(0);
      const second = yield* askColumns("KRW-BTC", "1m", { count: 20, to: origin - 60 * minute });
      assert.deepStrictEqual([...second.value.close], close);
      assert.isAbove(Math.min(...close), 0);
    }).pipe(Effect.provide(scene(11))),
  );

  it.effect("hold no candle that forms, and refuse to be asked for one", () =>
    Effect.gen(function* () {
      const refused: ReadonlyArray<readonly [CandlesOptions, string]> = [
        [{ forming: "include" }, "forming"],
        [{ fill: "flat" }, "fill"],
      ];
      for (const [options, field] of refused) {
        const error = yield* Effect.flip(getCandleColumns("KRW-BTC", "1m", options));
        assert.deepStrictEqual([error._tag, error._tag === "InvalidRequest" ? error.field : ""], ["InvalidRequest", field]);
      }
      assert.strictEqual(yield* requests, 0);
    }).pipe(Effect.provide(scene(12))),
  );
});

describe("candle history that was read before", () => {
  it.effect("is the same from what is kept, sends no request, and says where it came from", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const range = { from: origin - 3_000 * minute, to: origin - 1_000 * minute };
      const first = yield* ask("KRW-BTC", "1m", range);
      assert.notStrictEqual(first.provenance.tier, "history_store");
      const sent = yield* requests;
      assert.isAtLeast(sent, 10);
      // Memory would answer as well.
      const cache = yield* Cache;
      yield* cache.clear;
      const second = yield* ask("KRW-BTC", "1m", range);
      assert.deepStrictEqual(second.value, first.value);
      assert.strictEqual(yield* requests, sent);
      const { tier, channel, stale, attempts } = second.provenance;
      assert.deepStrictEqual([tier, channel, stale, attempts.at(-1)?.tier], ["history_store", "rest", false, "history_store"]);
      // Only the missing part is asked for.
      const wider = yield* ask("KRW-BTC", "1m", { from: origin - 3_200 * minute, to: origin - 800 * minute });
      assert.isAtMost((yield* requests) - sent, 3);
      assert.deepStrictEqual(wider.provenance.attempts.map(({ tier, outcome }) => `${tier} ${outcome}`).slice(-2, -1), [
        "history_store partial",
      ]);
      assert.deepStrictEqual(
        wider.value.filter(({ openTimeMs }) => openTimeMs >= range.from && openTimeMs < range.to),
        first.value,
      );
    }).pipe(Effect.provide(scene(7))),
  );

  it.effect("keeps nothing that could still change: the window in progress, and those of the last minute", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 minutes");
      yield* ask("KRW-BTC", "1m", { count: 100 });
      const store = yield* HistoryStore;
      const [kept] = yield* store.series;
      assert.strictEqual(kept?.coverage.length, 1);
      assert.isAtMost(kept?.coverage[0]?.toMs ?? Infinity, origin + 9 * minute);
      assert.isAtLeast(kept?.coverage[0]?.toMs ?? 0, origin + 8 * minute);
      yield* TestClock.adjust("5 minutes");
      const { value } = yield* ask("KRW-BTC", "1m", { count: 100 });
      assert.strictEqual(value.at(-1)?.state, "forming");
    }).pipe(Effect.provide(scene(8))),
  );

  it.effect("keeps no open window either when the exchange's clock is ahead of it", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 minutes");
      yield* Sim.fault({ verb: "clock-skew", aheadMs: 600_000 });
      yield* ask("KRW-BTC", "1m", { count: 100 });
      const [kept] = yield* (yield* HistoryStore).series;
      assert.isAtMost(kept?.coverage.at(-1)?.toMs ?? Infinity, origin + 9 * minute);
    }).pipe(Effect.provide(scene(8))),
  );

  it.effect("is the exchange's, for any ranges of sparse markets in any order, and asks for nothing twice", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const truth = new Truth(yield* Exchange);
      const chance = new Chance(99);
      const asked: Array<{ readonly market: string; readonly interval: Interval; readonly from: number; readonly to: number }> = [];
      for (let nth = 0; nth < 25; nth++) {
        const from = origin - chance.int(10, 2_000) * minute;
        const to = Math.min(from + chance.int(0, 600) * minute + 30_000, origin - 5 * minute);
        asked.push({ market: chance.pick(["KRW-BTC", "KRW-ETH"]), interval: chance.pick(["1m", "5m", "1h"] as const), from, to });
      }
      for (const round of [1, 2]) {
        const sent = yield* requests;
        for (const { market, interval, from, to } of round === 1 ? asked : asked.toReversed()) {
          const { value } = yield* ask(market, interval, { from, to });
          for (const row of value) assert.isUndefined(truth.faultOfCandle(row));
          const trades = truth.tradesBetween(market, endOf(from - 60 * minute), endOf(to + 60 * minute));
          const windows = new Set(trades.map(({ ms }) => windowStart(interval, ms)));
          assert.deepStrictEqual(
            value.map(({ openTimeMs }) => openTimeMs),
            [...windows].filter((open) => open >= from && open < to && windowStart(interval, open) === open).sort((a, b) => a - b),
          );
        }
        if (round === 2) assert.strictEqual(yield* requests, sent);
        yield* TestClock.adjust("2 minutes");
      }
    }).pipe(Effect.provide(scene(9, { "KRW-BTC": 0.5, "KRW-ETH": 2 }))),
  );
});
