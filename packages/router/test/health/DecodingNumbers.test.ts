/** When frames that are read the general way become news, and when they stop to be. */
import { assert, describe, it } from "@effect/vitest";
import { DecodingNumbers } from "../../src/health/DecodingNumbers.ts";

/** So many frames within a second, the last `general` of them read the general way. */
const frames = (numbers: DecodingNumbers, count: number, general: number, atMs: number, cause = "field"): void => {
  for (let i = 0; i < count; i++) {
    numbers.frame(atMs + i / count);
    if (i >= count - general) numbers.general(cause, atMs + i / count);
  }
};

const watched = () => {
  const numbers = new DecodingNumbers(0);
  let told = 0;
  const stop = numbers.watch(() => told++);
  return { numbers, told: () => told, stop };
};

describe("the reading of frames", () => {
  it("is slow from the frame on with which more than a tenth of at least 200 in a minute went the general way", () => {
    const { numbers, told, stop } = watched();
    frames(numbers, 199, 199, 0);
    assert.deepStrictEqual([numbers.health(1_000).isSlow, told()], [false, 0]);
    frames(numbers, 1, 1, 2_000);
    assert.deepStrictEqual([numbers.health(2_000).isSlow, told()], [true, 1]);
    frames(numbers, 100, 100, 3_000);
    assert.strictEqual(told(), 1);
    stop();

    const other = watched();
    frames(other.numbers, 1_000, 100, 0);
    assert.deepStrictEqual([other.numbers.health(0).isSlow, other.told()], [false, 0]);
    frames(other.numbers, 1, 1, 1_000);
    assert.deepStrictEqual([other.numbers.health(1_000).isSlow, other.told()], [true, 1]);
  });

  it("is quick again below a fiftieth of a minute's frames, and not before", () => {
    const { numbers, told } = watched();
    frames(numbers, 400, 400, 0);
    for (let second = 1; second < 60; second++) frames(numbers, 400, 8, second * 1_000);
    assert.deepStrictEqual([numbers.health(59_999).isSlow, numbers.health(59_999).frames], [true, 24_000]);
    // The bad first second leaves the window: what is left is one in fifty.
    frames(numbers, 400, 8, 60_000);
    assert.isTrue(numbers.health(60_000).isSlow);
    frames(numbers, 400, 0, 61_000);
    assert.isFalse(numbers.health(61_000).isSlow);
    assert.strictEqual(told(), 1);
    frames(numbers, 4_000, 4_000, 62_000);
    assert.deepStrictEqual([numbers.health(62_000).isSlow, told()], [true, 2]);
  });

  it("is judged by the last minute alone, however long nothing came, and says of it what was the most frequent cause", () => {
    const numbers = new DecodingNumbers(5_000);
    frames(numbers, 300, 300, 6_000, "blank");
    frames(numbers, 300, 200, 30_000, "digits");
    assert.deepStrictEqual(numbers.health(31_000), { isSlow: true, frames: 600, general: 500, commonest: "blank" });
    assert.deepStrictEqual(numbers.health(66_000), { isSlow: true, frames: 300, general: 200, commonest: "digits" });
    assert.deepStrictEqual(numbers.health(3_600_000), { isSlow: false, frames: 0, general: 0, commonest: null });
    const { generalShare, ...rest } = numbers.toMetrics(3_600_000);
    assert.isNull(generalShare);
    assert.deepStrictEqual(rest, {
      frames: 600,
      isSlow: false,
      causes: [
        { cause: "blank", frames: 300 },
        { cause: "digits", frames: 200 },
      ],
    });
  });

  it("keeps sixteen causes, however many words a venue has for them", () => {
    const numbers = new DecodingNumbers(0);
    const told: Array<string> = [];
    numbers.onCause = (cause) => told.push(cause);
    for (let i = 0; i < 40; i++) {
      numbers.frame(i);
      numbers.general(`cause ${i}`, i);
    }
    assert.deepStrictEqual([numbers.causes.size, numbers.causes.get("other"), told.length], [16, 25, 16]);
  });
});
