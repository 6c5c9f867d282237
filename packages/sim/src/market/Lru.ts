/**
 * A bounded memory of computed values: the least recently used one goes first. Everything in it can be made again, so forgetting costs only
 * time. `undefined` is a value here (an empty hour is worth remembering), which is why `get` takes the function that makes one.
 */
export class Lru<V> {
  private readonly entries = new Map<number, V>();
  private readonly capacity: number;
  /** The key asked for last: hot paths ask for one again and again. NaN when there is none. */
  private newest = Number.NaN;
  private newestValue: V | undefined;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The value of `key`, made and kept when it is not known. */
  get(key: number, make: (key: number) => V): V {
    if (key === this.newest) return this.newestValue as V; // set together with `newest`; `V` may itself include undefined
    const known = this.entries.get(key);
    if (known !== undefined || this.entries.has(key)) {
      this.entries.delete(key);
      return this.keep(key, known as V); // present
    }
    const made = make(key);
    if (this.entries.size >= this.capacity) {
      const oldest = this.entries.keys().next();
      if (oldest.done !== true) this.entries.delete(oldest.value);
    }
    return this.keep(key, made);
  }

  forget(key: number): void {
    this.entries.delete(key);
    this.newest = Number.NaN;
  }

  /** Forgets every key at or above `key`. */
  forgetFrom(key: number): void {
    this.newest = Number.NaN;
    for (const known of this.entries.keys()) if (known >= key) this.entries.delete(known);
  }

  clear(): void {
    this.entries.clear();
    this.newest = Number.NaN;
    this.newestValue = undefined;
  }

  private keep(key: number, value: V): V {
    this.entries.set(key, value);
    this.newest = key;
    this.newestValue = value;
    return value;
  }
}
