/** Bytes compared eight at a time, and what is remembered of markets by their bytes. */

/** Whether `length` bytes, at least eight, are the same at both places. As doubles: no text of JSON is one that is unequal to itself. */
export const isSame = (a: DataView, atA: number, b: DataView, atB: number, length: number): boolean => {
  const last = length - 8;
  for (let i = 0; i < last; i += 8) if (a.getFloat64(atA + i, true) !== b.getFloat64(atB + i, true)) return false;
  return a.getFloat64(atA + last, true) === b.getFloat64(atB + last, true);
};

/** Markets remembered by one table; all are forgotten when there are more. The exchange has some 850. */
const maxMarkets = 1_024;

/** What is remembered of each market, by the place of its code in the table of codes. */
export class Memories<A> {
  #all: Array<A | undefined> = [];
  #count = 0;
  readonly #make: () => A;

  constructor(make: () => A) {
    this.#make = make;
  }

  of(place: number): A {
    return this.#all[place] ?? this.#added(place);
  }

  #added(place: number): A {
    if (this.#count++ >= maxMarkets) {
      this.#all = [];
      this.#count = 1;
    }
    while (this.#all.length <= place) this.#all.push(undefined);
    return (this.#all[place] = this.#make());
  }
}
