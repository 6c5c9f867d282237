import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Schema } from "effect";
import type { Market } from "../../src/domain/Market.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import type { Gap, Live, StreamElement } from "../../src/domain/StreamElement.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { Closed } from "../../src/errors/MarketDataError.ts";
import { ConsumerBuffer } from "../../src/stream/ConsumerBuffer.ts";
import { candleRow, minute, tradeRow } from "./exchange.ts";

const live = (market: string, value: number): Live<number> => ({
  _tag: "Live",
  market: market as Market,
  value,
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});

/** Everything the buffer holds, through its consumer's side. */
const drain = (buffer: ConsumerBuffer<number>): ReadonlyArray<StreamElement<number>> => {
  const all: Array<StreamElement<number>> = [];
  while (buffer.size > 0) all.push(...Effect.runSync(Effect.orDie(buffer.pull)));
  return all;
};

describe("a consumer's buffer", () => {
  it.prop(
    "holds at most its capacity, keeps the newest of every market it holds, and counts exactly what it dropped",
    {
      capacity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8 })),
      markets: Schema.Array(Schema.Literals(["A", "B", "C", "D"])).check(Schema.isMaxLength(200)),
    },
    ({ capacity, markets }) => {
      const buffer = new ConsumerBuffer<number>({ kind: "ticker", capacity });
      const newest = new Map<string, number>();
      markets.forEach((market, at) => {
        buffer.offer(live(market, at));
        newest.set(market, at);
        assert.isAtMost(buffer.size, capacity);
      });
      const elements = drain(buffer);
      const values = elements.flatMap((element) => (element._tag === "Live" ? [[element.market as string, element.value] as const] : []));
      const dropped = elements.reduce((sum, element) => sum + (element._tag === "Dropped" ? element.count : 0), 0);
      assert.strictEqual(values.length + dropped, markets.length);
      assert.deepStrictEqual(
        values.map(([, value]) => value),
        values.map(([, value]) => value).toSorted((a, b) => a - b),
      );
      for (const [market, value] of new Map(values)) assert.strictEqual(value, newest.get(market));
      if (capacity >= 4) assert.deepStrictEqual(new Map(values), newest);
    },
    { arbitrary: { runs: 3_000 } },
  );

  it.effect("what it holds comes before the error it ends with", () =>
    Effect.gen(function* () {
      const buffer = new ConsumerBuffer<number>({ kind: "trades", capacity: 10 });
      const closed = new Closed({ what: "The test" });
      buffer.offer(live("A", 1));
      buffer.fail(closed);
      buffer.offer(live("A", 2));
      assert.deepStrictEqual(yield* buffer.pull, [live("A", 1)]);
      assert.strictEqual(yield* Effect.flip(buffer.pull), closed);
    }),
  );

  it.effect("what a consumer has taken is not kept, even when it never catches up", () =>
    Effect.gen(function* () {
      for (const kind of ["trades", "ticker"] as const) {
        const buffer = new ConsumerBuffer<number>({ kind, capacity: 1_000 });
        for (let at = 0; at < 500; at++) buffer.offer(live("A", at));
        for (let round = 0; round < 100; round++) {
          for (let at = 0; at < 128; at++) buffer.offer(live("A", at));
          assert.strictEqual((yield* buffer.pull).length, 128);
          assert.strictEqual(buffer.size, 500);
          assert.isAtMost(buffer.slots, 2_000);
        }
      }
    }),
  );

  it.effect("a waiting consumer wakes at the flush, not at every element", () =>
    Effect.gen(function* () {
      const buffer = new ConsumerBuffer<number>({ kind: "trades", capacity: 10 });
      const fiber = yield* Effect.forkChild(buffer.pull, { startImmediately: true });
      buffer.offer(live("A", 1));
      yield* Effect.yieldNow;
      assert.isUndefined(fiber.pollUnsafe());
      buffer.offer(live("A", 2));
      buffer.flush();
      // It goes on in a turn of its own, not inside the flush.
      assert.isUndefined(fiber.pollUnsafe());
      assert.deepStrictEqual(yield* Fiber.join(fiber), [live("A", 1), live("A", 2)]);
    }),
  );
});

