/**
 * What deciding costs: the pure ranking, and the selector around it with its memories, for a question that both channels could answer. The evidence
 * changes all the time, so that nothing is worked out once and kept.
 */
import type { Market } from "@naru/router/domain/Market";
import type { Question } from "@naru/router/domain/Question";
import { ChannelSelector } from "@naru/router/select/ChannelSelector";
import { rank, type RankFacts } from "@naru/router/select/TierRank";
import * as Effect from "effect/Effect";
import type { Case, Reading, Side } from "../Case.ts";

const warm = 20_000;
const calls = 100_000;

const market = "KRW-BTC" as Market;
const question: Question = {
  kind: "ticker",
  market,
  intent: {
    maxAgeMs: 1_000,
    deadlineMs: 5_000,
    priority: "normal",
    realtime: true,
    strategy: "auto",
    context: "realtime_trading",
    onStale: "fail",
  },
};
const facts: RankFacts = {
  connected: true,
  subscribed: false,
  streamable: true,
  hot: "absent",
  usage: 0.3,
  restWaitMs: 0,
  blocked: false,
  breakerOpen: false,
  mode: "normal",
  markets: 1,
};
const outcome = (tier: string, durationMs: number) => ({
  attempts: [{ tier, outcome: "answered", reason: "ok", durationMs } as const],
  ageMs: 0,
});

const timed = (decide: (i: number) => string | undefined): Reading => {
  for (let i = 0; i < warm; i++) decide(i);
  const before = process.cpuUsage();
  let made = 0;
  for (let i = 0; i < calls; i++) if (decide(i) !== undefined) made++;
  const { user, system } = process.cpuUsage(before);
  if (made !== calls) throw new Error(`${calls - made} decisions put nobody first`);
  return { figures: { decision: (user + system) / calls }, work: made };
};

const candidate = Effect.map(ChannelSelector, (selector) =>
  timed((i) => {
    selector.learn(question, facts, outcome(i % 2 === 0 ? "batch_snapshot" : "live_subscription", 20 + (i % 50)));
    return selector.select(question, facts).ranked.tiers[0]?.tier;
  }),
).pipe(Effect.provide(ChannelSelector.layer));

const run = (side: Side): Promise<Reading> =>
  side === "base" ? Promise.resolve(timed(() => rank(question, facts).tiers[0]?.tier)) : Effect.runPromise(candidate);

export const subject: Case = {
  name: "decision",
  about: "CPU time of one decision between the tiers",
  base: "rank: the pure function, nothing measured",
  candidate: "the selector: an outcome taken in, rhythm, evidence, lead, ranking",
  figures: [{ name: "decision", unit: "us/call", better: "lower" }],
  isolation: "child",
  run,
};
