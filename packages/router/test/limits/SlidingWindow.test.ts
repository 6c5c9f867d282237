/** The window as a pure step: the bound over any schedule, and exact estimates. */
import { assert, describe, it } from "@effect/vitest";
import type { Limit } from "../../src/limits/LimitTable.ts";
import * as SlidingWindow from "../../src/limits/SlidingWindow.ts";
import { generator, mostInAny } from "./generator.ts";

const ten: Limit = { limit: 10, windowMs: 1_000 };

describe("SlidingWindow", () => {
  it("grants at most the limit in any guarded window, whatever the schedule", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const limit: Limit = { limit: 1 + Math.floor(random() * 12), windowMs: 100 + Math.floor(random() * 2_000) };
      let state = SlidingWindow.empty;
      let now = random() * 1e6;
      const grants: Array<number> = [];
      for (let i = 0; i < 120; i++) {
        now += random() < 0.3 ? random() * 3 * limit.windowMs : random() * 20;
        if (random() < 0.02) state = SlidingWindow.paused(state, now + random() * 1_000);
        // Half of the callers wait for their turn, half only look whether it is theirs.
        if (random() < 0.5) now = SlidingWindow.grantAt(limit, state, now);
        if (SlidingWindow.grantAt(limit, state, now) > now) continue;
        assert.isAtLeast(now, state.pausedUntil);
        state = SlidingWindow.granted(limit, state, now);
        grants.push(now);
      }
      assert.isAbove(grants.length, limit.limit);
      // A hair less than the span, because the last digits of a sum of doubles are not the exchange's concern.
      assert.isAtMost(mostInAny(grants, SlidingWindow.spanMs(limit) - 1e-6), limit.limit, `seed ${seed}`);
    }
  });

  it("holds the bound where the exchange counts, however long each request is on its way", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      let state = SlidingWindow.empty;
      let now = random() * 1e6;
      let flying: Array<{ readonly grantedMs: number; readonly endMs: number }> = [];
      const arrivals: Array<number> = [];
      const known = (atMs: number) => {
        const under = flying.filter((flight) => flight.endMs > atMs).map((flight) => flight.grantedMs);
        return SlidingWindow.held(ten, state, under, atMs);
      };
      for (let i = 0; i < 150; i++) {
        now += random() * 30;
        now = SlidingWindow.grantAt(ten, known(now), now);
        for (const { grantedMs, endMs } of flying.filter((flight) => flight.endMs <= now)) {
          state = SlidingWindow.ended(ten, state, grantedMs, endMs, true);
        }
        flying = flying.filter((flight) => flight.endMs > now);
        if (SlidingWindow.grantAt(ten, known(now), now) > now) continue;
        state = SlidingWindow.granted(ten, state, now);
        // A process that stalls sends late, cold connections take almost a window, warm ones milliseconds; arrival is anywhere before the end.
        const kind = random();
        const flightMs = kind < 0.1 ? random() * 2_990 : kind < 0.3 ? random() * 990 : random() * 20;
        flying.push({ grantedMs: now, endMs: now + flightMs });
        arrivals.push(now + random() * flightMs);
      }
      assert.isAbove(arrivals.length, 10);
      assert.isAtMost(mostInAny(arrivals, 1_000 - 1e-6), 10, `seed ${seed}`);
    }
  });

  it("keeps its pace while requests are fast, and forgets one that took longer than three windows", () => {
    const one = SlidingWindow.granted(ten, SlidingWindow.empty, 0);
    assert.strictEqual(SlidingWindow.ended(ten, one, 0, 50, true), one);
    assert.deepStrictEqual(SlidingWindow.timesOf(SlidingWindow.ended(ten, one, 0, 300, true)), [250]);
    assert.deepStrictEqual(SlidingWindow.timesOf(SlidingWindow.ended(ten, one, 0, 1_200, true)), [1_150]);
    assert.strictEqual(SlidingWindow.ended(ten, one, 0, 3_000, true), one);
  });

  it("counts a request that was given up as still on its way", () => {
    const one = SlidingWindow.granted(ten, SlidingWindow.empty, 0);
    const givenUp = SlidingWindow.ended(ten, one, 0, 100, false);
    assert.deepStrictEqual(SlidingWindow.timesOf(givenUp), [1_050]);
    assert.deepStrictEqual(SlidingWindow.timesOf(SlidingWindow.granted(ten, givenUp, 200)), [200, 1_050]);
  });

  it("tells a caller with others before it the exact time of its grant", () => {
    let state = SlidingWindow.paused(SlidingWindow.granted(ten, SlidingWindow.empty, 0), 40);
    const promised = Array.from({ length: 35 }, (_, ahead) => SlidingWindow.grantAt(ten, state, 5, ahead));
    const actual = promised.map(() => {
      const at = SlidingWindow.grantAt(ten, state, 5);
      state = SlidingWindow.granted(ten, state, at);
      return at;
    });
    assert.deepStrictEqual(actual, promised);
  });

  it("gives the place of an unused grant back", () => {
    const full = Array.from({ length: 10 }).reduce<SlidingWindow.SlidingWindow>(
      (state, _, i) => SlidingWindow.granted(ten, state, i),
      SlidingWindow.empty,
    );
    assert.strictEqual(SlidingWindow.grantAt(ten, full, 20), 1_050);
    assert.strictEqual(SlidingWindow.grantAt(ten, SlidingWindow.refunded(full, 4), 20), 20);
  });

  it("keeps each state what it was while later ones share its list", () => {
    let state = SlidingWindow.empty;
    const states = Array.from({ length: 200 }, (_, i) => (state = SlidingWindow.granted(ten, state, i * 40)));
    const seen = states.map((each) => SlidingWindow.timesOf(each).at(-1));
    assert.deepStrictEqual(
      seen,
      states.map((_, i) => i * 40),
    );
    assert.deepStrictEqual(SlidingWindow.timesOf(SlidingWindow.granted(ten, states[1] ?? state, 50)), [0, 40, 50]);
    assert.deepStrictEqual(SlidingWindow.timesOf(states[2] ?? state), [0, 40, 80]);
    // 3.15 windows are remembered, and as much room again at most is not given back.
    assert.isAtMost(state.list.length, 2 * 79 + 2);
    assert.deepStrictEqual(SlidingWindow.timesOf(SlidingWindow.empty), []);
  });

  it("never shortens a pause", () => {
    const state = SlidingWindow.paused(SlidingWindow.paused(SlidingWindow.empty, 900), 300);
    assert.strictEqual(SlidingWindow.grantAt(ten, state, 0), 900);
  });

  it("tells how many of our own an exchange can have counted in a window that ended at a moment", () => {
    let state = SlidingWindow.empty;
    for (let i = 0; i < 10; i++) state = SlidingWindow.granted(ten, state, 0);
    // Sent at 0, arrived in a full window, answered 900 ms later: by then only the burst explains that nothing is left.
    assert.strictEqual(SlidingWindow.countSince(state, 1_100 - 900 - SlidingWindow.spanMs(ten)), 10);
    assert.strictEqual(SlidingWindow.countSince(state, 1_100 - SlidingWindow.spanMs(ten)), 0);
  });
});
