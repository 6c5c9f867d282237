/**
 * Two faults at once, as reality has it: every pair of twenty chosen ones, each in some worlds of its own. The second begins while the first lasts,
 * as far as both end in time; everything else is drawn as ever, and the same invariants are held.
 */
import type { Report } from "../soak/Figures.ts";
import { atLeast, exactly } from "../soak/Figures.ts";
import { Chance } from "./engine/Chance.ts";
import { expectedFor } from "./Expected.ts";
import { printPlan, type WorldPlan } from "./Plan.ts";
import { planFault, type PlannedFault } from "./PlannedFault.ts";
import { planOf, runWorld } from "./World.ts";

/** Of each channel and each kind of trouble: none answers, some do, late, wrongly, or without a word. None in which the exchange itself tells untruths. */
export const pairedVerbs = [
  ...["connect-refused", "hang", "reset", "slow-headers", "server-error", "truncated-json", "html", "ban"],
  ...["refuse-upgrade", "upgrade-hang", "close", "cut", "rst_after_n_frames", "half_open", "zombie", "deaf"],
  ...["drop-frames", "dup", "reorder", "late-frames"],
] as const;

export type Pair = readonly [first: string, second: string];

/** Every pair of different ones, once. */
export const allPairs: ReadonlyArray<Pair> = pairedVerbs.flatMap((first, at) =>
  pairedVerbs.slice(at + 1).map((second): Pair => [first, second]),
);

const span = { fromMs: 3_000, untilMs: 28_000 };

/** A world as its seed draws it, with these two faults in the place of its own. */
export const pairPlan = (seed: number, [first, second]: Pair): WorldPlan => {
  const plan = planOf(seed);
  const chance = new Chance(seed).branch("pair");
  const one = planFault(first, plan.markets, chance, span);
  const other = planFault(second, plan.markets, chance, span);
  const soonestMs = one.atMs + chance.int(0, one.forMs);
  const faults: ReadonlyArray<PlannedFault> = [
    one,
    { ...other, atMs: Math.max(span.fromMs, Math.min(soonestMs, span.untilMs - other.forMs)) },
  ];
  return { ...plan, faults: faults.toSorted((a, b) => a.atMs - b.atMs) };
};

export interface PairsOptions {
  readonly pairs: ReadonlyArray<Pair>;
  /** Worlds of each pair. */
  readonly seeds: number;
}

export const pairs = async ({ pairs: chosen, seeds }: PairsOptions, say: (line: string) => void): Promise<Report> => {
  const problems: Array<string> = [];
  let worlds = 0;
  let met = 0;
  for (const [index, pair] of chosen.entries()) {
    for (let turn = 0; turn < seeds; turn++) {
      const seed = 1 + index * 1_000 + turn;
      const plan = pairPlan(seed, pair);
      const { probes, violations } = await runWorld(seed, { plan });
      worlds++;
      if (pair.every((verb) => probes.has(`fault:${verb}`))) met++;
      const breach = violations.find((violation) => expectedFor(violation, pair) === undefined);
      if (breach !== undefined)
        problems.push(
          `${pair.join(" and ")}, seed ${seed}: ${breach.invariant} at ${breach.atMs} ms: ${breach.detail} | plan ${printPlan(plan)}`,
        );
    }
    if ((index + 1) % 10 === 0) say(`${index + 1} of ${chosen.length} pairs`);
  }
  return {
    rows: [
      exactly("worlds", worlds, chosen.length * seeds),
      // Not every fault meets what it spoils: a socket that nobody opens meanwhile is refused to nobody.
      atLeast("of them in which both faults happened", met, Math.floor(worlds / 4)),
      exactly("worlds with a breach", problems.length, 0),
    ],
    problems,
  };
};
