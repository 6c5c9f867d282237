/**
 * A question about many trades, answered from what is kept and in pages from the exchange. A question about a number of trades gets as many as there are,
 * and never one from behind a hole; a range is answered whole or not at all.
 */
import * as Effect from "effect/Effect";
import { missing } from "../cache/Coverage.ts";
import { asksNewest, type TradesQuestion } from "../domain/Question.ts";
import type { Trade } from "../domain/Trade.ts";
import { DecodeError, InvalidRequest } from "../errors/MarketDataError.ts";
import type { RestResult } from "../transport/RestCall.ts";
import { answered, type Asking, pageDeadline, run, whole } from "./asking.ts";
import { nothingKept, type TradeHistory } from "./tradeHistory.ts";
import { perhapsServedFromMs, tradeDays, TradeReading } from "./tradeReading.ts";

/** Trades that the answer to a range may have. */
export const mostTrades = 300_000;
/** Pages that may be shorter than asked: the ends of all days, once where a page ends and once where it finds nothing, and as often where kept ones end. */
const mostShortPages = 4 * (tradeDays + 1);
/** Pages of one question, whatever they bring: twice what the largest answer takes. */
const mostPages = 1_300;

export const trades = Effect.fnUntraced(function* (asking: Asking, question: TradesQuestion) {
  const { clock, venue } = asking;
  const history = isHistory(question, venue.paging.trades) ? asking.trades(venue.id, question.market) : nothingKept;
  const reading = new TradeReading(question, venue.paging.trades, clock.currentTimeMillisUnsafe(), history.isKept);
  yield* checkedReach(question, history, clock.currentTimeMillisUnsafe());
  let first: RestResult<Trade> | undefined;
  let keptRows = 0;
  while (!reading.isWhole && reading.shortPages <= mostShortPages && reading.asked < mostPages) {
    if (question.fromMs !== undefined && reading.rows > mostTrades) return yield* tooMany(question);
    const { edgeMs } = reading;
    const stretch = edgeMs === undefined ? undefined : yield* history.below(question.fromMs ?? Number.NEGATIVE_INFINITY, edgeMs);
    if (stretch !== undefined) {
      keptRows += stretch.rows.length;
      reading.kept(stretch.rows, stretch.fromMs);
      continue;
    }
    const query = reading.next();
    if (query === undefined) break;
    const call = yield* Effect.fromResult(venue.trades(question.market, query));
    const result: RestResult<Trade> = yield* Effect.flatMap(run(asking, call, question, pageDeadline(asking, question)), whole);
    first = first ?? result;
    const earliestMs = Math.min(result.exchangeNowMs, result.receivedMs);
    const known = reading.page(result.rows, { earliestMs, latestMs: Math.max(result.exchangeNowMs, result.receivedMs) });
    if (known !== undefined) yield* history.keep(known, earliestMs);
  }
  if (!reading.isWhole && (reading.shortPages > mostShortPages || reading.asked >= mostPages)) {
    const detail = `${reading.asked} pages, ${reading.shortPages} of them short, brought only ${reading.rows} trades`;
    return yield* new DecodeError({ stage: "answer", path: "", detail });
  }
  if (question.fromMs !== undefined && !reading.isWhole) return yield* beforeAll(question, reading.edgeMs);
  const rows = reading.result();
  const answer = answered(asking, first, rows, rows.at(-1)?.tradeTimeMs ?? null);
  return first !== undefined && keptRows === 0 ? answer : { ...answer, kept: { rows: keptRows, isAll: first === undefined } };
});

/** The newest page is about the present: whoever asks for it every second does not mean to write to the disk every second. */
const isHistory = (question: TradesQuestion, pageSize: number): boolean => !asksNewest(question) || (question.count ?? 0) > pageSize;

/** A range that begins before the exchange's seven days is answered only where all of that is kept. No request is sent to find that out. */
const checkedReach = ({ fromMs, toMs }: TradesQuestion, history: TradeHistory, nowMs: number) =>
  Effect.gen(function* () {
    const servedMs = perhapsServedFromMs(nowMs);
    if (fromMs === undefined || fromMs >= servedMs) return;
    const holes = missing(yield* history.coverage, { fromMs, toMs: Math.min(toMs ?? servedMs, servedMs) });
    const last = holes.at(-1);
    if (last !== undefined) return yield* beforeAll({ fromMs }, last.toMs);
  });

const beforeAll = ({ fromMs }: Pick<TradesQuestion, "fromMs">, edgeMs: number | undefined): InvalidRequest => {
  const reason =
    `lies before the last seven days, which is as far back as the exchange gives trades, and not all of it is kept` +
    (edgeMs === undefined ? "" : `: what is known begins at ${isoOf(edgeMs)}`);
  return new InvalidRequest({ field: "from", input: isoOf(fromMs ?? 0), reason });
};

const tooMany = ({ fromMs }: TradesQuestion): InvalidRequest =>
  new InvalidRequest({
    field: "from",
    input: isoOf(fromMs ?? 0),
    reason: `is followed by more than ${mostTrades} trades; ask for a shorter range`,
  });

const isoOf = (ms: number): string => new Date(ms).toISOString();
