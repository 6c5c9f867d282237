/** Traces, logs and metrics at a collector of ours: what arrives there, and that nothing of it is seen by the exchange. */
import { assert, describe, it } from "@effect/vitest";
import * as Telemetry from "@naru/node/Telemetry";
import { getTicker } from "@naru/router/MarketData";
import { Exchange, layerLoopbackServer, LoopbackServer, Sim } from "@naru/sim";
import { connect } from "@naru/upbit/connect";
import { Effect, Layer, References } from "effect";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A collector that keeps what it is sent; with `status` it refuses everything. */
const collector = (status = 200) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const received: Array<Received> = [];
      const waiting: Array<{ readonly text: string; readonly found: () => void }> = [];
      const until = (text: string) => Effect.promise(() => new Promise<void>((found) => waiting.push({ text, found })));
      const server: Server = createServer((request, response) => {
        let body = "";
        request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        request.on("end", () => {
          received.push({ path: request.url ?? "", headers: request.headers, body });
          for (const { text, found } of waiting) if (body.includes(text)) found();
          response.writeHead(status, { "content-type": "application/json" }).end("{}");
        });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      // Listening on TCP, the address is an object.
      return { received, until, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    }),
    ({ server }) =>
      Effect.sync(() => server.closeAllConnections()).pipe(Effect.andThen(Effect.promise(() => new Promise((done) => server.close(done))))),
  );

const of = (received: ReadonlyArray<Received>, path: string) => received.filter((one) => one.path === path).map(({ body }) => body);

interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceId: string;
  readonly attributes: ReadonlyArray<{
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly intValue?: number };
  }>;
}

/** The spans of everything that was sent. */
const spansOf = (received: ReadonlyArray<Received>): ReadonlyArray<OtlpSpan> =>
  of(received, "/v1/traces").flatMap((body) => {
    const sent = JSON.parse(body) as {
      readonly resourceSpans: ReadonlyArray<{ readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<OtlpSpan> }> }>;
    };
    return sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });

describe("a collector of telemetry", () => {
  it.live("is sent spans of calls and attempts, lines with the request's id, and metrics; the exchange sees none of it", () =>
    Effect.gen(function* () {
      const { received, until, url } = yield* collector();
      const telemetry = Telemetry.layer({ url, serviceName: "my-bot", metricsEveryMs: 50 });
      const { answer, seen } = yield* Effect.gen(function* () {
        const asked = yield* getTicker("KRW-BTC", { strategy: "rest_only" });
        const { ledger } = yield* Exchange;
        // What is read when somebody looks is gone with the client.
        yield* until("naru_limiter_headroom");
        return { answer: asked, seen: ledger };
      }).pipe(
        Effect.provideService(References.MinimumLogLevel, "Debug"),
        Effect.provide(Sim.layerLoopback({ seed: 3 }).pipe(Layer.provideMerge(telemetry))),
      );

      const { requestId, tier } = answer.provenance;
      const spans = spansOf(received);
      const call = spans.find(({ name }) => name === "MarketData.ask");
      const attempt = spans.find(({ name }) => name === `tier ${tier}`);
      assert(call !== undefined && attempt !== undefined, spans.map(({ name }) => name).join());
      assert.deepStrictEqual([attempt.parentSpanId, attempt.traceId], [call.spanId, call.traceId]);
      assert.strictEqual(call.attributes.find(({ key }) => key === "requestId")?.value.stringValue, requestId);
      assert.sameMembers(
        attempt.attributes.map(({ key }) => key),
        ["requestId", "tier", "index", "total", "outcome", "reason", "durationMs"],
      );
      assert.isTrue(spans.some(({ name }) => name === "Rest.run"));

      const logs = of(received, "/v1/logs").join();
      assert.include(logs, `${tier} answered in`);
      assert.include(logs, requestId);
      const metrics = of(received, "/v1/metrics").join();
      for (const name of ["naru_calls_total", "naru_call_seconds", "naru_limiter_headroom", "naru_mode"])
        assert.include(metrics, `"${name}"`);
      assert.include(metrics, "my-bot");

      const headers = seen.requests().map((request) => Object.keys(request.headers));
      assert.isAbove(headers.length, 0);
      for (const names of headers) for (const name of names) assert.notMatch(name, /trace|baggage|^b3$|x-b3/i);
    }).pipe(Effect.scoped),
  );

  it.live("that refuses, or does not answer at all, costs no call anything", () =>
    Effect.gen(function* () {
      const { url } = yield* collector(500);
      for (const one of [url, "http://127.0.0.1:9"]) {
        const telemetry = Telemetry.layer({ url: one, exportEveryMs: 20, metricsEveryMs: 20, shutdownTimeoutMs: 200 });
        const answer = yield* Effect.provide(
          getTicker("KRW-BTC"),
          Layer.fresh(Sim.layerLoopback({ seed: 3 })).pipe(Layer.provideMerge(telemetry)),
        );
        assert.strictEqual(answer.market, "KRW-BTC");
      }
    }).pipe(Effect.scoped),
  );

  it.live("is one option of the promise door", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector();
      const exchange = yield* LoopbackServer;
      yield* Effect.promise(async () => {
        await using naru = await connect({
          venue: exchange.url,
          profile: { id: "sim", simulated: true },
          telemetry: { url, headers: { "x-key": "secret" } },
        });
        await naru.getTicker("KRW-BTC");
      });
      assert.isTrue(spansOf(received).some(({ name }) => name === "MarketData.ask"));
      assert.deepStrictEqual([...new Set(received.map(({ headers }) => headers["x-key"]))], ["secret"]);
    }).pipe(Effect.provide(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 21 })))), Effect.scoped),
  );

  it.effect("has to be an address, and a wrong one is told without the password in it", () =>
    Effect.gen(function* () {
      for (const url of ["localhost:4318", "ftp://localhost", "http//me:hunter2@host"]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(Telemetry.layer({ url }))));
        assert.strictEqual(error.setting, "telemetry.url");
        assert.notInclude(error.message, "hunter2");
      }
    }),
  );
});
