/** The machine of modes: every cell of its table, what is due when, and what holds on every path. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Mode } from "../../src/domain/Mode.ts";
import {
  dueMs,
  events,
  initialMachine,
  isInShare,
  isProbeDue,
  type MachineEvent,
  type MachineState,
  type MachineTiming,
  type Moment,
  ramp,
  routedShare,
  step,
} from "../../src/fallback/FallbackMachine.ts";

const timing: MachineTiming = {
  noSuccessMs: 300_000,
  recoveryEveryMs: 300_000,
  earlyProbeMs: 30_000,
  confirmProbeMs: 5_000,
  rampStepMs: 5_000,
};
/** In the middle: no spread. */
const at = (nowMs: number, changes: Partial<MachineTiming> = {}): Moment => ({ nowMs, random01: 0.5, timing: { ...timing, ...changes } });
const never = Number.POSITIVE_INFINITY;

const state = (mode: Mode, changes: Partial<MachineState> = {}): MachineState => ({ ...initialMachine, mode, provenMs: 0, ...changes });

const modes: ReadonlyArray<Mode> = ["normal", "degraded", "fallback", "emergency", "recovering"];

/** What is seen of a state, in one line: mode, failures, lost, clean, stage, when the next thing is due. */
const told = ({ mode, failures, lost, clean, stage, nextMs, override, gone, provenMs }: MachineState): string =>
  [
    mode,
    `failures ${failures} lost ${lost} clean ${clean}`,
    `stage ${stage} next ${nextMs === never ? "never" : nextMs} proven ${provenMs}`,
    override,
    gone ? "gone" : "there",
  ].join(", ");

type Cell = readonly [before: MachineState, event: MachineEvent, after: Partial<MachineState>];

