/**
 * Who answers for the whole client, as one pure machine driven by the outcome of calls and of probes. It is a table: a row of moves for every
 * mode, a move for every event. Waiting and asking are done elsewhere (`ModeControl.ts`, `Recovery.ts`); here it is decided.
 *
 * ```
 *             a tier failed          3 failures in a row, or one after 300 s without an answer
 *   normal ◀───────────────▶ degraded ────────────────┬──────────────────────────────────────┐
 *     ▲      3 clean calls      ▲                     ▼ the direct client answers            ▼ nor does it
 *     │                         │                 fallback ◀────── it answers again ────── emergency
 *     │                         │                  │    ▲ 3 calls in a row unanswered ──────▶ │
 *     │ ramp over               │       good probe │    │ bad probe, or a failure             │
 *     │                         │                  ▼    │ of the traffic let back             │
 *     └─── recovering (2) ◀── recovering (1) ◀── recovering (0) ◀───────── good probe ────────┤
 *                  5 s     ramp       2nd good probe                                          │
 *                               └────────────────── the router answers ───────────────────────┘
 * ```
 *
 * Invariants:
 * 1. Only the router's failure to answer, its absence or a person leads out of `normal` and `degraded` into `fallback`: three failures in a row,
 *    or one when nothing was answered for {@link MachineTiming.noSuccessMs}. Time alone never does; when it is up, a probe asks first.
 * 2. One answer of the router ends its row of failures. What our own limits refused, and wrong questions, are no events at all.
 * 3. From `fallback` the way back leads over two good probes and the whole ramp, or over a person. `emergency` asks everybody, and ends with the
 *    first who answers.
 * 4. Forced on, the machine is in `fallback` or `emergency` until it is told otherwise. Forced off, it enters `fallback` only when there is no
 *    router at all.
 * 5. Every instant at which something is due by itself is named by {@link dueMs}.
 */
import type { Mode } from "../domain/Mode.ts";

/** Knobs of `RouterConfig`, in milliseconds of the monotonic clock. */
export interface MachineTiming {
  /** Without an answer of the router for longer than this, one failure is enough. */
  readonly noSuccessMs: number;
  readonly recoveryEveryMs: number;
  /** The first probe after the router was given up; 0 for none before {@link recoveryEveryMs}. */
  readonly earlyProbeMs: number;
  readonly confirmProbeMs: number;
  readonly rampStepMs: number;
}

export interface MachineState {
  readonly mode: Mode;
  /** Times in a row that the router did not answer, up to {@link tripAfter}. */
  readonly failures: number;
  /** Calls in a row that nobody answered, up to {@link tripAfter}. */
  readonly lost: number;
  /** Calls in a row that the first tier asked over the network answered, up to {@link normalAfter}. */
  readonly clean: number;
  /** When the router last answered; before it ever did, when it was first asked. */
  readonly provenMs: number | undefined;
  /** Of `recovering`: 0 until the second good probe, then the step of the ramp. */
  readonly stage: number;
  /** When the next probe, or step of the ramp, is due; of the modes that have one. */
  readonly nextMs: number;
  readonly override: Override;
  /** There is no router: it could not be built, or it has ended. */
  readonly gone: boolean;
}

/** What a person has said: `on` keeps the direct clients answering, `off` keeps them from it. */
export type Override = "auto" | "on" | "off";

export const events = [
  /** The router answered, and no tier failed on the way. */
  "clean",
  /** The router answered after some tier had failed. */
  "patched",
  /** The router did not answer; the direct client did. */
  "rescued",
  /** The direct client answered; the router was not asked. */
  "carried",
  /** Nobody answered. */
  "lost",
  /** The router could not be built, or ended by itself. */
  "gone",
  "probeGood",
  "probeBad",
  /** The instant of {@link dueMs} has come, and it was not for a probe. */
  "due",
  "forceOn",
  "forceOff",
  /** The machine decides by itself again. */
  "release",
] as const;
export type MachineEvent = (typeof events)[number];

/** Failures in a row that mean something. */
export const tripAfter = 3;
/** Clean calls in a row that end a degraded time. */
export const normalAfter = 3;
/** The share of calls that the router is given back, by stage of the recovery. After the last one it has them all. */
export const ramp: ReadonlyArray<number> = [0, 0.25, 0.5];

export const initialMachine: MachineState = {
  mode: "normal",
  failures: 0,
  lost: 0,
  clean: 0,
  provenMs: undefined,
  stage: 0,
  nextMs: Number.POSITIVE_INFINITY,
  override: "auto",
  gone: false,
};

