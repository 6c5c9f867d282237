/**
 * Holds the windows that were given as closed against REST, a little after they ended. The socket's last frame of a window need not be the whole
 * of it, and a frame that never came leaves no sign. One page of the lowest priority each time, for the key that was looked at longest ago: a
 * page holds two hundred windows, so a few keys are confirmed whole and of many a sample, within a twentieth of the limit.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { nextWindowStart } from "../domain/Interval.ts";
import type { KeyId } from "../domain/StreamKey.ts";
import { LiveLedger } from "../health/LiveLedger.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { Venue } from "../transport/Venue.ts";
import type { CandleFlow, CandleTrack } from "./CandleFlow.ts";

export interface CandleAudit {
  /** Works for ever. */
  readonly run: (flow: CandleFlow) => Effect.Effect<never>;
}

/** One key is looked at this many times less often than there are audits: short windows end all the time, and a page holds many of them. */
const turnsApart = 5;

export const makeCandleAudit: Effect.Effect<CandleAudit, never, Rest | Venue | LiveLedger> = Effect.gen(function* () {
  const { candleAuditEveryMs, deadlineMs } = yield* RouterConfig;
  const rest = yield* Rest;
  const venue = yield* Venue;
  const clock = yield* Clock.Clock;
  const numbers = yield* LiveLedger;
  /** When each key was looked at, the one longest ago first. Those that nobody follows any more leave. */
  let lookedMs = new Map<KeyId, number>();

  const audit = Effect.fnUntraced(function* (flow: CandleFlow, next: CandleTrack) {
    const { key, span } = next;
    const lengthMs = nextWindowStart(key.interval, span.fromMs) - span.fromMs;
    const count = Math.min(venue.paging.candles, Math.ceil((span.beforeMs - span.fromMs) / lengthMs));
    const call = yield* Effect.fromResult(venue.candles(key.market, key.interval, { count, toMs: span.beforeMs }));
    const { rows, rejected } = yield* rest.run(call, {
      priority: "low",
      deadlineNanos: clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6)),
      attempts: 1,
      expects: (row) => row.market === key.market && row.interval === key.interval,
    });
    // A window whose record cannot be read would seem never to have been.
    if (rejected[0] !== undefined) return yield* rejected[0];
    const { judged, found } = flow.audited(next, rows, clock.currentTimeMillisUnsafe());
    numbers.audited(judged, found);
  });

  const choose = (flow: CandleFlow, nowMs: number): CandleTrack | undefined => {
    const unaudited = flow.unaudited(nowMs);
    const sinceMs = (id: KeyId) => lookedMs.get(id) ?? Number.NEGATIVE_INFINITY;
    const [next] = unaudited.toSorted((a, b) => sinceMs(a.track.id) - sinceMs(b.track.id));
    if (next === undefined || nowMs - sinceMs(next.track.id) < turnsApart * candleAuditEveryMs) return undefined;
    lookedMs = new Map(unaudited.map(({ track }) => [track.id, track === next.track ? nowMs : sinceMs(track.id)]));
    return next;
  };

  const step = (flow: CandleFlow) =>
    Effect.suspend(() => {
      const next = choose(flow, monotonicMs(clock));
      // The key's next turn makes up for one that failed. Our own interruption passes this by.
      return next === undefined
        ? Effect.void
        : Effect.catchCause(audit(flow, next), (cause) => Effect.logDebug("An audit of candles could not be read", cause));
    });

  return {
    run: (flow) => (candleAuditEveryMs > 0 ? Effect.forever(Effect.delay(step(flow), candleAuditEveryMs)) : Effect.never),
  };
});
