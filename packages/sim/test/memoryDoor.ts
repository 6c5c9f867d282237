/** The in-memory transport as a door for the conformance list, under a test clock. */
import { it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Exchange, layerMemoryTransport } from "../src/index.ts";
import { Addresses, type Door } from "./conformance.ts";

export const memoryDoor: Door = {
  layer: layerMemoryTransport().pipe(
    Layer.provideMerge(Exchange.layer({ seed: 1 })),
    Layer.provideMerge(Layer.succeed(Addresses, { rest: "http://sim", socket: "ws://sim/websocket/v1" })),
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
};
