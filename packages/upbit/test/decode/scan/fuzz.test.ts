/**
 * The byte scanner against the general path on frames made and spoilt from a seed: the short form of `pnpm proof decoding`. In threads of its own, where
 * the code runs as it is: what the test runner makes of imports takes three times as long.
 */
import { assert, describe, it } from "@effect/vitest";
import { decoding } from "../../../../proof/src/decoding/fullRun.ts";
import { failuresOf } from "../../../../proof/src/soak/Figures.ts";

describe("the byte scanner", () => {
  it(
    "reads 100,000 made and spoilt frames of each kind in each spelling as the general path does, or leaves them",
    { timeout: 180_000 },
    async () => {
      const report = await decoding({ ofEach: 100_000, seed: 20_261_128, workers: 2 }, () => {});
      const [all] = report.rows.filter(({ name }) => name === "frames in all");
      const compared = report.rows.filter(({ name }) => name.endsWith("compared")).reduce((sum, { max }) => sum + (max ?? 0), 0);
      console.log(`decoding: ${all?.max} frames, ${compared} read by the scanner and compared`);
      assert.deepStrictEqual(failuresOf(report), []);
    },
  );
});
