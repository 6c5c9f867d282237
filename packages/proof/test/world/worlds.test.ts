import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verbs } from "@naru/sim";
import { expectedFailures, expectedFor, lies } from "../../src/world/Expected.ts";
import { drawPlan, type WorldPlan } from "../../src/world/Plan.ts";
import { Chance } from "../../src/world/engine/Chance.ts";
import { endMs, faultVerbs } from "../../src/world/PlannedFault.ts";
import { sweep } from "../../src/world/sweep.ts";
import { runWorld, type WorldReport } from "../../src/world/World.ts";

interface Regression {
  readonly seed: number;
  /** What it showed when it was found. */
  readonly found: string;
  /** The plan as it was, because what a seed draws changes with every new fault. */
  readonly plan: WorldPlan;
}

const regressions: ReadonlyArray<Regression> = JSON.parse(
  readFileSync(fileURLToPath(new URL("regressions.json", import.meta.url)), "utf8"),
);

const unexpected = (report: WorldReport) => {
  const met = report.plan.faults.map(({ fault }) => fault.verb);
  return report.violations.filter((violation) => expectedFor(violation, met) === undefined);
};

describe("a sweep of worlds", () => {
  it("breaks no invariant that is not named as expected, and every world is the same when it is run again elsewhere", async () => {
    const report = await sweep({ from: 1, seeds: 120, replay: true, workers: 2 });
    assert.strictEqual(report.worlds, 120);
    assert.deepStrictEqual(
      report.failures.map(({ seed, violations }) => ({ seed, violations })),
      [],
    );
    assert.deepStrictEqual(report.unlike, []);
    // Rare paths are for long sweeps; these every hundred worlds must reach.
    for (const probe of ["element:Recovered", "element:Resumed", "answer:stale", "answer:warm_cache_rest", "mode:degraded"])
      assert.isAbove(report.probes.get(probe) ?? 0, 0, probe);
  }, 120_000);

  it("takes a changed step for another world", async () => {
    const plan = drawPlan(3, new Chance(3).branch("plan"));
    const [same, other] = [await runWorld(3), await runWorld(3, { plan: { ...plan, restLatencyMs: plan.restLatencyMs + 1 } })];
    assert.strictEqual(same.hash, (await runWorld(3)).hash);
    assert.notStrictEqual(same.hash, other.hash);
  });
});

describe("worlds that once broke an invariant", () => {
  assert.isAbove(regressions.length, 0);
  for (const { seed, found, plan } of regressions) {
    it(`seed ${seed}: ${found}`, async () => {
      assert.deepStrictEqual(unexpected(await runWorld(seed, { plan })), []);
    });
  }
});

describe("the plan of a world", () => {
  const plans = Array.from({ length: 3_000 }, (_, i) => drawPlan(i + 1, new Chance(i + 1).branch("plan")));

  it("holds five markets, three consumers and at least one fault, over before the world is", () => {
    for (const plan of plans) {
      assert.strictEqual(new Set(plan.markets).size, 5);
      assert.strictEqual(plan.consumers.length, 3);
      assert.isAtLeast(plan.faults.length, 1);
      for (const fault of plan.faults) assert.isBelow(endMs(fault), 30_000);
    }
  });

  it("draws every fault that works in memory", () => {
    const drawn = new Set(plans.flatMap((plan) => plan.faults.map(({ fault }) => fault.verb as string)));
    assert.deepStrictEqual(
      [...faultVerbs].filter((verb) => !drawn.has(verb)),
      [],
    );
    assert.isAbove(faultVerbs.length, 70);
  });

  it("names only faults that there are where it says what to expect", () => {
    const known = new Set<string>(verbs.map(({ verb }) => verb));
    for (const { verb } of [...expectedFailures, ...lies]) assert.isTrue(known.has(verb), verb);
  });
});
