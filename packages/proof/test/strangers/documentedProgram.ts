/**
 * The program the exchange's own documentation shows for its socket: open, send one request, read every message with `JSON.parse`, keep the
 * latest of each kind and market. Below it the documentation's abbreviations, and what a message ought to say by the exchange's tape.
 */
import type { ExchangeModel } from "@naru/sim";
import { WebSocket } from "ws";
import {
  bookNumbersAt,
  candlesOf,
  idOf,
  moneyOf,
  numberOf,
  priceOf,
  sizeOf,
  tapeOf,
  tickerAt,
  type TapePoint,
  type TickerNumbers,
  tradesBetween,
} from "../../src/strangers/truth.ts";

export type Format = "DEFAULT" | "SIMPLE" | "JSON_LIST" | "SIMPLE_LIST";
export type Message = Readonly<Record<string, unknown>>;

export class DocumentedProgram {
  readonly format: Format;
  /** Every text received, as it was. */
  readonly texts: Array<string> = [];
  /** The latest message of each type and code, under full names. */
  readonly latest = new Map<string, Message>();
  readonly statuses: Array<string> = [];
  /** The answers to LIST_SUBSCRIPTIONS, under full names. */
  readonly lists: Array<Message> = [];
  private readonly socket: WebSocket;

  constructor(url: string, format: Format, requests: ReadonlyArray<object>, onMessage: (program: DocumentedProgram) => void) {
    this.format = format;
    this.socket = new WebSocket(url);
    this.socket.on("open", () => {
      this.send([{ ticket: "documented" }, ...requests, { format }]);
      this.socket.send("PING");
    });
    this.socket.on("message", (data) => {
      this.read(data.toString());
      onMessage(this);
    });
  }

  /** Asks what is subscribed, in the format of the running stream, which it would change otherwise. */
  list(): void {
    this.send([{ ticket: "documented" }, { method: "LIST_SUBSCRIPTIONS" }, { format: this.format }]);
  }

  close(): void {
    this.socket.close();
  }

  private send(request: ReadonlyArray<object>): void {
    this.socket.send(JSON.stringify(request));
  }

  private read(text: string): void {
    this.texts.push(text);
    const parsed: unknown = JSON.parse(text);
    // The list formats wrap every message of data, and nothing else.
    for (const one of Array.isArray(parsed) ? parsed : [parsed]) {
      const message = withFullNames(one);
      if ("status" in message) this.statuses.push(String(message["status"]));
      else if ("method" in message) this.lists.push(message);
      else this.latest.set(`${String(message["type"])} ${String(message["code"])}`, message);
    }
  }
}

const common = {
  ty: "type",
  cd: "code",
  tms: "timestamp",
  st: "stream_type",
  tp: "trade_price",
  tv: "trade_volume",
  ab: "ask_bid",
  pcp: "prev_closing_price",
  c: "change",
  cp: "change_price",
  ttms: "trade_timestamp",
  ttm: "trade_time",
  op: "opening_price",
  hp: "high_price",
  lp: "low_price",
};

/** The abbreviations as the documentation lists them. Some mean different things in different types. */
const abbreviations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ticker: {
    ...common,
    atp: "acc_trade_price",
    scp: "signed_change_price",
    cr: "change_rate",
    scr: "signed_change_rate",
    atv: "acc_trade_volume",
    tdt: "trade_date",
    aav: "acc_ask_volume",
    abv: "acc_bid_volume",
    h52wp: "highest_52_week_price",
    h52wdt: "highest_52_week_date",
    l52wp: "lowest_52_week_price",
    l52wdt: "lowest_52_week_date",
    ms: "market_state",
    its: "is_trading_suspended",
    dd: "delisting_date",
    mw: "market_warning",
    atp24h: "acc_trade_price_24h",
    atv24h: "acc_trade_volume_24h",
  },
  trade: {
    ...common,
    td: "trade_date",
    sid: "sequential_id",
    bap: "best_ask_price",
    bas: "best_ask_size",
    bbp: "best_bid_price",
    bbs: "best_bid_size",
  },
  orderbook: {
    ...common,
    tas: "total_ask_size",
    tbs: "total_bid_size",
    obu: "orderbook_units",
    lv: "level",
    ap: "ask_price",
    bp: "bid_price",
    as: "ask_size",
    bs: "bid_size",
  },
  candle: {
    ...common,
    cdttmu: "candle_date_time_utc",
    cdttmk: "candle_date_time_kst",
    catv: "candle_acc_trade_volume",
    catp: "candle_acc_trade_price",
  },
  list: { mthd: "method", rslt: "result", tckt: "ticket", ty: "type", cds: "codes", lv: "level" },
};

