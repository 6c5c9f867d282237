/** The short form of `pnpm proof crashes`. */
import { assert, beforeAll, describe, it } from "@effect/vitest";
import { crashes } from "../../src/soak/crashes.ts";
import { failuresOf, type Report } from "../../src/soak/Figures.ts";

let report: Report = { rows: [], problems: [] };
const failures = (isMeant: (name: string) => boolean) => {
  const rows = report.rows.filter(({ name }) => isMeant(name));
  assert.isAbove(rows.length, 0);
  return failuresOf({ rows, problems: report.problems });
};
const isOfTheWhole = (name: string) => /callback that threw|left/.test(name);

describe("a hundred consumers that crash and ten that are stuck", () => {
  beforeAll(async () => {
    report = await crashes({ crashes: 100, stuck: 10 }, () => {});
  }, 60_000);

  it("cost three good ones no trade, and the process no heap (R-35)", () => {
    assert.deepStrictEqual(
      failures((name) => !isOfTheWhole(name)),
      [],
    );
  });

  it("do not stop the giving out, which ends with the layer and leaves no fiber (R000-16)", () => {
    assert.deepStrictEqual(failures(isOfTheWhole), []);
  });
});
