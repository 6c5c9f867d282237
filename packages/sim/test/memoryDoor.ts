/** The in-memory transport as a door for the conformance list, under a test clock. */
import { it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Exchange, layerMemoryTransport } from "../src/index.ts";
import { Addresses, type Door } from "./conformance/door.ts";

export const memoryDoor: Door = {
  layer: (options = {}) =>
    Layer.fresh(
      layerMemoryTransport().pipe(
        Layer.provideMerge(Exchange.layer({ seed: 1, ...options })),
        Layer.provideMerge(Layer.succeed(Addresses, { rest: "http://sim", socket: "ws://sim/websocket/v1" })),
      ),
    ),
  test: (title, effect) => it.effect(title, effect),
  until: (done) =>
    Effect.gen(function* () {
      for (let i = 0; i < 20_000; i++) {
        if (done()) return;
        yield* TestClock.adjust("5 millis");
      }
      return yield* Effect.die(new Error("nothing happened in 100 virtual seconds"));
    }),
  fetch: (target, headers) =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const outcome = exchange.handleRest({ method: "GET", target, headers, ip: "127.0.0.1" }, yield* exchange.now);
      if (outcome._tag !== "Response") return yield* Effect.die(new Error(outcome._tag));
      return { status: outcome.status, headers: outcome.headers, text: new TextDecoder().decode(outcome.body) };
    }),
  handshake: (headers) =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const nowMs = yield* exchange.now;
      const outcome = exchange.upgrade({ method: "GET", target: "/websocket/v1", headers, ip: "127.0.0.1" }, nowMs);
      if (outcome._tag === "Refused") return { status: outcome.status, headers: outcome.headers };
      if (outcome._tag !== "Accepted") return yield* Effect.die(new Error(outcome._tag));
      outcome.driven.session.clientGone(nowMs, 1000);
      return { status: 101, headers: outcome.headers };
    }),
};
