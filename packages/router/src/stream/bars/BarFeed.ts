/**
 * Bars at work: trades go in as the hub gives them out, in plain synchronous code, and at each boundary the whole bar goes out. It decides when that
 * is: as soon as the exchange's clock is past the boundary by the grace that its feed needs, if every market that is heard is proved by then,
 * and at the end of the patience whatever is proved.
 *
 * A market is proved up to the moment at which a link that carries it was last heard, less the delay of what comes, while no hole is open, none of its
 * trades is held for order and nothing speaks against its silence. Frames of one link come in their order, so a word that was said after the
 * boundary, be it of another market, comes after every trade before it.
 */
import type { BarElement } from "../../domain/Bar.ts";
import { type Interval, nextWindowStart, windowStart } from "../../domain/Interval.ts";
import type { Market } from "../../domain/Market.ts";
import type { Reconnecting, StreamElement } from "../../domain/StreamElement.ts";
import { keyId } from "../../domain/StreamKey.ts";
import type { Trade } from "../../domain/Trade.ts";
import type { MarketDataError } from "../../errors/MarketDataError.ts";
import type { LiveSide } from "../liveSide.ts";
import type { Outlet, StreamValue } from "../Consumer.ts";
import { BarBook, barsRemembered } from "./BarBook.ts";
import { BarClock } from "./BarClock.ts";
import type { MarketBars } from "./MarketBars.ts";

export interface BarFeedOptions {
  readonly interval: Interval;
  /** Bounds of the grace, milliseconds: what a feed needs at least, and how long a bar waits at most. */
  readonly graceMs: number;
  readonly patienceMs: number;
  readonly side: LiveSide;
  /** Takes an element; false where there is no room for it. */
  readonly tell: (element: BarElement) => boolean;
  /** A market cannot be followed any more. */
  readonly onRefused: (market: Market, error: MarketDataError) => void;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

/** A market counts as followed from a moment after its first proof on: the exchange's clock may be known that badly. */
const joinMarginMs = 250;
/** Markets that do not speak for so long after the beginning hold up the first bar no more. */
const longestBeginningMs = 10_000;
/** Between two looks while a boundary is over and not everything is proved. */
const soonMs = 10;
/** The same while a told bar waits to be proved, or a market to be heard. */
const nowAndThenMs = 100;

export class BarFeed {
  readonly #options: BarFeedOptions;
  readonly #clock: BarClock;
  readonly #begunMs: number;
  readonly book: BarBook;
  /** Markets that were told of an interruption and not of its end. */
  readonly #down = new Set<Market>();
  #told: Reconnecting | undefined;
  /** Interruptions of a market's feed seen so far. */
  readonly #generations = new Map<Market, number>();
  /** The boundary at which the links were asked for a sign of life. */
  #pingedMs = Number.NEGATIVE_INFINITY;

  constructor(options: BarFeedOptions) {
    this.#options = options;
    const { graceMs, patienceMs } = options;
    this.#begunMs = options.monotonicMs();
    this.#clock = new BarClock({ wallMs: options.wallMs(), nowMs: this.#begunMs, leastGraceMs: graceMs, mostGraceMs: patienceMs });
    this.book = new BarBook(options.interval);
  }

  /** Where the hub is to give the trades of a market. */
  outletOf(market: Market): Outlet {
    return {
      isWoken: true,
      offer: (element) => this.#offer(market, element),
      flush: () => this.#review(),
      fail: (error) => this.#options.onRefused(market, error),
    };
  }

  leave(market: Market): void {
    this.book.leave(market);
    this.#down.delete(market);
    this.#generations.delete(market);
  }

  /** The exchange's time, as far as it is known; undefined before the first trade that was told as it happened. */
  exchangeMs(nowMs: number): number | undefined {
    return this.#clock.isKnown ? this.#clock.exchangeMs(nowMs) : undefined;
  }

