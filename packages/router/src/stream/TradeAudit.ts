/**
 * Looks for trades that the exchange never sent on a link that stayed up. Nothing in the frames tells of them, so from time to time the newest
 * trades of one market, one market after another, are read over REST and held against what was given out; what is missing is given late. A
 * market in doubt has its turn sooner. One page of the lowest priority each time: an audit that does not get its turn is left out.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Trade } from "../domain/Trade.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { LiveLedger } from "../health/LiveLedger.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { KeyId } from "../domain/StreamKey.ts";
import { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { Signal } from "../transport/Signal.ts";
import { Venue } from "../transport/Venue.ts";
import { LossTally } from "./LossTally.ts";
import type { TradeFlow, TradeTrack } from "./TradeFlow.ts";

export interface TradeAudit {
  /**
   * Something may be missing: between a trade that was known and the first of a subscription that was sent anew, or, `isOld`, in a silence that is over.
   * Synchronous.
   */
  readonly doubt: (id: KeyId, isOld?: boolean) => void;
  /** Works for ever. */
  readonly run: (flow: TradeFlow) => Effect.Effect<never>;
}

/** A doubt is looked into when REST must know of all that was in doubt, in milliseconds; and so far apart. */
const doubtAfterMs = 5_000;
const doubtEveryMs = 500;

export const makeTradeAudit: Effect.Effect<TradeAudit, never, Rest | Venue | LiveLedger> = Effect.gen(function* () {
  const { auditEveryMs } = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const readNewest = yield* makeNewestReader("low");
  const tally = new LossTally();
  const numbers = yield* LiveLedger;
  const signal = new Signal();
  /** Markets in doubt. Bounded by the markets there are. */
  const doubts = new Map<KeyId, Doubt>();
  let previous = "";
  let nextMs = monotonicMs(clock) + auditEveryMs;

  const audit = Effect.fnUntraced(function* (flow: TradeFlow, next: TradeTrack) {
    const { rows, exchangeNowMs } = yield* readNewest(next, next.trades.auditSize);
    if (!flow.isCurrent(next)) return;
    if (next.trades.isBehind(rows)) return flow.fellBehind(next, monotonicMs(clock));
    const { judged, missing } = next.trades.audit(rows, clock.currentTimeMillisUnsafe(), exchangeNowMs);
    flow.foundMissing(next, missing, monotonicMs(clock));
    numbers.audited(judged, missing.length);
    const loss = tally.add(judged, missing.length, monotonicMs(clock));
    if (loss !== undefined)
      yield* Effect.logWarning("The exchange does not send all trades over the socket", { ...loss, market: next.key.market });
  });

  const doubt = (id: KeyId, isOld = false): void => {
    if (auditEveryMs <= 0) return;
    const nowMs = monotonicMs(clock);
    const lookAtMs = nowMs + doubtAfterMs;
    // What is old REST knows by now.
    const dueMs = isOld ? nowMs : (doubts.get(id)?.dueMs ?? lookAtMs);
    doubts.set(id, { dueMs, againMs: lookAtMs });
    signal.notify();
  };

  /** A market in doubt that is due, or the next around the circle when that is. */
  const choose = (flow: TradeFlow, nowMs: number): Turn | undefined => {
    const flowing = flow.tracks("flowing");
    for (const [id, { dueMs, againMs }] of doubts) {
      if (dueMs > nowMs) continue;
      doubts.delete(id);
      if (againMs > nowMs) doubts.set(id, { dueMs: againMs, againMs });
      const doubted = flowing.find(({ track }) => track.id === id);
      if (doubted !== undefined) return { next: doubted, isDoubted: true };
    }
    if (nowMs < nextMs) return undefined;
    nextMs = nowMs + auditEveryMs;
    const next = after(flowing, previous);
    previous = next?.track.id ?? previous;
    return next === undefined ? undefined : { next, isDoubted: false };
  };

  const step = (flow: TradeFlow) =>
    Effect.suspend(() => {
      const nowMs = monotonicMs(clock);
      const turn = choose(flow, nowMs);
      if (turn === undefined) {
        const dueMs = [...doubts.values()].reduce((soonest, doubt) => Math.min(soonest, doubt.dueMs), nextMs);
        return signal.waitAtMost(Math.max(1, dueMs - nowMs));
      }
      const { next, isDoubted } = turn;
      return audit(flow, next).pipe(
        // The circle may take hours to come by again, and a page reaches back a few minutes: a doubt stays until REST has answered.
        Effect.tapError((error) => Effect.sync(() => (isDoubted && error.retryable ? doubt(next.track.id) : undefined))),
        // Another audit that failed is made up for by the next one of its market. Our own interruption passes this by.
        Effect.catchCause((cause) => Effect.logDebug("An audit of trades could not be read", cause)),
        Effect.andThen(Effect.sleep(doubtEveryMs)),
      );
    });

  return {
    doubt,
    run: (flow) => (auditEveryMs > 0 ? Effect.forever(step(flow)) : Effect.never),
  };
});

interface Doubt {
  /** When it is looked into. */
  readonly dueMs: number;
  /** When REST must know of the latest that is in doubt: later than {@link Doubt.dueMs} where more came meanwhile. */
  readonly againMs: number;
}

interface Turn {
  readonly next: TradeTrack;
  readonly isDoubted: boolean;
}

interface Newest {
  /** Newest first. */
  readonly rows: ReadonlyArray<Trade>;
  /** The exchange's time of the answer. */
  readonly exchangeNowMs: number;
}

/** The newest page of a market's trades, asked once. A page with an unreadable record is a failure: its trade would seem never to have been. */
export const makeNewestReader = Effect.fnUntraced(function* (priority: "low" | "normal") {
  const rest = yield* Rest;
  const venue = yield* Venue;
  const clock = yield* Clock.Clock;
  const { deadlineMs } = yield* RouterConfig;
  return ({ key }: TradeTrack, count = venue.paging.trades): Effect.Effect<Newest, MarketDataError> =>
    Effect.fromResult(venue.trades(key.market, { count: Math.min(count, venue.paging.trades) })).pipe(
      Effect.flatMap((call) => {
        const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6));
        return rest.run(call, { priority, deadlineNanos, expects: (row) => row.market === key.market });
      }),
      Effect.flatMap(({ rows, rejected, exchangeNowMs }) =>
        rejected[0] === undefined ? Effect.succeed({ rows, exchangeNowMs }) : Effect.fail(rejected[0]),
      ),
    );
});

/** The one after the previous by name, around the circle: markets that come and go do not upset the order. */
const after = (tracks: ReadonlyArray<TradeTrack>, previous: string): TradeTrack | undefined => {
  const sorted = tracks.toSorted((a, b) => (a.track.id < b.track.id ? -1 : 1));
  return sorted.find(({ track }) => track.id > previous) ?? sorted[0];
};
