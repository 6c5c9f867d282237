/** The lists of markets and their tickers. */
import { tickerFigures } from "../market/Figures.ts";
import type { MarketTape } from "../market/MarketTape.ts";
import { endOf } from "../market/Trade.ts";
import { emptyTickerRow, marketRow, tickerRow, warningRows } from "../wire/RestRows.ts";
import { flag, list, required } from "./Query.ts";
import { type Answering, type Asked, askedTapes, rows, tapeOf } from "./Route.ts";

export const markets: Answering = ({ world, query, wire }) => {
  const details = flag(query, wire.profile.list.detailFlags);
  return rows(world.markets.map((spec) => marketRow(wire, spec, details)));
};

export const warnings: Answering = ({ world, nowMs }) => rows(world.markets.flatMap((spec) => warningRows(spec, nowMs)));

export const tickers: Answering = (asked) => tickersOf(asked, askedTapes(asked));

export const allTickers: Answering = (asked) => {
  const quotes = new Set(list(required(asked.query, "quote_currencies")).map((quote) => quote.toUpperCase()));
  const listed = asked.world.markets.filter((spec) => quotes.has(spec.quote));
  return tickersOf(
    asked,
    listed.map((spec) => tapeOf(asked.world, spec.code)),
  );
};

const tickersOf = ({ wire, nowMs }: Asked, tapes: ReadonlyArray<MarketTape>): string =>
  rows(
    tapes.flatMap((tape) => {
      const figures = tickerFigures(tape, endOf(nowMs), wire.profile.zoneOffsetMs);
      if (figures !== undefined) return [tickerRow(wire, tape.spec, figures, nowMs)];
      return wire.options.neverTraded === "null" ? [emptyTickerRow(wire, tape.spec, nowMs)] : [];
    }),
  );
