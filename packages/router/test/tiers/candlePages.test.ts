/** Paging through candle history, against an exchange that holds any rows and serves them newest first. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Candle } from "../../src/domain/Candle.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import { type Interval, intervals, nextWindowStart, windowStart } from "../../src/domain/Interval.ts";
import type { CandlesQuestion } from "../../src/domain/Question.ts";
import { CandleReading, maxPages, windowsBetween } from "../../src/tiers/candlePages.ts";
import { RowIntake } from "../../src/tiers/RowIntake.ts";
import { candle, questions } from "../samples.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 31);
const at = (index: number) => start + index * minute;

const ask = (changes: Partial<CandlesQuestion>): CandlesQuestion => ({ ...questions.candles, ...changes });

/** An exchange with candles in these windows; the newest may be forming. Pages reach back from `toMs`, exclusive. */
const exchange = (indices: ReadonlyArray<number>, forming?: number) => {
  const rows = [...new Set(indices)]
    .sort((a, b) => b - a)
    .map((index) => candle(at(index), { state: index === forming ? "forming" : "closed", close: Decimal.of(String(1 + index)) }));
  return (count: number, toMs: number | undefined) => rows.filter((row) => toMs === undefined || row.openTimeMs < toMs).slice(0, count);
};

/** Reads all pages as the tier does. */
const read = (
  question: CandlesQuestion,
  pageSize: number,
  serve: (count: number, toMs: number | undefined) => ReadonlyArray<Candle>,
  nowMs: number,
) => {
  const reading = new CandleReading(question, new RowIntake(question), { pageSize });
  const bound = maxPages(question, pageSize, nowMs);
  for (let part = reading.next(); part !== undefined && reading.asked < bound; part = reading.next()) {
    const count = reading.countOf(part);
    assert.isAtMost(count, pageSize);
    assert.isAtLeast(count, 1);
    reading.page(part, serve(count, part.toMs));
  }
  return { rows: reading.result(nowMs), asked: reading.asked, bound };
};

