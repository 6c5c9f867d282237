import { assert, describe, it } from "@effect/vitest";
import { NetworkError, StorageError } from "@naru/router/errors/MarketDataError";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { type SocketHandlers, Transport, UpgradeRefused } from "@naru/router/transport/Transport";
import { Effect, Exit, Fiber, Layer, Scope } from "effect";
import { TestClock } from "effect/testing";
import { layerRecording, layerRecordingLimiter } from "../../src/tape/recording.ts";
import { readTape } from "../../src/tape/Tape.ts";
import { memorySink, type TapeSink } from "../../src/tape/TapeFile.ts";
import { makeRecorder, TapeRecorder } from "../../src/tape/TapeRecorder.ts";

const full = new StorageError({ operation: "write the tape", path: "x", code: "ENOSPC", detail: null });

/** A disk that can be full. */
const disk = () => {
  const held = memorySink();
  const state = { isFull: false, attempts: 0 };
  const sink: TapeSink = {
    write: (member) =>
      Effect.suspend(() => {
        state.attempts++;
        return state.isFull ? Effect.fail(full) : held.write(member);
      }),
  };
  return { ...held, ...sink, state };
};

const frame = (text: string) => ({ event: "frame", socket: 1, binary: true, text }) as const;

const eventsOf = (sink: ReturnType<typeof memorySink>) =>
  Effect.map(readTape(sink.source(), "memory"), (tape) => [...tape.events()].map(({ event }) => event));

describe("the recorder", () => {
  it.effect("writes by itself every second and whenever a member is full, and a crash between costs only what waited", () =>
    Effect.gen(function* () {
      const sink = memorySink();
      const recorder = yield* makeRecorder(sink, { memberBytes: 1_000 });
      recorder.record(frame("a"));
      yield* TestClock.adjust("999 millis");
      assert.strictEqual(sink.bytes().length, 0);
      assert.strictEqual(recorder.stats().waiting, 1);
      yield* TestClock.adjust("1 millis");
      assert.strictEqual(recorder.stats().waiting, 0);
      recorder.record(frame("b".repeat(2_000)), 2_000);
      yield* TestClock.adjust("1 millis");
      assert.strictEqual(recorder.stats().members, 2);
      recorder.record(frame("c"));
      assert.strictEqual((yield* eventsOf(sink)).length, 2);
    }),
  );

  it.effect("while the disk is full keeps what fits its bound, counts the rest, and says so on the tape where it is missing", () =>
    Effect.gen(function* () {
      const sink = disk();
      const recorder = yield* makeRecorder(sink, { memberBytes: 500, maxBufferBytes: 2_000 });
      sink.state.isFull = true;
      for (let i = 0; i < 50; i++) recorder.record(frame(String(i).padStart(100, "0")), 100);
      yield* TestClock.adjust("10 seconds");
      const { dropped, failure, waiting } = recorder.stats();
      assert.strictEqual(failure?.code, "ENOSPC");
      assert.isAbove(dropped, 30);
      assert.strictEqual(dropped + waiting, 50);
      assert.isAtMost(sink.state.attempts, 15, "a full disk is not asked all the time");
      sink.state.isFull = false;
      yield* TestClock.adjust("3 seconds");
      assert.strictEqual(recorder.stats().waiting, 0);
      assert.isUndefined(recorder.stats().failure);
      recorder.record(frame("after"));
      yield* recorder.finish;
      const events = yield* eventsOf(sink);
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        [...Array.from({ length: 50 - dropped }, () => "frame"), "dropped", "frame", "end"],
      );
      assert.deepInclude(
        events.find(({ event }) => event === "dropped"),
        { events: dropped, bytes: dropped * 220, reason: "buffer_full", sinceMono: 0 },
      );
    }),
  );

  it.effect("ends with a typed error when the last of it cannot be written, and a hole that is still open is told in the end", () =>
    Effect.gen(function* () {
      const sink = disk();
      const recorder = yield* makeRecorder(sink, { maxBufferBytes: 300 });
      sink.state.isFull = true;
      for (let i = 0; i < 5; i++) recorder.record(frame("x"), 1);
      assert.strictEqual((yield* Effect.flip(recorder.finish)).code, "ENOSPC");
      sink.state.isFull = false;
      yield* recorder.finish;
      recorder.record(frame("too late"));
      yield* recorder.flush;
      assert.deepStrictEqual(
        (yield* eventsOf(sink)).map(({ event }) => event),
        ["frame", "frame", "dropped", "end"],
      );
    }),
  );
});

