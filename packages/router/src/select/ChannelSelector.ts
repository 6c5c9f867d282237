/**
 * The selector: the pure ranking of `TierRank.ts` with a memory of how often each key is asked. The facts come from the caller, who reads
 * them at the instant of decision; keeping a copy here is how a selector comes to choose a socket that is long gone.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { TierName } from "../domain/Provenance.ts";
import type { Question } from "../domain/Question.ts";
import type { KeyId, StreamKey } from "../domain/StreamKey.ts";
import { keyId } from "../domain/StreamKey.ts";
import { liveKeyOf } from "../domain/liveKey.ts";
import type { ChannelScore, RealtimePriority } from "./channelScore.ts";
import { channelScore } from "./channelScore.ts";
import type { FrequencyAnalysis } from "./Frequency.ts";
import { Frequency, unknownFrequency } from "./Frequency.ts";
import type { Ranked, RankFacts, RankOptions } from "./TierRank.ts";
import { defaultRankOptions, rank, rowsGate } from "./TierRank.ts";

/** A ranking with what else spoke for it. */
export interface Selection {
  readonly ranked: Ranked;
  /** How often this key is asked. `high` is the moment to subscribe behind the answers; `unknown` for what no subscription could answer. */
  readonly frequency: FrequencyAnalysis;
}

/** A selection with the older two-channel comparison beside it. */
export interface Explanation extends Selection {
  readonly channel: ChannelScore;
}

export class ChannelSelector extends Context.Service<
  ChannelSelector,
  {
    /** Counts the question and ranks the tiers for it. Synchronous: it stands in the way of every answer. */
    readonly select: (question: Question, facts: RankFacts) => Selection;
    /** The same ranking with everything that led to it. Counts nothing. */
    readonly explain: (question: Question, facts: RankFacts) => Explanation;
    /** How often a key is asked. */
    readonly frequency: (key: StreamKey) => FrequencyAnalysis;
  }
>()("@naru/router/select/ChannelSelector") {
  /** With weights and policy of one's own. */
  static readonly layerWith = (options: RankOptions): Layer.Layer<ChannelSelector> =>
    Layer.effect(
      ChannelSelector,
      Clock.clockWith((clock) => Effect.sync(() => make(clock, options))),
    );
  static readonly layer: Layer.Layer<ChannelSelector> = ChannelSelector.layerWith(defaultRankOptions);
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

  return ChannelSelector.of({
    select: (question, facts) => {
      const key = liveKeyOf(question);
      return {
        ranked: rank(question, facts, options),
        frequency: key === undefined ? unknownFrequency : record(keyId(key)).analyse(),
      };
    },
    explain: (question, facts) => {
      const key = liveKeyOf(question);
      const frequency = key === undefined ? unknownFrequency : frequencyOf(key);
      return { ranked: rank(question, facts, options), frequency, channel: twoChannels(question, facts, frequency) };
    },
    frequency: frequencyOf,
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

const twoChannels = (question: Question, facts: RankFacts, frequency: FrequencyAnalysis): ChannelScore =>
  channelScore({
    kind: question.kind,
    realtime: realtimePriority(question),
    frequency: frequency.category,
    connected: facts.connected,
    // The socket's message limit is never near: changes are coalesced into one frame.
    websocketUsage: 0,
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
