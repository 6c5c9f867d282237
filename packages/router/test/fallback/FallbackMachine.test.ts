/** The machine of modes: every step as a table, and what holds on every path. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Mode } from "../../src/domain/Mode.ts";
import { type CallOutcome, initialMachine, type MachineState, step } from "../../src/fallback/FallbackMachine.ts";

const outcomes: ReadonlyArray<CallOutcome> = ["clean", "degraded", "unanswered"];
const anyOutcomes = Schema.Array(Schema.Literals(["clean", "degraded", "unanswered"]));

const state = (mode: Mode, unanswered = 0, clean = 0): MachineState => ({ mode, unanswered, clean });

const walk = (path: ReadonlyArray<CallOutcome>) => path.reduce(step, initialMachine);

describe("step", () => {
  it.each<readonly [MachineState, CallOutcome, MachineState]>([
    [state("normal"), "clean", state("normal", 0, 1)],
    [state("normal", 0, 3), "clean", state("normal", 0, 3)],
    [state("normal", 0, 3), "degraded", state("degraded")],
    [state("normal", 0, 3), "unanswered", state("degraded", 1)],
    [state("degraded"), "clean", state("degraded", 0, 1)],
    [state("degraded", 0, 1), "clean", state("degraded", 0, 2)],
    [state("degraded", 0, 2), "clean", state("normal", 0, 3)],
    [state("degraded", 0, 2), "degraded", state("degraded")],
    [state("degraded", 0, 2), "unanswered", state("degraded", 1)],
    [state("degraded", 1), "unanswered", state("degraded", 2)],
    [state("degraded", 2), "unanswered", state("emergency", 3)],
    [state("degraded", 2), "degraded", state("degraded")],
    [state("degraded", 2), "clean", state("degraded", 0, 1)],
    [state("emergency", 3), "unanswered", state("emergency", 3)],
    [state("emergency", 3), "degraded", state("degraded")],
    [state("emergency", 3), "clean", state("degraded", 0, 1)],
  ])("turns %j by %s into %j", (before, outcome, after) => {
    assert.deepStrictEqual(step(before, outcome), after);
  });

  it("is told every reachable state and outcome by the table above", () => {
    const seen = new Set<string>();
    const open = [initialMachine];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const outcome of outcomes) {
        const edge = JSON.stringify([at, outcome]);
        if (seen.has(edge)) continue;
        seen.add(edge);
        open.push(step(at, outcome));
      }
    }
    // normal with 0 to 3 clean calls, degraded with 0 to 2, or 1 to 2 unanswered, and emergency; three edges each.
    assert.strictEqual(seen.size, (4 + 3 + 2 + 1) * outcomes.length);
  });
});

describe("on every path", () => {
  const runs = { arbitrary: { runs: 1_000 } };

  it.prop(
    "an emergency has three unanswered calls in a row behind it, and nothing else makes one",
    { path: anyOutcomes },
    ({ path }) => {
      const emergency = path.length >= 3 && path.slice(-3).every((outcome) => outcome === "unanswered");
      assert.strictEqual(walk(path).mode === "emergency", emergency);
    },
    runs,
  );

  it.prop(
    "one answer leaves an emergency, and three clean calls in a row end any trouble",
    { path: anyOutcomes },
    ({ path }) => {
      const end = walk(path);
      for (const answer of ["clean", "degraded"] as const) assert.notStrictEqual(step(end, answer).mode, "emergency");
      assert.strictEqual([1, 2, 3].reduce((at) => step(at, "clean"), end).mode, "normal");
    },
    runs,
  );

  it.prop(
    "normal means no trouble since the last three clean calls, or ever",
    { path: anyOutcomes },
    ({ path }) => {
      const lastTrouble = path.findLastIndex((outcome) => outcome !== "clean");
      assert.strictEqual(walk(path).mode === "normal", lastTrouble === -1 || path.length - 1 - lastTrouble >= 3);
    },
    runs,
  );

  it.prop(
    "counters stay within their bounds, and only calls enter the modes they may",
    { path: anyOutcomes },
    ({ path }) => {
      const { mode, unanswered, clean } = walk(path);
      assert.include(["normal", "degraded", "emergency"], mode);
      assert.isTrue(unanswered >= 0 && unanswered <= 3 && clean >= 0 && clean <= 3 && Math.min(unanswered, clean) === 0);
    },
    runs,
  );
});
