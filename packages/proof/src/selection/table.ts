/** What came of all scenes: the router's choices beside rules that do not measure, and how much its own word on its choices is worth. */
import type { Channel } from "@naru/router/domain/Provenance";
import { byFormula, type Judged } from "./runScene.ts";

/** A way to choose that knows the question and the moment's facts, and no measurements. */
export interface Rule {
  readonly name: string;
  readonly choose: (judged: Judged) => Channel;
}

const onSocket = (is: boolean): Channel => (is ? "websocket" : "rest");

export const rules: ReadonlyArray<Rule> = [
  { name: "always REST", choose: () => "rest" },
  { name: "always the socket", choose: () => "websocket" },
  { name: "the socket for realtime", choose: ({ question }) => onSocket(question.intent.realtime) },
  {
    name: "the socket for tickers and books",
    choose: ({ question }) => onSocket(question.kind === "ticker" || question.kind === "orderbook"),
  },
  { name: "the socket for what is subscribed", choose: ({ facts }) => onSocket(facts.subscribed) },
  {
    name: "the socket for what is subscribed or realtime",
    choose: ({ facts, question }) => onSocket(facts.subscribed || question.intent.realtime),
  },
  { name: "default weights, nothing measured", choose: byFormula },
];

export interface Line {
  readonly name: string;
  /** Share of questions for which it took the right channel, 0 to 1. */
  readonly accuracy: number;
  /** What its answers took longer than the better channel's, on the mean, in milliseconds. */
  readonly regretMs: number;
}

/** The quicker one of two that are fresh enough; undefined where neither was. */
export const rightOf = ({ restMs, socketMs }: Judged): Channel | undefined =>
  restMs === Infinity && socketMs === Infinity ? undefined : socketMs < restMs ? "websocket" : "rest";

/** A channel that never had an answer costs as much as a caller waits. */
const longestMs = 5_000;

export const lineOf = (rule: Rule, all: ReadonlyArray<Judged>): Line => {
  const decided = all.filter((judged) => rightOf(judged) !== undefined);
  const right = decided.filter((judged) => rule.choose(judged) === rightOf(judged)).length;
  const regrets = decided.map((judged) => {
    const took = rule.choose(judged) === "rest" ? judged.restMs : judged.socketMs;
    return Math.min(longestMs, took) - Math.min(judged.restMs, judged.socketMs);
  });
  return { name: rule.name, accuracy: right / decided.length, regretMs: mean(regrets) };
};

export interface Outcome extends Line {
  readonly questions: number;
  /** Requests beyond those the better channel would have taken, as a share of the questions. */
  readonly extraRequests: number;
  readonly unanswered: number;
  readonly bins: ReadonlyArray<Bin>;
  /** The mean distance of confidence from accuracy, weighted by how many questions each bin has. */
  readonly calibrationError: number;
}

export interface Bin {
  readonly from: number;
  readonly questions: number;
  readonly confidence: number;
  readonly accuracy: number;
}

export const outcomeOf = (all: ReadonlyArray<Judged>): Outcome => {
  const decided = all.filter((judged) => rightOf(judged) !== undefined);
  const line = lineOf({ name: "naru", choose: ({ chosen }) => chosen }, all);
  const regrets = decided.map(({ restMs, socketMs, tookMs }) => Math.max(0, Math.min(longestMs, tookMs) - Math.min(restMs, socketMs)));
  const extra = decided.reduce((sum, judged) => sum + Math.max(0, judged.requests - (rightOf(judged) === "rest" ? 1 : 0)), 0);
  const bins = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97].map((from, i, edges): Bin => {
    const to = edges[i + 1] ?? Infinity;
    const inside = decided.filter(({ confidence }) => confidence >= from && confidence < to);
    return {
      from,
      questions: inside.length,
      confidence: mean(inside.map(({ confidence }) => confidence)),
      accuracy: inside.filter((judged) => judged.chosen === rightOf(judged)).length / Math.max(1, inside.length),
    };
  });
  return {
    ...line,
    regretMs: mean(regrets),
    questions: decided.length,
    extraRequests: extra / decided.length,
    unanswered: decided.filter(({ tookMs }) => tookMs === Infinity).length,
    bins,
    calibrationError: bins.reduce((sum, bin) => sum + (Math.abs(bin.confidence - bin.accuracy) * bin.questions) / decided.length, 0),
  };
};

const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
