import * as http from "node:http";
import * as net from "node:net";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Scope } from "effect";
import { TestClock } from "effect/testing";
import { WebSocket, WebSocketServer } from "ws";
import { FrameCounter } from "../../src/proxy/FrameCounter.ts";
import { makeFaultProxy } from "../../src/proxy/FaultProxy.ts";

/** Looks again at every turn of the event loop: what happens in the kernel has no event of ours. */
const until = (done: () => boolean) =>
  Effect.callback<void>((resume) => {
    const look = () => (done() ? resume(Effect.void) : void setImmediate(look));
    look();
  });

/** So many turns of the event loop, in which what must not happen could. */
const turns = (count: number) => {
  let left = count;
  return until(() => left-- <= 0);
};

const listening = (server: net.Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as net.AddressInfo).port)));
    }),
    () => Effect.sync(() => server.close()),
  );

/** A server behind the proxy, and what it got. */
const behind = Effect.fnUntraced(function* (onSocket: (socket: net.Socket) => void = () => {}, seed?: number) {
  const sockets: Array<net.Socket> = [];
  const got: Array<Buffer> = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("data", (bytes) => got.push(bytes));
    socket.on("error", () => {});
    onSocket(socket);
  });
  yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())));
  const port = yield* listening(server);
  const proxy = yield* makeFaultProxy({ upstream: { port }, seed });
  return { proxy, sockets, got: () => Buffer.concat(got) };
});

/** A plain client, and everything it lives through. */
const connect = Effect.fnUntraced(function* (port: number) {
  const seen = { text: "", bytes: Buffer.alloc(0), ended: false, closed: false, error: "" };
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()));
  socket.on("data", (bytes) => {
    seen.bytes = Buffer.concat([seen.bytes, bytes]);
    seen.text = String(seen.bytes);
  });
  socket.on("end", () => (seen.ended = true));
  socket.on("close", () => (seen.closed = true));
  socket.on("error", (error: NodeJS.ErrnoException) => (seen.error = error.code ?? ""));
  yield* until(() => !socket.connecting);
  return { socket, seen };
});

type Client = Effect.Success<ReturnType<typeof connect>>;

const body = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) % 256));

describe("the fault proxy without toxics", () => {
  it.effect("carries megabytes both ways unchanged, and each side's end", () =>
    Effect.gen(function* () {
      const sent = body(3_000_000);
      const { proxy, got } = yield* behind((socket) => socket.on("end", () => socket.end(sent)));
      const { socket, seen } = yield* connect(proxy.port);
      socket.end(sent);
      yield* until(() => seen.closed);
      assert.isTrue(got().equals(sent));
      assert.isTrue(seen.bytes.equals(sent));
      assert.strictEqual(seen.error, "");
      yield* until(() => proxy.links().length === 0);
    }).pipe(Effect.scoped),
  );

  it.effect("hands a reset of either side on", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      const first = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.resetAndDestroy();
      yield* until(() => first.seen.closed);
      assert.strictEqual(first.seen.error, "ECONNRESET");
      const second = yield* connect(proxy.port);
      yield* until(() => sockets.length === 2);
      let error = "";
      sockets[1]?.on("error", (reason: NodeJS.ErrnoException) => (error = reason.code ?? ""));
      second.socket.resetAndDestroy();
      yield* until(() => error !== "");
      assert.strictEqual(error, "ECONNRESET");
    }).pipe(Effect.scoped),
  );

  it.effect("ends every connection with its scope", () =>
    Effect.gen(function* () {
      const { sockets } = yield* behind();
      const scope = yield* Scope.make();
      const port = yield* listening(net.createServer((socket) => sockets.push(socket)));
      const proxy = yield* Scope.provide(makeFaultProxy({ upstream: { port } }), scope);
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      yield* Scope.close(scope, Exit.void);
      yield* until(() => seen.closed || seen.ended);
      const late = yield* connect(proxy.port);
      yield* until(() => late.seen.closed);
      assert.strictEqual(late.seen.error, "ECONNREFUSED");
    }).pipe(Effect.scoped),
  );
});

