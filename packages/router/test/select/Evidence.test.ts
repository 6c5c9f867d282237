/** What evidence does to a ranking: nothing without it, a bounded move with it, and less as it grows old. Times are plain numbers. */
import { assert, describe, it } from "@effect/vitest";
import type { TierName } from "../../src/domain/Provenance.ts";
import type { Attempt } from "../../src/errors/MarketDataError.ts";
import { Evidence, evidenceEndsMs, evidenceHalfLifeMs } from "../../src/select/Evidence.ts";
import { samplesKept } from "../../src/select/Samples.ts";
import { defaultRankOptions, rank, type RankFacts } from "../../src/select/TierRank.ts";
import { facts, ticker } from "./questions.ts";

const bound = defaultRankOptions.measuredBound;
const realtime = ticker({ realtime: true });

/** An emptied drawer: nothing in memory, so that the socket's tier and REST are all there is. `subscribed` says which way the first one takes. */
const open = (changes: Partial<RankFacts> = {}) => facts({ hot: "absent", subscribed: false, ...changes });

class Scene {
  readonly evidence = new Evidence({ bound });
  nowMs = 1_000;

  told(attempts: ReadonlyArray<Attempt>, wasLive = false, ageMs = 5): void {
    this.nowMs += 100;
    this.evidence.learn("ticker", attempts, wasLive, ageMs, this.nowMs);
  }
  answers(tier: TierName, durationMs: number, times = samplesKept, wasLive = false): void {
    for (let i = 0; i < times; i++) this.told([{ tier, outcome: "answered", reason: "ok", durationMs }], wasLive);
  }
  measured(world: RankFacts) {
    const { hot, restWaitMs, subscribed } = world;
    return this.evidence.measure("ticker", { hotFresh: hot === "fresh", subscribed, restWaitMs }, this.nowMs);
  }
  ranked(world: RankFacts = open(), question = realtime) {
    return rank(question, { ...world, measured: this.measured(world) });
  }
  order(world?: RankFacts) {
    return this.ranked(world).tiers.map(({ tier }) => tier);
  }
}

