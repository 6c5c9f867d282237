import { assert, it } from "@effect/vitest";
import { Transport } from "@naru/router/transport/Transport";
import { Effect, Fiber } from "effect";
import * as NodeTransport from "../src/NodeTransport.ts";
import { httpServer, socketServer, tcpServer } from "./servers.ts";

const silent = { onFrame: () => {}, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)));

const resources = () => process.getActiveResourcesInfo();

/** What is open now and was not `before`. The test runner's own timers come to an end in between; that is no matter. */
const opened = (before: ReadonlyArray<string>) => {
  const left = [...before];
  return resources().filter((name) => {
    const known = left.indexOf(name);
    if (known >= 0) left.splice(known, 1);
    return known < 0;
  });
};

it.live("leaves nothing open after its scope: keep-alive connections, sockets, requests and connects under way (R001-10)", () =>
  Effect.gen(function* () {
    // Neither side closes an idle connection, nor a connect under way, by itself: a leak would keep the test waiting until it fails.
    const rest = yield* httpServer((_request, response) => response.setHeader("keep-alive", "timeout=600").end("[]"));
    rest.server.keepAliveTimeout = 0;
    const live = yield* socketServer(() => {});
    const mute = yield* tcpServer(() => {});
    const before = resources();
    let during: ReadonlyArray<string> = [];
    yield* Effect.gen(function* () {
      const transport = yield* Transport;
      yield* transport.rest({ url: `http://${rest.host}/`, headers: {} });
      yield* transport.socket(live.url, silent);
      const unanswered = yield* Effect.forkChild(transport.rest({ url: `http://${mute.host}/`, headers: {} }), { startImmediately: true });
      const connecting = yield* Effect.forkChild(transport.rest({ url: `https://${mute.host}/`, headers: {} }), { startImmediately: true });
      yield* Effect.callback<void>((resume) => {
        const check = () => (mute.accepted.length === 2 ? resume(Effect.void) : undefined);
        mute.server.on("connection", check);
        check();
      });
      during = opened(before);
      return [unanswered, connecting];
    }).pipe(
      Effect.tap((fibers) => Fiber.interruptAll(fibers)),
      Effect.scoped,
      Effect.provide(NodeTransport.layer({ timeouts: { connectMs: 600_000 } })),
    );
    yield* rest.drained;
    yield* live.drained;
    yield* mute.drained;
    // A handle's close is reported up to two turns of the event loop before the handle is gone.
    for (let turns = 0; turns < 5 && opened(before).length > 0; turns++) yield* turn;
    assert.isAtLeast(during.filter((name) => name === "TCPSocketWrap").length, 4);
    assert.deepStrictEqual(opened(before), []);
  }).pipe(Effect.scoped),
);
