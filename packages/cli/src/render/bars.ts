/** Bars as lines and as JSON: one line for the whole window, and one for each candle while they are few. */
import { rowToJson } from "@naru/router/domain/Answer";
import type { Bar, BarCorrection, BarElement, Unproved } from "@naru/router/domain/Bar";
import { elementLine, elementToJson, type StreamOrigin } from "./elements.ts";
import type { Style } from "./style.ts";
import { kst } from "./time.ts";

/** Candles that are shown one by one; of more only their number is. */
const shown = 12;
/** Markets named on a line. */
const named = 5;

export const barLines = (element: BarElement, origin: StreamOrigin, style: Style): ReadonlyArray<string> => {
  if (element._tag !== "Bar" && element._tag !== "BarCorrection") return [elementLine({ kind: "candles", element }, origin, style)];
  const sim = origin.simulated ? `${style.paint("warn", "SIM")}  ` : "";
  const { candles, closeTimeMs: receivedTimeMs } = element;
  const each = candles.length > shown ? [] : candles;
  return [
    sim + headline(element, style),
    ...each.map((value) => {
      const live = {
        _tag: "Live",
        market: value.market,
        value,
        snapshot: false,
        channel: "websocket",
        late: false,
        receivedTimeMs,
      } as const;
      return elementLine({ kind: "candles", element: live }, origin, style);
    }),
  ];
};

const headline = (bar: Bar | BarCorrection, style: Style): string => {
  const { candles, empty, interval, openTimeMs, unproved } = bar;
  const what = bar._tag === "Bar" ? style.paint("strong", "BAR") : style.paint("warn", "CORRECTION");
  const told = bar._tag === "Bar" ? `  ${Math.round(bar.delayMs)} ms after its end` : "";
  const doubt = unproved.length === 0 ? "" : `  ${style.paint("alarm", `${unproved.length} unproved: ${reasons(unproved)}`)}`;
  return `${kst(openTimeMs)}  ${what}  ${interval}  ${candles.length} traded  ${empty.length} empty${doubt}${told}`;
};

const reasons = (unproved: ReadonlyArray<Unproved>): string => {
  const [first] = unproved;
  const names = unproved.slice(0, named).map(({ market }) => market);
  return `${names.join(" ")}${unproved.length > named ? " …" : ""} (${first?.reason ?? ""})`;
};

/** Times ISO 8601 in UTC, decimals exact. */
export const barToJson = (element: BarElement, origin: StreamOrigin): unknown => {
  if (element._tag !== "Bar" && element._tag !== "BarCorrection") return elementToJson({ kind: "candles", element }, origin);
  const { candles, closeTimeMs, empty, interval, openTimeMs, unproved } = element;
  return {
    type: element._tag,
    kind: "bars",
    venue: origin.venue,
    simulated: origin.simulated,
    interval,
    openTime: new Date(openTimeMs).toISOString(),
    closeTime: new Date(closeTimeMs).toISOString(),
    candles: candles.map((candle) => rowToJson("candles", candle)),
    empty,
    unproved,
    delayMs: element._tag === "Bar" ? element.delayMs : null,
  };
};
