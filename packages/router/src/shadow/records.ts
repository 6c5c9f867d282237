/** What is kept of the questions that were asked twice, and what they come to by who answered. Pure. */
import type { Channel, Source } from "../domain/Provenance.ts";
import type { Kind } from "../domain/Question.ts";
import { percentile } from "../health/RecentValues.ts";
import type { Verdict } from "./compareAnswers.ts";

/** `failed`: the exchange did not answer the second time. */
export type ShadowVerdict = Verdict | "failed";

/** One question that was asked twice. */
export interface ShadowRecord {
  readonly kind: Kind;
  readonly market: string;
  /** Who answered the caller. */
  readonly tier: Source;
  readonly channel: Channel;
  readonly verdict: ShadowVerdict;
  /** By how much the router was quicker, in milliseconds. */
  readonly quickerMs: number;
  /** By how much the direct answer was newer, by the exchange's time, in milliseconds. */
  readonly newerMs: number;
  /** The live key that gave the answer was found to lie, and is not believed until it speaks again. */
  readonly refuted: boolean;
  /** Wall clock, epoch milliseconds. */
  readonly atMs: number;
}

/** All answers that one tier gave over one channel. */
export interface ShadowAggregate {
  readonly tier: Source;
  readonly channel: Channel;
  readonly verdicts: Readonly<Record<ShadowVerdict, number>>;
  /** The medians, over those that the exchange answered twice; null where there is none. */
  readonly quickerMs: number | null;
  readonly newerMs: number | null;
}

/** In the order in which the first of each came. */
export const aggregate = (records: ReadonlyArray<ShadowRecord>): ReadonlyArray<ShadowAggregate> => {
  const groups = Map.groupBy(records, ({ channel, tier }) => `${tier} ${channel}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const verdicts = { equal: 0, different: 0, moved: 0, behind: 0, failed: 0 };
    for (const { verdict } of group) verdicts[verdict]++;
    const compared = group.filter(({ verdict }) => verdict !== "failed");
    return [
      {
        ...{ tier: first.tier, channel: first.channel, verdicts },
        quickerMs: median(compared.map(({ quickerMs }) => quickerMs)),
        newerMs: median(compared.map(({ newerMs }) => newerMs)),
      },
    ];
  });
};

const median = (values: ReadonlyArray<number>): number | null =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
