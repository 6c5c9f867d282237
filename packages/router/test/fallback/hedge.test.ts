/** The hedge by itself in every order of events, and what a call tells of it. Each effect is a time and an outcome; times are virtual. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Exit, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import type { Priority, ResolvedIntent } from "../../src/domain/Question.ts";
import type { TierName } from "../../src/domain/Provenance.ts";
import { MarketUnknown, NetworkError, TimeoutError } from "../../src/errors/MarketDataError.ts";
import { FallbackManager } from "../../src/fallback/FallbackManager.ts";
import { headStartMs, hedge } from "../../src/fallback/hedge.ts";
import { ModeControl } from "../../src/fallback/ModeControl.ts";
import { Health } from "../../src/health/HealthLedger.ts";
import type { Tier, TierAnswer } from "../../src/tiers/Tier.ts";
import { intent, questions } from "../samples.ts";

interface Told {
  readonly afterMs: number;
  readonly outcome: "answers" | "fails" | "is wrong";
}

/** Runs a hedge of two such effects; tells its end, when that was, and who started and was interrupted when. */
const contest = (first: Told, next: Told, afterMs: number) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
    const log: Array<string> = [];
    const play = (name: string, told: Told): Effect.Effect<string, string> =>
      Effect.suspend(() => {
        log.push(`${name} starts at ${nowMs()}`);
        const wait = told.afterMs === 0 ? Effect.void : Effect.sleep(told.afterMs);
        return Effect.andThen(wait, told.outcome === "answers" ? Effect.succeed(name) : Effect.fail(`${name} ${told.outcome}`));
      }).pipe(Effect.onInterrupt(() => Effect.sync(() => log.push(`${name} is interrupted at ${nowMs()}`))));
    const options = { afterMs, isFinal: (error: string) => error.endsWith("wrong"), onHedge: () => void log.push(`hedged at ${nowMs()}`) };
    const fiber = yield* Effect.forkChild(Effect.exit(hedge(play("first", first), play("next", next), options)), {
      startImmediately: true,
    });
    for (let i = 0; i < 2_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(1);
    const exit = yield* Fiber.join(fiber);
    log.push(`${Exit.isSuccess(exit) ? exit.value : yield* Effect.flip(exit)}, at ${nowMs()}`);
    return log;
  });

const cases: ReadonlyArray<readonly [string, Told, Told, ReadonlyArray<string>]> = [
  [
    "an answer that needs no waiting starts nothing",
    { afterMs: 0, outcome: "answers" },
    { afterMs: 10, outcome: "answers" },
    ["first starts at 0", "first, at 0"],
  ],
  [
    "a first answer within its head start is alone",
    { afterMs: 99, outcome: "answers" },
    { afterMs: 10, outcome: "answers" },
    ["first starts at 0", "first, at 99"],
  ],
  [
    "the next one wins and the first is interrupted",
    { afterMs: 500, outcome: "answers" },
    { afterMs: 20, outcome: "answers" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "first is interrupted at 120", "next, at 120"],
  ],
  [
    "the first one wins late and the next is interrupted",
    { afterMs: 130, outcome: "answers" },
    { afterMs: 200, outcome: "answers" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "next is interrupted at 130", "first, at 130"],
  ],
  [
    "a first failure within the head start gives the turn at once",
    { afterMs: 30, outcome: "fails" },
    { afterMs: 20, outcome: "answers" },
    ["first starts at 0", "next starts at 30", "next, at 50"],
  ],
  [
    "a first failure after the hedge leaves the next one running",
    { afterMs: 110, outcome: "fails" },
    { afterMs: 50, outcome: "answers" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "next, at 150"],
  ],
  [
    "a failure of the next one leaves the first running",
    { afterMs: 300, outcome: "answers" },
    { afterMs: 20, outcome: "fails" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "first, at 300"],
  ],
  [
    "both fail, the first one last",
    { afterMs: 300, outcome: "fails" },
    { afterMs: 20, outcome: "fails" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "first fails, at 300"],
  ],
  [
    "both fail, the first one first",
    { afterMs: 110, outcome: "fails" },
    { afterMs: 50, outcome: "fails" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "first fails, at 150"],
  ],
  [
    "a wrong question ends both, whoever finds it wrong",
    { afterMs: 300, outcome: "answers" },
    { afterMs: 20, outcome: "is wrong" },
    ["first starts at 0", "hedged at 100", "next starts at 100", "first is interrupted at 120", "next is wrong, at 120"],
  ],
  [
    "a wrong question is asked no second time",
    { afterMs: 30, outcome: "is wrong" },
    { afterMs: 20, outcome: "answers" },
    ["first starts at 0", "first is wrong, at 30"],
  ],
];

