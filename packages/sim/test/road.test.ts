/** The road to the exchange: what leaves together and does not arrive together was not read at once. */
import { assert, describe, it } from "@effect/vitest";
import type { SocketHandlers } from "@naru/router/transport/Transport";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { overRoad } from "../src/Road.ts";

/** What a client hears, and when, of two messages that the exchange sends as one read. */
const heard = (jitterMs: number) =>
  Effect.gen(function* () {
    let far: SocketHandlers | undefined;
    const inner = {
      rest: () => Effect.die("nothing is asked"),
      socket: (_url: string, handlers: SocketHandlers) =>
        Effect.sync(() => {
          far = handlers;
          return {
            send: () => Effect.void,
            ping: Effect.void,
            compressed: false,
            bytes: () => ({ wire: 0, payload: 0 }),
            terminate: Effect.void,
          };
        }),
    };
    const told: Array<string> = [];
    const near = {
      onFrame: (data: Uint8Array | string) => void told.push(String(data)),
      onReadEnd: () => void told.push("|"),
      onPong: () => {},
      onClose: () => void told.push("closed"),
    };
    yield* Effect.forkScoped(overRoad(inner, { rttMs: 100, jitterMs }, 1).socket("ws://far", near));
    yield* TestClock.adjust("5 seconds");
    for (const text of ["a", "b", "c", "d"]) far?.onFrame(text);
    far?.onReadEnd();
    far?.onClose({ code: 1006, reason: "" });
    yield* TestClock.adjust("5 seconds");
    return told.join(" ");
  }).pipe(Effect.scoped);

describe("a road of", () => {
  it.effect("no jitter brings one read as one", () => Effect.map(heard(0), (told) => assert.strictEqual(told, "a b c d | closed")));

  it.effect("some jitter brings reads that end before the next message comes", () =>
    Effect.map(heard(300), (told) => assert.strictEqual(told, "a b | c | d | closed")),
  );
});
