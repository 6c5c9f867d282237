import { constants, gzipSync } from "node:zlib";
import { assert, describe, it } from "@effect/vitest";
import { Transport, type RestRequest } from "@naru/router/transport/Transport";
import { Deferred, Effect, Fiber } from "effect";
import * as NodeTransport from "../src/NodeTransport.ts";
import type { TransportOptions } from "../src/TransportOptions.ts";
import { closedPort, httpServer, rawHttpServer, tcpServer } from "./servers.ts";

const rest = (url: string, headers: RestRequest["headers"] = {}) => Transport.use((transport) => transport.rest({ url, headers }));
const failure = (url: string) => Effect.flip(rest(url));
const provide = (options?: TransportOptions) => Effect.provide(NodeTransport.layer(options));
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const head = (...lines: ReadonlyArray<string>) => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;

describe("a request upstream", () => {
  it.live("carries exactly the public headers: no Origin, no trace headers, whatever the caller adds (R001-09, D16)", () =>
    Effect.gen(function* () {
      const seen = yield* Deferred.make<ReadonlyArray<string>>();
      const server = yield* httpServer((request, response) => {
        Deferred.doneUnsafe(seen, Effect.succeed(request.rawHeaders));
        response.end("[]");
      });
      yield* rest(`http://${server.host}/v1/ticker`, {
        Origin: "https://example.com",
        traceparent: "00-1-2-01",
        "X-B3-TraceId": "1",
        authorization: "Bearer x",
      }).pipe(Effect.withSpan("caller"));
      assert.deepStrictEqual(yield* Deferred.await(seen), [
        ...["host", server.host],
        ...["connection", "keep-alive"],
        ...["accept", "application/json"],
        ...["accept-encoding", "gzip"],
        ...["user-agent", "naru/0.1.0"],
        ...["authorization", "Bearer x"],
      ]);
    }).pipe(provide()),
  );

  it.live("keeps the query as it was written and joins a header that was sent twice", () =>
    Effect.gen(function* () {
      const server = yield* httpServer((request, response) => {
        response.setHeader("x-twice", ["1", "2"]);
        response.end(request.url);
      });
      const answer = yield* rest(`http://${server.host}/v1/ticker?markets=KRW-BTC%2CKRW-ETH&to=2026-01-01T00%3A00%3A00%2B09%3A00`);
      assert.strictEqual(Buffer.from(answer.body).toString(), "/v1/ticker?markets=KRW-BTC%2CKRW-ETH&to=2026-01-01T00%3A00%3A00%2B09%3A00");
      assert.strictEqual(answer.headers["x-twice"], "1, 2");
    }).pipe(provide()),
  );

  it.live("takes any status for an answer and follows no redirect (A19)", () =>
    Effect.gen(function* () {
      const elsewhere = yield* httpServer((_request, response) => response.end("elsewhere"));
      const server = yield* httpServer((_request, response) => {
        response.writeHead(302, { location: `http://${elsewhere.host}/` }).end("moved");
      });
      const answer = yield* rest(`http://${server.host}/`);
      assert.strictEqual(answer.status, 302);
      assert.strictEqual(answer.headers["location"], `http://${elsewhere.host}/`);
      assert.strictEqual(elsewhere.accepted.length, 0);
    }).pipe(provide()),
  );

  it.live("reuses its connections: requests that follow each other need two at most", () =>
    Effect.gen(function* () {
      const server = yield* httpServer((_request, response) => response.end("[]"));
      yield* Effect.replicateEffect(rest(`http://${server.host}/`), 20);
      // Undici lets a connection rest for one turn of the event loop, in case the server closes it after all.
      assert.isAtMost(server.accepted.length, 2);
    }).pipe(provide()),
  );

  it.live("drops its connection when it is interrupted", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>();
      const server = yield* httpServer(() => Deferred.doneUnsafe(asked, Effect.void));
      const fiber = yield* Effect.forkChild(rest(`http://${server.host}/`));
      yield* Deferred.await(asked);
      yield* Fiber.interrupt(fiber);
      yield* server.drained;
      assert.strictEqual(server.accepted.length, 1);
    }).pipe(provide()),
  );
});

