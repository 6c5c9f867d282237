/** Runs a session on Effect's clock: sleeps until something is due or the session is woken, then hands over what leaves. Ends with the session. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Latch from "effect/Latch";
import type { SessionOutput } from "./Departures.ts";
import type { SocketSession } from "./SocketSession.ts";

/** Longest single sleep: a wake-up more costs nothing, and a timer's range is bounded. */
const longestSleepMs = 3_600_000;

export interface Driven {
  readonly session: SocketSession;
  /** Opened whenever the session has something new. */
  readonly signal: Latch.Latch;
  /** The exchange's time of a clock. */
  readonly nowOf: (clock: Clock.Clock) => number;
}

export const drive = (
  { session, signal, nowOf }: Driven,
  deliver: (outputs: ReadonlyArray<SessionOutput>, nowMs: number) => void,
): Effect.Effect<void> =>
  Clock.clockWith((clock) => {
    const step = () => {
      const nowMs = nowOf(clock);
      const outputs = session.poll(nowMs);
      if (outputs.length > 0) deliver(outputs, nowMs);
    };
    // One race serves many sleeps: only a signal, which may bring an earlier due time, ends it.
    const sleeping = Effect.gen(function* () {
      while (!session.isEnded) {
        const waitMs = Math.min(session.nextWakeMs() - nowOf(clock), longestSleepMs);
        yield* waitMs > 0 ? Effect.sleep(waitMs) : Effect.yieldNow;
        step();
      }
    });
    return Effect.gen(function* () {
      while (true) {
        signal.closeUnsafe();
        step();
        if (session.isEnded) return;
        yield* Effect.raceFirst(sleeping, signal.await);
      }
    });
  });
