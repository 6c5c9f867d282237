import { assert, describe, it } from "@effect/vitest";
import type { Case, Reading, Side } from "../src/Case.ts";
import { runCase } from "../src/Rounds.ts";

const subject = (more: Partial<Case> = {}): Case => ({
  name: "made up",
  about: "a case for these tests",
  base: "base",
  candidate: "candidate",
  figures: [{ name: "time", unit: "ms", better: "lower" }],
  isolation: "own",
  run: () => Promise.reject(new Error("the test measures")),
  ...more,
});

const reading = (time: number, more: Partial<Reading> = {}): Reading => ({ figures: { time }, work: 1, ...more });

/** Rejections as their message. */
const failureOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => "it passed",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

const run = (measure: (side: Side) => Reading, more?: Partial<Case>, rounds = 5) =>
  runCase(subject(more), {
    rounds,
    warmUps: more?.warmUps ?? 1,
    peers: Object.keys(more?.peers ?? {}),
    measure: (side) => Promise.resolve().then(() => measure(side)),
    progress: () => {},
  });

describe("the rounds of a case", () => {
  it("let each side go first in turn, warm-ups included", async () => {
    const order: Array<Side> = [];
    const result = await run((side) => (order.push(side), reading(1)), { warmUps: 1 }, 5);
    assert.deepStrictEqual(
      result.rounds.map(({ order }) => order[0]),
      ["base", "candidate", "base", "candidate", "base"],
    );
    assert.deepStrictEqual(order.slice(0, 6), ["candidate", "base", "base", "candidate", "candidate", "base"]);
    assert.lengthOf(order, 12);
  });

  it("take ratios within a round, so that a machine that slows down changes none of them", async () => {
    let slowness = 1;
    const result = await run((side) => reading((side === "base" ? 10 : 5) * (slowness *= 1.5)), { warmUps: 0 }, 6);
    const figure = result.figures[0]!;
    assert.isAbove(figure.base.max / figure.base.min, 10);
    // The one who goes second is half as slow again, and each goes second in every other round.
    assert.closeTo(figure.ratio.min, 0.5 / 1.5, 1e-9);
    assert.closeTo(figure.ratio.max, 0.5 * 1.5, 1e-9);
    assert.closeTo(figure.ratio.median, (0.5 / 1.5 + 0.75) / 2, 1e-9);
  });

  it("do not count warm-ups", async () => {
    let measured = 0;
    const result = await run(() => reading(measured++ < 4 ? 1_000 : 1), { warmUps: 2 });
    assert.lengthOf(result.rounds, 5);
    assert.deepStrictEqual(result.figures[0]!.base, { median: 1, min: 1, max: 1 });
  });

  it("tell of every round as it ends, warm-ups too", async () => {
    const labels: Array<string> = [];
    await runCase(subject(), {
      rounds: 5,
      warmUps: 2,
      peers: [],
      measure: () => Promise.resolve(reading(1)),
      progress: (label) => labels.push(label),
    });
    assert.deepStrictEqual(labels, ["warm-up 1/2", "warm-up 2/2", "round 1/5", "round 2/5", "round 3/5", "round 4/5", "round 5/5"]);
  });
});

describe("peers", () => {
  const peers = { quick: "a quick one", slow: "a slow one" };

  it("take turns with both sides, each going first once in as many rounds as there are sides", async () => {
    const result = await run(() => reading(1), { peers, warmUps: 0 }, 8);
    const firsts = result.rounds.map(({ order }) => order[0]);
    assert.deepStrictEqual(firsts, ["base", "candidate", "quick", "slow", "base", "candidate", "quick", "slow"]);
    for (const { order } of result.rounds) assert.sameMembers([...order], ["base", "candidate", "quick", "slow"]);
    assert.deepStrictEqual(result.peers, peers);
  });

  it("are held against the candidate, in the figures that they give", async () => {
    const times: Readonly<Record<Side, number>> = { base: 4, candidate: 2, quick: 1, slow: 20 };
    const figures = [
      { name: "time", unit: "ms", better: "lower" },
      { name: "size", unit: "bytes", better: "lower" },
    ] as const;
    const taken = (side: Side) => ({ ...reading(times[side]!), figures: { time: times[side]!, ...(side === "slow" ? {} : { size: 8 }) } });
    const result = await run(taken, { peers, figures });
    const [time, size] = result.figures;
    assert.deepStrictEqual([time!.ratio.median, time!.difference.median], [0.5, -2]);
    assert.deepStrictEqual([time!.peers["quick"]?.ratio.median, time!.peers["slow"]?.ratio.median], [2, 0.1]);
    assert.deepStrictEqual(Object.keys(size!.peers), ["quick"]);
  });

  it("must give some figure", async () => {
    const silent = (side: Side) => (side === "quick" ? { figures: {}, work: 1 } : reading(1));
    assert.match(await failureOf(run(silent, { peers })), /quick: gives no figure/);
  });
});

describe("a reading is refused", () => {
  it("when a side did no work", async () => {
    assert.match(await failureOf(run((side) => reading(1, { work: side === "candidate" ? 0 : 3 }))), /candidate: did no work \(0\)/);
    assert.match(await failureOf(run(() => reading(1, { work: Number.NaN }))), /did no work/);
  });

  it("when a figure is missing, zero, no number or not announced", async () => {
    assert.match(await failureOf(run(() => reading(0))), /"time" is 0/);
    assert.match(await failureOf(run(() => reading(Number.NaN))), /"time" is NaN/);
    assert.match(await failureOf(run(() => ({ figures: {}, work: 1 }))), /"time" is undefined/);
    assert.match(await failureOf(run(() => ({ figures: { time: 1, tiem: 1 }, work: 1 }))), /"tiem" is not announced/);
  });

  it("when the work came to something else than before, on the other side or in another round", async () => {
    assert.match(await failureOf(run((side) => reading(1, { checksum: side }))), /came to \w+, before it was \w+/);
    let round = 0;
    assert.match(await failureOf(run(() => reading(1, { checksum: String(round++ > 4) }))), /came to true, before it was false/);
    assert.strictEqual(await failureOf(run(() => reading(1, { checksum: "same" }))), "it passed");
  });

  it("when measuring failed", async () => {
    assert.strictEqual(
      await failureOf(
        run(() => {
          throw new Error("the process ended with 1");
        }),
      ),
      "the process ended with 1",
    );
  });
});
