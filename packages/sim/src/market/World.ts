/**
 * All markets of one exchange: the catalogue, a tape for each, the halts and the maintenance they share, and when each of them comes and goes.
 * What clients may see at a moment is {@link World.at}; tapes themselves are there for all markets, listed or not.
 */
import { Halts } from "./Halts.ts";
import { active, Lifecycle, type LifecyclePlan, type Listing } from "./Lifecycle.ts";
import { Maintenance, type MaintenanceWindow } from "./Maintenance.ts";
import { MarketTape } from "./MarketTape.ts";
import type { MarketSpec } from "./Catalogue.ts";
import { forgetOrders } from "./RestingOrders.ts";
import { chooseMarkets, marketOfCode, type MarketsOptions } from "./WideCatalogue.ts";

export interface WorldPlans {
  readonly lifecycle?: ReadonlyArray<LifecyclePlan> | undefined;
  readonly maintenance?: ReadonlyArray<MaintenanceWindow> | undefined;
}

/** The markets that are listed at a moment. */
export interface ListedMarkets {
  /** In the order the exchange lists them. */
  readonly markets: ReadonlyArray<MarketSpec>;
  readonly halts: Halts;
  /** The tape of a market by its exact code. */
  readonly tape: (code: string) => MarketTape | undefined;
}

/** Markets there can ever be, listed and gone. */
const maxListed = 2_000;

export class World implements ListedMarkets {
  /** All of them, listed or not, in the order the exchange lists them. */
  readonly markets: ReadonlyArray<MarketSpec>;
  readonly halts = new Halts();
  readonly maintenance = new Maintenance();
  private readonly all: Array<MarketSpec>;
  private readonly tapes = new Map<string, MarketTape>();
  private readonly lifecycle = new Lifecycle();
  private readonly seed: number;
  private readonly historyStartMs: number;

  constructor(seed: number, historyStartMs: number, markets?: MarketsOptions, plans: WorldPlans = {}) {
    this.seed = seed;
    this.historyStartMs = historyStartMs;
    this.all = [...chooseMarkets(seed, markets)];
    this.markets = this.all;
    for (const spec of this.all) this.tapes.set(spec.code, new MarketTape(spec, this.halts, historyStartMs));
    for (const plan of plans.lifecycle ?? []) this.plan(plan);
    for (const window of plans.maintenance ?? []) this.maintain(window.fromMs, window.toMs, window.fromMs);
  }

  /** Forgets what can be made again, so that who measures memory measures somebody else's. Nothing that is told changes. */
  forgetMade(): void {
    for (const tape of this.tapes.values()) {
      tape.forgetMade();
      forgetOrders(tape);
    }
  }

  /** The tape of a market by its exact code. */
  tape(code: string): MarketTape | undefined {
    return this.tapes.get(code);
  }

  /** What clients see at `nowMs`: only the markets that are listed then. */
  at(nowMs: number): ListedMarkets {
    if (this.lifecycle.isEmpty) return this;
    const isListed = (code: string) => (this.listing(code, nowMs)?.state ?? "DELISTED") !== "DELISTED";
    return {
      halts: this.halts,
      markets: this.all.filter((spec) => isListed(spec.code)),
      tape: (code) => (isListed(code) ? this.tapes.get(code) : undefined),
    };
  }

  /** What a market is at `ms`; `undefined` when nobody knows of it. */
  listing(code: string, ms: number): Listing | undefined {
    if (!this.tapes.has(code)) return undefined;
    return this.lifecycle.isEmpty ? active : this.lifecycle.at(code, ms);
  }

  /** When a market is gone; `Infinity` when it stays. */
  delistMsOf(code: string): number {
    return this.lifecycle.delistMsOf(code);
  }

  /** Seeded trades stop after `nowMs`. */
  halt(nowMs: number): void {
    this.forgetFrom(this.halts.halt(nowMs));
  }

  /** Seeded trades happen again after `nowMs`. */
  resume(nowMs: number): void {
    this.forgetFrom(this.halts.resume(nowMs));
  }

  /** Everything is off from `fromMs` on and before `toMs`; trades stop at `haltMs`, because those of the present have happened. */
  maintain(fromMs: number, toMs: number, haltMs = fromMs + 1): void {
    if (!(fromMs < toMs)) throw new RangeError(`maintenance from ${fromMs} to ${toMs}`);
    this.maintenance.add({ fromMs, toMs });
    this.halts.plan(haltMs, toMs);
    this.forgetFrom(haltMs);
  }

  /** The market is there and trades from `nowMs` on, without a history; says whether it was not there. A new code makes a market. */
  list(code: string, nowMs: number): boolean {
    const known = this.tapes.get(code);
    if (known !== undefined && !this.lifecycle.list(code, nowMs)) return false;
    const tape = known ?? this.add(code);
    if (known === undefined) this.lifecycle.plan({ market: code, listMs: nowMs });
    tape.setOpen(nowMs, Infinity);
    return true;
  }

  /** The market is gone from `nowMs` on, and its history with it; says whether it was there. */
  delist(code: string, nowMs: number): boolean {
    const tape = this.tapes.get(code);
    if (tape === undefined || !this.lifecycle.delist(code, nowMs)) return false;
    tape.setOpen(tape.openedMs, Math.min(tape.closedMs, nowMs + 1));
    return true;
  }

  private plan(plan: LifecyclePlan): void {
    const tape = this.tapes.get(plan.market) ?? this.add(plan.market);
    this.lifecycle.plan(plan);
    tape.setOpen(plan.listMs ?? tape.openedMs, plan.delistMs ?? Infinity);
  }

  private add(code: string): MarketTape {
    if (this.all.length >= maxListed) throw new RangeError(`more than ${maxListed} markets`);
    const spec = marketOfCode(this.seed, code);
    const tape = new MarketTape(spec, this.halts, this.historyStartMs);
    this.all.push(spec);
    this.tapes.set(code, tape);
    return tape;
  }

  private forgetFrom(ms: number | undefined): void {
    if (ms !== undefined) for (const tape of this.tapes.values()) tape.forgetFrom(ms);
  }
}