describe("a hedge with a head start of 100 ms", () => {
  for (const [title, first, next, expected] of cases) {
    it.effect(title, () => Effect.map(contest(first, next, 100), (log) => assert.deepStrictEqual(log, expected)));
  }

  it.effect("interrupts both when its caller leaves, before and after the second started", () =>
    Effect.gen(function* () {
      for (const leaveMs of [50, 150]) {
        let interrupted = 0;
        const stuck = Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++));
        const options = { afterMs: 100, isFinal: () => false, onHedge: () => {} };
        const fiber = yield* Effect.forkChild(hedge(stuck, stuck, options), { startImmediately: true });
        yield* TestClock.adjust(leaveMs);
        yield* Fiber.interrupt(fiber);
        assert.strictEqual(interrupted, leaveMs === 50 ? 1 : 2);
      }
    }),
  );
});

it("the head start is none for the critical, half for the urgent, whole as a rule, and endless for those with time", () => {
  const priorities: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];
  assert.deepStrictEqual(
    priorities.map((priority) => headStartMs(priority, 150)),
    [0, 75, 150, Number.POSITIVE_INFINITY],
  );
});

const answer: TierAnswer = { value: "value", channel: "rest", exchangeTimeMs: 1, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n };
type Outcome = ReturnType<Tier["ask"]>;
const timeout = Effect.fail(new TimeoutError({ phase: "first-frame", timeoutMs: 1_700, detail: null }));
const network = Effect.fail(new NetworkError({ phase: "connect", host: "", code: "ECONNRESET", detail: null }));
const unknown = Effect.fail(new MarketUnknown({ market: "KRW-BTD", venue: "upbit", near: [] }));
const after = (ms: number, outcome: Outcome = Effect.succeed(answer)): Outcome => Effect.andThen(Effect.sleep(ms), outcome);

