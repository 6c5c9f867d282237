import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Exit, Fiber, Layer, Option, Ref, Schema, Stream } from "effect";
import * as Backtest from "../../src/backtest/Backtest.ts";
import { makeClient } from "../../src/client/makeClient.ts";
import { HistoryStore, layerMemory } from "../../src/cache/HistoryStore.ts";
import type { Bar } from "../../src/domain/Bar.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import {
  getCandleColumns,
  getCandles,
  getOrderbook,
  getTrades,
  health,
  MarketData,
  streamBars,
  streamCandles,
  streamTicker,
  streamTrades,
  streamTradesEvents,
} from "../../src/MarketData.ts";
import { Venue } from "../../src/transport/Venue.ts";
import { btc, candle, marketOf, trade } from "../samples.ts";
import { venue } from "../stubServices.ts";

const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 5);
const eth = marketOf("KRW-ETH");
const at = (seconds: number) => start + seconds * 1_000;

interface Kept {
  readonly trades?: ReadonlyArray<Trade>;
  readonly candles?: ReadonlyArray<Candle>;
  /** Seconds in which nothing is missing. */
  readonly seconds?: readonly [number, number];
}

const stored = ({ trades = [], candles = [], seconds = [-3_600, 7_200] }: Kept) =>
  Effect.gen(function* () {
    const store = yield* HistoryStore;
    const complete = { fromMs: at(seconds[0]), toMs: at(seconds[1]) };
    for (const market of [btc, eth]) {
      const mine = <A extends Trade | Candle>(rows: ReadonlyArray<A>) => rows.filter((row) => row.market === market);
      yield* store.putTrades({ venue: venue.id, market }, mine(trades), complete);
      yield* store.putCandles({ venue: venue.id, market, interval: "1m" }, mine(candles), complete);
    }
  });

/** Runs a program over what is kept, from the beginning to some seconds later. */
const played = <A, E>(program: Effect.Effect<A, E, MarketData>, kept: Kept, seconds = 3_600) =>
  Effect.gen(function* () {
    yield* stored(kept);
    return yield* Effect.provide(program, Backtest.layer({ from: at(0), to: at(seconds) }));
  }).pipe(Effect.provide(Layer.merge(layerMemory(), Layer.succeed(Venue, venue))));

const secondsNow = Effect.map(Clock.currentTimeMillis, (ms) => (ms - start) / 1_000);

