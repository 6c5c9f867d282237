/**
 * The tape of one market: every trade that happened or will happen, and the folds over it. Seeded trades are made when asked; halts take some
 * away and scripts add others. Minutes, hours and days are remembered in bounded caches; a change forgets exactly what it touches, and changes
 * only ever concern the present and the future, so what was once the past stays as it was.
 */
import type { MarketSpec } from "./Catalogue.ts";
import { type Fold, FoldBuilder } from "./Fold.ts";
import type { Halts } from "./Halts.ts";
import { Lru } from "./Lru.ts";
import { PricePath } from "./PricePath.ts";
import { MinuteBuffer, makeMinute } from "./SeededMinute.ts";
import { isAfter, maxPerMs, type TapePoint, type TradeRow } from "./Trade.ts";

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Scripted trades kept for one market; the script fails beyond. */
export const maxScripted = 100_000;

/** Shared by all tapes: nothing keeps a reference to it between two calls. */
const buffer = new MinuteBuffer();

export class MarketTape {
  readonly spec: MarketSpec;
  readonly path: PricePath;
  private readonly halts: Halts;
  /** No trade is older: the market opened for trading here. A UTC midnight. */
  private readonly startMs: number;
  /** Scripted trades by minute number, each list in order. */
  private readonly scripted = new Map<number, Array<TradeRow>>();
  private readonly scriptedDays = new Set<number>();
  private scriptedCount = 0;
  private readonly minutes = new Lru<ReadonlyArray<TradeRow>>(512);
  private readonly minuteFolds = new Lru<Fold | undefined>(4_096);
  private readonly hourFolds = new Lru<Fold | undefined>(1_024);
  private readonly dayFolds = new Lru<Fold | undefined>(4_096);

  constructor(spec: MarketSpec, halts: Halts, startMs: number) {
    this.spec = spec;
    this.path = new PricePath(spec);
    this.halts = halts;
    this.startMs = startMs;
  }

  get openedMs(): number {
    return this.startMs;
  }

  /** All trades of the minute that begins at `minuteStartMs`, in order; also of the future. Do not change the list. */
  tradesOf(minuteStartMs: number): ReadonlyArray<TradeRow> {
    return this.minutes.get(Math.floor(minuteStartMs / minuteMs), this.makeMinuteList);
  }

  /** Folds the trades from `fromMs` on up to and including `upTo`. `undefined` when there are none. */
  fold(fromMs: number, upTo: TapePoint): Fold | undefined {
    const into = new FoldBuilder();
    const whole = upTo.n >= maxPerMs ? upTo.ms + 1 : upTo.ms;
    let at = Math.max(fromMs, this.startMs);
    while (at <= upTo.ms) {
      if (at % dayMs === 0 && at + dayMs <= whole) {
        into.addFold(this.dayFold(at / dayMs));
        at += dayMs;
      } else if (at % hourMs === 0 && at + hourMs <= whole) {
        into.addFold(this.hourFold(at / hourMs));
        at += hourMs;
      } else if (at % minuteMs === 0 && at + minuteMs <= whole) {
        into.addFold(this.minuteFold(at / minuteMs));
        at += minuteMs;
      } else {
        for (const trade of this.tradesOf(at)) if (trade.ms >= at && !isAfter(trade, upTo)) into.addTrade(trade);
        at = (Math.floor(at / minuteMs) + 1) * minuteMs;
      }
    }
    return into.build();
  }

  dayFold(day: number): Fold | undefined {
    return this.dayFolds.get(day, this.makeDay);
  }

  /** Whether a script put trades into this UTC day. */
  hasScripted(day: number): boolean {
    return this.scriptedDays.has(day);
  }

  /** The last trade up to and including `upTo`. */
  last(upTo: TapePoint): TradeRow | undefined {
    let at = Math.floor(upTo.ms / minuteMs) * minuteMs;
    while (at >= this.startMs) {
      const trades = this.tradesOf(at);
      for (let i = trades.length - 1; i >= 0; i--) {
        const trade = trades[i];
        if (trade !== undefined && !isAfter(trade, upTo)) return trade;
      }
      if (at % hourMs === 0) at = this.previousActiveHour(at);
      at -= minuteMs;
    }
    return undefined;
  }

