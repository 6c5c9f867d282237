/** After a block: when the first request goes, when the others, and how long the next block is. */
import { assert, describe, it } from "@effect/vitest";
import * as Comeback from "../../src/limits/Comeback.ts";

/** Blocked at 0 for 30 s; the probe goes at 31 s and is answered at once. */
const back = Comeback.ended(Comeback.granted(Comeback.blocked(Comeback.open, 0, 30_000), 31_000), 31_000, 31_000, true);

describe("the way back after a block", () => {
  it("lets nothing through until a second after its end, then one request, and gives a lost one's place to the next", () => {
    const blocked = Comeback.blocked(Comeback.open, 0, 30_000);
    assert.deepStrictEqual([Comeback.blockedForMs(blocked, 0), Comeback.opensAt(blocked, 0)], [31_000, 31_000]);
    assert.deepStrictEqual([Comeback.blockedForMs(blocked, 31_000), Comeback.opensAt(blocked, 31_000)], [0, 31_000]);
    const probing = Comeback.granted(blocked, 31_000);
    assert.strictEqual(Comeback.opensAt(probing, 31_000), 32_000, "whoever waits looks again in a second");
    assert.strictEqual(Comeback.opensAt(probing, 40_500), 41_000, "a probe that does not come back is given up after ten");
    assert.strictEqual(Comeback.opensAt(probing, 41_000), 41_000);
    assert.strictEqual(Comeback.ended(probing, 5, 31_100, true), probing, "the end of an older request means nothing");
    const lost = Comeback.ended(probing, 31_000, 31_500, false);
    assert.deepStrictEqual([Comeback.opensAt(lost, 31_500), Comeback.granted(lost, 31_500)._tag], [31_500, "Probing"]);
  });

  it("gives a tenth of the limits for ten seconds, half to the thirtieth, and all from there", () => {
    const shares = [31_000, 40_999, 41_000, 60_999, 61_000].map((nowMs) => Comeback.shareAt(back, nowMs));
    assert.deepStrictEqual(shares, [0.1, 0.1, 0.5, 0.5, 1]);
    assert.isFalse(Comeback.isOver(back, 61_000), "the next block must still be known as another one");
    assert.isTrue(Comeback.isOver(back, 31_000 + 3_600_000));
  });

  it("doubles from a minute to half an hour when blocks follow one another, whatever is told (D07)", () => {
    const lengths: Array<number> = [];
    let state: Comeback.Comeback = Comeback.open;
    for (let nowMs = 0; lengths.length < 8;) {
      state = Comeback.blocked(state, nowMs, 60_000);
      lengths.push(Comeback.blockedForMs(state, nowMs) - Comeback.marginMs);
      nowMs += Comeback.blockedForMs(state, nowMs);
      state = Comeback.granted(state, nowMs);
    }
    assert.deepStrictEqual(
      lengths,
      [60, 120, 240, 480, 960, 1_800, 1_800, 1_800].map((seconds) => seconds * 1_000),
    );
    assert.strictEqual(Comeback.blockedForMs(Comeback.blocked(back, 100_000, 5_000), 100_000), 121_000);
    assert.strictEqual(
      Comeback.blockedForMs(Comeback.blocked(back, 5_000_000, 5_000), 5_000_000),
      6_000,
      "an hour later it is a first one",
    );
    assert.strictEqual(Comeback.blockedForMs(Comeback.blocked(back, 100_000, 3_600_000), 100_000), 3_601_000, "what is told may be longer");
  });

  it("never shortens a block, and takes a second word of one that lasts for the same", () => {
    const twice = Comeback.blocked(Comeback.blocked(Comeback.open, 0, 30_000), 1_000, 10_000);
    assert.deepStrictEqual(twice, { _tag: "Blocked", untilMs: 31_000, round: 0 });
    assert.strictEqual(Comeback.blockedForMs(Comeback.blocked(twice, 1_000, 90_000), 1_000), 91_000);
  });
});
