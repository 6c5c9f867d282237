/**
 * A set of whole numbers of up to eighteen digits, each as its upper and its lower nine. Two arrays and nothing else: a set of strings costs six
 * times as much per id, most of it in memory that is not at hand. It grows by doubling and never shrinks. Plain synchronous state.
 */

const firstSlots = 64;

export class IdTable {
  /** By hash, the next free place after it where that is taken; a lower half is stored plus one, so that zero means free. */
  #upper = new Int32Array(firstSlots);
  #lower = new Int32Array(firstSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(upper: number, lower: number): boolean {
    return this.#lower[this.#slotOf(upper, lower + 1)] !== 0;
  }

  /** False when it was there. */
  add(upper: number, lower: number): boolean {
    const slot = this.#slotOf(upper, lower + 1);
    if (this.#lower[slot] !== 0) return false;
    this.#upper[slot] = upper;
    this.#lower[slot] = lower + 1;
    this.#size++;
    // Half full at most, so a place is found at once or after a step or two.
    if (2 * this.#size > this.#lower.length) this.#grow();
    return true;
  }

  /** Where it is, or where it would be. */
  #slotOf(upper: number, stored: number): number {
    const mask = this.#lower.length - 1;
    let slot = hashOf(upper, stored) & mask;
    while (this.#lower[slot] !== 0 && (this.#lower[slot] !== stored || this.#upper[slot] !== upper)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const upper = this.#upper;
    const lower = this.#lower;
    this.#upper = new Int32Array(2 * lower.length);
    this.#lower = new Int32Array(2 * lower.length);
    lower.forEach((stored, at) => {
      if (stored === 0) return;
      const slot = this.#slotOf(upper[at] ?? 0, stored);
      this.#upper[slot] = upper[at] ?? 0;
      this.#lower[slot] = stored;
    });
  }
}

/** Odd constants that mix the bits well: the golden ratio's, and one of MurmurHash3's. */
const hashOf = (upper: number, lower: number): number => {
  const mixed = Math.imul(lower ^ Math.imul(upper, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
};
