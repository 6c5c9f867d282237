/** The ranking: published order, fixed rules, and what holds for every question under every state of the world. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema } from "effect";
import { Channel, Source, type TierName, tiers } from "../../src/domain/Provenance.ts";
import { Context, Kind, Priority, type Question, Strategy } from "../../src/domain/Question.ts";
import { defaultRankOptions, rank, type RankFacts, type Ranked } from "../../src/select/TierRank.ts";
import { btc } from "../samples.ts";
import { candles, facts, orderbook, ticker, trades } from "./questions.ts";

const order = (ranked: Ranked): ReadonlyArray<TierName> => ranked.tiers.map(({ tier }) => tier);
const gates = (ranked: Ranked): Record<string, string> => Object.fromEntries(ranked.gated.map(({ tier, gate }) => [tier, gate]));

/** Every question worth telling apart, against every combination of facts. */
const questions: ReadonlyArray<Question> = (["auto", "rest_only", "websocket_only"] as const).flatMap((strategy) =>
  [true, false].flatMap((realtime) =>
    (["realtime_trading", "market_scanning", "monitoring", "backtesting", "research"] as const).flatMap((context) => [
      ticker({ strategy, realtime, context }),
      orderbook({ strategy, realtime, context }),
      ...[trades(1), trades(100), trades(1, "17")].map((question) => ({
        ...question,
        intent: ticker({ strategy, realtime, context }).intent,
      })),
      ...[
        candles(),
        candles({ count: 200 }),
        candles({ toMs: 0 }),
        candles({ count: null, fromMs: 0 }),
        candles({ forming: "exclude" }),
      ].map((question) => ({ ...question, intent: ticker({ strategy, realtime, context }).intent })),
    ]),
  ),
);

const both = [true, false];
const worlds: ReadonlyArray<RankFacts> = both.flatMap((connected) =>
  both.flatMap((subscribed) =>
    both.flatMap((streamable) =>
      both.flatMap((blocked) =>
        (["absent", "stale", "fresh"] as const).flatMap((hot) =>
          [
            { usage: 0, markets: 189, breakerOpen: false, restWaitMs: 0 },
            { usage: 0.3, markets: 1, breakerOpen: false, restWaitMs: 6_000 },
            { usage: 1, markets: 1, breakerOpen: true, restWaitMs: 0 },
          ].flatMap((rest) =>
            (["normal", "fallback"] as const).map((mode) => facts({ connected, subscribed, streamable, blocked, hot, mode, ...rest })),
          ),
        ),
      ),
    ),
  ),
);

const everywhere = (check: (question: Question, world: RankFacts, ranked: Ranked) => void): void => {
  for (const question of questions) for (const world of worlds) check(question, world, rank(question, world));
};

