/**
 * What a request shows of itself while it runs: a span over the call and one for each tier that is asked, and a line of the log for each, with the
 * request's id. A question that memory answers at once shows nothing: it must cost nothing.
 * Spans are opened where somebody looks (`transport/spanned.ts`).
 *
 * The lines are of level Debug. In an outage there are as many as there are calls; what is worth a person's attention is the change of mode.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as LogLevel from "effect/LogLevel";
import * as Option from "effect/Option";
import * as References from "effect/References";
import type { Question } from "./domain/Question.ts";
import { plainText } from "./domain/plainText.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";
import type { Tier, TierMiss } from "./tiers/Tier.ts";
import { whereTraced } from "./transport/spanned.ts";

/** A call with its span, and its id in every span that is opened and every line that is logged on the way. */
export const tracedCall = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { kind, market }: Question,
  requestId: string,
): Effect.Effect<A, E, R> =>
  whereTraced(effect, () =>
    effect.pipe(Effect.withSpan("MarketData.ask", { attributes: { kind, market } }), Effect.annotateSpans({ requestId })),
  ).pipe(Effect.annotateLogs({ requestId, kind, market }));

/** The tiers of one call, each with a span of its own. */
export const tracedTiers = (tiers: ReadonlyArray<Tier>): ReadonlyArray<Tier> =>
  tiers.map((tier, at) => ({
    ...tier,
    ask: (question, options) => attempt(tier.ask(question, options), { tier, index: at + 1, total: tiers.length, next: tiers[at + 1] }),
  }));

interface Place {
  readonly tier: Tier;
  /** Position in the ranking, from 1. */
  readonly index: number;
  readonly total: number;
  readonly next: Tier | undefined;
}

type Ended<A> = Exit.Exit<A, MarketDataError | TierMiss>;

/** A miss is no error of anything: its span ends well, with its outcome as an attribute. */
const attempt = <A>(asked: Effect.Effect<A, MarketDataError | TierMiss>, place: Place): Effect.Effect<A, MarketDataError | TierMiss> => {
  const { tier, index, total } = place;
  return whereTraced(whereLogged(asked, place), () => {
    const attributes = { tier: tier.name, index, total };
    return Effect.flatten(Effect.withSpan(told(asked, place, Effect.annotateCurrentSpan), `tier ${tier.name}`, { attributes }));
  });
};

/** With its line, where lines of its level are wanted at all: else the attempt as it is. */
const whereLogged = <A>(asked: Effect.Effect<A, MarketDataError | TierMiss>, place: Place): Effect.Effect<A, MarketDataError | TierMiss> =>
  Effect.withFiber((fiber) =>
    LogLevel.isGreaterThan(fiber.getRef(References.MinimumLogLevel), "Debug") ? asked : Effect.flatten(told(asked, place, silent)),
  );

type Annotate = (attributes: { readonly outcome: string; readonly reason: string; readonly durationMs: number }) => Effect.Effect<void>;

/** Where there is no span of ours, the one around it is the program's own. */
const silent: Annotate = () => Effect.void;

/** Fails, inside the span, with what failed; how anything else ended is its value. */
const told = <A>(
  asked: Effect.Effect<A, MarketDataError | TierMiss>,
  place: Place,
  annotate: Annotate,
): Effect.Effect<Ended<A>, MarketDataError | TierMiss> =>
  Effect.clockWith((clock) => {
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const tell = (outcome: string, reason: string) =>
      Effect.suspend(() => {
        const durationMs = Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6;
        const line = lineOf(place, outcome, reason, durationMs);
        return Effect.andThen(annotate({ outcome, reason, durationMs }), Effect.logDebug(line));
      });
    return Effect.exit(asked).pipe(
      Effect.onInterrupt(() => tell("interrupted", "interrupted")),
      Effect.flatMap((exit) => {
        const [outcome, reason] = outcomeOf(exit);
        const ended = outcome === "failed" && Exit.isFailure(exit) ? Effect.failCause(exit.cause) : Effect.succeed(exit);
        return Effect.andThen(tell(outcome, reason), ended);
      }),
    );
  });

const outcomeOf = (exit: Ended<unknown>): readonly [outcome: string, reason: string] => {
  if (Exit.isSuccess(exit)) return ["answered", "ok"];
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  if (error === undefined) return ["failed", "crashed"];
  return error._tag === "TierMiss" ? ["missed", error.reason] : ["failed", plainText(`${error._tag}: ${error.message}`)];
};

/** `[1/5] hot_cache missed: absent; next live_subscription` */
const lineOf = ({ tier, index, total, next }: Place, outcome: string, reason: string, durationMs: number): string => {
  const place = `[${index}/${total}] ${tier.name} ${outcome}`;
  if (outcome === "answered") return `${place} in ${durationMs.toFixed(1)} ms`;
  return `${place} after ${durationMs.toFixed(1)} ms: ${reason}; ${next === undefined ? "nobody is left" : `next ${next.name}`}`;
};
