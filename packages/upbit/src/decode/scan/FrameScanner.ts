/**
 * The quick way from a socket's bytes to a message: one pass over the bytes, each field checked as its table says, numbers exact, repeated texts
 * found again and not made anew. A message of another spelling than the exchange's own, or with anything wrong, comes back `undefined` with the
 * cause, and `SocketFrame.ts` reads it by the general path, which is slower and says what is wrong. Both give equal values.
 */
import type { SocketMessage } from "@naru/router/transport/Venue";
import { socketCandle } from "../CandleShape.ts";
import { socketOrderbook } from "../OrderbookShape.ts";
import type { Spelling } from "../Shape.ts";
import { socketTicker } from "../TickerShape.ts";
import { socketTrade } from "../TradeShape.ts";
import type { Cause } from "./Cause.ts";
import { candleOf, orderbookOf, steadyOfTicker, tickerOf, tradeOf } from "./frameValues.ts";
import { ObjectScanner } from "./ObjectScanner.ts";
import { Slots } from "./Slots.ts";

const [space, quote, comma, colon, openBracket, closeBracket, openBrace] = [32, 34, 44, 58, 91, 93, 123] as const;
const [letterC, letterI, letterO, letterR, letterT] = [99, 105, 111, 114, 116] as const;
/** `{"ty`, with which every message about the market begins. */
const opening = 0x7b227479;
/** `pe":`. */
const fullEnd = 0x7065223a;

/** Longer messages are for the general path; a book of 30 levels has 3 kB. */
const maxBytes = 32_768;

interface Tables {
  readonly ticker: Slots;
  readonly trade: Slots;
  readonly orderbook: Slots;
  readonly candle: Slots;
}

/** One message of a market, or a list of them. */
export class FrameScanner {
  readonly #objects = new ObjectScanner(maxBytes);
  readonly #tables: Readonly<Record<Spelling, Tables>> = { full: tablesOf("full"), simple: tablesOf("simple") };
  /** Where the object ended that was read last. */
  #end = 0;

  /** Why the last message was not read; undefined where it is none about the market, such as a status or an error. */
  cause: Cause | undefined;

  /** The messages in `data`; undefined when the general path is to read it. */
  scan(data: Uint8Array): ReadonlyArray<SocketMessage> | undefined {
    const objects = this.#objects;
    if (!objects.load(data)) return this.#refuse("text");
    const first = objects.bytes[0]!;
    if (first === openBrace) {
      const message = this.#message(0);
      if (message === undefined) return undefined;
      return this.#end === objects.limit ? [message] : this.#refuse("syntax");
    }
    return first === openBracket ? this.#list() : this.#refuse(first === 0 || first > space ? "syntax" : "blank");
  }

  #list(): ReadonlyArray<SocketMessage> | undefined {
    const { bytes, limit } = this.#objects;
    const messages: Array<SocketMessage> = [];
    let at = 1;
    while (true) {
      if (bytes[at] !== openBrace) return this.#refuse("syntax");
      const message = this.#message(at);
      if (message === undefined) return undefined;
      messages.push(message);
      at = this.#end;
      const c = bytes[at];
      if (c === closeBracket) return at + 1 === limit ? messages : this.#refuse("syntax");
      if (c !== comma) return this.#refuse("syntax");
      at++;
    }
  }

  /** The message whose brace is at `at`. It names its type first: `{"type":"ticker",` or `{"ty":"ticker",`. */
  #message(at: number): SocketMessage | undefined {
    const objects = this.#objects;
    const { bytes, view, limit } = objects;
    if (at + 16 > limit || view.getInt32(at) !== opening) return this.#notOfMarket(at);
    const isFull = view.getInt32(at + 4) === fullEnd;
    if (!isFull && (bytes[at + 4] !== quote || bytes[at + 5] !== colon)) return this.#refuse("type");
    const spelling = isFull ? "full" : "simple";
    const value = at + (isFull ? 8 : 6);
    const tables = this.#tables[spelling];
    const slots = tableOf(tables, bytes[value + 1], bytes[value + 2]);
    if (slots === undefined) return this.#refuse(bytes[value]! <= space ? "blank" : "type");
    const typeEnd = objects.word(slots, 0, value);
    if (typeEnd < 0) return this.#refuse(objects.cause);
    if (bytes[typeEnd] !== comma) return this.#refuse("missing");
    objects.fields = undefined;
    const end =
      slots.runs.length > 0 ? objects.plannedRuns(slots, typeEnd + 1) : objects.planned(slots, typeEnd + 1, 0, slots.steps.length);
    this.#end = end < 0 ? this.#withCare(slots, typeEnd + 1) : end;
    if (end >= 0) slots.followed();
    return this.#end < 0 ? this.#refuse(objects.cause) : this.#valued(tables, slots, spelling);
  }

  /** Of a message that is not as planned, which may be nothing but another order of fields. */
  #withCare(slots: Slots, from: number): number {
    slots.begin();
    // The type is the first field of each of these tables.
    slots.note(0, true);
    const end = this.#objects.members(slots, from);
    if (end >= 0) slots.learn(1);
    return end;
  }

  #valued(tables: Tables, slots: Slots, spelling: Spelling): SocketMessage | undefined {
    const objects = this.#objects;
    const type = objects.values[0];
    const snapshot = objects.values[slots.size - 1] === "SNAPSHOT";
    if (slots === tables.ticker)
      return type === "ticker" ? { _tag: "Ticker", value: tickerOf(objects, slots), snapshot } : this.#refuse("type");
    if (slots === tables.trade)
      return type === "trade" ? { _tag: "Trade", value: tradeOf(objects, slots), snapshot } : this.#refuse("type");
    if (slots === tables.orderbook) {
      if (type !== "orderbook") return this.#refuse("type");
      const value = orderbookOf(objects, slots);
      return value === undefined ? this.#refuse("levels") : { _tag: "Orderbook", value, snapshot };
    }
    const value = candleOf(objects, slots, spelling);
    return value === undefined ? this.#refuse("value") : { _tag: "Candle", value, snapshot };
  }

  /** A status, an error, an answer about subscriptions: the general path's, and nothing to wonder at. */
  #notOfMarket(at: number): undefined {
    const c = this.#objects.bytes[at + 1];
    return this.#refuse(c === quote ? undefined : c !== undefined && c <= space ? "blank" : "syntax");
  }

  #refuse(cause: Cause | undefined): undefined {
    this.cause = cause;
    return undefined;
  }
}

const tablesOf = (spelling: Spelling): Tables => ({
  ticker: new Slots(socketTicker.fields, spelling, 0, { steady: steadyOfTicker }),
  trade: new Slots(socketTrade.fields, spelling, 0),
  orderbook: new Slots(socketOrderbook.fields, spelling, 0),
  candle: new Slots(socketCandle.fields, spelling, 0),
});

/** By the first two letters of the type; the whole of it is compared with the table's afterwards. */
const tableOf = (tables: Tables, first: number | undefined, second: number | undefined): Slots | undefined => {
  if (first === letterT) return second === letterR ? tables.trade : second === letterI ? tables.ticker : undefined;
  return first === letterO ? tables.orderbook : first === letterC ? tables.candle : undefined;
};
