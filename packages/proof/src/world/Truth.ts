/**
 * What the exchange knows, asked about what a client was told: does this trade exist, and with these figures; which trades lie between two
 * others; what a ticker, book or candle said at some moment. It shares no code with the client, and compares numbers as text in plain notation.
 */
import { compareLevels } from "./compareLevels.ts";
import type { ExchangeModel } from "@naru/sim";
import { bookAt } from "@naru/sim/market/Book";
import { foldOf, prevCloseOf, tickerFigures } from "@naru/sim/market/Figures";
import type { MarketTape } from "@naru/sim/market/MarketTape";
import { endOf, isAfter, pointOfId, type TapePoint, type TradeRow } from "@naru/sim/market/Trade";
import { plain } from "@naru/sim/wire/Spelling";
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart } from "@naru/router/domain/Interval";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";

const minuteMs = 60_000;

export class Truth {
  private readonly exchange: ExchangeModel;

  constructor(exchange: ExchangeModel) {
    this.exchange = exchange;
  }

  /** Why this trade is not one of the exchange's; `undefined` when it is, to the last digit. */
  faultOfTrade(trade: Trade): string | undefined {
    const tape = this.tape(trade.market);
    const row = tape === undefined ? undefined : this.trade(tape, trade.id);
    if (tape === undefined || row === undefined) return `trade ${trade.market} ${trade.id} never happened`;
    const said = `${trade.price.toString()} × ${trade.volume.toString()} ${trade.side} at ${trade.tradeTimeMs}`;
    const true_ = `${plain(row.price, tape.spec.decimals)} × ${plain(row.size, 8)} ${row.bid ? "buy" : "sell"} at ${row.ms}`;
    return said === true_ ? undefined : `trade ${trade.market} ${trade.id} was ${true_} and is told as ${said}`;
  }

  /** Trades after `point`, up to and including `upTo`, in order. */
  tradesBetween(market: string, point: TapePoint, upTo: TapePoint): ReadonlyArray<TradeRow> {
    const tape = this.tape(market);
    const rows: Array<TradeRow> = [];
    if (tape === undefined) return rows;
    for (let at = Math.floor(point.ms / minuteMs) * minuteMs; at <= upTo.ms; at += minuteMs) {
      for (const row of tape.tradesOf(at)) if (isAfter(row, point) && !isAfter(row, upTo)) rows.push(row);
    }
    return rows;
  }

  /** The last trade up to and including the millisecond. */
  lastTrade(market: string, ms: number): TradeRow | undefined {
    return this.tape(market)?.last(endOf(ms));
  }

  /** Why no ticker of the exchange ever said this; `undefined` when one did. */
  faultOfTicker(ticker: Ticker): string | undefined {
    const tape = this.tape(ticker.market);
    if (tape === undefined) return `no market ${ticker.market}`;
    // A frame speaks after each trade of a millisecond, so any of them may be its last.
    const rows = tape.tradesOf(ticker.tradeTimeMs).filter((row) => row.ms === ticker.tradeTimeMs);
    const decimals = tape.spec.decimals;
    const said = [ticker.price, ticker.lastVolume, ticker.dayVolume, ticker.dayValue, ticker.dayHigh, ticker.dayLow].join(" ");
    const true_ = rows.map((row) => {
      const figures = tickerFigures(tape, row);
      const day = figures?.day;
      const quiet = prevCloseOf(tape, row.ms) ?? row.price;
      return [
        plain(row.price, decimals),
        plain(row.size, 8),
        plain(day?.volume ?? 0n, 8),
        plain(day?.money ?? 0n, decimals + 8),
        plain(day?.high ?? quiet, decimals),
        plain(day?.low ?? quiet, decimals),
      ].join(" ");
    });
    return true_.includes(said)
      ? undefined
      : `ticker ${ticker.market} says ${said} at ${ticker.tradeTimeMs}; the exchange said ${true_.join(" or ") || "nothing"}`;
  }

  /** Why this was never the exchange's book; `undefined` when it was. */
  faultOfBook(book: Orderbook): string | undefined {
    const tape = this.tape(book.market);
    const true_ = tape === undefined ? undefined : bookAt(tape, this.exchange.world.halts, book.timestampMs);
    if (tape === undefined || true_ === undefined) return `no book of ${book.market}`;
    const fault = compareLevels(book, true_, tape.spec.decimals);
    return fault === undefined ? undefined : `book ${book.market} of ${book.timestampMs}: ${fault}`;
  }

  /** When the exchange's book of now was made. */
  bookTime(market: string, nowMs: number): number | undefined {
    const tape = this.tape(market);
    return tape === undefined ? undefined : bookAt(tape, this.exchange.world.halts, nowMs)?.timestamp;
  }

  /** Why the exchange's trades do not add up to this candle. A forming one may end at any trade of its last millisecond. */
  faultOfCandle(candle: Candle): string | undefined {
    const tape = this.tape(candle.market);
    if (tape === undefined) return `no market ${candle.market}`;
    const end = nextWindowStart(candle.interval, candle.openTimeMs);
    const all = this.tradesBetween(candle.market, endOf(candle.openTimeMs - 1), endOf(end - 1));
    const { decimals } = tape.spec;
    const said = [candle.open, candle.high, candle.low, candle.close, candle.volume, candle.value].join(" ");
    const true_ = (rows: ReadonlyArray<TradeRow>): string => {
      const fold = foldOf(rows);
      if (fold === undefined) return "no trades";
      const prices = [fold.open, fold.high, fold.low, fold.close].map((units) => plain(units, decimals));
      return [...prices, plain(fold.volume, 8), plain(fold.money, decimals + 8)].join(" ");
    };
    const found = all.findLastIndex((row) => row.ms === candle.lastTradeTimeMs);
    const ends = candle.state !== "forming" ? [all.length] : all.flatMap((row, i) => (row.ms === candle.lastTradeTimeMs ? [i + 1] : []));
    if (found >= 0 && ends.some((count) => true_(all.slice(0, count)) === said)) return undefined;
    return `${candle.state} candle ${candle.market} ${candle.interval} of ${candle.openTimeMs} says ${said}; its trades say ${true_(all)}`;
  }

  /** The market's tape. */
  tape(market: string): MarketTape | undefined {
    return this.exchange.world.tape(market);
  }

  private trade(tape: MarketTape, id: string): TradeRow | undefined {
    const point = pointOfId(id);
    if (point === undefined) return undefined;
    return tape.tradesOf(point.ms).find((row) => row.ms === point.ms && row.n === point.n);
  }
}
