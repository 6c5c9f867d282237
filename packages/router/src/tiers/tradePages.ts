/** Trades read back in pages, newest first, the way exchanges serve them: by the id of the oldest one so far, and by UTC day where that ends. */
import * as Effect from "effect/Effect";
import type { TradesQuestion } from "../domain/Question.ts";
import type { Trade } from "../domain/Trade.ts";
import type { RestResult } from "../transport/RestCall.ts";
import { answered, type Asking, pageDeadline, run, whole } from "./asking.ts";

/** UTC days before today whose trades exchanges keep. */
const tradeDays = 7;

export const trades = Effect.fnUntraced(function* (asking: Asking, question: TradesQuestion) {
  const { venue } = asking;
  const rows = new Map<string, Trade>();
  let before = question.before;
  let daysAgo: number | undefined;
  let first: RestResult<Trade> | undefined;
  const pages = Math.ceil(question.count / venue.paging.trades) + 1 + tradeDays;
  for (let page = 0; page < pages && rows.size < question.count; page++) {
    const count = Math.min(question.count - rows.size, venue.paging.trades);
    const call = yield* Effect.fromResult(venue.trades(question.market, { count, before, daysAgo }));
    const result: RestResult<Trade> = yield* Effect.flatMap(run(asking, call, question, pageDeadline(asking, question)), whole);
    first = first ?? result;
    const known = rows.size;
    for (const row of result.rows) rows.set(row.id, row);
    before = result.rows.at(-1)?.id ?? before;
    if (rows.size > known) continue;
    // Nothing older in this UTC day: the day before may hold more, as far back as the exchange keeps them.
    daysAgo = (daysAgo ?? 0) + 1;
    if (daysAgo > tradeDays) break;
  }
  const oldestFirst = [...rows.values()].reverse();
  return answered(asking, first, oldestFirst, oldestFirst.at(-1)?.tradeTimeMs ?? null);
});
