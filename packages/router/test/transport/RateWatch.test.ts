import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { RateWatch } from "../../src/transport/RateWatch.ts";

/** Runs a watch with a message whenever `everyMs` of that moment has passed, looking when the last look said or a message asks for it. Falls, by time. */
const run = (watch: RateWatch, fromMs: number, untilMs: number, everyMs: (nowMs: number) => number): ReadonlyArray<number> => {
  const falls: Array<number> = [];
  let nextMs = fromMs + everyMs(fromMs);
  let lookMs = watch.dueMs;
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs++) {
    if (nowMs >= nextMs) {
      if (watch.count(nowMs)) lookMs = nowMs;
      nextMs = nowMs + everyMs(nowMs);
    }
    if (nowMs < lookMs) continue;
    if (watch.check(nowMs) !== undefined) falls.push(nowMs);
    lookMs = watch.dueMs;
  }
  return falls;
};

const never = Number.POSITIVE_INFINITY;

describe("the watch over a link's rate", () => {
  it("has nothing to compare with for twenty seconds, and asks for no look until then", () => {
    const watch = new RateWatch(0);
    run(watch, 0, 20_500, () => 20);
    assert.strictEqual(watch.dueMs, never);
    run(watch, 20_500, 21_000, () => 20);
    assert.isBelow(watch.dueMs, 21_400);
  });

  it("notices a link that stops, or falls to a quarter, within 800 ms, and tells it once", () => {
    for (const share of [never, 80]) {
      for (let stopsMs = 40_000; stopsMs < 40_200; stopsMs += 17) {
        const watch = new RateWatch(0);
        const falls = run(watch, 0, 60_000, (nowMs) => (nowMs < stopsMs ? 20 : share));
        assert.strictEqual(falls.length, 1);
        assert.isAtMost((falls[0] ?? never) - stopsMs, 800);
      }
    }
  });

  it("says what came and what was usual, in messages a second", () => {
    const watch = new RateWatch(0);
    run(watch, 0, 40_000, () => 20);
    for (let nowMs = 40_000; ; nowMs++) {
      const fall = watch.check(nowMs);
      if (fall === undefined) continue;
      assert.approximately(fall.usualPerSecond, 50, 2);
      assert.isAtMost(fall.perSecond, fall.usualPerSecond / 3);
      break;
    }
  });

  it("calls half as much no fall, and a link that never was fast not slow", () => {
    assert.deepStrictEqual(
      run(new RateWatch(0), 0, 90_000, (nowMs) => (nowMs < 40_000 ? 20 : 40)),
      [],
    );
    assert.deepStrictEqual(
      run(new RateWatch(0), 0, 90_000, (nowMs) => (nowMs < 40_000 ? 60 : never)),
      [],
    );
  });

  it("expects of a link that comes in bursts no more than its pauses bring", () => {
    // A hundred a second for a second, ten a second for another.
    const falls = run(new RateWatch(0), 0, 120_000, (nowMs) => (Math.floor(nowMs / 1_000) % 2 === 0 ? 10 : 100));
    assert.deepStrictEqual(falls, []);
  });

  it("notices the next fall after half a minute in which it was as usual", () => {
    const watch = new RateWatch(0);
    const falls = run(watch, 0, 120_000, (nowMs) => (Math.floor(nowMs / 1_000) % 50 < 45 ? 20 : 1_000));
    assert.deepStrictEqual(
      falls.map((atMs) => Math.floor(atMs / 1_000)),
      [45, 95],
    );
  });

  it("does not hold against the link what this process slept through, while more came than it read", () => {
    const watch = new RateWatch(0);
    run(watch, 0, 40_000, () => 20);
    assert.isUndefined(watch.check(50_000));
    // The frames that waited, all at once, and then the usual.
    for (let i = 0; i < 500; i++) watch.count(50_001);
    assert.deepStrictEqual(
      run(watch, 50_001, 70_000, () => 20),
      [],
    );
    assert.strictEqual(run(watch, 70_000, 75_000, () => never).length, 1);
  });

  it("has to be shown anew what is usual after a change of the subscription", () => {
    const watch = new RateWatch(0);
    run(watch, 0, 40_000, () => 20);
    watch.reset(40_000);
    assert.strictEqual(watch.dueMs, never);
    assert.deepStrictEqual(
      run(watch, 40_000, 45_000, () => never),
      [],
    );
  });

  it.prop(
    "always names a later time to look than the one it was looked at, whatever comes",
    { gaps: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 300 }))).check(Schema.isMaxLength(200)) },
    ({ gaps }) => {
      const watch = new RateWatch(0);
      run(watch, 0, 25_000, () => 10);
      let nowMs = 25_000;
      for (const gap of gaps) {
        nowMs += gap;
        if (gap % 3 !== 0) watch.count(nowMs);
        watch.check(nowMs);
        assert.isAbove(watch.dueMs, nowMs);
      }
    },
    { arbitrary: { runs: 100 } },
  );
});
