/** Blocks of history in memory, of every kind under one limit: what was used longest ago leaves, whatever it is, and its range with it. */
import { type Coverage, covered, nothing, type TimeRange, uncovered } from "./Coverage.ts";

/** The blocks of one series, and the ranges in which nothing is missing. */
export class KeptBlocks {
  /** No other series has it, of whatever kind. */
  readonly name: string;
  /** By the start of the block. */
  readonly blocks = new Map<number, Uint8Array>();
  coverage: Coverage = nothing;
  readonly #rangeOf: (startMs: number) => TimeRange;

  constructor(name: string, rangeOf: (startMs: number) => TimeRange) {
    this.name = name;
    this.#rangeOf = rangeOf;
  }

  cover(range: TimeRange): void {
    this.coverage = covered(this.coverage, range);
  }

  /** Starts of the blocks that hold something of a range, ascending. */
  startsIn({ fromMs, toMs }: TimeRange): ReadonlyArray<number> {
    return [...this.blocks.keys()].filter((startMs) => startMs < toMs && this.#rangeOf(startMs).toMs > fromMs).sort((a, b) => a - b);
  }

  forget(startMs: number): void {
    this.blocks.delete(startMs);
    this.coverage = uncovered(this.coverage, this.#rangeOf(startMs));
  }
}

/** The series of one kind, by name. */
export class SeriesMemory<Series> {
  readonly #all = new Map<string, { readonly series: Series; readonly kept: KeptBlocks }>();
  readonly #nameOf: (series: Series) => string;
  readonly #rangeOf: (series: Series, startMs: number) => TimeRange;

  constructor(nameOf: (series: Series) => string, rangeOf: (series: Series, startMs: number) => TimeRange) {
    this.#nameOf = nameOf;
    this.#rangeOf = rangeOf;
  }

  get(series: Series): KeptBlocks | undefined {
    return this.#all.get(this.#nameOf(series))?.kept;
  }

  obtain(series: Series): KeptBlocks {
    const known = this.get(series);
    if (known !== undefined) return known;
    const kept = new KeptBlocks(this.#nameOf(series), (startMs) => this.#rangeOf(series, startMs));
    this.#all.set(kept.name, { series, kept });
    return kept;
  }

  /** Those of which anything is known. */
  list(): ReadonlyArray<{ readonly series: Series; readonly kept: KeptBlocks }> {
    for (const [name, { kept }] of this.#all) if (kept.coverage.length === 0) this.#all.delete(name);
    return [...this.#all.values()];
  }
}

/** Which blocks were used longest ago, and how many rows all of them hold. */
export class BlockUse {
  readonly #maxRows: number;
  /** The youngest last, under the name of the series and the start of the block. */
  readonly #used = new Map<string, { readonly kept: KeptBlocks; readonly startMs: number; readonly rows: number }>();
  #rows = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  /** The blocks that hold a range, ascending. They count as used. */
  blocksIn(kept: KeptBlocks, range: TimeRange): ReadonlyArray<Uint8Array> {
    return kept.startsIn(range).flatMap((startMs) => {
      const id = idOf(kept, startMs);
      const known = this.#used.get(id);
      const bytes = kept.blocks.get(startMs);
      if (known === undefined || bytes === undefined) return [];
      this.#used.delete(id);
      this.#used.set(id, known);
      return [bytes];
    });
  }

  write(kept: KeptBlocks, startMs: number, bytes: Uint8Array, rows: number): void {
    const id = idOf(kept, startMs);
    this.#rows += rows - (this.#used.get(id)?.rows ?? 0);
    this.#used.delete(id);
    kept.blocks.set(startMs, bytes);
    this.#used.set(id, { kept, startMs, rows });
  }

  /** The last block stays, however large. */
  makeRoom(): void {
    for (const [id, { kept, startMs, rows }] of this.#used) {
      if (this.#rows <= this.#maxRows || this.#used.size === 1) return;
      this.#used.delete(id);
      kept.forget(startMs);
      this.#rows -= rows;
    }
  }
}

const idOf = (kept: KeptBlocks, startMs: number): string => `${kept.name} ${startMs}`;
