/** Bytes compared eight at a time, and what is remembered of markets by their bytes. */

/** Whether `length` bytes, at least eight, are the same at both places. As doubles: no text of JSON is one that is unequal to itself. */
export const isSame = (a: DataView, atA: number, b: DataView, atB: number, length: number): boolean => {
  const last = length - 8;
  for (let i = 0; i < last; i += 8) if (a.getFloat64(atA + i, true) !== b.getFloat64(atB + i, true)) return false;
  return a.getFloat64(atA + last, true) === b.getFloat64(atB + last, true);
};

/** Markets remembered by one table; all are forgotten when there are more. The exchange has some 850. */
const maxMarkets = 1_024;

/** What is remembered of each market. */
export class Memories<A> {
  readonly #all = new Map<unknown, A>();
  readonly #make: () => A;

  constructor(make: () => A) {
    this.#make = make;
  }

  of(market: unknown): A {
    let memory = this.#all.get(market);
    if (memory === undefined) {
      if (this.#all.size >= maxMarkets) this.#all.clear();
      this.#all.set(market, (memory = this.#make()));
    }
    return memory;
  }
}
