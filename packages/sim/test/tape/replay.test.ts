import { assert, describe, it } from "@effect/vitest";
import { type SocketClose, type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { layerReplayTransport, makeReplay, type ReplayOptions } from "../../src/tape/Replay.ts";
import { layerReplayClock } from "../../src/tape/ReplayClock.ts";
import { type Tape, tapeOfText } from "../../src/tape/Tape.ts";
import type { TapeEvent } from "@naru/router/tape/TapeEvent";

type Row = readonly [atMs: number, event: TapeEvent];

const tapeOf = (rows: ReadonlyArray<Row>): Tape => {
  const header = { event: "tape", format: "naru-tape", version: 1, startedWall: 1_700_000_000_000 };
  const lines = rows.map(([atMs, event]) => ({ ...event, wall: 1_700_000_000_000 + atMs, mono: atMs * 1e6 }));
  return tapeOfText([header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(""), "test");
};

const url = "ws://h/websocket/v1";
const frame = (socket: number, text: string) => ({ event: "frame", socket, binary: true, text }) as const;
const read = (socket: number, atMs: number, ...texts: ReadonlyArray<string>): ReadonlyArray<Row> => [
  ...texts.map((text): Row => [atMs, frame(socket, text)]),
  [atMs, { event: "read_end", socket }],
];

/** Asked at 100 ms, open at 120, subscribed at 150; frames at 350, 350, 1350 and 2350 ms; closed by the exchange at 3350. */
const session = tapeOf([
  [100, { event: "connect", socket: 1, host: "h", target: "/websocket/v1" }],
  [120, { event: "open", socket: 1 }],
  [150, { event: "send", socket: 1, text: "[{}]" }],
  ...read(1, 350, "a", "b"),
  ...read(1, 1_350, "c"),
  ...read(1, 2_350, "d"),
  [3_350, { event: "close", socket: 1, code: 1001, reason: "bye", by: "peer" }],
]);

/** What a client sees, with the virtual milliseconds at which it does. */
const client = () => {
  const seen: Array<string> = [];
  const note = (text: string) => seen.push(text);
  const handlersAt = (now: () => number): SocketHandlers => ({
    onFrame: (data) => note(`${now()} ${typeof data === "string" ? data : new TextDecoder().decode(data)}`),
    onReadEnd: () => note(`${now()} |`),
    onPong: () => note(`${now()} pong`),
    onClose: ({ code, reason }: SocketClose) => note(`${now()} close ${code} ${reason}`),
  });
  return { seen, handlersAt };
};

const watch = (tape: Tape, options: ReplayOptions, use: { readonly sayAfterMs?: number; readonly text?: string; readonly forMs: number }) =>
  Effect.gen(function* () {
    const { handlersAt, seen } = client();
    const clock = yield* Clock.Clock;
    const startMs = clock.currentTimeMillisUnsafe();
    const { transport } = makeReplay(tape, options);
    const living = yield* Effect.forkChild(
      Effect.scoped(
        Effect.gen(function* () {
          const socket = yield* transport.socket(
            url,
            handlersAt(() => clock.currentTimeMillisUnsafe() - startMs),
          );
          seen.push("open");
          if (use.sayAfterMs !== undefined) yield* Effect.sleep(use.sayAfterMs);
          yield* socket.send(use.text ?? "[{}]");
          return yield* Effect.never;
        }),
      ),
      { startImmediately: true },
    );
    // What needs no time needs turns.
    yield* Effect.replicateEffect(TestClock.adjust(0), 20);
    yield* TestClock.adjust(use.forMs);
    const at = [...seen];
    yield* Fiber.interrupt(living);
    return at;
  });

describe("a replayed socket", () => {
  it.effect("comes at the distances it was recorded with, counted from the client's first message", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* watch(session, {}, { forMs: 10_000 }), [
        "open",
        ...["220 a", "220 b", "220 |", "1220 c", "1220 |", "2220 d", "2220 |", "3220 close 1001 bye"],
      ]);
      assert.deepStrictEqual(yield* watch(session, {}, { forMs: 6_000, sayAfterMs: 5_000 }), ["open", "5220 a", "5220 b", "5220 |"]);
      assert.deepStrictEqual(yield* watch(session, {}, { forMs: 4_000, sayAfterMs: 5_000 }), ["open"]);
    }),
  );

  it.effect("comes ten times as fast, half as fast, or at once, in the same order", () =>
    Effect.gen(function* () {
      const fast = ["22 a", "22 b", "22 |", "122 c", "122 |", "222 d", "222 |", "322 close 1001 bye"];
      assert.deepStrictEqual(yield* watch(session, { speed: 10 }, { forMs: 1_000 }), ["open", ...fast]);
      assert.deepStrictEqual(yield* watch(session, { speed: 0.5 }, { forMs: 1_000 }), ["open", "440 a", "440 b", "440 |"]);
      const atOnce = ["0 a", "0 b", "0 |", "0 c", "0 |", "0 d", "0 |", "0 close 1001 bye"];
      assert.deepStrictEqual(yield* watch(session, { speed: "asap" }, { forMs: 0 }), ["open", ...atOnce]);
    }),
  );

  it.effect("stays open and silent where the tape does not say that the peer closed it, or closes when that is asked for", () =>
    Effect.gen(function* () {
      const left = tapeOf([
        [0, { event: "connect", socket: 1, host: "h", target: "/websocket/v1" }],
        [0, { event: "open", socket: 1 }],
        ...read(1, 10, "a"),
        [500, { event: "close", socket: 1, code: 1000, reason: "", by: "client" }],
      ]);
      assert.deepStrictEqual(yield* watch(left, {}, { forMs: 60_000 }), ["open", "10 a", "10 |"]);
      assert.deepStrictEqual(yield* watch(left, { atEnd: "close" }, { forMs: 60_000 }), [
        "open",
        "10 a",
        "10 |",
        "500 close 1000 the tape ends here",
      ]);
    }),
  );

  it.effect("answers pings while the recorded link did, and not once it had gone dead", () =>
    Effect.gen(function* () {
      const halfOpen = tapeOf([
        [0, { event: "connect", socket: 1, host: "h", target: "/websocket/v1" }],
        [0, { event: "open", socket: 1 }],
        [100, { event: "ping", socket: 1 }],
        [101, { event: "pong", socket: 1 }],
        [5_000, { event: "ping", socket: 1 }],
        [9_000, { event: "close", socket: 1, code: 1006, reason: "", by: "client" }],
      ]);
      const { handlersAt, seen } = client();
      const socket = yield* makeReplay(halfOpen).transport.socket(
        url,
        handlersAt(() => 0),
      );
      yield* TestClock.adjust("4999 millis");
      yield* socket.ping;
      assert.deepStrictEqual(seen, ["0 pong"]);
      yield* TestClock.adjust("1 millis");
      yield* socket.ping;
      assert.deepStrictEqual(seen, ["0 pong"]);
      yield* socket.terminate;
      assert.deepStrictEqual(seen, ["0 pong", "0 close 1006 "]);
      assert.deepInclude(yield* Effect.flip(socket.send("x")), { _tag: "NetworkError", detail: "the socket is closed" });
    }),
  );

  it.effect("with a filter sends whole frames of the types and markets asked for, in each format, and what is about none", () =>
    Effect.gen(function* () {
      const btc = '{"type":"trade","code":"KRW-BTC"}';
      const short = '{"ty":"orderbook","cd":"KRW-BTC.15"}';
      const list = '[{"type":"trade","code":"KRW-ETH"},{"type":"trade","code":"KRW-BTC"}]';
      const others = ['{"type":"trade","code":"KRW-ETH"}', '{"ty":"ticker","cd":"KRW-BTC"}', '[{"type":"trade","code":"KRW-ETH"}]'];
      const status = '{"status":"UP"}';
      const tape = tapeOf([
        [0, { event: "connect", socket: 1, host: "h", target: "/websocket/v1" }],
        [0, { event: "open", socket: 1 }],
        [0, { event: "send", socket: 1, text: "[{}]" }],
        ...[btc, ...others, short, list, status].map((text): Row => [1, frame(1, text)]),
      ]);
      const text = '[{"ticket":"t"},{"type":"trade","codes":["KRW-BTC"]},{"type":"orderbook","codes":["KRW-BTC.5"]}]';
      const seen = yield* watch(tape, { filter: true }, { forMs: 1_000, text });
      assert.deepStrictEqual(seen, ["open", ...[btc, short, list, status].map((one) => `1 ${one}`), "1 |"]);
    }),
  );
});