  /** Looks what is due. When to look again, monotonic milliseconds. */
  look(nowMs: number): number {
    this.#observe(nowMs);
    if (this.book.nextMs === undefined) this.#begin(nowMs);
    for (let openTimeMs = this.book.nextMs; openTimeMs !== undefined && this.#isDue(openTimeMs, nowMs); openTimeMs = this.book.nextMs)
      this.#close(openTimeMs, nowMs);
    this.#review();
    return this.#nextLookMs(nowMs);
  }

  #offer(market: Market, element: StreamElement<StreamValue>): void {
    switch (element._tag) {
      case "Live":
      case "Recovered": {
        const trade = element.value as Trade; // The hub gives a key of trades nothing else.
        const isTold = element._tag === "Live" && !element.snapshot && !element.late;
        // One that was held says when it was let go, not when it came.
        if (isTold && Math.abs(this.#options.wallMs() - element.receivedTimeMs) <= 1)
          this.#clock.measure(trade.tradeTimeMs, this.#options.monotonicMs());
        return this.book.take(trade, element.late);
      }
      case "Gap":
        this.book.hole(element);
        return this.#tell(element);
      case "Reconnecting":
        this.#down.add(market);
        if (element !== this.#told) this.#tell(element);
        this.#told = element;
        return;
      case "Resumed":
        // Each market is told by itself; the stream is resumed when all are.
        if (this.#down.delete(market) && this.#down.size === 0) this.#tell(element);
        return;
      case "Dropped":
        return;
    }
  }

  /** What the live side knows of every market now. */
  #observe(nowMs: number): void {
    if (!this.#clock.isKnown) return;
    for (const bars of this.book.markets()) this.#observeOne(bars, nowMs);
  }

  #observeOne(bars: MarketBars, nowMs: number): void {
    const { side } = this.#options;
    const track = side.hub.tracks.get(keyId({ kind: "trades", market: bars.market }));
    bars.isHeard = false;
    if (track === undefined || track.continuity.kind !== "trades") return;
    const { trades } = track.continuity;
    const isUnknown = trades.newestMs === Number.NEGATIVE_INFINITY;
    const generation = this.#generations.get(bars.market);
    this.#generations.set(bars.market, track.generation);
    // Without a trade to join on to there is no hole to be healed, so an interruption is a new beginning.
    if (isUnknown && generation !== undefined && generation !== track.generation) bars.wholeFromMs = Number.POSITIVE_INFINITY;
    if (trades.broken || track.suspected || track.unproved || trades.dueMs() !== Number.POSITIVE_INFINITY) return;
    let heardMs: number | undefined;
    for (const [link, carrier] of track.carriers) {
      const heard = side.pool.heardNanos(link);
      if ((carrier.spoken || carrier.confirmed) && heard !== undefined) heardMs = Math.max(heardMs ?? 0, Number(heard) / 1e6);
    }
    if (heardMs === undefined) return;
    bars.isHeard = true;
    if (bars.wholeFromMs === Number.POSITIVE_INFINITY) bars.wholeFromMs = this.#clock.exchangeMs(nowMs) + joinMarginMs;
    bars.provedMs = Math.max(bars.provedMs, this.#clock.exchangeMs(heardMs) - this.#clock.excessMs(nowMs));
  }

  /** The first bar is that of the first window which all markets are followed through; some may keep it waiting only so long. */
  #begin(nowMs: number): void {
    const { interval } = this.#options;
    let fromMs = this.#clock.exchangeMs(nowMs);
    let areAll = true;
    for (const { wholeFromMs } of this.book.markets()) {
      if (wholeFromMs === Number.POSITIVE_INFINITY) areAll = false;
      else fromMs = Math.max(fromMs, wholeFromMs);
    }
    if (!areAll && nowMs - this.#begunMs < longestBeginningMs) return;
    this.book.begin(windowStart(interval, fromMs) === fromMs ? fromMs : nextWindowStart(interval, fromMs));
  }

  #boundaryMs(openTimeMs: number): number {
    return this.#clock.monotonicMs(nextWindowStart(this.#options.interval, openTimeMs));
  }

  #isDue(openTimeMs: number, nowMs: number): boolean {
    const boundaryMs = this.#boundaryMs(openTimeMs);
    if (nowMs < boundaryMs + this.#clock.graceMs) return false;
    if (nowMs >= boundaryMs + this.#options.patienceMs || !this.book.isAwaited) return true;
    if (this.#pingedMs < openTimeMs) this.#options.side.pool.ping();
    this.#pingedMs = openTimeMs;
    return false;
  }

  #close(openTimeMs: number, nowMs: number): void {
    const { interval } = this.#options;
    const exchangeMs = this.#clock.exchangeMs(nowMs);
    const lengthMs = nextWindowStart(interval, openTimeMs) - openTimeMs;
    if (exchangeMs - openTimeMs > barsRemembered * lengthMs) {
      const reason = "no bars were made in this time: this process did not run";
      for (const gap of this.book.skip(windowStart(interval, exchangeMs), reason)) this.#tell(gap);
      return;
    }
    const bar = this.book.close(exchangeMs - nextWindowStart(interval, openTimeMs));
    if (bar !== undefined) this.#tell(bar);
  }

  #review(): void {
    for (const element of this.book.review()) this.#tell(element);
  }

  #tell(element: BarElement): void {
    this.#options.tell(element);
  }

  #nextLookMs(nowMs: number): number {
    const openTimeMs = this.book.nextMs;
    if (openTimeMs === undefined) return nowMs + nowAndThenMs;
    const dueMs = this.#boundaryMs(openTimeMs) + this.#clock.graceMs;
    if (dueMs <= nowMs) return nowMs + soonMs;
    return Math.min(dueMs, this.#isUnsettled() ? nowMs + nowAndThenMs : Number.POSITIVE_INFINITY);
  }

  /** A bar waits to be proved, or a market to be heard for the first time. */
  #isUnsettled(): boolean {
    if (this.book.isWaiting) return true;
    for (const { wholeFromMs } of this.book.markets()) if (wholeFromMs === Number.POSITIVE_INFINITY) return true;
    return false;
  }
}
