/**
 * A set of whole numbers of up to eighteen digits, each as its upper and its lower nine. What comes in growing order, as nearly all ids of a feed do, is kept
 * as a list: one that is larger than all is new without a look at them, and is written beside the one before. What comes behind a larger one goes into a
 * table. Nothing is taken for granted of the order: a feed without one is all table. Plain synchronous state.
 */
import { IdTable } from "./IdTable.ts";

const firstPlaces = 32;

export class IdSet {
  readonly #capacity: number;
  /** Growing; upper and lower half by turns. */
  #list = new Int32Array(0);
  /** Numbers in the list, and the last of them; none is larger. */
  #length = 0;
  #upper = -1;
  #lower = -1;
  /** Those that came behind a larger one. */
  #strays: IdTable | undefined;

  /** `capacity`: the most that will be in it, so that no room is made for more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#length + (this.#strays?.size ?? 0);
  }

  has(upper: number, lower: number): boolean {
    if (this.#isLargest(upper, lower)) return false;
    return this.#isListed(upper, lower) || (this.#strays?.has(upper, lower) ?? false);
  }

  /** False when it was there. */
  add(upper: number, lower: number): boolean {
    if (!this.#isLargest(upper, lower)) return !this.#isListed(upper, lower) && (this.#strays ??= new IdTable()).add(upper, lower);
    const at = 2 * this.#length++;
    if (at === this.#list.length) this.#grow();
    this.#list[at] = this.#upper = upper;
    this.#list[at + 1] = this.#lower = lower;
    return true;
  }

  #isLargest(upper: number, lower: number): boolean {
    return upper > this.#upper || (upper === this.#upper && lower > this.#lower);
  }

  #isListed(upper: number, lower: number): boolean {
    const list = this.#list;
    let [from, to] = [0, this.#length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = list[2 * middle] ?? 0;
      if (other < upper || (other === upper && (list[2 * middle + 1] ?? 0) < lower)) from = middle + 1;
      else to = middle;
    }
    return from < this.#length && list[2 * from] === upper && list[2 * from + 1] === lower;
  }

  #grow(): void {
    const places = Math.min(Math.max(firstPlaces, this.#list.length), Math.max(this.#capacity, this.#length));
    const longer = new Int32Array(2 * places);
    longer.set(this.#list);
    this.#list = longer;
  }
}
