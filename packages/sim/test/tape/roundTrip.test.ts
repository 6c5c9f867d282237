import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Sim } from "../../src/index.ts";
import { makeReplay } from "../../src/tape/Replay.ts";
import { layerRouterOver, layerRouterReplay } from "../../src/tape/RouterReplay.ts";
import type { Speed } from "../../src/tape/SocketPlayback.ts";
import { look, recordSession } from "./session.ts";

/** The same consumer over a replay of the tape. The exchange is there for its type only: nobody asks it. */
const replayed = (tape: Parameters<typeof layerRouterReplay>[0], seconds: number, seed: number, speed?: Speed) =>
  Effect.provide(
    look(seconds),
    layerRouterReplay(tape, { seed, speed }).pipe(Layer.merge(Sim.Exchange.layer()), Layer.provideMerge(TestClock.layer())),
  );

describe("a session recorded and replayed", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it.effect(`shows its consumer the same elements and the same answers, seed ${seed}`, () =>
      Effect.gen(function* () {
        const { seen, tape } = yield* recordSession(20, { seed });
        const again = yield* replayed(tape, 20, seed);
        assert.isAbove(seen.elements.length, 50);
        assert.deepStrictEqual(again.elements, seen.elements);
        assert.deepStrictEqual(again.answers, seen.answers);
      }),
    );
  }

  it.effect("loses nothing at ten times the speed, and keeps the order", () =>
    Effect.gen(function* () {
      const { seen, tape } = yield* recordSession(40, { seed: 7 });
      const again = yield* replayed(tape, 5, 7, 10);
      assert.isAbove(seen.elements.length, 100);
      assert.deepStrictEqual(valuesOf(again.elements), valuesOf(seen.elements));
    }),
  );

  it.effect("loses nothing when it comes as fast as it is taken, and keeps the order", () =>
    Effect.gen(function* () {
      const { seen, tape } = yield* recordSession(40, { seed: 8 });
      const played = makeReplay(tape, { speed: "asap" });
      const again = yield* Effect.provide(
        look(4, played.ended),
        layerRouterOver(tape, played, { seed: 8 }).pipe(Layer.merge(Sim.Exchange.layer()), Layer.provideMerge(TestClock.layer())),
      );
      assert.isAbove(seen.elements.length, 100);
      assert.deepStrictEqual(valuesOf(again.elements), valuesOf(seen.elements));
    }),
  );

  it.effect("a cut, a refused reconnect and the gap that was healed come back as they were", () =>
    Effect.gen(function* () {
      const during = Effect.andThen(Sim.cutSockets, Sim.refuseUpgrades("2 seconds"));
      const { seen, tape } = yield* recordSession(30, { seed: 6, during });
      const kinds = (elements: ReadonlyArray<unknown>) => elements.map((element) => (element as { readonly _tag: string })._tag);
      assert.includeMembers(kinds(seen.elements), ["Live", "Reconnecting", "Resumed", "Recovered"]);
      assert.isAbove(tape.counts.get("refused") ?? 0, 0);
      const again = yield* replayed(tape, 30, 6);
      assert.deepStrictEqual(kinds(again.elements), kinds(seen.elements));
      assert.deepStrictEqual(wholeMillis(again.elements), wholeMillis(seen.elements));
    }),
  );
});

/** The values alone: when they came depends on the speed. */
const valuesOf = (elements: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  elements.map((element) => (element as { readonly value?: unknown }).value ?? element);

/** A test clock has fractions of a millisecond after a wait with jitter; a replay's wall clock has none, as a real one. */
const wholeMillis = (elements: ReadonlyArray<unknown>): unknown =>
  JSON.parse(
    JSON.stringify(elements, (name, value: unknown) => (/^(?:atMs|receivedTimeMs)$/.test(name) ? Math.floor(Number(value)) : value)),
  );
