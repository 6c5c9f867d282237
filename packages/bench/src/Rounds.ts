/**
 * The running of one case: warm-ups, then rounds in which both sides work one right after the other, so that what else the machine does hits
 * both. Who goes first changes with the round. A ratio is taken within a round and never across; it is always candidate / base.
 */
import type { Case, Figure, Reading, Side } from "./Case.ts";
import { summarize, type Summary } from "./Statistics.ts";

export interface Round {
  readonly first: Side;
  readonly base: Reading;
  readonly candidate: Reading;
  /** By figure. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface FigureResult extends Figure {
  readonly base: Summary;
  readonly candidate: Summary;
  readonly ratio: Summary;
}

export interface CaseResult {
  readonly name: string;
  readonly about: string;
  readonly base: string;
  readonly candidate: string;
  readonly rounds: ReadonlyArray<Round>;
  readonly figures: ReadonlyArray<FigureResult>;
}

/** A side did no work, or not the work it was to do. */
export class WorkError extends Error {
  override readonly name = "WorkError";
}

/** Runs a case. `measure` takes one reading; `progress` hears of every round, warm-ups first. Rejects when any reading is no good. */
export const runCase = async (
  subject: Case,
  rounds: number,
  measure: (side: Side) => Promise<Reading>,
  progress: (label: string, round: Round) => void,
): Promise<CaseResult> => {
  const warmUps = subject.warmUps ?? 1;
  const checksums = new Set<string>();
  const take = async (side: Side): Promise<Reading> => verified(subject, side, await measure(side), checksums);
  const measured: Array<Round> = [];
  for (let index = -warmUps; index < rounds; index++) {
    const round = await runRound(Math.abs(index) % 2 === 0 ? "base" : "candidate", take);
    progress(index < 0 ? `warm-up ${warmUps + index + 1}/${warmUps}` : `round ${index + 1}/${rounds}`, round);
    if (index >= 0) measured.push(round);
  }
  const { name, about, base, candidate } = subject;
  return { name, about, base, candidate, rounds: measured, figures: subject.figures.map((figure) => resultOf(figure, measured)) };
};

const runRound = async (first: Side, take: (side: Side) => Promise<Reading>): Promise<Round> => {
  const readings =
    first === "base"
      ? { base: await take("base"), candidate: await take("candidate") }
      : { candidate: await take("candidate"), base: await take("base") };
  const ratios = Object.keys(readings.base.figures).map((name) => [name, valueOf(readings.candidate, name) / valueOf(readings.base, name)]);
  return { first, ...readings, ratios: Object.fromEntries(ratios) };
};

const verified = (subject: Case, side: Side, reading: Reading, checksums: Set<string>): Reading => {
  const fail = (what: string) => new WorkError(`${subject.name}, ${side}: ${what}`);
  if (!(reading.work > 0) || !Number.isFinite(reading.work)) throw fail(`did no work (${reading.work})`);
  const names = subject.figures.map(({ name }) => name);
  for (const name of names) if (!(valueOf(reading, name) > 0)) throw fail(`the figure "${name}" is ${reading.figures[name]}`);
  for (const name of Object.keys(reading.figures)) if (!names.includes(name)) throw fail(`the figure "${name}" is not announced`);
  if (reading.checksum !== undefined) checksums.add(reading.checksum);
  if (checksums.size > 1) throw fail(`the work came to ${reading.checksum}, before it was ${[...checksums][0]}`);
  return reading;
};

const valueOf = (reading: Reading, name: string): number => reading.figures[name] ?? Number.NaN;

const resultOf = (figure: Figure, rounds: ReadonlyArray<Round>): FigureResult => ({
  ...figure,
  base: summarize(rounds.map(({ base }) => valueOf(base, figure.name))),
  candidate: summarize(rounds.map(({ candidate }) => valueOf(candidate, figure.name))),
  ratio: summarize(rounds.map(({ ratios }) => ratios[figure.name] ?? Number.NaN)),
});
