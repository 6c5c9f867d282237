/**
 * A manager of strategies: closed candles of several markets, given to several strategies, and their decisions in order. Nothing in it knows the hour: it
 * scans the live market as `market_scanning`, and decides the same when the past is played to it, because both bring the same closed candles.
 */
import { type Candle, getCandles, type Market, streamCandles } from "@naru/router";
import { Effect, Stream } from "effect";
import type { Consumer } from "./consume.ts";

/** Looks at the closes of a market, the newest last. */
export interface Strategy {
  readonly name: string;
  /** Closes that it looks back over. */
  readonly needs: number;
  readonly decide: (closes: ReadonlyArray<number>) => "buy" | "sell" | undefined;
}

export interface Decision {
  readonly strategy: string;
  readonly market: Market;
  readonly side: "buy" | "sell";
  /** Start of the minute whose close decided it. */
  readonly openTimeMs: number;
}

export interface Managed {
  readonly closes: ReadonlyMap<Market, ReadonlyArray<number>>;
  readonly newestMs: ReadonlyMap<Market, number>;
  readonly decisions: ReadonlyArray<Decision>;
}

/** A closed candle. Those of the past warm the strategies up, and decide nothing any more. */
interface Closed {
  readonly candle: Candle;
  readonly isPast: boolean;
}

export const strategyManager = (markets: ReadonlyArray<string>, strategies: ReadonlyArray<Strategy>): Consumer<Managed, Closed> => {
  const needs = Math.max(...strategies.map((strategy) => strategy.needs)) + 1;
  const past = (market: string) => getCandles(market, "1m", { count: needs, forming: "exclude", context: "market_scanning" });
  return {
    past: Effect.map(Effect.forEach(markets, past, { concurrency: "unbounded" }), (answers) =>
      answers.flatMap(({ value }) => value.map((candle) => ({ candle, isPast: true }))),
    ),
    live: streamCandles(markets, "1m").pipe(
      Stream.filter(({ state }) => state === "closed"),
      Stream.map((candle) => ({ candle, isPast: false })),
    ),
    start: { closes: new Map(), newestMs: new Map(), decisions: [] },
    step: (state, closed) => Effect.sync(() => taken(state, closed, strategies, needs)),
  };
};

/** Signals on the mean of the last closes: a quick one against a slow one. Plain numbers do: an indicator is no price. */
export const crossing = (quick: number, slow: number): Strategy => ({
  name: `crossing ${quick}/${slow}`,
  needs: slow + 1,
  decide: (closes) => {
    const above = (end: number) => mean(closes.slice(end - quick, end)) > mean(closes.slice(end - slow, end));
    const [before, now] = [above(closes.length - 1), above(closes.length)];
    return before === now ? undefined : now ? "buy" : "sell";
  },
});

/** Signals on a close beyond all of the last ones. */
export const breakout = (length: number): Strategy => ({
  name: `breakout ${length}`,
  needs: length + 1,
  decide: (closes) => {
    const [last = 0, before] = [closes.at(-1), closes.slice(-length - 1, -1)];
    return last > Math.max(...before) ? "buy" : last < Math.min(...before) ? "sell" : undefined;
  },
});

const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** One closed candle more; one that was seen already, on the seam between the past and the present, changes nothing. */
const taken = (state: Managed, { candle, isPast }: Closed, strategies: ReadonlyArray<Strategy>, needs: number): Managed => {
  const { market, openTimeMs } = candle;
  if (openTimeMs <= (state.newestMs.get(market) ?? 0)) return state;
  const closes = [...(state.closes.get(market) ?? []), candle.close.number].slice(-needs);
  const decisions = strategies.flatMap((strategy): ReadonlyArray<Decision> => {
    const side = isPast || closes.length < strategy.needs ? undefined : strategy.decide(closes);
    return side === undefined ? [] : [{ strategy: strategy.name, market, side, openTimeMs }];
  });
  return {
    closes: new Map(state.closes).set(market, closes),
    newestMs: new Map(state.newestMs).set(market, openTimeMs),
    decisions: [...state.decisions, ...decisions],
  };
};