/** One call with these tiers; what was tried, in the form `tier outcome: reason, after so long`, and the end of the call. */
const called = (tiers: ReadonlyArray<readonly [TierName, Outcome]>, changes: Partial<ResolvedIntent> = {}) =>
  Effect.gen(function* () {
    const manager = yield* FallbackManager;
    const clock = yield* Clock.Clock;
    const question = { ...questions.ticker, intent: { ...intent, realtime: true, ...changes } };
    const ranked = tiers.map(([name, outcome]): Tier => ({ name, ask: () => outcome }));
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const fiber = yield* Effect.forkChild(Effect.result(manager.run(question, ranked, question.intent.deadlineMs)), {
      startImmediately: true,
    });
    for (let i = 0; i < 6_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(1);
    const result = yield* Fiber.join(fiber);
    const attempts = result._tag === "Success" ? result.success.attempts : result.failure.attempts;
    return {
      end: result._tag === "Success" ? result.success.tier : result.failure.error._tag,
      tookMs: Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6,
      tried: attempts.map(({ tier, outcome, reason, durationMs }) => `${tier} ${outcome} (${reason.split(":")[0]}) ${durationMs}`),
    };
  });

describe("a call that prefers a socket which has not spoken", () => {
  const test = (title: string, effect: Effect.Effect<unknown, unknown, FallbackManager | Health>) =>
    it.effect(title, () =>
      Effect.provide(effect, Layer.fresh(FallbackManager.layer.pipe(Layer.provide(ModeControl.layer), Layer.provideMerge(Health.layer)))),
    );

  test(
    "asks REST after its head start, takes the first valid answer, and tells of both (R003-39)",
    Effect.gen(function* () {
      const slow = ["live_subscription", after(900)] as const;
      const rest = ["batch_snapshot", after(20)] as const;
      assert.deepStrictEqual(yield* called([slow, rest]), {
        end: "batch_snapshot",
        tookMs: 170,
        tried: ["live_subscription interrupted (interrupted) 170", "batch_snapshot answered (hedged) 20"],
      });
      assert.deepStrictEqual(yield* called([["live_subscription", after(160)], rest]), {
        end: "live_subscription",
        tookMs: 160,
        tried: ["batch_snapshot interrupted (interrupted) 10", "live_subscription answered (ok) 160"],
      });
      // A race is no trouble: nothing failed.
      assert.strictEqual((yield* FallbackManager).mode(), "normal");
      const live = (yield* Health).tiers().find(({ tier }) => tier === "live_subscription");
      assert.deepInclude(live, { tier: "live_subscription", answered: 1, missed: 1, failed: 0 });
    }),
  );

  test(
    "is hedged by its priority: the critical at once, those with time never",
    Effect.gen(function* () {
      const tiers = [
        ["live_subscription", after(900)],
        ["batch_snapshot", after(20)],
      ] as const;
      assert.strictEqual((yield* called(tiers, { priority: "critical" })).tookMs, 20);
      assert.strictEqual((yield* called(tiers, { priority: "high" })).tookMs, 95);
      const patient = yield* called(tiers, { priority: "low" });
      assert.deepStrictEqual([patient.end, patient.tookMs], ["live_subscription", 900]);
    }),
  );

  test(
    "is not hedged when it did not ask for realtime, forbids a channel, or has no REST tier behind the socket",
    Effect.gen(function* () {
      const live = ["live_subscription", after(900)] as const;
      const rest = ["batch_snapshot", after(20)] as const;
      assert.strictEqual((yield* called([live, rest], { realtime: false })).tookMs, 900);
      assert.strictEqual((yield* called([live, rest], { strategy: "websocket_only" })).tookMs, 900);
      assert.strictEqual((yield* called([live, ["hot_cache", after(20)]])).tookMs, 900);
    }),
  );

  test(
    "goes on along the chain behind the hedge, and fails with every reason when all of it does",
    Effect.gen(function* () {
      const fails = ["live_subscription", after(1_700, timeout)] as const;
      const tiers = [fails, ["batch_snapshot", after(20, network)], ["cold_rest", after(30)]] as const;
      assert.deepStrictEqual(yield* called(tiers), {
        end: "cold_rest",
        tookMs: 200,
        tried: [
          "batch_snapshot failed (NetworkError) 20",
          "live_subscription interrupted (interrupted) 200",
          "cold_rest answered (hedged) 30",
        ],
      });
      const nobody = yield* called([fails, ["batch_snapshot", after(20, network)]]);
      assert.deepStrictEqual([nobody.end, nobody.tookMs], ["DataUnavailable", 1_700]);
      assert.strictEqual((yield* called([fails, ["batch_snapshot", after(20, unknown)]])).end, "MarketUnknown");
    }),
  );

  test(
    "ends with its deadline, both attempts interrupted and told as such",
    Effect.gen(function* () {
      const stuck = [
        ["live_subscription", Effect.never],
        ["batch_snapshot", Effect.never],
      ] as const;
      assert.deepStrictEqual(yield* called(stuck, { deadlineMs: 400 }), {
        end: "TimeoutError",
        tookMs: 400,
        tried: [
          "batch_snapshot failed (interrupted, by the deadline or by the caller) 250",
          "live_subscription failed (interrupted, by the deadline or by the caller) 400",
        ],
      });
    }),
  );
});
