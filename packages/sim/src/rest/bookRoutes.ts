/** Order books, and what can be asked of them: instruments and grouping levels. */
import { bookAt, groupedBookAt, groupingSteps } from "../market/Book.ts";
import type { MarketTape } from "../market/MarketTape.ts";
import { parseUnits } from "../market/TickSize.ts";
import { endOf } from "../market/Trade.ts";
import { bookRow } from "../wire/RestRows.ts";
import { plain } from "../wire/Spelling.ts";
import { invalidParameter, typeMismatch } from "./Query.ts";
import { type Answering, type Asked, askedCount, askedTapes, rows } from "./Route.ts";

/** A level that a market does not support leaves its book out, without an error. */
export const orderbook: Answering = (asked) => {
  const { wire } = asked;
  const { book } = wire.profile;
  const tapes = askedTapes(asked);
  const count = book.count ? askedCount(asked, book.restLevels, book.restLevels) : book.restLevels;
  const level = levelOf(asked);
  return rows(tapes.flatMap((tape) => bookOf(asked, tape, count, level)));
};

const bookOf = ({ wire, world, nowMs }: Asked, tape: MarketTape, count: number, level: string): ReadonlyArray<string> => {
  const step = parseUnits(level, tape.spec.decimals);
  const last = tape.last(endOf(nowMs));
  if (step === undefined || last === undefined) return [];
  if (step !== 0 && !groupingSteps(tape.spec, last.price).includes(step)) return [];
  const found = step === 0 ? bookAt(tape, world.halts, nowMs) : groupedBookAt(tape, world.halts, nowMs, step);
  return found === undefined ? [] : [bookRow(wire, tape.spec, found, count, plain(step, tape.spec.decimals))];
};

const levelOf = ({ query, wire }: Asked): string => {
  const level = query.get("level");
  if (level === null) return "0";
  const { grouping, levelWithoutGrouping } = wire.profile.book;
  if (!grouping) {
    if (levelWithoutGrouping === "refused") throw invalidParameter();
    return "0";
  }
  if (!/^\d+(\.\d+)?$/.test(level)) throw typeMismatch();
  return level;
};

const levelsOf = (tape: MarketTape, nowMs: number): ReadonlyArray<string> => {
  const price = tape.last(endOf(nowMs))?.price ?? tape.spec.reference;
  return ["0", ...groupingSteps(tape.spec, price).map((step) => plain(step, tape.spec.decimals))];
};

export const instruments: Answering = (asked) =>
  rows(
    askedTapes(asked).map((tape) => {
      const { spec } = tape;
      const tick = plain(spec.ticks.at(tape.last(endOf(asked.nowMs))?.price ?? spec.reference), spec.decimals);
      const levels = levelsOf(tape, asked.nowMs).map((level) => `"${level}"`);
      const grouping = asked.wire.profile.book.grouping ? `,"supported_levels":[${levels.join(",")}]` : "";
      return `{"market":"${spec.code}","quote_currency":"${spec.quote}","tick_size":"${tick}"${grouping}}`;
    }),
  );

export const supportedLevels: Answering = (asked) =>
  rows(askedTapes(asked).map((tape) => `{"market":"${tape.spec.code}","supported_levels":[${levelsOf(tape, asked.nowMs).join(",")}]}`));
