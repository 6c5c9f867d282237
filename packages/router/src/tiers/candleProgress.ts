/** How far a question about candles is: told while pages come in, to whoever asked for it with the question (`onProgress`). */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";

export interface CandleProgress {
  /** Rows so far, those that were kept included. */
  readonly rows: number;
  /** Requests that were answered so far. */
  readonly requests: number;
  /** How much of what is wanted is there, 0 to 1. Of a number of rows it is the share of that number. */
  readonly share: number;
}

export type OnProgress = (progress: CandleProgress) => void;

/**
 * Told after every part that came. It belongs to the caller's context and not to the question: a caller who joins somebody else's reading of the same is
 * told of its end only.
 */
export const ProgressListener = Context.Reference<OnProgress | undefined>("@naru/router/tiers/ProgressListener", {
  defaultValue: () => undefined,
});

/** Tells a listener. What it throws is logged, and costs the reading nothing. */
export const tell = (listener: OnProgress, progress: CandleProgress): Effect.Effect<void> =>
  Effect.sync(() => listener(progress)).pipe(
    Effect.catchDefect((defect) => Effect.logWarning("a listener to the progress of a question about candles threw", defect)),
  );

/** A question with its listener: told also where nothing had to be read. */
export const listened = <A extends { readonly value: { readonly length: number } }, E, R>(
  asked: Effect.Effect<A, E, R>,
  listener: OnProgress | undefined,
): Effect.Effect<A, E, R> => {
  if (listener === undefined) return asked;
  return Effect.suspend(() => {
    let last: CandleProgress = { rows: 0, requests: 0, share: 0 };
    const heard: OnProgress = (progress) => {
      last = progress;
      listener(progress);
    };
    return Effect.provideService(asked, ProgressListener, heard).pipe(
      Effect.tap(({ value }) => (last.share === 1 ? Effect.void : tell(listener, { ...last, rows: value.length, share: 1 }))),
    );
  });
};
