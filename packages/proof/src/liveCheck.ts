/**
 * One question of every kind over every channel, in turn: what `pnpm test:live` asks a real exchange and a test asks the emulated one. A
 * handful of requests and one socket. Where a channel cannot be reached, its other questions are not asked: they would only say so again.
 */
import type { Channel } from "@naru/router/domain/Provenance";
import type { MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import { type LiveError, type LiveQuestion, liveQuestions, type Seen } from "./liveQuestions.ts";

interface Asked {
  readonly channel: Channel;
  /** Kind, with the interval of candles. */
  readonly name: string;
}

/** `NotAsked`: a question before it found the channel out of reach. */
export type Verdict = Asked &
  (
    | { readonly _tag: "Answered"; readonly seen: Seen }
    | { readonly _tag: "Failed"; readonly error: LiveError }
    | { readonly _tag: "NotAsked" }
  );

/** Asks everything about `market` and tells each verdict when it is known. Good only when every verdict is `Answered`. */
export const liveCheck = (
  market: string,
  tell: (verdict: Verdict) => Effect.Effect<void>,
): Effect.Effect<ReadonlyArray<Verdict>, never, MarketData> => {
  const unreachable = new Set<Channel>();
  return Effect.forEach(liveQuestions(market), (question) =>
    Effect.suspend(() =>
      unreachable.has(question.channel) ? Effect.succeed<Verdict>({ ...asked(question), _tag: "NotAsked" }) : judge(question),
    ).pipe(
      Effect.tap((verdict) => {
        if (verdict._tag === "Failed" && isOutOfReach(verdict.error)) unreachable.add(verdict.channel);
        return tell(verdict);
      }),
    ),
  );
};

/** The verdict in one line. */
export const verdictLine = (verdict: Verdict, simulated: boolean): string => {
  const head = `${verdict.channel.padEnd(9)}  ${verdict.name.padEnd(12)}`;
  switch (verdict._tag) {
    case "Answered":
      return `ok         ${head}  ${simulated ? "SIM  " : ""}${verdict.seen.value}  ${age(verdict.seen.ageMs)}`;
    case "Failed":
      return `FAILED     ${head}  ${verdict.error._tag}: ${verdict.error.message}`;
    case "NotAsked":
      return `not asked  ${head}`;
  }
};

const age = (ms: number | null): string => (ms === null ? "no age" : `age ${Math.round(ms)} ms`);

const judge = (question: LiveQuestion): Effect.Effect<Verdict, never, MarketData> =>
  Effect.match(question.ask, {
    onSuccess: (seen): Verdict => ({ ...asked(question), _tag: "Answered", seen }),
    onFailure: (error): Verdict => ({ ...asked(question), _tag: "Failed", error }),
  });

const asked = ({ channel, name }: LiveQuestion): Asked => ({ channel, name });

const isOutOfReach = (error: LiveError): boolean =>
  error._tag === "NotConnected" || error._tag === "NetworkError" || error._tag === "TimeoutError" || error._tag === "CircuitOpen";
