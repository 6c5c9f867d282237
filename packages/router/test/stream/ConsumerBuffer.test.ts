import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Schema } from "effect";
import type { Market } from "../../src/domain/Market.ts";
import type { Live, StreamElement } from "../../src/domain/StreamElement.ts";
import { Closed } from "../../src/errors/MarketDataError.ts";
import { ConsumerBuffer } from "../../src/stream/ConsumerBuffer.ts";
import { IdMemory } from "../../src/stream/IdMemory.ts";

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

it.prop(
  "the memory of ids knows exactly the last so many different ids",
  {
    capacity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
    ids: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))).check(Schema.isMaxLength(100)),
  },
  ({ capacity, ids }) => {
    const memory = new IdMemory(capacity);
    let model: ReadonlyArray<string> = [];
    for (const id of ids.map(String)) {
      const known = model.includes(id);
      assert.strictEqual(memory.has(id), known);
      assert.strictEqual(memory.add(id), !known);
      if (!known) model = [...model, id].slice(-capacity);
    }
  },
  { arbitrary: { runs: 300 } },
);
