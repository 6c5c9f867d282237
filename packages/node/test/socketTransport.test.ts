import { assert, describe, it } from "@effect/vitest";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import { Deferred, Effect, Exit, Fiber, Scope } from "effect";
import * as NodeTransport from "../src/NodeTransport.ts";
import { type TransportOptions, TransportTimeouts } from "../src/TransportOptions.ts";
import { closedPort, httpServer, rawHttpServer, rawSocketServer, socketServer, tcpServer } from "./servers.ts";

type Event = string | readonly [code: number, reason: string];

/** Handlers that write down what they are told, in order; `until` is done at the next event called `wanted`. */
const recorder = () => {
  const events: Array<Event> = [];
  let waiting: ReadonlyArray<readonly [wanted: string, done: () => void]> = [];
  const record = (name: string, event: Event = name) => {
    events.push(event);
    const [due, later] = [waiting.filter(([wanted]) => wanted === name), waiting.filter(([wanted]) => wanted !== name)];
    waiting = later;
    for (const [, done] of due) done();
  };
  const handlers: SocketHandlers = {
    onFrame: (data) => record(`frame ${Buffer.from(data).toString("latin1")}`),
    onReadEnd: () => record("read end"),
    onPong: () => record("pong"),
    onClose: ({ code, reason }) => record("close", [code, reason]),
  };
  const until = (wanted: string) =>
    Effect.callback<void>((resume) => {
      waiting = [...waiting, [wanted, () => resume(Effect.void)]];
    });
  return { events, handlers, until };
};

const open = (url: string, handlers: SocketHandlers = recorder().handlers) => Transport.use((transport) => transport.socket(url, handlers));
const failure = (url: string) => Effect.flip(open(url));
const provide = (options?: TransportOptions) => Effect.provide(NodeTransport.layer(options));

const frame = (opcode: number, payload: string | Buffer) =>
  Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), Buffer.from(payload)]);
const text = (payload: string | Buffer) => frame(1, payload);
const closeFrame = frame(8, Buffer.from([1000 >> 8, 1000 & 0xff]));

