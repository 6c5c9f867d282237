/** Runs planned cases one after another and says how it goes. A case that fails costs only itself. */
import { type Case, defaultRounds, type Pace, quickRounds, type Side } from "./Case.ts";
import { readInChild } from "./Child.ts";
import { Progress, spellSeconds } from "./Progress.ts";
import { type CaseResult, type Round, runCase, valueOf } from "./Rounds.ts";
import { spell } from "./Text.ts";

export interface Plan {
  readonly subject: Case;
  readonly pace: Pace;
  /** As the command said; `undefined`: as the pace and the case say. */
  readonly rounds: number | undefined;
  readonly peers: ReadonlyArray<Side>;
}

export interface Measured {
  /** Names of all cases that were to be measured. */
  readonly asked: ReadonlyArray<string>;
  readonly results: ReadonlyArray<CaseResult>;
  readonly failures: ReadonlyArray<{ readonly name: string; readonly failure: string }>;
}

export const roundsOf = ({ subject, pace, rounds }: Plan): { readonly rounds: number; readonly warmUps: number } =>
  pace === "quick"
    ? { rounds: quickRounds, warmUps: 0 }
    : { rounds: rounds ?? subject.rounds ?? defaultRounds, warmUps: subject.warmUps ?? (subject.isolation === "own" ? 1 : 0) };

export const measureAll = async (plans: ReadonlyArray<Plan>, say: (line: string) => void): Promise<Measured> => {
  const progress = new Progress(plans.map(plannedOf));
  const results: Array<CaseResult> = [];
  const failures: Array<{ readonly name: string; readonly failure: string }> = [];
  say(`${plans.length} cases, about ${spellSeconds(progress.leftSeconds())}`);
  for (const [at, plan] of plans.entries()) {
    const { name } = plan.subject;
    try {
      results.push(await measureOne(plan, progress, (line) => say(`[${at + 1}/${plans.length}] ${name} ${line}`)));
    } catch (error) {
      failures.push({ name, failure: error instanceof Error ? error.message : String(error) });
    }
    progress.over(name);
  }
  return { asked: plans.map(({ subject }) => subject.name), results, failures };
};

/** A guess of a quick reading is a quarter of a whole one: what it does not shorten is the start of a process. */
const plannedOf = (plan: Plan) => {
  const { rounds, warmUps } = roundsOf(plan);
  const seconds = (plan.subject.seconds ?? 3) / (plan.pace === "quick" ? 4 : 1);
  return { name: plan.subject.name, readings: (rounds + warmUps) * (2 + plan.peers.length), seconds };
};

const measureOne = (plan: Plan, progress: Progress, say: (line: string) => void): Promise<CaseResult> => {
  const { subject, pace, peers } = plan;
  const { name, isolation, figures } = subject;
  return runCase(subject, {
    ...roundsOf(plan),
    peers,
    measure: async (side) => {
      const began = performance.now();
      const reading = await (isolation === "child" ? readInChild(name, side, pace, subject.maxMs) : subject.run(side, pace));
      progress.took(name, (performance.now() - began) / 1_000);
      return reading;
    },
    progress: (label, round) =>
      say(`${label}: ${sidesOf(round, figures[0].name)} ${figures[0].unit}; ${spellSeconds(progress.leftSeconds())} left`),
  });
};

const sidesOf = (round: Round, figure: string): string =>
  ["candidate", "base", ...Object.keys(round.readings).filter((side) => side !== "base" && side !== "candidate")]
    .map((side) => `${side} ${spell(valueOf(round, side, figure))}`)
    .join(", ");
