/** The breaker's machine: every state against every event, when it opens, for how long, and that one probe is one. */
import { assert, describe, it } from "@effect/vitest";
import * as Breaker from "../../src/transport/Breaker.ts";

const options = Breaker.defaultBreakerOptions;
const pass: Breaker.Permit = { _tag: "pass" };
const probe: Breaker.Permit = { _tag: "probe" };
const trial: Breaker.Permit = { _tag: "trial" };
const now = 100_000;

/** All states, each with a moment that matters to it at `now`: its last second, itself, and what comes after are the three clocks. */
const states: Readonly<Record<string, Breaker.Breaker>> = {
  closed: { _tag: "Closed", failuresInRow: 1, slices: [] },
  "closed, two failed": { _tag: "Closed", failuresInRow: 2, slices: [] },
  open: { _tag: "Open", untilMs: now, round: 1 },
  probing: { _tag: "HalfOpen", round: 1 },
  returning: { _tag: "Returning", sinceMs: now - 2_000, round: 1, credit: 0, wentMs: now - 100 },
};

/** Everything that can happen, with the middle of all chances. */
const events: Readonly<Record<string, (state: Breaker.Breaker, at: number) => Breaker.Breaker>> = {
  asked: (state, at) => Breaker.admit(options, state, at).state,
  "pass answered": (state, at) => Breaker.succeeded(options, state, pass, at),
  "pass failed": (state, at) => Breaker.failed(options, state, pass, at, 0.5),
  "pass given up": (state, at) => Breaker.released(state, pass, at),
  "trial answered": (state, at) => Breaker.succeeded(options, state, trial, at),
  "trial failed": (state, at) => Breaker.failed(options, state, trial, at, 0.5),
  "trial given up": (state, at) => Breaker.released(state, trial, at),
  "probe answered": (state, at) => Breaker.succeeded(options, state, probe, at),
  "probe failed": (state, at) => Breaker.failed(options, state, probe, at, 0.5),
  "probe given up": (state, at) => Breaker.released(state, probe, at),
  "held for 9 s": (state, at) => Breaker.heldUntil(state, at + 9_000),
};

/** A state in words, as seen from `at`. */
const show = (state: Breaker.Breaker, at: number): string => {
  switch (state._tag) {
    case "Closed":
      return `closed ${state.failuresInRow}`;
    case "Open":
      return `open ${(state.untilMs - at) / 1_000} s`;
    case "HalfOpen":
      return "probing";
    case "Returning":
      return at === state.sinceMs ? "returning anew" : "returning";
  }
};

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
  it("goes from every state where every event leads at every time (R004-49)", () => {
    const clocks = [now - 1, now, now + 1];
    const table = Object.fromEntries(
      Object.entries(events).map(([event, after]) => [
        event,
        Object.fromEntries(
          Object.entries(states).map(([name, state]) => {
            const cells = clocks.map((at) => show(after(state, at), at));
            return [name, new Set(cells).size === 1 ? cells[0] : cells.join(", ")];
          }),
        ),
      ]),
    );
    const untouched = {
      closed: "closed 1",
      "closed, two failed": "closed 2",
      open: "open 0.001 s, open 0 s, open -0.001 s",
      probing: "probing",
      returning: "returning",
    };
    assert.deepStrictEqual(table, {
      asked: { ...untouched, open: "open 0.001 s, probing, probing", returning: "returning, closed 0, closed 0" },
      "pass answered": { ...untouched, closed: "closed 0", "closed, two failed": "closed 0" },
      "pass failed": { ...untouched, closed: "closed 2", "closed, two failed": "open 5 s" },
      "pass given up": untouched,
      "trial answered": { ...untouched, closed: "closed 0", "closed, two failed": "closed 0" },
      "trial failed": { ...untouched, closed: "closed 2", "closed, two failed": "open 5 s", returning: "open 20 s" },
      "trial given up": untouched,
      "probe answered": { ...untouched, probing: "returning anew" },
      "probe failed": { ...untouched, probing: "open 20 s" },
      "probe given up": { ...untouched, probing: "open 0 s" },
      "held for 9 s": {
        closed: "open 9 s",
        "closed, two failed": "open 9 s",
        open: "open 9 s",
        probing: "open 9 s",
        returning: "open 9 s",
      },
    });
  });

  it("tells who may go and how long the others wait", () => {
    const permits = Object.entries(states).map(([name, state]) => [
      name,
      [now - 1, now].map((at) => Breaker.admit(options, state, at).permit),
      Breaker.refusesForMs(options, state, now - 1),
    ]);
    const refused = (retryAfterMs: number): Breaker.Permit => ({ _tag: "refused", retryAfterMs });
    assert.deepStrictEqual(permits, [
      ["closed", [pass, pass], 0],
      ["closed, two failed", [pass, pass], 0],
      ["open", [refused(1), probe], 1],
      ["probing", [refused(5_000), refused(5_000)], 5_000],
      ["returning", [refused(901), pass], 0],
    ]);
  });

  it("comes back by one probe, then a tenth of the calls, half of them and all, and by a longer time open after one failure (R004-50)", () => {
    let state = Breaker.succeeded(options, { _tag: "HalfOpen", round: 0 }, probe, now);
    const went = { tenth: 0, half: 0, all: 0 };
    for (let i = 0; i < 3_000; i++) {
      const at = now + i;
      const asked = Breaker.admit(options, state, at);
      state = asked.state;
      if (asked.permit._tag === "refused") continue;
      went[i < 1_000 ? "tenth" : i < 2_000 ? "half" : "all"]++;
      state = Breaker.succeeded(options, state, asked.permit, at);
    }
    assert.deepStrictEqual(went, { tenth: 101, half: 500, all: 1_000 });
    const returning = Breaker.succeeded(options, { _tag: "HalfOpen", round: 0 }, probe, now);
    assert.deepStrictEqual(Breaker.failed(options, returning, trial, now, 0.5), { _tag: "Open", untilMs: now + 10_000, round: 1 });
  });

  it("lets whoever asks once a second through all of its return", () => {
    let state = Breaker.succeeded(options, { _tag: "HalfOpen", round: 0 }, probe, now);
    for (const at of [now + 20, now + 1_020, now + 2_020]) {
      const asked = Breaker.admit(options, state, at);
      assert.notStrictEqual(asked.permit._tag, "refused");
      state = asked.state;
    }
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
    const first = (random01: number) => Breaker.failed(options, { _tag: "Closed", failuresInRow: 2, slices: [] }, pass, 0, random01);
    assert.deepInclude(first(0), { untilMs: 4_000 });
    assert.deepInclude(first(1), { untilMs: 6_000 });
  });

  it("never shortens a time that is longer than the host asks for", () => {
    const open: Breaker.Breaker = { _tag: "Open", untilMs: now + 4_000, round: 1 };
    assert.deepStrictEqual(Breaker.heldUntil(open, now + 1_000), open);
  });
});
