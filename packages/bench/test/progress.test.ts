import { assert, describe, it } from "@effect/vitest";
import { Progress, spellSeconds } from "../src/Progress.ts";

describe("the time that is left", () => {
  it("is what the cases say until they are measured, then what their readings took", () => {
    const progress = new Progress([
      { name: "a", readings: 4, seconds: 2 },
      { name: "b", readings: 2, seconds: 10 },
    ]);
    assert.strictEqual(progress.leftSeconds(), 28);
    progress.took("a", 6);
    progress.took("a", 4);
    assert.strictEqual(progress.leftSeconds(), 2 * 5 + 20);
    progress.over("a");
    assert.strictEqual(progress.leftSeconds(), 20);
  });

  it("is nothing for a case that takes longer than it was to, and is not below zero", () => {
    const progress = new Progress([{ name: "a", readings: 1, seconds: 2 }]);
    for (let i = 0; i < 3; i++) progress.took("a", 1);
    progress.took("stranger", 1);
    assert.strictEqual(progress.leftSeconds(), 0);
  });

  it("is spelled in seconds, and in tens of them where there are many", () => {
    assert.deepStrictEqual([0, 0.2, 59.4, 60, 124, 596].map(spellSeconds), ["0 s", "1 s", "60 s", "1 min", "2 min", "10 min"]);
    assert.strictEqual(spellSeconds(131), "2 min 10 s");
  });
});
