/**
 * The latest entries of a log that never ends, numbered from 1, so that a reader who remembers the last number it saw can go on from there and is
 * told how many it missed.
 */

export interface Page<A> {
  /** Oldest first. */
  readonly entries: ReadonlyArray<A>;
  /** The number of the last entry looked at: what `since` is for the next page. */
  readonly next: number;
  /** Entries after `since` that had fallen out before they were asked for. */
  readonly missed: number;
  /** There are entries after `next` already. */
  readonly more: boolean;
}

export interface PageOptions {
  /** Entries with a larger number are wanted. Without it: the newest. */
  readonly since?: number | undefined;
  /** Entries wanted at most. */
  readonly limit: number;
}

/** Keeps the latest `capacity` items; at times up to twice as many. */
export class Ring<A> {
  /** Items that fell out. */
  dropped = 0;
  private items: Array<A> = [];
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  push(item: A): void {
    this.items.push(item);
    if (this.items.length < 2 * this.capacity) return;
    this.dropped += this.items.length - this.capacity;
    this.items = this.items.slice(-this.capacity);
  }

  /** Oldest first. */
  all(): ReadonlyArray<A> {
    return this.items;
  }

  /** Items ever pushed, and so the number of the newest. */
  get total(): number {
    return this.dropped + this.items.length;
  }

  /** One page of the items that `wanted` accepts. */
  page({ since, limit }: PageOptions, wanted: (item: A) => boolean = () => true): Page<A> {
    return since === undefined ? this.newest(limit, wanted) : this.after(since, limit, wanted);
  }

  private newest(limit: number, wanted: (item: A) => boolean): Page<A> {
    const entries: Array<A> = [];
    for (let i = this.items.length - 1; i >= 0 && entries.length < limit; i--) {
      const item = this.items[i];
      if (item !== undefined && wanted(item)) entries.push(item);
    }
    return { entries: entries.reverse(), next: this.total, missed: 0, more: false };
  }

  private after(since: number, limit: number, wanted: (item: A) => boolean): Page<A> {
    const entries: Array<A> = [];
    let i = Math.min(Math.max(0, since - this.dropped), this.items.length);
    for (; i < this.items.length && entries.length < limit; i++) {
      const item = this.items[i];
      if (item !== undefined && wanted(item)) entries.push(item);
    }
    return { entries, next: this.dropped + i, missed: Math.max(0, this.dropped - since), more: i < this.items.length };
  }
}
