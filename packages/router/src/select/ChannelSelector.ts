/**
 * The selector: the pure ranking of `TierRank.ts` with three memories, of how often each key is asked, of how the ways to an answer did
 * (`Evidence.ts`), and of which channel leads (`Leads.ts`). They are kept here and nowhere else: whoever asked tells the outcome, once.
 *
 * Facts of the moment come from the caller, who reads them at the instant of decision; keeping a copy here is how a selector comes to choose a
 * socket that is long gone.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { TierName } from "../domain/Provenance.ts";
import type { Kind, Question } from "../domain/Question.ts";
import type { KeyId, StreamKey } from "../domain/StreamKey.ts";
import { keyId } from "../domain/StreamKey.ts";
import { liveKeyOf } from "../domain/liveKey.ts";
import type { Attempt } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { ChannelInput, ChannelScore, RealtimePriority } from "./channelScore.ts";
import { channelScore } from "./channelScore.ts";
import { type ChannelFigures, Evidence } from "./Evidence.ts";
import type { FrequencyAnalysis } from "./Frequency.ts";
import { Frequency, unknownFrequency } from "./Frequency.ts";
import { type FollowReason, followReason } from "./following.ts";
import { Leads } from "./Leads.ts";
import type { Ranked, RankFacts, RankOptions } from "./TierRank.ts";
import { channelOf, defaultRankOptions, isContested, rank, rowsGate } from "./TierRank.ts";

/** A ranking with what else spoke for it. */
export interface Selection {
  readonly ranked: Ranked;
  /** How often this key is asked; `unknown` for what no subscription could answer. */
  readonly frequency: FrequencyAnalysis;
  /** Why the key is to be subscribed behind the answer, or kept so; undefined where there is no reason. */
  readonly follow: FollowReason | undefined;
  /** When the socket's first element counts as late, in milliseconds; null while it was not measured. */
  readonly lateAfterMs: number | null;
}

/** A selection with everything that led to it. */
export interface Explanation extends Selection {
  /** The facts, with what was measured and who leads. */
  readonly facts: RankFacts;
  /** The older two-channel comparison, as a second opinion. */
  readonly channel: ChannelScore;
  /** What was seen of each way to an answer of this kind. */
  readonly figures: ReadonlyArray<ChannelFigures>;
}

/** How a call went. */
export interface CallOutcome {
  readonly attempts: ReadonlyArray<Attempt>;
  /** How old the answer was when it was given, in milliseconds; NaN when there was none. */
  readonly ageMs: number;
}

export class ChannelSelector extends Context.Service<
  ChannelSelector,
  {
    /** Counts the question and ranks the tiers for it. Synchronous: it stands in the way of every answer. */
    readonly select: (question: Question, facts: RankFacts) => Selection;
    /** The same ranking with everything that led to it. Counts nothing. */
    readonly explain: (question: Question, facts: RankFacts) => Explanation;
    /** Takes in how the call went that was ranked by these facts. Synchronous, and a few writes. */
    readonly learn: (question: Question, facts: RankFacts, outcome: CallOutcome) => void;
    /** The first element of a key came, so long after it was wished for on an open link, whether or not somebody waited. Synchronous. */
    readonly heardFirst: (kind: Kind, tookMs: number) => void;
    /** How often a key is asked. */
    readonly frequency: (key: StreamKey) => FrequencyAnalysis;
    /** Latency, success and freshness of each channel, by kind and way, of the last twenty outcomes. */
    readonly figures: () => ReadonlyArray<ChannelFigures>;
  }
>()("@naru/router/select/ChannelSelector") {
  /** With weights and policy of one's own. */
  static readonly layerWith = (options: RankOptions): Layer.Layer<ChannelSelector> =>
    Layer.effect(
      ChannelSelector,
      Clock.clockWith((clock) => Effect.sync(() => make(clock, options))),
    );
  /** As the knob `ranking` says. */
  static readonly layer: Layer.Layer<ChannelSelector> = Layer.unwrap(
    Effect.map(RouterConfig, ({ ranking }) => ChannelSelector.layerWith(ranking)),
  );
  /** Ranks these tiers in this order, whatever is asked. */
  static readonly layerTest = (order: ReadonlyArray<TierName>): Layer.Layer<ChannelSelector> =>
    Layer.effect(
      ChannelSelector,
      Clock.clockWith((clock) => Effect.sync(() => fixed(make(clock, defaultRankOptions), order))),
    );
}

/** Keys whose frequency is remembered; the one asked longest ago leaves. */
export const frequencyCapacity = 10_000;

