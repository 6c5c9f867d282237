import { assert, it } from "@effect/vitest";
import { Effect } from "effect";
import { anyRange } from "../../src/kept/anyRange.ts";
import { holds, tableOf } from "../../src/soak/Figures.ts";

it.live(
  "any ranges in any order, cut off anywhere, over lives of one file, are the exchange's, and nothing complete is asked for again",
  () =>
    Effect.gen(function* () {
      const report = yield* anyRange({ rounds: 1, questions: 6, brokenLives: 1 }, () => {});
      assert.isTrue(holds(report), tableOf(report).join("\n") + report.problems.join("\n"));
    }),
);
