import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Sim } from "../../src/index.ts";
import { layerRouterReplay } from "../../src/tape/RouterReplay.ts";
import { look, recordSession } from "./session.ts";

/** The same consumer over a replay of the tape. The exchange is there for its type only: nobody asks it. */
const replayed = (tape: Parameters<typeof layerRouterReplay>[0], seconds: number, seed: number) =>
  Effect.provide(
    look(seconds),
    layerRouterReplay(tape, { seed }).pipe(Layer.merge(Sim.Exchange.layer()), Layer.provideMerge(TestClock.layer())),
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

/** A test clock has fractions of a millisecond after a wait with jitter; a replay's wall clock has none, as a real one. */
const wholeMillis = (elements: ReadonlyArray<unknown>): unknown =>
  JSON.parse(
    JSON.stringify(elements, (name, value: unknown) => (/^(?:atMs|receivedTimeMs)$/.test(name) ? Math.floor(Number(value)) : value)),
  );