describe("an upgrade", () => {
  it.live("carries no Origin and offers no extension", () =>
    Effect.gen(function* () {
      const seen = yield* Deferred.make<ReadonlyArray<string>>();
      const server = yield* socketServer((_ws, request) => Deferred.doneUnsafe(seen, Effect.succeed(request.rawHeaders)));
      yield* open(server.url).pipe(Effect.withSpan("caller"));
      const headers = yield* Deferred.await(seen);
      const key = headers[headers.indexOf("Sec-WebSocket-Key") + 1] ?? "";
      assert.deepStrictEqual(headers, [
        ...["User-Agent", "naru/0.1.0"],
        ...["Sec-WebSocket-Version", "13"],
        ...["Sec-WebSocket-Key", key],
        ...["Connection", "Upgrade"],
        ...["Upgrade", "websocket"],
        ...["Host", server.host],
      ]);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("that is never answered is a TimeoutError and its connection is dropped (B07)", () =>
    Effect.gen(function* () {
      const server = yield* tcpServer(() => {});
      assert.deepInclude(yield* failure(`ws://${server.host}/`), { _tag: "TimeoutError", phase: "upgrade", timeoutMs: 50 });
      yield* server.drained;
      assert.strictEqual(server.accepted.length, 1);
    }).pipe(provide({ timeouts: { upgradeMs: 50 } })),
  );

  it.live("that is refused says status, headers and body, and follows no redirect", () =>
    Effect.gen(function* () {
      const server = yield* httpServer((request, response) => {
        if (request.url === "/moved") response.writeHead(301, { location: "/" }).end();
        else response.writeHead(429, { "retry-after": "3", "x-twice": ["1", "2"] }).end('{"error":{"name":"too_many_requests"}}');
      });
      const limited = yield* failure(`ws://${server.host}/`);
      assert.deepInclude(limited, { _tag: "UpgradeRefused", status: 429, body: '{"error":{"name":"too_many_requests"}}' });
      assert.isTrue(limited._tag === "UpgradeRefused" && limited.headers["retry-after"] === "3" && limited.headers["x-twice"] === "1, 2");
      assert.deepInclude(yield* failure(`ws://${server.host}/moved`), { _tag: "UpgradeRefused", status: 301 });
      yield* server.drained;
    }).pipe(Effect.scoped, provide()),
  );

  it.live("that is refused with an endless body is reported with the start of it", () =>
    Effect.gen(function* () {
      const long = yield* rawHttpServer(`HTTP/1.1 503 Busy\r\ncontent-length: 9999999\r\n\r\n${"x".repeat(5_000)}`);
      const silent = yield* rawHttpServer("HTTP/1.1 503 Busy\r\ncontent-length: 9999999\r\n\r\nwait");
      const refusals = [yield* failure(`ws://${long.host}/`), yield* failure(`ws://${silent.host}/`)];
      assert.deepStrictEqual(
        refusals.map((refused) => refused._tag === "UpgradeRefused" && [refused.status, refused.body.length]),
        [
          [503, 4096],
          [503, 4],
        ],
      );
    }).pipe(Effect.scoped, provide({ timeouts: { upgradeMs: 200 } })),
  );

  it("is given up before the session gives up on it, so that a refusal half read is a refusal still", () => {
    assert.isBelow(new TransportTimeouts().upgradeMs, defaultRouterConfig.upgradeTimeoutMs);
  });

  it.live("that cannot connect says at which phase", () =>
    Effect.gen(function* () {
      const reset = yield* tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
      const wrong = yield* rawHttpServer(
        "HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
      );
      const urls = [
        `ws://127.0.0.1:${yield* closedPort}/`,
        "ws://nx.invalid/",
        `wss://${wrong.host}/`,
        `ws://${reset.host}/`,
        `ws://${wrong.host}/`,
      ];
      const phases: Array<string> = [];
      for (const url of [...urls, "no url"]) {
        const error = yield* failure(url);
        phases.push(error._tag === "NetworkError" ? error.phase : error._tag);
      }
      assert.deepStrictEqual(phases, ["connect", "dns", "tls", "upgrade", "upgrade", "send"]);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("that is interrupted drops its connection although the scope stays open", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>();
      const server = yield* tcpServer((socket) => socket.once("data", () => Deferred.doneUnsafe(asked, Effect.void)));
      const { events, handlers } = recorder();
      const fiber = yield* Effect.forkChild(open(`ws://${server.host}/`, handlers));
      yield* Deferred.await(asked);
      yield* Fiber.interrupt(fiber);
      yield* server.drained;
      assert.deepStrictEqual(events, []);
    }).pipe(Effect.scoped, provide()),
  );
});

describe("frames", () => {
  it.live("of one read are followed by one end of read", () =>
    Effect.gen(function* () {
      const server = yield* rawSocketServer((socket) => {
        socket.write(Buffer.concat([text("a"), frame(2, "b"), text("c")]));
        socket.once("data", () => socket.write(text("d"))); // after the client has spoken: a read of its own
      });
      const { events, handlers, until } = recorder();
      const firstRead = yield* Effect.forkChild(until("read end"), { startImmediately: true });
      const socket = yield* open(server.url, handlers);
      yield* Fiber.join(firstRead);
      const secondRead = yield* Effect.forkChild(until("read end"), { startImmediately: true });
      yield* socket.send("next");
      yield* Fiber.join(secondRead);
      assert.deepStrictEqual(events, ["frame a", "frame b", "frame c", "read end", "frame d", "read end"]);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("with invalid UTF-8 are handed over as they are and cost no link", () =>
    Effect.gen(function* () {
      const server = yield* rawSocketServer((socket) => socket.write(Buffer.concat([text(Buffer.from([0xff, 0x41])), text("b")])));
      const { events, handlers, until } = recorder();
      const read = yield* Effect.forkChild(until("read end"), { startImmediately: true });
      yield* open(server.url, handlers);
      yield* Fiber.join(read);
      assert.deepStrictEqual(events, ["frame \u00ffA", "frame b", "read end"]);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("beyond the limit end the socket and say why", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((ws) => ws.send("x".repeat(1_025)));
      const { events, handlers, until } = recorder();
      const closed = yield* Effect.forkChild(until("close"), { startImmediately: true });
      yield* open(server.url, handlers);
      yield* Fiber.join(closed);
      assert.deepStrictEqual(events, [[1006, "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"]]);
    }).pipe(Effect.scoped, provide({ maxFrameBytes: 1_024 })),
  );

  it.live("never come after the close, and the end of their read comes before it", () =>
    Effect.gen(function* () {
      const server = yield* rawSocketServer((socket) => socket.end(Buffer.concat([text("a"), closeFrame, text("late")])));
      const { events, handlers, until } = recorder();
      const closed = yield* Effect.forkChild(until("close"), { startImmediately: true });
      yield* Effect.scoped(Effect.andThen(open(server.url, handlers), Fiber.join(closed)));
      yield* server.drained;
      assert.deepStrictEqual(events, ["frame a", "read end", [1000, ""]]);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("end their read before the close also when the handler drops the socket", () =>
    Effect.gen(function* () {
      const server = yield* rawSocketServer((socket) => socket.once("data", () => socket.write(text("a"))));
      const { events, handlers, until } = recorder();
      let drop = () => {};
      const closed = yield* Effect.forkChild(until("close"), { startImmediately: true });
      const socket = yield* open(server.url, {
        ...handlers,
        onFrame: (data) => {
          handlers.onFrame(data);
          drop();
        },
      });
      drop = () => Effect.runSync(socket.terminate);
      yield* socket.send("go");
      yield* Fiber.join(closed);
      assert.deepStrictEqual(events, ["frame a", "read end", [1006, ""]]);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("are answered: what is sent arrives, a ping brings its pong", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((ws) => ws.on("message", (data) => ws.send(`echo ${String(data)}`)));
      const { events, handlers, until } = recorder();
      const echo = yield* Effect.forkChild(until("read end"), { startImmediately: true });
      const pong = yield* Effect.forkChild(until("pong"), { startImmediately: true });
      const socket = yield* open(server.url, handlers);
      yield* socket.send("hello");
      yield* Fiber.join(echo);
      yield* socket.ping;
      yield* Fiber.join(pong);
      assert.deepStrictEqual(events, ["frame echo hello", "read end", "pong"]);
    }).pipe(Effect.scoped, provide()),
  );
});

describe("the end of a socket", () => {
  for (const code of [1000, 1001, 1008, 1011, 1012, 1013, 4001]) {
    it.live(`by close frame ${code} passes code and reason on, once`, () =>
      Effect.gen(function* () {
        const server = yield* socketServer((ws) => ws.close(code, "because"));
        const { events, handlers, until } = recorder();
        const closed = yield* Effect.forkChild(until("close"), { startImmediately: true });
        yield* Effect.scoped(Effect.andThen(open(server.url, handlers), Fiber.join(closed)));
        yield* server.drained;
        assert.deepStrictEqual(events, [[code, "because"]]);
      }).pipe(Effect.scoped, provide()),
    );
  }

  it.live("by a reset is 1006 with the system's word, by an end without a close frame 1006 alone", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((_ws, request, raw) => (request.url === "/reset" ? raw.resetAndDestroy() : raw.end()));
      for (const [path, reason] of [
        ["reset", "ECONNRESET"],
        ["end", ""],
      ] as const) {
        const { events, handlers, until } = recorder();
        const closed = yield* Effect.forkChild(until("close"), { startImmediately: true });
        yield* open(server.url + path, handlers);
        yield* Fiber.join(closed);
        assert.deepStrictEqual(events, [[1006, reason]]);
      }
    }).pipe(Effect.scoped, provide()),
  );

  it.live("comes at once by terminate, also when the peer has stopped reading", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((_ws, _request, raw) => raw.pause());
      const { events, handlers, until } = recorder();
      const socket = yield* open(server.url, handlers);
      const closed = yield* Effect.forkChild(until("close"), { startImmediately: true });
      yield* socket.terminate;
      yield* Fiber.join(closed);
      yield* socket.terminate;
      assert.deepStrictEqual(events, [[1006, ""]]);
      assert.deepInclude(yield* Effect.flip(socket.send("late")), { _tag: "NetworkError", phase: "socket" });
      assert.deepInclude(yield* Effect.flip(socket.ping), { _tag: "NetworkError", phase: "socket" });
    }).pipe(Effect.scoped, provide()),
  );

  it.live("comes with its scope, by close frame", () =>
    Effect.gen(function* () {
      const code = yield* Deferred.make<number>();
      const server = yield* socketServer((ws) => ws.on("close", (received) => Deferred.doneUnsafe(code, Effect.succeed(received))));
      const { events, handlers } = recorder();
      yield* Effect.scoped(open(server.url, handlers));
      assert.deepStrictEqual(events, [[1000, ""]]);
      assert.strictEqual(yield* Deferred.await(code), 1000);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("comes with its scope, by force, when the peer does not answer the close frame (B16)", () =>
    Effect.gen(function* () {
      const server = yield* rawSocketServer(() => {});
      const { events, handlers } = recorder();
      const scope = yield* Scope.make();
      yield* Scope.provide(open(server.url, handlers), scope);
      const started = performance.now();
      yield* Scope.close(scope, Exit.void);
      assert.isAtLeast(performance.now() - started, 45);
      assert.deepStrictEqual(events, [[1006, ""]]);
      yield* server.drained;
    }).pipe(Effect.scoped, provide({ timeouts: { closeMs: 50 } })),
  );

  it.live("is not waited for by a send to a peer that has stopped reading: beyond the buffer it fails", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((_ws, _request, raw) => raw.pause());
      const socket = yield* open(server.url);
      const send = socket.send("x".repeat(1024 * 1024));
      const sends = yield* Effect.forEach(Array.from({ length: 64 }), () =>
        Effect.forkScoped(Effect.exit(send), { startImmediately: true }),
      );
      const last = yield* Fiber.join(sends[63] ?? assert.fail("no last send"));
      assert.isTrue(Exit.isFailure(last));
      assert.deepInclude(yield* Effect.flip(send), { _tag: "NetworkError", phase: "socket", code: "SEND_BUFFER_FULL" });
      yield* socket.terminate;
    }).pipe(Effect.scoped, provide()),
  );
});