describe("evidence", () => {
  it("is nothing while nothing was seen, or only one of the two channels", () => {
    const scene = new Scene();
    assert.isUndefined(scene.measured(open()));
    scene.answers("batch_snapshot", 40);
    assert.isUndefined(scene.measured(open()));
    assert.deepStrictEqual(scene.ranked().scores, rank(realtime, open()).scores);
  });

  it("puts a live tier whose p95 is tenfold and whose success is below 0.8 behind batch within 20 outcomes, and back when it recovers (R000-29)", () => {
    const scene = new Scene();
    const world = facts();
    scene.answers("batch_snapshot", 20);
    scene.answers("live_subscription", 2, samplesKept, true);
    const places = () => scene.order(world).filter((tier) => tier !== "hot_cache");
    assert.strictEqual(places()[0], "live_subscription");
    const failed: Attempt = { tier: "live_subscription", outcome: "failed", reason: "connection: NetworkError: gone", durationMs: 20 };
    let outcomes = 0;
    while (places()[0] === "live_subscription" && outcomes < 100) {
      if (outcomes++ % 4 === 3) scene.told([failed], true);
      else scene.answers("live_subscription", 20, 1, true);
    }
    assert.isAtMost(outcomes, 20);
    for (; outcomes < samplesKept; outcomes++) {
      if (outcomes % 4 === 3) scene.told([failed], true);
      else scene.answers("live_subscription", 20, 1, true);
    }
    const [sick] = scene.evidence.figures(scene.nowMs).filter(({ way }) => way === "live");
    assert.deepStrictEqual([sick?.p95Ms, (sick?.success ?? 1) < 0.8], [20, true]);
    assert.strictEqual(places()[0], "batch_snapshot");
    assert.strictEqual(scene.order(world)[0], "hot_cache");
    scene.answers("live_subscription", 2, 20, true);
    assert.strictEqual(places()[0], "live_subscription");
    // However good it was: what a rule removes is not there to be first.
    assert.notInclude(scene.order(facts({ connected: false })), "live_subscription");
    assert.strictEqual(
      scene.order(facts({ breakerOpen: true })).find((tier) => tier.endsWith("rest")),
      undefined,
    );
  });

  it("tells a read of a live key from a wait for its first element", () => {
    const scene = new Scene();
    scene.answers("batch_snapshot", 40);
    scene.answers("live_subscription", 0, samplesKept, true);
    // Reads of memory say nothing of how long the exchange takes to speak.
    assert.isUndefined(scene.measured(open()));
    scene.answers("live_subscription", 400);
    assert.strictEqual(scene.order()[0], "batch_snapshot");
    assert.strictEqual(scene.ranked().reason, "measured");
    assert.strictEqual(scene.order(facts({ subscribed: true }))[0], "hot_cache");
  });

  it("orders by what is measured: the same REST is first or second by how long the socket takes", () => {
    for (const [firstElementMs, first] of [
      [30, "live_subscription"],
      [200, "live_subscription"],
      [600, "batch_snapshot"],
    ] as const) {
      const scene = new Scene();
      scene.answers("batch_snapshot", 300);
      scene.answers("live_subscription", firstElementMs);
      assert.strictEqual(scene.order()[0], first, `${firstElementMs} ms`);
    }
  });

  it("counts a queue in front of REST before it was suffered", () => {
    const scene = new Scene();
    scene.answers("batch_snapshot", 60);
    scene.answers("live_subscription", 300);
    assert.strictEqual(scene.order()[0], "batch_snapshot");
    assert.strictEqual(scene.order(open({ restWaitMs: 2_000 }))[0], "live_subscription");
  });

  it("takes the loser of a race to be at least as slow as it ran, and the parts of a wait as one", () => {
    const scene = new Scene();
    scene.answers("batch_snapshot", 40);
    for (let i = 0; i < samplesKept; i++) {
      scene.told([
        { tier: "live_subscription", outcome: "missed", reason: "data: no first element in 200 ms", durationMs: 200 },
        { tier: "batch_snapshot", outcome: "answered", reason: "hedged", durationMs: 40 },
        { tier: "live_subscription", outcome: "interrupted", reason: "interrupted: another tier answered first", durationMs: 100 },
      ]);
    }
    const [wait] = scene.evidence.figures(scene.nowMs).filter(({ way }) => way === "first_element");
    // The same bound again says nothing new.
    assert.deepInclude(wait, { p50Ms: 300, success: 1, meanAgeMs: null, samples: 1 });
    scene.told([
      { tier: "live_subscription", outcome: "interrupted", reason: "interrupted: another tier answered first", durationMs: 500 },
    ]);
    assert.strictEqual(scene.evidence.figures(scene.nowMs).find(({ way }) => way === "first_element")?.p95Ms, 500);
    assert.strictEqual(scene.order()[0], "batch_snapshot");
  });

  it("does not blame a tier for the question, for our own limits, for an empty drawer or for an impatient caller", () => {
    const scene = new Scene();
    const blameless: ReadonlyArray<Pick<Attempt, "outcome" | "reason" | "durationMs">> = [
      { outcome: "failed", reason: "MarketUnknown: KRW-BTD", durationMs: 40 },
      { outcome: "failed", reason: "subscription: InvalidRequest: cannot be streamed", durationMs: 40 },
      { outcome: "failed", reason: "RateLimited: the wait exceeds the deadline", durationMs: 0 },
      { outcome: "failed", reason: "CircuitOpen: ticker", durationMs: 0 },
      { outcome: "failed", reason: "interrupted, by the deadline or by the caller", durationMs: 300 },
      { outcome: "missed", reason: "absent", durationMs: 0 },
    ];
    for (const attempt of blameless) scene.told([{ tier: "batch_snapshot", ...attempt }]);
    assert.deepStrictEqual(scene.evidence.figures(scene.nowMs), []);
    scene.told([{ tier: "batch_snapshot", outcome: "failed", reason: "NetworkError: reset", durationMs: 30 }]);
    assert.strictEqual(scene.evidence.figures(scene.nowMs)[0]?.success, 0);
  });

  it("puts a REST tier that fails behind one that does not", () => {
    const scene = new Scene();
    scene.answers("warm_cache_rest", 40);
    for (let i = 0; i < samplesKept; i++)
      scene.told([{ tier: "batch_snapshot", outcome: "failed", reason: "DecodeError: list", durationMs: 40 }]);
    assert.isBelow(scene.order().indexOf("warm_cache_rest"), scene.order().indexOf("batch_snapshot"));
  });

  it("never moves a score by more than the bound, and less with every minute until nothing is left", () => {
    const scene = new Scene();
    scene.answers("batch_snapshot", 5_000);
    scene.answers("live_subscription", 1);
    const plain = rank(realtime, open()).scores;
    const moveOf = () => scene.ranked().scores.live_subscription - plain.live_subscription;
    const before = moveOf();
    assert.isAtMost(before, bound + 1e-9);
    assert.isAbove(before, bound * 0.9);
    scene.nowMs += evidenceHalfLifeMs;
    assert.closeTo(moveOf(), before / 2, before / 10);
    scene.nowMs += evidenceEndsMs;
    assert.strictEqual(moveOf(), 0);
  });

  it("is sure of a way by how far apart the two are, and as little as it is old", () => {
    const scene = new Scene();
    scene.answers("batch_snapshot", 40);
    scene.answers("live_subscription", 44);
    const close = scene.ranked().confidence;
    scene.answers("live_subscription", 400);
    const far = scene.ranked().confidence;
    assert.isAbove(far, 0.95);
    assert.isBelow(close, 0.8);
    scene.nowMs += 2 * evidenceHalfLifeMs;
    assert.isBelow(scene.ranked().confidence, far);
  });

  it("tells latency, success and freshness of each channel (R004-18)", () => {
    const scene = new Scene();
    for (let i = 1; i <= 20; i++) scene.told([{ tier: "batch_snapshot", outcome: "answered", reason: "ok", durationMs: i * 10 }], false, i);
    scene.told([{ tier: "live_subscription", outcome: "failed", reason: "data: TimeoutError: silent", durationMs: 1_700 }]);
    assert.deepStrictEqual(scene.evidence.figures(scene.nowMs + 50), [
      {
        kind: "ticker",
        way: "first_element",
        channel: "websocket",
        ageMs: 50,
        p50Ms: null,
        p95Ms: null,
        leastMs: null,
        recentMs: null,
        recentSuccess: 0,
        meanMs: null,
        meanAgeMs: null,
        success: 0,
        samples: 1,
      },
      {
        kind: "ticker",
        way: "rest",
        channel: "rest",
        ageMs: 150,
        p50Ms: 100,
        p95Ms: 190,
        leastMs: 10,
        recentMs: 180,
        recentSuccess: 1,
        meanMs: 105,
        meanAgeMs: 10.5,
        success: 1,
        samples: 20,
      },
    ]);
  });

  it("holds no more than its twenty outcomes of each way, however many come", () => {
    const scene = new Scene();
    scene.answers("batch_snapshot", 1_000, 10_000);
    scene.answers("batch_snapshot", 10, samplesKept);
    assert.deepInclude(scene.evidence.figures(scene.nowMs)[0], { p95Ms: 10, samples: samplesKept });
  });
});
