import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Schema } from "effect";
import { TestClock } from "effect/testing";
import { Keepalive } from "../../src/transport/Keepalive.ts";
import { MessageBudget } from "../../src/transport/MessageBudget.ts";
import { Signal } from "../../src/transport/Signal.ts";

describe("the watchdog's table", () => {
  const options = { pingAfterMs: 10_000, deadAfterMs: 15_000, busyPingAfterMs: 1_000, busyDeadAfterMs: 3_000 };

  /** A link that has spoken every 100 ms for three seconds. */
  const busy = (changes: Partial<typeof options> = {}) => {
    const keepalive = new Keepalive({ ...options, ...changes }, 0);
    for (let nowMs = 0; nowMs <= 3_000; nowMs += 100) {
      keepalive.spoke(nowMs);
      keepalive.heard(nowMs);
    }
    return keepalive;
  };

  it("asks a busy link after one second of silence and gives it up after three", () => {
    const keepalive = busy();
    assert.isTrue(keepalive.busy);
    assert.deepStrictEqual(keepalive.check(3_999), { action: "wait", dueMs: 4_000 });
    assert.deepStrictEqual(keepalive.check(4_000), { action: "ping", dueMs: 6_000 });
    assert.deepStrictEqual(keepalive.check(5_999), { action: "wait", dueMs: 6_000 });
    assert.strictEqual(keepalive.check(6_000).action, "dead");
  });

  it("never gives a busy link up unasked, however late the look", () => {
    const keepalive = busy();
    assert.deepStrictEqual(keepalive.check(60_000), { action: "ping", dueMs: 62_000 });
    assert.strictEqual(keepalive.check(61_999).action, "wait");
    assert.strictEqual(keepalive.check(62_000).action, "dead");
  });

  it("gives a busy link no longer than any other where any other is given less", () => {
    const keepalive = busy({ pingAfterMs: 500, deadAfterMs: 1_500 });
    assert.deepStrictEqual(keepalive.check(3_500), { action: "ping", dueMs: 4_500 });
    assert.strictEqual(keepalive.check(4_499).action, "wait");
    assert.strictEqual(keepalive.check(4_500).action, "dead");
  });

  it("a link whose subscription has changed has to show its rhythm anew", () => {
    const keepalive = busy();
    keepalive.resubscribed();
    assert.isFalse(keepalive.busy);
    assert.deepStrictEqual(keepalive.check(4_000), { action: "wait", dueMs: 13_000 });
  });

  it("waits, pings once, waits, and gives up", () => {
    const keepalive = new Keepalive(options, 0);
    assert.deepStrictEqual(keepalive.check(9_999), { action: "wait", dueMs: 10_000 });
    assert.deepStrictEqual(keepalive.check(10_000), { action: "ping", dueMs: 15_000 });
    assert.deepStrictEqual(keepalive.check(10_001), { action: "wait", dueMs: 15_000 });
    assert.deepStrictEqual(keepalive.check(15_000), { action: "dead", dueMs: 15_000 });
  });

  it("any byte starts the silence anew, also after a ping", () => {
    const keepalive = new Keepalive(options, 0);
    keepalive.check(10_000);
    keepalive.heard(14_999);
    assert.deepStrictEqual(keepalive.check(15_000), { action: "wait", dueMs: 24_999 });
    assert.deepStrictEqual(keepalive.check(24_999), { action: "ping", dueMs: 29_999 });
    assert.strictEqual(keepalive.silentMs(25_000), 10_001);
  });

  it("a look that comes too late asks all the same, and waits as long for the answer", () => {
    const keepalive = new Keepalive(options, 0);
    assert.deepStrictEqual(keepalive.check(60_000), { action: "ping", dueMs: 65_000 });
    assert.strictEqual(keepalive.check(64_999).action, "wait");
    assert.strictEqual(keepalive.check(65_000).action, "dead");
  });
});

it.prop(
  "messages sent as early as the budget allows never break a limit in any window at the server, even with 5 % jitter",
  { waits: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))).check(Schema.isMaxLength(150)) },
  ({ waits }) => {
    const limits = [
      { limit: 5, windowMs: 1_000 },
      { limit: 20, windowMs: 10_000 },
    ];
    const budget = new MessageBudget(limits);
    const sent: Array<number> = [];
    let nowMs = 0;
    for (const wait of waits) {
      nowMs = budget.earliestMs(nowMs + wait);
      budget.sent(nowMs);
      sent.push(nowMs);
    }
    for (const { limit, windowMs } of limits) {
      sent.forEach((atMs, at) => {
        const next = sent[at + limit];
        if (next !== undefined) assert.isAtLeast(next - atMs, windowMs * 1.05 - 1e-6);
      });
    }
  },
  { arbitrary: { runs: 200 } },
);

it("the budget lets a burst of the whole limit through at once", () => {
  const budget = new MessageBudget([{ limit: 3, windowMs: 1_000 }]);
  for (let at = 0; at < 3; at++) {
    assert.strictEqual(budget.earliestMs(7), 7);
    budget.sent(7);
  }
  assert.strictEqual(budget.earliestMs(7), 1_057);
});

describe("a signal", () => {
  it.effect("given before anyone waits it is remembered once", () =>
    Effect.gen(function* () {
      const signal = new Signal();
      signal.notify();
      signal.notify();
      yield* signal.wait;
      const second = yield* Effect.forkChild(signal.wait, { startImmediately: true });
      assert.isUndefined(second.pollUnsafe());
      signal.notify();
      yield* Fiber.join(second);
    }),
  );

  it.effect("a bounded wait ends by the clock when there is no signal", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(new Signal().waitAtMost(100), { startImmediately: true });
      yield* TestClock.adjust(99);
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust(1);
      yield* Fiber.join(fiber);
    }),
  );
});
