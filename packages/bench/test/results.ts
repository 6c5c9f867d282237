/** Results as the tests of tables and gates need them. */
import type { Side } from "../src/Case.ts";
import type { CaseResult, FigureResult } from "../src/Rounds.ts";

const same = (value: number) => ({ median: value, min: value, max: value });

/** A figure that was the same in every round. Sides beside base and candidate are peers. */
export const figureOf = (name: string, values: Readonly<Record<Side, number>>, unit = "us"): FigureResult => {
  const { base = 1, candidate = 1, ...peers } = values;
  return {
    name,
    unit,
    better: "lower",
    base: same(base),
    candidate: same(candidate),
    ratio: same(candidate / base),
    difference: same(candidate - base),
    peers: Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, { value: same(value), ratio: same(candidate / value) }])),
  };
};

export const resultOf = (name: string, figures: ReadonlyArray<FigureResult>): CaseResult => {
  const peers = [...new Set(figures.flatMap((figure) => Object.keys(figure.peers)))];
  return { name, about: "", base: "", candidate: "", peers: Object.fromEntries(peers.map((peer) => [peer, peer])), rounds: [], figures };
};
