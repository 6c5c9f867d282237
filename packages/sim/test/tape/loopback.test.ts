import * as NodeTransport from "@naru/node/NodeTransport";
import { assert, describe, it } from "@effect/vitest";
import { Transport } from "@naru/router/transport/Transport";
import { Deferred, Effect, Layer } from "effect";
import { WebSocket } from "ws";
import { layerReplayTransport } from "../../src/tape/Replay.ts";
import { type Tape, tapeOfText } from "../../src/tape/Tape.ts";
import { type Payload, type TapeEvent } from "@naru/router/tape/TapeEvent";
import { makeTransportServer, TransportServer } from "../../src/tape/TransportServer.ts";
import { recordSession } from "./session.ts";

const tapeOf = (events: ReadonlyArray<TapeEvent>): Tape => {
  const header = { event: "tape", format: "naru-tape", version: 1, startedWall: 0 };
  return tapeOfText(
    [header, ...events.map((event) => ({ ...event, wall: 0, mono: 0 }))].map((line) => `${JSON.stringify(line)}\n`).join(""),
    "test",
  );
};

const frame = (payload: Payload, binary = true) => ({ event: "frame", socket: 1, binary, ...payload }) as const;

const odd = tapeOf([
  { event: "connect", socket: 1, host: "h", target: "/websocket/v1" },
  { event: "refused", socket: 1, error: { _tag: "UpgradeRefused", status: 429, headers: { "retry-after": "3" }, body: "Too many" } },
  { event: "connect", socket: 1, host: "h", target: "/websocket/v1" },
  { event: "open", socket: 1 },
  frame({ text: "비트" }),
  frame({ base64: "wyg=" }),
  frame({ text: "plain" }, false),
  { event: "close", socket: 1, code: 4_001, reason: "bye", by: "peer" },
  { event: "connect", socket: 1, host: "h", target: "/websocket/v1" },
  { event: "open", socket: 1 },
  frame({ text: "cut" }),
  { event: "close", socket: 1, code: 1006, reason: "", by: "peer" },
  { event: "request", request: 1, method: "GET", host: "h", target: "/v1/x", headers: {} },
  {
    ...{ event: "response", request: 1, status: 418, text: "[1]" },
    headers: { "content-encoding": "gzip", "content-length": "999", "remaining-req": "group=x; min=1; sec=0" },
  },
  { event: "request", request: 2, method: "GET", host: "h", target: "/v1/reset", headers: {} },
  { event: "failure", request: 2, error: { _tag: "NetworkError", phase: "headers", host: "h", code: "ECONNRESET", detail: null } },
]);

/** Everything one client hears, to the end. */
const life = (url: string) =>
  Effect.callback<ReadonlyArray<string>>((resume) => {
    const heard: Array<string> = [];
    const client = new WebSocket(url);
    client.on("unexpected-response", (_request, response) => {
      heard.push(`refused ${response.statusCode} ${response.headers["retry-after"]}`);
      response.resume();
      client.terminate();
    });
    client.on("open", () => client.send('[{"ticket":"t"}]'));
    client.on("message", (data, isBinary) => heard.push(`${isBinary ? "binary" : "text"} ${(data as Buffer).toString("hex")}`));
    client.on("error", () => {});
    client.on("close", (code, reason) => resume(Effect.succeed([...heard, `close ${code} ${reason.toString()}`])));
  });

const hex = (text: string) => Buffer.from(text).toString("hex");

