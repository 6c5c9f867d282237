/**
 * Judges a run of the seven rules: were they ever without their input for longer than two seconds and not told, and did they decide what they
 * would have decided on the exchange's own record?
 */
import { eventOf } from "@naru/examples/seven-rules/MarketDesk";
import { nameOf } from "@naru/examples/seven-rules/Timeline";
import type { Decision } from "@naru/examples/seven-rules/Rule";
import { windowStart } from "@naru/router/domain/Interval";
import { pointOfId, type TapePoint } from "@naru/sim/market/Trade";
import { Truth } from "../world/Truth.ts";
import { type Wait, waitsOf } from "./inputGaps.ts";
import type { RulesRun, Watch } from "./RulesRun.ts";
import { trueDecisions } from "./trueDecisions.ts";

/** What the rules may miss without being told, in milliseconds. */
export const blindMs = 2_000;
/** What happens this long before the end of a watch may still be under way. */
const settleMs = 5_000;

export interface RulesJudgement {
  /** Trades, tickers and windows that were looked at. */
  readonly looked: number;
  /** Longer than {@link blindMs} and not told. */
  readonly gaps: ReadonlyArray<Wait>;
  readonly longestUntoldMs: number;
  readonly longestMs: number;
  /** Holes the streams themselves told of. */
  readonly holes: number;
  /** Trades that came marked as late or read back. */
  readonly afterwards: number;
  readonly drops: number;
  /** By rule. */
  readonly decisions: ReadonlyMap<string, number>;
  /** Decided live and not on the record, or the other way round. */
  readonly differences: ReadonlyArray<string>;
  /** Candles that were told closed and lack trades of their last second. The rules were shown them completed. */
  readonly unfinishedCandles: number;
  readonly closedCandles: number;
}

export const judgeRules = ({ exchange, watches, drops }: RulesRun): RulesJudgement => {
  const truth = new Truth(exchange);
  const judged = watches.map((watch) => judgeWatch(watch, truth));
  const waits = judged.flatMap((one) => one.waits);
  const decisions = new Map<string, number>();
  for (const { rule } of judged.flatMap((one) => one.live)) decisions.set(rule, (decisions.get(rule) ?? 0) + 1);
  return {
    looked: waits.length,
    gaps: waits.filter(({ untoldMs }) => untoldMs > blindMs),
    longestUntoldMs: longest(waits.map(({ untoldMs }) => untoldMs)),
    longestMs: longest(waits.map(({ wholeMs }) => wholeMs)),
    holes: watches.flatMap(({ said }) => said.filter(({ _tag }) => _tag === "Missing")).length,
    afterwards: watches.reduce((sum, { desk }) => sum + desk.afterwards, 0),
    drops: drops.length,
    decisions,
    differences: judged.flatMap((one) => one.differences),
    ...countCandles(watches, truth),
  };
};

const countCandles = (watches: ReadonlyArray<Watch>, truth: Truth) => {
  const candles = watches
    .flatMap(({ seen }) => seen.map(({ input }) => eventOf(input)))
    .flatMap((event) => (event?._tag === "Candle" ? [event.candle] : []));
  return { closedCandles: candles.length, unfinishedCandles: candles.filter((one) => truth.faultOfCandle(one) !== undefined).length };
};

const judgeWatch = (watch: Watch, truth: Truth) => {
  const { market, said } = watch;
  const tape = truth.tape(market);
  const opened = said.find(({ _tag }) => _tag === "Opened");
  const from = firstTrade(watch);
  if (tape === undefined || opened?._tag !== "Opened" || from === undefined)
    return { waits: [], live: [], differences: [`the rules of ${market} never began`] };
  // The windows before the minute of this trade were proved closed by it.
  const lastMs = tape.last({ ms: watch.endedMs - settleMs, n: -1 })?.ms ?? opened.atMs;
  const span = { openedMs: opened.atMs, untilMs: windowStart("1m", lastMs) };
  const live = finalDecisions(watch).filter(({ atMs }) => atMs <= span.untilMs);
  const true_ = trueDecisions(truth, tape, market, { ...span, from }).filter(({ atMs }) => atMs <= span.untilMs);
  return {
    live,
    waits: waitsOf(watch, truth, tape, from, { fromMs: span.openedMs, toMs: span.untilMs }),
    differences: differencesOf(live, true_),
  };
};

const firstTrade = ({ seen }: Watch): TapePoint | undefined => {
  for (const { input } of seen) {
    if (input.feed === "trades" && input.element._tag === "Live") return pointOfId(input.element.value.id);
  }
  return undefined;
};

/** What was decided and not withdrawn. */
const finalDecisions = ({ said }: Watch): ReadonlyArray<Decision> => {
  const standing = new Map<string, Decision>();
  for (const output of said) {
    if (output._tag === "Decided") standing.set(nameOf(output.decision), output.decision);
    if (output._tag === "Withdrawn") standing.delete(nameOf(output.decision));
  }
  return [...standing.values()];
};

const differencesOf = (live: ReadonlyArray<Decision>, true_: ReadonlyArray<Decision>): ReadonlyArray<string> => {
  const [ofLive, ofTrue] = [live, true_].map((decisions) => new Set(decisions.map(nameOf)));
  return [
    ...[...(ofLive ?? [])].filter((one) => ofTrue?.has(one) !== true).map((one) => `only live: ${one}`),
    ...[...(ofTrue ?? [])].filter((one) => ofLive?.has(one) !== true).map((one) => `only on the record: ${one}`),
  ];
};

const longest = (values: ReadonlyArray<number>): number => values.reduce((most, value) => Math.max(most, value), 0);