/** The present, for a step. `random01` is uniform on [0, 1) and spreads the probes of many clients by a tenth to both sides. */
export interface Moment {
  readonly nowMs: number;
  readonly random01: number;
  readonly timing: MachineTiming;
}

export const step = (state: MachineState, event: MachineEvent, moment: Moment): MachineState => {
  const known = state.provenMs === undefined ? { ...state, provenMs: moment.nowMs } : state;
  return table[state.mode][event](known, moment);
};

/** When something is due by itself; infinity when nothing is. */
export const dueMs = (state: MachineState, { noSuccessMs }: MachineTiming): number => {
  if (state.mode !== "normal" && state.mode !== "degraded") return state.nextMs;
  return state.provenMs === undefined || state.override === "off" ? Number.POSITIVE_INFINITY : state.provenMs + noSuccessMs;
};

/** Whether what is due then is a probe. */
export const isProbeDue = ({ mode, stage }: MachineState): boolean => mode !== "recovering" || stage === 0;

/** The share of calls that ask the router first. In an emergency everybody is asked, unless there is no router or a person keeps it out. */
export const routedShare = ({ mode, stage, override, gone }: MachineState): number => {
  if (mode === "fallback" || gone || override === "on") return 0;
  return mode === "recovering" ? (ramp[stage] ?? 1) : 1;
};

/** Whether the `nth` call, counted from 0, belongs to this share. As even as can be, and without chance. */
export const isInShare = (share: number, nth: number): boolean => Math.floor((nth + 1) * share) > Math.floor(nth * share);

type Move = (state: MachineState, moment: Moment) => MachineState;

const stay: Move = (state) => state;

/** The router answered. */
const proven: Move = (state, { nowMs }) => ({ ...state, failures: 0, lost: 0, provenMs: nowMs });

const cleanly: Move = (state, moment) => {
  const clean = Math.min(state.clean + 1, normalAfter);
  const mode = state.mode === "normal" || clean >= normalAfter ? "normal" : "degraded";
  return { ...proven(state, moment), mode, clean, nextMs: Number.POSITIVE_INFINITY };
};

const degraded: Move = (state, moment) => ({ ...proven(state, moment), mode: "degraded", clean: 0, nextMs: Number.POSITIVE_INFINITY });

/** The direct client answers. */
const served: Move = (state) => (state.lost === 0 ? state : { ...state, lost: 0 });

const failed = (state: MachineState): MachineState => ({ ...state, failures: Math.min(state.failures + 1, tripAfter), clean: 0 });
const unserved = (state: MachineState): MachineState => ({ ...state, lost: Math.min(state.lost + 1, tripAfter) });

const isOut = ({ failures, provenMs }: MachineState, { nowMs, timing }: Moment): boolean =>
  failures >= tripAfter || (provenMs !== undefined && nowMs - provenMs > timing.noSuccessMs);

/** The router did not answer. */
const struck: Move = (state, moment) => {
  const next = failed(state);
  return isOut(next, moment) && next.override !== "off" ? tripped(next, moment) : { ...next, mode: "degraded" };
};

const rescued: Move = (state, moment) => struck(served(state, moment), moment);

const lostOnTheWay: Move = (state, moment) => {
  const next = unserved(state);
  return next.lost >= tripAfter ? emergency(failed(next), moment) : struck(next, moment);
};

const earliest = ({ nowMs, random01, timing }: Moment): number =>
  timing.earlyProbeMs > 0 && timing.earlyProbeMs < timing.recoveryEveryMs
    ? nowMs + timing.earlyProbeMs
    : later({ nowMs, random01, timing });

const later = ({ nowMs, random01, timing }: Moment): number => nowMs + timing.recoveryEveryMs * (0.9 + 0.2 * random01);

/** The router is given up; `override` may forbid to look for it again. */
const tripped: Move = (state, moment) => ({
  ...fallback(state),
  nextMs: state.override === "on" ? Number.POSITIVE_INFINITY : earliest(moment),
});

const fallback = (state: MachineState): MachineState => ({ ...state, mode: "fallback", stage: 0, clean: 0 });

const emergency: Move = (state, moment) => ({
  ...state,
  mode: "emergency",
  stage: 0,
  clean: 0,
  nextMs: state.mode === "fallback" || state.override === "on" ? state.nextMs : earliest(moment),
});

const gone: Move = (state, moment) => tripped({ ...state, gone: true, failures: tripAfter }, moment);

/** In an emergency the direct client answers first: what was wrong may have been wrong for everybody, so the router is looked at soon. */
const savedFromEmergency: Move = (state, { nowMs }) => {
  const next = { ...state, lost: 0 };
  if (state.override === "off" && !state.gone) return { ...next, mode: "degraded", nextMs: Number.POSITIVE_INFINITY };
  return { ...fallback(next), nextMs: state.override === "on" ? Number.POSITIVE_INFINITY : nowMs };
};

