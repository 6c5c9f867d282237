/**
 * The cuts of one run, drawn from its seed before it begins: when, how and for how long. Every three of them are one of each way, in a drawn
 * order, so that also a short run has all.
 */
import type { Chance } from "../../world/engine/Chance.ts";

/**
 * `reset`: every connection is reset, and so is every new one. `half-open`: bytes stop both ways and nobody is told. `freeze`: the exchange's
 * process is stopped.
 */
export type CutWay = "reset" | "half-open" | "freeze";

export interface Cut {
  readonly way: CutWay;
  /** When it may begin, in milliseconds from the start. It waits for a link to cut. */
  readonly atMs: number;
  readonly forMs: number;
}

export interface CutPlan {
  readonly count: number;
  /** Over how long they are spread, in milliseconds. */
  readonly spanMs: number;
  readonly ways: ReadonlyArray<CutWay>;
  /** Least and greatest length of a silent cut, in milliseconds. */
  readonly silentMs: readonly [number, number];
}

/** A reset is over at once, or goes on for a while. */
const resetMs = [50, 3_000] as const;

export const drawCuts = ({ count, spanMs, ways, silentMs }: CutPlan, chance: Chance): ReadonlyArray<Cut> => {
  const slotMs = spanMs / count;
  let round: Array<CutWay> = [];
  return Array.from({ length: count }, (_, i) => {
    if (round.length === 0) round = chance.sample(ways, ways.length);
    const way = round.pop() ?? "reset";
    const [least, most] = way === "reset" ? resetMs : silentMs;
    return { way, atMs: Math.floor(i * slotMs + chance.next() * slotMs * 0.5), forMs: chance.int(least, most) };
  });
};
