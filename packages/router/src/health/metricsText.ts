/** The metrics of this process as text in Prometheus' format. What writes it is loaded when it is first asked for: it brings an HTTP server with it. */
import * as Effect from "effect/Effect";
import type * as PrometheusMetrics from "effect/observability/PrometheusMetrics";

let loaded: typeof PrometheusMetrics | undefined;

const load = Effect.promise(async () => (loaded ??= await import("effect/observability/PrometheusMetrics")));

export const metricsText: Effect.Effect<string> = Effect.suspend(() =>
  loaded === undefined ? Effect.flatMap(load, ({ format }) => format()) : loaded.format(),
);
