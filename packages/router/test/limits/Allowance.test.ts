/** What others and refusals leave of a limit, and how it comes back. */
import { assert, describe, it } from "@effect/vitest";
import * as Allowance from "../../src/limits/Allowance.ts";
import type { Limit } from "../../src/limits/LimitTable.ts";

const ten: Limit = { limit: 10, windowMs: 1_000 };
const third: Limit = { limit: 3, windowMs: 1_000 };

const rate = (state: Allowance.Allowance, nowMs: number, share = ten) => Allowance.rateAt(ten, share, state, nowMs);
const seen = (state: Allowance.Allowance, nowMs: number, remaining: number, own: number, share = ten) =>
  Allowance.observed(ten, share, state, nowMs, remaining, own);

describe("what others leave", () => {
  it("is taken from what our own requests do not explain, at once, and never raises anything", () => {
    assert.strictEqual(rate(seen(Allowance.whole, 0, 8, 2), 0), 10, "as many left as we predict");
    assert.strictEqual(rate(seen(Allowance.whole, 0, 3, 2), 0), 5);
    assert.strictEqual(rate(seen(Allowance.whole, 0, 10, 2), 0), 10, "more left than we predict");
    assert.strictEqual(rate(seen(Allowance.whole, 0, 29, 2), 0), 10, "more left than there can be");
    assert.strictEqual(rate(seen(seen(Allowance.whole, 0, 3, 2), 100, 8, 2), 100), 5, "one better answer is no sign that they are gone");
  });

  it("ignores numbers that make no sense", () => {
    for (const remaining of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.strictEqual(seen(Allowance.whole, 0, remaining, 0), Allowance.whole);
  });

  it("shrinks by a quarter for every window that is full while somebody is there, and leaves us one", () => {
    let state = Allowance.whole;
    const rates: Array<number> = [];
    for (let nowMs = 0; nowMs < 12_000; nowMs += 1_000) {
      const own = Math.floor(rate(state, nowMs));
      state = seen(state, nowMs, 0, own === 10 ? 9 : own);
      rates.push(rate(state, nowMs));
    }
    assert.deepStrictEqual(rates.slice(0, 4), [7, 5, 3, 2]);
    assert.strictEqual(rates.at(-1), 1);
  });

  it("comes back after five windows: by half when nobody was seen, by one but not to what was seen, by itself when nothing is asked", () => {
    const busy = seen(Allowance.whole, 0, 0, 4);
    const others = (state: Allowance.Allowance, nowMs: number) => Allowance.othersAt(ten, state, nowMs);
    const after = (windows: number, remaining: number, own: number) => {
      let state = busy;
      for (let nowMs = 500; nowMs <= windows * 1_000; nowMs += 500) state = seen(state, nowMs, remaining, own);
      return others(state, windows * 1_000);
    };
    assert.strictEqual(others(busy, 0), 6);
    assert.deepStrictEqual(
      [4, 5, 10, 15, 20, 60].map((windows) => after(windows, 5, 3)),
      [6, 6, 5, 4, 4, 4],
      "two are seen, and two more may be there",
    );
    assert.deepStrictEqual(
      [4, 5, 10, 15, 20].map((windows) => after(windows, 6, 4)),
      [6, 6, 3, 1, 0],
    );
    assert.strictEqual(others(busy, 60_000), 6);
    assert.strictEqual(others(busy, 60_001), 0);
  });

  it("is not asked of a process that has only a part: others are expected there, as far as the parts go", () => {
    const full = seen(Allowance.whole, 0, 0, 3, third);
    assert.strictEqual(rate(full, 0, third), 3);
    assert.strictEqual(rate(seen(Allowance.whole, 0, 0, 1, third), 0, third), 1, "more than the other parts together");
  });
});

describe("what refusals leave", () => {
  it("is half of the rate, then a twentieth of the limit more every ten seconds, short of the refused rate for five minutes (D05)", () => {
    const cut = Allowance.refused(ten, ten, Allowance.whole, 0);
    const rates = [0, 9_999, 10_000, 20_000, 80_000, 90_000, 299_999, 300_000, 310_000].map((nowMs) => rate(cut, nowMs));
    assert.deepStrictEqual(rates, [5, 5, 5.5, 6, 9, 9.5, 9.5, 10, 10]);
    assert.strictEqual(Allowance.forgotten(ten, ten, cut, 299_999), cut);
    assert.strictEqual(Allowance.forgotten(ten, ten, cut, 300_000), Allowance.whole);
  });

  it("finds a lowered limit in a few refusals and then asks for more every five minutes only", () => {
    let state = Allowance.whole;
    const refusedAt: Array<number> = [];
    // The exchange allows five and says nothing of it; we use all we may.
    for (let nowMs = 0; nowMs < 30 * 60_000; nowMs += 100) {
      if (rate(state, nowMs) <= 5) continue;
      state = Allowance.refused(ten, ten, state, nowMs);
      refusedAt.push(nowMs);
    }
    const within = (fromMs: number, toMs: number) => refusedAt.filter((at) => at >= fromMs && at < toMs).length;
    assert.isAtMost(within(0, 60_000), 3);
    for (let fromMs = 60_000; fromMs < 30 * 60_000; fromMs += 60_000) assert.isAtMost(within(fromMs, fromMs + 300_000), 1);
    assert.isAtLeast(refusedAt.length, 5, "it goes on asking");
  });

  it("never falls below one request in two windows", () => {
    let state = Allowance.whole;
    for (let nowMs = 0; nowMs < 20_000; nowMs += 1_000) state = Allowance.refused(ten, ten, state, nowMs);
    assert.strictEqual(rate(state, 20_000), 0.5);
  });
});
