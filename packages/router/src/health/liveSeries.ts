/**
 * Publishes `LiveNumbers` as Effect metrics. Each series is registered once with a function that reads the number, and that function runs when a
 * snapshot is taken: a frame never touches a metric. Series of keys and links come and go with them.
 *
 * A hundred keys have a series of their own: the first that came, and a newcomer takes the place of one that left. The rest is `other`.
 */
import type * as Context from "effect/Context";
import type * as Metric from "effect/Metric";
import type { KeyNumbers } from "./KeyNumbers.ts";
import type { LinkNumbers } from "./LinkNumbers.ts";
import { ChangeMode, type Deliveries, LinkEndReason } from "./LiveMetrics.ts";
import type { LiveNumbers } from "./LiveNumbers.ts";
import { receiveFailures } from "./receiveFailure.ts";
import { SeriesSet } from "./SeriesSet.ts";
import * as StreamMetrics from "./StreamMetrics.ts";

/** Keys with a series of their own. */
export const labelledKeys = 100;

export interface LiveSeriesOptions {
  readonly numbers: LiveNumbers;
  /** Holds the registry. */
  readonly context: Context.Context<never>;
  readonly client: string;
  readonly nowMs: () => number;
}

/** Publishes everything; what is returned takes it back. To be called before the numbers are told anything. */
export const publish = (options: LiveSeriesOptions): (() => void) => {
  const { numbers, nowMs } = options;
  const series = new SeriesSet(options.context, { client: options.client });
  publishStreams(series, numbers);
  const labelled = new Map<KeyNumbers, SeriesSet>();
  /** Messages of labelled keys that are gone. */
  let goneMessages = 0;
  const other = series.with({ key: "other" });
  other.counter(StreamMetrics.messages, () =>
    [...labelled.keys()].reduce((left, key) => left - key.messages, numbers.messages - goneMessages),
  );
  other.gauge(StreamMetrics.messageRate, () => numbers.perSecondOf(nowMs(), (key) => !labelled.has(key)));
  numbers.listen({
    keyAdded: (key) => {
      if (labelled.size >= labelledKeys) return;
      const own = series.with({ key: key.name });
      own.counter(StreamMetrics.messages, () => key.messages);
      own.gauge(StreamMetrics.messageRate, () => key.perSecond(nowMs()));
      own.summary(StreamMetrics.lag, key.lag);
      labelled.set(key, own);
    },
    keyRemoved: (key) => {
      const own = labelled.get(key);
      if (own === undefined) return;
      labelled.delete(key);
      goneMessages += key.messages;
      own.remove();
    },
    linkAdded: (link) => publishLink(series.with({ link: link.name }), link, nowMs),
  });
  return () => series.remove();
};

const publishStreams = (series: SeriesSet, numbers: LiveNumbers): void => {
  series.gauge(StreamMetrics.keys, () => numbers.keyCount);
  for (const mode of ChangeMode.literals) {
    const counts = numbers.changes.modes[mode];
    for (const outcome of ["completed", "failed", "withdrawn"] as const)
      series.with({ mode, outcome }).counter(StreamMetrics.changes, () => counts[outcome]);
    series.with({ mode }).histogram(StreamMetrics.changeSeconds, counts);
  }
  for (const cause of receiveFailures) series.with({ cause }).counter(StreamMetrics.receiveFailures, () => numbers.failures[cause]);
  series.gauge(StreamMetrics.consumers, () => numbers.consumers.open);
  for (const [fate, metric] of fates) series.counter(metric, () => numbers.consumers.total()[fate]);
  for (const outcome of ["healed", "told"] as const) series.with({ outcome }).counter(StreamMetrics.holes, () => numbers[outcome]);
  series.counter(StreamMetrics.holeRows, () => numbers.rowsRecovered);
  series.summary(StreamMetrics.holeSeconds, numbers.healMs);
  series.counter(StreamMetrics.auditedRows, () => numbers.rowsCompared);
  series.counter(StreamMetrics.missingRows, () => numbers.rowsMissing);
  series.counter(StreamMetrics.linkSwitches, () => numbers.switches);
  series.counter(StreamMetrics.linkBlindSeconds, () => numbers.blindMs / 1_000);
};

const fates: ReadonlyArray<readonly [keyof Deliveries, Metric.Counter<number>]> = [
  ["delivered", StreamMetrics.delivered],
  ["dropped", StreamMetrics.dropped],
  ["conflated", StreamMetrics.conflated],
  ["late", StreamMetrics.late],
  ["recovered", StreamMetrics.recovered],
  ["gaps", StreamMetrics.gaps],
];

const publishLink = (series: SeriesSet, link: LinkNumbers, nowMs: () => number): void => {
  series.gauge(StreamMetrics.linkUp, () => (link.open ? 1 : 0));
  series.gauge(StreamMetrics.linkKeys, () => link.keys);
  series.counter(StreamMetrics.linkOpens, () => link.opens);
  series.counter(StreamMetrics.linkReconnects, () => link.reconnects);
  for (const reason of LinkEndReason.literals) series.with({ reason }).counter(StreamMetrics.linkEnds, () => link.ends[reason]);
  series.counter(StreamMetrics.linkFailedAttempts, () => link.failedAttempts);
  series.counter(StreamMetrics.linkSent, () => link.sent);
  series.counter(StreamMetrics.linkResends, () => link.resends);
  series.with({ outcome: "same" }).counter(StreamMetrics.linkListChecks, () => link.listChecks - link.listDifferences);
  series.with({ outcome: "different" }).counter(StreamMetrics.linkListChecks, () => link.listDifferences);
  series.counter(StreamMetrics.linkDownSeconds, () => link.downMs(nowMs()) / 1_000);
  series.gauge(StreamMetrics.linkRoundTrip, () => (link.roundTripMs === null ? Number.NaN : link.roundTripMs / 1_000));
};
