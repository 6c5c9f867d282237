/** What is taken for a sleep of this process, and what for one that is merely late. */
import { assert, describe, it } from "@effect/vitest";
import { sleepBetween, stallBetween } from "../../src/transport/Sleep.ts";

const hourMs = 3_600_000;
const unknown = { bootMs: undefined, cpuMs: undefined };
const from = { monotonicMs: 1_000_000, bootMs: 7_000_000, cpuMs: 50_000 };
/** The next look, after so long on each clock. */
const after = (monotonicMs: number, bootMs: number, cpuMs: number) => ({
  monotonicMs: from.monotonicMs + monotonicMs,
  bootMs: from.bootMs + bootMs,
  cpuMs: from.cpuMs + cpuMs,
});

describe("a sleep of this process", () => {
  it("is seen by the clock itself where that goes on, and nothing of it is hidden", () => {
    assert.deepStrictEqual(sleepBetween(from, after(hourMs, hourMs, 20)), { sleptMs: hourMs - 1_000 - 20, unseenMs: 0 });
    assert.deepStrictEqual(sleepBetween({ monotonicMs: 0, ...unknown }, { monotonicMs: 6_100, ...unknown }), {
      sleptMs: 5_100,
      unseenMs: 0,
    });
  });

  it("is seen by the time since boot where the clock stood still", () => {
    const sleep = sleepBetween(from, after(1_000, hourMs + 1_000, 5));
    assert.deepStrictEqual(sleep, { sleptMs: hourMs - 1_000, unseenMs: hourMs - 1_000 });
  });

  it("is told from a stall, which is work of the process itself, and from a look that is a little late", () => {
    assert.strictEqual(stallBetween(from, after(2_500, 2_500, 1_500)), 1_500);
    assert.strictEqual(stallBetween(from, after(1_400, 1_400, 400)), 400);
    assert.strictEqual(stallBetween({ monotonicMs: 0, ...unknown }, { monotonicMs: 2_500, ...unknown }), 1_500, "not known to have worked");
    assert.isUndefined(stallBetween(from, after(1_399, 1_399, 399)), "late");
    assert.isUndefined(stallBetween(from, after(hourMs, hourMs, 20)), "asleep");
    assert.isUndefined(stallBetween(from, after(1_000, hourMs, 20)), "asleep behind a clock that stood still");
  });

  it("is not a process that was busy so long, nor one that is a little late, nor two readings in whole seconds", () => {
    assert.isUndefined(sleepBetween(from, after(11_000, 11_000, 10_000)), "ten seconds of work");
    assert.isUndefined(sleepBetween(from, after(5_900, 6_000, 0)));
    assert.isUndefined(sleepBetween(from, after(1_000, 2_900, 10)));
    assert.isUndefined(sleepBetween(from, after(1_000, 0, 10)), "a machine that tells nonsense");
  });

  it("can have been busy before and after", () => {
    assert.deepStrictEqual(sleepBetween(from, after(60_000, 60_000, 3_000)), { sleptMs: 56_000, unseenMs: 0 });
  });
});
