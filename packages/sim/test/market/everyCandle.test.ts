import { assert, describe, it } from "@effect/vitest";
import { candlesBefore, latestCandle } from "../../src/market/Figures.ts";
import type { Fold } from "../../src/market/Fold.ts";
import { Sequence } from "../../src/market/Hash.ts";
import { dayMs, hourMs, minuteMs, type MarketTape } from "../../src/market/MarketTape.ts";
import { endOf, type TradeRow } from "../../src/market/Trade.ts";
import { candleUnits, type CandleUnit, windowEnd, windowStart } from "../../src/market/Windows.ts";
import { World } from "../../src/market/World.ts";

const start = Date.UTC(2025, 10, 1);
const now = Date.UTC(2026, 0, 5, 3, 17, 42, 123);

/** Every trade of a market, by walking the tape: what the candles are computed anew from. */
const everyTrade = (tape: MarketTape, from: number, to: number): ReadonlyArray<TradeRow> => {
  const trades: Array<TradeRow> = [];
  for (let trade = tape.next(endOf(from - 1), to); trade !== undefined; trade = tape.next(trade, to)) trades.push(trade);
  return trades;
};

/** Candles in the slowest way: trades sorted into windows one by one, newest window first. */
const recomputed = (
  unit: CandleUnit,
  trades: ReadonlyArray<TradeRow>,
): ReadonlyArray<{ readonly startMs: number; readonly fold: Fold }> => {
  const windows = new Map<number, Fold>();
  for (const { price, size, bid, ms, n } of trades) {
    const startMs = windowStart(unit, ms);
    assert.isTrue(startMs <= ms && ms < windowEnd(unit, startMs));
    const before = windows.get(startMs);
    windows.set(startMs, {
      count: (before?.count ?? 0) + 1,
      open: before?.open ?? price,
      high: Math.max(before?.high ?? price, price),
      low: Math.min(before?.low ?? price, price),
      close: price,
      last: { ms, n },
      volume: (before?.volume ?? 0n) + BigInt(size),
      bidVolume: (before?.bidVolume ?? 0n) + (bid ? BigInt(size) : 0n),
      money: (before?.money ?? 0n) + BigInt(price) * BigInt(size),
    });
  }
  return [...windows].map(([startMs, fold]) => ({ startMs, fold })).toReversed();
};

/** A market with all that can happen to one: it opens, is halted, scripted, maintained, delisted and comes back. */
const eventful = (seed: number, code: string) => {
  const world = new World(seed, start, {}, { lifecycle: [{ market: code, listMs: start + 9 * dayMs + 12_345_678 }] });
  const tape = world.tape(code)!;
  const random = new Sequence(seed);
  const touch = () => tape.fold(start, endOf(now));
  touch();
  world.halt(now - 20 * dayMs);
  touch();
  world.resume(now - 19 * dayMs + 777);
  for (let i = 0; i < 50; i++) {
    const at = Math.floor(now - 25 * dayMs * random.next());
    tape.insert(
      at,
      tape.spec.ticks.round(tape.spec.reference * (0.5 + random.next())),
      1 + Math.floor(1e9 * random.next()),
      random.next() < 0.5,
    );
    touch();
  }
  world.maintain(now - 3 * dayMs - 1_234, now - 3 * dayMs + 5 * hourMs + 4_321);
  world.maintain(now - 40 * minuteMs - 10, now - 31 * minuteMs - 500);
  touch();
  return { world, tape };
};

describe("candles of an eventful market", () => {
  it.each(["KRW-SAND", "BTC-ETH", "USDT-XRP"])("are in every unit what its trades add up to: %s", (code) => {
    const { tape } = eventful(21, code);
    const trades = everyTrade(tape, start, now);
    assert.isAbove(trades.length, 2_000);
    assert.isAtLeast(trades[0]!.ms, start + 9 * dayMs + 12_345_678);
    const within = (from: number, to: number) => trades.filter(({ ms }) => ms >= from && ms < to).length;
    assert.strictEqual(within(now - 3 * dayMs - 1_233, now - 3 * dayMs + 5 * hourMs + 4_321), 0, "maintenance");
    assert.strictEqual(within(now - 40 * minuteMs - 9, now - 31 * minuteMs - 500), 0, "maintenance within one hour");
    assert.isBelow(within(now - 20 * dayMs + 1, now - 19 * dayMs + 778), 20, "only scripted trades in a halt");
    for (const unit of candleUnits) {
      const since = unit === "1s" ? now - hourMs * 30 : unit === "1m" || unit === "3m" ? now - 6 * dayMs : start;
      const expected = recomputed(
        unit,
        trades.filter(({ ms }) => ms >= windowStart(unit, since)),
      );
      const got = candlesBefore(tape, unit, now + 1, Infinity, now, windowStart(unit, since));
      assert.deepStrictEqual(got, expected, unit);
      assert.deepStrictEqual(latestCandle(tape, unit, endOf(now)), expected[0], unit);
    }
  });

  it("are nothing but the new ones after a market was delisted and came back", () => {
    const { world, tape } = eventful(22, "KRW-SAND");
    world.delist("KRW-SAND", now);
    world.list("KRW-SAND", now + 10 * minuteMs + 5);
    const later = now + 2 * dayMs;
    const trades = everyTrade(tape, start, later);
    assert.isAtLeast(trades[0]!.ms, now + 10 * minuteMs + 5);
    for (const unit of candleUnits)
      assert.deepStrictEqual(candlesBefore(tape, unit, later + 1, Infinity, later), recomputed(unit, trades), unit);
  });
});