describe("a back-test", () => {
  it.effect("gives out trades and candles of several streams in the order in which they happened, each at its time", () =>
    Effect.gen(function* () {
      const trades = [trade("1", at(10)), trade("2", at(70), eth), trade("3", at(60)), trade("4", at(119.5)), trade("5", at(130), eth)];
      const candles = [candle(at(0)), candle(at(60), { market: eth })];
      const program = Effect.gen(function* () {
        const seen = yield* Ref.make<ReadonlyArray<string>>([]);
        const note = (what: string) => Effect.flatMap(secondsNow, (now) => Ref.update(seen, (all) => [...all, `${now} ${what}`]));
        yield* Effect.all(
          [
            Stream.runForEach(streamTrades([btc, eth]), ({ id }) => note(`trade ${id}`)),
            Stream.runForEach(streamCandles(btc, "1m"), ({ market, state }) => note(`${state} ${market}`)),
            Stream.runForEach(streamCandles(eth, "1m"), ({ market, state }) => note(`${state} ${market}`)),
          ],
          { concurrency: "unbounded" },
        );
        return [...(yield* Ref.get(seen)), `${yield* secondsNow} end`];
      });
      assert.deepStrictEqual(yield* played(program, { trades, candles }), [
        "10 trade 1",
        "60 trade 3",
        "60 closed KRW-BTC",
        "70 trade 2",
        "119.5 trade 4",
        "120 closed KRW-ETH",
        "130 trade 5",
        "3600 end",
      ]);
    }),
  );

  const happened = Schema.Struct({ seconds: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000 })), isBtc: Schema.Boolean });
  const nap = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 500 }));
  it.effect.prop(
    "gives each consumer everything of its markets once and in order, whatever is read beside it",
    { all: Schema.Array(happened).check(Schema.isMaxLength(60)), naps: Schema.Array(nap).check(Schema.isMaxLength(5)) },
    ({ all, naps }) =>
      Effect.gen(function* () {
        const trades = all.map(({ seconds, isBtc }, nth) => trade(String(nth + 1), at(seconds), isBtc ? btc : eth));
        const inOrder = trades.toSorted((a, b) => a.tradeTimeMs - b.tradeTimeMs || Number(a.id) - Number(b.id));
        const sleeper = Effect.forEach(naps, (seconds) => Effect.sleep(seconds * 1_000), { discard: true });
        const streams = [Stream.runCollect(streamTrades(btc)), Stream.runCollect(streamTrades([btc, eth]))] as const;
        const program = Effect.all([...streams, sleeper], { concurrency: "unbounded" });
        const [mine, both] = yield* played(program, { trades });
        const idsOf = (some: ReadonlyArray<Trade>) => some.map(({ id }) => id);
        assert.deepStrictEqual(idsOf(mine), idsOf(inOrder.filter(({ market }) => market === btc)));
        assert.sameMembers(idsOf(both), idsOf(trades));
        assert.deepStrictEqual(
          both.map(({ tradeTimeMs }) => tradeTimeMs),
          inOrder.map(({ tradeTimeMs }) => tradeTimeMs),
        );
      }),
    { arbitrary: { runs: 30, seed: 7 } },
  );

  it.effect("lets time go by for who sleeps, and what came meanwhile comes late", () =>
    Effect.gen(function* () {
      const trades = [trade("1", at(10)), trade("2", at(20)), trade("3", at(50))];
      const program = Effect.gen(function* () {
        const seen: Array<number> = [];
        yield* Stream.runForEach(streamTrades(btc), () =>
          Effect.flatMap(secondsNow, (now) =>
            Effect.andThen(
              Effect.sync(() => seen.push(now)),
              Effect.sleep("30 seconds"),
            ),
          ),
        );
        return seen;
      });
      assert.deepStrictEqual(yield* played(program, { trades }), [10, 40, 70]);
    }),
  );

  it.effect("begins where the program has come to, and times out by the clock of the play", () =>
    Effect.gen(function* () {
      const trades = [trade("1", at(10)), trade("2", at(400)), trade("3", at(900))];
      const program = Effect.gen(function* () {
        yield* Effect.sleep("5 minutes");
        const seen = yield* Stream.runCollect(Stream.interruptWhen(streamTrades(btc), Effect.sleep("5 minutes")));
        return { seen: seen.map(({ id }) => id), now: yield* secondsNow };
      });
      assert.deepStrictEqual(yield* played(program, { trades }), { seen: ["2"], now: 600 });
    }),
  );

  it.live("waits for a consumer that does something outside of it", () =>
    Effect.gen(function* () {
      const trades = [trade("1", at(10)), trade("2", at(20), eth), trade("3", at(30))];
      const seen: Array<string> = [];
      const program = Effect.all(
        [
          Stream.runForEach(streamTrades(btc), ({ id }) =>
            Effect.andThen(
              Effect.promise(async () => {
                for (let turn = 0; turn < 20; turn++) await new Promise((resume) => setImmediate(resume));
              }),
              Effect.sync(() => seen.push(`written ${id}`)),
            ),
          ),
          Stream.runForEach(streamTrades(eth), ({ id }) => Effect.sync(() => seen.push(`seen ${id}`))),
        ],
        { concurrency: "unbounded" },
      );
      yield* played(program, { trades });
      assert.deepStrictEqual(seen, ["written 1", "seen 2", "written 3"]);
    }),
  );

  it.effect("answers questions with what was known then", () =>
    Effect.gen(function* () {
      const candles = Array.from({ length: 120 }, (_, nth) => candle(at((nth - 60) * 60)));
      const trades = Array.from({ length: 50 }, (_, nth) => trade(String(nth + 1), at(nth * 60)));
      const program = Effect.gen(function* () {
        yield* Effect.sleep("605 seconds");
        const asked = yield* getCandles(btc, "1m", { count: 3 });
        const { value } = yield* getTrades(btc, { count: 2 });
        return { asked, trades: value.map(({ id }) => id), beyond: yield* Effect.result(getTrades(btc, { count: 100 })) };
      });
      const { asked, trades: ids, beyond } = yield* played(program, { candles, trades });
      assert.deepStrictEqual(
        asked.value.map(({ openTimeMs }) => (openTimeMs - start) / minuteMs),
        [7, 8, 9],
      );
      assert.strictEqual(asked.provenance.tier, "history_store");
      assert.isTrue(asked.provenance.simulated);
      assert.deepStrictEqual(ids, ["10", "11"]);
      // There is not so much: the store knows nothing of what was before.
      assert.strictEqual(beyond._tag === "Failure" ? beyond.failure._tag : "", "DataUnavailable");
    }),
  );

  it.effect("answers for columns with columns, and fills what had ended at the moment", () =>
    Effect.gen(function* () {
      const candles = Array.from({ length: 120 }, (_, nth) => candle(at((nth - 60) * 60))).filter(
        ({ openTimeMs }) => openTimeMs !== at(540),
      );
      const program = Effect.gen(function* () {
        yield* Effect.sleep("10 minutes");
        const { value: columns } = yield* getCandleColumns(btc, "1m", { from: at(360) });
        const { value: rows } = yield* getCandles(btc, "1m", { from: at(360), fill: "flat" });
        return { columns, rows: rows.map(({ openTimeMs, state }) => [openTimeMs, state]) };
      });
      const { columns, rows } = yield* played(program, { candles });
      assert.deepStrictEqual([...columns.openTimeMs], [at(360), at(420), at(480)]);
      assert.deepStrictEqual(columns.covers, { fromMs: at(360), toMs: at(600) });
      assert.deepStrictEqual(rows.slice(-2), [
        [at(480), "closed"],
        [at(540), "empty"],
      ]);
    }),
  );

  it.effect("begins streams of candles with the past of each market, and lets time go by for who sleeps over it", () =>
    Effect.gen(function* () {
      const candles = Array.from({ length: 120 }, (_, nth) => candle(at((nth >> 1) * 60 - 120), { market: nth % 2 === 0 ? btc : eth }));
      const program = Effect.gen(function* () {
        const seen: Array<readonly [string, number, number]> = [];
        yield* Stream.runForEach(streamCandles([btc, eth], "1m", { history: { count: 2 } }), ({ market, openTimeMs, proof }) =>
          Effect.gen(function* () {
            assert.strictEqual(proof, "rest");
            seen.push([market, (openTimeMs - start) / minuteMs, (yield* secondsNow) / 60]);
            yield* Effect.sleep("40 seconds");
          }),
        );
        return seen;
      });
      const seen = yield* played(program, { candles }, 600);
      for (const market of [btc, eth]) {
        const opened = seen.filter(([of]) => of === market).map(([, minute]) => minute);
        assert.deepStrictEqual(
          opened,
          Array.from({ length: 12 }, (_, nth) => nth - 2),
          "none is missing, none comes twice",
        );
      }
      for (const [, minute, now] of seen) assert.isAtLeast(now, minute + 1, "nothing comes before its window is over");
    }),
  );

  it.effect("tells what is not kept as a gap, and fails the stream of values there", () =>
    Effect.gen(function* () {
      const kept: Kept = { trades: [trade("1", at(10)), trade("2", at(100))], seconds: [0, 60] };
      const elements: ReadonlyArray<StreamElement<Trade>> = yield* played(Stream.runCollect(streamTradesEvents(btc)), kept);
      assert.deepStrictEqual(
        elements.map(({ _tag }) => _tag),
        ["Live", "Gap"],
      );
      assert.deepInclude(elements[1], { fromMs: at(60), toMs: at(3_600) });
      const seen: Array<string> = [];
      const values = Stream.runForEach(streamTrades(btc), ({ id }) => Effect.sync(() => seen.push(id)));
      const error = yield* Effect.flip(played(values, kept));
      assert.strictEqual(error._tag, "StreamGap");
      assert.deepStrictEqual(seen, ["1"]);
    }),
  );

  it.effect("gives out bars: each market's candle, or that it did not trade, or that nothing is kept of it", () =>
    Effect.gen(function* () {
      const candles = [candle(at(0)), candle(at(0), { market: eth }), candle(at(60), { market: eth }), candle(at(120))];
      const seen: Array<readonly [number, Bar]> = [];
      const program = Stream.runForEach(streamBars({ markets: [btc, eth] }, "1m"), (bar) =>
        Effect.map(secondsNow, (now) => (bar._tag === "Bar" ? seen.push([now, bar]) : 0)),
      );
      yield* played(program, { candles, seconds: [0, 180] }, 240);
      assert.deepStrictEqual(
        seen.map(([now, { candles, empty, unproved }]) => [now, candles.map(({ market }) => market), empty, unproved.length]),
        [
          [60, [btc, eth], [], 0],
          [120, [eth], [btc], 0],
          [180, [btc], [eth], 0],
          [240, [], [], 2],
        ],
      );
      const byQuote = yield* played(Stream.runCount(streamBars({ quote: "KRW" }, "1m")), { candles, seconds: [0, 180] }, 240);
      assert.strictEqual(byQuote, 4);
      const error = yield* Effect.flip(played(Stream.runHead(streamBars({ quote: "USDT" }, "1m")), { candles }));
      assert.strictEqual(error._tag, "InvalidRequest");
    }),
  );

  it.live("is the same for people without Effect: what they have not come back from is waited for", () =>
    Effect.gen(function* () {
      const trades = [trade("1", at(10)), trade("2", at(20), eth), trade("3", at(30))];
      const kept = yield* Layer.build(layerMemory());
      yield* Effect.provide(stored({ trades }), kept);
      const past = Backtest.layer({ from: at(0), to: at(60) }).pipe(
        Layer.provide(Layer.merge(Layer.succeedContext(kept), Layer.succeed(Venue, venue))),
      );
      const seen: Array<string> = [];
      yield* Effect.promise(async () => {
        await using client = await makeClient(past);
        const writing = async () => {
          for await (const { id } of client.streamTrades(btc)) {
            for (let turn = 0; turn < 20; turn++) await new Promise((resume) => setImmediate(resume));
            seen.push(`written ${id}`);
          }
        };
        const watching = async () => {
          for await (const { id } of client.streamTrades(eth)) seen.push(`seen ${id}`);
        };
        await Promise.all([writing(), watching()]);
      });
      assert.deepStrictEqual(seen, ["written 1", "seen 2", "written 3"]);
    }).pipe(Effect.scoped),
  );

  it.effect("refuses what nobody kept, and a range that is none", () =>
    Effect.gen(function* () {
      const refused = [
        getOrderbook(btc),
        Stream.runHead(streamTicker(btc)),
        MarketData.use((data) => data.getMarkets()),
        MarketData.use((data) => data.explain({ kind: "candles", market: btc, interval: "1m" })),
      ];
      for (const call of refused) {
        const error = yield* Effect.flip(played(call as Effect.Effect<unknown, { readonly _tag: string }, MarketData>, {}));
        assert.strictEqual(error._tag, "InvalidRequest");
      }
      const error = yield* Effect.flip(played(health, {}, 0));
      assert.include(error.message, "is not after the beginning");
      const empty = Effect.provide(health, Backtest.layer({ from: at(0), to: at(1) }));
      const nothing = yield* Effect.flip(Effect.provide(empty, Layer.merge(layerMemory(), Layer.succeed(Venue, venue))));
      assert.strictEqual(nothing._tag, "ConfigError");
    }),
  );

  it.effect("reports its health as an idle client's, and ends with its scope", () =>
    Effect.gen(function* () {
      const report = yield* played(health, {});
      assert.deepStrictEqual([report.venue, report.mode, report.link.state], ["stub", "normal", "closed"]);
      const fiber = yield* Effect.forkChild(played(Effect.andThen(Stream.runDrain(streamTrades(btc)), Effect.never), { trades: [] }));
      yield* Effect.yieldNow;
      yield* Fiber.interrupt(fiber);
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)));
      assert.isTrue(Option.isNone(Exit.findErrorOption(yield* Fiber.await(fiber))));
    }),
  );
});
