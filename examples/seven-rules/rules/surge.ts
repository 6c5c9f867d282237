/**
 * Rule 7: goes along with a surge. Enters when a minute closes higher than it opened by a share, and more money changed hands in it than in an
 * ordinary minute, several times over. Volumes only choose the moment: plain numbers do.
 */
import { Decimal } from "@naru/router";
import { machine } from "../Rule.ts";

const minutes = 20;
const times = 2.5;
const rise = Decimal.of("1.0005");

/** Money that changed hands in the last minutes, quote currency, the newest last. */
type State = ReadonlyArray<number>;

const start: State = [];

export const surge = machine<State>("surge", start, (values, event, holding) => {
  if (event._tag === "Hole") return [start];
  if (event._tag !== "Candle" || event.candle.interval !== "1m") return [values];
  const { open, close, value } = event.candle;
  const next = [...values, value.number].slice(-minutes);
  const mean = values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
  const isSurge = values.length === minutes && value.number >= times * mean && close.compare(open.times(rise)) >= 0;
  if (!isSurge || holding !== undefined) return [next];
  return [
    next,
    { action: "enter", price: close, why: `${(value.number / mean).toFixed(1)} times the money of a minute, at rising prices` },
  ];
});
