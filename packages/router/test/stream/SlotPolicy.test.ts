import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Priority } from "../../src/domain/Question.ts";
import { importanceOf, readAgain, type Reads, slotsAt, takesOver } from "../../src/stream/SlotPolicy.ts";

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }));

const priorities: ReadonlyArray<Priority> = ["low", "normal", "high", "critical"];

describe("slots of reads", () => {
  it("there is one while the link is not good, and one more for every five seconds that it is, up to the policy's most", () => {
    const at = (nowMs: number) => [slotsAt("conservative", 1_000, nowMs), slotsAt("adaptive", 1_000, nowMs)];
    assert.deepStrictEqual([slotsAt("conservative", undefined, 1e9), slotsAt("adaptive", undefined, 1e9)], [1, 1]);
    assert.deepStrictEqual(at(1_000), [1, 1]);
    assert.deepStrictEqual(at(5_999), [1, 1]);
    assert.deepStrictEqual(at(6_000), [2, 2]);
    assert.deepStrictEqual(at(11_000), [2, 3]);
    assert.deepStrictEqual(at(1e9), [2, 3]);
  });

  it("a link that is good only from now on has one", () => {
    assert.strictEqual(slotsAt("adaptive", 2_000, 1_000), 1);
  });
});

describe("importance", () => {
  it("is urgency times the reads of late, half forgotten in a minute", () => {
    const twice = readAgain(readAgain(undefined, "high", 0), "high", 60_000);
    assert.strictEqual(importanceOf(twice, 60_000), 4 * 1.5);
    assert.strictEqual(importanceOf(twice, 120_000), 4 * 0.75);
    assert.deepStrictEqual(
      priorities.map((priority) => importanceOf(readAgain(undefined, priority, 0), 0)),
      [1, 2, 4, 8],
    );
  });

  it("has the urgency of the last reader", () => {
    assert.strictEqual(importanceOf(readAgain(readAgain(undefined, "critical", 0), "low", 0), 0), 2);
  });

  it.prop(
    "never grows by waiting, always grows by a read of the same urgency, and stays bounded however often one reads",
    { waits: Schema.Array(between(0, 200_000)).check(Schema.isMinLength(1), Schema.isMaxLength(40)), urgency: between(0, 3) },
    ({ waits, urgency }) => {
      const priority = priorities[urgency] ?? "normal";
      let reads: Reads | undefined;
      let nowMs = 0;
      for (const wait of waits) {
        const before = reads === undefined ? 0 : importanceOf(reads, nowMs);
        nowMs += wait;
        const waited = reads === undefined ? 0 : importanceOf(reads, nowMs);
        reads = readAgain(reads, priority, nowMs);
        assert.isAtMost(waited, before);
        assert.isAbove(importanceOf(reads, nowMs), waited);
        assert.isAtMost(reads.count, waits.length);
      }
    },
    { arbitrary: { runs: 200 } },
  );
});

describe("a taken slot", () => {
  it("is left to somebody who matters a fifth more, or to anybody once it was not read for half a minute", () => {
    assert.isFalse(takesOver(12, 10, 0, 30_000));
    assert.isTrue(takesOver(12.1, 10, 0, 30_000));
    assert.isTrue(takesOver(0, 10, 0, 30_001));
  });

  it.prop(
    "is never taken by two from each other at one moment, unless both have stopped reading",
    { a: between(0, 1_000), b: between(0, 1_000), aRead: between(0, 30_000), bRead: between(0, 30_000) },
    ({ a, b, aRead, bRead }) => {
      assert.isFalse(takesOver(a, b, bRead, 30_000) && takesOver(b, a, aRead, 30_000));
    },
  );
});
