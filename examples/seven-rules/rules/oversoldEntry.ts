/**
 * Rule 1: buys when a market was sold too far. Looks at closed 5-minute candles: enters when the RSI of fourteen changes falls below the limit.
 * The mean of the changes is the plain one, so that nothing older than fifteen candles matters. An RSI is no money: plain numbers do.
 */
import { machine } from "../Rule.ts";

const changes = 14;
const limit = 35;

interface State {
  /** The newest last. */
  readonly closes: ReadonlyArray<number>;
  readonly wasBelow: boolean;
}

const start: State = { closes: [], wasBelow: false };

export const oversoldEntry = machine("oversold entry", start, (state, event, holding) => {
  if (event._tag === "Hole") return [start];
  if (event._tag !== "Candle" || event.candle.interval !== "5m") return [state];
  const closes = [...state.closes, event.candle.close.number].slice(-changes - 1);
  const rsi = closes.length > changes ? rsiOf(closes) : 100;
  const isBelow = rsi < limit;
  const say =
    isBelow && !state.wasBelow && holding === undefined
      ? ({ action: "enter", price: event.candle.close, why: `RSI ${rsi.toFixed(1)} of 5m candles` } as const)
      : undefined;
  return [{ closes, wasBelow: isBelow }, say];
});

/** 0 when every change was a fall, 100 when none was. */
export const rsiOf = (closes: ReadonlyArray<number>): number => {
  let [rise, fall] = [0, 0];
  closes.forEach((close, i) => {
    const change = close - (closes[i - 1] ?? close);
    if (change > 0) rise += change;
    else fall -= change;
  });
  return fall === 0 ? 100 : 100 - 100 / (1 + rise / fall);
};