  /** The first trade after `point` and not after `limitMs`. */
  next(point: TapePoint, limitMs: number): TradeRow | undefined {
    let at = Math.floor(point.ms / minuteMs) * minuteMs;
    while (at <= limitMs) {
      if (at % hourMs === 0 && at > point.ms && this.hourFold(at / hourMs) === undefined) {
        at += hourMs;
        continue;
      }
      for (const trade of this.tradesOf(at)) if (isAfter(trade, point)) return trade.ms <= limitMs ? trade : undefined;
      at += minuteMs;
    }
    return undefined;
  }

  /** Adds a scripted trade after all others of its millisecond; returns it, or `undefined` when the tape or the millisecond is full. */
  insert(ms: number, price: number, size: number, bid: boolean): TradeRow | undefined {
    const minute = Math.floor(ms / minuteMs);
    const list = this.scripted.get(minute) ?? [];
    makeMinute(this.path, minute, buffer);
    let n = -1;
    for (let i = 0; i < buffer.count; i++) if (buffer.ms[i] === ms) n = Math.max(n, buffer.n[i] ?? 0);
    for (const trade of list) if (trade.ms === ms) n = Math.max(n, trade.n);
    if (n + 1 >= maxPerMs || this.scriptedCount >= maxScripted) return undefined;
    const trade: TradeRow = { ms, n: n + 1, price, size, bid };
    list.push(trade);
    list.sort((a, b) => a.ms - b.ms || a.n - b.n);
    this.scripted.set(minute, list);
    this.scriptedDays.add(Math.floor(ms / dayMs));
    this.scriptedCount++;
    this.minutes.forget(minute);
    this.minuteFolds.forget(minute);
    this.hourFolds.forget(Math.floor(ms / hourMs));
    this.dayFolds.forget(Math.floor(ms / dayMs));
    return trade;
  }

  /** Forgets every fold from `ms` on: a halt or its end changed what happens there. */
  forgetFrom(ms: number): void {
    this.minutes.forgetFrom(Math.floor(ms / minuteMs));
    this.minuteFolds.forgetFrom(Math.floor(ms / minuteMs));
    this.hourFolds.forgetFrom(Math.floor(ms / hourMs));
    this.dayFolds.forgetFrom(Math.floor(ms / dayMs));
  }

  private minuteFold(minute: number): Fold | undefined {
    return this.minuteFolds.get(minute, this.makeMinuteFold);
  }

  private hourFold(hour: number): Fold | undefined {
    return this.hourFolds.get(hour, this.makeHour);
  }

  /** The start of the latest hour before `hourStartMs` with trades, plus one hour: where the minute walk goes on. */
  private previousActiveHour(hourStartMs: number): number {
    let at = hourStartMs;
    while (at > this.startMs && this.hourFold(at / hourMs - 1) === undefined) at -= hourMs;
    return at;
  }

  private readonly makeMinuteList = (minute: number): ReadonlyArray<TradeRow> => {
    const rows = this.scripted.get(minute)?.slice() ?? [];
    if (minute * minuteMs < this.startMs) return rows;
    const scripted = rows.length;
    makeMinute(this.path, minute, buffer);
    if (buffer.count === 0) return rows;
    const halted = this.halts.touches(minute * minuteMs, (minute + 1) * minuteMs);
    for (const trade of buffer.rows()) if (!halted || !this.halts.at(trade.ms)) rows.push(trade);
    return scripted === 0 ? rows : rows.sort((a, b) => a.ms - b.ms || a.n - b.n);
  };

  private readonly makeMinuteFold = (minute: number): Fold | undefined => {
    const into = new FoldBuilder();
    this.addMinute(minute, into);
    return into.build();
  };

  private readonly makeHour = (hour: number): Fold | undefined => {
    const into = new FoldBuilder();
    for (let minute = hour * 60; minute < (hour + 1) * 60; minute++) this.addMinute(minute, into);
    return into.build();
  };

  private readonly makeDay = (day: number): Fold | undefined => {
    const into = new FoldBuilder();
    if ((day + 1) * dayMs <= this.startMs) return undefined;
    for (let hour = day * 24; hour < (day + 1) * 24; hour++) into.addFold(this.makeHour(hour));
    return into.build();
  };

  private addMinute(minute: number, into: FoldBuilder): void {
    const from = minute * minuteMs;
    if (this.scripted.has(minute) || this.halts.touches(from, from + minuteMs)) {
      for (const trade of this.tradesOf(from)) into.addTrade(trade);
    } else if (from >= this.startMs) {
      makeMinute(this.path, minute, buffer);
      into.addMinute(buffer);
    }
  }
}
