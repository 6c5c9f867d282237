import { assert, describe, it } from "@effect/vitest";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Terminal } from "effect";
import { TestClock } from "effect/testing";
import { drawn } from "../../src/commands/watch.ts";
import { held } from "../invoke.ts";

const terminal = Layer.succeed(
  Terminal.Terminal,
  Terminal.make({
    columns: Effect.succeed(120),
    rows: Effect.succeed(24),
    size: Effect.die("not read"),
    readInput: Effect.die("not read"),
    readLine: Effect.die("not read"),
    display: () => Effect.void,
  }),
);

/** Pictures drawn in so much virtual time, and what happens to the exchange half-way. */
const pictures = (during: Effect.Effect<void, never, Sim.Exchange>) =>
  Effect.gen(function* () {
    const watching = yield* Effect.forkChild(held(Effect.timeoutOption(drawn(["KRW-BTC", "KRW-ETH"]), "6 seconds")), {
      startImmediately: true,
    });
    yield* TestClock.adjust("3 seconds");
    yield* during;
    yield* TestClock.adjust("3 seconds");
    const { out } = yield* Fiber.join(watching);
    return out.join("\n").split("\u001b[?7l").slice(1);
  }).pipe(Effect.provide(Layer.merge(Sim.layerTest({ seed: 7 }), terminal)));

describe("naru watch on a terminal", () => {
  it.effect("draws the table over itself, with every market's price once it has spoken", () =>
    Effect.gen(function* () {
      const drawings = yield* pictures(Effect.void);
      assert.isAbove(drawings.length, 4);
      assert.isFalse(drawings[0]?.includes("\u001b[3A"));
      assert.isTrue(drawings.slice(1).every((picture) => picture.startsWith("\u001b[3A\u001b[J")));
      assert.match(drawings.at(-1) ?? "", /SIM.*KRW-BTC.*\d{3},\d{3}.*live .*\n.*SIM.*KRW-ETH.*\d,\d{3}.*live /);
    }),
  );

  it.effect("says of every row that it comes over REST while only the socket is down", () =>
    Effect.gen(function* () {
      const drawings = yield* pictures(Effect.andThen(Sim.refuseUpgrades("1 minute"), Sim.cutSockets));
      const last = drawings.at(-1) ?? "";
      assert.strictEqual(last.match(/ rest .* live, over REST /g)?.length, 2, last);
      assert.notInclude(last, "STALE");
      assert.match(last, /\nRECONNECTING {2}attempt \d+: \S/);
    }),
  );

  it.effect("marks every row as stale while neither the socket nor REST brings it", () =>
    Effect.gen(function* () {
      const rest = Sim.failRest("/v1/ticker", { status: 500 }, 100);
      const drawings = yield* pictures(Effect.andThen(Effect.andThen(Sim.refuseUpgrades("1 minute"), rest), Sim.cutSockets));
      const last = drawings.at(-1) ?? "";
      assert.strictEqual(last.match(/STALE \(disconnected\)/g)?.length, 2, last);
      assert.notInclude(last, "live,");
      assert.match(last, /\nRECONNECTING {2}attempt \d+: \S/);
    }),
  );
});