const make = (clock: Clock.Clock, options: RankOptions) => {
  const frequencies = new Map<KeyId, Frequency>();
  const evidence = new Evidence({ bound: options.measuredBound });
  const leads = new Leads();

  const record = (id: KeyId): Frequency => {
    const frequency = frequencies.get(id) ?? new Frequency();
    frequency.record(Number(clock.monotonicTimeNanosUnsafe()) / 1e6);
    // A map keeps the order of insertion: taken out and put back, a key is the youngest.
    frequencies.delete(id);
    frequencies.set(id, frequency);
    const oldest = frequencies.size > frequencyCapacity ? frequencies.keys().next().value : undefined;
    if (oldest !== undefined) frequencies.delete(oldest);
    return frequency;
  };
  const frequencyOf = (key: StreamKey): FrequencyAnalysis => frequencies.get(keyId(key))?.analyse() ?? unknownFrequency;
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

  /** The facts with what is remembered. `decide` is asked for the lead where two channels could have it. */
  const remembered = (question: Question, facts: RankFacts, decide: "lead" | "peek"): RankFacts => {
    const { hot, restWaitMs, subscribed } = facts;
    const measured = evidence.measure(question.kind, { hotFresh: hot === "fresh", subscribed, restWaitMs }, nowMs());
    const known = measured === undefined ? facts : { ...facts, measured };
    if (!isContested(question, facts)) return known;
    const asked = rank(question, known, options).tiers.filter(({ tier }) => tier !== "hot_cache");
    const first = asked[0];
    if (first === undefined) return known;
    const wanted = channelOf(first.tier);
    const other = asked.find(({ tier }) => channelOf(tier) !== wanted);
    const margin = other === undefined ? Number.POSITIVE_INFINITY : first.score - other.score;
    const subject = `${question.kind} ${question.intent.context}`;
    return { ...known, lead: leads[decide](subject, wanted, margin, nowMs()) };
  };

  return ChannelSelector.of({
    select: (question, facts) => {
      const key = liveKeyOf(question);
      const frequency = key === undefined ? unknownFrequency : record(keyId(key)).analyse();
      return {
        ranked: rank(question, remembered(question, facts, "lead"), options),
        frequency,
        follow: key === undefined ? undefined : followReason(question, facts, frequency),
        lateAfterMs: evidence.lateAfterMs(question.kind, "first_element", nowMs()),
      };
    },
    explain: (question, given) => {
      const key = liveKeyOf(question);
      const frequency = key === undefined ? unknownFrequency : frequencyOf(key);
      const facts = remembered(question, given, "peek");
      const figures = evidence.figures(nowMs()).filter(({ kind }) => kind === question.kind);
      const socketMs = evidence.meanMs(question.kind, facts.subscribed ? "live" : "first_element", nowMs());
      const means = { restMeanMs: evidence.meanMs(question.kind, "rest", nowMs()), websocketMeanMs: socketMs };
      const follow = key === undefined ? undefined : followReason(question, facts, frequency);
      const channel = twoChannels(question, facts, frequency, means);
      const lateAfterMs = evidence.lateAfterMs(question.kind, "first_element", nowMs());
      return { ranked: rank(question, facts, options), frequency, follow, lateAfterMs, facts, figures, channel };
    },
    learn: (question, facts, { attempts, ageMs }) => {
      // Memory needs no measuring, and the time of many rows is no measure of one.
      if (attempts.length === 1 && attempts[0]?.tier === "hot_cache") return;
      if (liveKeyOf(question) !== undefined) evidence.learn(question.kind, attempts, facts.subscribed, ageMs, nowMs());
    },
    heardFirst: (kind, tookMs) => evidence.heardFirst(kind, tookMs, nowMs()),
    frequency: frequencyOf,
    figures: () => evidence.figures(nowMs()),
  });
};

const fixed = (selector: ReturnType<typeof make>, order: ReadonlyArray<TierName>): ReturnType<typeof make> => {
  const reorder = (ranked: Ranked): Ranked => ({
    ...ranked,
    tiers: order.map((tier) => ({ tier, score: ranked.scores[tier] })),
    gated: [],
  });
  return {
    ...selector,
    select: (question, facts) => {
      const selection = selector.select(question, facts);
      return { ...selection, ranked: reorder(selection.ranked) };
    },
    explain: (question, facts) => {
      const explanation = selector.explain(question, facts);
      return { ...explanation, ranked: reorder(explanation.ranked) };
    },
  };
};

const twoChannels = (
  question: Question,
  facts: RankFacts,
  frequency: FrequencyAnalysis,
  means: Pick<ChannelInput, "restMeanMs" | "websocketMeanMs">,
): ChannelScore =>
  channelScore({
    ...means,
    kind: question.kind,
    realtime: realtimePriority(question),
    frequency: frequency.category,
    connected: facts.connected,
    websocketUsage: facts.socketUsage ?? 0,
    restUsage: facts.usage,
    markets: facts.markets,
    count: "count" in question ? (question.count ?? undefined) : undefined,
    past: rowsGate(question) === "history_requires_rest",
  });

const realtimePriority = (question: Question): RealtimePriority => {
  if (question.intent.realtime) return "high";
  const { context } = question.intent;
  return context === "realtime_trading" || context === "monitoring" ? "medium" : "low";
};
