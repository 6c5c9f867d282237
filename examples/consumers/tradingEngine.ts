/**
 * A trading engine: follows the trades of one market, buys a fall and sells a rise of so many parts in ten thousand. Before each order it looks once more,
 * through `guard`: a quote that is old, crossed or made up stops the order, and is counted. A hole in the trades fails its stream, because an engine that
 * missed some of them does not know where it stands. It asks as `realtime_trading`, which is the default.
 */
import { Decimal, guard, type GuardOptions, streamTrades, type Trade } from "@naru/router";
import { Effect } from "effect";
import type { Consumer } from "./consume.ts";

export interface Engine {
  readonly trades: number;
  /** The price that the next move is measured from. */
  readonly from: Decimal | undefined;
  readonly holds: boolean;
  readonly fills: ReadonlyArray<{ readonly side: "buy" | "sell"; readonly price: Decimal }>;
  /** Orders that the last look stopped. */
  readonly refused: number;
}

const idle: Engine = { trades: 0, from: undefined, holds: false, fills: [], refused: 0 };

export const tradingEngine = (market: string, basisPoints: number, rules: GuardOptions): Consumer<Engine, Trade> => ({
  past: Effect.succeed([]),
  live: streamTrades(market),
  start: idle,
  step: (engine, { price }) => {
    const next = { ...engine, trades: engine.trades + 1, from: engine.from ?? price };
    const side = engine.holds ? "sell" : "buy";
    if (!hasMoved(next.from, price, engine.holds ? basisPoints : -basisPoints)) return Effect.succeed(next);
    return guard(market, rules).pipe(
      Effect.map((quote): Engine => {
        const fill = { side, price: side === "buy" ? quote.ask.price : quote.bid.price } as const;
        return { ...next, from: fill.price, holds: !engine.holds, fills: [...engine.fills, fill] };
      }),
      Effect.catchTag("TradeRefused", () => Effect.succeed({ ...next, from: price, refused: engine.refused + 1 })),
    );
  },
});

/** Up by so much, or down where it is negative. Exact. */
const hasMoved = (from: Decimal, to: Decimal, basisPoints: number): boolean => {
  const bound = from.times(Decimal.make(BigInt(10_000 + basisPoints), 4));
  return basisPoints > 0 ? to.compare(bound) >= 0 : to.compare(bound) <= 0;
};
