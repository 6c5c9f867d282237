/**
 * Metrics whose values are read from our own numbers when a snapshot is taken, and never written: a set of series with the same labels, which come and
 * go together.
 */
import type * as Context from "effect/Context";
import * as Metric from "effect/Metric";
import { changeBoundsMs, type ModeCounts } from "./ChangeNumbers.ts";
import type { RecentValues } from "./RecentValues.ts";

/** Series of one set of labels, and all those made from it. */
export class SeriesSet {
  readonly #context: Context.Context<never>;
  readonly #labels: Record<string, string>;
  readonly #registrations: Array<Metric.Registration> = [];
  readonly #parts = new Set<SeriesSet>();
  readonly #parent: SeriesSet | undefined;

  constructor(context: Context.Context<never>, labels: Record<string, string>, parent?: SeriesSet) {
    this.#context = context;
    this.#labels = labels;
    this.#parent = parent;
  }

  /** The same with more labels. */
  with(labels: Record<string, string>): SeriesSet {
    const part = new SeriesSet(this.#context, { ...this.#labels, ...labels }, this);
    this.#parts.add(part);
    return part;
  }

  counter(metric: Metric.Counter<number>, read: () => number): void {
    this.#register(metric, () => ({ count: read(), incremental: true }));
  }

  gauge(metric: Metric.Gauge<number>, read: () => number): void {
    this.#register(metric, () => ({ value: read() }));
  }

  summary(metric: Metric.Summary<number>, values: RecentValues): void {
    const shares = [0.5, 0.95];
    this.#register(metric, () => {
      const found = values.percentiles(shares);
      const quantiles = shares.map((share, i) => [share, inSeconds(found[i] ?? undefined)] as const);
      return { quantiles, count: values.count, sum: values.sum / 1_000, min: values.min / 1_000, max: values.max / 1_000 };
    });
  }

  histogram(metric: Metric.Histogram<number>, counts: ModeCounts): void {
    this.#register(metric, () => {
      let upTo = 0;
      const buckets = changeBoundsMs.map((boundMs, i): [number, number] => [boundMs / 1_000, (upTo += counts.buckets[i] ?? 0)]);
      return { buckets, count: counts.completed, sum: counts.sumMs / 1_000, min: counts.minMs / 1_000, max: counts.maxMs / 1_000 };
    });
  }

  remove(): void {
    for (const part of this.#parts) part.remove();
    for (const registration of this.#registrations) registration.remove();
    this.#registrations.length = 0;
    if (this.#parent !== undefined) this.#parent.#parts.delete(this);
  }

  #register<State>(metric: Metric.Metric<number, State>, get: () => State): void {
    const labelled = Metric.withAttributes(metric, this.#labels);
    this.#registrations.push(Metric.registerUnsafe(labelled, this.#context, { get, update: ignored, modify: ignored }));
  }
}

const ignored = (): void => {};

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);
