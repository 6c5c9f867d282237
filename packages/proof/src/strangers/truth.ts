/**
 * What the emulated exchange's own tape says, as the numbers a JavaScript client ought to show. Candles and tickers are computed here from
 * single trades, with windows of this file's own, so that an error in the exchange's folding or spelling would be seen by comparison. A number
 * is the double nearest to the exact decimal: what reading the exact text gives.
 */
import type { ExchangeModel } from "@naru/sim";
import { bookAt, groupedBookAt } from "@naru/sim/market/Book";
import type { MarketTape } from "@naru/sim/market/MarketTape";
import type { TapePoint, TradeRow } from "@naru/sim/market/Trade";

export type { TapePoint, TradeRow } from "@naru/sim/market/Trade";

/** Start, open, high, low, close, volume of the base currency. */
export type CandleNumbers = readonly [startMs: number, open: number, high: number, low: number, close: number, volume: number];

export interface TickerNumbers {
  readonly tradeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly last: number;
  readonly previousClose: number;
  readonly change: number;
  /** A share, rounded half up to ten decimals. */
  readonly changeRate: number;
  readonly volume24h: number;
  readonly money24h: number;
}

export interface BookNumbers {
  readonly timestamp: number;
  /** `[price, size]`, best first. A side thinner than the other ends in `[0, 0]`. */
  readonly asks: ReadonlyArray<readonly [number, number]>;
  readonly bids: ReadonlyArray<readonly [number, number]>;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The double nearest to `units` × 10^-decimals. */
export const numberOf = (units: number | bigint, decimals: number): number => Number(`${units}e-${decimals}`);

export const tapeOf = (exchange: ExchangeModel, market: string): MarketTape => {
  const tape = exchange.world.tape(market);
  if (tape === undefined) throw new Error(`the emulated exchange has no market ${market}`);
  return tape;
};

/** The trades of `[fromMs, upToMs]`, in order. */
export const tradesBetween = (tape: MarketTape, fromMs: number, upToMs: number): Array<TradeRow> => {
  const out: Array<TradeRow> = [];
  for (let at = Math.floor(Math.max(fromMs, tape.openedMs) / minuteMs) * minuteMs; at <= upToMs; at += minuteMs)
    for (const trade of tape.tradesOf(at)) if (trade.ms >= fromMs && trade.ms <= upToMs) out.push(trade);
  return out;
};

/** The last `count` trades up to `upToMs`, oldest first. */
export const lastTrades = (tape: MarketTape, upToMs: number, count: number): Array<TradeRow> => {
  let found: Array<TradeRow> = [];
  for (let at = Math.floor(upToMs / minuteMs) * minuteMs; at >= tape.openedMs && found.length < count; at -= minuteMs)
    found = [...tape.tradesOf(at).filter((trade) => trade.ms <= upToMs), ...found];
  return found.slice(-count);
};

export const priceOf = (tape: MarketTape, trade: TradeRow): number => numberOf(trade.price, tape.spec.decimals);
export const sizeOf = (trade: TradeRow): number => numberOf(trade.size, 8);
export const moneyOf = (tape: MarketTape, trade: TradeRow): number =>
  numberOf(BigInt(trade.price) * BigInt(trade.size), tape.spec.decimals + 8);

/** The 17-digit id, as text. */
export const idOf = (trade: TapePoint): string => String(BigInt(trade.ms) * 10_000n + BigInt(trade.n));

const unitMs = new Map([
  ["s", 1_000],
  ["m", minuteMs],
  ["h", 60 * minuteMs],
  ["d", dayMs],
]);

/** Where a candle's window begins. `unit`: `1s`, minutes as `3m`, `1h` or `60m`, `1d`, `1w` (Mondays), `1M`, `1y`; all in UTC. */
export const windowStartOf = (unit: string, ms: number): number => {
  const date = new Date(ms);
  if (unit === "1y") return Date.UTC(date.getUTCFullYear(), 0);
  if (unit === "1M") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const midnight = Math.floor(ms / dayMs) * dayMs;
  if (unit === "1w") return midnight - ((date.getUTCDay() + 6) % 7) * dayMs;
  const length = Number.parseInt(unit, 10) * (unitMs.get(unit.slice(-1)) ?? Number.NaN);
  return Math.floor(ms / length) * length;
};

/** The candles these trades make, oldest first: only windows with trades. */
export const candlesOf = (tape: MarketTape, unit: string, trades: Iterable<TradeRow>): Array<CandleNumbers> => {
  const windows = new Map<number, { open: number; high: number; low: number; close: number; volume: bigint }>();
  for (const { ms, price, size } of trades) {
    const start = windowStartOf(unit, ms);
    const window = windows.get(start);
    if (window === undefined) windows.set(start, { open: price, high: price, low: price, close: price, volume: BigInt(size) });
    else {
      window.high = Math.max(window.high, price);
      window.low = Math.min(window.low, price);
      window.close = price;
      window.volume += BigInt(size);
    }
  }
  const price = (units: number) => numberOf(units, tape.spec.decimals);
  return [...windows].map(([start, { open, high, low, close, volume }]) => [
    start,
    price(open),
    price(high),
    price(low),
    price(close),
    numberOf(volume, 8),
  ]);
};

/** The ticker as of a place on the tape: what happened up to and including it. */
export const tickerAt = (tape: MarketTape, point: TapePoint): TickerNumbers => {
  const midnight = Math.floor(point.ms / dayMs) * dayMs;
  const rolling = tradesBetween(tape, point.ms - dayMs + 1, point.ms).filter((trade) => trade.ms < point.ms || trade.n <= point.n);
  const today = rolling.filter((trade) => trade.ms >= midnight);
  const last = rolling.at(-1) ?? lastTrades(tape, point.ms, 1).at(-1);
  if (last === undefined) throw new Error(`${tape.spec.code} never traded`);
  const previous = lastTrades(tape, midnight - 1, 1).at(-1)?.price ?? today[0]?.price ?? last.price;
  const { decimals } = tape.spec;
  const price = (units: number) => numberOf(units, decimals);
  const prices = today.length === 0 ? [previous] : today.map((trade) => trade.price);
  const change = last.price - previous;
  return {
    tradeMs: last.ms,
    open: price(prices[0] ?? previous),
    high: price(Math.max(...prices)),
    low: price(Math.min(...prices)),
    last: price(last.price),
    previousClose: price(previous),
    change: price(change),
    changeRate: numberOf(
      Math.sign(change) * Number((BigInt(Math.abs(change)) * 20_000_000_000n + BigInt(previous)) / (2n * BigInt(previous))),
      10,
    ),
    volume24h: numberOf(
      rolling.reduce((sum, trade) => sum + BigInt(trade.size), 0n),
      8,
    ),
    money24h: numberOf(
      rolling.reduce((sum, trade) => sum + BigInt(trade.price) * BigInt(trade.size), 0n),
      decimals + 8,
    ),
  };
};

/** The book that stands at `atMs`; `step`, in quote currency, gathers its levels. */
export const bookNumbersAt = (exchange: ExchangeModel, tape: MarketTape, atMs: number, step = 0): BookNumbers => {
  const { halts } = exchange.world;
  const { decimals } = tape.spec;
  const book = step === 0 ? bookAt(tape, halts, atMs) : groupedBookAt(tape, halts, atMs, Math.round(step * 10 ** decimals));
  if (book === undefined) throw new Error(`${tape.spec.code} has no book`);
  const rows = Math.max(book.asks.length, book.bids.length);
  const side = (levels: typeof book.asks) =>
    Array.from({ length: rows }, (_, i) => [numberOf(levels[i]?.price ?? 0, decimals), numberOf(levels[i]?.size ?? 0, 8)] as const);
  return { timestamp: book.timestamp, asks: side(book.asks), bids: side(book.bids) };
};
