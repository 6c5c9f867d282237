/** All markets of one exchange: the catalogue, a tape for each, and the halts they share. */
import { type MarketSpec, makeCatalogue } from "./Catalogue.ts";
import { Halts } from "./Halts.ts";
import { MarketTape } from "./MarketTape.ts";
import type { Quote } from "./TickSize.ts";

export class World {
  readonly markets: ReadonlyArray<MarketSpec>;
  readonly halts = new Halts();
  private readonly tapes = new Map<string, MarketTape>();

  constructor(seed: number, historyStartMs: number, quotes?: ReadonlyArray<Quote>) {
    this.markets = makeCatalogue(seed, quotes);
    for (const spec of this.markets) this.tapes.set(spec.code, new MarketTape(spec, this.halts, historyStartMs));
  }

  /** The tape of a market by its exact code. */
  tape(code: string): MarketTape | undefined {
    return this.tapes.get(code);
  }

  /** Seeded trades stop after `nowMs`. */
  halt(nowMs: number): void {
    this.forgetFrom(this.halts.halt(nowMs));
  }

  /** Seeded trades happen again after `nowMs`. */
  resume(nowMs: number): void {
    this.forgetFrom(this.halts.resume(nowMs));
  }

  private forgetFrom(ms: number | undefined): void {
    if (ms !== undefined) for (const tape of this.tapes.values()) tape.forgetFrom(ms);
  }
}
