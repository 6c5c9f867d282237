/** Hands out trades held for order when they are due. One fiber for all markets, asleep while nothing is held. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { monotonicMs } from "../transport/Session.ts";
import { Signal } from "../transport/Signal.ts";
import type { TradeFlow } from "./TradeFlow.ts";

export interface TradeRelease {
  /** Something is held; synchronous. */
  readonly held: () => void;
  /** Works for ever. */
  readonly run: (flow: TradeFlow) => Effect.Effect<never>;
}

export const makeTradeRelease: Effect.Effect<TradeRelease> = Effect.map(Clock.Clock, (clock) => {
  const signal = new Signal();
  const step = (flow: TradeFlow) =>
    Effect.suspend(() => {
      const nowMs = monotonicMs(clock);
      flow.release(nowMs);
      const dueMs = flow.dueMs();
      return dueMs === Number.POSITIVE_INFINITY ? signal.wait : Effect.sleep(Math.ceil(dueMs - nowMs));
    });
  // While one trade is due the next ones are due later, so only an empty hold waits for a signal.
  return { held: () => signal.notify(), run: (flow) => Effect.forever(step(flow)) };
});
