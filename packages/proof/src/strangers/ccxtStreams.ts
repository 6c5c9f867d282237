/**
 * The program ccxt's manual shows, for every public stream its Upbit has: one loop that awaits and takes, for each. What it is handed is kept
 * as it was at that moment, because ccxt goes on changing a book after handing it out.
 */
import type { CcxtClient } from "./ccxtClient.ts";
import { symbolOf } from "./ccxtClient.ts";

type Ticker = Awaited<ReturnType<CcxtClient["watchTicker"]>>;
type Trade = Awaited<ReturnType<CcxtClient["watchTrades"]>>[number];
type Levels = ReadonlyArray<readonly [price: number, size: number]>;

export interface WatchedBook {
  readonly symbol: string;
  readonly timestamp: number;
  readonly asks: Levels;
  readonly bids: Levels;
}

/** What the loops were handed, in order. Books and candles by market. */
export interface Watched {
  readonly tickers: Array<Ticker>;
  readonly trades: Array<Trade>;
  readonly books: Array<WatchedBook>;
  readonly candles: Map<string, Array<ReadonlyArray<number>>>;
}

/** Which market is watched by which method. */
export const watchedMarkets = {
  ticker: ["KRW-BTC"],
  tickers: ["KRW-XRP", "KRW-ETH"],
  trades: ["KRW-BTC"],
  tradesForSymbols: ["KRW-XRP", "KRW-ETH"],
  books: ["KRW-BTC", "KRW-XRP"],
  candles: ["KRW-BTC", "KRW-XRP"],
} as const;

export class CcxtStreams {
  readonly watched: Watched = { tickers: [], trades: [], books: [], candles: new Map() };
  /** Calls of `watch` that failed while the streams were wanted. */
  readonly failures: Array<unknown> = [];
  private readonly client: CcxtClient;
  private readonly onDelivery: () => void;
  private isStopped = false;

  /** `onDelivery` is told after every value. */
  constructor(client: CcxtClient, onDelivery: () => void) {
    this.client = client;
    this.onDelivery = onDelivery;
  }

  /**
   * Starts one stream after another, each when the one before has spoken: every new one makes ccxt send its whole subscription again, and the
   * exchange takes five messages a second. Resolves when all speak.
   */
  async start(): Promise<void> {
    const { client, watched } = this;
    const { ticker, tickers, trades, tradesForSymbols, books, candles } = watchedMarkets;
    const takeBook = (book: Awaited<ReturnType<CcxtClient["watchOrderBook"]>>) => void watched.books.push(copyOf(book));
    const takeTrades = (list: ReadonlyArray<Trade>) => void watched.trades.push(...list);
    for (const market of ticker)
      await this.loop(
        () => client.watchTicker(symbolOf(market)),
        (one) => void watched.tickers.push(one),
      );
    for (const market of books) await this.loop(() => client.watchOrderBook(symbolOf(market)), takeBook);
    for (const market of trades) await this.loop(() => client.watchTrades(symbolOf(market)), takeTrades);
    for (const market of candles) {
      const rows: Array<ReadonlyArray<number>> = [];
      watched.candles.set(market, rows);
      // Its type says a list of rows; what comes is one row.
      await this.loop(
        () => client.watchOHLCV(symbolOf(market), "1s"),
        (row) => void rows.push(row.map(Number)),
      );
    }
    await this.loop(
      () => client.watchTickers(tickers.map(symbolOf)),
      (some) => void watched.tickers.push(...Object.values(some)),
    );
    await this.loop(() => client.watchTradesForSymbols(tradesForSymbols.map(symbolOf)), takeTrades);
  }

  /** The loops end with what they await; closing the client ends that. */
  stop(): void {
    this.isStopped = true;
  }

  /** Runs a loop for ever; resolves when it has spoken once. */
  private loop<A>(watch: () => Promise<A>, take: (value: A) => void): Promise<void> {
    return new Promise((spoken) => {
      const run = async () => {
        while (!this.isStopped) {
          const value = await watch();
          if (this.isStopped) return;
          take(value);
          this.onDelivery();
          spoken();
        }
      };
      run().catch((error: unknown) => {
        if (!this.isStopped) this.failures.push(error);
        this.onDelivery();
        spoken();
      });
    });
  }
}

const copyOf = (book: Awaited<ReturnType<CcxtClient["watchOrderBook"]>>): WatchedBook => {
  // Its sides are a kind of array of their own.
  const side = (levels: typeof book.asks): Levels => Array.from(levels, ([price, size]) => [Number(price), Number(size)] as const);
  return { symbol: book.symbol ?? "", timestamp: book.timestamp ?? Number.NaN, asks: side(book.asks), bids: side(book.bids) };
};