/** One step at 1,000 ms. What `after` does not name stays as it was. */
const cells: ReadonlyArray<Cell> = [
  [state("normal", { clean: 1 }), "clean", { clean: 2, provenMs: 1_000 }],
  [state("normal", { clean: 3 }), "clean", { clean: 3, provenMs: 1_000 }],
  [state("normal", { failures: 2 }), "clean", { failures: 0, clean: 1, provenMs: 1_000 }],
  [state("normal", { clean: 3 }), "patched", { mode: "degraded", clean: 0, provenMs: 1_000 }],
  [state("normal", { clean: 3 }), "rescued", { mode: "degraded", failures: 1, clean: 0 }],
  [state("normal"), "carried", {}],
  [state("normal"), "lost", { mode: "degraded", failures: 1, lost: 1 }],
  [state("normal"), "gone", { mode: "fallback", gone: true, failures: 3, nextMs: 31_000 }],
  [state("normal", { failures: 1 }), "probeGood", { failures: 0, provenMs: 1_000 }],
  [state("normal"), "probeBad", { mode: "degraded", failures: 1 }],
  [state("normal"), "due", {}],
  [state("normal"), "forceOn", { mode: "fallback", override: "on" }],
  [state("normal"), "forceOff", { override: "off" }],
  [state("normal", { override: "off" }), "release", { override: "auto" }],

  [state("degraded", { clean: 1 }), "clean", { clean: 2, provenMs: 1_000 }],
  [state("degraded", { clean: 2 }), "clean", { mode: "normal", clean: 3, provenMs: 1_000 }],
  [state("degraded", { failures: 2, lost: 2 }), "clean", { failures: 0, lost: 0, clean: 1, provenMs: 1_000 }],
  [state("degraded", { clean: 2, failures: 2 }), "patched", { clean: 0, failures: 0, provenMs: 1_000 }],
  [state("degraded", { failures: 1 }), "rescued", { failures: 2 }],
  [state("degraded", { failures: 2 }), "rescued", { mode: "fallback", failures: 3, nextMs: 31_000 }],
  [state("degraded", { failures: 2, override: "off" }), "rescued", { failures: 3 }],
  [state("degraded", { lost: 2, failures: 1 }), "rescued", { failures: 2, lost: 0 }],
  [state("degraded", { lost: 1 }), "carried", {}],
  [state("degraded", { failures: 2, lost: 1 }), "lost", { mode: "fallback", failures: 3, lost: 2, nextMs: 31_000 }],
  [state("degraded", { failures: 2, lost: 2 }), "lost", { mode: "emergency", failures: 3, lost: 3, nextMs: 31_000 }],
  [state("degraded"), "gone", { mode: "fallback", gone: true, failures: 3, nextMs: 31_000 }],
  [state("degraded", { failures: 2 }), "probeGood", { failures: 0, provenMs: 1_000 }],
  [state("degraded", { failures: 2 }), "probeBad", { mode: "fallback", failures: 3, nextMs: 31_000 }],
  [state("degraded"), "due", {}],
  [state("degraded"), "forceOn", { mode: "fallback", override: "on" }],
  [state("degraded"), "forceOff", { override: "off" }],
  [state("degraded"), "release", {}],

  [state("fallback", { nextMs: 5 }), "clean", {}],
  [state("fallback", { nextMs: 5 }), "patched", {}],
  [state("fallback", { lost: 2 }), "rescued", { lost: 0 }],
  [state("fallback", { lost: 2 }), "carried", { lost: 0 }],
  [state("fallback", { lost: 1, nextMs: 5 }), "lost", { lost: 2 }],
  [state("fallback", { lost: 2, nextMs: 5 }), "lost", { mode: "emergency", lost: 3 }],
  [state("fallback"), "gone", { gone: true }],
  [state("fallback", { gone: true }), "probeGood", { mode: "recovering", gone: false, nextMs: 6_000 }],
  [state("fallback", { override: "on" }), "probeGood", {}],
  [state("fallback", { override: "off", gone: true }), "probeGood", { mode: "degraded", gone: false, provenMs: 1_000 }],
  [state("fallback", { nextMs: 5 }), "probeBad", { nextMs: 301_000 }],
  [state("fallback"), "due", {}],
  [state("fallback", { nextMs: 5 }), "forceOn", { override: "on", nextMs: never }],
  [
    state("fallback", { nextMs: 5, failures: 3 }),
    "forceOff",
    { mode: "degraded", override: "off", failures: 0, nextMs: never, provenMs: 1_000 },
  ],
  [state("fallback", { nextMs: 50_000, gone: true }), "forceOff", { override: "off", nextMs: 1_000 }],
  [state("fallback", { override: "on" }), "release", { override: "auto", nextMs: 1_000 }],

  [state("emergency", { failures: 3, lost: 3 }), "clean", { mode: "degraded", failures: 0, lost: 0, clean: 1, provenMs: 1_000 }],
  [state("emergency", { failures: 3, lost: 3 }), "patched", { mode: "degraded", failures: 0, lost: 0, provenMs: 1_000 }],
  [state("emergency", { override: "on" }), "clean", {}],
  [state("emergency", { gone: true }), "patched", {}],
  [state("emergency", { lost: 3, nextMs: 9_000 }), "rescued", { mode: "fallback", lost: 0, nextMs: 1_000 }],
  [state("emergency", { lost: 3, override: "off" }), "rescued", { mode: "degraded", lost: 0 }],
  [state("emergency", { lost: 3, override: "on" }), "carried", { mode: "fallback", lost: 0 }],
  [state("emergency", { lost: 3, nextMs: 9_000 }), "carried", { mode: "fallback", lost: 0, nextMs: 1_000 }],
  [state("emergency", { lost: 3 }), "lost", {}],
  [state("emergency"), "gone", { gone: true }],
  [state("emergency"), "probeGood", { mode: "recovering", nextMs: 6_000 }],
  [state("emergency"), "probeBad", { nextMs: 301_000 }],
  [state("emergency"), "due", {}],
  [state("emergency", { nextMs: 5 }), "forceOn", { override: "on", nextMs: never }],
  [state("emergency", { lost: 3 }), "forceOff", { mode: "degraded", override: "off", lost: 0, provenMs: 1_000 }],
  [state("emergency", { override: "on" }), "release", { override: "auto", nextMs: 1_000 }],

  [state("recovering", { failures: 3 }), "clean", { failures: 0, provenMs: 1_000 }],
  [state("recovering", { stage: 1 }), "patched", { provenMs: 1_000 }],
  [state("recovering"), "rescued", {}],
  [state("recovering", { stage: 1 }), "rescued", { mode: "fallback", stage: 0, failures: 1, nextMs: 301_000 }],
  [state("recovering", { lost: 1 }), "carried", { lost: 0 }],
  [state("recovering"), "lost", { lost: 1 }],
  [state("recovering", { lost: 2 }), "lost", { mode: "emergency", lost: 3, nextMs: 31_000 }],
  [state("recovering", { stage: 2 }), "lost", { mode: "fallback", stage: 0, lost: 1, failures: 1, nextMs: 301_000 }],
  [state("recovering", { stage: 1 }), "gone", { mode: "fallback", stage: 0, gone: true, failures: 3, nextMs: 31_000 }],
  [state("recovering"), "probeGood", { stage: 1, provenMs: 1_000, nextMs: 6_000 }],
  [state("recovering", { stage: 2 }), "probeGood", { provenMs: 1_000 }],
  [state("recovering"), "probeBad", { mode: "fallback", failures: 1, nextMs: 301_000 }],
  [state("recovering"), "due", {}],
  [state("recovering", { stage: 1 }), "due", { stage: 2, nextMs: 6_000 }],
  [state("recovering", { stage: 2, nextMs: 5 }), "due", { mode: "normal", stage: 0, clean: 3, provenMs: 1_000, nextMs: never }],
  [state("recovering", { stage: 2 }), "forceOn", { mode: "fallback", stage: 0, override: "on", nextMs: never }],
  [state("recovering", { stage: 2 }), "forceOff", { mode: "degraded", stage: 0, override: "off", provenMs: 1_000, nextMs: never }],
  [state("recovering", { nextMs: 5 }), "release", {}],
];