/** A transport of which a test holds the other end. */
const scripted = () => {
  const held: { handlers: SocketHandlers | undefined; sent: Array<string> } = { handlers: undefined, sent: [] };
  const transport: Transport["Service"] = {
    rest: ({ url }) => {
      if (url.includes("/fails")) return Effect.fail(new NetworkError({ phase: "headers", host: "h", code: "ECONNRESET", detail: null }));
      if (url.includes("/hangs")) return Effect.never;
      const headers = { "content-type": "application/json", "set-cookie": "sid=S3CRET", "remaining-req": "group=ticker; min=1; sec=9" };
      return Effect.succeed({
        status: 200,
        headers,
        body: url.includes("/bytes") ? Uint8Array.of(0xff, 0xfe, 0) : new TextEncoder().encode("[1]"),
      });
    },
    socket: (url, handlers) =>
      Effect.gen(function* () {
        if (url.includes("/refused"))
          return yield* new UpgradeRefused({ status: 429, headers: { "retry-after": "3", cookie: "S3CRET" }, body: "Too many" });
        held.handlers = handlers;
        yield* Effect.addFinalizer(() => Effect.sync(() => handlers.onClose({ code: 1000, reason: "" })));
        return {
          send: (text) => Effect.sync(() => void held.sent.push(text)),
          ping: Effect.sync(() => handlers.onPong()),
          compressed: false,
          bytes: () => ({ wire: 0, payload: 0 }),
          terminate: Effect.sync(() => handlers.onClose({ code: 1006, reason: "" })),
        };
      }),
  };
  return { held, transport };
};

const recorded = <A, E>(use: (held: ReturnType<typeof scripted>["held"]) => Effect.Effect<A, E, Transport | RateLimiter>) =>
  Effect.gen(function* () {
    const sink = memorySink();
    const { held, transport } = scripted();
    const limits = {
      groups: { ticker: { limit: 2, windowMs: 1_000 } },
      socketConnect: { limit: 2, windowMs: 1_000 },
      socketMessage: [],
    };
    yield* Effect.provide(
      use(held),
      Layer.merge(layerRecording, layerRecordingLimiter).pipe(
        Layer.provide(Layer.merge(Layer.succeed(Transport, transport), RateLimiter.layerTest(limits))),
        Layer.provide(TapeRecorder.layerSink(sink)),
      ),
    );
    return { events: yield* eventsOf(sink), bytes: sink.bytes(), tape: yield* readTape(sink.source(), "memory") };
  });

const silent: SocketHandlers = { onFrame: () => {}, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };

