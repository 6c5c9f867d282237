/**
 * What is done ahead of questions that habit lets expect (`select/Habits.ts`), where the knob `prediction` allows it: a row's answer is read into the
 * warm store shortly before it is asked, and a live key is subscribed when the questions it follows were asked. It costs spare budget only: the last
 * place in the limiter's queue, nothing above a share of the limit, and a subscription's place by the same policy as any read's. A guess that was
 * wrong costs a request or an entry in the subscription, and never changes an answer: what was read ahead is labelled with its age like all else.
 */
import * as Clock from "effect/Clock";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import type * as Scope from "effect/Scope";
import type { Cache } from "./cache/Cache.ts";
import { warmKeyId } from "./cache/WarmStore.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import { asksColumns, type Kind, type Question } from "./domain/Question.ts";
import { keyId, type StreamKey } from "./domain/StreamKey.ts";
import type { FallbackManager } from "./fallback/FallbackManager.ts";
import { labelled } from "./health/labelled.ts";
import * as Metrics from "./health/Metrics.ts";
import type { RateLimiter } from "./limits/RateLimiter.ts";
import { Presubscribed } from "./Presubscribed.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { defaultHabitOptions, expectedByMs, type Habit, Habits, momentMs } from "./select/Habits.ts";
import type { Subscriptions } from "./stream/Subscriptions.ts";
import { warmKeyOf, type WarmTier } from "./tiers/WarmRest.ts";
import type { Rest } from "./transport/RestCall.ts";
import { startWorker } from "./transport/Workers.ts";

export interface Foresight {
  /** A question was asked. Synchronous, about a microsecond. */
  readonly asked: (question: Question) => void;
}

interface Needs {
  readonly cache: Cache["Service"];
  readonly fallback: FallbackManager["Service"];
  readonly limiter: RateLimiter["Service"];
  readonly rest: Rest["Service"];
  readonly subscriptions: Subscriptions["Service"];
  readonly groups: Readonly<Record<Kind, string>>;
  readonly warm: WarmTier;
}

/** Followers that wait to be read ahead; more are let go. */
const waitingAtMost = 64;
const hourMs = 3_600_000;

/** Undefined where the knob is off: then nothing is remembered and nothing runs. What it starts ends with the scope. */
export const make = (needs: Needs): Effect.Effect<Foresight | undefined, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { prediction, warmTtlMs } = yield* RouterConfig;
    if (!prediction.enabled) return undefined;
    const { cache, fallback, groups, limiter, rest, subscriptions, warm } = needs;
    const clock = yield* Clock.Clock;
    const habits = new Habits<Question>({ ...defaultHabitOptions, followsAt: prediction.presubscribeAt });
    const waiting: Array<Question> = [];
    const ahead = presubscribed(subscriptions, yield* Effect.context<never>());
    const something = Latch.makeUnsafe(false);
    const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
    // The one use of the wall clock: a habit has hours.
    const hour = () => Math.floor(clock.currentTimeMillisUnsafe() / hourMs) % 24;

    /** Whether nobody misses what a request costs now. */
    const isSpare = (kind: Kind): boolean => {
      const group = groups[kind];
      const isQuiet = limiter.usage(group) <= prediction.maxUsage && limiter.waitMs(group, "low") === 0 && limiter.blockedMs() === 0;
      return isQuiet && rest.breakerOpenMs(group) === 0 && fallback.mode() === "normal";
    };

    /** As little urgent as any: it takes a place that is free, or one that nobody has read for a while. */
    const subscribe = (key: StreamKey): void => {
      if (!subscriptions.connected() || subscriptions.isLive(key) || subscriptions.messageUsage() > prediction.maxUsage) return;
      if (!subscriptions.admits(key, "low")) return;
      const isNew = !subscriptions.wants(key);
      subscriptions.wantForReads(key, "low");
      if (isNew) ahead.began(key);
    };

    const asked = (question: Question): void => {
      const { intent, kind } = question;
      // Columns are not kept, and what is over is read once.
      if (intent.strategy !== "auto" || intent.maxAgeMs === Number.MAX_SAFE_INTEGER || asksColumns(question)) return;
      const key = liveKeyOf(question);
      ahead.asked(key);
      const id = key === undefined ? warmKeyId(warmKeyOf(question)) : keyId(key);
      const lifeMs = Math.min(intent.maxAgeMs, warmTtlMs[kind], lifeOf(question, key));
      for (const { said } of habits.asked(id, kind, question, nowMs(), lifeMs, hour())) {
        const follower = liveKeyOf(said);
        if (follower !== undefined) subscribe(follower);
        else if (waiting.length < waitingAtMost) waiting.push(said);
      }
      if (waiting.length > 0 || habits.hasMoments) something.openUnsafe();
    };

    const lifeOf = (question: Question, key: StreamKey | undefined): number =>
      key === undefined ? (cache.peekWarm(warmKeyOf(question))?.lifeMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

    /** Unless what is held will answer until `neededMs`. */
    const readAhead = (question: Question, neededMs: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const entry = cache.peekWarm(warmKeyOf(question));
        const endsMs = entry === undefined ? 0 : Number(entry.sinceNanos) / 1e6 + Math.min(entry.lifeMs, question.intent.maxAgeMs);
        return endsMs < neededMs && isSpare(question.kind) ? Effect.asVoid(warm.readAhead(question)) : Effect.void;
      });

    /** A key's moment has come. */
    const weigh = (habit: Habit<Question>): Effect.Effect<void> =>
      Effect.suspend(() => {
        const key = liveKeyOf(habit.said);
        if (key === undefined) habit.volatility = cache.peekWarm(warmKeyOf(habit.said))?.volatility ?? 0;
        const chance = habits.chance(habit, nowMs(), hour());
        if (key === undefined) return chance >= prediction.prefetchAt ? readAhead(habit.said, expectedByMs(habit)) : Effect.void;
        if (chance >= prediction.presubscribeAt) subscribe(key);
        return Effect.void;
      });

    const work = Effect.gen(function* () {
      yield* something.await;
      yield* Effect.forEach(waiting.splice(0), (question) => readAhead(question, nowMs() + question.intent.maxAgeMs / 2), {
        discard: true,
      });
      yield* Effect.forEach(habits.due(nowMs()), weigh, { discard: true });
      if (!habits.hasMoments && waiting.length === 0) something.closeUnsafe();
      yield* Effect.sleep(momentMs);
    });
    yield* startWorker("foresight", Effect.forever(work));
    return { asked };
  });

/** Both counts are there from the beginning, at zero. */
const presubscribed = (subscriptions: Subscriptions["Service"], context: Context.Context<never>): Presubscribed => {
  const count = labelled(Metrics.presubscriptions, context);
  for (const outcome of ["used", "wasted"]) count(0, outcome);
  return new Presubscribed({ isWanted: subscriptions.wants, onEnd: (outcome) => count(1, outcome) });
};
