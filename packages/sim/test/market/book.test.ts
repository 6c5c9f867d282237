import { assert, describe, it } from "@effect/vitest";
import { bookAt, bookTime, groupedBookAt, groupingSteps, maxLevels, nextBookTime } from "../../src/market/Book.ts";
import { endOf } from "../../src/market/Trade.ts";
import { World } from "../../src/market/World.ts";

const start = Date.UTC(2025, 6, 1);
const now = Date.UTC(2026, 0, 5, 3, 17, 42, 123);

describe("an order book", () => {
  it("is ordered, with best bid below best ask and every price on today's tick grid, in every market and at every moment looked at", () => {
    const world = new World(1, start);
    for (const spec of world.markets) {
      const tape = world.tape(spec.code)!;
      for (let i = 0; i < 40; i++) {
        const book = bookAt(tape, world.halts, now + i * 777)!;
        const [asks, bids] = [book.asks.filter((level) => level.price > 0), book.bids.filter((level) => level.price > 0)];
        assert.strictEqual(Math.max(asks.length, bids.length), spec.depth);
        assert.isBelow(bids[0]!.price, asks[0]!.price);
        asks.forEach((level, k) => assert.isTrue(k === 0 || level.price > asks[k - 1]!.price));
        bids.forEach((level, k) => assert.isTrue(k === 0 || level.price < bids[k - 1]!.price));
        for (const { price, size } of [...asks, ...bids]) {
          assert.strictEqual(price % spec.ticks.at(price), 0, `${spec.code} ${price}`);
          assert.isAbove(size, 0);
        }
      }
    }
  });

  it("has the timestamp of its last change, on a 100 ms grid, and is the same until the next", () => {
    const world = new World(1, start);
    for (const code of ["KRW-BTC", "KRW-ADA", "BTC-ATOM"]) {
      const tape = world.tape(code)!;
      const phase = bookTime(tape, world.halts, now) % 100;
      let at = now;
      for (let i = 0; i < 50; i++) {
        const next = nextBookTime(tape, world.halts, at, at + 60_000);
        assert.isAbove(next, at);
        assert.strictEqual(next % 100, phase);
        assert.strictEqual(bookTime(tape, world.halts, next), next);
        assert.deepStrictEqual(bookAt(tape, world.halts, next - 1), bookAt(tape, world.halts, at));
        at = next;
      }
    }
  });

  it("follows a scripted trade at the next grid point and stands still while halted otherwise", () => {
    const world = new World(1, start);
    const tape = world.tape("KRW-DOT")!;
    world.halt(now);
    assert.strictEqual(nextBookTime(tape, world.halts, now, now + 3_600_000), Infinity);
    tape.insert(now + 5_000, 43_210_000, 1_000_000, true);
    const changed = nextBookTime(tape, world.halts, now, now + 3_600_000);
    assert.isTrue(changed >= now + 5_000 && changed < now + 5_100);
    assert.strictEqual(bookAt(tape, world.halts, changed)!.asks[0]!.price, 43_210_000);
    assert.strictEqual(nextBookTime(tape, world.halts, changed, changed + 3_600_000), Infinity);
  });

  it("gathers levels into supported steps, bids down and asks up", () => {
    const world = new World(1, start);
    const tape = world.tape("KRW-BTC")!;
    const steps = groupingSteps(tape.spec, tape.last(endOf(now))!.price);
    assert.deepStrictEqual(steps, [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]);
    const [plain, grouped] = [bookAt(tape, world.halts, now)!, groupedBookAt(tape, world.halts, now, 10_000)!];
    assert.strictEqual(grouped.asks[0]!.price, Math.ceil(plain.asks[0]!.price / 10_000) * 10_000);
    assert.strictEqual(grouped.bids[0]!.price, Math.floor(plain.bids[0]!.price / 10_000) * 10_000);
    assert.isAtMost(grouped.asks.length, maxLevels);
    assert.isTrue(grouped.asks.every((level, i) => level.price % 10_000 === 0 && (i === 0 || level.price > grouped.asks[i - 1]!.price)));
    assert.deepStrictEqual(groupingSteps(world.tape("BTC-ETH")!.spec, 4_000_000), []);
  });
});
