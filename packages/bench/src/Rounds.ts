/**
 * The running of one case: warm-ups, then rounds in which all sides work one right after the other, so that what else the machine does hits
 * all of them. Who goes first changes with the round. A ratio is taken within a round and never across; it is always candidate / other side.
 */
import type { Case, Figure, Reading, Side } from "./Case.ts";
import { summarize, type Summary } from "./Statistics.ts";

export interface Round {
  /** Who worked after whom. */
  readonly order: ReadonlyArray<Side>;
  readonly readings: Readonly<Record<Side, Reading>>;
}

/** A side beside the candidate. */
export interface Beside {
  readonly value: Summary;
  /** Candidate / this side. */
  readonly ratio: Summary;
}

export interface FigureResult extends Figure {
  readonly base: Summary;
  readonly candidate: Summary;
  /** Candidate / base. */
  readonly ratio: Summary;
  /** Candidate - base. */
  readonly difference: Summary;
  /** By name of the peer; those that give this figure. */
  readonly peers: Readonly<Record<Side, Beside>>;
}

export interface CaseResult {
  readonly name: string;
  readonly about: string;
  readonly base: string;
  readonly candidate: string;
  /** Those that were measured, with what they are. */
  readonly peers: Readonly<Record<Side, string>>;
  readonly rounds: ReadonlyArray<Round>;
  readonly figures: ReadonlyArray<FigureResult>;
}

export interface RunOptions {
  readonly rounds: number;
  /** Rounds before those, not counted. */
  readonly warmUps: number;
  /** Peers to be measured beside the two sides. */
  readonly peers: ReadonlyArray<Side>;
  /** Takes one reading. */
  readonly measure: (side: Side) => Promise<Reading>;
  /** Hears of every round, warm-ups first. */
  readonly progress: (label: string, round: Round) => void;
}

/** A side did no work, or not the work it was to do. */
export class WorkError extends Error {
  override readonly name = "WorkError";
}

/** Runs a case. Rejects when any reading is no good. */
export const runCase = async (subject: Case, { rounds, warmUps, peers, measure, progress }: RunOptions): Promise<CaseResult> => {
  const sides = ["base", "candidate", ...peers];
  const checksums = new Set<string>();
  const measured: Array<Round> = [];
  for (let index = -warmUps; index < rounds; index++) {
    const at = Math.abs(index) % sides.length;
    const order = [...sides.slice(at), ...sides.slice(0, at)];
    const readings: Record<Side, Reading> = {};
    for (const side of order) readings[side] = verified(subject, side, await measure(side), checksums);
    const round = { order, readings };
    progress(index < 0 ? `warm-up ${warmUps + index + 1}/${warmUps}` : `round ${index + 1}/${rounds}`, round);
    if (index >= 0) measured.push(round);
  }
  const { name, about, base, candidate } = subject;
  const abouts = Object.fromEntries(peers.map((peer) => [peer, subject.peers?.[peer] ?? peer]));
  const figures = subject.figures.map((figure) => resultOf(figure, peers, measured));
  return { name, about, base, candidate, peers: abouts, rounds: measured, figures };
};

/** A figure of one side; NaN where it gave none. */
export const valueOf = ({ readings }: Round, side: Side, figure: string): number => readings[side]?.figures[figure] ?? Number.NaN;

const verified = (subject: Case, side: Side, reading: Reading, checksums: Set<string>): Reading => {
  const fail = (what: string) => new WorkError(`${subject.name}, ${side}: ${what}`);
  if (!(reading.work > 0) || !Number.isFinite(reading.work)) throw fail(`did no work (${reading.work})`);
  const names = subject.figures.map(({ name }) => name);
  const given = Object.keys(reading.figures);
  const owed = side === "base" || side === "candidate" ? names : given;
  if (owed.length === 0) throw fail("gives no figure");
  for (const name of owed) if (!((reading.figures[name] ?? Number.NaN) > 0)) throw fail(`the figure "${name}" is ${reading.figures[name]}`);
  for (const name of given) if (!names.includes(name)) throw fail(`the figure "${name}" is not announced`);
  if (reading.checksum !== undefined) checksums.add(reading.checksum);
  if (checksums.size > 1) throw fail(`the work came to ${reading.checksum}, before it was ${[...checksums][0]}`);
  return reading;
};

const resultOf = (figure: Figure, peers: ReadonlyArray<Side>, rounds: ReadonlyArray<Round>): FigureResult => {
  const over = (of: (round: Round) => number) => summarize(rounds.map(of));
  const beside = (side: Side): Beside => ({
    value: over((round) => valueOf(round, side, figure.name)),
    ratio: over((round) => valueOf(round, "candidate", figure.name) / valueOf(round, side, figure.name)),
  });
  const giving = peers.filter((peer) => rounds.every((round) => Number.isFinite(valueOf(round, peer, figure.name))));
  const base = beside("base");
  return {
    ...figure,
    base: base.value,
    candidate: over((round) => valueOf(round, "candidate", figure.name)),
    ratio: base.ratio,
    difference: over((round) => valueOf(round, "candidate", figure.name) - valueOf(round, "base", figure.name)),
    peers: Object.fromEntries(giving.map((peer) => [peer, beside(peer)])),
  };
};
