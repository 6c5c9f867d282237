import { assert, it } from "@effect/vitest";
import { Effect } from "effect";
import { kills } from "../../src/kept/kills.ts";
import { holds, tableOf } from "../../src/soak/Figures.ts";

it.live("a process that is killed while it keeps candles and trades tears nothing and loses nothing that it said was kept (G01)", () =>
  Effect.gen(function* () {
    const report = yield* kills({ kills: 2 }, () => {});
    assert.isTrue(holds(report), tableOf(report).join("\n"));
  }),
);
