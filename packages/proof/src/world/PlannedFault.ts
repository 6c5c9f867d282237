/**
 * The faults of a world: which verb, with which parameters, when and for how long. Every verb of the emulated exchange that works in memory
 * takes part, so a new verb is in the worlds as soon as it exists; {@link particulars} says where one needs other times or sizes than most.
 */
import { type Exchange, type Fault, Script, verbs } from "@naru/sim";
import * as Effect from "effect/Effect";
import type { Chance } from "./engine/Chance.ts";

export interface PlannedFault {
  /** Milliseconds since the world began. */
  readonly atMs: number;
  /** 0 for what happens in an instant. */
  readonly forMs: number;
  readonly fault: Fault;
}

interface Particulars {
  /** Shortest and longest. */
  readonly forMs?: readonly [number, number];
  /** Not drawn, and why. */
  readonly leftOut?: string;
  /** Nothing tells a client that what it has is old, until its watchdogs do. */
  readonly isSilent?: true;
  /** Nothing tells a client either, until the first frame has come late. */
  readonly isSilentFor?: (fault: Fault) => number;
  /** Ends with every socket cut, as a line does that was dead and whose end is noticed at last. */
  readonly endsWithCut?: true;
  /** Parameters beyond `verb` and `forMs`. */
  readonly parameters?: (chance: Chance, markets: ReadonlyArray<string>) => Readonly<Record<string, unknown>>;
}

const mostTimes: readonly [number, number] = [2_000, 15_000];
const anInstant: readonly [number, number] = [1, 1];

const oneMarket = (chance: Chance, markets: ReadonlyArray<string>) => ({ market: chance.pick(markets) });
const some = (chance: Chance) => ({ probability: chance.pick([0.05, 0.3, 1]) });

const particulars: Readonly<Record<string, Particulars>> = {
  "connect-refused": { forMs: [2_000, 20_000] },
  hang: { parameters: some },
  reset: { parameters: some },
  "slow-headers": { parameters: (chance) => ({ delayMs: chance.pick([300, 1_500, 6_000]) }) },
  answer: { leftOut: "a test writes the answer itself; the other verbs are its ready-made cases" },
  "huge-body": { parameters: () => ({ times: 1 }) },
  "endless-body": { parameters: () => ({ times: 1 }) },
  "gzip-bomb": { parameters: () => ({ times: 1, bytes: 9_437_184 }) },
  "deep-nesting": { parameters: () => ({ times: 3, depth: 2_000 }) },
  "server-error": { parameters: (chance) => ({ status: chance.pick([500, 502, 503, 504]), ...some(chance) }) },
  "retry-after": { parameters: (chance) => ({ form: chance.pick(["seconds", "date", "negative", "absurd", "past"]) }) },
  "too-many-requests": { parameters: some },
  "remaining-req": { parameters: (chance) => ({ form: chance.pick(["malformed", "missing"]) }) },
  ban: { forMs: [2_000, 20_000] },
  "refuse-upgrade": {
    forMs: [2_000, 20_000],
    parameters: (chance) => ({ status: chance.pick([200, 401, 403, 429, 500, 503]) }),
  },
  close: {
    forMs: anInstant,
    parameters: (chance) => ({ code: chance.pick([1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013, 1015]) }),
  },
  cut: { forMs: anInstant, parameters: (chance) => ({ how: chance.pick(["fin", "rst"]) }) },
  rst_after_n_frames: { parameters: (chance) => ({ frames: chance.int(1, 20) }) },
  half_open: { forMs: [3_000, 25_000], isSilent: true, endsWithCut: true },
  zombie: { forMs: [3_000, 25_000], isSilent: true },
  deaf: { isSilent: true },
  "ignore-subscription": { parameters: (chance, markets) => ({ codes: chance.pick(markets) }) },
  // That a frame was lost is told by nothing but its market's next one, or an audit.
  "drop-frames": { isSilent: true, parameters: (chance) => ({ probability: chance.pick([0.05, 0.3]) }) },
  dup: { parameters: some },
  reorder: { parameters: (chance) => ({ window: chance.int(1, 8) }) },
  "late-frames": {
    isSilentFor: (fault) => ("delayMs" in fault && "jitterMs" in fault ? Number(fault.delayMs) + Number(fault.jitterMs) : 0),
    parameters: (chance) => ({ delayMs: chance.pick([500, 3_000, 10_000]), jitterMs: chance.pick([0, 500]) }),
  },
  "late-snapshot": { parameters: (chance) => ({ delayMs: chance.pick([500, 3_000]) }) },
  "market-paused": { parameters: oneMarket },
  delisted: { parameters: oneMarket },
  "oversize-frames": { parameters: () => ({ times: 2 }) },
};

/** Every verb that works in memory, and is not left out. */
export const faultVerbs: ReadonlyArray<string> = verbs
  .filter(({ verb, doors }) => doors.includes("memory") && particulars[verb]?.leftOut === undefined)
  .map(({ verb }) => verb);

interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

export const drawFault = (markets: ReadonlyArray<string>, chance: Chance, span: Span): PlannedFault =>
  planFault(chance.pick(faultVerbs), markets, chance, span);

/** This fault, with its parameters, its moment and its length drawn. */
export const planFault = (verb: string, markets: ReadonlyArray<string>, chance: Chance, span: Span): PlannedFault => {
  const { forMs: times = mostTimes, parameters } = particulars[verb] ?? {};
  const forMs = chance.int(times[0], times[1]);
  // The parameters of a verb are checked when it is switched on.
  const fault = { verb, forMs, ...parameters?.(chance, markets) } as unknown as Fault;
  return { fault, forMs, atMs: chance.int(span.fromMs, span.untilMs - forMs) };
};

export const endMs = (planned: PlannedFault): number => planned.atMs + planned.forMs;

/** A client needs so long to know, without being told, that a link is dead: its watchdog's 15 s and a tick. */
const watchdogMs = 15_500;
/** After the first late frame, one of every kind has come. */
const everyKindMs = 1_000;

/** How far back a client may not know what happened, at `nowMs`, because nothing could tell it. */
export const blindMs = (planned: PlannedFault, nowMs: number): number => {
  const { isSilent, isSilentFor } = particulars[planned.fault.verb] ?? {};
  if (nowMs < planned.atMs) return 0;
  // Silence shows only by its length, also for some time after the fault itself.
  if (isSilent === true) return nowMs <= endMs(planned) + watchdogMs ? watchdogMs : 0;
  const sinceMs = nowMs - planned.atMs;
  return isSilentFor !== undefined && sinceMs <= isSilentFor(planned.fault) + everyKindMs ? sinceMs : 0;
};

/** It lasts, or ended so lately that breakers and watchdogs still reckon with it. */
export const isFelt = (planned: PlannedFault, nowMs: number): boolean => nowMs >= planned.atMs && nowMs <= endMs(planned) + watchdogMs;

/** Puts the fault on the exchange now; it ends by itself. */
export const inject = ({ fault, forMs }: PlannedFault): Effect.Effect<void, never, Exchange> =>
  Effect.gen(function* () {
    // A plan draws only what a verb allows.
    yield* Effect.orDie(Script.fault(fault));
    if (particulars[fault.verb]?.endsWithCut !== true) return;
    yield* Effect.sleep(forMs);
    yield* Script.cutSockets;
  });
