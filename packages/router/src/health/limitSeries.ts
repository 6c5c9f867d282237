/**
 * Publishes the state of the limits as metrics. It is one per process and host while routers come and go, so the series of a host are published once in
 * a registry, however many routers look at it, and taken back with the last of them.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Metric from "effect/Metric";
import type * as Scope from "effect/Scope";
import * as LimitMetrics from "./LimitMetrics.ts";
import { SeriesSet } from "./SeriesSet.ts";

/** One group as it stands. */
export interface LimitReading {
  readonly group: string;
  readonly limit: number;
  readonly allowed: number;
  readonly others: number;
  readonly used: number;
  readonly waiting: number;
  readonly pausedMs: number;
  readonly refusals: number;
}

/** Publishes until the scope closes. `read` must go on answering when the router it came from has ended. */
export const publishLimits = (host: string, read: () => ReadonlyArray<LimitReading>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>();
    const published = publishedIn(Context.get(context, Metric.MetricRegistry));
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const known = published.get(host) ?? { series: seriesOf(host, read, context), lookers: 0 };
        known.lookers++;
        published.set(host, known);
        return known;
      }),
      (known) =>
        Effect.sync(() => {
          if (--known.lookers > 0) return;
          known.series.remove();
          published.delete(host);
        }),
    );
  });

interface Published {
  readonly series: SeriesSet;
  lookers: number;
}

/** A registry outlives the routers that publish there. */
const registries = new WeakMap<Metric.MetricRegistry, Map<string, Published>>();

const publishedIn = (registry: Metric.MetricRegistry): Map<string, Published> => {
  const published = registries.get(registry) ?? new Map<string, Published>();
  registries.set(registry, published);
  return published;
};

const seriesOf = (host: string, read: () => ReadonlyArray<LimitReading>, context: Context.Context<never>): SeriesSet => {
  const all = new SeriesSet(context, { host });
  for (const { group } of read()) {
    const series = all.with({ group });
    const at = (value: (reading: LimitReading) => number) => () => {
      const reading = read().find((one) => one.group === group);
      return reading === undefined ? 0 : value(reading);
    };
    series.gauge(
      LimitMetrics.limit,
      at(({ limit }) => limit),
    );
    series.gauge(
      LimitMetrics.allowed,
      at(({ allowed }) => allowed),
    );
    series.gauge(
      LimitMetrics.others,
      at(({ others }) => others),
    );
    series.gauge(
      LimitMetrics.used,
      at(({ used }) => used),
    );
    series.gauge(
      LimitMetrics.waiting,
      at(({ waiting }) => waiting),
    );
    series.gauge(
      LimitMetrics.pause,
      at(({ pausedMs }) => pausedMs / 1_000),
    );
    series.counter(
      LimitMetrics.refusals,
      at(({ refusals }) => refusals),
    );
  }
  return all;
};
