import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { Rhythm } from "../../src/transport/Rhythm.ts";

/** A rhythm that was heard at the start and then after each of these gaps. */
const after = (gaps: ReadonlyArray<number>, startMs = 0): { readonly rhythm: Rhythm; readonly nowMs: number } => {
  const rhythm = new Rhythm();
  let nowMs = startMs;
  rhythm.heard(nowMs);
  for (const gap of gaps) rhythm.heard((nowMs += gap));
  return { rhythm, nowMs };
};

const times = (count: number, gap: number): ReadonlyArray<number> => Array.from({ length: count }, () => gap);

describe("the rhythm of what speaks", () => {
  it("is not known before twenty gaps", () => {
    assert.isUndefined(after(times(19, 100)).rhythm.silenceMs());
    assert.strictEqual(after(times(20, 100)).rhythm.silenceMs(), 800);
  });

  it("is eight median gaps, or the longest and half of it where that is more", () => {
    assert.strictEqual(after([...times(30, 100), 500, 500]).rhythm.silenceMs(), 800);
    assert.strictEqual(after([...times(31, 100), 600]).rhythm.silenceMs(), 900);
  });

  it("remembers thirty-two gaps: a long one is forgotten after them", () => {
    assert.strictEqual(after([5_000, ...times(31, 100)]).rhythm.silenceMs(), 7_500);
    assert.strictEqual(after([5_000, ...times(32, 100)]).rhythm.silenceMs(), 800);
  });

  it("takes a burst for one word, however long it goes on", () => {
    const { rhythm } = after(Array.from({ length: 20 }, () => [970, 10, 10, 10]).flat());
    assert.strictEqual(rhythm.silenceMs(), 8_000);
    // Every 40 ms for two seconds: a word in 80 ms, since the second of every two is part of the first.
    assert.strictEqual(after(times(50, 40)).rhythm.silenceMs(), 640);
  });

  it("does not count the gap in which nobody could hear", () => {
    const { rhythm, nowMs } = after(times(20, 100));
    rhythm.interrupted();
    rhythm.heard(nowMs + 60_000);
    assert.strictEqual(rhythm.silenceMs(), 800);
    rhythm.heard(nowMs + 60_100);
    assert.strictEqual(rhythm.silenceMs(), 800);
  });

  it("has to be shown anew after a reset", () => {
    const { rhythm, nowMs } = after(times(32, 100));
    rhythm.reset();
    assert.isUndefined(rhythm.silenceMs());
    for (let at = 0; at <= 19; at++) rhythm.heard(nowMs + 1_000 * at);
    assert.isUndefined(rhythm.silenceMs());
    rhythm.heard(nowMs + 20_000);
    // None of the old gaps is among them.
    assert.strictEqual(rhythm.silenceMs(), 8_000);
  });

  it.prop(
    "never calls a silence one that is not longer than all it remembers, and agrees with a plain count of the last gaps",
    { gaps: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 }))).check(Schema.isMaxLength(120)) },
    ({ gaps }) => {
      const { rhythm } = after(gaps);
      const words: Array<number> = [0];
      let nowMs = 0;
      for (const gap of gaps) if ((nowMs += gap) - (words.at(-1) ?? 0) >= 50) words.push(nowMs);
      const heard = words.slice(1).map((word, at) => word - (words[at] ?? 0));
      const last = heard.slice(-32).toSorted((a, b) => a - b);
      const expected = heard.length < 20 ? undefined : Math.max(8 * (last[last.length >> 1] ?? 0), 1.5 * (last.at(-1) ?? 0));
      assert.strictEqual(rhythm.silenceMs(), expected);
    },
    { arbitrary: { runs: 300 } },
  );
});
