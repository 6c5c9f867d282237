import { assert, describe, it } from "@effect/vitest";
import { caseNames, loadCase } from "../src/cases/all.ts";
import { groups } from "../src/groups.ts";
import { type Gate, judge, parseGates, readGates } from "../src/Gates.ts";
import { figureOf, resultOf } from "./results.ts";

const result = resultOf("serve", [figureOf("frames", { base: 100_000, candidate: 12_000, ccxt: 3_000 }, "frames/s")]);

const gate = (more: Partial<Gate>): Gate => ({ case: "serve", figures: ["frames"], of: "candidate", reason: "promised", ...more });
const breachesOf = (...gates: ReadonlyArray<Gate>) => judge(gates, [result]).breaches;

describe("a gate", () => {
  it("holds at its bound and breaks beyond it, by the median it names", () => {
    assert.deepStrictEqual(breachesOf(gate({ atLeast: 12_000 }), gate({ of: "ratio", atMost: 0.12 })), []);
    assert.deepStrictEqual(breachesOf(gate({ atLeast: 12_001 })), ["serve: frames, median candidate 12000, is below 12001: promised"]);
    assert.deepStrictEqual(breachesOf(gate({ of: "ratio", atMost: 0.1 })), ["serve: frames, median ratio 0.12, is above 0.1: promised"]);
    assert.deepStrictEqual(breachesOf(gate({ of: "base", atMost: 99_999 })), [
      "serve: frames, median base 100000, is above 99999: promised",
    ]);
    assert.deepStrictEqual(breachesOf(gate({ of: "difference", atLeast: 0 })), [
      "serve: frames, median difference -88000, is below 0: promised",
    ]);
  });

  it("may speak of a peer, and is not judged where that one was not measured", () => {
    assert.deepStrictEqual(breachesOf(gate({ of: "ratio", beside: "ccxt", atLeast: 4 })), []);
    assert.deepStrictEqual(breachesOf(gate({ of: "ratio", beside: "ccxt", atLeast: 5 })), [
      "serve: frames, median ratio to ccxt 4, is below 5: promised",
    ]);
    assert.strictEqual(judge([gate({ of: "ratio", beside: "zod", atLeast: 5 })], [result]).judged, 0);
  });

  it("gives one line for each breach", () => {
    assert.lengthOf(breachesOf(gate({ atLeast: 20_000 }), gate({ of: "ratio", atLeast: 1 }), gate({ atLeast: 1 })), 2);
  });

  it("is not judged when its case did not run, and is broken when its case gives no such figure", () => {
    assert.deepStrictEqual(breachesOf(gate({ case: "world", atLeast: 20 })), []);
    assert.match(breachesOf(gate({ figures: ["frames", "frame"], atLeast: 1 }))[0]!, /asks for the figure "frame"/);
  });

  it("that is a goal known not to be met is no breach, and is told when it is met after all", () => {
    const goal = { goal: { en: "served", ko: "제공" }, unmet: "the profile says why" };
    const open = judge([gate({ atLeast: 20_000, ...goal })], [result]);
    assert.deepStrictEqual([open.breaches.length, open.unmet.length, open.surprises.length], [0, 1, 0]);
    const met = judge([gate({ atLeast: 10_000, ...goal })], [result]);
    assert.deepStrictEqual([met.breaches.length, met.unmet.length, met.surprises.length], [0, 0, 1]);
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
      [{ ...good, figures: [] }, /no figures/],
      [{ ...good, figures: "frames" }, /no figures/],
      [{ ...good, beside: "ccxt" }, /"beside" names the peer of a ratio/],
      [{ ...good, goal: { en: "only English" } }, /in English and in Korean/],
      [{ ...good, unmet: "no goal" }, /"unmet" says why/],
      [7, /not an object/],
    ] as const)
      assert.throws(() => parseGates(JSON.stringify([bad])), why);
    assert.throws(() => parseGates("{}"), /not a list/);
  });

  it("names only cases, figures and peers that there are", async () => {
    const gates = readGates();
    assert.isAbove(gates.length, 0);
    for (const { case: name, figures, beside } of gates) {
      assert.include(caseNames, name);
      const subject = await loadCase(name);
      const names = subject.figures.map((one) => one.name);
      for (const figure of figures) assert.include(names, figure, name);
      if (beside !== undefined) assert.property(subject.peers, beside, name);
    }
  });
});

describe("the gates of a hot answer", () => {
  it("let it take no longer than a tenth of a millisecond by the median, and a millisecond by the 99th percentile (R000-11)", () => {
    const slow = { call: 1, median: 0.1, p99: 1 };
    const hot = resultOf(
      "hot-ticker",
      Object.entries(slow).map(([name, took]) => figureOf(name, { base: took, candidate: took }, "ms")),
    );
    const { breaches } = judge(readGates(), [hot]);
    assert.isTrue(breaches.some((line) => line.startsWith("hot-ticker: median")));
    assert.isTrue(breaches.some((line) => line.startsWith("hot-ticker: p99")));
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

  it("are in groups, none of which has the name of a case", () => {
    for (const [group, members] of Object.entries(groups)) {
      assert.notInclude(caseNames, group);
      for (const name of members) assert.include(caseNames, name, group);
    }
  });
});
