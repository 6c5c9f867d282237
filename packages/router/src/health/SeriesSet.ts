/**
 * Series that are read when somebody looks: each is registered once with a function that reads a number, and that function runs when a snapshot
 * is taken. What they tell of never touches a metric. A set is of one set of labels, and takes back what it published, its parts too.
 */
import type * as Context from "effect/Context";
import * as Metric from "effect/Metric";

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
    this.register(metric, () => ({ count: read(), incremental: true }));
  }

  gauge(metric: Metric.Gauge<number>, read: () => number): void {
    this.register(metric, () => ({ value: read() }));
  }

  register<State>(metric: Metric.Metric<number, State>, get: () => State): void {
    const labelled = Metric.withAttributes(metric, this.#labels);
    this.#registrations.push(Metric.registerUnsafe(labelled, this.#context, { get, update: ignored, modify: ignored }));
  }

  remove(): void {
    for (const part of this.#parts) part.remove();
    for (const registration of this.#registrations) registration.remove();
    this.#registrations.length = 0;
    if (this.#parent !== undefined) this.#parent.#parts.delete(this);
  }
}

const ignored = (): void => {};
