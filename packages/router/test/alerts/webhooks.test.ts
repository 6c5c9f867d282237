/** Hooks: what each service is sent, and that the address, which is a password, is in nothing that is told. */
import { assert, describe, it } from "@effect/vitest";
import { Cause, Effect, Exit, Layer, Logger, Metric, Redacted, References, Tracer } from "effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import type * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import { TestClock } from "effect/testing";
import { inspect } from "node:util";
import type { Alert } from "../../src/alerts/Alert.ts";
import { deliveryTo } from "../../src/alerts/AlertSink.ts";
import { webhookSink, type WebhookTarget } from "../../src/alerts/webhooks.ts";

const alert: Alert = {
  rule: "error_burst",
  about: "NetworkError",
  state: "raised",
  severity: "warning",
  what: "<!channel> @everyone <b>12</b> & more",
  sinceMs: 0,
  atMs: 5_000,
  did: "asked again",
  youCan: "look",
  venue: "upbit",
  simulated: false,
};

const canary = "hunter2-canary";
const targets: ReadonlyArray<WebhookTarget> = [
  { to: "slack", url: Redacted.make(`https://hooks.slack.com/services/${canary}`) },
  { to: "discord", url: `https://discord.com/api/webhooks/1/${canary}` },
  { to: "telegram", token: Redacted.make(`123:${canary}`), chatId: "-100" },
  { to: "webhook", url: `https://example.test/${canary}`, headers: { authorization: Redacted.make(`Bearer ${canary}`) } },
];

interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const bodyOf = (request: HttpClientRequest.HttpClientRequest): unknown =>
  request.body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(request.body.body)) : undefined;

/** A network that writes down what is posted, and answers as it is told. */
const network = (answer: (posted: Posted) => number | "down") => {
  const posted: Array<Posted> = [];
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.suspend(() => {
        const one = { url: url.href, headers: { ...request.headers }, body: bodyOf(request) };
        posted.push(one);
        const status = answer(one);
        if (status !== "down")
          return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(`no such hook ${canary}`, { status })));
        const cause = new Error(`connect ECONNREFUSED ${url.href}`);
        return Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) }));
      }),
    ),
  );
  return { posted, layer };
};

describe("a hook", () => {
  it.effect("is sent what its service understands, as plain text, and mentions nobody", () => {
    const { posted, layer } = network(() => 200);
    return Effect.gen(function* () {
      for (const target of targets) yield* (yield* webhookSink(target)).send(alert);
      const [slack, discord, telegram, webhook] = posted;
      assert.deepStrictEqual(slack?.body, {
        text: "[warning] upbit: &lt;!channel&gt; @everyone &lt;b&gt;12&lt;/b&gt; &amp; more\nsince 1970-01-01T00:00:00.000Z (5 s)\ndone: asked again\nyou can: look",
        mrkdwn: false,
      });
      assert.deepInclude(discord?.body, { allowed_mentions: { parse: [] } });
      assert.strictEqual(telegram?.url, `https://api.telegram.org/bot123:${canary}/sendMessage`);
      assert.deepInclude(telegram?.body, { chat_id: "-100" });
      assert.notProperty(telegram?.body, "parse_mode");
      assert.deepStrictEqual(webhook?.body, alert);
      assert.strictEqual(webhook?.headers["authorization"], `Bearer ${canary}`);
    }).pipe(Effect.provide(layer));
  });

  it.effect("fails without its address in the error, a log line, a span or a metric, whatever goes wrong (S-18)", () => {
    const seen: Array<string> = [];
    const logger = Logger.make((line) => void seen.push(inspect(line, { depth: 8 })));
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        seen.push(inspect(options, { depth: 8 }));
        return span;
      },
    });
    const program = Effect.gen(function* () {
      for (const target of targets) {
        const sink = yield* webhookSink(target);
        seen.push(inspect(target), JSON.stringify(target) ?? "", inspect(sink, { depth: 8 }));
        const exit = yield* Effect.exit(sink.send(alert));
        assert(Exit.isFailure(exit));
        seen.push(Cause.pretty(exit.cause), inspect(exit, { depth: 12, showHidden: true }));
        const deliver = yield* deliveryTo(sink, (name, outcome) => void seen.push(`${name} ${outcome}`));
        deliver(alert);
        yield* TestClock.adjust("1 minute");
      }
      seen.push(inspect(yield* Metric.snapshot, { depth: 8 }));
    });
    return Effect.gen(function* () {
      for (const answer of ["down", 404, 429, 500] as const) {
        yield* program.pipe(
          Effect.scoped,
          Effect.provide(network(() => answer).layer),
          Effect.withTracer(tracer),
          Effect.provide(Logger.layer([logger])),
          Effect.provideService(References.MinimumLogLevel, "Trace"),
          Effect.provideService(Metric.MetricRegistry, new Map()),
        );
      }
      assert.isAbove(seen.filter((text) => text.endsWith(" failed")).length, 15);
      // A word that an app gives as plain text is its own to keep; what is made of it is not.
      const given = new Set(targets.flatMap((target) => [inspect(target), JSON.stringify(target)]));
      for (const text of seen) if (!given.has(text)) assert.notInclude(text, canary);
    });
  });

  it.effect("is tried again where that can help, and left alone where it cannot", () => {
    const statuses = [503, 429, 200];
    const flaky = network(() => statuses.shift() ?? 200);
    const gone = network(() => 404);
    const run = (layer: Layer.Layer<HttpClient.HttpClient>) =>
      Effect.gen(function* () {
        const outcomes: Array<string> = [];
        const [target] = targets;
        assert(target !== undefined);
        const deliver = yield* deliveryTo(yield* webhookSink(target), (_, outcome) => void outcomes.push(outcome));
        deliver(alert);
        yield* TestClock.adjust("1 minute");
        return outcomes;
      }).pipe(Effect.scoped, Effect.provide(layer));
    return Effect.gen(function* () {
      assert.deepStrictEqual([yield* run(flaky.layer), flaky.posted.length], [["sent"], 3]);
      assert.deepStrictEqual([yield* run(gone.layer), gone.posted.length], [["failed"], 1]);
    });
  });
});
