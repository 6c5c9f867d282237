import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { getTicker } from "@naru/router/MarketData";
import { layerRouterReplay, layerTapFile, openTape, Sim } from "@naru/sim";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";

const asked = Effect.gen(function* () {
  const asking = yield* Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true });
  yield* TestClock.adjust("1 second");
  return yield* Fiber.join(asking);
});

describe("a tape between two programs", () => {
  it.effect("is written by one layer under any router, and answers the same from a file", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-proof-tape-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true })),
      );
      const file = join(folder, "btc.tape");

      // Record: the router is built over any venue, and nothing else changes.
      const recorded = Sim.layerTest({ seed: 4 }).pipe(Layer.provide(layerTapFile(file)));

      // Replay: the whole router over the tape, on the tape's time; it obeys a test clock.
      const replayed = Layer.unwrap(Effect.map(openTape(file), (tape) => layerRouterReplay(tape, { speed: 10 })));

      const first = yield* Effect.provide(asked, recorded);
      const again = yield* Effect.provide(asked, replayed);
      assert.deepStrictEqual(again.value, first.value);
      assert.isTrue(again.provenance.simulated);
      assert.strictEqual(again.provenance.venue, "sim");
    }),
  );
});
