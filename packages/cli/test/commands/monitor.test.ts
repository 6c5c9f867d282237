import { assert, describe, it } from "@effect/vitest";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Option, Terminal } from "effect";
import { TestClock } from "effect/testing";
import { monitored } from "../../src/commands/monitor.ts";
import { held } from "../invoke.ts";

const terminal = Layer.succeed(
  Terminal.Terminal,
  Terminal.make({
    columns: Effect.succeed(120),
    rows: Effect.succeed(40),
    size: Effect.die("not read"),
    readInput: Effect.die("not read"),
    readLine: Effect.die("not read"),
    display: () => Effect.void,
  }),
);

/** What is printed in ten seconds, of which the link is down for some from the fifth on. */
const printed = (as: "json" | "picture" | "lines") =>
  Effect.gen(function* () {
    const input = { markets: ["KRW-BTC", "KRW-ETH"], kinds: ["ticker", "trades"] as const, for: Option.some(10_000) };
    const watching = yield* Effect.forkChild(held(monitored(input, as)), { startImmediately: true });
    yield* TestClock.adjust("5 seconds");
    yield* Sim.refuseUpgrades("3 seconds");
    yield* Sim.cutSockets;
    yield* TestClock.adjust("6 seconds");
    return yield* Fiber.join(watching);
  }).pipe(Effect.provide(Layer.merge(Sim.layerTest({ seed: 7 }), terminal)));

describe("naru monitor", () => {
  it.effect("draws every second how changes go, how many messages come, how late they are and what was lost (R003-49)", () =>
    Effect.gen(function* () {
      const pictures = (yield* printed("picture")).out.join("\n").split("\u001b[?7l").slice(1);
      assert.strictEqual(pictures.length, 10);
      assert.match(
        pictures[4] ?? "",
        /link {6}main open for .* 4 keys .*\nchanges {3}mean of the last 4 \d+ ms .*full 100 % \(4 of 4\).*\nmessages {2}\d+\.\d a second .* lag p50 .*\nelements {2}\d+ delivered {2}0 dropped .*\n.*\n.*KEY .*\nSIM {2}\w+:KRW-/,
      );
      assert.match(pictures[6] ?? "", /link {6}main DOWN for .* last end .* ago: closed 1006\n/);
      assert.match(pictures[6] ?? "", /failure {3}connection .* ago: /);
    }),
  );

  it.effect("prints a line a second in a pipe, and a document a second for a program", () =>
    Effect.gen(function* () {
      const { out } = yield* printed("lines");
      assert.strictEqual(out.length, 10);
      assert.match(out[4] ?? "", /^SIM {2}1970-01-01 09:00:04 {2}links 1\/1 {2}\d+\.\d msg\/s {2}lag /);
      assert.match(out[6] ?? "", / links 0\/1 /);
      const documents = (yield* printed("json")).documents();
      assert.strictEqual(documents.length, 10);
      assert.deepInclude(documents[0], { kind: "live_metrics", venue: "sim", simulated: true });
      const { total } = (documents[4] as { readonly messages?: { readonly total: number } }).messages ?? { total: 0 };
      assert.isAbove(total, 4);
    }),
  );
});
