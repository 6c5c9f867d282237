/**
 * Traces, logs and metrics to an OpenTelemetry collector, over HTTP in OTLP's JSON form: one line of an app, beside the layer of its market data.
 * The collector is the only place they go to. What is asked of the exchange never carries a trace header.
 *
 * What has not been sent yet is sent when the layer closes, for at most `shutdownTimeoutMs`; a collector that cannot be reached costs no call
 * anything.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { ConfigError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Otlp from "effect/observability/Otlp";
import type * as OtlpExporter from "effect/observability/OtlpExporter";
import * as OtlpSerialization from "effect/observability/OtlpSerialization";
import * as Redacted from "effect/Redacted";

export interface TelemetryOptions {
  /** The collector, such as `http://localhost:4318`; `/v1/traces`, `/v1/logs` and `/v1/metrics` are appended. @default none @env OTEL_EXPORTER_OTLP_ENDPOINT */
  readonly url: string;
  /** How the program is called there. @default naru @env OTEL_SERVICE_NAME */
  readonly serviceName?: string | undefined;
  /** Sent with every request, for collectors that ask for a key. @default none */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined;
  /** How often traces and logs leave, in milliseconds. @default 5,000 @costs Longer sends fewer and larger requests, and holds what they tell meanwhile. */
  readonly exportEveryMs?: number | undefined;
  /** How often metrics leave, in milliseconds. @default 10,000 */
  readonly metricsEveryMs?: number | undefined;
  /** How long closing waits for the last of it, in milliseconds. @default 3,000 */
  readonly shutdownTimeoutMs?: number | undefined;
}

/** Everything that is measured and told goes to the collector at `url`; loggers that are there stay. `Flusher` sends what is left at once. */
export const layer = (options: TelemetryOptions): Layer.Layer<OtlpExporter.Flusher, ConfigError> =>
  Layer.unwrap(
    Effect.map(checkedUrl(options.url), (url) => {
      const every = options.exportEveryMs ?? 5_000;
      return Otlp.layerJson({
        baseUrl: url,
        resource: { serviceName: options.serviceName ?? "naru" },
        headers: headersOf(options),
        loggerExportInterval: every,
        loggerMergeWithExisting: true,
        tracerExportInterval: every,
        metricsExportInterval: options.metricsEveryMs ?? 10_000,
        shutdownTimeout: options.shutdownTimeoutMs ?? 3_000,
      }).pipe(Layer.provide(NodeHttpClient.layerUndici));
    }),
  );

/** The collector that the standard variables name (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, …). */
export const layerConfig: Layer.Layer<OtlpExporter.Flusher> = Otlp.layerFromConfig({
  resource: { serviceName: "naru" },
  loggerMergeWithExisting: true,
}).pipe(Layer.provide(Layer.merge(OtlpSerialization.layerJson, NodeHttpClient.layerUndici)));

const headersOf = ({ headers = {} }: TelemetryOptions): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : Redacted.value(value)]));

const checkedUrl = (url: string): Effect.Effect<string, ConfigError> =>
  URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? Effect.succeed(url.replace(/\/+$/, ""))
    : // An address may hold a password.
      Effect.fail(
        new ConfigError({ setting: "telemetry.url", input: url.replace(/\/\/.*@/, "//…@").slice(0, 100), reason: notACollector }),
      );

const notACollector = "is not the address of a collector";
