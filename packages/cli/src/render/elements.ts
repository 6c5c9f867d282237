/**
 * Elements of a stream, one line or one JSON document each. Interruptions are lines of their own, so that a log shows when a market was
 * not seen.
 */
import { rowToJson } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { ElementOf, Live, Recovered, StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { duration, grouped, percent } from "./numbers.ts";
import { printable, type Style } from "./style.ts";
import { kst, kstMillis } from "./time.ts";

/** An element together with the kind of its stream. */
export type KindedElement = {
  readonly [K in keyof ElementOf]: { readonly kind: K; readonly element: StreamElement<ElementOf[K]> };
}[keyof ElementOf];

export interface StreamOrigin {
  readonly venue: string;
  readonly simulated: boolean;
}

/** Whether the element carries a value, live or read back. */
export const isValue = ({ element }: KindedElement): boolean => element._tag === "Live" || element._tag === "Recovered";

export const elementLine = (kinded: KindedElement, { simulated }: StreamOrigin, style: Style): string => {
  const sim = simulated ? `${style.paint("warn", "SIM")}  ` : "";
  return sim + printableLine(kinded, style);
};

/** Times ISO 8601 in UTC, as in an answer's document. */
export const elementToJson = ({ kind, element }: KindedElement, { venue, simulated }: StreamOrigin): unknown => {
  const head = { type: element._tag, kind, venue, simulated };
  switch (element._tag) {
    case "Live":
      return {
        ...head,
        market: element.market,
        value: rowToJson(kind, element.value),
        snapshot: element.snapshot,
        channel: element.channel,
        late: element.late,
        receivedTime: iso(element.receivedTimeMs),
      };
    case "Recovered":
      return {
        ...head,
        market: element.market,
        value: rowToJson(kind, element.value),
        channel: "rest",
        late: element.late,
        receivedTime: iso(element.receivedTimeMs),
      };
    case "Reconnecting":
      return { ...head, attempt: element.attempt, reason: element.reason, time: iso(element.atMs) };
    case "Resumed":
      return { ...head, downMs: element.downMs, time: iso(element.atMs) };
    case "Gap":
      return { ...head, market: element.market, from: iso(element.fromMs), to: iso(element.toMs), reason: element.reason };
    case "Dropped":
      return { ...head, count: element.count };
  }
};

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

const printableLine = ({ kind, element }: KindedElement, style: Style): string => {
  switch (element._tag) {
    case "Live":
    case "Recovered":
      // The kind of a stream is the kind of its values.
      return valueLine({ kind, value: element.value } as KindedValue, style) + marks(element, style);
    case "Reconnecting":
      return style.paint("alarm", `${kst(element.atMs)}  RECONNECTING  attempt ${element.attempt}: ${printable(element.reason)}`);
    case "Resumed":
      return style.paint("good", `${kst(element.atMs)}  RESUMED  after ${duration(element.downMs)}`);
    case "Gap":
      return style.paint(
        "alarm",
        `${kstMillis(element.toMs)}  GAP  ${element.kind} of ${element.market} since ${kstMillis(element.fromMs)}: ${printable(element.reason)}`,
      );
    case "Dropped":
      return style.paint("alarm", `DROPPED  ${grouped(element.count)}: this consumer was too slow`);
  }
};

/** What is not plain about a value: how it came, and whether it stands in its place. */
const marks = (element: Live<unknown> | Recovered<unknown>, style: Style): string => {
  const quiet = element._tag === "Live" && element.snapshot ? ["snapshot"] : [];
  const loud = [
    ...(element._tag === "Recovered" ? ["recovered"] : element.channel === "rest" ? ["over REST"] : []),
    ...(element.late ? ["late"] : []),
  ];
  return [...quiet.map((mark) => style.paint("dim", `  ${mark}`)), ...loud.map((mark) => style.paint("warn", `  ${mark}`))].join("");
};

type KindedValue =
  | { readonly kind: "ticker"; readonly value: Ticker }
  | { readonly kind: "orderbook"; readonly value: Orderbook }
  | { readonly kind: "trades"; readonly value: Trade }
  | { readonly kind: "candles"; readonly value: Candle };

const valueLine = (kinded: KindedValue, style: Style): string => {
  switch (kinded.kind) {
    case "ticker": {
      const { timestampMs, market, price, changePercent } = kinded.value;
      const tone = changePercent.number > 0 ? "rise" : changePercent.number < 0 ? "fall" : "plain";
      return `${kstMillis(timestampMs)}  ${market}  ${style.paint(tone, `${grouped(price)}  ${percent(changePercent.number)}`)}`;
    }
    case "orderbook": {
      const { timestampMs, market, asks, bids, crossed } = kinded.value;
      const side = (level: Orderbook["asks"][number] | undefined) =>
        level === undefined ? "–" : `${grouped(level.price)} × ${grouped(level.size)}`;
      const alarm = crossed ? style.paint("alarm", "  CROSSED") : "";
      return `${kstMillis(timestampMs)}  ${market}  bid ${side(bids[0])}  ask ${side(asks[0])}  levels ${bids.length}/${asks.length}${alarm}`;
    }
    case "trades": {
      const { tradeTimeMs, market, side, price, volume, id } = kinded.value;
      return `${kstMillis(tradeTimeMs)}  ${market}  ${style.paint(side === "buy" ? "rise" : "fall", `${side.padEnd(4)}  ${grouped(price)}`)}  ${grouped(volume)}  ${id}`;
    }
    case "candles": {
      const { openTimeMs, market, interval, open, high, low, close, volume, state } = kinded.value;
      const prices = `open ${grouped(open)}  high ${grouped(high)}  low ${grouped(low)}  close ${grouped(close)}  volume ${grouped(volume)}`;
      return `${kst(openTimeMs)}  ${market}  ${interval}  ${prices}  ${state}`;
    }
  }
};
