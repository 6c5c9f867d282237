import { assert, describe, it } from "@effect/vitest";
import { caseNames, loadCase } from "../src/cases/all.ts";
import { breachesOf, type Gate, parseGates, readGates } from "../src/Gates.ts";
import type { CaseResult } from "../src/Rounds.ts";

const same = (value: number) => ({ median: value, min: value, max: value });

const result: CaseResult = {
  name: "serve",
  about: "",
  base: "",
  candidate: "",
  rounds: [],
  figures: [{ name: "frames", unit: "frames/s", better: "higher", base: same(100_000), candidate: same(12_000), ratio: same(0.12) }],
};

const gate = (more: Partial<Gate>): Gate => ({ case: "serve", figure: "frames", of: "candidate", reason: "promised", ...more });

describe("a gate", () => {
  it("holds at its bound and breaks beyond it, by the median it names", () => {
    assert.deepStrictEqual(breachesOf([gate({ atLeast: 12_000 }), gate({ of: "ratio", atMost: 0.12 })], [result]), []);
    assert.deepStrictEqual(breachesOf([gate({ atLeast: 12_001 })], [result]), [
      "serve: frames, median candidate 12000, is below 12001: promised",
    ]);
    assert.deepStrictEqual(breachesOf([gate({ of: "ratio", atMost: 0.1 })], [result]), [
      "serve: frames, median ratio 0.12, is above 0.1: promised",
    ]);
    assert.deepStrictEqual(breachesOf([gate({ of: "base", atMost: 99_999 })], [result]), [
      "serve: frames, median base 100000, is above 99999: promised",
    ]);
  });

  it("gives one line for each breach", () => {
    assert.lengthOf(breachesOf([gate({ atLeast: 20_000 }), gate({ of: "ratio", atLeast: 1 }), gate({ atLeast: 1 })], [result]), 2);
  });

  it("is not judged when its case did not run, and is broken when its case gives no such figure", () => {
    assert.deepStrictEqual(breachesOf([gate({ case: "world", atLeast: 20 })], [result]), []);
    assert.match(breachesOf([gate({ figure: "frame", atLeast: 1 })], [result])[0]!, /asks for the figure "frame"/);
  });
});

describe("the file of gates", () => {
  it("is refused where a gate could never close", () => {
    const good = gate({ atLeast: 1 });
    assert.deepStrictEqual(parseGates(JSON.stringify([good])), [good]);
    for (const [bad, why] of [
      [{ ...good, atleast: 2 }, /unknown member "atleast"/],
      [{ ...good, atLeast: undefined }, /no bound/],
      [{ ...good, atLeast: "1" }, /no bound/],
      [{ ...good, of: "median" }, /"of" is/],
      [{ ...good, reason: "" }, /no reason/],
      [7, /not an object/],
    ] as const)
      assert.throws(() => parseGates(JSON.stringify([bad])), why);
    assert.throws(() => parseGates("{}"), /not a list/);
  });

  it("names only cases and figures that there are", async () => {
    const gates = readGates(new URL("../gates.json", import.meta.url));
    assert.isAbove(gates.length, 0);
    for (const { case: name, figure } of gates) {
      assert.include(caseNames, name);
      const names = (await loadCase(name)).figures.map((one) => one.name);
      assert.include(names, figure, name);
    }
  });
});

describe("the gates of a hot answer", () => {
  it("let it take no longer than a tenth of a millisecond by the median, and a millisecond by the 99th percentile (R000-11)", () => {
    const gates = readGates(new URL("../gates.json", import.meta.url));
    const hot: CaseResult = {
      ...{ name: "hot", about: "", base: "", candidate: "", rounds: [] },
      figures: (["call", "median", "p99"] as const).map((name) => {
        const took = same(name === "call" ? 1 : name === "median" ? 0.1 : 1);
        return { name, unit: "ms", better: "lower" as const, base: took, candidate: took, ratio: same(1) };
      }),
    };
    const breaches = breachesOf(gates, [hot]);
    assert.isTrue(breaches.some((line) => line.startsWith("hot: median")));
    assert.isTrue(breaches.some((line) => line.startsWith("hot: p99")));
  });
});

describe("the cases", () => {
  it("have the names they are listed by, and figures with different names", async () => {
    for (const name of caseNames) {
      const { figures, ...subject } = await loadCase(name);
      assert.strictEqual(subject.name, name);
      assert.strictEqual(new Set(figures.map((figure) => figure.name)).size, figures.length, name);
    }
  });

  it("are asked for by name, and a stranger is refused", async () => {
    const refusal = await loadCase("nothing").catch((error: unknown) => error);
    assert.instanceOf(refusal, RangeError);
  });
});
