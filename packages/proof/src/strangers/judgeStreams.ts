/**
 * Compares what ccxt handed out with what the exchange sent (its ledger) and with what its trades make (its tape). Everything handed out must
 * be one of the frames sent, in their order, with the numbers of the tape; no trade may be missing. Frames of other kinds that never reached
 * the caller are counted: ccxt keeps only the latest between two awaits.
 */
import { isDeepStrictEqual } from "node:util";
import type { ExchangeModel, FrameEntry } from "@naru/sim";
import { symbolOf } from "./ccxtClient.ts";
import { type Watched, watchedMarkets } from "./ccxtStreams.ts";
import { bookNumbersAt, candlesOf, idOf, moneyOf, priceOf, sizeOf, tapeOf, tickerAt, type TradeRow, tradesBetween } from "./truth.ts";

export interface StreamCount {
  /** Such as `ticker KRW-BTC`. */
  readonly name: string;
  readonly sent: number;
  readonly handedOut: number;
  /** Sent before the last one handed out, and never handed out. */
  readonly skipped: number;
}

export interface Judgement {
  readonly counts: ReadonlyArray<StreamCount>;
  /** Trades handed out twice or more: every new stream brings the last trade of each market again. */
  readonly repeatedTrades: number;
  readonly problems: ReadonlyArray<string>;
}

/** Levels of a side that ccxt keeps. */
export const ccxtDepth = 15;

export const judgeStreams = (exchange: ExchangeModel, watched: Watched): Judgement => {
  const judge = new Judge(exchange);
  for (const market of [...watchedMarkets.ticker, ...watchedMarkets.tickers]) judge.tickers(market, watched);
  let repeatedTrades = 0;
  for (const market of [...watchedMarkets.trades, ...watchedMarkets.tradesForSymbols]) repeatedTrades += judge.trades(market, watched);
  for (const market of watchedMarkets.books) judge.books(market, watched);
  for (const market of watchedMarkets.candles) judge.candles(market, watched);
  judge.manners();
  return { counts: judge.counts, repeatedTrades, problems: judge.problems };
};

/** A frame as ccxt reads it: whole numbers of 15 digits and more become text, so that ids stay whole. */
export const readAsCcxt = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text.replace(/:(\d{15,}),/g, ':"$1",'));

class Judge {
  readonly counts: Array<StreamCount> = [];
  readonly problems: Array<string> = [];
  private readonly exchange: ExchangeModel;

  constructor(exchange: ExchangeModel) {
    this.exchange = exchange;
  }

  tickers(market: string, watched: Watched): void {
    const frames = this.sent("ticker", market);
    const handedOut = watched.tickers.filter(({ symbol }) => symbol === symbolOf(market));
    this.inOrder(
      `ticker ${market}`,
      frames.map(({ text }) => readAsCcxt(text)),
      handedOut.map(({ info }) => info),
    );
    const tape = tapeOf(this.exchange, market);
    for (const ticker of handedOut) {
      const { info } = ticker;
      const all = tradesBetween(tape, Number(ticker.timestamp), Number(ticker.timestamp));
      const trade = all.find((one) => priceOf(tape, one) === info.trade_price && sizeOf(one) === info.trade_volume);
      if (trade === undefined) this.problems.push(`ticker ${market}: no trade like ${shown(info)}`);
      else {
        const point = info.stream_type === "SNAPSHOT" ? { ms: Number(info.timestamp), n: 9_999 } : trade;
        const { changeRate, ...expected } = tickerAt(tape, point);
        const { timestamp: tradeMs, open, high, low, last, previousClose, change, baseVolume: volume24h, quoteVolume: money24h } = ticker;
        this.same(`ticker ${market}`, { tradeMs, open, high, low, last, previousClose, change, volume24h, money24h }, expected);
        this.same(`ticker ${market}, change rate`, Math.round(Number(ticker.percentage) * 1e8), Math.round(changeRate * 1e10));
      }
    }
  }

