/**
 * The tape of one market: every trade that happened or will happen, and the folds over it. Minutes, hours and days are remembered in bounded
 * caches, and so are the answers to the last searches, because readers move along the tape; a change forgets exactly what it touches, and
 * changes only ever concern the present and the future, so what was once the past stays as it was.
 */
import type { MarketSpec } from "./Catalogue.ts";
import { type Fold, FoldBuilder } from "./Fold.ts";
import type { Halts } from "./Halts.ts";
import { Lru } from "./Lru.ts";
import { PricePath } from "./PricePath.ts";
import { MinuteBuffer, makeMinute } from "./SeededMinute.ts";
import { endOf, isAfter, maxPerMs, type TapePoint, type TradeRow } from "./Trade.ts";
import { TradeLists } from "./TradeLists.ts";

export { maxScripted } from "./TradeLists.ts";

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Shared by all tapes: nothing keeps a reference to it between two calls. */
const buffer = new MinuteBuffer();

/** Starts of folds remembered: one for each candle unit, two for the ticker, and some for questions about the past. */
const maxRunning = 32;

/** Nothing lies between the two points but, at one end, `trade`. */
interface Found {
  readonly from: TapePoint;
  readonly to: TapePoint;
  readonly trade: TradeRow | undefined;
}
const nowhere: Found = { from: { ms: Infinity, n: 0 }, to: { ms: -Infinity, n: 0 }, trade: undefined };

export class MarketTape {
  readonly spec: MarketSpec;
  readonly path: PricePath;
  /** The trades by minute, and the seeded orders the book looks at. */
  readonly lists: TradeLists;
  /** Grows with every change, so that what is made from the tape can be kept with the version it was made from. */
  version = 0;
  private readonly scriptedDays = new Set<number>();
  private readonly minuteFolds = new Lru<Fold | undefined>(4_096);
  private readonly hourFolds = new Lru<Fold | undefined>(1_024);
  private readonly dayFolds = new Lru<Fold | undefined>(4_096);
  /** The folds of whole minutes that were asked for last, by their start. */
  private readonly running = new Map<number, { readonly toMs: number; readonly fold: Fold | undefined }>();
  private lastFound = nowhere;
  private nextFound = nowhere;

  constructor(spec: MarketSpec, halts: Halts, openedMs: number) {
    this.spec = spec;
    this.path = new PricePath(spec);
    this.lists = new TradeLists(this.path, halts, openedMs);
  }

  /** No trade is older. */
  get openedMs(): number {
    return this.lists.openedMs;
  }

  /** First millisecond in which the market trades no more; `Infinity` while that is not known. */
  get closedMs(): number {
    return this.lists.closedMs;
  }

  /** The market trades from `openedMs` on, before `closedMs`. What lies outside is gone; what comes to lie inside is as the seed says. */
  setOpen(openedMs: number, closedMs: number): void {
    const { lists } = this;
    const opening = lists.openedMs === openedMs ? Infinity : Math.min(lists.openedMs, openedMs);
    const closing = lists.closedMs === closedMs ? Infinity : Math.min(lists.closedMs, closedMs);
    lists.openedMs = openedMs;
    lists.closedMs = closedMs;
    this.forgetFrom(Math.min(opening, closing));
  }

  /** All trades of the minute that begins at `minuteStartMs`, in order; also of the future. Do not change the list. */
  tradesOf(minuteStartMs: number): ReadonlyArray<TradeRow> {
    return this.lists.of(Math.floor(minuteStartMs / minuteMs));
  }

  /** Folds the trades from `fromMs` on up to and including `upTo`. `undefined` when there are none. */
  fold(fromMs: number, upTo: TapePoint): Fold | undefined {
    const into = new FoldBuilder();
    const from = Math.max(fromMs, this.openedMs);
    const first = Math.ceil(from / minuteMs) * minuteMs;
    if (first > from) this.addTrades(from, upTo, into);
    if (first > upTo.ms) return into.build();
    const whole = upTo.n >= maxPerMs ? upTo.ms + 1 : upTo.ms;
    const current = Math.floor(whole / minuteMs) * minuteMs;
    if (current > first) into.addFold(this.minutesFold(first, current));
    if (current <= upTo.ms) this.addTrades(current, upTo, into);
    return into.build();
  }

