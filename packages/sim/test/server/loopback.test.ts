import * as NodeTransport from "@naru/node/NodeTransport";
import * as http from "node:http";
import { gunzipSync } from "node:zlib";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Layer, Scope } from "effect";
import { WebSocket } from "ws";
import { Exchange, ExchangeModel, type ExchangeOptions, layerLoopbackServer, LoopbackServer, makeLoopbackServer } from "../../src/index.ts";
import { Addresses, type Door } from "../conformance/door.ts";
import { conformance } from "../conformance.ts";

/** Real time is dear: snapshots come sooner than the exchange's, but later than what a replaced subscription may still send. */
const soon = { snapshotDelayMs: [40, 60] } as const;

const serverOf = (options: ExchangeOptions = {}) =>
  layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 1, ...options, socket: { ...soon, ...options.socket } })));
const server = serverOf();

/** The live transport of the product against the emulated exchange over TCP. */
const loopbackDoor: Door = {
  layer: (options) =>
    Layer.fresh(
      Layer.mergeAll(
        NodeTransport.layer({ timeouts: { headersMs: 2_000 } }),
        Layer.effect(
          Addresses,
          Effect.map(LoopbackServer, ({ url, socketUrl }) => ({ rest: url, socket: socketUrl })),
        ).pipe(Layer.provideMerge(serverOf(options))),
      ),
    ),
  test: (title, effect) => it.live(title, effect),
  // Some of what a test waits for happens inside the server, where it has no event: look again at every turn of the event loop.
  until: (done) =>
    Effect.callback<void>((resume) => {
      const look = () => (done() ? resume(Effect.void) : void setImmediate(look));
      look();
    }).pipe(Effect.timeout("10 seconds"), Effect.orDie),
  fetch: (target, headers) =>
    Effect.flatMap(Addresses, ({ rest }) =>
      Effect.callback((resume) => {
        http.get(rest + target, { headers, agent: false }, (response) => {
          const chunks: Array<Buffer> = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("end", () =>
            resume(
              Effect.succeed({ status: response.statusCode ?? 0, headers: flat(response.headers), text: String(Buffer.concat(chunks)) }),
            ),
          );
        });
      }),
    ),
  handshake: (headers) =>
    Effect.flatMap(Addresses, ({ socket }) =>
      Effect.callback((resume) => {
        const client = new WebSocket(socket, { headers });
        client.on("error", () => client.terminate());
        client.on("unexpected-response", (_request, response) =>
          resume(Effect.succeed({ status: response.statusCode ?? 0, headers: flat(response.headers) })),
        );
        client.on("upgrade", (response) => resume(Effect.succeed({ status: 101, headers: flat(response.headers) })));
        client.on("open", () => client.terminate());
      }),
    ),
};

const flat = (headers: http.IncomingHttpHeaders): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]));

conformance("over loopback", loopbackDoor);