describe("rank", () => {
  it("puts hot, live, batch, warm, cold for realtime trading, with and without pressure (R000-08)", () => {
    for (const usage of [0, 0.3]) {
      const ranked = rank(ticker({ realtime: true }), facts({ usage }));
      assert.deepStrictEqual(order(ranked), [...tiers]);
      assert.strictEqual(ranked.reason, "realtime_prefers_live");
    }
  });

  it("is a permutation of the feasible tiers, best first, the same every time (R000-02)", () => {
    let ranked = 0;
    let faults = 0;
    everywhere((question, world, first) => {
      const names = [...order(first), ...first.gated.map(({ tier }) => tier)];
      const complete = names.length === tiers.length && tiers.every((tier) => names.includes(tier));
      const descends = first.tiers.every(({ tier, score }, i) => {
        const next = first.tiers[i + 1];
        if (next === undefined) return score === first.scores[tier];
        return score > next.score || (score === next.score && tiers.indexOf(tier) < tiers.indexOf(next.tier));
      });
      const repeats = JSON.stringify(rank(question, world)) === JSON.stringify(first);
      if (!complete || !descends || !repeats) faults++;
      ranked++;
    });
    assert.deepStrictEqual({ ranked, faults }, { ranked: questions.length * worlds.length, faults: 0 });
    assert.isAbove(ranked, 40_000);
  });

  it("never chooses a socket that is not connected, whatever speaks for it (R003-05)", () => {
    let disconnected = 0;
    let chosen = 0;
    everywhere((_, world, ranked) => {
      if (world.connected) return;
      disconnected++;
      if (order(ranked).includes("live_subscription")) chosen++;
    });
    assert.isAbove(disconnected, 20_000);
    assert.strictEqual(chosen, 0);
    const measured = { moves: { live_subscription: 1e9 }, socketSooner: 1 };
    assert.deepStrictEqual(gates(rank(ticker({ realtime: true }), facts({ connected: false, measured }))), {
      live_subscription: "not_connected",
    });
  });

  it("keeps its confidence between 0 and 1: one tier left is certain, none is nothing", () => {
    const seen = new Set<string>();
    everywhere((_, __, { confidence, tiers: left }) => {
      if (left.length === 0) seen.add(`none left: ${confidence}`);
      else if (left.length === 1) seen.add(`one left: ${confidence}`);
      else seen.add(confidence >= 0.5 && confidence < 1 ? "several left: fits" : `several left: ${confidence}`);
    });
    assert.deepStrictEqual([...seen].sort(), ["none left: 0", "one left: 1", "several left: fits"]);
    assert.isAbove(rank(ticker({ realtime: true }), facts()).confidence, rank(ticker({ context: "research" }), facts()).confidence);
  });

  it("turns a question into a preferred tier, the rest as fallbacks, and a reason, from nothing but its arguments (R004-17)", () => {
    const question = Object.freeze(ticker());
    const world = Object.freeze(facts({ hot: "absent", subscribed: false }));
    const ranked = rank(question, world);
    assert.deepStrictEqual(order(ranked), ["batch_snapshot", "warm_cache_rest", "cold_rest"]);
    assert.deepStrictEqual(gates(ranked), { hot_cache: "hot_absent", live_subscription: "not_subscribed" });
    assert.strictEqual(ranked.reason, "scored");
  });

  it("answers history and several rows from REST only (R004-20)", () => {
    const table: ReadonlyArray<readonly [Question, string]> = [
      [candles({ toMs: 1_767_571_200_000 }), "history_requires_rest"],
      [candles({ count: null, fromMs: 1_767_571_200_000 }), "history_requires_rest"],
      [trades(1, "17671234567890123"), "history_requires_rest"],
      [candles({ count: 2 }), "multiple_rows_require_rest"],
      [candles({ count: 200 }), "multiple_rows_require_rest"],
      [trades(2), "multiple_rows_require_rest"],
      [candles({ forming: "exclude" }), "closed_candles_require_rest"],
    ];
    for (const [question, reason] of table) {
      const ranked = rank(question, facts());
      assert.deepStrictEqual([...order(ranked)].sort(), ["cold_rest", "warm_cache_rest"]);
      assert.strictEqual(ranked.reason, reason);
      assert.deepInclude(gates(ranked), { hot_cache: reason, live_subscription: reason, batch_snapshot: "kind_not_batched" });
    }
    for (const newest of [candles(), trades(1)]) assert.include(order(rank(newest, facts())), "live_subscription");
  });

  it("prefers the socket for realtime while it is connected, else REST with the reason (R004-21)", () => {
    const realtime = ticker({ realtime: true });
    const connected = rank(realtime, facts({ hot: "absent", subscribed: false }));
    assert.deepStrictEqual([order(connected)[0], connected.reason], ["live_subscription", "realtime_prefers_live"]);
    const disconnected = rank(realtime, facts({ hot: "absent", connected: false }));
    assert.deepStrictEqual([order(disconnected)[0], disconnected.reason], ["batch_snapshot", "not_connected"]);
    const unstreamable = rank(realtime, facts({ hot: "absent", streamable: false }));
    assert.deepStrictEqual([order(unstreamable)[0], unstreamable.reason], ["batch_snapshot", "not_streamable"]);
  });

  it("asks the socket first for tickers and order books, REST behind it (R004-22)", () => {
    for (const question of [ticker(), orderbook(), ticker({ context: "monitoring", realtime: true })]) {
      assert.deepStrictEqual(order(rank(question, facts())), [...tiers]);
    }
    const failed = rank(orderbook(), facts({ connected: false, hot: "stale" }));
    assert.deepStrictEqual(order(failed), ["batch_snapshot", "warm_cache_rest", "cold_rest"]);
  });

  it("obeys a strategy and the state of the limits", () => {
    const restOnly = rank(ticker({ strategy: "rest_only" }), facts());
    assert.deepStrictEqual(order(restOnly), ["batch_snapshot", "warm_cache_rest", "cold_rest"]);
    assert.strictEqual(restOnly.reason, "strategy_rest_only");
    assert.deepStrictEqual(order(rank(ticker({ strategy: "websocket_only" }), facts())), ["hot_cache", "live_subscription"]);
    assert.deepStrictEqual(order(rank(ticker(), facts({ blocked: true }))), ["hot_cache", "live_subscription"]);
    assert.deepStrictEqual(order(rank(ticker(), facts({ breakerOpen: true }))), ["hot_cache", "live_subscription"]);
    assert.deepStrictEqual(order(rank(ticker({ deadlineMs: 500 }), facts({ restWaitMs: 501 }))), ["hot_cache", "live_subscription"]);
    const nothing = rank(candles({ count: 200 }), facts({ blocked: true }));
    assert.deepStrictEqual([order(nothing), nothing.reason, nothing.confidence], [[], "ip_blocked", 0]);
  });

  it("moves to the other channel while one is out, for every kind and priority, and back when it returns (R004-51)", () => {
    for (const question of [ticker(), orderbook(), ticker({ realtime: true }), ticker({ priority: "critical" })]) {
      const restOut = order(rank(question, facts({ breakerOpen: true, hot: "fresh" })));
      assert.sameMembers([...restOut], ["hot_cache", "live_subscription"]);
      const socketOut = order(rank(question, facts({ connected: false, hot: "absent" })));
      assert.deepStrictEqual(socketOut, ["batch_snapshot", "warm_cache_rest", "cold_rest"]);
      const both = order(rank(question, facts({ hot: "fresh" })));
      assert.sameMembers([...both], [...restOut, ...socketOut]);
    }
  });

  it("asks nothing new through the router while the direct clients answer, and still serves a proved value", () => {
    assert.deepStrictEqual(order(rank(ticker({ realtime: true }), facts({ mode: "fallback" }))), ["hot_cache"]);
    // In an emergency somebody must still be asked: only an answer ends it.
    for (const mode of ["degraded", "recovering", "emergency"] as const)
      assert.deepStrictEqual(order(rank(ticker(), facts({ mode }))), [...tiers]);
  });

  it("lets measurements move a score by no more than the bound", () => {
    const { measuredBound } = defaultRankOptions;
    const plain = rank(ticker(), facts()).scores;
    const moved = rank(
      ticker(),
      facts({ measured: { moves: { cold_rest: 5, hot_cache: -5, batch_snapshot: 0.01 }, socketSooner: null } }),
    ).scores;
    assert.closeTo(moved.cold_rest - plain.cold_rest, measuredBound, 1e-9);
    assert.closeTo(plain.hot_cache - moved.hot_cache, measuredBound, 1e-9);
    assert.closeTo(moved.batch_snapshot - plain.batch_snapshot, 0.01, 1e-9);
    assert.strictEqual(moved.live_subscription, plain.live_subscription);
  });

  it("turns to the channel with room when the other one's limit is nine tenths used, and says so", () => {
    const cold = { hot: "absent", subscribed: false } as const;
    const scan = ticker({ context: "market_scanning" });
    assert.strictEqual(order(rank(scan, facts({ usage: 0.89 })))[0], "batch_snapshot");
    const pressed = rank(scan, facts({ usage: 0.9 }));
    assert.deepStrictEqual([order(pressed)[0], pressed.reason], ["hot_cache", "rest_near_limit"]);
    const realtime = ticker({ realtime: true });
    assert.strictEqual(order(rank(realtime, facts({ ...cold, socketUsage: 0.89 })))[0], "live_subscription");
    const quiet = rank(realtime, facts({ ...cold, socketUsage: 0.9 }));
    assert.deepStrictEqual([order(quiet)[0], quiet.reason], ["batch_snapshot", "messages_near_limit"]);
    // What is subscribed costs no message, and where both are full neither is better.
    assert.strictEqual(order(rank(realtime, facts({ socketUsage: 1 })))[1], "live_subscription");
    assert.deepStrictEqual(rank(realtime, facts({ ...cold, usage: 1, socketUsage: 1 })).reason, "realtime_prefers_live");
  });

  it("lets the leading channel go first where the scores say otherwise, but not before memory, and never one that is gone", () => {
    const cold = { hot: "absent", subscribed: false } as const;
    const realtime = ticker({ realtime: true });
    const kept = rank(realtime, facts({ ...cold, lead: "rest" }));
    assert.deepStrictEqual(order(kept), ["batch_snapshot", "warm_cache_rest", "cold_rest", "live_subscription"]);
    assert.strictEqual(kept.reason, "lead_kept");
    assert.deepStrictEqual(rank(realtime, facts({ ...cold, lead: "websocket" })), rank(realtime, facts(cold)));
    assert.strictEqual(order(rank(realtime, facts({ lead: "rest" })))[0], "hot_cache");
    assert.notInclude(order(rank(realtime, facts({ ...cold, connected: false, lead: "websocket" }))), "live_subscription");
  });

  it.effect("knows the words of a question and no others (R004-16)", () =>
    Effect.gen(function* () {
      const vocabularies = [Priority, Strategy, Kind, Channel, Context, Source] as const;
      for (const vocabulary of vocabularies) {
        const decode = Schema.decodeUnknownEffect(vocabulary as Schema.Codec<string>);
        for (const word of vocabulary.literals) {
          assert.strictEqual(yield* decode(word), word);
          assert.strictEqual((yield* Effect.flip(decode(word.toUpperCase())))._tag, "SchemaError");
        }
        for (const stranger of ["", "none", `${btc}`, 1, null])
          assert.strictEqual((yield* Effect.flip(decode(stranger)))._tag, "SchemaError");
      }
      assert.deepStrictEqual([...Priority.literals], ["critical", "high", "normal", "low"]);
      assert.deepStrictEqual([...Strategy.literals], ["auto", "rest_only", "websocket_only"]);
      assert.deepStrictEqual([...Kind.literals], ["ticker", "orderbook", "trades", "candles"]);
      assert.deepStrictEqual([...Channel.literals], ["rest", "websocket"]);
    }),
  );
});
