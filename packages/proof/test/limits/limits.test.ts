/** The short form of `pnpm proof limits`: half a minute of three programs over real sockets, one of them killed and started again. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { shared } from "../../src/limits/limits.ts";
import { failuresOf } from "../../src/soak/Figures.ts";

describe("programs that divide a limit between them", () => {
  for (const mode of ["sliding", "fixed"] as const) {
    it.live(
      `use most of it and are never refused, killed and started again or not, by a ${mode} window`,
      () =>
        Effect.gen(function* () {
          // A machine that does other things at the same time starts programs slowly: how much is used is the long form's to say.
          const report = yield* shared({ mode, forMs: 8_000, restartEveryMs: 4_000, leastPercent: 40 }, () => {});
          assert.deepStrictEqual(failuresOf(report), []);
        }),
      120_000,
    );
  }
});
