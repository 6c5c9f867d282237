/** The breaker's machine: every state against every event, when it opens, for how long, and that one probe is one. */
import { assert, describe, it } from "@effect/vitest";
import * as Breaker from "../../src/transport/Breaker.ts";

const options = Breaker.defaultBreakerOptions;
const pass: Breaker.Permit = { _tag: "pass" };
const probe: Breaker.Permit = { _tag: "probe" };
const now = 100_000;

const closed: Breaker.Breaker = { _tag: "Closed", failuresInRow: 2, slices: [] };
const open: Breaker.Breaker = { _tag: "Open", untilMs: now + 4_000, round: 1 };
const due: Breaker.Breaker = { _tag: "Open", untilMs: now, round: 1 };
const halfOpen: Breaker.Breaker = { _tag: "HalfOpen", round: 1 };

/** Runs outcomes one per `gapMs` through a closed breaker. */
const run = (outcomes: string, gapMs: number): Breaker.Breaker => {
  let state = Breaker.closed;
  [...outcomes].forEach((outcome, i) => {
    const at = now + i * gapMs;
    state = outcome === "x" ? Breaker.failed(options, state, pass, at, 0.5) : Breaker.succeeded(options, state, pass, at);
  });
  return state;
};

describe("Breaker", () => {
  it("admits while closed, refuses while open or probing, and lets one probe through when the time is over", () => {
    const table: ReadonlyArray<readonly [Breaker.Breaker, Breaker.Breaker["_tag"], Breaker.Permit]> = [
      [closed, "Closed", pass],
      [open, "Open", { _tag: "refused", retryAfterMs: 4_000 }],
      [due, "HalfOpen", probe],
      [halfOpen, "HalfOpen", { _tag: "refused", retryAfterMs: options.openMs }],
    ];
    for (const [before, tag, permit] of table) {
      const after = Breaker.admit(options, before, now);
      assert.deepStrictEqual([after.state._tag, after.permit], [tag, permit]);
      assert.strictEqual(Breaker.refusesForMs(options, before, now), permit._tag === "refused" ? permit.retryAfterMs : 0);
    }
  });

  it("goes where each outcome leads from each state", () => {
    const events = {
      "pass ok": (state: Breaker.Breaker) => Breaker.succeeded(options, state, pass, now),
      "pass failed": (state: Breaker.Breaker) => Breaker.failed(options, state, pass, now, 0.5),
      "pass given up": (state: Breaker.Breaker) => Breaker.released(state, pass, now),
      "probe ok": (state: Breaker.Breaker) => Breaker.succeeded(options, state, probe, now),
      "probe failed": (state: Breaker.Breaker) => Breaker.failed(options, state, probe, now, 0.5),
      "probe given up": (state: Breaker.Breaker) => Breaker.released(state, probe, now),
      held: (state: Breaker.Breaker) => Breaker.heldUntil(state, now + 9_000),
    };
    const show = (state: Breaker.Breaker): string => {
      if (state._tag === "Closed") return `closed after ${state.failuresInRow}`;
      return state._tag === "HalfOpen" ? "probing" : `open ${state.untilMs - now}`;
    };
    const rows = Object.entries(events).map(([name, event]) => [name, ...[closed, open, halfOpen].map((state) => show(event(state)))]);
    assert.deepStrictEqual(rows, [
      ["pass ok", "closed after 0", "open 4000", "probing"],
      ["pass failed", "open 5000", "open 4000", "probing"],
      ["pass given up", "closed after 2", "open 4000", "probing"],
      ["probe ok", "closed after 2", "open 4000", "closed after 0"],
      ["probe failed", "closed after 2", "open 4000", "open 20000"],
      ["probe given up", "closed after 2", "open 4000", "open 0"],
      ["held", "open 9000", "open 9000", "open 9000"],
    ]);
  });

  it("opens at three failures in a row, not at three with an answer between", () => {
    assert.strictEqual(run("xx.xx", 10)._tag, "Closed");
    assert.strictEqual(run("xxx", 10)._tag, "Open");
  });

  it("opens at half failed of at least twenty in ten seconds", () => {
    assert.strictEqual(run("x.".repeat(9), 100)._tag, "Closed", "eighteen are too few");
    assert.strictEqual(run("x.".repeat(9) + ".x", 100)._tag, "Open");
    assert.strictEqual(run("x.".repeat(9) + "..", 100)._tag, "Closed", "nine of twenty are less than half");
    assert.strictEqual(run("x.".repeat(40), 1_000)._tag, "Closed", "spread over more than the window");
  });

  it("stays open for 5 s, doubling to 60 s, varied by a fifth", () => {
    let state = run("xxx", 0);
    const times: Array<number> = [];
    for (let at = now; times.length < 6;) {
      if (state._tag !== "Open") throw new Error("a failed probe opens it");
      times.push(state.untilMs - at);
      at = state.untilMs;
      state = Breaker.failed(options, Breaker.admit(options, state, at).state, probe, at, 0.5);
    }
    assert.deepStrictEqual(times, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    const first = (random01: number) => Breaker.failed(options, closed, pass, 0, random01);
    assert.deepInclude(first(0), { untilMs: 4_000 });
    assert.deepInclude(first(1), { untilMs: 6_000 });
  });

  it("never shortens a time that is longer than the host asks for", () => {
    assert.deepStrictEqual(Breaker.heldUntil(open, now + 1_000), open);
  });
});
