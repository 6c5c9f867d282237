/** Questions that are foreseen: on traces the model was not made on, and in the whole product over the emulated exchange. */
import { assert, describe, it } from "@effect/vitest";
import { getCandles, getTicker, getTrades, health } from "@naru/router/MarketData";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber, Metric } from "effect";
import { TestClock } from "effect/testing";
import { habitFigures, heldOutSeeds, holdsPromise, neighbours } from "../src/habits/fullRun.ts";
import { replay, usual } from "../src/habits/replay.ts";
import { makeTrace } from "../src/habits/Trace.ts";

const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 };
const foreseeing = { ...unaudited, prediction: { ...defaultRouterConfig.prediction, enabled: true } };

/** An answer while the clock moves. */
const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust(0);
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("10 millis");
    return yield* Fiber.join(fiber);
  });

/** A metric's counts by its last label. */
const countsOf = (id: string) =>
  Effect.map(Metric.snapshot, (all) =>
    Object.fromEntries(
      all.flatMap((one) => (one.id === id && "count" in one.state ? [[Object.values(one.attributes ?? {}).at(-1), one.state.count]] : [])),
    ),
  );
const ownMetrics = Effect.provideService(Metric.MetricRegistry, new Map());

describe("the model of habits on held-out traces", () => {
  it("tells moments apart, hits ten points more than the plain cache and more than the last interval does, the same each time (R000-34)", () => {
    const [seed = 0] = heldOutSeeds;
    const figures = habitFigures(seed, 2);
    assert.isTrue(holdsPromise(figures), JSON.stringify(figures));
    assert.isBelow(figures.readingsWasted, 0.1);
    assert.deepStrictEqual(habitFigures(seed, 2), figures);
  });
});

describe("the settings of the warm cache, on a held-out trace", () => {
  it("trade hits for truth as the page on caching says: each neighbour of a default loses one or the other (R001-40)", () => {
    const trace = makeTrace(heldOutSeeds[1] ?? 0, 2);
    const at = (name: string) => {
      const changes = new Map(neighbours).get(name);
      assert(changes !== undefined, name);
      const one = replay(trace, { ...usual, ...changes });
      return { hits: one.hitRatio, wrong: one.hitRatio * one.wrongShare, readings: one.readings };
    };
    const us = at("as it is");
    const [shorter, longer, same, eager, foreseen] = ["at most 3 s", "at most 60 s", "no adapting", "refresh at half", "prediction"].map(
      at,
    );
    assert(shorter !== undefined && longer !== undefined && same !== undefined && eager !== undefined && foreseen !== undefined);
    assert.isTrue(shorter.hits < us.hits && shorter.wrong < us.wrong);
    assert.isTrue(longer.hits > us.hits && longer.wrong > us.wrong);
    assert.isAbove(same.wrong, us.wrong);
    assert.isAbove(eager.readings, us.readings);
    // Why it is off: what is read ahead answers more, costs requests, and is older than what is read for the question.
    assert.isAbove(foreseen.hits, us.hits + 0.1);
    assert.isTrue(foreseen.readings > us.readings && foreseen.wrong > us.wrong);
  });
});

describe("a program that asks for one market and then for two others", () => {
  const visits = Effect.gen(function* () {
    const tiers: Array<string> = [];
    for (let nth = 0; nth < 8; nth++) {
      for (const market of ["KRW-BTC", "KRW-ETH", "KRW-XRP"]) {
        const { provenance } = yield* ended(getTicker(market));
        if (nth >= 4) tiers.push(`${market} ${provenance.tier} ${provenance.channel}`);
        yield* TestClock.adjust("1500 millis");
      }
      yield* TestClock.adjust("80 seconds");
    }
    return tiers;
  });

  it.effect("finds them subscribed when it comes to them, within the slots that reads have (R003-42)", () =>
    Effect.gen(function* () {
      const tiers = yield* visits;
      const followers = tiers.filter((line) => !line.startsWith("KRW-BTC"));
      const ahead = followers.filter((line) => line.endsWith("websocket"));
      assert.isAtLeast(ahead.length / followers.length, 0.7, followers.join("\n"));
      assert.isAtMost((yield* health).link.wanted, 2);
      const { used = 0, wasted = 0 } = yield* countsOf("naru_presubscriptions_total");
      assert.isTrue(used >= ahead.length && wasted <= used / 4, `${used} used, ${wasted} not`);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 31, config: { ...foreseeing, maxReadSubscriptions: 2 } })), ownMetrics),
  );

  it.effect("is answered over REST each time where nothing is foreseen, which is how it comes", () =>
    Effect.gen(function* () {
      for (const line of yield* visits) assert.include(line, " rest");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 31, config: unaudited }))),
  );
});

describe("a program that asks in rhythm for what the socket does not bring", () => {
  const polls = Effect.gen(function* () {
    const { ledger } = yield* Exchange;
    const ages: Array<number> = [];
    for (let nth = 0; nth < 12; nth++) {
      yield* ended(getCandles("KRW-BTC", "1m", { count: 5, forming: "exclude" }));
      const { provenance } = yield* ended(getTrades("KRW-BTC", { count: 50 }));
      if (nth >= 5) ages.push(provenance.confirmedAgeMs);
      assert.isFalse(provenance.stale);
      yield* TestClock.adjust("25 seconds");
    }
    return { ages, requests: ledger.requests().filter(({ target }) => target.includes("/trades/")).length };
  });

  it.effect("is answered from memory, read shortly before its time, with the age it has, at no request more (R003-45)", () =>
    Effect.gen(function* () {
      const { ages, requests } = yield* polls;
      for (const ageMs of ages) assert.isTrue(ageMs > 0 && ageMs <= 5_000, ages.join());
      assert.isAtMost(requests, 14);
      const { used = 0, wasted = 0 } = yield* countsOf("naru_warm_ahead_total");
      assert.isAtLeast(used, ages.length);
      // The last two are still to be asked for.
      assert.deepInclude(yield* countsOf("naru_warm_readings_total"), { habit: used + wasted + 2 });
    }).pipe(Effect.provide(Sim.layerTest({ seed: 32, config: foreseeing })), ownMetrics),
  );

  it.effect("reads everything itself where nothing is likely enough", () =>
    Effect.gen(function* () {
      const { ages } = yield* polls;
      assert.deepStrictEqual(new Set(ages), new Set([0]));
    }).pipe(
      Effect.provide(Sim.layerTest({ seed: 32, config: { ...foreseeing, prediction: { ...foreseeing.prediction, prefetchAt: 1 } } })),
    ),
  );
});
