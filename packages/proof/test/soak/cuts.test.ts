/** The short form of `pnpm proof cuts`: three cuts of five markets, over real sockets, one run looked at for each promise. */
import { assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { cuts } from "../../src/soak/cuts/cuts.ts";
import { failuresOf, type Report } from "../../src/soak/Figures.ts";

let report: Report = { rows: [], problems: [] };
const failures = (isMeant: (name: string) => boolean) => {
  const rows = report.rows.filter(({ name }) => isMeant(name));
  assert.isAbove(rows.length, 0);
  return failuresOf({ rows, problems: report.problems });
};
const isOfDetection = (name: string) => name.includes("notice");
const isOfFreshness = (name: string) => name.includes("fresh");

describe("a link that is reset, falls silent, or whose exchange freezes", () => {
  beforeAll(async () => {
    report = await Effect.runPromise(cuts({ markets: 5, cuts: 3, spanMs: 1_500, silentMs: [3_700, 4_000] }, () => {}));
  }, 60_000);

  it("loses and repeats no trade of the exchange's tape without a word", () => {
    assert.deepStrictEqual(
      failures((name) => !isOfDetection(name) && !isOfFreshness(name)),
      [],
    );
  });

  it("is noticed within 3.5 s of silence where a market is busy", () => {
    assert.deepStrictEqual(failures(isOfDetection), []);
  });

  it("brings fresh values within seconds of its return", () => {
    assert.deepStrictEqual(failures(isOfFreshness), []);
  });
});