const starts = (rows: ReadonlyArray<Candle>) => rows.map((row) => (row.openTimeMs - start) / minute);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("candle pages", () => {
  it("bring as many rows as asked, oldest first, and the last page no more than is missing", () => {
    const counts: Array<number> = [];
    const serve = exchange(upTo(1_000));
    const { rows, asked } = read(
      ask({ count: 450 }),
      200,
      (count, toMs) => {
        counts.push(count);
        return serve(count, toMs);
      },
      at(1_000),
    );
    assert.deepStrictEqual(starts(rows), upTo(1_000).slice(-450));
    assert.deepStrictEqual(counts, [200, 200, 50]);
    assert.strictEqual(asked, 3);
  });

  it.prop(
    "give the newest rows of any sparse market, each once, within ceil(rows / page) + 1 requests (A26)",
    {
      indices: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))),
      count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })),
      pageSize: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 25 })),
    },
    ({ indices, count, pageSize }) => {
      const { rows, asked, bound } = read(ask({ count }), pageSize, exchange(indices), at(401));
      const all = [...new Set(indices)].sort((a, b) => a - b);
      assert.deepStrictEqual(starts(rows), all.slice(-count));
      assert.isAtMost(asked, Math.ceil(count / pageSize) + 1);
      assert.isAtMost(asked, bound);
    },
    { arbitrary: { runs: 300 } },
  );

  it.prop(
    "give exactly the rows of a range, inclusive at its start and exclusive at its end",
    {
      indices: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200 }))),
      from: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200 })),
      length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })),
      pageSize: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 25 })),
    },
    ({ indices, from, length, pageSize }) => {
      const question = ask({ count: null, fromMs: at(from), toMs: at(from + length) });
      const { rows, asked } = read(question, pageSize, exchange(indices), at(500));
      const wanted = [...new Set(indices)].sort((a, b) => a - b).filter((index) => index >= from && index < from + length);
      assert.deepStrictEqual(starts(rows), wanted);
      assert.isAtMost(asked, Math.ceil(length / pageSize) + 2);
    },
    { arbitrary: { runs: 300 } },
  );

  it("count an edge row once that two pages both bring", () => {
    const serve = exchange(upTo(50));
    const inclusive = (count: number, toMs: number | undefined) => serve(count, toMs === undefined ? undefined : toMs + 1);
    const { rows } = read(ask({ count: null, fromMs: at(20), toMs: at(50) }), 10, inclusive, at(60));
    assert.deepStrictEqual(starts(rows), upTo(50).slice(20));
  });

  it("keep a row out that starts at the end of the range, also where the exchange sends it", () => {
    const serve = exchange(upTo(50));
    const careless = (count: number) => serve(count, undefined);
    assert.deepStrictEqual(starts(read(ask({ count: 5, toMs: at(48) }), 200, careless, at(60)).rows), [45, 46, 47]);
  });

  it("stop at an exchange that repeats itself for ever", () => {
    const stuck = exchange([5, 6, 7]);
    const { rows, asked } = read(ask({ count: 5_000 }), 200, (count) => stuck(count, undefined), at(60));
    assert.deepStrictEqual(starts(rows), [5, 6, 7]);
    assert.strictEqual(asked, 2);
  });

  it("stop at the bound when every page brings a single row", () => {
    const drop = exchange(upTo(1_000));
    const { asked, bound } = read(ask({ count: 600 }), 200, (_count, toMs) => drop(1, toMs), at(1_000));
    assert.strictEqual(asked, bound);
    assert.strictEqual(bound, 5);
  });

  it("leave the forming candle out where asked, and still bring the whole count", () => {
    const serve = exchange(upTo(100), 99);
    const include = read(ask({ count: 10 }), 200, serve, at(99) + 1);
    assert.deepStrictEqual(starts(include.rows), upTo(100).slice(-10));
    assert.strictEqual(include.rows.at(-1)?.state, "forming");
    const exclude = read(ask({ count: 10, forming: "exclude" }), 200, serve, at(99) + 1);
    assert.deepStrictEqual(starts(exclude.rows), upTo(99).slice(-10));
    assert.isTrue(exclude.rows.every((row) => row.state === "closed"));
    const quiet = read(ask({ count: 10, forming: "exclude" }), 200, exchange(upTo(99)), at(99) + 1);
    assert.deepStrictEqual(starts(quiet.rows), upTo(99).slice(-10));
  });

  it("bring the whole count also just after a window's end, when two or three ends are not proved yet", () => {
    const serve = (interval: Interval, length: number, unproved: number) => (count: number, toMs: number | undefined) =>
      Array.from({ length: 400 }, (_, index) =>
        candle(start - index * length, { interval, state: index < unproved ? "forming" : "closed" }),
      )
        .filter((row) => toMs === undefined || row.openTimeMs < toMs)
        .slice(0, count);
    for (const count of [1, 10, 198, 199, 200]) {
      const minutes = read(ask({ count, forming: "exclude" }), 200, serve("1m", minute, 2), start + 1_000);
      assert.strictEqual(minutes.rows.length, count);
      assert.strictEqual(minutes.rows.at(-1)?.openTimeMs, start - 2 * minute);
      const seconds = read(ask({ count, forming: "exclude", interval: "1s" }), 200, serve("1s", 1_000, 3), start + 500);
      assert.strictEqual(seconds.rows.length, count);
      assert.strictEqual(seconds.asked, count < 198 ? 1 : 2);
    }
  });

  it("answer an empty market with no rows, in one request", () => {
    assert.deepStrictEqual(read(ask({ count: 10, fill: "flat" }), 200, exchange([]), at(60)), { rows: [], asked: 1, bound: 3 });
  });
});