describe("a client behind the fault proxy", () => {
  it.effect("waits for data by the latency, to the millisecond of the clock", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      yield* proxy.on({ verb: "latency", latencyMs: 6_000 });
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.write("late");
      yield* until(() => proxy.links()[0]?.waiting.down === 4);
      yield* TestClock.adjust(5_999);
      yield* turns(20);
      assert.deepStrictEqual([seen.text, proxy.links()[0]?.waiting.down], ["", 4]);
      yield* TestClock.adjust(1);
      yield* until(() => seen.text === "late");
    }).pipe(Effect.scoped),
  );

  it.effect("gets held data at once when the toxic is switched off", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      const id = yield* proxy.on({ verb: "latency", latencyMs: 80_000_000 });
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.write("now");
      yield* until(() => proxy.links()[0]?.waiting.down === 3);
      assert.strictEqual(yield* proxy.off(id), 1);
      yield* until(() => seen.text === "now");
      assert.deepStrictEqual(proxy.list(), []);
    }).pipe(Effect.scoped),
  );

  it.effect("keeps its order of data whatever the jitter", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      yield* proxy.on({ verb: "latency", latencyMs: 100, jitterMs: 100 });
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      let sent = "";
      for (let i = 0; i < 20; i++) {
        sockets[0]?.write(`${i},`);
        sent += `${i},`;
        yield* until(() => proxy.links()[0]?.arrived.down === sent.length);
      }
      yield* TestClock.adjust(200);
      yield* until(() => seen.text.length === sent.length);
      assert.strictEqual(seen.text, sent);
    }).pipe(Effect.scoped),
  );

  it.effect("is refused while the proxy is down, loses what was open, and finds it on the same port again", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      const before = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      yield* proxy.on({ verb: "down" });
      yield* until(() => before.seen.ended || before.seen.closed);
      const refused = yield* connect(proxy.port);
      yield* until(() => refused.seen.closed);
      assert.strictEqual(refused.seen.error, "ECONNREFUSED");
      yield* proxy.off("down");
      const after = yield* connect(proxy.port);
      yield* until(() => sockets.length === 2);
      sockets[1]?.write("back");
      yield* until(() => after.seen.text === "back");
    }).pipe(Effect.scoped),
  );

  it.effect("gets no more in a second than the bandwidth allows", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      yield* proxy.on({ verb: "bandwidth", bytesPerSecond: 1_000 });
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.write(body(10_000));
      yield* until(() => proxy.links()[0]?.arrived.down === 10_000);
      // The first step of 100 ms leaves at once.
      for (const second of [1, 2, 3]) {
        yield* TestClock.adjust(1_000);
        yield* until(() => seen.bytes.length === second * 1_000 + 100);
        assert.strictEqual(proxy.links()[0]?.waiting.down, 9_900 - second * 1_000);
      }
      yield* TestClock.adjust(7_000);
      yield* until(() => seen.bytes.length === 10_000);
      assert.isTrue(seen.bytes.equals(body(10_000)));
    }).pipe(Effect.scoped),
  );

  it.effect("gets slices, one after another", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      yield* proxy.on({ verb: "slicer", bytes: 3, delayMs: 1_000 });
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.write("abcdefgh");
      for (const part of ["abc", "abcdef", "abcdefgh"]) {
        yield* until(() => seen.text === part);
        yield* turns(20);
        assert.strictEqual(seen.text, part);
        yield* TestClock.adjust(1_000);
      }
    }).pipe(Effect.scoped),
  );

  it.effect("hears of the end late when closing is slow", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      yield* proxy.on({ verb: "slow_close", delayMs: 30_000 });
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.end("bye");
      yield* until(() => seen.text === "bye");
      yield* TestClock.adjust(29_999);
      yield* turns(20);
      assert.isFalse(seen.ended);
      yield* TestClock.adjust(1);
      yield* until(() => seen.ended);
    }).pipe(Effect.scoped),
  );

  it.effect("gets nothing of what is swallowed, now or later, while its connection stays open", () =>
    Effect.gen(function* () {
      const { proxy, sockets, got } = yield* behind();
      yield* proxy.on({ verb: "timeout", direction: "down" });
      const { socket, seen } = yield* connect(proxy.port);
      socket.write("heard");
      yield* until(() => String(got()) === "heard");
      sockets[0]?.write("lost");
      yield* until(() => proxy.links()[0]?.arrived.down === 4 && proxy.links()[0]?.waiting.down === 0);
      yield* TestClock.adjust("1 hour");
      yield* proxy.off("timeout");
      sockets[0]?.write("found");
      yield* until(() => seen.text !== "");
      assert.deepStrictEqual([seen.text, seen.ended, seen.error], ["found", false, ""]);
    }).pipe(Effect.scoped),
  );

  it.effect("is hung up on when a timeout has a time", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      const { seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      yield* proxy.on({ verb: "timeout", timeoutMs: 500 });
      yield* TestClock.adjust(499);
      yield* turns(20);
      assert.isFalse(seen.ended);
      yield* TestClock.adjust(1);
      yield* until(() => seen.ended);
      assert.strictEqual(seen.error, "");
    }).pipe(Effect.scoped),
  );

  it.effect("is reset by its peer once it has asked, at once or after a time", () =>
    Effect.gen(function* () {
      const { proxy, got } = yield* behind();
      yield* proxy.on({ verb: "reset_peer" });
      const { socket, seen } = yield* connect(proxy.port);
      yield* turns(20);
      assert.isFalse(seen.closed, "not before it has asked");
      socket.write("GET");
      yield* until(() => seen.closed);
      assert.strictEqual(seen.error, "ECONNRESET");
      assert.strictEqual(got().length, 0);
      yield* proxy.clear;
      yield* proxy.on({ verb: "reset_peer", timeoutMs: 1_000 });
      const later = yield* connect(proxy.port);
      later.socket.write("GET");
      yield* until(() => proxy.links()[0]?.arrived.up === 3);
      yield* TestClock.adjust(999);
      yield* turns(20);
      assert.isFalse(later.seen.closed);
      yield* TestClock.adjust(1);
      yield* until(() => later.seen.closed);
      assert.strictEqual(later.seen.error, "ECONNRESET");
    }).pipe(Effect.scoped),
  );

  it.effect("gets exactly so many bytes and then the end, orderly or not", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      for (const [reset, error] of [
        [false, ""],
        [true, "ECONNRESET"],
      ] as const) {
        yield* proxy.on({ verb: "limit_data", bytes: 70_001, reset });
        const { seen } = yield* connect(proxy.port);
        const known = sockets.length;
        yield* until(() => sockets.length > known || sockets.length === (reset ? 2 : 1));
        sockets.at(-1)?.write(body(200_000));
        yield* until(() => seen.ended || seen.closed);
        assert.deepStrictEqual([seen.bytes.length, seen.error], [70_001, error]);
        yield* proxy.clear;
      }
    }).pipe(Effect.scoped),
  );

  it.effect("of HTTP sees a body that is cut as an error, not as an answer", () =>
    Effect.gen(function* () {
      const server = http.createServer((_, response) => response.end(body(10_000)));
      const port = yield* listening(server);
      const proxy = yield* makeFaultProxy({ upstream: { port } });
      yield* proxy.on({ verb: "limit_data", bytes: 5_000 });
      const told = yield* Effect.callback<string>((resume) => {
        http.get(`${proxy.url}/`, { agent: false }, (response) => {
          response.resume();
          response.on("end", () => resume(Effect.succeed("answered")));
          response.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")));
        });
      });
      assert.strictEqual(told, "ECONNRESET");
    }).pipe(Effect.scoped),
  );

  it.effect("cannot tell a half-open connection from a quiet one, and gets everything when it heals", () =>
    Effect.gen(function* () {
      const { proxy, sockets, got } = yield* behind();
      const { socket, seen } = yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      yield* proxy.on({ verb: "half_open" });
      socket.write("up");
      sockets[0]?.write("down");
      yield* TestClock.adjust("10 minutes");
      yield* turns(50);
      assert.deepStrictEqual([seen.text, seen.ended, seen.closed, got().length], ["", false, false, 0]);
      assert.isTrue(socket.writable);
      yield* proxy.clear;
      yield* until(() => seen.text === "down" && String(got()) === "up");
    }).pipe(Effect.scoped),
  );

  it.effect("gets bytes that are not those sent: all of them, or the seed's share", () =>
    Effect.gen(function* () {
      const corrupted = (share: number, seed: number) =>
        Effect.gen(function* () {
          const { proxy, sockets } = yield* behind(undefined, seed);
          yield* proxy.on({ verb: "corrupt", rate: share });
          const { seen } = yield* connect(proxy.port);
          yield* until(() => sockets.length === 1);
          sockets[0]?.write(body(20_000));
          yield* until(() => seen.bytes.length === 20_000);
          const sent = body(20_000);
          return [...seen.bytes].flatMap((byte, i) => (byte === sent[i] ? [] : [i]));
        }).pipe(Effect.scoped);
      assert.strictEqual((yield* corrupted(1, 1)).length, 20_000);
      const some = yield* corrupted(0.01, 1);
      assert.isTrue(some.length > 100 && some.length < 300, String(some.length));
      assert.deepStrictEqual(yield* corrupted(0.01, 1), some);
      assert.notDeepEqual(yield* corrupted(0.01, 2), some);
    }),
  );

  it.effect("of a WebSocket gets exactly so many frames before the reset", () =>
    Effect.gen(function* () {
      const server = http.createServer();
      const sockets = new WebSocketServer({ server });
      sockets.on("connection", (socket) => {
        for (const size of [5, 200, 70_000, 0, 126, 127, 65_536, 3]) {
          socket.ping();
          socket.send(Buffer.alloc(size, 97));
        }
      });
      const port = yield* listening(server);
      const proxy = yield* makeFaultProxy({ upstream: { port } });
      yield* proxy.on({ verb: "rst_after_n_frames", frames: 6 });
      // A client by the book loses what it had not read yet when the reset comes; it never sees more.
      const seen = yield* Effect.callback<{ readonly sizes: ReadonlyArray<number>; readonly code: number }>((resume) => {
        const sizes: Array<number> = [];
        const client = new WebSocket(proxy.socketUrl);
        client.on("message", (data: Buffer) => sizes.push(data.length));
        client.on("close", (code) => resume(Effect.succeed({ sizes, code })));
      });
      assert.strictEqual(seen.code, 1006);
      assert.deepStrictEqual(seen.sizes, [5, 200, 70_000, 0, 126, 127].slice(0, seen.sizes.length));
      // The bytes themselves end with the sixth frame.
      const raw = yield* connect(proxy.port);
      const counter = new FrameCounter();
      let extra = 0;
      raw.socket.on("data", (bytes) => (extra += bytes.length - counter.pass(bytes, 6)));
      raw.socket.write(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      );
      yield* until(() => raw.seen.closed);
      assert.deepStrictEqual([counter.count, extra, raw.seen.error], [6, 0, "ECONNRESET"]);
    }).pipe(Effect.scoped),
  );

  it.effect("is concerned or not by the toxicity, the same for the same seed", () =>
    Effect.gen(function* () {
      const concerned = (seed: number) =>
        Effect.gen(function* () {
          const { proxy, sockets } = yield* behind(undefined, seed);
          yield* proxy.on({ verb: "latency", latencyMs: 80_000_000, toxicity: 0.5 });
          const clients: Array<Client> = [];
          for (let i = 0; i < 30; i++) {
            clients.push(yield* connect(proxy.port));
            yield* until(() => sockets.length === i + 1);
          }
          for (const socket of sockets) socket.write("x");
          yield* until(() => proxy.links().every(({ arrived }) => arrived.down === 1));
          const late = proxy.links().map(({ waiting }) => waiting.down === 1);
          yield* until(() => clients.filter(({ seen }) => seen.text === "x").length === late.filter((is) => !is).length);
          return late;
        }).pipe(Effect.scoped);
      const late = yield* concerned(1);
      const count = late.filter((is) => is).length;
      assert.isTrue(count >= 5 && count <= 25, String(count));
      assert.deepStrictEqual(yield* concerned(1), late);
      assert.notDeepEqual(yield* concerned(2), late);
    }),
  );
});

