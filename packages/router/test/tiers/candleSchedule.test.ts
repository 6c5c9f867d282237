/** Parts of a history read side by side, landing in any order, against an exchange that holds any rows and a store that holds any ranges of them. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { type Coverage, covered } from "../../src/cache/Coverage.ts";
import type { CandlesQuestion } from "../../src/domain/Question.ts";
import { CandleReading } from "../../src/tiers/candlePages.ts";
import { RowIntake } from "../../src/tiers/RowIntake.ts";
import type { Part } from "../../src/tiers/candleSchedule.ts";
import { candle, questions } from "../samples.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 31);
const at = (index: number) => start + index * minute;
const indexOf = (ms: number) => (ms - start) / minute;

interface Market {
  /** Windows with a candle, ascending. */
  readonly indices: ReadonlyArray<number>;
  readonly kept?: Coverage;
  readonly pageSize: number;
  readonly atOnce: number;
}

/** A small generator: what lands next, and where somebody trades. */
const drawing = (seed: number) => {
  let state = (seed >>> 0) + 1;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const withShare = (windows: number, percent: number, seed: number): ReadonlyArray<number> => {
  const draw = drawing(seed);
  return Array.from({ length: windows }, (_, index) => index).filter(() => draw(100) < percent);
};

/** Reads with as many readers as are wanted; of what is under way, any part may come next. */
const read = (question: CandlesQuestion, { indices, kept = [], pageSize, atOnce }: Market, seed = 1) => {
  const draw = drawing(seed);
  const reading = new CandleReading(question, new RowIntake(question), { pageSize, atOnce, kept });
  const underWay: Array<Part> = [];
  const nowMs = at(100_000);
  let [most, keptReads] = [0, 0];
  const begin = () => {
    for (let part = reading.next(); part !== undefined; part = reading.next()) underWay.push(part);
    most = Math.max(most, underWay.length);
    assert.strictEqual(underWay.length, reading.underWay);
    assert.isAtMost(underWay.filter(({ isLead }) => isLead).length, 1);
  };
  for (begin(); underWay.length > 0; begin()) {
    const [part] = underWay.splice(draw(underWay.length), 1);
    assert(part !== undefined);
    const toMs = part.toMs ?? Infinity;
    const end = indices.findLastIndex((index) => at(index) < toMs) + 1;
    if (part.source === "kept") {
      assert.isTrue(
        kept.some((range) => range.fromMs <= part.fromMs && range.toMs >= toMs),
        "only what is kept is taken from there",
      );
      keptReads++;
      const found = indices.slice(0, end).filter((index) => at(index) >= part.fromMs);
      reading.kept(
        part,
        found.map((index) => candle(at(index))),
      );
    } else {
      reading.page(
        part,
        indices.slice(Math.max(0, end - reading.countOf(part)), end).map((index) => candle(at(index))),
      );
    }
    assert.isAtMost(reading.asked, reading.bound(nowMs));
  }
  assert.isTrue(reading.isComplete);
  return {
    starts: reading.result(nowMs).map((row) => indexOf(row.openTimeMs)),
    asked: reading.asked,
    most,
    keptReads,
    share: reading.share(nowMs),
  };
};

const range = (from: number, to: number): CandlesQuestion => ({ ...questions.candles, count: null, fromMs: at(from), toMs: at(to) });
const newest = (count: number, to?: number): CandlesQuestion => ({
  ...questions.candles,
  count,
  toMs: to === undefined ? null : at(to),
});

const whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }));

