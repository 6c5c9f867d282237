/**
 * The windows of one market: what its trades add up to, since when and up to when they are known to be whole, and what was told of each. Pure state
 * on the exchange's time.
 */
import type { Candle } from "../../domain/Candle.ts";
import { type Interval, windowStart } from "../../domain/Interval.ts";
import type { Market } from "../../domain/Market.ts";
import type { Trade } from "../../domain/Trade.ts";
import { BarWindow } from "./BarWindow.ts";

/** A stretch in which trades are missing for good, exchange time. */
export interface Hole {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

/** What can be said of one window. `isLasting`: no trade that may still come can prove it, only REST. */
export type Standing =
  | { readonly _tag: "Traded"; readonly candle: Candle }
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Unproved"; readonly reason: string; readonly isLasting: boolean };

interface Kept {
  window: BarWindow | undefined;
  /** What REST said of it; it had no candle where `candle` is undefined. */
  read: { readonly candle: Candle | undefined } | undefined;
}

/** Holes remembered; beyond that the two oldest become one. */
const holesRemembered = 32;

export class MarketBars {
  readonly market: Market;
  readonly #interval: Interval;
  readonly #kept = new Map<number, Kept>();
  #holes: Array<Hole> = [];
  /** From here on its trades came whole, but for the holes; infinity while it is not followed yet. */
  wholeFromMs = Number.POSITIVE_INFINITY;
  /** Up to here, for good. */
  provedMs = Number.NEGATIVE_INFINITY;
  /** A link brings it now, and nothing speaks against what it brings. */
  isHeard = false;

  constructor(market: Market, interval: Interval) {
    this.market = market;
    this.#interval = interval;
  }

  /** A trade of it; the window that it belongs to. */
  take(trade: Trade, isLate: boolean): number {
    const openTimeMs = windowStart(this.#interval, trade.tradeTimeMs);
    const kept = this.#kept.get(openTimeMs);
    if (kept?.window !== undefined) kept.window.add(trade, isLate);
    else this.#kept.set(openTimeMs, { window: new BarWindow(trade), read: kept?.read });
    return openTimeMs;
  }

  hole(hole: Hole): void {
    this.#holes.push(hole);
    const [first, second] = this.#holes;
    if (this.#holes.length <= holesRemembered || first === undefined || second === undefined) return;
    const merged = { fromMs: Math.min(first.fromMs, second.fromMs), toMs: Math.max(first.toMs, second.toMs), reason: second.reason };
    this.#holes.splice(0, 2, merged);
  }

  /** REST has read the window, a while after its end. Ignored where it knows less than the trades that came: then it lags. */
  read(openTimeMs: number, candle: Candle | undefined): void {
    const window = this.#kept.get(openTimeMs)?.window;
    const known = window?.candle(this.#interval, openTimeMs, "closed");
    if (known !== undefined && (candle === undefined || candle.volume.compare(known.volume) < 0)) return;
    this.#kept.set(openTimeMs, { window, read: { candle } });
  }

  /** REST's word on the window is the last one: it was read after all its trades were made. */
  isRead(openTimeMs: number): boolean {
    return this.#kept.get(openTimeMs)?.read !== undefined;
  }

  standing(openTimeMs: number, closeTimeMs: number): Standing {
    const kept = this.#kept.get(openTimeMs);
    if (kept?.read !== undefined) {
      const { candle } = kept.read;
      return candle === undefined ? { _tag: "Empty" } : { _tag: "Traded", candle: { ...candle, state: "closed", proof: "rest" } };
    }
    if (this.wholeFromMs > openTimeMs) return unproved("not followed from the beginning of the window on", this.wholeFromMs !== Infinity);
    const hole = this.#holes.find(({ fromMs, toMs }) => fromMs < closeTimeMs && toMs >= openTimeMs);
    if (hole !== undefined) return unproved(hole.reason, true);
    if (this.provedMs < closeTimeMs)
      return unproved(this.isHeard ? "not heard past the end of the window yet" : "its feed is interrupted", false);
    if (kept?.window === undefined) return { _tag: "Empty" };
    return { _tag: "Traded", candle: kept.window.candle(this.#interval, openTimeMs, "closed") };
  }

  /** What lies before this is not asked about any more. */
  forget(beforeMs: number): void {
    for (const openTimeMs of this.#kept.keys()) if (openTimeMs < beforeMs) this.#kept.delete(openTimeMs);
    if (this.#holes.length > 0) this.#holes = this.#holes.filter(({ toMs }) => toMs >= beforeMs);
  }
}

const unproved = (reason: string, isLasting: boolean): Standing => ({ _tag: "Unproved", reason, isLasting });
