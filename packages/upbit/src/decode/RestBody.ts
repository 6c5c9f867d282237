/**
 * REST bodies. Every good answer is a list; a record that cannot be read is rejected alone, with its path, and the others pass. A record
 * about a market that was not asked is an answer to somebody else's question and is rejected too.
 */
import * as Result from "effect/Result";
import { type CandleColumns, columnsOfRows } from "@naru/router/domain/CandleColumns";
import type { Candle } from "@naru/router/domain/Candle";
import type { Interval } from "@naru/router/domain/Interval";
import type { Market, MarketInfo } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { decodeUtf8, parseExactJson } from "@naru/router/transport/ExactJson";
import type { Decoded, RestBody } from "@naru/router/transport/Venue";
import { restCandle, toRestCandle } from "./CandleShape.ts";
import { type Instrument, restInstrument, restMarket, restSupportedLevels, toInstrument, toMarketInfo } from "./MarketShape.ts";
import { restOrderbook, toOrderbook } from "./OrderbookShape.ts";
import { expected, type Read, schemaError, UnknownFields } from "./Shape.ts";
import { restTicker, toTicker, untradedMarket } from "./TickerShape.ts";
import { CandlePageScanner } from "./scan/CandlePageScanner.ts";
import { restTrade, toTrade } from "./TradeShape.ts";

export type DecodeBody<A> = (body: RestBody) => Result.Result<Decoded<A>, DecodeError>;

/** The markets a question was about; `undefined` when it was about all there are. */
export type Asked = ReadonlySet<string> | undefined;

export const decodeTickers = (asked?: Asked): DecodeBody<Ticker> =>
  list(
    asked,
    () => converted(restTicker.read.full, toTicker),
    (record) => untradedMarket(record, "full", "market"),
  );

export const decodeOrderbooks = (asked?: Asked): DecodeBody<Orderbook> =>
  list(asked, () => converted(restOrderbook.read.full, toOrderbook));

export const decodeTrades = (asked?: Asked): DecodeBody<Trade> => list(asked, () => converted(restTrade.read.full, toTrade));

export const decodeCandles = (interval: Interval, asked?: Asked): DecodeBody<Candle> => {
  const read = restCandle(interval).read.full;
  const decodeGenerally = list(asked, (body) => converted(read, toRestCandle(interval, body.exchangeNowMs)));
  return (body) => {
    const rows = body.bytes === undefined ? undefined : candlePages.rows(body.bytes, interval, body.exchangeNowMs);
    if (rows === undefined || (asked !== undefined && !rows.every(({ market }) => asked.has(market)))) return decodeGenerally(body);
    return Result.succeed({ rows, rejected: [], unknownFields: [] });
  };
};

const candlePages = new CandlePageScanner();

/**
 * A page of closed or forming candles of one market as columns of doubles, oldest first, from its bytes: for research that reads pages itself. A
 * page that the scanner leaves is read by the general path; rows that cannot be read fail the whole.
 */
export const decodeCandleColumns = (bytes: Uint8Array, market: Market, interval: Interval): Result.Result<CandleColumns, DecodeError> => {
  const columns = candlePages.columns(bytes, market, interval);
  if (columns !== undefined) return Result.succeed(columns);
  return Result.flatMap(decodeUtf8(bytes), (text) =>
    // The state of a row is not among the columns, so that the moment does not matter.
    Result.flatMap(decodeCandles(interval, new Set([market]))({ text, exchangeNowMs: 0 }), ({ rows, rejected }) => {
      const [first] = rejected;
      if (first !== undefined) return Result.fail(first);
      const byWindow = new Map(rows.map((row) => [row.openTimeMs, row]));
      return Result.succeed(
        columnsOfRows(
          market,
          interval,
          [...byWindow.values()].sort((a, b) => a.openTimeMs - b.openTimeMs),
        ),
      );
    }),
  );
};

export const decodeMarkets = (): DecodeBody<MarketInfo> => list(undefined, () => converted(restMarket.read.full, toMarketInfo));

export const decodeInstruments = (asked?: Asked): DecodeBody<Instrument> =>
  list(asked, () => converted(restInstrument.read.full, toInstrument));

export const decodeSupportedLevels = (asked?: Asked): DecodeBody<Instrument> =>
  list(asked, () => converted(restSupportedLevels.read.full, toInstrument));

const converted =
  <R, A>(read: Read<R>, convert: (row: R, path: string) => A | DecodeError): Read<A> =>
  (value, path, unknown) => {
    const row = read(value, path, unknown);
    return row instanceof DecodeError ? row : convert(row, path);
  };

const list =
  <A extends { readonly market: string }>(
    asked: Asked,
    readerFor: (body: RestBody) => Read<A>,
    untradedOf?: (record: unknown) => Market | undefined,
  ): DecodeBody<A> =>
  (body) =>
    Result.flatMap(parseExactJson(body.text), (json) => {
      if (!Array.isArray(json)) return Result.fail(schemaError("", expected("a list", json)));
      const read = readerFor(body);
      const unknown = new UnknownFields();
      const rows: Array<A> = [];
      const rejected: Array<DecodeError> = [];
      const untraded: Array<Market> = [];
      for (let i = 0; i < json.length; i++) {
        const value = read(json[i], `[${i}]`, unknown);
        const untradedHere = value instanceof DecodeError ? untradedOf?.(json[i]) : undefined;
        if (untradedHere !== undefined && asked?.has(untradedHere) !== false) untraded.push(untradedHere);
        else if (value instanceof DecodeError) rejected.push(value);
        else if (asked !== undefined && !asked.has(value.market)) rejected.push(notAsked(i, value.market));
        else rows.push(value);
      }
      return Result.succeed({ rows, rejected, unknownFields: unknown.names, ...(untraded.length > 0 && { untraded }) });
    });

const notAsked = (index: number, market: string): DecodeError =>
  new DecodeError({ stage: "answer", path: `[${index}].market`, detail: `${market} was not asked` });