/** In an emergency the router answers: nothing is wrong with it, unless a person keeps it out. */
const answeredAgain = (state: MachineState, next: MachineState): MachineState => (state.override === "on" || state.gone ? state : next);

const unservedInFallback: Move = (state, moment) => {
  const next = unserved(state);
  return next.lost >= tripAfter ? emergency(next, moment) : next;
};

const recovering: Move = (state, moment) => {
  if (state.override === "on") return state;
  const there = { ...state, gone: false };
  if (state.override === "off") return degraded(there, moment);
  return { ...there, mode: "recovering", stage: 0, nextMs: moment.nowMs + moment.timing.confirmProbeMs };
};

const againLater: Move = (state, moment) => (state.override === "on" ? state : { ...state, nextMs: later(moment) });

/** The router failed while it was being let back. */
const relapsed: Move = (state, moment) => ({ ...fallback(failed(state)), nextMs: later(moment) });

const relapsedUnserved: Move = (state, moment) => {
  const next = unserved(state);
  if (next.lost >= tripAfter) return emergency(next, moment);
  return state.stage === 0 ? next : relapsed(next, moment);
};

const ramped: Move = (state, { nowMs, timing }) => {
  if (state.stage === 0) return state;
  const stage = state.stage + 1;
  if (stage < ramp.length) return { ...state, stage, nextMs: nowMs + timing.rampStepMs };
  return {
    ...state,
    mode: "normal",
    stage: 0,
    clean: normalAfter,
    failures: 0,
    lost: 0,
    provenMs: nowMs,
    nextMs: Number.POSITIVE_INFINITY,
  };
};

const confirmed: Move = (state, moment) =>
  state.stage === 0 ? { ...proven(state, moment), stage: 1, nextMs: moment.nowMs + moment.timing.rampStepMs } : proven(state, moment);

const forcedOn: Move = (state) => {
  const next: MachineState = { ...state, override: "on", nextMs: Number.POSITIVE_INFINITY };
  return state.mode === "emergency" ? next : fallback(next);
};

/** The router is asked again at once; clean calls must show that it can. Without a router nothing but the word changes. */
const forcedOff: Move = (state, moment) => {
  const next: MachineState = { ...state, override: "off" };
  if (state.gone) return { ...next, nextMs: Math.min(state.nextMs, moment.nowMs) };
  if (state.mode === "normal" || state.mode === "degraded") return next;
  return { ...next, mode: "degraded", stage: 0, failures: 0, lost: 0, clean: 0, provenMs: moment.nowMs, nextMs: Number.POSITIVE_INFINITY };
};

const released: Move = (state, { nowMs }) => {
  const next: MachineState = { ...state, override: "auto" };
  // What the direct clients were made to answer goes the usual way back, at once.
  return state.override === "on" ? { ...next, nextMs: nowMs } : next;
};

const byPerson = { forceOn: forcedOn, forceOff: forcedOff, release: released } as const;

const whole = {
  clean: cleanly,
  patched: degraded,
  rescued,
  carried: stay,
  lost: lostOnTheWay,
  gone,
  probeGood: proven,
  probeBad: struck,
  due: stay,
  ...byPerson,
} as const;

const table: Readonly<Record<Mode, Readonly<Record<MachineEvent, Move>>>> = {
  normal: whole,
  degraded: whole,
  fallback: {
    // Calls that were begun before the mode changed prove nothing about the router now.
    clean: stay,
    patched: stay,
    rescued: served,
    carried: served,
    lost: unservedInFallback,
    gone: (state) => ({ ...state, gone: true }),
    probeGood: recovering,
    probeBad: againLater,
    due: stay,
    ...byPerson,
  },
  emergency: {
    clean: (state, moment) => answeredAgain(state, { ...degraded(state, moment), clean: 1 }),
    patched: (state, moment) => answeredAgain(state, degraded(state, moment)),
    rescued: savedFromEmergency,
    carried: savedFromEmergency,
    lost: stay,
    gone: (state) => ({ ...state, gone: true }),
    probeGood: recovering,
    probeBad: againLater,
    due: stay,
    ...byPerson,
  },
  recovering: {
    clean: proven,
    patched: proven,
    rescued: (state, moment) => (state.stage === 0 ? served(state, moment) : relapsed(served(state, moment), moment)),
    carried: served,
    lost: relapsedUnserved,
    gone,
    probeGood: confirmed,
    probeBad: relapsed,
    due: ramped,
    ...byPerson,
  },
};