describe("step", () => {
  it.each(cells.map(([before, event, after]) => [told(before), event, told({ ...before, ...after }), { before, event }] as const))(
    "turns %s by %s into %s",
    (_before, _event, after, { before, event }) => {
      assert.strictEqual(told(step(before, event, at(1_000))), after);
    },
  );

  it("is told every cell of modes and events by the table above", () => {
    const covered = new Set(cells.map(([{ mode }, event]) => `${mode} ${event}`));
    const missing = modes.flatMap((mode) => events.map((event) => `${mode} ${event}`).filter((cell) => !covered.has(cell)));
    assert.deepStrictEqual(missing, []);
    assert.strictEqual(covered.size, modes.length * events.length);
  });
});

const walkFrom = (from: MachineState, path: ReadonlyArray<readonly [MachineEvent, number]>) =>
  path.reduce((before, [event, nowMs]) => step(before, event, at(nowMs)), from);

describe("giving the router up", () => {
  it("takes three failures in a row, of calls and of probes: two and an answer do not do (R002-07, F-55)", () => {
    assert.strictEqual(
      walkFrom(state("normal"), [
        ["rescued", 1],
        ["rescued", 2],
        ["clean", 3],
        ["rescued", 4],
        ["rescued", 5],
      ]).mode,
      "degraded",
    );
    assert.strictEqual(
      walkFrom(state("normal"), [
        ["rescued", 1],
        ["rescued", 2],
        ["rescued", 3],
      ]).mode,
      "fallback",
    );
    const mixed = [
      ["rescued", 1],
      ["probeBad", 2],
      ["rescued", 3],
    ] as const;
    assert.strictEqual(walkFrom(state("normal"), mixed).mode, "fallback");
  });

  it("takes one failure when nothing was answered for more than 300 s, also after days, and no time without one (F-50)", () => {
    assert.strictEqual(walkFrom(state("normal"), [["probeBad", 300_000]]).mode, "degraded");
    assert.strictEqual(walkFrom(state("normal"), [["probeBad", 301_000]]).mode, "fallback");
    const days = 86_400_000 * 3;
    assert.strictEqual(walkFrom(state("normal", { provenMs: days }), [["rescued", days + 10_000]]).mode, "degraded");
    assert.strictEqual(walkFrom(state("normal"), [["rescued", days + 10_000]]).mode, "fallback");
    assert.strictEqual(
      walkFrom(state("normal"), [
        ["due", days],
        ["carried", days],
      ]).mode,
      "normal",
    );
    // What is due after a silence is a probe, to the millisecond.
    const silent = state("normal", { provenMs: 1_234 });
    assert.deepStrictEqual([dueMs(silent, timing), isProbeDue(silent)], [301_234, true]);
    assert.strictEqual(dueMs(initialMachine, timing), never);
  });

  it("waits for the first probe as long as the knob says, or a whole interval", () => {
    for (const [earlyProbeMs, firstMs] of [
      [30_000, 30_000],
      [0, 300_000],
      [400_000, 300_000],
    ] as const)
      assert.strictEqual(step(state("normal"), "gone", at(0, { earlyProbeMs })).nextMs, firstMs);
    const spread = [0, 0.999_999].map((random01) => step(state("fallback"), "probeBad", { ...at(0), random01 }).nextMs);
    assert.deepStrictEqual(spread.map(Math.round), [270_000, 330_000]);
  });
});

