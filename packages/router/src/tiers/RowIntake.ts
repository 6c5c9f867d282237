/** Candles collected as rows while they are read, keyed by their window, and the answer made of them. Plain state. */
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { Decimal } from "../domain/Decimal.ts";
import { windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import type { Added, Intake } from "./candlePages.ts";
import type { Part } from "./candleSchedule.ts";

export class RowIntake implements Intake<ReadonlyArray<Candle>, ReadonlyArray<Candle>> {
  readonly #question: CandlesQuestion;
  readonly #rows = new Map<number, Candle>();
  oldestMs = Number.POSITIVE_INFINITY;

  constructor(question: CandlesQuestion) {
    this.#question = question;
  }

  page(rows: ReadonlyArray<Candle>): Added {
    const { forming, fromMs, toMs } = this.#question;
    const belongs = ({ state, openTimeMs }: Candle) => (forming === "include" || state !== "forming") && openTimeMs < (toMs ?? Infinity);
    let [added, belonging, newestMs] = [0, 0, Number.NEGATIVE_INFINITY];
    for (const row of rows) {
      const before = this.#rows.get(row.openTimeMs);
      const more = Number(belongs(row)) - Number(before !== undefined && belongs(before));
      added += more;
      if (row.openTimeMs >= (fromMs ?? -Infinity)) belonging += more;
      this.#rows.set(row.openTimeMs, row);
      this.oldestMs = Math.min(this.oldestMs, row.openTimeMs);
      newestMs = Math.max(newestMs, row.openTimeMs);
    }
    return { added, belonging, newestMs };
  }

  kept(_: Part, rows: ReadonlyArray<Candle>): Added {
    return this.page(rows);
  }

  result(exchangeNowMs: number): ReadonlyArray<Candle> {
    const question = this.#question;
    let rows = [...this.#rows.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
    if (question.forming === "exclude") rows = rows.filter((row) => row.state !== "forming");
    if (question.fill === "flat") rows = fillFlat(rows, question, exchangeNowMs);
    const from = question.fromMs ?? Number.NEGATIVE_INFINITY;
    const to = question.toMs ?? Number.POSITIVE_INFINITY;
    rows = rows.filter((row) => row.openTimeMs >= from && row.openTimeMs < to);
    return question.count === null ? rows : rows.slice(-question.count);
  }
}

/**
 * Puts an `empty` candle into every window without a trade, up to the last closed window of the question. Works back from the newest row and
 * stops at the question's count or start, so a lone old row never costs more windows than are wanted.
 */
const fillFlat = (rows: ReadonlyArray<Candle>, question: CandlesQuestion, exchangeNowMs: number): Array<Candle> => {
  const wanted = question.count ?? Number.POSITIVE_INFINITY;
  const from = question.fromMs ?? Number.NEGATIVE_INFINITY;
  const newestFirst: Array<Candle> = [];
  // A window that ended just now may yet get the trades that the exchange books late.
  let end = Math.min(question.toMs ?? Number.POSITIVE_INFINITY, windowStart(question.interval, exchangeNowMs - closeMarginMs));
  for (let i = rows.length - 1; i >= 0 && newestFirst.length < wanted; i--) {
    const row = rows[i];
    if (row === undefined) break;
    for (let start = windowBefore(row, end); start > row.openTimeMs && start >= from; start = windowStart(row.interval, start - 1)) {
      newestFirst.push(emptyAfter(row, start));
      if (newestFirst.length >= wanted) break;
    }
    newestFirst.push(row);
    end = row.openTimeMs;
  }
  return newestFirst.reverse();
};

const windowBefore = (row: Candle, endMs: number): number =>
  endMs <= row.openTimeMs ? row.openTimeMs : windowStart(row.interval, endMs - 1);

const emptyAfter = (last: Candle, openTimeMs: number): Candle => ({
  market: last.market,
  interval: last.interval,
  openTimeMs,
  open: last.close,
  high: last.close,
  low: last.close,
  close: last.close,
  volume: Decimal.zero,
  value: Decimal.zero,
  lastTradeTimeMs: last.lastTradeTimeMs,
  state: "empty",
});