describe("over loopback: the wire itself", () => {
  it.live("compresses answers when asked to, with lengths that fit (§1.1)", () =>
    Effect.gen(function* () {
      const { url } = yield* LoopbackServer;
      const read = (headers: http.OutgoingHttpHeaders) =>
        Effect.callback<{ readonly response: http.IncomingMessage; readonly body: Buffer }>((resume) => {
          http.get(`${url}/v1/market/all`, { headers, agent: false }, (response) => {
            const chunks: Array<Buffer> = [];
            response.on("data", (chunk) => chunks.push(chunk));
            response.on("end", () => resume(Effect.succeed({ response, body: Buffer.concat(chunks) })));
          });
        });
      const plain = yield* read({});
      const zipped = yield* read({ "accept-encoding": "gzip, deflate" });
      assert.isUndefined(plain.response.headers["content-encoding"]);
      assert.strictEqual(zipped.response.headers["content-encoding"], "gzip");
      assert.strictEqual(Number(zipped.response.headers["content-length"]), zipped.body.length);
      assert.isBelow(zipped.body.length, plain.body.length / 2);
      assert.deepStrictEqual(gunzipSync(zipped.body), plain.body);
    }).pipe(Effect.provide(server)),
  );

  it.live(
    "names the connect limit in the handshake, compresses frames for clients that offer it and echoes ping payloads (§8 WebSocket: permessage-deflate)",
    () =>
      Effect.gen(function* () {
        const { socketUrl } = yield* LoopbackServer;
        const seen = yield* Effect.callback<{
          readonly headers: http.IncomingHttpHeaders;
          readonly extensions: string;
          readonly pong: string;
        }>((resume) => {
          const client = new WebSocket(socketUrl, { perMessageDeflate: true });
          let headers: http.IncomingHttpHeaders = {};
          client.on("upgrade", (response) => {
            headers = response.headers;
          });
          client.on("open", () => client.ping("payload"));
          client.on("pong", (data) => {
            resume(Effect.succeed({ headers, extensions: client.extensions, pong: String(data) }));
            client.terminate();
          });
        });
        assert.strictEqual(seen.headers["remaining-req"], "group=websocket; min=300; sec=4");
        assert.strictEqual(seen.headers["limit-by-ip"], "Yes");
        assert.strictEqual(seen.extensions, "permessage-deflate");
        assert.strictEqual(seen.pong, "payload");
      }).pipe(Effect.provide(server)),
  );

  it.live("compresses no frame for a client that does not offer it (§8 WebSocket: permessage-deflate)", () =>
    Effect.gen(function* () {
      const { socketUrl } = yield* LoopbackServer;
      const extensions = yield* Effect.callback<string>((resume) => {
        const client = new WebSocket(socketUrl, { perMessageDeflate: false });
        client.on("open", () => {
          resume(Effect.succeed(client.extensions));
          client.terminate();
        });
      });
      assert.strictEqual(extensions, "");
    }).pipe(Effect.provide(server)),
  );

  it.live("refuses a request that repeats a header where it is told to (§1.1)", () =>
    Effect.gen(function* () {
      const { port } = yield* LoopbackServer;
      const statusOf = (headers: ReadonlyArray<string>) =>
        Effect.callback<number | undefined>((resume) => {
          const options = { port, host: "127.0.0.1", path: "/v1/market/all", headers: ["host", "sim", ...headers], agent: false };
          http.get(options, (response) => {
            response.resume();
            resume(Effect.succeed(response.statusCode));
          });
        });
      assert.strictEqual(yield* statusOf(["content-type", "text/plain"]), 200);
      assert.strictEqual(yield* statusOf(["content-type", "text/plain", "Content-Type", "text/plain"]), 400);
    }).pipe(Effect.provide(serverOf({ rest: { refusesRepeatedHeaders: true } }))),
  );

  it.live("survives a handshake it cannot read, without leaking its connection or its headers", () =>
    Effect.gen(function* () {
      const { port, socketUrl } = yield* LoopbackServer;
      const status = yield* Effect.callback<number | undefined>((resume) => {
        const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "99" };
        http.get({ port, host: "127.0.0.1", path: "/websocket/v1", headers, agent: false }, (response) =>
          resume(Effect.succeed(response.statusCode)),
        );
      });
      assert.strictEqual(status, 400);
      assert.strictEqual((yield* Exchange).openSockets, 0);
      const remaining = yield* Effect.callback<string | undefined>((resume) => {
        const client = new WebSocket(socketUrl);
        client.on("upgrade", (response) => resume(Effect.succeed(String(response.headers["remaining-req"]))));
        client.on("open", () => client.terminate());
      });
      assert.strictEqual(remaining, "group=websocket; min=300; sec=3");
    }).pipe(Effect.provide(server)),
  );

  it.live("closes every connection with its scope", () =>
    Effect.gen(function* () {
      const exchange = new ExchangeModel();
      const scope = yield* Scope.make();
      const { socketUrl, url } = yield* Scope.provide(makeLoopbackServer(exchange), scope);
      const client = new WebSocket(socketUrl);
      yield* Effect.callback<void>((resume) => void client.on("open", () => resume(Effect.void)));
      const closed = yield* Effect.forkChild(
        Effect.callback<number>((resume) => void client.on("close", (code) => resume(Effect.succeed(code)))),
      );
      yield* Effect.yieldNow;
      yield* Scope.close(scope, Exit.void);
      assert.strictEqual(yield* Fiber.join(closed), 1006);
      const refused = yield* Effect.callback<string>((resume) => {
        http.get(`${url}/v1/market/all`, { agent: false }).on("error", (error) => resume(Effect.succeed(String(error))));
      });
      assert.match(refused, /ECONNREFUSED/);
    }),
  );
});
