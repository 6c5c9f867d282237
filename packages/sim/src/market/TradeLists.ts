/**
 * The trades of one market by minute. The seeded ones are made when asked; halts and the market's opening and closing take some away, scripts
 * add others. Both the seeded list and the list of what happens are kept: the book looks ahead in the seeded one, which no order of the
 * present can change.
 */
import { type Burst, burstsOf, indexAfter } from "./Burst.ts";
import type { MarketSpec } from "./Catalogue.ts";
import type { Halts } from "./Halts.ts";
import { Lru } from "./Lru.ts";
import type { PricePath } from "./PricePath.ts";
import { MinuteBuffer, makeMinute } from "./SeededMinute.ts";
import { maxPerMs, type TradeRow } from "./Trade.ts";

const minuteMs = 60_000;

/** Scripted trades kept for one market; the script fails beyond. */
export const maxScripted = 100_000;

/** Trades a market keeps in memory, roughly. */
const rememberedTrades = 100_000;

/** Shared by all markets: nothing keeps a reference to it between two calls. */
const buffer = new MinuteBuffer();

interface Minute {
  readonly seeded: ReadonlyArray<TradeRow>;
  /** `seeded` itself where nothing was taken away or added. */
  readonly happening: ReadonlyArray<TradeRow>;
  bursts: ReadonlyArray<Burst> | undefined;
}

export class TradeLists {
  /** First millisecond in which the market trades. */
  openedMs: number;
  /** First millisecond in which it trades no more. */
  closedMs = Infinity;
  private readonly spec: MarketSpec;
  private readonly path: PricePath;
  private readonly halts: Halts;
  private readonly minutes: Lru<Minute>;
  /** Scripted trades by minute number, each list in order. */
  private readonly scripted = new Map<number, Array<TradeRow>>();
  private scriptedCount = 0;

  constructor(path: PricePath, halts: Halts, openedMs: number) {
    this.spec = path.spec;
    this.path = path;
    this.halts = halts;
    this.openedMs = openedMs;
    this.minutes = new Lru(Math.max(8, Math.min(512, Math.floor(rememberedTrades / (path.spec.rate + 1)))));
  }

  /** What happens in a minute, in order; also in the future. Do not change the list. */
  of(minute: number): ReadonlyArray<TradeRow> {
    return this.minutes.get(minute, this.makeMinute).happening;
  }

  /** Forgets what can be made again. */
  forgetMade(): void {
    this.minutes.clear();
  }

  /** The seeded order of exactly this millisecond. */
  burstAt(ms: number): Burst | undefined {
    const bursts = this.bursts(Math.floor(ms / minuteMs));
    const found = bursts[indexAfter(bursts, ms) - 1];
    return found?.ms === ms ? found : undefined;
  }

  /** The first seeded order after `ms` and not after `limitMs`, whether halts let it happen or not. */
  burstAfter(ms: number, limitMs: number): Burst | undefined {
    for (let minute = Math.floor(ms / minuteMs); minute * minuteMs <= limitMs; minute++) {
      const bursts = this.bursts(minute);
      const found = bursts[indexAfter(bursts, ms)];
      if (found !== undefined) return found.ms <= limitMs ? found : undefined;
    }
    return undefined;
  }

  /** Whether the market never trades by itself. */
  get isSilent(): boolean {
    return this.spec.rate === 0 && this.scriptedCount === 0;
  }

  /** Whether exactly the seeded trades happen in this minute. */
  isUntouched(minute: number): boolean {
    return !this.scripted.has(minute) && this.isWhole(minute * minuteMs, (minute + 1) * minuteMs);
  }

  /** Whether all seeded trades in `[from, to)` happen. */
  isWhole(from: number, to: number): boolean {
    return from >= this.openedMs && to <= this.closedMs && !this.halts.touches(from, to);
  }

  /** Adds a scripted trade after all others of its millisecond; `undefined` when the tape or the millisecond is full. */
  insert(ms: number, price: number, size: number, bid: boolean): TradeRow | undefined {
    const minute = Math.floor(ms / minuteMs);
    const list = this.scripted.get(minute) ?? [];
    let n = -1;
    for (const trade of this.minutes.get(minute, this.makeMinute).seeded) if (trade.ms === ms) n = Math.max(n, trade.n);
    for (const trade of list) if (trade.ms === ms) n = Math.max(n, trade.n);
    if (n + 1 >= maxPerMs || this.scriptedCount >= maxScripted) return undefined;
    const trade: TradeRow = { ms, n: n + 1, price, size, bid };
    list.push(trade);
    list.sort(inOrder);
    this.scripted.set(minute, list);
    this.scriptedCount++;
    this.minutes.forget(minute);
    return trade;
  }

  forgetFrom(ms: number): void {
    this.minutes.forgetFrom(Math.floor(ms / minuteMs));
  }

  private bursts(minute: number): ReadonlyArray<Burst> {
    if (this.spec.rate === 0) return [];
    const entry = this.minutes.get(minute, this.makeMinute);
    return (entry.bursts ??= burstsOf(this.spec, entry.seeded));
  }

  private readonly makeMinute = (minute: number): Minute => {
    makeMinute(this.path, minute, buffer);
    const seeded = buffer.rows();
    if (this.isUntouched(minute)) return { seeded, happening: seeded, bursts: undefined };
    const happening = seeded.filter(({ ms }) => !this.halts.at(ms));
    for (const trade of this.scripted.get(minute) ?? []) if (!this.halts.isPlanned(trade.ms)) happening.push(trade);
    const within = happening.filter(({ ms }) => ms >= this.openedMs && ms < this.closedMs);
    return { seeded, happening: within.sort(inOrder), bursts: undefined };
  };
}

const inOrder = (a: TradeRow, b: TradeRow): number => a.ms - b.ms || a.n - b.n;