describe("a full buffer of trades", () => {
  /** One trade a second, short: `A3`. */
  const trade = (market: string, second: number): Live<Trade> => ({
    ...live(market, 0),
    value: { ...tradeRow(market as Market, second), tradeTimeMs: second * 1_000 },
  });
  const candle = (minute_: number, state: Candle["state"]): Live<Candle> => ({
    ...live("A", 0),
    value: { ...candleRow("A" as Market, minute_, 5), state },
  });
  const inShort = (elements: ReadonlyArray<StreamElement<Trade | Candle>>): ReadonlyArray<string> =>
    elements.map((element) => {
      if (element._tag === "Gap") return `gap ${element.market} ${element.fromMs}-${element.toMs}`;
      if (element._tag === "Dropped") return `dropped ${element.count}`;
      if (element._tag !== "Live" && element._tag !== "Recovered") return element._tag;
      return "id" in element.value
        ? `${element.market}${element.value.tradeTimeMs / 1_000}`
        : `${element.value.state} ${element.value.openTimeMs / minute}`;
    });
  const resumed = { _tag: "Resumed", downMs: 1, atMs: 1 } as const;
  const gap = (fromMs: number, toMs: number): Gap => ({ _tag: "Gap", kind: "trades", market: "A" as Market, fromMs, toMs, reason: "" });

  it.effect("that fails hands out what it holds, then the gap that it could not hold, then fails", () =>
    Effect.gen(function* () {
      const buffer = new ConsumerBuffer<Trade>({ kind: "trades", capacity: 3 });
      for (const element of [trade("A", 1), trade("A", 2), trade("B", 3), trade("A", 5), trade("A", 6)]) buffer.offer(element);
      assert.deepStrictEqual(inShort(yield* buffer.pull), ["A1", "A2", "B3", "gap A 2000-5000"]);
      const error = yield* Effect.flip(buffer.pull);
      assert.deepInclude(error, { _tag: "SlowConsumer", kind: "trades", capacity: 3 });
    }),
  );

  it.effect(
    "that fails over a gap tells that gap, over a word about the link none, and over a market it holds nothing of the one trade",
    () =>
      Effect.gen(function* () {
        for (const [last, told] of [
          [gap(7_000, 9_000), ["A1", "gap A 7000-9000"]],
          [resumed, ["A1"]],
          [trade("C", 4), ["A1", "gap C 4000-4000"]],
        ] as const) {
          const buffer = new ConsumerBuffer<Trade>({ kind: "trades", capacity: 1 });
          buffer.offer(trade("A", 1));
          buffer.offer(last);
          assert.deepStrictEqual(inShort(yield* buffer.pull), [...told]);
          assert.strictEqual((yield* Effect.flip(buffer.pull))._tag, "SlowConsumer");
        }
      }),
  );

  it.effect("that drops its oldest counts them and tells the span of each market before what is left, and goes on", () =>
    Effect.gen(function* () {
      const buffer = new ConsumerBuffer<Trade>({ kind: "trades", capacity: 3, overflow: "drop_oldest" });
      for (const element of [trade("A", 1), trade("B", 2), resumed, trade("A", 3), trade("A", 4), trade("A", 5)]) {
        buffer.offer(element);
        assert.isAtMost(buffer.size, 3);
      }
      assert.deepStrictEqual(inShort(yield* buffer.pull), ["dropped 3", "gap A 1000-3000", "gap B 2000-2000", "Resumed", "A4", "A5"]);
      buffer.offer(trade("A", 6));
      assert.deepStrictEqual(inShort(yield* buffer.pull), ["A6"]);
    }),
  );

  it.effect("that drops a gap still tells it, and drops words about the link only when it holds nothing else", () =>
    Effect.gen(function* () {
      const buffer = new ConsumerBuffer<Trade>({ kind: "trades", capacity: 2, overflow: "drop_oldest" });
      for (const element of [gap(500, 900), trade("A", 2), trade("A", 3), resumed, resumed, resumed]) buffer.offer(element);
      assert.deepStrictEqual(inShort(yield* buffer.pull), ["dropped 4", "gap A 500-3000", "Resumed", "Resumed"]);
    }),
  );

  it.effect("of candles tells only closed windows as missing: a forming one is made good by its next frame", () =>
    Effect.gen(function* () {
      const buffer = new ConsumerBuffer<Candle>({ kind: "candles", capacity: 1, overflow: "drop_oldest" });
      for (const element of [candle(1, "forming"), candle(1, "closed"), candle(2, "forming"), candle(2, "forming")]) buffer.offer(element);
      assert.deepStrictEqual(inShort(yield* buffer.pull), ["dropped 3", "gap A 60000-60005", "forming 2"]);
    }),
  );

  it.effect("of tickers drops its oldest without a gap where a caller says so, or fails", () =>
    Effect.gen(function* () {
      const dropping = new ConsumerBuffer<number>({ kind: "ticker", capacity: 2, overflow: "drop_oldest" });
      for (const value of [1, 2, 3]) dropping.offer(live("A", value));
      assert.deepStrictEqual(yield* dropping.pull, [{ _tag: "Dropped", count: 1 }, live("A", 2), live("A", 3)]);
      const failing = new ConsumerBuffer<number>({ kind: "ticker", capacity: 1, overflow: "fail" });
      for (const value of [1, 2]) failing.offer(live("A", value));
      assert.deepStrictEqual(yield* failing.pull, [live("A", 1)]);
      assert.strictEqual((yield* Effect.flip(failing.pull))._tag, "SlowConsumer");
    }),
  );
});
