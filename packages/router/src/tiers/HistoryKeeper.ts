/**
 * The history store as questions use it. Nothing here fails a question, and nothing is waited for that a question does not need: a store in trouble is
 * warned of once, and the exchange is asked instead; what is to be kept is written behind the caller's back. Where it cannot be written for now, because
 * a disk is full or somebody has the file locked, it waits in memory, up to ten thousand rows, and is tried again every thirty seconds, the oldest
 * first. The health report and an alert tell of it until all of it is kept. What still waits at the end is asked for again by whoever needs it.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Queue from "effect/Queue";
import { HistoryStore, type HistoryStoreShape } from "../cache/HistoryStore.ts";
import { type Put, WaitingPuts } from "../cache/WaitingPuts.ts";
import type { StorageError } from "../errors/MarketDataError.ts";
import { Health } from "../health/HealthLedger.ts";
import { startWorker } from "../transport/Workers.ts";

/** Rows that may wait in memory: a few megabytes. */
export const mostWaitingRows = 10_000;
/** How often what waits is tried again, in milliseconds. */
export const retryEveryMs = 30_000;

/** Trouble that passes, by the codes of SQLite's store and of the system. With every other one the same put would fail the same way again. */
const passing: ReadonlySet<string | null> = new Set([
  ...["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EMFILE", "ENFILE"],
  ...["IO", "LOCKED", "BUSY", "CANTOPEN", "ENDED"],
]);

interface KeptPut extends Put {
  readonly write: Effect.Effect<void, StorageError>;
}

export class HistoryKeeper extends Context.Service<
  HistoryKeeper,
  {
    readonly store: HistoryStoreShape;
    /** What the store says, or something else where it is in trouble. A trouble that goes on is told once, until the store answers again. */
    readonly asked: <A, B>(question: Effect.Effect<A, StorageError>, otherwise: B) => Effect.Effect<A | B>;
    /** Writes it sooner or later. Never waits. */
    readonly keep: (put: KeptPut) => Effect.Effect<void>;
  }
>()("@naru/router/tiers/HistoryKeeper") {
  /** Writes for as long as its scope is open. */
  static readonly layer: Layer.Layer<HistoryKeeper, never, Health> = Layer.effect(
    HistoryKeeper,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const store = yield* HistoryStore;
  const health = yield* Health;
  const scope = yield* Effect.scope;
  const asked = makeAsked();
  const waiting = new WaitingPuts<KeptPut>(mostWaitingRows);
  const wake = yield* Queue.sliding<void>(1);
  /** Why what waits could not be written last. */
  let reason = "";

  const tell = (): void =>
    health.historyWaits({ isWaiting: waiting.size > 0, waitingRows: waiting.rows, droppedRows: waiting.dropped, lastError: reason });

  /** The trouble that passes, if that is what there is. */
  const written = ({ write }: KeptPut): Effect.Effect<StorageError | undefined> =>
    asked(
      Effect.matchEffect(write, {
        onSuccess: () => Effect.undefined,
        onFailure: (error) => (passing.has(error.code) ? Effect.succeed(error) : Effect.fail(error)),
      }),
      undefined,
    );

  const waits = Effect.fnUntraced(function* (put: KeptPut, error: StorageError) {
    const isFirst = waiting.size === 0;
    reason = error.message;
    waiting.add(put);
    tell();
    Queue.offerUnsafe(wake, undefined);
    if (isFirst) yield* Effect.logWarning(`Nothing can be kept for now, and is tried again every ${retryEveryMs / 1_000} s: ${reason}`);
  });

  const keep = (put: KeptPut): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (waiting.size > 0) {
        // One transaction in thirty seconds that fails is enough.
        waiting.add(put);
        return Effect.sync(tell);
      }
      const writing = Effect.flatMap(written(put), (error) => (error === undefined ? Effect.void : waits(put, error)));
      return Effect.asVoid(Effect.forkIn(writing, scope, { startImmediately: true }));
    });

  /** Writes what waits until it is done or cannot be. */
  const again = Effect.gen(function* () {
    for (let put = waiting.take(); put !== undefined; put = waiting.take()) {
      const error = yield* written(put);
      if (error !== undefined) {
        reason = error.message;
        waiting.giveBack(put);
        return tell();
      }
    }
    tell();
    yield* Effect.logInfo("What waited in memory is kept now, and what comes is kept again");
  });

  const retrying = Effect.gen(function* () {
    yield* Queue.take(wake);
    while (waiting.size > 0) {
      yield* Effect.sleep(retryEveryMs);
      yield* again;
    }
  });
  if (store.isKept) yield* startWorker("kept history", Effect.forever(retrying), { startImmediately: true });
  return HistoryKeeper.of({ store, asked, keep });
});

const makeAsked = (): HistoryKeeper["Service"]["asked"] => {
  let told: string | undefined;
  return <A, B>(question: Effect.Effect<A, StorageError>, otherwise: B) =>
    question.pipe(
      Effect.tap(() => Effect.sync(() => (told = undefined))),
      Effect.catch((error): Effect.Effect<A | B> => {
        const isKnown = told === error.code;
        told = error.code ?? "";
        const warned = isKnown ? Effect.void : Effect.logWarning(`The history that is kept is not used: ${error.message}`);
        return Effect.as(warned, otherwise);
      }),
    );
};
