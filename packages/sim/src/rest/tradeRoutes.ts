/**
 * Recent trades, newest first. Two readings of the documentation are assumptions: a query without `days_ago` goes back over midnight up to
 * seven days, one with it stays inside that UTC day.
 */
import { dayStart, prevCloseOf } from "../market/Figures.ts";
import { dayMs } from "../market/MarketTape.ts";
import { endOf, pointOfId, type TapePoint, type TradeRow } from "../market/Trade.ts";
import { parseTimeOfDay } from "../wire/Dates.ts";
import { tradeRow } from "../wire/RestRows.ts";
import { invalidParameter, typeMismatch } from "./Query.ts";
import { type Answering, type Asked, askedCount, askedTape, rows } from "./Route.ts";

export const trades: Answering = (asked) => {
  const { zoneOffsetMs } = asked.wire.profile;
  const tape = askedTape(asked);
  const wanted = askedCount(asked, 1, 500);
  const { from, upTo } = rangeOf(asked);
  const found: Array<TradeRow> = [];
  let at = tape.last(upTo);
  while (at !== undefined && at.ms >= from && found.length < wanted) {
    found.push(at);
    at = tape.last({ ms: at.ms, n: at.n - 1 });
  }
  const closes = new Map<number, number>();
  return rows(
    found.map((trade) => {
      const day = dayStart(trade.ms, zoneOffsetMs);
      const prevClose = closes.get(day) ?? prevCloseOf(tape, trade.ms, zoneOffsetMs) ?? trade.price;
      closes.set(day, prevClose);
      return tradeRow(asked.wire, tape.spec, trade, prevClose);
    }),
  );
};

/** The part of the tape a query may see: not before `from`, up to and including `upTo`. */
const rangeOf = ({ query, nowMs, rest }: Asked): { readonly from: number; readonly upTo: TapePoint } => {
  const daysText = query.get("days_ago") ?? query.get("daysAgo") ?? "";
  if (daysText !== "" && !/^-?\d{1,4}$/.test(daysText)) throw typeMismatch();
  const days = daysText === "" ? undefined : Number(daysText);
  if (days !== undefined && (days < 1 || days > 7)) throw invalidParameter();
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const dayStartMs = today - (days ?? 0) * dayMs;
  const limits: Array<TapePoint> = [days === undefined ? endOf(nowMs) : endOf(dayStartMs + dayMs - 1)];
  const to = query.get("to") ?? "";
  if (to !== "") {
    const offset = parseTimeOfDay(to);
    if (offset === undefined) throw invalidParameter();
    limits.push(endOf(dayStartMs + offset + (rest.tradesTo === "inclusive" ? 999 : -1)));
  }
  const cursor = query.get("cursor") ?? "";
  if (cursor !== "") {
    const point = pointOfId(cursor);
    if (point === undefined) throw typeMismatch();
    limits.push({ ms: point.ms, n: point.n - 1 });
  }
  const upTo = limits.reduce((a, b) => (b.ms < a.ms || (b.ms === a.ms && b.n < a.n) ? b : a));
  return { from: days === undefined ? today - 7 * dayMs : dayStartMs, upTo };
};