describe("a connection that cannot be made", () => {
  it.live("is a NetworkError at connect within 50 ms when it is refused (A01)", () =>
    Effect.gen(function* () {
      const url = `http://127.0.0.1:${yield* closedPort}/`;
      const durations: Array<number> = [];
      for (let i = 0; i < 5; i++) {
        const started = performance.now();
        const error = yield* failure(url);
        durations.push(performance.now() - started);
        assert.deepInclude(error, { _tag: "NetworkError", phase: "connect", code: "ECONNREFUSED", retryable: true });
      }
      // The machine may stall one try; the code would slow all of them.
      assert.isBelow(Math.min(...durations), 50);
    }).pipe(provide()),
  );

  it.live("is a NetworkError at dns when the name has no address (A07)", () =>
    Effect.gen(function* () {
      const error = yield* failure("http://nx.invalid/");
      assert.deepInclude(error, { _tag: "NetworkError", phase: "dns", host: "nx.invalid" });
    }).pipe(provide()),
  );

  it.live("is a NetworkError at tls, not worth a retry, when the peer does not speak TLS", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(head("content-length: 0"));
      assert.deepInclude(yield* failure(`https://${server.host}/`), { _tag: "NetworkError", phase: "tls", retryable: false });
    }).pipe(provide()),
  );

  it.live("is a TimeoutError at connect when the peer accepts and never answers the TLS hello", () =>
    Effect.gen(function* () {
      const server = yield* tcpServer(() => {});
      const error = yield* failure(`https://${server.host}/`);
      assert.deepInclude(error, { _tag: "TimeoutError", phase: "connect", timeoutMs: 40 });
      yield* server.drained;
    }).pipe(provide({ timeouts: { connectMs: 40 } })),
  );
});

describe("an answer that breaks", () => {
  it.live("before its head is a NetworkError at headers", () =>
    Effect.gen(function* () {
      const server = yield* tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
      assert.deepInclude(yield* failure(`http://${server.host}/`), { _tag: "NetworkError", phase: "headers", code: "ECONNRESET" });
    }).pipe(provide()),
  );

  it.live("inside its body by a reset is a NetworkError at body (A03)", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(`${head("content-length: 100")}[1,2,3`, (socket) => socket.resetAndDestroy());
      assert.deepInclude(yield* failure(`http://${server.host}/`), { _tag: "NetworkError", phase: "body" });
    }).pipe(provide()),
  );

  it.live("inside its body by an early end is a NetworkError at body, never a shorter answer", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(`${head("content-length: 100")}[1,2,3]`, (socket) => socket.end());
      assert.deepInclude(yield* failure(`http://${server.host}/`), { _tag: "NetworkError", phase: "body" });
    }).pipe(provide()),
  );

  const badFraming: ReadonlyArray<readonly [what: string, phase: "headers" | "body", answer: string]> = [
    ["two lengths", "headers", `${head("content-length: 2", "content-length: 3")}[] `],
    ["a list of lengths", "headers", `${head("content-length: 2, 3")}[] `],
    ["a length that is no number", "headers", `${head("content-length: two")}[]`],
    ["a negative length", "headers", `${head("content-length: -2")}[]`],
    ["a length beside chunks", "headers", `${head("content-length: 2", "transfer-encoding: chunked")}${chunk("[]")}0\r\n\r\n`],
    ["a chunk size that is no number", "body", `${head("transfer-encoding: chunked")}zz\r\n[]\r\n0\r\n\r\n`],
    ["a chunk longer than its size", "body", `${head("transfer-encoding: chunked")}1\r\n[]\r\n0\r\n\r\n`],
    ["a chunk size beyond any number", "body", `${head("transfer-encoding: chunked")}fffffffffffffffff\r\n[]`],
  ];

  it.live("by its framing is a NetworkError where it shows, and its connection is not used again (A20)", () =>
    Effect.gen(function* () {
      for (const [what, phase, answer] of badFraming) {
        const server = yield* rawHttpServer(answer);
        const errors = [yield* failure(`http://${server.host}/`), yield* failure(`http://${server.host}/`)];
        for (const error of errors) assert.deepInclude(error, { _tag: "NetworkError", phase, retryable: true }, what);
        assert.strictEqual(server.accepted.length, 2, what);
        yield* server.drained;
      }
    }).pipe(Effect.scoped, provide()),
  );

  it.live("by more bytes than its length says costs the connection, and the next answer is the next request's own", () =>
    Effect.gen(function* () {
      let asked = 0;
      const server = yield* tcpServer((socket) => {
        socket.on("data", () => {
          asked++;
          socket.write(`${head("content-length: 3")}[${asked}]${head("content-length: 3")}[9]`);
        });
      });
      const bodies: Array<string> = [];
      for (let call = 0; call < 3; call++) bodies.push(Buffer.from((yield* rest(`http://${server.host}/`)).body).toString());
      assert.deepStrictEqual(bodies, ["[1]", "[2]", "[3]"]);
      assert.strictEqual(server.accepted.length, 3);
    }).pipe(Effect.scoped, provide()),
  );

  it.live("by head bytes that do not come in time is a TimeoutError at headers (A05)", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer("HTTP/1.1 200 OK\r\ncontent-");
      assert.deepInclude(yield* failure(`http://${server.host}/`), { _tag: "TimeoutError", phase: "headers", timeoutMs: 50 });
      yield* server.drained;
    }).pipe(provide({ timeouts: { headersMs: 50 } })),
  );

  it.live("by a body that falls silent is a TimeoutError at body", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(`${head("content-length: 100")}[`);
      assert.deepInclude(yield* failure(`http://${server.host}/`), { _tag: "TimeoutError", phase: "body", timeoutMs: 50 });
      yield* server.drained;
    }).pipe(provide({ timeouts: { bodyIdleMs: 50 } })),
  );

  it.live("by one byte at a time is cut off at the limit of the whole attempt (A06)", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(head("content-length: 1000000"), (socket) => {
        const drip = setInterval(() => socket.write(" "), 5);
        socket.once("close", () => clearInterval(drip));
      });
      const error = yield* failure(`http://${server.host}/`);
      assert.deepInclude(error, { _tag: "TimeoutError", phase: "attempt", timeoutMs: 150 });
      yield* server.drained;
      assert.isAbove(server.accepted[0]?.bytesWritten ?? 0, 50);
    }).pipe(provide({ timeouts: { attemptMs: 150, bodyIdleMs: 140 } })),
  );
});