describe("a recorded transport", () => {
  it.effect("writes requests with every way they end: answer, bytes that are no text, failure, given up", () =>
    Effect.gen(function* () {
      const { events } = yield* recorded(() =>
        Effect.gen(function* () {
          const { rest } = yield* Transport;
          yield* rest({ url: "https://h/v1/ok?markets=KRW-BTC,KRW-ETH", headers: {} });
          yield* rest({ url: "https://h/bytes", headers: {} });
          assert.strictEqual((yield* Effect.flip(rest({ url: "https://h/fails", headers: {} })))._tag, "NetworkError");
          const hanging = yield* Effect.forkChild(rest({ url: "https://h/hangs", headers: {} }), { startImmediately: true });
          yield* Fiber.interrupt(hanging);
        }),
      );
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        ["request", "response", "request", "response", "request", "failure", "request", "given_up", "end"],
      );
      assert.deepInclude(events[0], { host: "h", target: "/v1/ok?markets=KRW-BTC,KRW-ETH", request: 1 });
      assert.deepInclude(events[1], { status: 200, text: "[1]" });
      assert.deepInclude(events[3], { base64: "//4A" });
      assert.deepInclude((events[5] as { readonly error: object }).error, { _tag: "NetworkError", code: "ECONNRESET" });
    }),
  );

  it.effect("writes a socket's life in order, frames exactly, and who ended it", () =>
    Effect.gen(function* () {
      const { events } = yield* recorded((held) =>
        Effect.gen(function* () {
          const { socket } = yield* Transport;
          const seen: Array<unknown> = [];
          const scope = yield* Scope.make();
          const open = yield* Scope.provide(socket("wss://h/websocket/v1", { ...silent, onFrame: (data) => void seen.push(data) }), scope);
          yield* open.send("[1]");
          const bytes = new TextEncoder().encode("\ufeff비트");
          held.handlers?.onFrame(bytes);
          // The transport's buffer is its own again after the call.
          bytes.fill(0);
          held.handlers?.onFrame(Uint8Array.of(0xc3, 0x28));
          held.handlers?.onFrame("text");
          held.handlers?.onReadEnd();
          yield* open.ping;
          yield* Scope.close(scope, Exit.void);
          assert.strictEqual(seen.length, 3);
          assert.deepStrictEqual(held.sent, ["[1]"]);
          yield* Effect.scoped(
            socket("wss://h/websocket/v1", silent).pipe(
              Effect.andThen(Effect.sync(() => held.handlers?.onClose({ code: 1001, reason: "bye" }))),
            ),
          );
          yield* Effect.flip(Effect.scoped(socket("wss://h/refused", silent)));
        }),
      );
      const told = events.map(({ mono: _mono, wall: _wall, ...event }) => event);
      assert.deepStrictEqual(told.slice(0, 10), [
        { event: "connect", socket: 1, host: "h", target: "/websocket/v1" },
        { event: "open", socket: 1 },
        { event: "send", socket: 1, text: "[1]" },
        { event: "frame", socket: 1, binary: true, text: "\ufeff비트" },
        { event: "frame", socket: 1, binary: true, base64: "wyg=" },
        { event: "frame", socket: 1, binary: false, text: "text" },
        { event: "read_end", socket: 1 },
        { event: "ping", socket: 1 },
        { event: "pong", socket: 1 },
        { event: "close", socket: 1, code: 1000, reason: "", by: "client" },
      ] as unknown as typeof told);
      assert.deepInclude(
        told.find(({ event }, i) => i > 10 && event === "close"),
        { code: 1001, reason: "bye", by: "peer" },
      );
      assert.deepInclude((told.find(({ event }) => event === "refused") as unknown as { readonly error: object }).error, {
        _tag: "UpgradeRefused",
        status: 429,
      });
    }),
  );

  it.effect("never writes a credential, whichever way it travels", () =>
    Effect.gen(function* () {
      const { tape, events } = yield* recorded(() =>
        Effect.gen(function* () {
          const { rest, socket } = yield* Transport;
          yield* rest({
            url: "https://user:S3CRET@h/v1/ok?a=1&access_key=S3CRET&X-Amz-Signature=S3CRET&%61ccess_token=S3CRET",
            headers: {
              Authorization: "Bearer S3CRET",
              Cookie: "S3CRET",
              "X-Api-Key": "S3CRET",
              "X-Session-Id": "S3CRET",
              accept: "text/plain",
            },
          });
          yield* Effect.flip(Effect.scoped(socket("wss://user:S3CRET@h/refused?token=S3CRET", silent)));
        }),
      );
      const written = [...tape.events()].map((placed) => JSON.stringify(placed)).join("\n");
      assert.include(written, "remaining-req");
      assert.include(written, "text/plain");
      assert.include(written, "/v1/ok?a=1&access_key=secret");
      assert.notInclude(written, "S3CRET");
      assert.isAbove(events.length, 3);
    }),
  );

  it.effect("writes what the limiter decided and how long that took", () =>
    Effect.gen(function* () {
      const { events } = yield* recorded(() =>
        Effect.gen(function* () {
          const limiter = yield* RateLimiter;
          const asked = { priority: "normal", maxWaitMs: 5_000 } as const;
          const first = yield* limiter.acquire("ticker", asked);
          const second = yield* limiter.acquire("ticker", asked);
          for (const grant of [first, second]) yield* limiter.ended(grant, true);
          const third = yield* Effect.forkChild(limiter.acquire("ticker", asked), { startImmediately: true });
          const left = yield* Effect.forkChild(limiter.acquire("ticker", asked), { startImmediately: true });
          yield* Fiber.interrupt(left);
          yield* Effect.flip(limiter.acquire("ticker", { priority: "low", maxWaitMs: 0 }));
          yield* TestClock.adjust("2 seconds");
          yield* Fiber.join(third);
          yield* limiter.acquireConnect(asked);
          yield* limiter.pauseGroup("ticker", 700);
          yield* limiter.block(9_000);
        }),
      );
      const decisions = events.flatMap((event) =>
        event.event === "limit" ? [`${event.group} ${event.decision} ${event.waited >= 1_000}`] : [],
      );
      assert.deepStrictEqual(decisions, [
        "ticker granted false",
        "ticker granted false",
        "ticker left false",
        "ticker refused false",
        "ticker granted true",
        "socket-connect granted false",
      ]);
      assert.deepStrictEqual(
        events.flatMap((event) => (event.event === "limit_pause" ? [[event.group, event.for]] : [])),
        [
          ["ticker", 700],
          [null, 9_000],
        ],
      );
    }),
  );
});
