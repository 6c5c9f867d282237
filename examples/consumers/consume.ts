/**
 * The one shape of every consumer: what was, then what comes, taken into a state one by one. A chart, an engine and a manager of strategies differ in what
 * they read and in what a step does, and in nothing else. None of them knows whether it runs on the exchange, on an emulated one, or on the past.
 */
import type { MarketData, MarketDataError } from "@naru/router";
import { Effect, Stream } from "effect";

export interface Consumer<State, Input> {
  readonly past: Effect.Effect<ReadonlyArray<Input>, MarketDataError, MarketData>;
  readonly live: Stream.Stream<Input, MarketDataError, MarketData>;
  readonly start: State;
  readonly step: (state: State, input: Input) => Effect.Effect<State, MarketDataError, MarketData>;
}

/** Runs a consumer until its stream ends, or `until` does, and gives its state. */
export const consume = <State, Input>({ past, live, start, step }: Consumer<State, Input>, until: Effect.Effect<unknown> = Effect.never) =>
  Effect.gen(function* () {
    let state = start;
    for (const input of yield* past) state = yield* step(state, input);
    const following = Stream.runForEach(live, (input) =>
      Effect.map(step(state, input), (next) => {
        state = next;
      }),
    );
    yield* Effect.raceFirst(following, until);
    return state;
  });
