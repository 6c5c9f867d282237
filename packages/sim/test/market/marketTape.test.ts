import { assert, describe, it } from "@effect/vitest";
import { candlesBefore, foldOf, latestCandle, tickerFigures } from "../../src/market/Figures.ts";
import { batch, type Fold, plainLimit, plainPrice } from "../../src/market/Fold.ts";
import { Sequence } from "../../src/market/Hash.ts";
import { largestSize } from "../../src/market/SeededMinute.ts";
import { dayMs, hourMs, minuteMs, type MarketTape } from "../../src/market/MarketTape.ts";
import { endOf, isAfter, pointOfId, sequentialId, type TapePoint, type TradeRow } from "../../src/market/Trade.ts";
import { candleUnits, windowEnd, windowStart } from "../../src/market/Windows.ts";
import { bookAt } from "../../src/market/Book.ts";
import { World } from "../../src/market/World.ts";

const start = Date.UTC(2024, 6, 1);
const now = Date.UTC(2026, 0, 5, 3, 17, 42, 123);

/** The trades of a stretch, straight from the minutes of a fresh world: no fold, no cache of the tape under test. */
const tradesIn = (tape: MarketTape, from: number, upTo: TapePoint): Array<TradeRow> => {
  const found: Array<TradeRow> = [];
  for (let at = Math.floor(from / minuteMs) * minuteMs; at <= upTo.ms; at += minuteMs)
    for (const trade of tape.tradesOf(at)) if (trade.ms >= from && !isAfter(trade, upTo)) found.push(trade);
  return found;
};

