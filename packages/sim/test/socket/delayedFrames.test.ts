import { assert, describe, it } from "@effect/vitest";
import { DelayedFrames } from "../../src/socket/DelayedFrames.ts";

const frame = (text: string) => ({ kind: "trade", market: "KRW-BTC", text });
const texts = (frames: ReadonlyArray<{ readonly text: string }>) => frames.map(({ text }) => text);

describe("frames held back", () => {
  it("leave in the order of their times, and not before", () => {
    const delayed = new DelayedFrames();
    delayed.hold(frame("b"), 20);
    delayed.hold(frame("a"), 10);
    delayed.hold(frame("c"), 30);
    assert.strictEqual(delayed.dueMs, 10);
    assert.deepStrictEqual(texts(delayed.take(9)), []);
    assert.deepStrictEqual(texts(delayed.take(20)), ["a", "b"]);
    assert.strictEqual(delayed.dueMs, 30);
  });

  it("leave earlier when enough later ones came", () => {
    const delayed = new DelayedFrames();
    delayed.hold(frame("a"), 1_000, 2);
    assert.deepStrictEqual(texts(delayed.overtake()), []);
    delayed.hold(frame("b"), 1_000, 1);
    assert.deepStrictEqual(texts(delayed.overtake()), ["a", "b"]);
    assert.strictEqual(delayed.dueMs, Infinity);
  });

  it("are at most ten thousand: the oldest makes room", () => {
    const delayed = new DelayedFrames();
    const left = [];
    for (let i = 0; i < 10_002; i++) {
      left.push(...texts(delayed.overtake()));
      delayed.hold(frame(String(i)), 1_000);
    }
    assert.deepStrictEqual(left, ["0", "1"]);
    assert.strictEqual(delayed.take(1_000).length, 10_000);
  });
});
