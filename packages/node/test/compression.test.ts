/** permessage-deflate against real servers: who offers what, what is counted, and what a server that means harm can do with it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import { type SocketHandlers, type SocketOptions, Transport } from "@naru/router/transport/Transport";
import { Deferred, Effect } from "effect";
import type { WebSocket } from "ws";
import * as NodeTransport from "../src/NodeTransport.ts";
import type { TransportOptions } from "../src/TransportOptions.ts";
import { bombServer } from "./bombServer.ts";
import { socketServer } from "./servers.ts";

const provide = (options?: TransportOptions) => Effect.provide(NodeTransport.layer(options));

/** Opens and waits until so many messages came. */
const messagesOf = Effect.fnUntraced(function* (url: string, count: number, options?: SocketOptions) {
  const done = yield* Deferred.make<void>();
  const messages: Array<string> = [];
  const handlers: SocketHandlers = {
    onFrame: (data) => {
      messages.push(Buffer.from(data).toString("utf8"));
      if (messages.length === count) Deferred.doneUnsafe(done, Effect.void);
    },
    onReadEnd: () => {},
    onPong: () => {},
    onClose: () => {},
  };
  const transport = yield* Transport;
  const socket = yield* transport.socket(url, handlers, options);
  yield* Deferred.await(done);
  return { messages, socket };
});

/** Long enough that repeating itself pays. */
const said = Array.from({ length: 20 }, (_, at) => JSON.stringify({ type: "ticker", code: "KRW-BTC", trade_price: 91_368_000 + at }));
const speaks = (ws: WebSocket) => {
  for (const text of said) ws.send(text);
};
const plainBytes = said.reduce((sum, text) => sum + text.length, 0);
/** None is longer than 125 bytes: two bytes of header each. */
const headerBytes = 2 * said.length;

describe("a socket that offers compression", () => {
  it.live("hears the same from a server that agrees, in fewer bytes (R000-32)", () =>
    Effect.gen(function* () {
      const server = yield* socketServer(speaks, { perMessageDeflate: true });
      const { messages, socket } = yield* messagesOf(server.url, said.length, { compress: true });
      assert.deepStrictEqual(messages, said);
      assert.isTrue(socket.compressed);
      const { wire, payload } = socket.bytes();
      assert.strictEqual(payload, plainBytes);
      assert.isBelow(wire, plainBytes / 2);
      assert.isAbove(wire, headerBytes);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("hears the same from a server that declines, as it is", () =>
    Effect.gen(function* () {
      const server = yield* socketServer(speaks, { perMessageDeflate: false });
      const { messages, socket } = yield* messagesOf(server.url, said.length, { compress: true });
      assert.deepStrictEqual(messages, said);
      assert.isFalse(socket.compressed);
      assert.deepStrictEqual(socket.bytes(), { wire: plainBytes + headerBytes, payload: plainBytes });
    }).pipe(Effect.scoped, provide()),
  );

  it.live("is let in by a server that insists on it, which refuses one that does not offer it", () =>
    Effect.gen(function* () {
      const server = yield* socketServer(speaks, {
        perMessageDeflate: true,
        verifyClient: ({ req }, answer) =>
          req.headers["sec-websocket-extensions"]?.includes("permessage-deflate") === true ? answer(true) : answer(false, 400, "Compress"),
      });
      const { messages } = yield* messagesOf(server.url, said.length, { compress: true });
      assert.deepStrictEqual(messages, said);
      const refused = yield* Effect.flip(messagesOf(server.url, 1, { compress: false }));
      assert.deepInclude(refused, { _tag: "UpgradeRefused", status: 400 });
    }).pipe(Effect.scoped, provide()),
  );

  it.live("sends its own messages as they are: a server that reads no compressed ones understands it", () =>
    Effect.gen(function* () {
      const sent = yield* Deferred.make<number>();
      const server = yield* socketServer(
        (ws, _request, raw) => {
          let before = 0;
          raw.on("data", (chunk: Buffer) => Deferred.doneUnsafe(sent, Effect.succeed((before += chunk.length))));
          ws.send("ready");
        },
        { perMessageDeflate: true },
      );
      const { socket } = yield* messagesOf(server.url, 1, { compress: true });
      const text = "x".repeat(4_000);
      yield* socket.send(text);
      // Two bytes, two of length, four of mask.
      assert.strictEqual(yield* Deferred.await(sent), text.length + 8);
    }).pipe(Effect.scoped, provide()),
  );
});

describe("the transport's own setting", () => {
  const offered = Effect.fnUntraced(function* (options?: SocketOptions) {
    const server = yield* socketServer(speaks, { perMessageDeflate: true });
    return (yield* messagesOf(server.url, 1, options)).socket.compressed;
  });

  it.live("is to offer nothing", () =>
    Effect.gen(function* () {
      assert.isFalse(yield* offered());
      assert.isFalse(yield* offered({}));
    }).pipe(Effect.scoped, provide()),
  );

  it.live("holds where whoever opens a socket does not say otherwise", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* offered());
      assert.isFalse(yield* offered({ compress: false }));
    }).pipe(Effect.scoped, provide({ compressSocket: true })),
  );
});

describe("what is counted", () => {
  it.live("begins after the handshake, also when frames come in the same read, and stays after the end", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((ws, _request, raw) => {
        raw.cork();
        ws.send("first");
        raw.uncork();
      });
      const { socket } = yield* messagesOf(server.url, 1);
      assert.deepStrictEqual(socket.bytes(), { wire: 7, payload: 5 });
      yield* socket.terminate;
      assert.deepStrictEqual(socket.bytes(), { wire: 7, payload: 5 });
    }).pipe(Effect.scoped, provide()),
  );

  it.live("has control frames in it, which are no messages", () =>
    Effect.gen(function* () {
      const server = yield* socketServer((ws) => {
        ws.ping("are you there");
        ws.send("here");
      });
      const { socket } = yield* messagesOf(server.url, 1);
      assert.deepStrictEqual(socket.bytes(), { wire: 2 + "are you there".length + 2 + 4, payload: 4 });
    }).pipe(Effect.scoped, provide()),
  );
});

describe("a server that sends a thousand mebibytes of zeros, compressed", () => {
  const run = promisify(execFile);
  /** A process of its own, so that nobody else's memory is measured: it prints what it saw as JSON. */
  const victim = Effect.fnUntraced(function* (shape: "one frame" | "fragments" | "messages") {
    const server = yield* bombServer(shape);
    const client = yield* Effect.promise(() =>
      run(process.execPath, [fileURLToPath(new URL("./bombClient.ts", import.meta.url)), server.url]),
    );
    const code = yield* Deferred.await(server.closeCode);
    return { code, ...(JSON.parse(client.stdout) as { readonly close: unknown; readonly frames: number; readonly grownMiB: number }) };
  });

  for (const shape of ["one frame", "fragments", "messages"] as const)
    it.live(
      `in ${shape === "messages" ? "messages just too long (B23)" : `one message of ${shape}`} is left with 1009, and costs no memory`,
      () =>
        Effect.gen(function* () {
          const { close, code, frames, grownMiB } = yield* victim(shape);
          assert.strictEqual(code, 1009);
          assert.deepStrictEqual(close, { code: 1006, reason: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" });
          assert.strictEqual(frames, 1, "the one before the bomb");
          assert.isBelow(grownMiB, 8);
        }).pipe(Effect.scoped),
      30_000,
    );
});
