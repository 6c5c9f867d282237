/** The last so many ids, for removing duplicates. Constant time: a ring remembers which id to forget next. */
export class IdMemory {
  readonly #known = new Set<string>();
  readonly #ring: Array<string> = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Remembers `id`; false when it was known. At capacity the id remembered longest is forgotten. */
  add(id: string): boolean {
    if (this.#known.has(id)) return false;
    const forgotten = this.#ring[this.#next];
    if (forgotten !== undefined) this.#known.delete(forgotten);
    this.#ring[this.#next] = id;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#known.add(id);
    return true;
  }
}
