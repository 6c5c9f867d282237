/** The last so many ids, for removing duplicates. Constant time: a ring remembers which id to forget next. */
export class IdMemory {
  readonly #known = new Set<string>();
  readonly #ring: Array<string> = [];
  readonly #times: Array<number> = [];
  readonly #capacity: number;
  #next = 0;
  /** The latest time of an id that was forgotten; what is not newer may have been known once. */
  forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Remembers `id`, of what happened at `atMs`; false when it was known. At capacity the id remembered longest is forgotten. */
  add(id: string, atMs = Number.NEGATIVE_INFINITY): boolean {
    if (this.#known.has(id)) return false;
    const forgotten = this.#ring[this.#next];
    if (forgotten !== undefined) {
      this.#known.delete(forgotten);
      this.forgottenMs = Math.max(this.forgottenMs, this.#times[this.#next] ?? Number.NEGATIVE_INFINITY);
    }
    this.#ring[this.#next] = id;
    this.#times[this.#next] = atMs;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#known.add(id);
    return true;
  }
}
