/**
 * The socket for a command that asks once. A running application has its link open when it asks; a command starts with nothing, so that
 * `--realtime` would always come too late. It waits a moment for the link, and no longer: REST answers otherwise.
 */
import { liveKeyOf } from "@naru/router/domain/liveKey";
import type { Intent } from "@naru/router/domain/Question";
import type { QuestionSpec } from "@naru/router/explain";
import { MarketData } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";

/** The longest wait for the link, in milliseconds. Half the deadline where that is less, so that there is time left to ask. */
const patienceMs = 1_000;

/**
 * With `realtime`, waits until what the questions are about is live, and returns the intent with what is left of its deadline. Never fails: a
 * question that is wrong is refused when it is asked. Opens nothing for rows that only REST has.
 */
export const linked = (intent: Intent, questions: ReadonlyArray<QuestionSpec>): Effect.Effect<Intent, never, MarketData | Subscriptions> =>
  Effect.gen(function* () {
    if (intent.realtime !== true || intent.strategy === "rest_only") return intent;
    const data = yield* MarketData;
    const subscriptions = yield* Subscriptions;
    const explained = yield* Effect.forEach(questions, (question) => Effect.option(data.explain(question)));
    const asked = explained.flatMap((explanation) => (explanation._tag === "Some" ? [explanation.value.question] : []));
    const keys = asked.flatMap((question) => liveKeyOf(question) ?? []);
    const deadlineMs = asked[0]?.intent.deadlineMs;
    if (keys.length === 0 || deadlineMs === undefined) return intent;
    const started = yield* Clock.monotonicTimeNanos;
    yield* Effect.forEach(keys, (key) => Effect.ignore(subscriptions.awaitLive(key)), { concurrency: "unbounded", discard: true }).pipe(
      Effect.timeoutOption(Math.min(patienceMs, deadlineMs / 2)),
    );
    const spentMs = Number((yield* Clock.monotonicTimeNanos) - started) / 1e6;
    return { ...intent, deadline: Math.max(1, deadlineMs - spentMs) };
  });
