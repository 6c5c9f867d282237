/** The faults a world may meet, how a plan draws one, and how it is put on the exchange. A fault has ended when {@link endMs} has passed. */
import { type Exchange, type RestFault, Script } from "@naru/sim";
import * as Effect from "effect/Effect";
import type { Chance } from "./engine/Chance.ts";

export interface PlannedFault {
  readonly verb: Verb;
  /** Milliseconds since the world began. */
  readonly atMs: number;
  readonly forMs: number;
}

/** How a verb is drawn and done. */
interface Kind {
  /** Shortest and longest; 0 for what happens in an instant. */
  readonly forMs: readonly [number, number];
  /** Nothing tells a client that what it has is old, until its watchdogs do. */
  readonly silent?: true;
  readonly begin: (forMs: number) => Effect.Effect<void, never, Exchange>;
}

/** The end runs beside the world, which outlives it. */
const later = (begin: Effect.Effect<void, never, Exchange>, forMs: number, end: Effect.Effect<void, never, Exchange>) =>
  Effect.asVoid(Effect.andThen(begin, Effect.forkDetach(Effect.andThen(Effect.sleep(forMs), end))));

const rest = (fault: RestFault) => (forMs: number) => later(Script.failRest("/v1", fault, 1_000_000), forMs, Script.clearRestFaults);

const kinds = {
  "cut-sockets": { forMs: [0, 0], begin: () => Script.cutSockets },
  "half-open": {
    forMs: [3_000, 25_000],
    silent: true,
    begin: (forMs: number) => later(Script.silenceSockets(forMs + 1), forMs, Script.cutSockets),
  },
  mute: { forMs: [3_000, 12_000], silent: true, begin: (forMs: number) => Script.silenceSockets(forMs) },
  "refuse-upgrades": {
    forMs: [2_000, 20_000],
    begin: (forMs: number) => Effect.andThen(Script.cutSockets, Script.refuseUpgrades(forMs)),
  },
  "rest-hang": { forMs: [2_000, 15_000], begin: rest("hang") },
  "rest-reset": { forMs: [2_000, 15_000], begin: rest("reset") },
  "rest-503": { forMs: [2_000, 15_000], begin: rest({ status: 503, body: "Service Temporarily Unavailable" }) },
  "rest-truncated": { forMs: [2_000, 15_000], begin: rest({ body: '[{"market":"KRW-B' }) },
  ban: { forMs: [2_000, 20_000], begin: (forMs: number) => Script.ban("127.0.0.1", forMs) },
} as const satisfies Record<string, Kind>;

export type Verb = keyof typeof kinds;

export const faultVerbs = Object.keys(kinds) as ReadonlyArray<Verb>;

export const drawFault = (
  _markets: ReadonlyArray<string>,
  chance: Chance,
  span: { readonly fromMs: number; readonly untilMs: number },
): PlannedFault => {
  const verb = chance.pick(faultVerbs);
  const [shortest, longest] = kinds[verb].forMs;
  const forMs = chance.int(shortest, longest);
  return { verb, forMs, atMs: chance.int(span.fromMs, span.untilMs - forMs) };
};

export const endMs = (fault: PlannedFault): number => fault.atMs + fault.forMs;

export const isSilent = (fault: PlannedFault): boolean => (kinds[fault.verb] as Kind).silent === true;

/** Puts the fault on the exchange now; it ends by itself. */
export const inject = (fault: PlannedFault): Effect.Effect<void, never, Exchange> => kinds[fault.verb].begin(fault.forMs);
