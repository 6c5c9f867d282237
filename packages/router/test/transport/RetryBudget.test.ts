/** Retries against first attempts, over ten seconds. */
import { assert, describe, it } from "@effect/vitest";
import * as RetryBudget from "../../src/transport/RetryBudget.ts";

const options = RetryBudget.defaultRetryBudgetOptions;

const afterFirsts = (count: number, atMs: number): RetryBudget.RetryBudget => {
  let state = RetryBudget.empty;
  for (let i = 0; i < count; i++) state = RetryBudget.first(options, state, atMs);
  return state;
};

/** Retries that are allowed before one is refused. */
const retriesLeft = (state: RetryBudget.RetryBudget, atMs: number): number => {
  for (let count = 0; ; count++) {
    const next = RetryBudget.retry(options, state, atMs);
    if (next === undefined) return count;
    state = next;
  }
};

describe("RetryBudget", () => {
  it("allows a tenth of the first attempts, and always one per second of the window", () => {
    assert.strictEqual(retriesLeft(RetryBudget.empty, 0), 10);
    assert.strictEqual(retriesLeft(afterFirsts(50, 0), 0), 10);
    assert.strictEqual(retriesLeft(afterFirsts(1_000, 0), 5_000), 100);
  });

  it("forgets what is older than the window", () => {
    assert.strictEqual(retriesLeft(afterFirsts(1_000, 0), 9_999), 100);
    assert.strictEqual(retriesLeft(afterFirsts(1_000, 0), 10_000), 10);
  });

  it("keeps a bounded state however long it runs", () => {
    let state = RetryBudget.empty;
    for (let at = 0; at < 1e6; at += 250) state = RetryBudget.first(options, state, at);
    assert.isAtMost(state.length, 10);
  });
});
