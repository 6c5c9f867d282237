/** What became of the elements meant for consumers: one entry per stream that is open, and the sum of those that are gone. */
import type { StreamElement } from "../domain/StreamElement.ts";
import type { Deliveries, LiveMetrics } from "./LiveMetrics.ts";

/** Consumers shown one by one. All are counted. */
const shown = 100;

type Counters = { -readonly [K in keyof Deliveries]: Deliveries[K] };

/** One stream's counters, to be raised by whoever serves it. */
export class ConsumerNumbers implements Counters {
  readonly id: number;
  readonly kind: string;
  readonly keys: number;
  delivered = 0;
  dropped = 0;
  conflated = 0;
  late = 0;
  recovered = 0;
  gaps = 0;

  constructor(id: number, kind: string, keys: number) {
    this.id = id;
    this.kind = kind;
    this.keys = keys;
  }

  /** The consumer took these. What a conflating buffer says that it dropped was replaced by newer values. */
  took(elements: ReadonlyArray<StreamElement<unknown>>): void {
    for (const element of elements) this.tookOne(element);
  }

  tookOne(element: StreamElement<unknown>): void {
    if (element._tag === "Live" || element._tag === "Recovered") {
      this.delivered++;
      if (element.late) this.late++;
      if (element._tag !== "Live") this.recovered++;
    } else if (element._tag === "Gap") this.gaps++;
    else if (element._tag === "Dropped") this.conflated += element.count;
  }
}

export class AllConsumers {
  readonly #open = new Set<ConsumerNumbers>();
  readonly #gone: Counters = none();
  #opened = 0;

  opened(kind: string, keys: number): ConsumerNumbers {
    const numbers = new ConsumerNumbers(++this.#opened, kind, keys);
    this.#open.add(numbers);
    return numbers;
  }

  /** Its numbers stay in the total. Idempotent. */
  closed(numbers: ConsumerNumbers): void {
    if (this.#open.delete(numbers)) add(this.#gone, numbers);
  }

  get open(): number {
    return this.#open.size;
  }

  total(): Deliveries {
    const sum = { ...this.#gone };
    for (const numbers of this.#open) add(sum, numbers);
    return sum;
  }

  toMetrics(): LiveMetrics["consumers"] {
    const each: Array<LiveMetrics["consumers"]["each"][number]> = [];
    for (const { id, kind, keys, ...counters } of this.#open) {
      if (each.length >= shown) break;
      each.push({ id, kind, keys, ...counters });
    }
    return { open: this.#open.size, closed: this.#opened - this.#open.size, total: this.total(), each };
  }
}

const none = (): Counters => ({ delivered: 0, dropped: 0, conflated: 0, late: 0, recovered: 0, gaps: 0 });

const add = (sum: Counters, numbers: Deliveries): void => {
  sum.delivered += numbers.delivered;
  sum.dropped += numbers.dropped;
  sum.conflated += numbers.conflated;
  sum.late += numbers.late;
  sum.recovered += numbers.recovered;
  sum.gaps += numbers.gaps;
};
