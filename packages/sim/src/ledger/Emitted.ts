/**
 * What the exchange said over sockets, as facts: which trade, which price, which window. A frame's maker hands over the rows it was made from,
 * so that nothing is parsed or spelled while frames leave; the spelling happens when somebody asks.
 */
import type { MarketSpec } from "../market/Catalogue.ts";
import type { Candle } from "../market/Figures.ts";
import { sequentialId, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import { plain } from "../wire/Spelling.ts";

interface About {
  readonly spec: MarketSpec;
  readonly stream: "SNAPSHOT" | "REALTIME";
}

/** What one frame says. */
export type Said =
  | (About & { readonly kind: "trade"; readonly trade: TradeRow })
  | (About & { readonly kind: "ticker"; readonly last: TradeRow })
  | (About & { readonly kind: "candle"; readonly unit: CandleUnit; readonly candle: Candle })
  | (About & { readonly kind: "orderbook"; readonly bookMs: number; readonly ask: SaidLevel; readonly bid: SaidLevel });

/** A best quote in the market's units; price 0 where the side is empty. */
export interface SaidLevel {
  readonly price: number;
  readonly size: number;
}

/** A frame that left: on which connection, when, and what it said. */
export interface Emission<S extends Said = Said> {
  readonly atMs: number;
  readonly connection: number;
  readonly said: S;
}

/** What all entries have. Prices and sizes are plain decimals, exact. */
interface EmittedEntry {
  /** When it left. */
  readonly atMs: number;
  readonly connection: number;
  readonly market: string;
  readonly stream: "SNAPSHOT" | "REALTIME";
}

export interface TradeEntry extends EmittedEntry {
  /** The `sequential_id`. */
  readonly id: string;
  readonly tradeMs: number;
  readonly price: string;
  readonly size: string;
  readonly side: "ASK" | "BID";
}

export interface TickerEntry extends EmittedEntry {
  readonly price: string;
  /** The trade that made it. */
  readonly tradeId: string;
  readonly tradeMs: number;
}

export interface CandleEntry extends EmittedEntry {
  readonly unit: CandleUnit;
  readonly startMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Trades in it so far. */
  readonly trades: number;
}

export interface OrderbookEntry extends EmittedEntry {
  /** The book's own time. */
  readonly bookMs: number;
  readonly ask: string;
  readonly askSize: string;
  readonly bid: string;
  readonly bidSize: string;
}

export type SaidOf<K extends Said["kind"]> = Extract<Said, { readonly kind: K }>;

export const tradeEntry = (emission: Emission<SaidOf<"trade">>): TradeEntry => {
  const { spec, trade } = emission.said;
  return {
    ...about(emission),
    id: sequentialId(trade),
    tradeMs: trade.ms,
    price: plain(trade.price, spec.decimals),
    size: plain(trade.size, 8),
    side: trade.bid ? "BID" : "ASK",
  };
};

export const tickerEntry = (emission: Emission<SaidOf<"ticker">>): TickerEntry => {
  const { spec, last } = emission.said;
  return { ...about(emission), price: plain(last.price, spec.decimals), tradeId: sequentialId(last), tradeMs: last.ms };
};

export const candleEntry = (emission: Emission<SaidOf<"candle">>): CandleEntry => {
  const { spec, unit, candle } = emission.said;
  const { open, high, low, close, volume, count } = candle.fold;
  const price = (units: number) => plain(units, spec.decimals);
  return {
    ...about(emission),
    unit,
    startMs: candle.startMs,
    open: price(open),
    high: price(high),
    low: price(low),
    close: price(close),
    volume: plain(volume, 8),
    trades: count,
  };
};

export const orderbookEntry = (emission: Emission<SaidOf<"orderbook">>): OrderbookEntry => {
  const { spec, bookMs, ask, bid } = emission.said;
  return {
    ...about(emission),
    bookMs,
    ask: plain(ask.price, spec.decimals),
    askSize: plain(ask.size, 8),
    bid: plain(bid.price, spec.decimals),
    bidSize: plain(bid.size, 8),
  };
};

const about = ({ atMs, connection, said }: Emission): EmittedEntry => ({
  atMs,
  connection,
  market: said.spec.code,
  stream: said.stream,
});
