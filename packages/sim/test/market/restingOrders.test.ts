import { assert, describe, it } from "@effect/vitest";
import { bookAt, bookTime, nextBookTime } from "../../src/market/Book.ts";
import type { BookLevel } from "../../src/market/Burst.ts";
import { Sequence } from "../../src/market/Hash.ts";
import { dayMs, hourMs, minuteMs, type MarketTape } from "../../src/market/MarketTape.ts";
import { restingOrders, type Sides } from "../../src/market/RestingOrders.ts";
import { endOf, type TradeRow } from "../../src/market/Trade.ts";
import { World } from "../../src/market/World.ts";

const start = Date.UTC(2025, 6, 1);
const now = Date.UTC(2026, 0, 5, 3, 17, 42, 123);

/** The trades of a stretch, gathered into orders: all trades of one millisecond. */
const ordersIn = (tape: MarketTape, from: number, to: number): Array<Array<TradeRow>> => {
  const orders: Array<Array<TradeRow>> = [];
  for (let trade = tape.next(endOf(from), to); trade !== undefined; trade = tape.next(trade, to)) {
    if (orders.at(-1)?.[0]?.ms === trade.ms) orders.at(-1)?.push(trade);
    else orders.push([trade]);
  }
  return orders;
};

/** A matching engine: takes an order's trades from the levels it meets, or says why they could not have happened. */
const match = (levels: ReadonlyArray<BookLevel>, trades: ReadonlyArray<TradeRow>): Array<BookLevel> => {
  const left = levels.map(({ price, size }) => ({ price, size }));
  for (const { price, size } of trades) {
    const best = left[0];
    if (best === undefined || best.price !== price) throw new Error(`traded at ${price} while the best price was ${best?.price}`);
    if (best.size < size) throw new Error(`${size} taken where ${best.size} rested`);
    best.size -= size;
    if (best.size === 0) left.shift();
  }
  return left;
};

const deep = 60;
const at = (world: World, tape: MarketTape, ms: number): Sides => restingOrders(tape, world.halts, ms, deep)!;

/** The levels that a depth shortened by consumed ones still shows. */
const sameStart = (actual: ReadonlyArray<BookLevel>, expected: ReadonlyArray<BookLevel>): void =>
  assert.deepStrictEqual(actual.slice(0, expected.length), expected.slice(0, actual.length));

const checkOrder = (
  world: World,
  tape: MarketTape,
  order: ReadonlyArray<TradeRow>,
): { readonly swept: boolean; readonly emptied: boolean } => {
  const [first] = order;
  if (first === undefined) throw new Error("an order without trades");
  const [before, after] = [at(world, tape, first.ms - 1), at(world, tape, first.ms)];
  const [met, left] = first.bid ? [before.asks, after.asks] : [before.bids, after.bids];
  sameStart(left, match(met, order));
  assert.deepStrictEqual(first.bid ? after.bids : after.asks, first.bid ? before.bids : before.asks, "the side not taken from");
  const last = order.at(-1)!;
  return { swept: last.price !== first.price, emptied: left[0]!.price !== last.price };
};

const checkLadder = (tape: MarketTape, { asks, bids }: Pick<Sides, "asks" | "bids">): void => {
  if (bids[0]!.price > 0 && asks[0]!.price > 0) assert.isBelow(bids[0]!.price, asks[0]!.price);
  for (const [side, sign] of [
    [asks, 1],
    [bids, -1],
  ] as const) {
    side.forEach(({ price, size }, i) => {
      const outer = side[i + 1];
      if (price === 0) return assert.strictEqual(size, 0);
      assert.isAbove(size, 0);
      assert.strictEqual(price % tape.spec.ticks.at(price), 0, `${tape.spec.code} ${price}`);
      if (outer !== undefined && outer.price > 0) assert.isAbove((outer.price - price) * sign, 0);
    });
  }
};