describe("a tape behind a server on this machine", () => {
  it.live("refuses, sends and ends sockets as recorded, and answers with the recorded status and headers", () =>
    Effect.gen(function* () {
      const { socketUrl, url } = yield* TransportServer;
      assert.deepStrictEqual((yield* life(socketUrl))[0], "refused 429 3");
      assert.deepStrictEqual(yield* life(socketUrl), [`binary ${hex("비트")}`, "binary c328", `text ${hex("plain")}`, "close 4001 bye"]);
      assert.deepStrictEqual(yield* life(socketUrl), [`binary ${hex("cut")}`, "close 1006 "]);
      const answer = yield* Effect.promise(() => fetch(`${url}/v1/x`));
      assert.strictEqual(answer.status, 418);
      assert.strictEqual(answer.headers.get("remaining-req"), "group=x; min=1; sec=0");
      assert.strictEqual(yield* Effect.promise(() => answer.text()), "[1]");
      assert.strictEqual(yield* Effect.promise(() => fetch(`${url}/v1/reset`).then(String, () => "broken")), "broken");
      const missing = yield* Effect.promise(() => fetch(`${url}/v1/never-asked`));
      assert.strictEqual(missing.status, 501);
      assert.include(yield* Effect.promise(() => missing.text()), "not_on_tape");
      assert.strictEqual((yield* Effect.promise(() => fetch(`${url}/v1/x`, { method: "POST" }))).status, 405);
    }).pipe(Effect.provide(TransportServer.layer().pipe(Layer.provide(layerReplayTransport(odd, { speed: "asap" }))))),
  );

  it.live("begins again after its last socket when told to, and says which port is taken", () =>
    Effect.gen(function* () {
      const { port, socketUrl } = yield* TransportServer;
      const once = [yield* life(socketUrl), yield* life(socketUrl), yield* life(socketUrl)];
      const again = [yield* life(socketUrl), yield* life(socketUrl), yield* life(socketUrl)];
      assert.deepStrictEqual(again, once);
      const taken = yield* Effect.flip(Effect.scoped(makeTransportServer(yield* Transport, { port })));
      assert.deepInclude(taken, { _tag: "StorageError", code: "EADDRINUSE" });
    }).pipe(Effect.provide(TransportServer.layer().pipe(Layer.provideMerge(layerReplayTransport(odd, { speed: "asap", repeat: true }))))),
  );

  it.live("gives the live network layer every frame of a session of the emulated exchange, byte for byte and in order", () =>
    Effect.gen(function* () {
      const { tape } = yield* recordSession(15);
      const frames = [...tape.events()].flatMap(({ event }) => (event.event === "frame" && "text" in event ? [event.text] : []));
      assert.isAbove(frames.length, 100);
      const ended = Deferred.makeUnsafe<void>();
      const seen: Array<string> = [];
      yield* Effect.gen(function* () {
        const { socketUrl, url } = yield* TransportServer;
        const { rest, socket } = yield* Transport;
        const open = yield* socket(socketUrl, {
          onFrame: (data) => void seen.push(typeof data === "string" ? data : Buffer.from(data).toString("utf8")),
          onReadEnd: () => {},
          onPong: () => {},
          onClose: () => void Deferred.doneUnsafe(ended, Effect.void),
        });
        yield* open.send("[{}]");
        yield* Deferred.await(ended);
        const { body, status } = yield* rest({ url: `${url}/v1/market/all?is_details=true`, headers: {} });
        assert.strictEqual(status, 200);
        const recorded = [...tape.events()].find(({ event }) => event.event === "response")?.event;
        assert.deepInclude(recorded, { text: Buffer.from(body).toString("utf8") });
      }).pipe(
        Effect.scoped,
        Effect.provide(
          Layer.merge(
            NodeTransport.layer(),
            TransportServer.layer().pipe(Layer.provide(layerReplayTransport(tape, { speed: "asap", atEnd: "close" }))),
          ),
        ),
      );
      assert.deepStrictEqual(seen, frames);
    }),
  );

  const hostile = tapeOf([
    { event: "request", request: 1, method: "GET", host: "h", target: "/v1/status", headers: {} },
    { event: "response", request: 1, status: 99_999, text: "[1]", headers: {} },
    { event: "request", request: 2, method: "GET", host: "h", target: "/v1/header", headers: {} },
    { event: "response", request: 2, status: 200, text: "[1]", headers: { "x-a": "1\r\nx-b: 2", "no name": "3", "x-c": "4" } },
    { event: "connect", socket: 1, host: "h", target: "/websocket/v1" },
    { event: "open", socket: 1 },
    { event: "close", socket: 1, code: 4_000, reason: "x".repeat(500), by: "peer" },
  ]);

  it.live("breaks the connection where the tape holds what HTTP cannot carry, and never lets it write headers of its own", () =>
    Effect.gen(function* () {
      const { socketUrl, url } = yield* TransportServer;
      const outcome = yield* Effect.promise(() =>
        fetch(`${url}/v1/status`).then(
          ({ status }) => String(status),
          (error: Error) => error.message,
        ),
      );
      assert.strictEqual(outcome, "fetch failed");
      const { headers } = yield* Effect.promise(() => fetch(`${url}/v1/header`));
      assert.deepStrictEqual([headers.get("x-a"), headers.get("x-b"), headers.get("x-c")], [null, null, "4"]);
      assert.deepStrictEqual(yield* life(socketUrl), [`close 4000 ${"x".repeat(123)}`]);
    }).pipe(Effect.provide(TransportServer.layer().pipe(Layer.provide(layerReplayTransport(hostile))))),
  );
});