describe("a share of calls", () => {
  it("goes to the router as evenly as can be", () => {
    const turns = (share: number) => Array.from({ length: 8 }, (_, nth) => isInShare(share, nth));
    assert.deepStrictEqual(turns(0.25).map(Number), [0, 0, 0, 1, 0, 0, 0, 1]);
    assert.deepStrictEqual(turns(0.5).map(Number), [0, 1, 0, 1, 0, 1, 0, 1]);
    assert.isTrue(turns(1).every(Boolean) && !turns(0).some(Boolean));
  });

  it("is all of them unless the router is out, and grows step by step on the way back", () => {
    assert.deepStrictEqual(
      modes.map((mode) => routedShare(state(mode))),
      [1, 1, 0, 1, 0],
    );
    assert.deepStrictEqual(
      [0, 1, 2].map((stage) => routedShare(state("recovering", { stage }))),
      ramp,
    );
    assert.strictEqual(routedShare(state("emergency", { gone: true })), 0);
    assert.strictEqual(routedShare(state("emergency", { override: "on" })), 0);
  });
});

const anyPath = Schema.Array(Schema.Tuple([Schema.Literals(events), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200_000 }))]));
type Path = typeof anyPath.Type;

/** Every state of a walk, with the event that led to it. Times are what passed since the event before. */
const walk = (path: Path) => {
  let nowMs = 0;
  let now = initialMachine;
  return path.map(([event, passedMs]) => {
    const before = now;
    nowMs += passedMs;
    now = step(before, event, at(nowMs));
    return { before, event, after: now, nowMs };
  });
};

describe("on every path", () => {
  const runs = { arbitrary: { runs: 1_000 } };

  it.prop(
    "only a failure, an absence or a person leads into fallback from a whole mode",
    { path: anyPath },
    ({ path }) => {
      for (const { before, event, after, nowMs } of walk(path)) {
        const entered = after.mode === "fallback" && (before.mode === "normal" || before.mode === "degraded");
        if (!entered) continue;
        if (event === "gone" || event === "forceOn") continue;
        assert.include(["rescued", "lost", "probeBad"], event);
        assert.notStrictEqual(before.override, "off");
        assert.isTrue(after.failures === 3 || nowMs - (before.provenMs ?? nowMs) > timing.noSuccessMs);
      }
    },
    runs,
  );

  it.prop(
    "the recovery leads over two good probes and the whole ramp, and any failure on it leads back (F-51)",
    { path: anyPath },
    ({ path }) => {
      let probes = 0;
      let steps = 0;
      for (const { before, event, after } of walk(path)) {
        if (after.mode !== "recovering" && before.mode !== "recovering") [probes, steps] = [0, 0];
        if (after.mode === "recovering" && before.mode !== "recovering") [probes, steps] = [1, 0];
        else if (before.mode === "recovering" && after.stage === before.stage + 1) {
          if (event === "probeGood") probes++;
          else steps++;
        }
        if (before.mode !== "recovering" || after.mode === "recovering") continue;
        if (after.mode === "normal") assert.deepStrictEqual([probes, steps, event], [2, ramp.length - 2, "due"]);
        else assert.include(["rescued", "lost", "gone", "probeBad", "forceOn", "forceOff"], event);
      }
    },
    runs,
  );

  it.prop(
    "forced on stays out of the router, forced off in it while there is one",
    { path: anyPath },
    ({ path }) => {
      for (const { after, event } of walk(path)) {
        if (after.override === "on")
          assert.deepStrictEqual([after.mode === "fallback" || after.mode === "emergency", routedShare(after)], [true, 0]);
        if (after.override === "off" && !after.gone && event !== "forceOff") assert.notStrictEqual(after.mode, "fallback");
      }
    },
    runs,
  );

  it.prop(
    "counters stay within their bounds, and whoever waits for the router has an instant to wait for",
    { path: anyPath },
    ({ path }) => {
      for (const { after } of walk(path)) {
        const { failures, lost, clean, stage, mode, override } = after;
        assert.isTrue([failures, lost, clean].every((count) => count >= 0 && count <= 3) && stage >= 0 && stage < ramp.length);
        assert.isTrue(mode === "recovering" || stage === 0);
        if (override !== "on" && mode !== "normal" && mode !== "degraded") assert.isTrue(Number.isFinite(dueMs(after, timing)));
      }
    },
    runs,
  );

  it.prop(
    "an emergency has three calls without an answer behind it, and ends with the first",
    { path: anyPath },
    ({ path }) => {
      for (const { before, after } of walk(path)) {
        if (after.mode !== "emergency" || before.mode === "emergency") continue;
        assert.strictEqual(after.lost, 3);
        for (const event of ["rescued", "carried"] as const) assert.notStrictEqual(step(after, event, at(0)).mode, "emergency");
        if (!after.gone && after.override !== "on") assert.strictEqual(step(after, "clean", at(0)).mode, "degraded");
      }
    },
    runs,
  );
});
