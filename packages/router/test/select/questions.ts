/** Questions and facts to rank, complete but for what a test changes. */
import type { Interval } from "../../src/domain/Interval.ts";
import type { CandlesQuestion, Question, ResolvedIntent, TickerQuestion, TradesQuestion } from "../../src/domain/Question.ts";
import type { RankFacts } from "../../src/select/TierRank.ts";
import { btc, intent as plain } from "../samples.ts";

const intent = (changes: Partial<ResolvedIntent> = {}): ResolvedIntent => ({ ...plain, ...changes });

export const ticker = (changes: Partial<ResolvedIntent> = {}): TickerQuestion => ({ kind: "ticker", market: btc, intent: intent(changes) });

export const orderbook = (changes: Partial<ResolvedIntent> = {}): Question => ({
  kind: "orderbook",
  market: btc,
  levels: 15,
  intent: intent(changes),
});

export const trades = (count: number, before?: string): TradesQuestion => ({
  kind: "trades",
  market: btc,
  count,
  ...(before === undefined ? {} : { before }),
  intent: intent(),
});

export const candles = (changes: Partial<CandlesQuestion> = {}): CandlesQuestion => ({
  kind: "candles",
  market: btc,
  interval: "1m" satisfies Interval,
  count: 1,
  fromMs: null,
  toMs: null,
  forming: "include",
  fill: "none",
  intent: intent(),
  ...changes,
});

/** Everything works and everything is known. */
export const facts = (changes: Partial<RankFacts> = {}): RankFacts => ({
  connected: true,
  subscribed: true,
  streamable: true,
  hot: "fresh",
  usage: 0,
  restWaitMs: 0,
  blocked: false,
  breakerOpen: false,
  mode: "normal",
  markets: 1,
  ...changes,
});