  dayFold(day: number): Fold | undefined {
    return this.dayFolds.get(day, this.makeDay);
  }

  /** Whether exactly the seeded trades happen on this UTC day. */
  isUntouched(day: number): boolean {
    return (
      !this.scriptedDays.has(day) && !this.isClosed(day * dayMs, (day + 1) * dayMs) && this.lists.isWhole(day * dayMs, (day + 1) * dayMs)
    );
  }

  /** The last trade up to and including `upTo`. */
  last(upTo: TapePoint): TradeRow | undefined {
    const { from, to, trade } = this.lastFound;
    if (!isAfter(from, upTo)) {
      if (!isAfter(upTo, to)) return trade;
      const newer = this.searchBack(upTo, to) ?? trade;
      this.lastFound = { from: newer ?? from, to: upTo, trade: newer };
      return newer;
    }
    const found = this.searchBack(upTo, { ms: this.openedMs, n: -1 });
    this.lastFound = { from: found ?? { ms: -Infinity, n: 0 }, to: upTo, trade: found };
    return found;
  }

  /** The first trade after `point` and not after `limitMs`. */
  next(point: TapePoint, limitMs: number): TradeRow | undefined {
    const { from, to, trade } = this.nextFound;
    const known = !isAfter(from, point) && isAfter(to, point);
    if (known && trade !== undefined) return trade.ms <= limitMs ? trade : undefined;
    const searched = known ? to : point;
    const found = limitMs < searched.ms ? undefined : this.searchOn(searched, limitMs);
    if (found !== undefined) this.nextFound = { from: known ? from : point, to: found, trade: found };
    else if (limitMs >= searched.ms) this.nextFound = { from: known ? from : point, to: endOf(limitMs), trade: undefined };
    return found;
  }

  /** Adds a scripted trade after all others of its millisecond; returns it, or `undefined` when the tape or the millisecond is full. */
  insert(ms: number, price: number, size: number, bid: boolean): TradeRow | undefined {
    const trade = this.lists.insert(ms, price, size, bid);
    if (trade === undefined) return undefined;
    this.scriptedDays.add(Math.floor(ms / dayMs));
    this.minuteFolds.forget(Math.floor(ms / minuteMs));
    this.hourFolds.forget(Math.floor(ms / hourMs));
    this.dayFolds.forget(Math.floor(ms / dayMs));
    this.changed();
    return trade;
  }

  /** Forgets every fold from `ms` on: a halt or its end changed what happens there. */
  forgetFrom(ms: number): void {
    this.lists.forgetFrom(ms);
    this.minuteFolds.forgetFrom(Math.floor(ms / minuteMs));
    this.hourFolds.forgetFrom(Math.floor(ms / hourMs));
    this.dayFolds.forgetFrom(Math.floor(ms / dayMs));
    this.changed();
  }

  /** Forgets what can be made again in a moment: all but the folds of whole hours and days. Nothing that is told changes. */
  forgetMade(): void {
    this.lists.forgetMade();
    this.minuteFolds.clear();
    this.running.clear();
  }

  private changed(): void {
    this.version++;
    this.running.clear();
    this.lastFound = nowhere;
    this.nextFound = nowhere;
  }

  /** The last trade up to `upTo` and after `after`. */
  private searchBack(upTo: TapePoint, after: TapePoint): TradeRow | undefined {
    if (this.lists.isSilent) return undefined;
    let at = Math.floor(Math.min(upTo.ms, this.lists.closedMs) / minuteMs) * minuteMs;
    const end = Math.max(this.openedMs, after.ms) - minuteMs;
    while (at > end) {
      const trades = this.tradesOf(at);
      const trade = trades[countUpTo(trades, upTo) - 1];
      if (trade !== undefined) return isAfter(trade, after) ? trade : undefined;
      if (at % hourMs === 0) at = this.previousActiveHour(at, end);
      at -= minuteMs;
    }
    return undefined;
  }