const answered = (request: number, atMs: number, target: string, text: string, tookMs = 20): ReadonlyArray<Row> => [
  [atMs, { event: "request", request, method: "GET", host: "h", target, headers: {} }],
  [atMs + tookMs, { event: "response", request, status: 200, headers: { date: "x" }, text }],
];

describe("replayed answers", () => {
  const tape = tapeOf([
    ...answered(1, 0, "/v1/ticker?markets=KRW-BTC", "first"),
    ...answered(2, 500, "/v1/trades?market=KRW-BTC&count=1", "trades", 300),
    ...answered(3, 1_000, "/v1/ticker?markets=KRW-BTC", "second"),
    [2_000, { event: "request", request: 4, method: "GET", host: "h", target: "/v1/fails", headers: {} }],
    [2_001, { event: "failure", request: 4, error: { _tag: "TimeoutError", phase: "headers", timeoutMs: 5_000, detail: null } }],
    [3_000, { event: "request", request: 5, method: "GET", host: "h", target: "/v1/cut", headers: {} }],
    [3_000, { event: "request", request: 6, method: "GET", host: "h", target: "/v1/given-up", headers: {} }],
    [3_100, { event: "given_up", request: 6 }],
  ]);
  const asking = Effect.map(
    Transport,
    ({ rest }) =>
      (target: string) =>
        Effect.map(rest({ url: `http://elsewhere${target}`, headers: {} }), ({ body }) => new TextDecoder().decode(body)),
  );

  it.effect("are the next recorded one of the same question, then the last again; the order of parameters does not matter", () =>
    Effect.gen(function* () {
      const ask = yield* asking;
      const told = [
        yield* ask("/v1/ticker?markets=KRW-BTC"),
        yield* ask("/v1/ticker?markets=KRW-BTC"),
        yield* ask("/v1/ticker?markets=KRW-BTC"),
        yield* ask("/v1/trades?count=1&market=KRW%2DBTC"),
      ];
      assert.deepStrictEqual(told, ["first", "second", "second", "trades"]);
    }).pipe(Effect.provide(layerReplayTransport(tape, { speed: "asap" }))),
  );

  it.effect("take as long as they took, by the speed", () =>
    Effect.gen(function* () {
      const ask = yield* asking;
      const asked = yield* Effect.forkChild(ask("/v1/trades?market=KRW-BTC&count=1"), { startImmediately: true });
      yield* TestClock.adjust("149 millis");
      assert.isUndefined(asked.pollUnsafe());
      yield* TestClock.adjust("1 millis");
      assert.strictEqual(yield* Fiber.join(asked), "trades");
    }).pipe(Effect.provide(layerReplayTransport(tape, { speed: 2 }))),
  );

  it.effect("fail as they failed, and what the tape does not hold is a failure that says so", () =>
    Effect.gen(function* () {
      const ask = yield* asking;
      assert.deepInclude(yield* Effect.flip(ask("/v1/fails")), { _tag: "TimeoutError", phase: "headers", timeoutMs: 5_000 });
      for (const target of ["/v1/ticker?markets=KRW-ETH", "/v1/cut", "/v1/ticker"])
        assert.deepInclude(yield* Effect.flip(ask(target)), { _tag: "NetworkError", code: "NOT_ON_TAPE" });
      const { socket } = yield* Transport;
      const error = yield* Effect.flip(
        Effect.scoped(
          socket(
            url,
            client().handlersAt(() => 0),
          ),
        ),
      );
      assert.deepInclude(error, { _tag: "NetworkError", code: "NOT_ON_TAPE" });
      const waiting = yield* Effect.forkChild(ask("/v1/given-up"), { startImmediately: true });
      yield* TestClock.adjust("1 hour");
      assert.isUndefined(waiting.pollUnsafe());
    }).pipe(Effect.provide(layerReplayTransport(tape, { speed: "asap" }))),
  );
});

describe("a replay's clock", () => {
  it.effect("reads the tape's time and makes every wait shorter by the speed", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.provide(
        Effect.gen(function* () {
          const before = yield* Clock.monotonicTimeNanos;
          const wall = yield* Clock.currentTimeMillis;
          return yield* Effect.forkDetach(
            Effect.gen(function* () {
              yield* Effect.sleep("60 seconds");
              return [wall, yield* Clock.currentTimeMillis, (yield* Clock.monotonicTimeNanos) - before] as const;
            }),
            { startImmediately: true },
          );
        }),
        layerReplayClock(1_700_000_000_000, 10).pipe(Layer.fresh),
      );
      yield* TestClock.adjust("5999 millis");
      assert.isUndefined(waiting.pollUnsafe());
      yield* TestClock.adjust("1 millis");
      assert.deepStrictEqual(yield* Fiber.join(waiting), [1_700_000_000_000, 1_700_000_060_000, 60_000_000_000n]);
    }),
  );
});
