/**
 * Trades as they are read back, newest first, the way exchanges serve them: what to ask next from what has come, which stretch is known completely by now,
 * and how the rows become the answer. What is kept already takes the place of pages. Plain state, no clock and no network.
 *
 * Pages are cut by the id of a trade, and several trades share a millisecond: a page may end inside of one. So what is known begins a millisecond after
 * the oldest row of the last page, and what came of that row's own millisecond is known completely together with the next page. The exchange goes back by
 * UTC days, seven of them; only an empty page means that a day has no more, and a day is counted so carefully that neither clock need be right to a minute.
 */
import { inOrder } from "../cache/keptTrades.ts";
import type { TimeRange } from "../cache/Coverage.ts";
import type { TradesQuestion } from "../domain/Question.ts";
import type { Trade } from "../domain/Trade.ts";
import type { TradesQuery } from "../transport/Venue.ts";

/** UTC days before today whose trades exchanges keep. */
export const tradeDays = 7;
const dayMs = 86_400_000;
/** How far the exchange's clock may be from what we take it for, where a day begins. */
const doubtMs = 60_000;

/** What is known completely since the last page, and all trades of it. */
export interface KnownTrades extends TimeRange {
  readonly rows: ReadonlyArray<Trade>;
}

/** What two clocks say at one moment, epoch milliseconds: where they differ, either may be wrong. */
export interface TwoClocks {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** The first moment whose trades the exchange still has for certain. */
export const servedFromMs = (nowMs: number): number => nowMs - tradeDays * dayMs;

/** The first moment of which the exchange may still have trades. */
export const perhapsServedFromMs = (nowMs: number): number => (dayOf(nowMs) - tradeDays) * dayMs;

export class TradeReading {
  readonly #question: TradesQuestion;
  readonly #pageSize: number;
  /** One more row than wanted, where the page has room: by it the millisecond of the last one wanted is known, and need not be asked for again. */
  readonly #spare: number;
  #clocks: TwoClocks;
  readonly #rows = new Map<string, Trade>();
  /** From here on everything is known, up to where the question ends; undefined before anything is. */
  #edgeMs: number | undefined;
  /** The edge, where it is one of a list in order; what is known below it is known completely. */
  #soundMs: number | undefined;
  /** What came of the millisecond right below the edge, which the last page may have cut. */
  #cut: ReadonlyArray<Trade> = [];
  #cursor: string | undefined;
  /** Time of the row the cursor is of. */
  #cursorMs = Number.POSITIVE_INFINITY;
  /** The UTC day that is read, where the exchange has to be told; undefined while it goes back by itself. */
  #daysAgo: number | undefined;
  /** What was asked last. */
  #asked: TradesQuery | undefined;
  #isExhausted = false;
  /** Pages so far. */
  asked = 0;
  /** Pages that were shorter than asked, or of no use. */
  shortPages = 0;

  constructor(question: TradesQuestion, pageSize: number, nowMs: number, isKept = false) {
    this.#question = question;
    this.#pageSize = pageSize;
    this.#spare = isKept ? 1 : 0;
    this.#clocks = { earliestMs: nowMs, latestMs: nowMs };
    this.#cursor = question.before;
    this.#edgeMs = question.before === undefined ? (question.toMs ?? Number.POSITIVE_INFINITY) : undefined;
    this.#soundMs = this.#edgeMs;
  }

  /** Rows so far that belong to the answer, but for the cut at its start. */
  get rows(): number {
    return this.#rows.size;
  }

  /** Everything is known from here on, as far as a moment can be named. */
  get edgeMs(): number | undefined {
    return this.#edgeMs === Number.POSITIVE_INFINITY ? undefined : this.#edgeMs;
  }

  /** Whether the answer is whole. */
  get isWhole(): boolean {
    const { count, fromMs } = this.#question;
    return fromMs === undefined ? this.#rows.size >= (count ?? 0) : this.#edgeMs !== undefined && this.#edgeMs <= fromMs;
  }

