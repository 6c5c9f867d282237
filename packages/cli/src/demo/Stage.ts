/**
 * What the steps of the demonstration play on: the client, the emulated exchange's own ledger, and the few things that are done to the
 * exchange. Steps get it handed in, so a test can hand in a false one and see the step fail.
 */
import type { Trade } from "@naru/router/domain/Trade";
import type { Market } from "@naru/router/domain/Market";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import { Exchange } from "@naru/sim/Exchange";
import type { Ledger } from "@naru/sim/Ledger";
import * as Script from "@naru/sim/Script";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { type Follower, follow } from "./Follower.ts";

export interface Stage {
  readonly data: MarketData["Service"];
  readonly ledger: Ledger;
  /** The market that the stream steps are about. */
  readonly market: Market;
  /** Its trades, followed from the beginning to the end. */
  readonly trades: Follower<Trade>;
  /** How long a step waits for a fact before it counts as not having happened, in milliseconds. */
  readonly patienceMs: number;
  /** Makes one trade at the exchange; its id there. */
  readonly trade: Effect.Effect<string, Script.ScriptError | MarketDataError>;
  readonly cutSockets: Effect.Effect<void>;
  /** New sockets are refused for so long from now on; 0 lets them in again. */
  readonly refuseUpgrades: (durationMs: number) => Effect.Effect<void>;
}

/** The market most traded at the emulated exchange. A literal of the right form, so the brand is safe. */
const market = "KRW-BTC" as Market;

export const makeStage = (patienceMs: number): Effect.Effect<Stage, never, MarketData | Exchange | Scope.Scope> =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const exchange = yield* Exchange;
    const within = Effect.provideService(Exchange, exchange);
    return {
      data,
      ledger: exchange.ledger,
      market,
      trades: yield* follow(data.streamTradesEvents(market), patienceMs),
      patienceMs,
      trade: Effect.gen(function* () {
        const { value } = yield* data.getTicker(market);
        return (yield* within(Script.trade(market, { price: value.price.toString() }))).id;
      }),
      cutSockets: within(Script.cutSockets),
      refuseUpgrades: (durationMs) => within(Script.refuseUpgrades(durationMs)),
    };
  });

/** The result together with the time it took, in milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<{ readonly value: A; readonly tookMs: number }, E, R> =>
  Effect.gen(function* () {
    const before = yield* Clock.monotonicTimeNanos;
    const value = yield* effect;
    return { value, tookMs: Number((yield* Clock.monotonicTimeNanos) - before) / 1e6 };
  });
