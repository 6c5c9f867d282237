/** Real connections that cannot be made: what a caller is told of them, how long it takes, and how often it is tried. */
import { type AddressInfo, connect, type Socket } from "node:net";
import tls from "node:tls";
import { Worker } from "node:worker_threads";
import { assert, describe, it } from "@effect/vitest";
import * as NodeTransport from "@naru/node/NodeTransport";
import type { TransportOptions } from "@naru/node/TransportOptions";
import { getTicker } from "@naru/router/MarketData";
import { Rest } from "@naru/router/transport/RestCall";
import { Transport } from "@naru/router/transport/Transport";
import * as RouterConfig from "@naru/router/RouterConfig";
import * as Supervisor from "@naru/router/Supervisor";
import { profileFromUrl } from "@naru/upbit/profiles";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { Effect, Layer, Result } from "effect";
import { selfSigned } from "./certificate.ts";

/** The whole product against an address. `asked` is told the path of every request. */
const over = (url: string, transport: TransportOptions = {}, asked: (path: string) => void = () => {}) => {
  const profile = profileFromUrl(url);
  assert(Result.isSuccess(profile));
  const told = (inner: Transport["Service"]): Transport["Service"] => ({
    ...inner,
    rest: (request) => Effect.suspend(() => (asked(new URL(request.url).pathname), inner.rest(request))),
  });
  const network = Layer.effect(Transport, Effect.map(Transport, told)).pipe(Layer.provide(NodeTransport.layer(transport)));
  return Supervisor.layer.pipe(Layer.provideMerge(Layer.merge(layerOf(profile.success), network)), Layer.provide(RouterConfig.layer({})));
};

const silent = { onFrame: () => {}, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };

/** What an effect failed with, and after how long. */
const failing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const started = performance.now();
    const error = yield* Effect.flip(effect);
    return { error, tookMs: performance.now() - started };
  });

describe("a connect that hangs", () => {
  /** Listens and accepts nobody: once its backlog of one is full, the kernel drops every further SYN, as a hole in the road does. */
  const hole = Effect.gen(function* () {
    const source = `
      const server = require("node:net").createServer();
      server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
        require("node:worker_threads").parentPort.postMessage(server.address().port);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`;
    const worker = yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(source, { eval: true })),
      (worker) => Effect.promise(() => worker.terminate()),
    );
    const port = yield* Effect.callback<number>((resume) => void worker.once("message", (at: number) => resume(Effect.succeed(at))));
    const filler = Effect.callback<Socket>((resume) => {
      const socket = connect(port, "127.0.0.1", () => resume(Effect.succeed(socket)));
    });
    yield* Effect.replicateEffect(
      Effect.acquireRelease(filler, (socket) => Effect.sync(() => socket.destroy())),
      2,
    );
    return `http://127.0.0.1:${port}`;
  });

  const connecting = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "TCPConnectWrap").length;

  const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)));

  it.live("ends at its own time and leaves no socket behind, and a call over every tier ends at its deadline (A04)", () =>
    Effect.gen(function* () {
      const url = yield* hole;
      const before = connecting();
      const connection = Effect.gen(function* () {
        // The first request of a process loads what makes requests, and is not what is timed.
        yield* failing(Transport.use((transport) => transport.rest({ url, headers: {} })));
        for (let turns = 0; turns < 5 && connecting() > before; turns++) yield* turn;
        const { error, tookMs } = yield* failing(Transport.use((transport) => transport.rest({ url, headers: {} })));
        assert.deepInclude(error, { _tag: "TimeoutError", phase: "connect", timeoutMs: 100 });
        assert.isAtLeast(tookMs, 95);
        assert.isBelow(tookMs, 150);
        // A handle's close is reported up to two turns of the event loop before the handle is gone.
        for (let turns = 0; turns < 5 && connecting() > before; turns++) yield* turn;
        assert.strictEqual(connecting(), before);
      });
      yield* connection.pipe(Effect.provide(NodeTransport.layer({ timeouts: { connectMs: 100 } })));
      const call = yield* failing(getTicker("KRW-BTC", { deadline: 400 })).pipe(
        Effect.provide(over(url, { timeouts: { connectMs: 100 } })),
      );
      // A second tier with a time of its own would take as long again; a busy machine may take a moment more.
      assert.isBelow(call.tookMs, 750, call.error.message);
    }).pipe(Effect.scoped),
  );
});

describe("TLS that does not hold", () => {
  interface Refusing {
    readonly url: string;
    /** Requests that came through a handshake. */
    readonly requests: () => number;
  }

  const server = (options: tls.TlsOptions) =>
    Effect.acquireRelease(
      Effect.callback<Refusing & { readonly close: () => void }>((resume) => {
        let requests = 0;
        const listening = tls.createServer({ ...selfSigned, ...options }, (socket) => socket.once("data", () => requests++));
        listening
          .on("tlsClientError", () => {})
          .listen(0, "127.0.0.1", () => {
            const { port } = listening.address() as AddressInfo; // never a pipe: it listens on a port
            resume(Effect.succeed({ url: `https://127.0.0.1:${port}`, requests: () => requests, close: () => listening.close() }));
          });
      }),
      ({ close }) => Effect.sync(close),
    );

  /** One attempt, whatever stands behind it: no retry, no other tier, and a breaker that is open from then on. */
  const refusedForGood = ({ url, requests }: Refusing, check: RegExp) => {
    const asked: Array<string> = [];
    return Effect.gen(function* () {
      const error = yield* Effect.flip(getTicker("KRW-BTC"));
      assert.deepInclude(error, { _tag: "NetworkError", phase: "tls", retryable: false });
      assert.match(error.message, check);
      assert.strictEqual(asked.filter((path) => path === "/v1/ticker").length, 1);
      assert.isAbove((yield* Rest).breakerOpenMs("ticker"), 4_000);
      const socket = yield* Effect.flip(Transport.use((transport) => transport.socket(url.replace("https", "wss"), silent)));
      assert.deepInclude(socket, { _tag: "NetworkError", phase: "tls" });
      assert.strictEqual(requests(), 0);
    }).pipe(Effect.scoped, Effect.provide(over(url, {}, (path) => asked.push(path))));
  };

  /** What somebody may have set for the whole process, in the environment or by a flag. */
  const careless = Effect.acquireRelease(
    Effect.sync(() => {
      const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
      process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
      Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1", DEFAULT_CIPHERS: "ALL:@SECLEVEL=0" });
      return { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS };
    }),
    (defaults) =>
      Effect.sync(() => {
        delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
        Object.assign(tls, defaults);
      }),
  );

  it.live("is refused with the check that failed, tried once, and never without verification (A09)", () =>
    Effect.gen(function* () {
      yield* careless;
      yield* refusedForGood(yield* server({}), /DEPTH_ZERO_SELF_SIGNED_CERT.*self-signed certificate/);
    }).pipe(Effect.scoped),
  );

  it.live("is refused below version 1.2 (A10)", () =>
    Effect.gen(function* () {
      yield* careless;
      const old = yield* server({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" });
      yield* refusedForGood(old, /protocol version/i);
    }).pipe(Effect.scoped),
  );
});