describe("the fault proxy's limits", () => {
  it.effect("hold no more than a megabyte of one direction: then the sender is not read", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      yield* proxy.on({ verb: "latency", latencyMs: 80_000_000 });
      yield* connect(proxy.port);
      yield* until(() => sockets.length === 1);
      sockets[0]?.write(Buffer.alloc(32 * 1024 * 1024));
      yield* until(() => (proxy.links()[0]?.waiting.down ?? 0) > 1024 * 1024);
      yield* turns(500);
      assert.isAtMost(proxy.links()[0]?.waiting.down ?? Infinity, 1024 * 1024 + 64 * 1024);
      assert.isAbove(sockets[0]?.writableLength ?? 0, 0);
    }).pipe(Effect.scoped),
  );

  it.effect("are a hundred toxics", () =>
    Effect.gen(function* () {
      const { proxy } = yield* behind();
      for (let i = 0; i < 100; i++) yield* proxy.on({ verb: "slicer" });
      const error = yield* Effect.flip(proxy.on({ verb: "slicer" }));
      assert.strictEqual(error.message, "verb cannot be switched on: 100 are on");
      assert.strictEqual(yield* proxy.off("slicer"), 100);
    }).pipe(Effect.scoped),
  );

  it.effect("forget every connection that is over", () =>
    Effect.gen(function* () {
      const { proxy, sockets } = yield* behind();
      const closing = yield* Effect.forkChild(
        Effect.gen(function* () {
          for (let i = 0; i < 20; i++) {
            const { socket } = yield* connect(proxy.port);
            yield* until(() => sockets.length === i + 1);
            socket.destroy();
            sockets[i]?.destroy();
          }
        }).pipe(Effect.scoped),
      );
      yield* Fiber.join(closing);
      yield* until(() => proxy.links().length === 0);
    }).pipe(Effect.scoped),
  );
});
