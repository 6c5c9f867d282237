/** The memory of ids: never one taken for another, at least the last so many, and the truth about what may be forgotten. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { IdMemory } from "../../src/stream/IdMemory.ts";

const id = Schema.Union([
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  // As the exchange has them, and those beside them.
  Schema.Literals(["17853950437790001", "17853950437790002", "1785395043779000", "178539504377900010", "1785395043779000100"]),
  // Texts that are no numbers, or not written as one.
  Schema.Literals([
    "",
    "00",
    "01",
    "017853950437790001",
    "1e3",
    "-1",
    " 1",
    "1.0",
    "id-1",
    "\u0661",
    "999999999",
    "1000000000",
    "0999999999",
  ]),
]);

describe("the memory of ids", () => {
  it.prop(
    "knows the last so many different ids, and fewer than twice as many, and says up to when it may have forgotten",
    { capacity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })), ids: Schema.Array(id).check(Schema.isMaxLength(100)) },
    ({ capacity, ids }) => {
      const memory = new IdMemory(capacity);
      /** All that were remembered, oldest first, with the time of each. */
      let added: ReadonlyArray<readonly [id: string, atMs: number]> = [];
      for (const [atMs, each] of ids.map(String).entries()) {
        const known = memory.has(each);
        assert.isTrue(!known || added.some(([other]) => other === each));
        assert.strictEqual(memory.add(each, atMs), !known);
        if (!known) added = [...added, [each, atMs]];
        assert.isTrue(added.slice(-capacity).every(([other]) => memory.has(other)));
        assert.isBelow(new Set(added.map(([other]) => other).filter((other) => memory.has(other))).size, 2 * capacity);
        for (const [other, otherMs] of added) if (!memory.has(other)) assert.isAtMost(otherMs, memory.forgottenMs);
      }
    },
    { arbitrary: { runs: 500 } },
  );

  it("tells a hundred thousand apart, whatever their numbers have in common", () => {
    const memory = new IdMemory(200_000);
    const ids: Array<string> = [];
    for (let i = 0; i < 25_000; i++) {
      // One after another, in steps of a power of two, with the same lower half, and with halves that mirror each other.
      ids.push(
        String(17_853_950_000_000_000n + BigInt(i)),
        String(BigInt(i + 1) << 34n),
        `${i + 1}000000007`,
        `${i + 1}${999_999_999 - i}`,
      );
    }
    const different = new Set(ids);
    assert.isAbove(different.size, 99_000);
    let added = 0;
    for (const each of ids) if (memory.add(each)) added++;
    assert.strictEqual(added, different.size);
    assert.isTrue(ids.every((each) => memory.has(each) && !memory.add(each)));
    assert.isFalse(memory.has("17853950000025000"));
  });
});