describe("the resting orders", () => {
  it("hold every seeded trade at the best price before it, and exactly what it left after it", () => {
    let [orders, swept, emptied] = [0, 0, 0];
    for (const seed of [1, 2, 77]) {
      const world = new World(seed, start);
      for (const { code } of world.markets) {
        const tape = world.tape(code)!;
        for (const order of ordersIn(tape, now, now + (tape.spec.rate > 5 ? 8 * minuteMs : 3 * hourMs))) {
          const seen = checkOrder(world, tape, order);
          orders++;
          if (seen.swept) swept++;
          if (seen.emptied) emptied++;
        }
      }
    }
    assert.isAbove(orders, 5_000);
    assert.isAbove(swept, 200);
    assert.isAbove(emptied, 500);
  });

  it("are a ladder on the tick grid with best bid below best ask at any moment", () => {
    const random = new Sequence(4);
    for (const seed of [3, 4]) {
      const world = new World(seed, start);
      for (const { code } of world.markets) {
        const tape = world.tape(code)!;
        for (let i = 0; i < 25; i++) {
          const book = at(world, tape, Math.floor(now + 9 * dayMs * random.next()));
          checkLadder(tape, book);
          assert.strictEqual(book.asks.length, book.bids.length);
        }
      }
    }
  });

  it("are the same in whatever order they are asked for", () => {
    const [forwards, backwards] = [new World(5, start), new World(5, start)];
    for (const code of ["KRW-BTC", "KRW-ZIL", "USDT-BTC"]) {
      const [tape, other] = [forwards.tape(code)!, backwards.tape(code)!];
      const times = Array.from({ length: 400 }, (_, i) => now + i * 331);
      const first = times.map((ms) => at(forwards, tape, ms));
      const second = times.toReversed().map((ms) => at(backwards, other, ms));
      assert.deepStrictEqual(second.toReversed(), first);
    }
  });

  it("keep a millisecond free between two orders, over the edges of minutes too, in a market of 50 trades a second", () => {
    const world = new World(1, start, { codes: ["KRW-BTC"], rates: { "KRW-BTC": 2_990 } });
    const tape = world.tape("KRW-BTC")!;
    let before = 0;
    const orders = ordersIn(tape, now, now + 2 * minuteMs);
    for (const order of orders) {
      assert.isAtLeast(order[0]!.ms - before, 2);
      order.forEach((trade, i) => assert.deepStrictEqual([trade.ms, trade.n], [order[0]!.ms, i]));
      before = order[0]!.ms;
      checkOrder(world, tape, order);
    }
    assert.isAbove(orders.length, 1_500);
  });

  it("follow a scripted trade anywhere, and meet the seeded trades after it again", () => {
    const world = new World(6, start);
    const random = new Sequence(8);
    for (const code of ["KRW-BTC", "KRW-XRP", "BTC-ETH"]) {
      const tape = world.tape(code)!;
      const { ticks, reference } = tape.spec;
      for (let i = 0; i < 200; i++) {
        const ms = Math.floor(now + hourMs * random.next());
        const price = ticks.round(reference * (0.3 + 2 * random.next()));
        const bid = random.next() < 0.5;
        tape.insert(ms, price, 12_345, bid);
        const book = at(world, tape, ms);
        assert.strictEqual((bid ? book.asks : book.bids)[0]!.price, price);
        checkLadder(tape, book);
      }
      let met = 0;
      for (const order of ordersIn(tape, now, now + hourMs)) {
        const first = order[0]!;
        const previous = tape.last({ ms: first.ms, n: -1 })!;
        const scripted = order.some((trade) => trade.size === 12_345);
        if (scripted || first.ms - previous.ms < 2) continue;
        checkOrder(world, tape, order);
        met++;
      }
      assert.isAbove(met, 5);
    }
  });

  it("of the past stay as they were when a script, a halt or maintenance is ordered", () => {
    for (const code of ["KRW-BTC", "KRW-ADA"]) {
      const [world, untouched] = [new World(9, start), new World(9, start)];
      const [tape, other] = [world.tape(code)!, untouched.tape(code)!];
      for (let i = 0; i < 300; i++) {
        const nowMs = now + i * 1_777;
        const changes = [
          () => tape.insert(nowMs, tape.spec.reference, 1, true),
          () => world.halt(nowMs),
          () => world.resume(nowMs),
          () => world.maintain(nowMs, nowMs + 400),
        ];
        const past = [1, 2, 50, 300, 1_000].map((ago) => [nowMs - ago, at(world, tape, nowMs - ago)] as const);
        changes[i % 4]!();
        for (const [ms, book] of past) assert.deepStrictEqual(at(world, tape, ms), book);
        if (i === 0) assert.deepStrictEqual(at(untouched, other, nowMs - 1), past[0]![1]);
      }
    }
  });
});

describe("the published book", () => {
  it("shows the resting orders of its timestamp, on the market's grid, and stands until the next is published", () => {
    const world = new World(10, start);
    const halted = now + 20_000;
    world.halt(halted);
    world.resume(halted + 7_345);
    world.maintain(halted + 30_000, halted + 41_234);
    for (const code of ["KRW-BTC", "KRW-SOL", "KRW-ADA", "KRW-ZIL", "BTC-ATOM"]) {
      const tape = world.tape(code)!;
      if (code !== "BTC-ATOM") tape.insert(halted + 3_210, tape.spec.reference, 1_000, true);
      const phase = bookTime(tape, world.halts, now) % 100;
      let next = nextBookTime(tape, world.halts, now - 1, now + 120_000);
      let timestamp = bookTime(tape, world.halts, now - 1);
      for (let ms = now; ms < now + 90_000; ms += 7) {
        while (next <= ms) {
          timestamp = next;
          next = nextBookTime(tape, world.halts, next, now + 120_000);
          assert.isTrue(timestamp % 100 === phase && next > timestamp);
        }
        assert.strictEqual(bookTime(tape, world.halts, ms), timestamp, `${code} at ${ms - now}`);
        if (ms % 5 > 0) continue;
        const { asks, bids } = restingOrders(tape, world.halts, timestamp, 30)!;
        assert.deepStrictEqual(bookAt(tape, world.halts, ms), { timestamp, asks, bids });
      }
    }
  });

  it("shows most trades their best price beforehand", () => {
    const world = new World(11, start);
    for (const code of ["KRW-ETH", "KRW-ADA", "KRW-DOT"]) {
      const tape = world.tape(code)!;
      const orders = ordersIn(tape, now, now + 6 * hourMs);
      const shown = orders.filter(([first]) => {
        const book = bookAt(tape, world.halts, first!.ms - 1)!;
        return (first!.bid ? book.asks : book.bids)[0]!.price === first!.price;
      });
      assert.isAbove(shown.length / orders.length, 0.85, code);
    }
  });
});
