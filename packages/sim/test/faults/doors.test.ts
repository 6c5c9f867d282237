import * as NodeTransport from "@naru/node/NodeTransport";
import { assert, describe, it } from "@effect/vitest";
import { Transport } from "@naru/router/transport/Transport";
import { Context, Effect, Exit, Layer, Result, Scope } from "effect";
import {
  Exchange,
  type Fault,
  layerLoopbackServer,
  layerMemoryTransport,
  LoopbackServer,
  parseFault,
  Script,
  verbs,
} from "../../src/index.ts";
import { NaiveSocket, passing } from "./naive.ts";
import { closeCodes } from "./socketCases.ts";

/** Where the exchange is, for the transport of the door. */
class Place extends Context.Service<Place, { readonly http: string; readonly ws: string }>()("@naru/sim/test/faults/Place") {}

interface Door {
  readonly name: string;
  readonly layer: (limits: Limits) => Layer.Layer<Transport | Exchange | Place>;
  readonly test: (title: string, effect: () => Effect.Effect<unknown, unknown>) => void;
  /** Lets the time pass that an effect needs. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  readonly until: (done: () => boolean) => Effect.Effect<void>;
}

type Limits = { readonly headersMs: number; readonly bodyIdleMs: number; readonly attemptMs: number; readonly upgradeMs: number };

/** For what ends by itself, however busy the machine is. */
const patient: Limits = { headersMs: 15_000, bodyIdleMs: 15_000, attemptMs: 15_000, upgradeMs: 15_000 };

/** For what ends by a limit: the tests wait for it in real time. */
const hasty: Limits = { headersMs: 1_000, bodyIdleMs: 1_000, attemptMs: 2_500, upgradeMs: 1_000 };

const memory: Door = {
  name: "in memory",
  layer: (limits) =>
    Layer.mergeAll(
      layerMemoryTransport({
        headersTimeoutMs: limits.headersMs,
        bodyIdleTimeoutMs: limits.bodyIdleMs,
        attemptTimeoutMs: limits.attemptMs,
        upgradeTimeoutMs: limits.upgradeMs,
      }),
      Layer.succeed(Place, { http: "http://sim", ws: "ws://sim/websocket/v1" }),
    ).pipe(Layer.provideMerge(Exchange.layer({ seed: 1 }))),
  test: (title, effect) => it.effect(title, effect),
  run: passing,
  until: (done) => passing(Effect.yieldNow.pipe(Effect.andThen(Effect.sleep(10)), Effect.repeat({ until: () => done() }), Effect.asVoid)),
};

const loopback: Door = {
  name: "over loopback",
  layer: (limits) =>
    Layer.mergeAll(
      NodeTransport.layer({ timeouts: limits }),
      Layer.effect(
        Place,
        Effect.map(LoopbackServer, ({ url, socketUrl }) => ({ http: url, ws: socketUrl })),
      ),
    ).pipe(Layer.provideMerge(layerLoopbackServer()), Layer.provideMerge(Exchange.layer({ seed: 1 }))),
  test: (title, effect) => it.live(title, effect),
  run: (effect) => effect,
  until: (done) =>
    Effect.callback<void>((resume) => {
      const look = () => (done() ? resume(Effect.void) : void setImmediate(look));
      look();
    }).pipe(Effect.timeout("10 seconds"), Effect.orDie),
};

const requests: ReadonlyArray<readonly [Fault, Readonly<Record<string, unknown>>]> = [
  [{ verb: "hang" }, { _tag: "TimeoutError", phase: "headers" }],
  [{ verb: "reset" }, { _tag: "NetworkError", phase: "headers", code: "ECONNRESET" }],
  [{ verb: "reset-after-bytes" }, { _tag: "NetworkError", phase: "body", code: "ECONNRESET" }],
  [
    { verb: "reset-after-bytes", how: "end" },
    { _tag: "NetworkError", phase: "body" },
  ],
  [
    { verb: "reset-after-bytes", how: "hang" },
    { _tag: "TimeoutError", phase: "body" },
  ],
  [{ verb: "slow-headers" }, { _tag: "TimeoutError", phase: "headers" }],
  [
    { verb: "slow-body", everyMs: 20 },
    { _tag: "TimeoutError", phase: "attempt" },
  ],
  [
    { verb: "slow-body", everyMs: 20_000 },
    { _tag: "TimeoutError", phase: "body" },
  ],
  [{ verb: "huge-body" }, { _tag: "DecodeError", stage: "size" }],
  [{ verb: "endless-body" }, { _tag: "DecodeError", stage: "size" }],
  [{ verb: "bad-gzip" }, { _tag: "DecodeError", stage: "bytes" }],
  [
    { verb: "bad-gzip", how: "garbled" },
    { _tag: "DecodeError", stage: "bytes" },
  ],
  [{ verb: "gzip-bomb" }, { _tag: "DecodeError", stage: "size" }],
];

const openings: ReadonlyArray<readonly [Fault, Readonly<Record<string, unknown>>]> = [
  [
    { verb: "refuse-upgrade", status: 200 },
    { _tag: "UpgradeRefused", status: 200 },
  ],
  [
    { verb: "refuse-upgrade", status: 429 },
    { _tag: "UpgradeRefused", status: 429 },
  ],
  [{ verb: "upgrade-hang" }, { _tag: "TimeoutError", phase: "upgrade" }],
  [{ verb: "upgrade-reset" }, { _tag: "NetworkError", phase: "upgrade", code: "ECONNRESET" }],
  [{ verb: "ban" }, { _tag: "UpgradeRefused", status: 418 }],
];

/** Ends of an open socket, and what the client hears. */
const ends: ReadonlyArray<readonly [Fault, number, string]> = [
  ...closeCodes.map(
    ([code, heard]) => [{ verb: "close", code }, heard, heard === code || code === 1006 ? "" : "WS_ERR_INVALID_CLOSE_CODE"] as const,
  ),
  [{ verb: "close", code: 1013, reason: "later" }, 1013, "later"],
  [{ verb: "close", code: 1013, reason: "비".repeat(100) }, 1013, "비".repeat(41)],
  [{ verb: "cut" }, 1006, ""],
  [{ verb: "cut", how: "rst" }, 1006, "ECONNRESET"],
];

for (const door of [memory, loopback]) {
  const test = (
    title: string,
    effect: () => Effect.Effect<unknown, unknown, Transport | Exchange | Place | Scope.Scope>,
    error: Readonly<Record<string, unknown>> = {},
  ) => door.test(title, () => effect().pipe(Effect.scoped, Effect.provide(door.layer(error["_tag"] === "TimeoutError" ? hasty : patient))));

  describe(`a client hears the same ${door.name}`, () => {
    for (const [fault, error] of requests) {
      test(
        `of a request under ${JSON.stringify(fault)}`,
        () =>
          Effect.gen(function* () {
            const { http } = yield* Place;
            yield* Script.fault(fault);
            const asked = (yield* Transport).rest({ url: `${http}/v1/ticker?markets=KRW-BTC`, headers: {} });
            assert.deepInclude({ ...(yield* door.run(Effect.flip(asked))) }, error);
          }),
        error,
      );
    }

    for (const [fault, error] of openings) {
      test(
        `of a handshake under ${JSON.stringify(fault)}`,
        () =>
          Effect.gen(function* () {
            const { ws } = yield* Place;
            yield* Script.fault(fault);
            const opened = (yield* Transport).socket(ws, new NaiveSocket().handlers);
            assert.deepInclude({ ...(yield* door.run(Effect.flip(opened))) }, error);
          }),
        error,
      );
    }

    for (const [fault, code, reason] of ends) {
      test(`of the end of a socket by ${JSON.stringify(fault)}`, () =>
        Effect.gen(function* () {
          const { ws } = yield* Place;
          const exchange = yield* Exchange;
          const socket = new NaiveSocket();
          yield* door.run((yield* Transport).socket(ws, socket.handlers));
          yield* Script.fault(fault);
          yield* door.until(() => socket.closes.length > 0);
          assert.deepStrictEqual(socket.closes, [{ code, reason }]);
          yield* door.until(() => exchange.openSockets === 0);
          assert.deepStrictEqual(
            exchange.ledger.faults().map(({ verb, on }) => [verb, on]),
            [[fault.verb, "connection 1"]],
          );
        }));
    }

    test("and a fault that this door cannot show is refused, not switched on", () =>
      Effect.gen(function* () {
        const [here, elsewhere] = door === memory ? (["memory", "loopback"] as const) : (["loopback", "memory"] as const);
        const { faults } = yield* Exchange;
        for (const { verb, doors } of verbs) {
          const outcome = yield* Effect.result(Effect.flatMap(parseFault(verb, []), Script.fault));
          assert.strictEqual(Result.isSuccess(outcome), doors.includes(here), verb);
          if (Result.isFailure(outcome)) assert.deepStrictEqual(doors, [elsewhere]);
        }
        assert.strictEqual(faults.list().length, verbs.filter(({ doors }) => doors.includes(here)).length);
        assert.isBelow(faults.list().length, verbs.length);
      }));

    test("of a message that is too large, and of a close frame without an answer", () =>
      Effect.gen(function* () {
        const { ws } = yield* Place;
        const transport = yield* Transport;
        const [large, patient] = [new NaiveSocket(), new NaiveSocket()];
        yield* Script.fault({ verb: "oversize-frames", times: 1 });
        const link = yield* door.run(transport.socket(ws, large.handlers));
        yield* link.send('[{"ticket":"t"},{"type":"ticker","codes":["KRW-BTC"]}]');
        yield* door.until(() => large.closes.length > 0);
        assert.deepStrictEqual(large.closes, [{ code: 1006, reason: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" }]);
        const scope = yield* Scope.make();
        yield* door.run(Scope.provide(transport.socket(ws, patient.handlers), scope));
        yield* Script.fault({ verb: "close-unanswered" });
        yield* door.run(Scope.close(scope, Exit.void));
        assert.deepStrictEqual(patient.closes, [{ code: 1006, reason: "" }]);
      }));
  });
}