  /** Returns how many were handed out more than once. */
  trades(market: string, watched: Watched): number {
    const frames = this.sent("trade", market);
    const handedOut = watched.trades.filter(({ symbol }) => symbol === symbolOf(market));
    const skipped = this.inOrder(
      `trade ${market}`,
      frames.map(({ text }) => readAsCcxt(text)),
      handedOut.map(({ info }) => info),
    );
    if (skipped > 0) this.problems.push(`trade ${market}: ${skipped} were sent and never handed out`);
    const tape = tapeOf(this.exchange, market);
    const ids = frames.map(({ text }) => String(readAsCcxt(text)["sequential_id"]));
    const live = frames.flatMap(({ text }, i) => (readAsCcxt(text)["stream_type"] === "REALTIME" ? [ids[i]] : []));
    const byId = new Map<string, TradeRow>();
    const first = ids[0];
    if (first !== undefined)
      for (const trade of tradesBetween(tape, Number(first.slice(0, -4)), Number((ids.at(-1) ?? first).slice(0, -4))))
        byId.set(idOf(trade), trade);
    const happened = [...byId.keys()].filter((id) => id > (first ?? "") && id <= (live.at(-1) ?? ""));
    this.same(`trade ${market}: all that happened, once, in order`, live, happened);
    for (const { id, price, amount, cost, side, info } of handedOut) {
      const trade = byId.get(String(id));
      if (trade === undefined) this.problems.push(`trade ${market}: ${id} never happened`);
      else
        this.same(
          `trade ${market} ${id}`,
          { ms: info.trade_timestamp, price, amount, cost, side },
          {
            ms: trade.ms,
            price: priceOf(tape, trade),
            amount: sizeOf(trade),
            cost: moneyOf(tape, trade),
            side: trade.bid ? "buy" : "sell",
          },
        );
    }
    return handedOut.length - new Set(handedOut.map(({ id }) => id)).size;
  }

  books(market: string, watched: Watched): void {
    const frames = this.sent("orderbook", market);
    const handedOut = watched.books.filter(({ symbol }) => symbol === symbolOf(market));
    const tape = tapeOf(this.exchange, market);
    // A book's own time says all about it.
    this.inOrder(
      `orderbook ${market}`,
      frames.map(({ text }) => readAsCcxt(text)["timestamp"]),
      handedOut.map(({ timestamp }) => timestamp),
    );
    for (const { timestamp, asks, bids } of handedOut) {
      const book = bookNumbersAt(this.exchange, tape, timestamp);
      const top = (levels: typeof book.asks) => levels.slice(0, ccxtDepth).filter(([, size]) => size > 0);
      this.same(
        `orderbook ${market}`,
        { timestamp, asks, bids },
        { timestamp: book.timestamp, asks: top(book.asks), bids: top(book.bids) },
      );
    }
  }

  candles(market: string, watched: Watched): void {
    const frames = this.sent("candle.1s", market).map(({ text }) => readAsCcxt(text));
    const rows = watched.candles.get(market) ?? [];
    this.inOrder(`candle.1s ${market}`, frames.map(rowOf), rows);
    const tape = tapeOf(this.exchange, market);
    for (const frame of frames) {
      const row = rowOf(frame);
      const second = tradesBetween(tape, row[0] ?? 0, Number(frame["timestamp"]));
      // A frame may have left between two trades of its last millisecond.
      const possible = second.flatMap((trade, i) =>
        trade.ms === frame["timestamp"] ? candlesOf(tape, "1s", second.slice(0, i + 1)).slice(-1) : [],
      );
      if (!possible.some((candle) => isDeepStrictEqual(candle, row)))
        this.problems.push(`candle.1s ${market}: ${row} is not what its trades make: ${possible.join(" or ")}`);
    }
  }

  /** The exchange had nothing to complain about. */
  manners(): void {
    const { ledger } = this.exchange;
    this.same("requests refused", ledger.rejected, 0);
    this.same("error frames", ledger.frameCount("out", "error"), 0);
    this.same("connections", ledger.connections().length, 1);
    this.same(
      "requests over REST",
      ledger.requests().map(({ target }) => target),
      ["/v1/market/all"],
    );
    this.same("forgotten by the ledger", ledger.dropped, 0);
  }

  private sent(kind: string, market: string): ReadonlyArray<FrameEntry> {
    return this.exchange.ledger.frames({ direction: "out", kind, market });
  }

  /** Checks that what was handed out is what was sent, in order, perhaps with holes; counts the holes. */
  private inOrder(name: string, sent: ReadonlyArray<unknown>, handedOut: ReadonlyArray<unknown>): number {
    let at = 0;
    for (const [i, value] of handedOut.entries()) {
      const from = at;
      while (at < sent.length && !isDeepStrictEqual(sent[at], value)) at++;
      if (at === sent.length) {
        this.problems.push(`${name}: number ${i} was not sent after number ${from}: ${shown(value)}`);
        return 0;
      }
      at++;
    }
    const skipped = at - handedOut.length;
    this.counts.push({ name, sent: sent.length, handedOut: handedOut.length, skipped });
    if (handedOut.length === 0) this.problems.push(`${name}: nothing was handed out`);
    return skipped;
  }

  private same(what: string, said: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(said, expected)) this.problems.push(`${what}: ${shown(said)} instead of ${shown(expected)}`);
  }
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 400);

const rowOf = (frame: Readonly<Record<string, unknown>>): ReadonlyArray<number> => [
  Date.parse(`${String(frame["candle_date_time_utc"])}Z`),
  ...["opening_price", "high_price", "low_price", "trade_price", "candle_acc_trade_volume"].map((name) => Number(frame[name])),
];
