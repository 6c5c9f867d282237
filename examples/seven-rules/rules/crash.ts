/**
 * Rule 6: sees a crash. When a trade is a share below the highest price of the minute before it, everything is sold; with nothing to sell it is
 * an alarm. Once in five minutes: a crash is told once.
 */
import { Decimal } from "@naru/router";
import { machine } from "../Rule.ts";

const share = Decimal.of("0.985");
const withinMs = 60_000;
const quietMs = 300_000;

/** Highest prices still in reach, falling: one that a later trade reached will never be the highest again. */
interface State {
  readonly highs: ReadonlyArray<{ readonly atMs: number; readonly price: Decimal }>;
  readonly toldMs: number;
}

const start: State = { highs: [], toldMs: Number.NEGATIVE_INFINITY };

export const crash = machine("crash", start, (state, event, holding) => {
  if (event._tag === "Hole") return [{ ...state, highs: [] }];
  if (event._tag !== "Trade") return [state];
  const { atMs, trade } = event;
  const { price } = trade;
  const highs = state.highs.filter((high) => high.atMs >= atMs - withinMs && high.price.compare(price) > 0);
  const highest = highs[0]?.price;
  const next = { ...state, highs: [...highs, { atMs, price }] };
  if (highest === undefined || atMs < state.toldMs + quietMs || price.compare(highest.times(share)) > 0) return [next];
  const why = `${((1 - price.number / highest.number) * 100).toFixed(2)} % below ${highest} within a minute`;
  return [
    { ...next, toldMs: atMs },
    { action: holding === undefined ? "alarm" : "exit", price, why },
  ];
});
