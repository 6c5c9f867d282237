/**
 * What a rule is: a machine that is stepped by events of one market and says now and then what to do. A machine is a value; a step gives the
 * next one and leaves the old one as it was, which is what lets `Timeline.ts` go back and put a late trade in its place.
 *
 * Every rule here looks at trades and closed candles. Tickers are not among the events: of those only the newest is kept when many come at
 * once, so what a program sees of them depends on how busy it was, and a rule that used them could not be checked afterwards. They are the
 * prices on the screen (`MarketDesk.ts`).
 */
import type { Candle, Decimal, Market, Trade } from "@naru/router";
import type { Holding } from "./Holding.ts";

/** Something that happened in a market. `atMs` is the exchange's time, epoch milliseconds; of a candle it is the end of its window. */
export type MarketEvent =
  | { readonly _tag: "Trade"; readonly atMs: number; readonly trade: Trade }
  | { readonly _tag: "Candle"; readonly atMs: number; readonly candle: Candle }
  /** What happened up to here is missing for good: a rule that looks back must begin anew. */
  | { readonly _tag: "Hole"; readonly atMs: number };

/** `enter` buys three lots, `add` one more, `reduce` sells a third, `exit` all of it. `alarm` is for a human. */
export type Action = "enter" | "add" | "reduce" | "exit" | "alarm";

export interface Decision {
  readonly rule: string;
  readonly market: Market;
  readonly action: Action;
  /** The price that led to it, quote currency. */
  readonly price: Decimal;
  /** Time of the event that led to it. */
  readonly atMs: number;
  readonly why: string;
}

/** What a rule says; name, market and time are added by who asked it. */
export type Say = Pick<Decision, "action" | "price" | "why">;

export interface Machine {
  readonly rule: string;
  /** `holding` is what the decisions so far have bought, `undefined` when nothing. */
  readonly step: (event: MarketEvent, holding: Holding | undefined) => Stepped;
}

export interface Stepped {
  readonly next: Machine;
  readonly say?: Say | undefined;
}

/** A machine from a state and a pure step. A step that returns the state it was given and says nothing costs nothing. */
export const machine = <S>(
  rule: string,
  state: S,
  step: (state: S, event: MarketEvent, holding: Holding | undefined) => readonly [state: S, say?: Say | undefined],
): Machine => {
  const self: Machine = {
    rule,
    step: (event, holding) => {
      const [next, say] = step(state, event, holding);
      return { next: next === state ? self : machine(rule, next, step), say };
    },
  };
  return self;
};