  /** What to read next, or undefined when nothing is missing or the exchange has no more. */
  next(): TradesQuery | undefined {
    if (this.isWhole || this.#isExhausted) return undefined;
    const { count } = this.#question;
    const rows = count === null ? this.#pageSize : Math.min(this.#pageSize, count - this.#rows.size + this.#spare);
    const place = this.#cursor === undefined ? this.#place() : { before: this.#cursor, daysAgo: this.#daysAgo };
    if ((place.daysAgo ?? 0) > tradeDays) {
      this.#isExhausted = true;
      return undefined;
    }
    this.#asked = { count: rows, ...place };
    return this.#asked;
  }

  /** Takes in one page of the exchange. What is known completely by it; undefined where that is nothing new. */
  page(page: ReadonlyArray<Trade>, clocks: TwoClocks): KnownTrades | undefined {
    const { count = 0, daysAgo = 0 } = this.#asked ?? {};
    this.#clocks = clocks;
    this.asked++;
    // By the exchange's clock the day that was asked for is another one: what came begins in the wrong place.
    const isMisplaced = this.#cursor === undefined && (this.#place().daysAgo ?? 0) < daysAgo;
    if (isMisplaced || page.length < count) this.shortPages++;
    if (isMisplaced) return undefined;
    return this.#isFurther(page) ? this.#progress(page) : this.#endOfDay(page.length === 0, daysAgo);
  }

  /** Takes in what was kept from `fromMs` to the edge: all that is there. */
  kept(rows: ReadonlyArray<Trade>, fromMs: number): void {
    for (const row of rows) this.#add(row);
    this.#moveTo(fromMs, []);
    this.#soundMs = fromMs;
    const [oldest] = rows;
    if (oldest !== undefined) this.#setCursor(oldest);
    if (this.#daysAgo !== undefined) this.#daysAgo = Math.max(this.#daysAgo, this.#dayBelow(fromMs));
  }

  /** The answer: oldest first, of one millisecond by id, cut to the question. */
  result(): ReadonlyArray<Trade> {
    const { count, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = this.#question;
    const rows = inOrder(this.#rows.values()).filter(({ tradeTimeMs }) => tradeTimeMs >= fromMs && tradeTimeMs < toMs);
    return count === null ? rows : rows.slice(-count);
  }

  /** Whether a page reaches further back than the one before it. */
  #isFurther(page: ReadonlyArray<Trade>): boolean {
    const oldest = page.at(-1);
    if (oldest === undefined || oldest.id === this.#cursor || oldest.tradeTimeMs > this.#cursorMs) return false;
    return page.some(({ id }) => !this.#rows.has(id));
  }

  #progress(page: ReadonlyArray<Trade>): KnownTrades | undefined {
    const [newest, oldest] = [page[0], page.at(-1)];
    if (newest === undefined || oldest === undefined) return undefined;
    for (const row of page) this.#add(row);
    const isInOrder = page.every((row, at) => row.tradeTimeMs <= (at === 0 ? this.#cursorMs : (page[at - 1]?.tradeTimeMs ?? Infinity)));
    // Of the newest row's millisecond there may be more above the page, where nothing says what it begins below.
    const toMs = this.#soundMs ?? newest.tradeTimeMs;
    const fromMs = Math.min(oldest.tradeTimeMs + 1, this.#edgeMs ?? Number.POSITIVE_INFINITY);
    const rows = [...this.#cut, ...page];
    this.#moveTo(
      fromMs,
      rows.filter(({ tradeTimeMs }) => tradeTimeMs < fromMs),
    );
    this.#setCursor(oldest);
    // A list that goes up and down may go up once more below its end.
    this.#soundMs = isInOrder ? fromMs : undefined;
    return isInOrder ? known(rows, fromMs, toMs) : undefined;
  }

  /** The day has no more: where the page was empty the rest of it is known, and the one before is next. */
  #endOfDay(isEmpty: boolean, daysAgo: number): KnownTrades | undefined {
    const edgeMs = this.#edgeMs;
    const { earliestMs, latestMs } = this.#clocks;
    // Of the seventh day back the exchange may have forgotten a part.
    const dayStartMs = Math.max((dayOf(latestMs + doubtMs) - daysAgo) * dayMs, servedFromMs(earliestMs) + doubtMs);
    const next = Math.max(daysAgo + 1, edgeMs === undefined ? 0 : this.#dayBelow(Math.min(edgeMs, dayStartMs)));
    this.#daysAgo = next;
    this.#isExhausted = next > tradeDays;
    if (!isEmpty || edgeMs === undefined || edgeMs <= dayStartMs) return undefined;
    const [rows, toMs] = [this.#cut, this.#soundMs];
    this.#moveTo(dayStartMs, []);
    if (toMs === undefined) return undefined;
    this.#soundMs = dayStartMs;
    return known(rows, dayStartMs, toMs);
  }

  /** Where to begin without a trade to begin at: by day and time of day, rather too late than too early. */
  #place(): Pick<TradesQuery, "daysAgo" | "to"> {
    const edgeMs = this.edgeMs;
    if (edgeMs === undefined) return this.#daysAgo === undefined ? {} : { daysAgo: this.#daysAgo };
    const daysAgo = this.#dayBelow(edgeMs);
    // Today by one clock may be tomorrow by the other, and a time of day without its day means nothing.
    if (daysAgo < 0) return {};
    if (this.#daysAgo !== undefined && this.#daysAgo > daysAgo) return { daysAgo: this.#daysAgo };
    const toMs = Math.ceil(edgeMs / 1_000) * 1_000;
    const to = toMs % dayMs === 0 ? undefined : new Date(toMs).toISOString().slice(11, 19);
    return { ...(daysAgo > 0 && { daysAgo }), ...(to !== undefined && { to }) };
  }

  /** How many days ago the last millisecond before `edgeMs` was, rather too few. */
  #dayBelow(edgeMs: number): number {
    return Math.max(-1, dayOf(this.#clocks.earliestMs - doubtMs) - dayOf(edgeMs - 1));
  }

  #setCursor({ id, tradeTimeMs }: Trade): void {
    this.#cursor = id;
    this.#cursorMs = tradeTimeMs;
  }

  #moveTo(edgeMs: number, cut: ReadonlyArray<Trade>): void {
    this.#edgeMs = edgeMs;
    this.#cut = cut;
  }

  #add(row: Trade): void {
    // A page may begin above the question.
    if (row.tradeTimeMs >= (this.#question.toMs ?? Number.POSITIVE_INFINITY)) return;
    this.#rows.set(row.id, row);
  }
}

const known = (rows: ReadonlyArray<Trade>, fromMs: number, toMs: number): KnownTrades | undefined =>
  fromMs < toMs ? { fromMs, toMs, rows } : undefined;

const dayOf = (ms: number): number => Math.floor(ms / dayMs);