describe("a compressed answer", () => {
  const plain = JSON.stringify([{ market: "KRW-BTC", trade_price: 91_368_000 }]);
  const gzipped = (body: Uint8Array) =>
    Buffer.concat([Buffer.from(head("content-encoding: gzip", `content-length: ${body.length}`)), body]);

  it.live("arrives plain", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(gzipped(gzipSync(plain)));
      const answer = yield* rest(`http://${server.host}/`);
      assert.strictEqual(Buffer.from(answer.body).toString(), plain);
    }).pipe(provide()),
  );

  it.live("that is cut at any byte or corrupt is a DecodeError of its bytes, worth a retry (A16)", () =>
    Effect.gen(function* () {
      const whole = gzipSync(plain);
      const corrupt = Buffer.from(whole);
      corrupt.writeUInt8(corrupt.readUInt8(20) ^ 0xff, 20);
      const bodies = [corrupt, ...Array.from({ length: whole.length - 1 }, (_, i) => whole.subarray(0, i + 1))];
      const server = yield* httpServer((request, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(bodies[Number(request.url?.slice(1))]);
      });
      for (let i = 0; i < bodies.length; i++) {
        assert.deepInclude(yield* failure(`http://${server.host}/${i}`), { _tag: "DecodeError", stage: "bytes", retryable: true });
      }
    }).pipe(provide()),
  );

  it.live("in an encoding that was not asked for is a DecodeError of its bytes", () =>
    Effect.gen(function* () {
      const server = yield* rawHttpServer(`${head("content-encoding: br", "content-length: 2")}[]`);
      assert.deepInclude(yield* failure(`http://${server.host}/`), { _tag: "DecodeError", stage: "bytes" });
    }).pipe(provide()),
  );

  it.live("or a plain one beyond the limit is given up at the limit, in bounded memory (A15)", () =>
    Effect.gen(function* () {
      const mebibyte = 1024 * 1024;
      // One GiB in about one MiB: gzip members may follow each other.
      const member = gzipSync(Buffer.alloc(mebibyte), { level: constants.Z_BEST_COMPRESSION });
      const bomb = Buffer.concat(Array.from({ length: 1024 }, () => member));
      const spaces = chunk(" ".repeat(65_536));
      const server = yield* httpServer((request, response) => {
        if (request.url === "/bomb") return void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
        const pour = () => {
          while (response.socket?.write(spaces) === true);
        };
        response.writeHead(200, { "transfer-encoding": "chunked" }).flushHeaders();
        response.socket?.on("drain", pour);
        pour();
      });
      yield* failure(`http://${server.host}/bomb`); // code and pools are loaded before memory is measured
      const before = process.memoryUsage().rss;
      const errors = [yield* failure(`http://${server.host}/bomb`), yield* failure(`http://${server.host}/endless`)];
      const rise = process.memoryUsage().rss - before;
      for (const error of errors) assert.deepInclude(error, { _tag: "DecodeError", stage: "size", retryable: false });
      assert.isBelow(rise, 32 * mebibyte);
      const sent = server.accepted.map((socket) => socket.bytesWritten);
      assert.isBelow(Math.max(...sent), 24 * mebibyte); // 8 MiB taken, the rest in kernel buffers
    }).pipe(provide()),
  );
});