  private searchOn(point: TapePoint, limitMs: number): TradeRow | undefined {
    if (this.lists.isSilent) return undefined;
    const end = Math.min(limitMs, this.lists.closedMs);
    let at = Math.floor(Math.max(point.ms, this.openedMs) / minuteMs) * minuteMs;
    while (at <= end) {
      if (at % hourMs === 0 && at > point.ms && this.hourFold(at / hourMs) === undefined) {
        at += hourMs;
        continue;
      }
      const trades = this.tradesOf(at);
      const trade = trades[countUpTo(trades, point)];
      if (trade !== undefined) return trade.ms <= limitMs ? trade : undefined;
      at += minuteMs;
    }
    return undefined;
  }

  /** Adds the trades of the minute around `fromMs`, from there on up to and including `upTo`. */
  private addTrades(fromMs: number, upTo: TapePoint, into: FoldBuilder): void {
    for (const trade of this.tradesOf(fromMs)) if (trade.ms >= fromMs && !isAfter(trade, upTo)) into.addTrade(trade);
  }

  /** The fold of whole minutes. What reaches to the present is asked for again and again from the same start, so it goes on from the last one. */
  private minutesFold(fromMs: number, toMs: number): Fold | undefined {
    const before = this.running.get(fromMs);
    if (before?.toMs === toMs) return before.fold;
    const into = new FoldBuilder();
    let at = fromMs;
    if (before !== undefined && before.toMs < toMs) {
      into.addFold(before.fold);
      at = before.toMs;
    }
    while (at < toMs) {
      const length = at % dayMs === 0 && at + dayMs <= toMs ? dayMs : at % hourMs === 0 && at + hourMs <= toMs ? hourMs : minuteMs;
      into.addFold(
        length === dayMs ? this.dayFold(at / dayMs) : length === hourMs ? this.hourFold(at / hourMs) : this.minuteFold(at / minuteMs),
      );
      at += length;
    }
    const fold = into.build();
    this.running.delete(fromMs);
    if (this.running.size >= maxRunning)
      for (const oldest of this.running.keys()) {
        this.running.delete(oldest);
        break;
      }
    this.running.set(fromMs, { toMs, fold });
    return fold;
  }

  private minuteFold(minute: number): Fold | undefined {
    return this.minuteFolds.get(minute, this.makeMinuteFold);
  }

  private hourFold(hour: number): Fold | undefined {
    return this.hourFolds.get(hour, this.makeHour);
  }

  /** The start of the latest hour before `hourStartMs` with trades, plus one hour: where the minute walk goes on. */
  private previousActiveHour(hourStartMs: number, endMs: number): number {
    let at = hourStartMs;
    while (at > endMs && this.hourFold(at / hourMs - 1) === undefined) at -= hourMs;
    return at;
  }

  private readonly makeMinuteFold = (minute: number): Fold | undefined => {
    const into = new FoldBuilder();
    this.addMinute(minute, into);
    return into.build();
  };

  private readonly makeHour = (hour: number): Fold | undefined => {
    if (this.isClosed(hour * hourMs, (hour + 1) * hourMs)) return undefined;
    const into = new FoldBuilder();
    for (let minute = hour * 60; minute < (hour + 1) * 60; minute++) this.addMinute(minute, into);
    return into.build();
  };

  private readonly makeDay = (day: number): Fold | undefined => {
    if (this.isClosed(day * dayMs, (day + 1) * dayMs)) return undefined;
    const into = new FoldBuilder();
    for (let hour = day * 24; hour < (day + 1) * 24; hour++) into.addFold(this.makeHour(hour));
    return into.build();
  };

  /** Whether nothing can be in `[from, to)`. */
  private isClosed(from: number, to: number): boolean {
    return to <= this.openedMs || from >= this.lists.closedMs || this.lists.isSilent;
  }

  private addMinute(minute: number, into: FoldBuilder): void {
    if (this.lists.isUntouched(minute)) {
      makeMinute(this.path, minute, buffer);
      into.addMinute(buffer);
    } else {
      for (const trade of this.lists.of(minute)) into.addTrade(trade);
    }
  }
}

/** How many of the trades lie up to and including `point`. */
const countUpTo = (trades: ReadonlyArray<TradeRow>, point: TapePoint): number => {
  let [low, high] = [0, trades.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const trade = trades[middle];
    if (trade !== undefined && !isAfter(trade, point)) low = middle + 1;
    else high = middle;
  }
  return low;
};
