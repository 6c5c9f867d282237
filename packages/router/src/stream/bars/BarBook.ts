/**
 * The bars of all markets that are followed: which was told last, what was told of each market in it, and what has to be told otherwise. Pure state
 * on the exchange's time; it is told when a boundary is over and never looks at a clock.
 *
 * A market is in a bar as traded, as empty or as unproved. What waits for its feed is told as soon as that proves it; what its feed can prove no
 * more waits for REST. The newest bars are remembered; a trade that comes for an older one is told as a gap.
 */
import type { Bar, BarCorrection, Unproved } from "../../domain/Bar.ts";
import type { Candle } from "../../domain/Candle.ts";
import { type Interval, nextWindowStart, windowStart } from "../../domain/Interval.ts";
import type { Market } from "../../domain/Market.ts";
import type { Gap } from "../../domain/StreamElement.ts";
import type { Trade } from "../../domain/Trade.ts";
import { MarketBars, type Standing } from "./MarketBars.ts";

/** Bars of which more may be told. */
export const barsRemembered = 120;

type Told = "traded" | "empty" | "unproved";

/** One market as it is in the bars. */
interface Member {
  readonly bars: MarketBars;
  /** What was told, by opening time; the bars since it is followed. */
  readonly told: Map<number, Told>;
  /** Bars in which something was claimed of it that was taken back since. */
  readonly claimed: Set<number>;
  /** Bars in which it is unproved: its feed may prove it yet, or only REST can. */
  readonly waiting: Set<number>;
  readonly unread: Set<number>;
  /** Bars of which it may have to be told otherwise. */
  readonly touched: Set<number>;
}

/** Windows of one market that only REST can prove. */
export interface UnreadBars {
  readonly market: Market;
  readonly fromMs: number;
  /** Exclusive. */
  readonly beforeMs: number;
}

export class BarBook {
  readonly interval: Interval;
  readonly #lengthMs: number;
  readonly #members = new Map<Market, Member>();
  /** Openings of the bars told, oldest first. */
  readonly #bars: Array<number> = [];
  /** Opening of the next bar; undefined until it is known which is the first. */
  #nextMs: number | undefined;
  /** Opening of the first bar that was told and is not remembered any more. */
  #forgottenFromMs = Number.POSITIVE_INFINITY;
  #outdated: Array<Gap> = [];
  /** Members with something touched, waiting. */
  readonly #touched = new Set<Member>();
  readonly #waiting = new Set<Member>();

  constructor(interval: Interval) {
    this.interval = interval;
    this.#lengthMs = nextWindowStart(interval, 0) - windowStart(interval, 0);
  }

  /** Opening of the next bar. */
  get nextMs(): number | undefined {
    return this.#nextMs;
  }