/** A message under the documentation's full names; a name it does not know stays as it is, and will be missed by who looks. */
export const withFullNames = (value: unknown): Message => {
  const message = value as Message; // JSON objects are records
  const type = String(message["ty"] ?? ("mthd" in message ? "list" : "")).split(".")[0] ?? "";
  const names = abbreviations[type] ?? {};
  const rename = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(rename);
    if (typeof item !== "object" || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [names[name] ?? name, rename(inner)]));
  };
  return rename(message) as Message; // a renamed record
};

/** The numbers the exchange's tape gives for a message, under the message's names; several where the message may stand between two trades. */
export const expectedOf = (exchange: ExchangeModel, message: Message, levels: number): ReadonlyArray<Message> => {
  const type = String(message["type"]);
  const tape = tapeOf(exchange, String(message["code"]));
  if (type === "orderbook") return [expectedBook(exchange, tape, Number(message["timestamp"]), levels)];
  if (type.startsWith("candle.")) return expectedCandles(tape, type.slice("candle.".length), message);
  const tradeMs = Number(message["trade_timestamp"]);
  return tradesBetween(tape, tradeMs, tradeMs).map((trade) => {
    const said = {
      trade_price: priceOf(tape, trade),
      trade_volume: sizeOf(trade),
      ask_bid: trade.bid ? "BID" : "ASK",
    };
    if (type === "trade") return said;
    const { open, high, low, previousClose, change, changeRate, volume24h, money24h } = rememberedTicker(
      tape,
      message["stream_type"] === "SNAPSHOT" ? { ms: Number(message["timestamp"]), n: 9_999 } : trade,
    );
    return {
      ...said,
      opening_price: open,
      high_price: high,
      low_price: low,
      prev_closing_price: previousClose,
      signed_change_price: change,
      signed_change_rate: changeRate,
      acc_trade_volume_24h: volume24h,
      acc_trade_price_24h: money24h,
    };
  });
};

type Tape = ReturnType<typeof tapeOf>;

/** Four programs read the same tickers, and each is a day of trades added up. */
const tickers = new WeakMap<Tape, Map<string, TickerNumbers>>();

const rememberedTicker = (tape: Tape, point: TapePoint): TickerNumbers => {
  const known = tickers.get(tape) ?? new Map<string, TickerNumbers>();
  const ticker = known.get(idOf(point)) ?? tickerAt(tape, point);
  tickers.set(tape, known.set(idOf(point), ticker));
  return ticker;
};

const expectedBook = (exchange: ExchangeModel, tape: Tape, timestamp: number, levels: number): Message => {
  const book = bookNumbersAt(exchange, tape, timestamp);
  return {
    timestamp: book.timestamp,
    orderbook_units: Array.from({ length: Math.min(levels, book.asks.length) }, (_, i) => ({
      ask_price: book.asks[i]?.[0],
      bid_price: book.bids[i]?.[0],
      ask_size: book.asks[i]?.[1],
      bid_size: book.bids[i]?.[1],
    })),
  };
};

const expectedCandles = (tape: Tape, unit: string, message: Message): ReadonlyArray<Message> => {
  const startMs = Date.parse(`${String(message["candle_date_time_utc"])}Z`);
  const trades = tradesBetween(tape, startMs, Number(message["timestamp"]));
  return trades.flatMap((trade, i) => {
    if (trade.ms !== message["timestamp"]) return [];
    const known = trades.slice(0, i + 1);
    const candle = candlesOf(tape, unit, known).at(-1);
    if (candle === undefined || candle[0] !== startMs) return [];
    const [, open, high, low, close, volume] = candle;
    const money = known.reduce((sum, { price, size }) => sum + BigInt(price) * BigInt(size), 0n);
    return [
      {
        opening_price: open,
        high_price: high,
        low_price: low,
        trade_price: close,
        candle_acc_trade_volume: volume,
        candle_acc_trade_price: known.length === 1 ? moneyOf(tape, trade) : numberOf(money, tape.spec.decimals + 8),
      },
    ];
  });
};