describe("flat filling", () => {
  it("repeats the close before in every window without a trade, and says so", () => {
    const { rows } = read(ask({ count: 5, fill: "flat" }), 200, exchange([10, 13, 14]), at(15) + 30_000);
    assert.deepStrictEqual(starts(rows), [10, 11, 12, 13, 14]);
    const [traded, empty] = rows;
    assert(traded !== undefined && empty !== undefined);
    assert.deepStrictEqual(empty, {
      ...candle(at(11)),
      open: traded.close,
      high: traded.close,
      low: traded.close,
      close: traded.close,
      volume: Decimal.zero,
      value: Decimal.zero,
      lastTradeTimeMs: traded.lastTradeTimeMs,
      state: "empty",
    });
  });

  it("goes on to the last closed window, and not into one that may yet get a late trade", () => {
    const after = (nowMs: number) => starts(read(ask({ count: 3, fill: "flat" }), 200, exchange([8, 9, 10]), nowMs).rows);
    assert.deepStrictEqual(after(at(12) + 1_999), [8, 9, 10]);
    assert.deepStrictEqual(after(at(12) + 2_000), [9, 10, 11]);
    assert.deepStrictEqual(after(at(15) + 30_000), [12, 13, 14]);
  });

  it("fills a range from its first window when a trade happened before it, and from the first trade otherwise", () => {
    const range = (indices: ReadonlyArray<number>) =>
      read(ask({ count: null, fromMs: at(20), toMs: at(25), fill: "flat" }), 200, exchange(indices), at(60)).rows;
    assert.deepStrictEqual(starts(range([3, 22])), [20, 21, 22, 23, 24]);
    assert.deepStrictEqual(
      range([3, 22]).map(({ close }) => close.number),
      [4, 4, 23, 23, 23],
    );
    assert.deepStrictEqual(starts(range([22])), [22, 23, 24]);
    assert.deepStrictEqual(starts(range([3])), [20, 21, 22, 23, 24]);
    assert.deepStrictEqual(starts(range([30])), []);
  });

  it("costs no more windows than are wanted, however old the last trade is", () => {
    const lone = candle(0, { lastTradeTimeMs: 1 });
    const reading = new CandleReading(ask({ count: 2, fill: "flat" }), new RowIntake(ask({ count: 2, fill: "flat" })), { pageSize: 200 });
    const part = reading.next();
    assert(part !== undefined);
    reading.page(part, [lone]);
    assert.deepStrictEqual(starts(reading.result(at(100) + 2_000)), [98, 99]);
  });

  it.prop(
    "leaves no hole and adds nothing else",
    {
      indices: Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))),
      count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 80 })),
    },
    ({ indices, count }) => {
      const { rows } = read(ask({ count, fill: "flat" }), 7, exchange(indices), at(70) + 30_000);
      const first = starts(rows)[0] ?? 0;
      assert.deepStrictEqual(starts(rows), upTo(70).slice(first));
      assert.isAtMost(rows.length, count);
      for (const row of rows) assert.strictEqual(row.state === "closed", indices.includes((row.openTimeMs - start) / minute));
    },
    { arbitrary: { runs: 200 } },
  );
});

describe("windowsBetween", () => {
  const instant = Schema.Int.check(Schema.isBetween({ minimum: Date.UTC(2017, 8), maximum: Date.UTC(2027, 0) }));

  it.prop(
    "counts the windows that start in a span",
    {
      interval: Schema.Literals(intervals),
      instant,
      windows: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
      rest: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 })),
    },
    ({ interval, instant, windows, rest }) => {
      let end = instant;
      for (let i = 0; i < windows; i++) end = nextWindowStart(interval, end);
      end += rest;
      assert.strictEqual(windowsBetween(interval, instant, end), countOneByOne(interval, instant, end));
    },
  );
});

const countOneByOne = (interval: Interval, fromMs: number, toMs: number): number => {
  let count = 0;
  for (let at = windowStart(interval, fromMs); at < toMs; at = nextWindowStart(interval, at)) if (at >= fromMs) count++;
  return count;
};