  /** Markets that wait for their feed to prove a bar. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  join(market: Market): void {
    if (this.#members.has(market)) return;
    const bars = new MarketBars(market, this.interval);
    const sets = { claimed: new Set<number>(), waiting: new Set<number>(), unread: new Set<number>(), touched: new Set<number>() };
    this.#members.set(market, { bars, told: new Map(), ...sets });
  }

  leave(market: Market): void {
    const member = this.#members.get(market);
    if (member === undefined) return;
    this.#members.delete(market);
    this.#touched.delete(member);
    this.#waiting.delete(member);
  }

  *markets(): Iterable<MarketBars> {
    for (const { bars } of this.#members.values()) yield bars;
  }

  /** The first bar is the one that opens here. */
  begin(openTimeMs: number): void {
    this.#nextMs = openTimeMs;
    for (const { bars } of this.#members.values()) bars.forget(openTimeMs);
  }

  /** A trade, once each. */
  take(trade: Trade, isLate: boolean): void {
    const member = this.#members.get(trade.market);
    if (member === undefined) return;
    const openTimeMs = windowStart(this.interval, trade.tradeTimeMs);
    const nextMs = this.#nextMs;
    // Every trade in the past is let in until it is known where bars begin: then the earlier ones are forgotten.
    if (nextMs === undefined || openTimeMs >= nextMs) {
      if (openTimeMs - (nextMs ?? openTimeMs) <= barsRemembered * this.#lengthMs) member.bars.take(trade, isLate);
      else this.#outdate(trade, "a trade names a time far ahead of all others");
    } else if (member.told.has(openTimeMs)) {
      member.bars.take(trade, isLate);
      if (!member.bars.isRead(openTimeMs)) this.#touch(member, openTimeMs);
    } else if (openTimeMs < (this.#bars[0] ?? nextMs) && openTimeMs >= this.#forgottenFromMs) {
      this.#outdate(trade, "a trade came for a bar that is not remembered any more");
    }
  }

  /** Trades are missing, for good. */
  hole({ market, fromMs, toMs, reason }: Gap): void {
    const member = this.#members.get(market);
    if (member === undefined) return;
    member.bars.hole({ fromMs, toMs, reason });
    for (const openTimeMs of member.told.keys())
      if (fromMs < nextWindowStart(this.interval, openTimeMs) && toMs >= openTimeMs) this.#touch(member, openTimeMs);
  }

  /** Some market may be proved in the next bar in a moment, and is not yet. */
  get isAwaited(): boolean {
    const openTimeMs = this.#nextMs;
    if (openTimeMs === undefined) return false;
    const closeTimeMs = nextWindowStart(this.interval, openTimeMs);
    for (const { bars } of this.#members.values()) {
      if (!bars.isHeard || bars.provedMs >= closeTimeMs) continue;
      const standing = bars.standing(openTimeMs, closeTimeMs);
      if (standing._tag === "Unproved" && !standing.isLasting) return true;
    }
    return false;
  }

  /** Tells the next bar: its boundary is over. */
  close(delayMs: number): Bar | undefined {
    const openTimeMs = this.#nextMs;
    if (openTimeMs === undefined) return undefined;
    const closeTimeMs = nextWindowStart(this.interval, openTimeMs);
    const said = new Sayings();
    for (const member of this.#members.values()) said.add(member.bars.market, this.#tell(member, openTimeMs, closeTimeMs));
    this.#nextMs = closeTimeMs;
    this.#bars.push(openTimeMs);
    if (this.#bars.length > barsRemembered) this.#forget();
    return { _tag: "Bar", interval: this.interval, openTimeMs, closeTimeMs, ...said, delayMs };
  }

  /** Goes on at a later bar, without those between: the gap for every market. */
  skip(toMs: number, reason: string): ReadonlyArray<Gap> {
    const fromMs = this.#nextMs ?? toMs;
    this.#nextMs = toMs;
    this.#forgottenFromMs = Math.min(this.#forgottenFromMs, this.#bars[0] ?? fromMs);
    this.#bars.length = 0;
    return [...this.#members.values()].map((member) => {
      for (const set of [member.told, member.claimed, member.waiting, member.unread, member.touched]) set.clear();
      member.bars.forget(toMs);
      return { _tag: "Gap", kind: "candles", market: member.bars.market, fromMs, toMs, reason };
    });
  }

  /** What has to be told otherwise, oldest bar first, and trades that came too late for that. */
  review(): ReadonlyArray<BarCorrection | Gap> {
    if (this.#touched.size === 0 && this.#waiting.size === 0 && this.#outdated.length === 0) return [];
    const corrections = new Map<number, Sayings>();
    const look = (member: Member, openTimeMs: number) => {
      const change = this.#change(member, openTimeMs);
      if (change === undefined) return;
      const said = corrections.get(openTimeMs) ?? new Sayings();
      corrections.set(openTimeMs, said);
      said.add(member.bars.market, change);
    };
    for (const member of this.#waiting) {
      if (!this.#mayBeProved(member)) continue;
      for (const openTimeMs of [...member.waiting]) if (!member.touched.has(openTimeMs)) look(member, openTimeMs);
    }
    for (const member of this.#touched) {
      for (const openTimeMs of member.touched) look(member, openTimeMs);
      member.touched.clear();
    }
    this.#touched.clear();
    for (const member of this.#waiting) if (member.waiting.size === 0) this.#waiting.delete(member);
    const outdated = this.#outdated;
    this.#outdated = [];
    const { interval } = this;
    const oldestFirst = [...corrections].sort(([a], [b]) => a - b);
    const told = oldestFirst.map(([openTimeMs, said]): BarCorrection => {
      return { _tag: "BarCorrection", interval, openTimeMs, closeTimeMs: nextWindowStart(interval, openTimeMs), ...said };
    });
    return [...told, ...outdated];
  }

  /** The markets with bars that ended before `settledMs` and that only REST can prove. */
  unread(settledMs: number): ReadonlyArray<UnreadBars> {
    const found: Array<UnreadBars> = [];
    for (const { bars, unread } of this.#members.values()) {
      const settled = [...unread].filter((openTimeMs) => nextWindowStart(this.interval, openTimeMs) <= settledMs);
      if (settled.length === 0) continue;
      found.push({ market: bars.market, fromMs: Math.min(...settled), beforeMs: nextWindowStart(this.interval, Math.max(...settled)) });
    }
    return found;
  }

  /** REST has read all candles of such a span. */
  read({ market, fromMs, beforeMs }: UnreadBars, candles: ReadonlyArray<Candle>): void {
    const member = this.#members.get(market);
    if (member === undefined) return;
    const byOpening = new Map(candles.map((candle) => [candle.openTimeMs, candle]));
    for (const openTimeMs of member.unread) {
      if (openTimeMs < fromMs || openTimeMs >= beforeMs) continue;
      member.bars.read(openTimeMs, byOpening.get(openTimeMs));
      this.#touch(member, openTimeMs);
    }
  }

  #touch(member: Member, openTimeMs: number): void {
    member.touched.add(openTimeMs);
    this.#touched.add(member);
  }

  /** What is told of a market in a bar for the first time. */
  #tell(member: Member, openTimeMs: number, closeTimeMs: number): Standing {
    const standing = member.bars.standing(openTimeMs, closeTimeMs);
    this.#note(member, openTimeMs, standing);
    return standing;
  }

  /** What is to be told of a market in a bar that was told; undefined where that stands. */
  #change(member: Member, openTimeMs: number): Standing | undefined {
    const before = member.told.get(openTimeMs);
    const standing = member.bars.standing(openTimeMs, nextWindowStart(this.interval, openTimeMs));
    if (before === undefined) return undefined;
    this.#note(member, openTimeMs, standing);
    const isSame = before === "unproved" ? standing._tag === "Unproved" : before === "empty" && standing._tag === "Empty";
    if (isSame) return undefined;
    if (before !== "unproved") member.claimed.add(openTimeMs);
    if (standing._tag !== "Traded" || !member.claimed.has(openTimeMs)) return standing;
    return { _tag: "Traded", candle: { ...standing.candle, state: "corrected" } };
  }

  #note(member: Member, openTimeMs: number, standing: Standing): void {
    const isUnproved = standing._tag === "Unproved";
    member.told.set(openTimeMs, isUnproved ? "unproved" : standing._tag === "Empty" ? "empty" : "traded");
    member.waiting.delete(openTimeMs);
    member.unread.delete(openTimeMs);
    if (!isUnproved) return;
    if (standing.isLasting) member.unread.add(openTimeMs);
    else {
      member.waiting.add(openTimeMs);
      this.#waiting.add(member);
    }
  }

  #outdate({ market, tradeTimeMs }: Trade, reason: string): void {
    this.#outdated.push({ _tag: "Gap", kind: "trades", market, fromMs: tradeTimeMs, toMs: tradeTimeMs, reason });
  }

  /** The oldest bar that it waits in may be proved now. */
  #mayBeProved({ bars, waiting }: Member): boolean {
    const [oldestMs] = waiting;
    return oldestMs !== undefined && bars.provedMs >= nextWindowStart(this.interval, oldestMs);
  }

  #forget(): void {
    const oldestMs = this.#bars.shift();
    const keptMs = this.#bars[0];
    if (oldestMs === undefined || keptMs === undefined) return;
    this.#forgottenFromMs = Math.min(this.#forgottenFromMs, oldestMs);
    for (const member of this.#members.values()) {
      for (const set of [member.told, member.claimed, member.waiting, member.unread, member.touched]) set.delete(oldestMs);
      member.bars.forget(keptMs);
    }
  }
}

/** The three lists of a bar. */
class Sayings {
  readonly candles: Array<Candle> = [];
  readonly empty: Array<Market> = [];
  readonly unproved: Array<Unproved> = [];

  add(market: Market, standing: Standing): void {
    if (standing._tag === "Traded") this.candles.push(standing.candle);
    else if (standing._tag === "Empty") this.empty.push(market);
    else this.unproved.push({ market, reason: standing.reason });
  }
}
