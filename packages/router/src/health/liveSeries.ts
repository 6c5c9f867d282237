/**
 * Publishes `LiveNumbers` as Effect metrics, read when somebody looks: a frame never touches a metric. Series of keys and links come and go with
 * them.
 *
 * A hundred keys have a series of their own: the first that came, and a newcomer takes the place of one that left. The rest is `other`.
 */
import type * as Context from "effect/Context";
import type * as Metric from "effect/Metric";
import { changeBoundsMs, type ModeCounts } from "./ChangeNumbers.ts";
import type { KeyNumbers } from "./KeyNumbers.ts";
import type { LinkNumbers } from "./LinkNumbers.ts";
import { ChangeMode, type Deliveries, LinkEndReason } from "./LiveMetrics.ts";
import type { LiveNumbers } from "./LiveNumbers.ts";
import { receiveFailures } from "./receiveFailure.ts";
import type { RecentValues } from "./RecentValues.ts";
import * as Metrics from "./Metrics.ts";
import { SeriesSet } from "./SeriesSet.ts";

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
  other.counter(Metrics.messages, () => [...labelled.keys()].reduce((left, key) => left - key.messages, numbers.messages - goneMessages));
  other.gauge(Metrics.messageRate, () => numbers.perSecondOf(nowMs(), (key) => !labelled.has(key)));
  numbers.listen({
    keyAdded: (key) => {
      if (labelled.size >= labelledKeys) return;
      const own = series.with({ key: key.name });
      own.counter(Metrics.messages, () => key.messages);
      own.gauge(Metrics.messageRate, () => key.perSecond(nowMs()));
      summary(own, Metrics.lag, key.lag);
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
  series.gauge(Metrics.keys, () => numbers.keyCount);
  for (const mode of ChangeMode.literals) {
    const counts = numbers.changes.modes[mode];
    for (const outcome of ["completed", "failed", "withdrawn"] as const)
      series.with({ mode, outcome }).counter(Metrics.changes, () => counts[outcome]);
    histogram(series.with({ mode }), Metrics.changeSeconds, counts);
  }
  for (const cause of receiveFailures) series.with({ cause }).counter(Metrics.receiveFailures, () => numbers.failures[cause]);
  series.counter(Metrics.frames, () => numbers.decoding.frames);
  numbers.decoding.onCause = (cause) =>
    series.with({ cause }).counter(Metrics.generalFrames, () => numbers.decoding.causes.get(cause) ?? 0);
  series.gauge(Metrics.consumers, () => numbers.consumers.open);
  for (const [fate, metric] of fates) series.counter(metric, () => numbers.consumers.total()[fate]);
  for (const outcome of ["healed", "told"] as const) series.with({ outcome }).counter(Metrics.holes, () => numbers[outcome]);
  series.counter(Metrics.holeRows, () => numbers.rowsRecovered);
  summary(series, Metrics.holeSeconds, numbers.healMs);
  series.counter(Metrics.auditedRows, () => numbers.rowsCompared);
  series.counter(Metrics.missingRows, () => numbers.rowsMissing);
  series.counter(Metrics.linkSwitches, () => numbers.switches);
  series.counter(Metrics.linkBlindSeconds, () => numbers.blindMs / 1_000);
};

const fates: ReadonlyArray<readonly [keyof Deliveries, Metric.Counter<number>]> = [
  ["delivered", Metrics.delivered],
  ["dropped", Metrics.dropped],
  ["conflated", Metrics.conflated],
  ["late", Metrics.late],
  ["recovered", Metrics.recovered],
  ["gaps", Metrics.gaps],
];

const publishLink = (series: SeriesSet, link: LinkNumbers, nowMs: () => number): void => {
  series.gauge(Metrics.linkUp, () => (link.open ? 1 : 0));
  series.gauge(Metrics.linkKeys, () => link.keys);
  series.counter(Metrics.linkOpens, () => link.opens);
  series.counter(Metrics.linkReconnects, () => link.reconnects);
  for (const reason of LinkEndReason.literals) series.with({ reason }).counter(Metrics.linkEnds, () => link.ends[reason]);
  series.counter(Metrics.linkFailedAttempts, () => link.failedAttempts);
  series.counter(Metrics.linkSent, () => link.sent);
  series.counter(Metrics.linkResends, () => link.resends);
  series.counter(Metrics.linkSlowdowns, () => link.slowdowns);
  series.with({ outcome: "same" }).counter(Metrics.linkListChecks, () => link.listChecks - link.listDifferences);
  series.with({ outcome: "different" }).counter(Metrics.linkListChecks, () => link.listDifferences);
  series.counter(Metrics.linkDownSeconds, () => link.downMs(nowMs()) / 1_000);
  series.gauge(Metrics.linkRoundTrip, () => (link.roundTripMs === null ? Number.NaN : link.roundTripMs / 1_000));
};

const summary = (series: SeriesSet, metric: Metric.Summary<number>, values: RecentValues): void => {
  const shares = [0.5, 0.95];
  series.register(metric, () => {
    const found = values.percentiles(shares);
    const quantiles = shares.map((share, i) => [share, inSeconds(found[i] ?? undefined)] as const);
    return { quantiles, count: values.count, sum: values.sum / 1_000, min: values.min / 1_000, max: values.max / 1_000 };
  });
};

const histogram = (series: SeriesSet, metric: Metric.Histogram<number>, counts: ModeCounts): void =>
  series.register(metric, () => {
    let upTo = 0;
    const buckets = changeBoundsMs.map((boundMs, i): [number, number] => [boundMs / 1_000, (upTo += counts.buckets[i] ?? 0)]);
    return { buckets, count: counts.completed, sum: counts.sumMs / 1_000, min: counts.minMs / 1_000, max: counts.maxMs / 1_000 };
  });

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);
