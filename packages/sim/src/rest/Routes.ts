/**
 * The quotation endpoints: path and query to status and text, as of a moment. Two readings of the documentation are assumptions: a trades
 * query without `days_ago` goes back over midnight up to seven days, one with it stays inside that UTC day.
 */
import { bookAt, groupedBookAt, groupingSteps, maxLevels } from "../market/Book.ts";
import { type Candle, candlesBefore, prevCloseOf, tickerFigures } from "../market/Figures.ts";
import { dayMs, type MarketTape } from "../market/MarketTape.ts";
import { parseUnits } from "../market/TickSize.ts";
import { endOf, pointOfId, type TapePoint, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import type { World } from "../market/World.ts";
import { parseTimeOfDay, parseTo } from "../wire/Dates.ts";
import { bookRow, candleRow, type DayExtra, marketRow, tickerRow, tradeRow } from "../wire/RestRows.ts";
import { plain } from "../wire/Spelling.ts";
import { type Answer, BadRequest, codeNotFound, count, flag, invalidParameter, list, required, typeMismatch } from "./Query.ts";

export interface Route {
  /** The limit group's name on the wire. */
  readonly group: string;
  readonly answer: (world: World, query: URLSearchParams, nowMs: number) => string;
}

/** The route of a path; `undefined` where the gateway has none. */
export const routeOf = (path: string): Route | undefined => routes.get(path);

/** Runs a route; a refused query becomes its error answer. */
export const answerRoute = (route: Route, world: World, query: URLSearchParams, nowMs: number): Answer => {
  try {
    return { status: 200, text: route.answer(world, query, nowMs) };
  } catch (error) {
    if (error instanceof BadRequest) return error.answer;
    throw error;
  }
};

const tapeOf = (world: World, code: string): MarketTape => {
  const tape = world.tape(code.toUpperCase());
  if (tape === undefined) throw codeNotFound();
  return tape;
};

const tapesOf = (world: World, query: URLSearchParams): ReadonlyArray<MarketTape> =>
  list(required(query, "markets")).map((code) => tapeOf(world, code));

const rows = (items: Iterable<string>): string => `[${[...items].join(",")}]`;

const tickers = (tapes: ReadonlyArray<MarketTape>, nowMs: number): string =>
  rows(
    tapes.flatMap((tape) => {
      const figures = tickerFigures(tape, endOf(nowMs));
      return figures === undefined ? [] : [tickerRow(tape.spec, figures, nowMs)];
    }),
  );

const allTickers: Route["answer"] = (world, query, nowMs) => {
  const quotes = new Set(list(required(query, "quote_currencies")).map((quote) => quote.toUpperCase()));
  return tickers(
    world.markets.filter((spec) => quotes.has(spec.quote)).map((spec) => tapeOf(world, spec.code)),
    nowMs,
  );
};

const markets: Route["answer"] = (world, query) => {
  const details = flag(query, "is_details", "isDetails");
  return rows(world.markets.map((spec) => marketRow(spec, details)));
};

const orderbook: Route["answer"] = (world, query, nowMs) => {
  const tapes = tapesOf(world, query);
  const levels = count(query, maxLevels, maxLevels);
  const level = query.get("level") ?? "0";
  if (!/^\d+(\.\d+)?$/.test(level)) throw typeMismatch();
  return rows(
    tapes.flatMap((tape) => {
      const step = parseUnits(level, tape.spec.decimals);
      const last = tape.last(endOf(nowMs));
      if (step === undefined || last === undefined) return [];
      if (step === 0) {
        const book = bookAt(tape, world.halts, nowMs);
        return book === undefined ? [] : [bookRow(tape.spec, book, levels, "0")];
      }
      if (!groupingSteps(tape.spec, last.price).includes(step)) return [];
      const book = groupedBookAt(tape, world.halts, nowMs, step);
      return book === undefined ? [] : [bookRow(tape.spec, book, levels, plain(step, tape.spec.decimals))];
    }),
  );
};

const levelsOf = (tape: MarketTape, nowMs: number): ReadonlyArray<string> => {
  const price = tape.last(endOf(nowMs))?.price ?? tape.spec.reference;
  return ["0", ...groupingSteps(tape.spec, price).map((step) => plain(step, tape.spec.decimals))];
};

const instruments: Route["answer"] = (world, query, nowMs) =>
  rows(
    tapesOf(world, query).map((tape) => {
      const { spec } = tape;
      const tick = plain(spec.ticks.at(tape.last(endOf(nowMs))?.price ?? spec.reference), spec.decimals);
      const levels = levelsOf(tape, nowMs).map((level) => `"${level}"`);
      return `{"market":"${spec.code}","quote_currency":"${spec.quote}","tick_size":"${tick}","supported_levels":[${levels.join(",")}]}`;
    }),
  );

const supportedLevels: Route["answer"] = (world, query, nowMs) =>
  rows(tapesOf(world, query).map((tape) => `{"market":"${tape.spec.code}","supported_levels":[${levelsOf(tape, nowMs).join(",")}]}`));

/** Seconds candles reach back three months. */
const secondsReachMs = 90 * dayMs;

const candles =
  (unit: CandleUnit): Route["answer"] =>
  (world, query, nowMs) => {
    const tape = tapeOf(world, required(query, "market"));
    const to = query.get("to") ?? "";
    const toMs = to === "" ? nowMs + 1 : parseTo(to);
    if (toMs === undefined) throw invalidParameter();
    const wanted = count(query, 1, 200);
    const found = candlesBefore(tape, unit, toMs, wanted, nowMs, unit === "1s" ? nowMs - secondsReachMs : 0);
    const convert = unit === "1d" ? query.get("converting_price_unit") : null;
    if (convert !== null && convert !== "KRW") throw invalidParameter();
    return rows(
      found.map((candle) =>
        candleRow(tape.spec, unit, candle, unit === "1d" ? dayExtra(world, tape, candle, convert !== null, nowMs) : undefined),
      ),
    );
  };

const dayExtra = (world: World, tape: MarketTape, candle: Candle, convert: boolean, nowMs: number): DayExtra => ({
  prevClose: prevCloseOf(tape, candle.startMs) ?? candle.fold.open,
  converted: convert ? converted(world, tape, candle, nowMs) : undefined,
});

/** The close in KRW at the day's end, with the noise of the double arithmetic the exchange uses; null where there is nothing to convert. */
const converted = (world: World, tape: MarketTape, { fold, startMs }: Candle, nowMs: number): string => {
  if (tape.spec.quote === "KRW") return "null";
  const bridge = tapeOf(world, `KRW-${tape.spec.quote}`);
  const rate = bridge.last(endOf(Math.min(nowMs, startMs + dayMs - 1)));
  if (rate === undefined) return "null";
  return String((fold.close / 10 ** tape.spec.decimals) * (rate.price / 10 ** bridge.spec.decimals));
};

const trades: Route["answer"] = (world, query, nowMs) => {
  const tape = tapeOf(world, required(query, "market"));
  const wanted = count(query, 1, 500);
  const { from, upTo } = tradesRange(query, nowMs);
  const found: Array<TradeRow> = [];
  let at = tape.last(upTo);
  while (at !== undefined && at.ms >= from && found.length < wanted) {
    found.push(at);
    at = tape.last({ ms: at.ms, n: at.n - 1 });
  }
  const closes = new Map<number, number>();
  return rows(
    found.map((trade) => {
      const day = Math.floor(trade.ms / dayMs);
      const prevClose = closes.get(day) ?? prevCloseOf(tape, trade.ms) ?? trade.price;
      closes.set(day, prevClose);
      return tradeRow(tape.spec, trade, prevClose);
    }),
  );
};

/** The part of the tape a trades query may see: not before `from`, up to and including `upTo`. */
const tradesRange = (query: URLSearchParams, nowMs: number): { readonly from: number; readonly upTo: TapePoint } => {
  const daysText = query.get("days_ago") ?? query.get("daysAgo") ?? "";
  if (daysText !== "" && !/^-?\d{1,4}$/.test(daysText)) throw typeMismatch();
  const days = daysText === "" ? undefined : Number(daysText);
  if (days !== undefined && (days < 1 || days > 7)) throw invalidParameter();
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const dayStart = today - (days ?? 0) * dayMs;
  const limits: Array<TapePoint> = [days === undefined ? endOf(nowMs) : endOf(dayStart + dayMs - 1)];
  const to = query.get("to") ?? "";
  if (to !== "") {
    const offset = parseTimeOfDay(to);
    if (offset === undefined) throw invalidParameter();
    limits.push(endOf(dayStart + offset - 1));
  }
  const cursor = query.get("cursor") ?? "";
  if (cursor !== "") {
    const point = pointOfId(cursor);
    if (point === undefined) throw typeMismatch();
    limits.push({ ms: point.ms, n: point.n - 1 });
  }
  const upTo = limits.reduce((a, b) => (b.ms < a.ms || (b.ms === a.ms && b.n < a.n) ? b : a));
  return { from: days === undefined ? today - 7 * dayMs : dayStart, upTo };
};

const minuteUnits = [1, 3, 5, 10, 15, 30, 60, 240] as const;

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/v1/market/all", { group: "market", answer: markets }],
  ["/v1/ticker", { group: "ticker", answer: (world, query, nowMs) => tickers(tapesOf(world, query), nowMs) }],
  ["/v1/ticker/all", { group: "ticker", answer: allTickers }],
  ["/v1/orderbook", { group: "orderbook", answer: orderbook }],
  ["/v1/orderbook/instruments", { group: "orderbook", answer: instruments }],
  ["/v1/orderbook/supported_levels", { group: "orderbook", answer: supportedLevels }],
  ["/v1/trades/ticks", { group: "crix-trades", answer: trades }],
  ["/v1/candles/seconds", { group: "candles", answer: candles("1s") }],
  ...minuteUnits.map((unit): [string, Route] => [`/v1/candles/minutes/${unit}`, { group: "candles", answer: candles(`${unit}m`) }]),
  ["/v1/candles/days", { group: "candles", answer: candles("1d") }],
  ["/v1/candles/weeks", { group: "candles", answer: candles("1w") }],
  ["/v1/candles/months", { group: "candles", answer: candles("1M") }],
  ["/v1/candles/years", { group: "candles", answer: candles("1y") }],
]);
