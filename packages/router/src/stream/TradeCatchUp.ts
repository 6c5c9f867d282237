/**
 * Reads trades over REST while the link is down, so that an outage of any length loses nothing within REST's reach: a stream goes on from socket
 * to polling and back. A page that does not reach what was given out is left to the healing that follows the link's return.
 *
 * Polling takes at most half of the limit of its group: with many markets each is read less often.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { KeyId } from "../domain/StreamKey.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { Signal } from "../transport/Signal.ts";
import { Venue } from "../transport/Venue.ts";
import { type HealPace, limitOf } from "./HealPace.ts";
import { makeNewestReader } from "./TradeAudit.ts";
import type { TradeFlow, TradeTrack } from "./TradeFlow.ts";

export interface TradeCatchUp {
  /** The link broke, or could not be opened; synchronous. */
  readonly broke: () => void;
  /** Works for ever. */
  readonly run: (flow: TradeFlow) => Effect.Effect<never>;
}

/** `pace` is the healer's: both together take half of the limit, also at the moment when one follows the other. */
export const makeTradeCatchUp = Effect.fnUntraced(function* (pace: HealPace): Effect.fn.Return<TradeCatchUp, never, Rest | Venue> {
  const { tradePollAfterMs, tradePollEveryMs } = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const readNewest = yield* makeNewestReader("normal");
  const venue = yield* Venue;
  const signal = new Signal();

  const poll = Effect.fnUntraced(function* (flow: TradeFlow, next: TradeTrack) {
    const nowMs = monotonicMs(clock);
    yield* Effect.sleep(Math.ceil(pace.reserve(groupOf(venue, next), nowMs) - nowMs));
    const { rows } = yield* readNewest(next);
    // The link may be back by now: then the hole is the healer's.
    if (!flow.isCurrent(next) || !next.trades.down) return;
    // Whoever came meanwhile is owed nothing of a hole from before its time: a page that does not reach moves nobody on.
    if (next.trades.reaches(rows)) flow.caughtUp(next, next.trades.catchUp(rows, clock.currentTimeMillisUnsafe()));
  });

  /** One outage, from the break until no market waits for the link. */
  const outage = Effect.fnUntraced(function* (flow: TradeFlow) {
    const dueMs = new Map<KeyId, number>();
    yield* Effect.sleep(tradePollAfterMs);
    while (true) {
      const down = flow.tracks("down");
      const next = nextOf(down, dueMs);
      if (next === undefined) return;
      const startedMs = monotonicMs(clock);
      const spacingMs = spacingOf(venue, next);
      const waitMs = (dueMs.get(next.track.id) ?? startedMs) - startedMs;
      // A market may come or go meanwhile, and the link with all of them: look again soon.
      if (waitMs > 0) yield* Effect.sleep(Math.min(waitMs, spacingMs));
      else {
        dueMs.set(next.track.id, startedMs + Math.max(tradePollEveryMs, down.length * spacingMs));
        // The market's next turn makes up for it. Our own interruption passes this by.
        yield* Effect.catchCause(poll(flow, next), (cause) => Effect.logDebug("Trades could not be read meanwhile", cause));
        yield* Effect.sleep(Math.max(0, Math.ceil(startedMs + spacingMs - monotonicMs(clock))));
      }
    }
  });

  return {
    broke: () => signal.notify(),
    run: (flow) => signal.wait.pipe(Effect.andThen(outage(flow)), Effect.forever),
  };
});

/** The limit group that a market's trades count in. */
const groupOf = ({ trades }: Venue["Service"], { key }: TradeTrack): string =>
  Result.match(trades(key.market, { count: 1 }), { onFailure: () => "", onSuccess: ({ group }) => group });

/** Milliseconds between two pages, so that half of the group's limit is left to others. */
const spacingOf = (venue: Venue["Service"], track: TradeTrack): number => {
  const { limit, windowMs } = limitOf(venue.limits.groups, groupOf(venue, track));
  return (2 * windowMs) / limit;
};

/** The market that is due first. */
const nextOf = (down: ReadonlyArray<TradeTrack>, dueMs: ReadonlyMap<KeyId, number>): TradeTrack | undefined =>
  down.toSorted((a, b) => (dueMs.get(a.track.id) ?? 0) - (dueMs.get(b.track.id) ?? 0))[0];