/** The definition of a fold, written again in the slowest way. */
const plainFold = (trades: ReadonlyArray<TradeRow>): Fold | undefined => {
  const [first, last] = [trades[0], trades.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const prices = trades.map((trade) => trade.price);
  const sum = (of: (trade: TradeRow) => bigint) => trades.reduce((total, trade) => total + of(trade), 0n);
  return {
    count: trades.length,
    open: first.price,
    high: prices.reduce((a, b) => Math.max(a, b)),
    low: prices.reduce((a, b) => Math.min(a, b)),
    close: last.price,
    last: { ms: last.ms, n: last.n },
    volume: sum((trade) => BigInt(trade.size)),
    bidVolume: sum((trade) => (trade.bid ? BigInt(trade.size) : 0n)),
    money: sum((trade) => BigInt(trade.price) * BigInt(trade.size)),
  };
};

const pick = <A>(random: Sequence, items: ReadonlyArray<A>): A => {
  const item = items[Math.floor(random.next() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
};

describe("the tape", () => {
  it("folds 1,000 random windows to exactly what their trades add up to", () => {
    const [world, fresh] = [new World(7, start), new World(7, start)];
    const random = new Sequence(20260105);
    const reaches = [1_000, minuteMs, 17 * minuteMs, hourMs, 4 * hourMs, 30 * hourMs];
    let trades = 0;
    for (let i = 0; i < 1_000; i++) {
      const { code } = pick(random, world.markets);
      const from = Math.floor(now - 400 * dayMs * random.next() * random.next());
      const upTo = { ms: from + Math.floor(pick(random, reaches) * random.next()), n: random.next() < 0.5 ? 0 : 9_999 };
      const expected = tradesIn(fresh.tape(code)!, from, upTo);
      trades += expected.length;
      assert.deepStrictEqual(world.tape(code)!.fold(from, upTo), plainFold(expected), `${code} ${from} ${upTo.ms}`);
    }
    assert.isAbove(trades, 50_000);
  });

  it("makes candles of every unit the fold of the trades in their window", () => {
    const [world, fresh] = [new World(3, start), new World(3, start)];
    for (const code of ["KRW-BTC", "KRW-ZIL", "BTC-ATOM"]) {
      for (const unit of candleUnits) {
        if (unit === "1y" && code === "KRW-BTC") continue; // 4 million trades one by one
        const at = candlesBefore(world.tape(code)!, unit, now - 3 * hourMs, 2, now);
        assert.isAbove(at.length, 0);
        for (const { startMs, fold } of at.slice(unit === "1M" || unit === "1y" ? -1 : 0)) {
          assert.strictEqual(windowStart(unit, startMs), startMs);
          const end = Math.min(now, windowEnd(unit, startMs) - 1);
          assert.deepStrictEqual(fold, plainFold(tradesIn(fresh.tape(code)!, startMs, endOf(end))), `${code} ${unit}`);
        }
      }
    }
  });

  it("gives the trades of a minute from the seed alone, in any order of asking", () => {
    const [forwards, backwards, other] = [new World(11, start), new World(11, start), new World(12, start)];
    const minutes = Array.from({ length: 300 }, (_, i) => now - (now % minuteMs) - i * 97 * minuteMs);
    const read = (world: World, order: ReadonlyArray<number>) =>
      new Map(order.map((at) => [at, world.markets.map(({ code }) => world.tape(code)!.tradesOf(at))]));
    const first = read(forwards, minutes);
    const second = read(backwards, minutes.toReversed());
    for (const at of minutes) assert.deepStrictEqual(first.get(at), second.get(at));
    assert.notDeepEqual(read(other, minutes).get(minutes[0]!), first.get(minutes[0]!));
  });

  it("reaches at least 400 days back in every market", () => {
    const world = new World(1, start);
    for (const { code } of world.markets) assert.isDefined(world.tape(code)!.dayFold(Math.floor(now / dayMs) - 400), code);
  });

  it("keeps every seeded price on the tick grid of its band and ids in strict order", () => {
    const world = new World(5, start);
    let equalMs = 0;
    for (const spec of world.markets) {
      let before = 0n;
      for (const trade of tradesIn(world.tape(spec.code)!, now - dayMs, endOf(now))) {
        assert.strictEqual(trade.price % spec.ticks.at(trade.price), 0, `${spec.code} ${trade.price}`);
        assert.isAbove(trade.size, 0);
        const id = BigInt(sequentialId(trade));
        assert.strictEqual(id, BigInt(trade.ms) * 10_000n + BigInt(trade.n));
        assert.isTrue(id > before);
        assert.deepStrictEqual(pointOfId(String(id)), { ms: trade.ms, n: trade.n });
        if (trade.n > 0 && id % 2n === 1n && id > BigInt(Number.MAX_SAFE_INTEGER)) equalMs++;
        before = id;
      }
    }
    assert.isAbove(equalMs, 100);
  });

  it("has busy markets, and quiet ones with mostly empty minutes", () => {
    const world = new World(1, start);
    const perMinute = (code: string) => world.tape(code)!.fold(now - dayMs, endOf(now))!.count / 1_440;
    const emptyShare = (code: string) =>
      Array.from({ length: 1_440 }, (_, i) => world.tape(code)!.tradesOf(now - (now % minuteMs) - i * minuteMs)).filter(
        (list) => list.length === 0,
      ).length / 1_440;
    assert.isAbove(perMinute("KRW-BTC"), 6);
    assert.isBelow(emptyShare("KRW-BTC"), 0.2);
    assert.isBelow(perMinute("BTC-ATOM"), 0.1);
    assert.isAbove(emptyShare("BTC-ATOM"), 0.9);
  });

  it("keeps the plain sums of a batch of trades within exact integers", () => {
    for (const spec of new World(1, start, { count: 850 }).markets) {
      const [price, size] = [spec.reference * 1.6, largestSize(spec)];
      assert.isBelow(plainLimit + size, Number.MAX_SAFE_INTEGER, `volume of ${spec.code}`);
      assert.isBelow(plainLimit + (price * size) / 1_000_000, Number.MAX_SAFE_INTEGER, `coarse money of ${spec.code}`);
      assert.isAtMost(price, plainPrice, spec.code);
    }
    assert.isBelow(plainPrice * 1_000_000 * batch, Number.MAX_SAFE_INTEGER, "fine money");
    assert.isBelow(2 * plainLimit, Number.MAX_SAFE_INTEGER, "one scripted trade more");
  });

  it("finds the last and the next trade as a search through all of them does", () => {
    const world = new World(2, start);
    const random = new Sequence(99);
    for (let i = 0; i < 300; i++) {
      const tape = world.tape(pick(random, world.markets).code)!;
      const at = { ms: Math.floor(now - 10 * dayMs * random.next()), n: random.next() < 0.5 ? 0 : 9_999 };
      const around = tradesIn(tape, at.ms - 6 * hourMs, endOf(at.ms + 6 * hourMs));
      const last = around.filter((trade) => !isAfter(trade, at)).at(-1);
      if (last !== undefined) assert.deepStrictEqual(tape.last(at), last);
      const next = around.find((trade) => isAfter(trade, at));
      assert.deepStrictEqual(tape.next(at, at.ms + 6 * hourMs), next);
    }
  });
});

describe("the ticker's figures", () => {
  it("finds the 52-week extremes that folding all 365 days finds", () => {
    const world = new World(4, start);
    for (const code of ["KRW-USDT", "KRW-ZIL", "BTC-ETH", "USDT-ADA", "BTC-ATOM"]) {
      const tape = world.tape(code)!;
      const today = Math.floor(now / dayMs);
      const days = Array.from({ length: 364 }, (_, i) => ({ day: today - 364 + i, fold: tape.dayFold(today - 364 + i) }));
      days.push({ day: today, fold: tape.fold(today * dayMs, endOf(now)) });
      const traded = days.flatMap(({ day, fold }) => (fold === undefined ? [] : [{ day, fold }]));
      const high = traded.reduce((a, b) => (b.fold.high > a.fold.high ? b : a));
      const low = traded.reduce((a, b) => (b.fold.low < a.fold.low ? b : a));
      const figures = tickerFigures(tape, endOf(now))!;
      assert.deepStrictEqual(figures.highest, { price: high.fold.high, dayMs: high.day * dayMs }, code);
      assert.deepStrictEqual(figures.lowest, { price: low.fold.low, dayMs: low.day * dayMs }, code);
      for (const { day, fold } of traded) {
        const bounds = tape.path.dayBounds(day);
        assert.isTrue(fold.low >= bounds.low && fold.high <= bounds.high, `${code} day ${day}`);
      }
    }
  });

  it("covers exactly the last 24 hours and the UTC day", () => {
    const [world, fresh] = [new World(6, start), new World(6, start)];
    const figures = tickerFigures(world.tape("KRW-ETH")!, endOf(now))!;
    const tape = fresh.tape("KRW-ETH")!;
    assert.deepStrictEqual(figures.rolling, plainFold(tradesIn(tape, now - dayMs + 1, endOf(now))));
    assert.deepStrictEqual(figures.day, plainFold(tradesIn(tape, Math.floor(now / dayMs) * dayMs, endOf(now))));
    assert.strictEqual(figures.prevClose, tradesIn(tape, now - dayMs, endOf(Math.floor(now / dayMs) * dayMs - 1)).at(-1)!.price);
  });
});

describe("a changed tape", () => {
  const scriptedWorld = () => {
    const world = new World(8, start);
    const tape = world.tape("KRW-XRP")!;
    tickerFigures(tape, endOf(now)); // fill the caches with what is about to change
    tape.dayFold(Math.floor(now / dayMs));
    world.halt(now);
    tape.insert(now, 31_000_000, 100_000_000, false);
    tape.insert(now, 32_000_000, 100_000_000, true);
    tape.insert(now + 90 * minuteMs, 30_000_000, 100_000_000, true);
    world.resume(now + 2 * hourMs);
    return { world, tape };
  };

  it("shows scripted trades in every fold they lie in, and no seeded trade of the halt", () => {
    const { tape } = scriptedWorld();
    const during = tradesIn(tape, now + 1, endOf(now + 2 * hourMs));
    assert.deepStrictEqual(
      during.map((trade) => trade.price),
      [30_000_000],
    );
    for (const [from, upTo] of [
      [now - hourMs, now + hourMs],
      [now - dayMs, now + 2 * hourMs],
      [now - 2 * dayMs, now + 2 * dayMs],
    ] as const) {
      assert.deepStrictEqual(tape.fold(from, endOf(upTo)), plainFold(tradesIn(tape, from, endOf(upTo))));
    }
    const day = latestCandle(tape, "1d", endOf(now + 3 * hourMs))!;
    assert.deepStrictEqual(day.fold, plainFold(tradesIn(tape, day.startMs, endOf(now + 3 * hourMs))));
    assert.strictEqual(day.fold.high > 35_000_000 || day.fold.low <= 31_000_000, true);
  });

  it("leaves the past as it was", () => {
    const { tape } = scriptedWorld();
    const untouched = new World(8, start).tape("KRW-XRP")!;
    const seededBefore = tradesIn(untouched, now - hourMs, { ms: now, n: 0 }).filter((trade) => trade.ms < now);
    assert.deepStrictEqual(tradesIn(tape, now - hourMs, endOf(now - 1)), seededBefore);
    assert.deepStrictEqual(tape.fold(now - 3 * dayMs, endOf(now - 1)), untouched.fold(now - 3 * dayMs, endOf(now - 1)));
  });

  it("forgets what it remembered of the minute, hour and day a trade is put into", () => {
    const [world, untouched] = [new World(8, start), new World(8, start)];
    const at = Math.floor(now / dayMs) * dayMs + dayMs + 5 * hourMs + 7 * minuteMs + 123;
    for (const length of [minuteMs, hourMs, dayMs]) {
      const tape = world.tape("KRW-XRP")!;
      const from = Math.floor(at / length) * length;
      const before = tape.fold(from, endOf(from + length - 1));
      tape.insert(at, 90_000_000, 1, true);
      const expected = tradesIn(tape, from, endOf(from + length - 1));
      assert.deepStrictEqual(tape.fold(from, endOf(from + length - 1)), plainFold(expected));
      assert.strictEqual(tape.fold(from, endOf(from + length - 1))!.count, (before?.count ?? 0) + 1);
    }
    const rest = { from: at + minuteMs, upTo: endOf(at + 2 * dayMs) };
    assert.deepStrictEqual(world.tape("KRW-XRP")!.fold(rest.from, rest.upTo), untouched.tape("KRW-XRP")!.fold(rest.from, rest.upTo));
  });

  it("tells the same after it forgot what can be made again, scripted trades too", () => {
    const { world, tape } = scriptedWorld();
    const told = () => ({
      trades: tradesIn(tape, now - hourMs, endOf(now)),
      fold: tape.fold(now - dayMs, endOf(now)),
      book: bookAt(tape, world.halts, now),
    });
    const before = told();
    assert.isAbove(before.trades.length, 0);
    const list = tape.tradesOf(now - hourMs);
    world.forgetMade();
    assert.notStrictEqual(tape.tradesOf(now - hourMs), list);
    assert.deepStrictEqual(told(), before);
  });

  it("numbers trades of one millisecond in the order they were scripted", () => {
    const { tape } = scriptedWorld();
    const same = tradesIn(tape, now, endOf(now));
    assert.deepStrictEqual(
      same.slice(-2).map((trade) => [trade.price, trade.bid]),
      [
        [31_000_000, false],
        [32_000_000, true],
      ],
    );
    assert.deepStrictEqual(
      same.map((trade) => trade.n),
      same.map((_, i) => i),
    );
  });

  it("folds nothing to nothing", () => {
    assert.isUndefined(foldOf([]));
    assert.isUndefined(new World(1, start).tape("KRW-BTC")!.fold(start - dayMs, endOf(start - 1)));
  });
});
