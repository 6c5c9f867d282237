/** How long a warm entry lives: inside its bounds whatever happened, shorter where it is hot and changes, and apart from its neighbours. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { adaptedLifeMs, beginUse, drawOf, heatOf, noteLoad, noteRead, spreadLifeMs, type WarmUse } from "../../src/cache/warmLife.ts";

const ms = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1e12 }));
const share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));

/** A key that is asked every `gapMs` and read anew each time, and differs then or does not. */
const used = (gapMs: number, differs: boolean, hit = true): WarmUse => {
  const use = beginUse();
  for (let nth = 0; nth < 50; nth++) {
    noteRead(use, nth * gapMs, hit);
    noteLoad(use, differs);
  }
  return use;
};

describe("adaptedLifeMs", () => {
  it.prop(
    "is finite and inside its bounds for any use, a rate of nothing and questions at one moment included (R000-35)",
    { gaps: Schema.Array(ms), differs: Schema.Array(Schema.Boolean), bound: ms, floor: share, draw: share },
    ({ gaps, differs, bound, floor, draw }) => {
      const use = beginUse();
      let atMs = 0;
      const look = () => {
        const lifeMs = adaptedLifeMs(use, bound, floor);
        assert.isAtLeast(lifeMs, bound * floor * (1 - 1e-12));
        assert.isAtMost(lifeMs, bound);
        const spread = spreadLifeMs(lifeMs, draw);
        assert.isAtMost(spread, lifeMs * (1 + 1e-12));
        assert.isAtLeast(spread, (lifeMs * 0.9) / 1.1 - 1e-9);
        assert.isTrue(heatOf(use) >= 0 && heatOf(use) <= 1);
      };
      look();
      for (const [nth, gapMs] of gaps.entries()) {
        noteRead(use, (atMs += gapMs), nth % 2 === 0);
        noteLoad(use, differs[nth]);
        look();
      }
      // A hot key whose value always differs, against one that is as hot and quiet, and one that is as volatile and cold.
      if (bound < 1 || floor > 0.99) return;
      const lives = [used(200, true), used(60_000, true), used(200, false)].map((one) => adaptedLifeMs(one, bound, floor));
      assert.isBelow(lives[0] ?? 0, lives[1] ?? 0);
      assert.isBelow(lives[1] ?? 0, lives[2] ?? 0);
      assert.strictEqual(lives[2], bound);
    },
    { arbitrary: { runs: 200 } },
  );

  it("is shorter for a key that memory answers often, because more answers depend on it", () => {
    assert.isBelow(adaptedLifeMs(used(1_000, true, true), 1_000, 0.2), adaptedLifeMs(used(1_000, true, false), 1_000, 0.2));
  });
});

describe("drawOf", () => {
  it("spreads neighbouring keys, and the readings of one key, evenly, and is the same each time", () => {
    for (const draws of [
      Array.from({ length: 1_000 }, (_, i) => drawOf(`["candles","KRW-${i}"]`, 1)),
      Array.from({ length: 1_000 }, (_, i) => drawOf('["candles","KRW-BTC"]', i)),
    ]) {
      const tenths = Array.from({ length: 10 }, (_, tenth) => draws.filter((draw) => Math.floor(draw * 10) === tenth).length);
      for (const count of tenths) assert.isTrue(count >= 60 && count <= 140, tenths.join());
    }
    assert.strictEqual(drawOf("a", 1), drawOf("a", 1));
  });
});
