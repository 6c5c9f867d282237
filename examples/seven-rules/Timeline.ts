/**
 * The rules of one market, stepped in the order of the exchange's time. Events come in another order: a minute is known to be closed only when
 * the next one has begun, and a trade that was lost and found again comes after later ones. Such an event is put in its place: the machines go
 * back to where they stood before it and are stepped again from there, and what comes out differently is told.
 *
 * So the decisions follow from what happened at the exchange and from nothing else, and can be checked against its own record. Bounded:
 * what is older than the oldest event remembered stays out, and is counted.
 */
import type { Market } from "@naru/router";
import { afterDecision, type Holding } from "./Holding.ts";
import type { Decision, Machine, MarketEvent } from "./Rule.ts";
import { completed, noWindows, type Windows, withHole, withTrade } from "./Windows.ts";

/** What an event changed. Both lists are empty for most. */
export interface Change {
  readonly decided: ReadonlyArray<Decision>;
  /** Decisions of before that are none any more. */
  readonly withdrawn: ReadonlyArray<Decision>;
}

interface Entry {
  readonly event: MarketEvent;
  readonly after: Standing;
  readonly decisions: ReadonlyArray<Decision>;
}

interface Standing {
  readonly machines: ReadonlyArray<Machine>;
  readonly holding: Holding | undefined;
  /** `undefined` when candles are taken as they are. */
  readonly windows: Windows | undefined;
}

export interface TimelineOptions {
  /** Events remembered: what can be gone back by. Default 5,000. */
  readonly memory?: number;
  /** Candles are completed from the trades. Default false. */
  readonly completes?: boolean;
}

const defaultMemory = 5_000;
const nothing: Change = { decided: [], withdrawn: [] };

export class Timeline {
  /** Events that came too late to be put in their place. */
  tooLate = 0;
  /** Events that were put before others. */
  putBack = 0;
  readonly #market: Market;
  readonly #memory: number;
  readonly #entries: Array<Entry> = [];
  /** Before the oldest entry. */
  #base: Standing;
  #baseMs = Number.NEGATIVE_INFINITY;
  #fromMs = Number.POSITIVE_INFINITY;

  constructor(market: Market, rules: ReadonlyArray<Machine>, options: TimelineOptions = {}) {
    this.#market = market;
    this.#memory = options.memory ?? defaultMemory;
    this.#base = { machines: rules, holding: undefined, windows: options.completes === true ? noWindows : undefined };
  }

  /** Time of the newest event; before the first one, minus infinity. */
  get newestMs(): number {
    return this.#entries.at(-1)?.event.atMs ?? this.#baseMs;
  }

  /** Decisions begin with what happens after `fromMs`. What came so far, and what is older, only warms the rules up. */
  open(fromMs: number): void {
    this.#fromMs = fromMs;
  }

  /** Puts an event in its place. The same candle a second time changes nothing. */
  add(event: MarketEvent): Change {
    if (event.atMs < this.#baseMs) {
      this.tooLate++;
      return nothing;
    }
    const entries = this.#entries;
    let at = entries.length;
    for (let before = entries[at - 1]; before !== undefined && isBefore(event, before.event); before = entries[at - 1]) at--;
    if (entries[at - 1] !== undefined && isSameCandle(event, entries[at - 1]?.event)) return nothing;
    if (at < entries.length) this.putBack++;
    const later = entries.splice(at).map((entry) => entry);
    const old = later.flatMap((entry) => entry.decisions);
    for (const each of [event, ...later.map((entry) => entry.event)]) entries.push(this.#step(each));
    const decisions = entries.slice(at).flatMap((entry) => entry.decisions);
    this.#forget();
    return old.length === 0 && decisions.length === 0 ? nothing : difference(old, decisions);
  }

  #step(event: MarketEvent): Entry {
    const before = this.#entries.at(-1)?.after ?? this.#base;
    let { holding } = before;
    const shown = before.windows === undefined ? event : asTraded(before.windows, event);
    const windows = before.windows === undefined ? undefined : windowsAfter(before.windows, event);
    const decisions: Array<Decision> = [];
    const machines = before.machines.map((machine) => {
      const { next, say } = machine.step(shown, holding);
      if (say === undefined || event.atMs <= this.#fromMs) return next;
      const decision: Decision = { rule: machine.rule, market: this.#market, atMs: event.atMs, ...say };
      decisions.push(decision);
      holding = afterDecision(holding, decision);
      return next;
    });
    return { event, after: { machines, holding, windows }, decisions };
  }

  #forget(): void {
    if (this.#entries.length <= this.#memory) return;
    for (const { event, after } of this.#entries.splice(0, Math.ceil(this.#memory / 4))) {
      this.#base = after;
      this.#baseMs = event.atMs;
    }
  }
}

const asTraded = (windows: Windows, event: MarketEvent): MarketEvent =>
  event._tag === "Candle" ? { ...event, candle: completed(windows, event.candle) } : event;

const windowsAfter = (windows: Windows, event: MarketEvent): Windows => {
  if (event._tag === "Candle") return windows;
  return event._tag === "Trade" ? withTrade(windows, event.trade) : withHole(event.atMs);
};

/** By time; at the end of a window its candle comes first, because a trade of that moment belongs to the next one. Else as they came. */
const isBefore = (a: MarketEvent, b: MarketEvent): boolean => (a.atMs === b.atMs ? rank(a) < rank(b) : a.atMs < b.atMs);

const rank = (event: MarketEvent): number => {
  if (event._tag === "Trade") return 4;
  if (event._tag === "Hole") return 3;
  return event.candle.interval === "1m" ? 0 : event.candle.interval === "5m" ? 1 : 2;
};

const isSameCandle = (a: MarketEvent, b: MarketEvent | undefined): boolean =>
  a._tag === "Candle" && b?._tag === "Candle" && a.atMs === b.atMs && a.candle.interval === b.candle.interval;

const difference = (old: ReadonlyArray<Decision>, now: ReadonlyArray<Decision>): Change => {
  const [before, after] = [new Set(old.map(nameOf)), new Set(now.map(nameOf))];
  return {
    decided: now.filter((decision) => !before.has(nameOf(decision))),
    withdrawn: old.filter((decision) => !after.has(nameOf(decision))),
  };
};

/** Two decisions with the same name are the same decision. */
export const nameOf = ({ rule, market, action, price, atMs }: Decision): string => `${market} ${atMs} ${rule} ${action} ${price}`;
