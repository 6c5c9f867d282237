import { assert, describe, it } from "@effect/vitest";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import { longestPauseMs, type PollBatch, PollPlan, type Unserved } from "../../src/stream/pollPlan.ts";
import { bookKey, btc, candleKey, eth, market, tickerKey } from "./exchange.ts";

const planOf = () => new PollPlan({ reseedAfterMs: 700, everyMs: 1_000 });
const since = (key: StreamKey, sinceMs = 0): Unserved => ({ key, sinceNanos: BigInt(sinceMs) * 1_000_000n });
const named = (batches: ReadonlyArray<PollBatch>) => batches.map(({ kind, depth, markets }) => `${kind} ${depth} ${markets.join()}`);

describe("when", () => {
  it("the first reading waits for the socket, the others follow at their pace, and with nothing to read there are none", () => {
    const plan = planOf();
    const keys = [since(tickerKey(btc), 100)];
    assert.strictEqual(plan.dueMs([]), Number.POSITIVE_INFINITY);
    assert.strictEqual(plan.dueMs(keys), 800);
    assert.deepStrictEqual(plan.round(keys, 799), []);
    assert.strictEqual(plan.round(keys, 800).length, 1);
    plan.ended(true, 0, 850);
    assert.strictEqual(plan.dueMs(keys), 1_800);
    // One that comes meanwhile is not made to wait for the next round.
    const both = [...keys, since(tickerKey(eth), 900)];
    assert.strictEqual(plan.dueMs(both), 1_600);
    assert.deepStrictEqual(named(plan.round(both, 1_600)), ["ticker 0 KRW-BTC,KRW-ETH"]);
    // Served and lost again, a key begins anew.
    plan.round([], 1_700);
    assert.strictEqual(plan.dueMs([since(tickerKey(btc), 5_000)]), 5_700);
  });

  it("rounds that bring nothing are further and further apart, and one that brings something ends that", () => {
    const plan = planOf();
    const keys = [since(tickerKey(btc))];
    let nowMs = 700;
    const pauses: Array<number> = [];
    for (let failed = 0; failed < 8; failed++) {
      plan.round(keys, nowMs);
      plan.ended(false, 0, nowMs);
      pauses.push(plan.dueMs(keys) - nowMs);
      nowMs = plan.dueMs(keys);
    }
    assert.deepStrictEqual(pauses, [2_000, 4_000, 8_000, 16_000, longestPauseMs, longestPauseMs, longestPauseMs, longestPauseMs]);
    plan.round(keys, nowMs);
    plan.ended(false, 60_000, nowMs);
    assert.strictEqual(plan.dueMs(keys), nowMs + 60_000);
    plan.round(keys, nowMs);
    plan.ended(true, 0, nowMs);
    assert.strictEqual(plan.dueMs(keys), nowMs + 1_000);
  });
});

describe("what", () => {
  it("all tickers are one list, and books one for each depth that the exchange has", () => {
    const keys = [tickerKey(btc), bookKey(btc, 3), tickerKey(eth), bookKey(eth, 5), bookKey(market("KRW-XRP"), 30), candleKey(btc)];
    assert.deepStrictEqual(
      named(
        planOf().round(
          keys.map((key) => since(key)),
          700,
        ),
      ),
      ["ticker 0 KRW-BTC,KRW-ETH", "orderbook 5 KRW-BTC,KRW-ETH", "orderbook 30 KRW-XRP"],
    );
  });

  it("a market that the exchange does not know is found by halves and left out, and the others come together again", () => {
    const plan = planOf();
    const codes = Array.from({ length: 100 }, (_, index) => market(`KRW-A${index}`));
    const bad = market("KRW-A61");
    const keys = codes.map((code) => since(tickerKey(code)));
    let rounds = 0;
    let most = 0;
    for (let nowMs = 700; rounds < 30; nowMs += 1_000) {
      const batches = plan.round(keys, nowMs);
      assert.strictEqual(new Set(batches.flatMap(({ markets }) => markets)).size, batches.flatMap(({ markets }) => markets).length);
      most = Math.max(most, batches.length);
      const refused = batches.filter(({ markets }) => markets.includes(bad));
      if (refused.length === 0) break;
      for (const batch of refused) plan.refused(batch);
      plan.ended(true, 0, nowMs);
      rounds++;
    }
    assert.isAtMost(rounds, 8);
    assert.isAtMost(most, 8);
    const [list, ...others] = plan.round(keys, 100_000);
    assert.deepStrictEqual([list?.markets.length, others.length, list?.markets.includes(bad)], [99, 0, false]);
    assert.strictEqual(plan.dueMs([since(tickerKey(bad))]), Number.POSITIVE_INFINITY);
    // Once the socket has brought it after all, it is asked for like any other.
    plan.round([], 101_000);
    assert.strictEqual(plan.round([since(tickerKey(bad))], 102_000).length, 1);
  });
});
