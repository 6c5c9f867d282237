/**
 * A bounded memory of computed values: the least recently used one goes first. Everything in it can be made again, so forgetting costs only
 * time. `undefined` is a value here (an empty hour is worth remembering), which is why `get` takes the function that makes one.
 */
export class Lru<V> {
  private readonly entries = new Map<number, V>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The value of `key`, made and kept when it is not known. */
  get(key: number, make: (key: number) => V): V {
    const known = this.entries.get(key);
    if (known !== undefined || this.entries.has(key)) {
      this.entries.delete(key);
      this.entries.set(key, known as V); // present: `V` may itself include undefined
      return known as V;
    }
    const made = make(key);
    if (this.entries.size >= this.capacity) {
      const oldest = this.entries.keys().next();
      if (oldest.done !== true) this.entries.delete(oldest.value);
    }
    this.entries.set(key, made);
    return made;
  }

  forget(key: number): void {
    this.entries.delete(key);
  }

  /** Forgets every key at or above `key`. */
  forgetFrom(key: number): void {
    for (const known of this.entries.keys()) if (known >= key) this.entries.delete(known);
  }
}
