import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { getTicker, streamTicker } from "@naru/router/MarketData";
import { layerTapFile, Sim } from "@naru/sim";
import { Effect, Layer, Schedule, Stream } from "effect";
import { TestClock } from "effect/testing";
import { invoke } from "../invoke.ts";

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-cli-tune-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
);

/** Two minutes of a program that streams one market and asks for four over REST. */
const recorded = (file: string) =>
  Effect.gen(function* () {
    yield* Effect.forkChild(Stream.runDrain(streamTicker(["KRW-BTC"])), { startImmediately: true });
    const asking = Effect.forEach(
      ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL"],
      (market) => getTicker(market, { strategy: "rest_only", maxAge: 100 }),
      { discard: true },
    );
    yield* Effect.forkChild(Effect.repeat(asking, Schedule.spaced("5 seconds")), { startImmediately: true });
    yield* TestClock.adjust("2 minutes");
  }).pipe(Effect.provide(Sim.layerTest({ seed: 4 }).pipe(Layer.provide(layerTapFile(file)))), Effect.scoped);

describe("naru tune", () => {
  it.effect("says how the weights did on the later part of a tape, and what would have done better", () =>
    Effect.gen(function* () {
      const file = join(yield* folder, "program.tape");
      yield* recorded(file);
      const plain = yield* invoke("tune", file, "--context", "market_scanning");
      assert.strictEqual(plain.exitCode, 0, plain.err.join("\n"));
      assert.match(plain.out[0] ?? "", /^\d+ decisions$/);
      assert.match(plain.out[1] ?? "", /^on the later part: right \d+\.\d %, regret \d+\.\d ms/);

      const json = yield* invoke("tune", file, "--context", "market_scanning", "--realtime", "--json");
      const [document] = json.documents();
      assert.deepInclude(document, { kind: "tuning", file });
      const before = document?.["before"] as { readonly accuracy: number };
      const after = document?.["after"] as { readonly accuracy: number };
      assert.isAtLeast(after.accuracy, before.accuracy);
      assert.isAbove(before.accuracy, 0.2);
      assert.isAtLeast(document?.["decisions"] as number, 400);
      // The same search finds the same.
      const again = yield* invoke("tune", file, "--context", "market_scanning", "--realtime", "--json");
      assert.deepStrictEqual(again.documents(), json.documents());
    }),
  );

  it.effect("refuses what is no tape, and a tape that tells of no choice", () =>
    Effect.gen(function* () {
      const path = yield* folder;
      const other = join(path, "other.tape");
      yield* Effect.sync(() => writeFileSync(other, "not a tape"));
      assert.strictEqual((yield* invoke("tune", other)).exitCode, 65);
      const file = join(path, "quiet.tape");
      yield* Effect.provide(TestClock.adjust("1 minute"), Sim.layerTest({ seed: 4 }).pipe(Layer.provide(layerTapFile(file))));
      const quiet = yield* invoke("tune", file, "--json");
      assert.deepInclude(quiet.documents()[0], { _tag: "InvalidRequest", field: "file" });
      assert.notStrictEqual(quiet.exitCode, 0);
    }),
  );
});