describe("parts read side by side", () => {
  it.prop(
    "bring exactly the rows of any range or number, whatever is kept and in whatever order they come",
    {
      percent: whole(1, 100),
      from: whole(0, 700),
      length: whole(1, 700),
      count: whole(0, 300),
      pageSize: whole(1, 20),
      atOnce: whole(1, 8),
      ranges: Schema.Array(whole(0, 1_400)),
      seed: whole(0, 1_000_000),
    },
    ({ percent, from, length, count, pageSize, atOnce, ranges, seed }) => {
      const indices = withShare(1_400, percent, seed);
      const kept = ranges.reduce((all: Coverage, low) => covered(all, { fromMs: at(low), toMs: at(low + 1 + (low % 90)) }), []);
      const inRange = read(range(from, from + length), { indices, kept, pageSize, atOnce }, seed);
      assert.deepStrictEqual(
        inRange.starts,
        indices.filter((index) => index >= from && index < from + length),
      );
      if (count === 0) return;
      const to = length % 2 === 0 ? undefined : from + length;
      const counted = read(newest(count, to), { indices, kept, pageSize, atOnce }, seed);
      assert.deepStrictEqual(counted.starts, indices.filter((index) => to === undefined || index < to).slice(-count));
    },
    { arbitrary: { runs: 300 } },
  );

  it("cost a market that trades in every window not one page more, and keep all readers busy", () => {
    const indices = withShare(10_000, 100, 1);
    for (const pageSize of [100, 200])
      for (const from of [0, 50, 9_000]) {
        const { asked, most } = read(range(from, 10_000), { indices, pageSize, atOnce: 6 });
        assert.strictEqual(asked, Math.ceil((10_000 - from) / pageSize));
        assert.strictEqual(most, Math.min(6, asked - 1));
      }
    const counted = read(newest(10_000), { indices, pageSize: 100, atOnce: 6 });
    assert.deepStrictEqual([counted.asked, counted.most], [100, 6]);
  });

  it("cost a sparse one hardly more than one after another", () => {
    for (const percent of [2, 10, 30, 60, 90, 96, 98])
      for (const seed of [1, 2]) {
        const indices = withShare(6_000, percent, seed);
        for (const question of [range(0, 6_000), newest(Math.floor(indices.length * 0.9))]) {
          const alone = read(question, { indices, pageSize: 10, atOnce: 1 });
          const beside = read(question, { indices, pageSize: 10, atOnce: 6 }, seed);
          assert.deepStrictEqual(beside.starts, alone.starts);
          assert.isAtMost(beside.asked, Math.ceil(alone.asked * 1.06) + 3, `${percent} % of windows, seed ${seed}, ${question.count}`);
          // Of a number of rows only so many windows are wanted for certain.
          if (alone.asked > 60 && (question.count === null || percent > 80)) assert.isAbove(beside.most, 3);
        }
      }
  });

  it("cost a history that is kept but for its holes a page for each hole that a page cannot bridge", () => {
    const indices = withShare(2_000, 100, 1);
    const kept = [0, 500, 1_000, 1_500].map((low) => ({ fromMs: at(low), toMs: at(low + 480) }));
    const { asked, starts } = read(range(0, 2_000), { indices, kept, pageSize: 200, atOnce: 6 });
    assert.deepStrictEqual(starts, indices);
    assert.strictEqual(asked, 4);
    const bridged = [0, 100, 200, 300].map((low) => ({ fromMs: at(low), toMs: at(low + 90) }));
    assert.strictEqual(read(range(0, 400), { indices, kept: bridged, pageSize: 200, atOnce: 6 }).asked, 2);
    assert.strictEqual(read(range(0, 480), { indices, kept, pageSize: 200, atOnce: 6 }).asked, 0);
  });

  it("are given back when they find no place, and fewer are begun from then on", () => {
    const reading = new CandleReading(range(0, 2_000), new RowIntake(range(0, 2_000)), { pageSize: 100, atOnce: 3 });
    const rowsOf = ({ toMs }: Part) => Array.from({ length: 100 }, (_, nth) => candle((toMs ?? 0) - (nth + 1) * minute));
    const first = reading.next();
    assert(first !== undefined);
    assert.isUndefined(reading.next(), "nobody knows yet how far a page reaches");
    reading.page(first, rowsOf(first));
    const parts = [reading.next(), reading.next(), reading.next()].filter((part) => part !== undefined);
    assert.deepStrictEqual(
      parts.map(({ isLead }) => isLead),
      [true, false, false],
    );
    assert.isUndefined(reading.next());
    const [lead, second, third] = parts;
    assert(lead !== undefined && second !== undefined && third !== undefined);
    reading.givenUp(third);
    assert.isUndefined(reading.next());
    reading.page(second, rowsOf(second));
    reading.page(lead, rowsOf(lead));
    assert.deepStrictEqual([reading.next()?.isLead, reading.next()?.isLead, reading.next()], [true, false, undefined]);
  });

  it("say how much of the whole has come", () => {
    const indices = withShare(1_000, 100, 1);
    const reading = new CandleReading(range(0, 1_000), new RowIntake(range(0, 1_000)), { pageSize: 250, atOnce: 1 });
    const shares: Array<number> = [reading.share(at(1_000))];
    for (let part = reading.next(); part !== undefined; part = reading.next()) {
      const toMs = part.toMs ?? Infinity;
      const page = indices.filter((index) => at(index) < toMs).slice(-250);
      reading.page(
        part,
        page.map((index) => candle(at(index))),
      );
      shares.push(reading.share(at(1_000)));
    }
    assert.deepStrictEqual(shares, [0, 0.25, 0.5, 0.75, 1]);
  });
});
