/**
 * Where alerts go, named as data: `Layer.provide(Upbit.layer, AlertTargets.layer([{ to: "log" }, { to: "slack", url }]))`, or the option `alerts` of
 * `connect`. Hooks are posted to over undici; a file gets a line of JSON for each alert, readable by its owner only, and is begun anew at ten
 * megabytes, the one before kept beside it. What posts to a hook is loaded where there is one.
 */
import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { Alert } from "@naru/router/alerts/Alert";
import { type AlertSink, AlertSinks, consoleSink, logSink, SinkFailure } from "@naru/router/alerts/AlertSink";
import type { WebhookTarget } from "@naru/router/alerts/webhooks";
import { ConfigError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import { errorCode } from "./networkFailure.ts";

export type AlertTarget =
  | { readonly to: "log" }
  | { readonly to: "console" }
  /** An absolute path. */
  | { readonly to: "file"; readonly path: string }
  | WebhookTarget;

/** The sinks of a router that is built over this layer, in place of the log. */
export const layer = (targets: ReadonlyArray<AlertTarget>): Layer.Layer<never, ConfigError> =>
  Layer.effect(AlertSinks, Effect.forEach(targets, sinkOf));

const sinkOf = (target: AlertTarget): Effect.Effect<AlertSink, ConfigError, Scope.Scope> => {
  switch (target.to) {
    case "log":
      return Effect.succeed(logSink);
    case "console":
      return Effect.succeed(consoleSink);
    case "file":
      return isAbsolute(target.path) ? Effect.succeed(fileSink(target.path)) : refuse("file", target.path, "is no absolute path");
    case "telegram":
      return /^[\w:-]+$/.test(textOf(target.token)) ? hookSink(target) : refuse("telegram", "…", "is not the token of a bot");
    default: {
      const url = textOf(target.url);
      const isHook = URL.canParse(url) && (url.startsWith("https://") || /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url));
      // The address is the password of the hook.
      return isHook ? hookSink(target) : refuse(target.to, "…", "is not an address over TLS");
    }
  }
};

const hookSink = (target: WebhookTarget): Effect.Effect<AlertSink, ConfigError, Scope.Scope> =>
  Effect.gen(function* () {
    const [{ webhookSink }, { layerUndici }] = yield* Effect.tryPromise({
      try: () => Promise.all([import("@naru/router/alerts/webhooks"), import("@effect/platform-node/NodeHttpClient")]),
      catch: (cause) => new ConfigError({ setting: `alerts.${target.to}`, input: "…", reason: `cannot be loaded: ${errorCode(cause)}` }),
    });
    return yield* Effect.provide(webhookSink(target), yield* Layer.build(layerUndici));
  });

const refuse = (to: AlertTarget["to"], input: string, reason: string) =>
  Effect.fail(new ConfigError({ setting: `alerts.${to}`, input, reason }));

const textOf = (value: string | Redacted.Redacted): string => (typeof value === "string" ? value : Redacted.value(value));

const mostBytes = 10_000_000;
const encodeAlert = Schema.encodeSync(Alert);

const fileSink = (path: string): AlertSink => ({
  name: "file",
  send: (alert) =>
    Effect.tryPromise({
      try: async () => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        const size = await stat(path).then(
          (stats) => stats.size,
          () => 0,
        );
        if (size > mostBytes) await rename(path, `${path}.1`);
        await appendFile(path, `${JSON.stringify(encodeAlert(alert))}\n`, { mode: 0o600 });
      },
      catch: (cause) => new SinkFailure({ reason: errorCode(cause) ?? "not written", retryable: true }),
    }),
});
