/**
 * A table of fields made ready for the byte scanner: the bytes of each name, and what its value is. The order of fields on the wire is not
 * assumed but learnt: the last message that was read with care leaves a plan, and the next is expected to be like it.
 */
import type { FieldType } from "../FieldType.ts";
import { type Field, type Fields, type Need, type Spelling, spelt } from "../Shape.ts";
import { RowMemory } from "./RowMemory.ts";
import { maxRuns, RunMemory } from "./RunMemory.ts";
import type { ScanPlan } from "./ScanPlan.ts";
import { Memories } from "./sameBytes.ts";
import { WordTable } from "./WordTable.ts";

/** What the scanner does with a value. `nothing` is a plan's: null is expected there. */
export const valueKind = {
  ...{ decimal: 0, amount: 1, price: 2, integer: 3, digits: 4, word: 5, flag: 6, time: 7, compactTime: 8, moment: 9 },
  ...{ units: 10, nothing: 11, other: 12 },
} as const;

/** Numbers of a plan for each of its fields: the field, its kind, the bytes of its name, where the words of its name begin. */
export const stepSize = 4;

/** Where the market lies in every table: behind the type. */
export const marketPlace = 1;

export interface SlotsOptions {
  readonly usual?: ScanPlan | undefined;
  readonly steady?: ReadonlySet<number> | undefined;
}

export class Slots {
  readonly names: ReadonlyArray<string>;
  readonly size: number;
  /** Where its values lie among the scanner's. */
  readonly base: number;
  readonly kinds: Uint8Array;
  /** 1 where the field must be there and not be null, 2 where it must be there, 0 where it may be left out. */
  readonly needs: Uint8Array;
  /** Bytes of `"name":`. */
  readonly keyLengths: Uint8Array;
  /**
   * The bytes of all keys, eight at a time as a double (none of them is zero or `NaN`), of keys shorter than eight four at a time. The last of a
   * key's overlaps those before.
   */
  readonly keyWords: Float64Array;
  /** Where a key's words begin in {@link keyWords}. */
  readonly keyStarts: Uint16Array;
  /** The largest value of whole numbers. */
  readonly maxima: Float64Array;
  readonly words: ReadonlyArray<WordTable | undefined>;
  /** The place in its table of a field's last text. */
  readonly lastWord: Uint16Array;
  /** The table of a list's objects. */
  readonly units: Slots | undefined;

  /** What the rows of this table were in the books before. */
  readonly rows = new Memories(() => new RowMemory());
  /** What the {@link runs} of this table were in the messages before. */
  readonly fields = new Memories(() => new RunMemory());
  /** Where in {@link steps} each run of fields that seldom change begins, and where it ends; all of them behind the market. */
  runs: ReadonlyArray<number> = [];
  /** The bit of the run in which a field lies; 0 where it lies in none. */
  readonly runBits: Uint8Array;

  /** The fields of the next message in their order, {@link stepSize} numbers each. Empty while there is no plan. */
  steps = new Int32Array(0);
  /** What {@link filled} is when a message has gone by the plan. */
  #planned: Uint8Array;
  #plannedFills = 0;
  /** Fields of the message at hand, in their order. */
  readonly order: Uint8Array;
  /** How many. */
  count = 0;
  /** 1 where the field has a value; one that is null, or is not there, has none. */
  filled: Uint8Array;
  /** Fields that have a value. */
  fills = 0;

  readonly #seen: Uint8Array;

  /** The usual order, where that is the plan at hand. */
  plan: ScanPlan | undefined;
  readonly #usual: ScanPlan | undefined;
  readonly #steady: ReadonlySet<number>;

  /** `base` is 0 where there is a usual order. `steady`: the places of fields that seldom change. */
  constructor(fields: Fields, spelling: Spelling, base: number, options: SlotsOptions = {}) {
    this.#usual = options.usual;
    this.#steady = options.steady ?? new Set();
    const entries = Object.entries<Field<unknown, Need>>(fields);
    const size = entries.length;
    this.size = size;
    this.base = base;
    this.names = entries.map(([name]) => name);
    const keys = entries.map(([, field]) => `"${spelt(field, spelling)}":`);
    this.keyLengths = Uint8Array.from(keys, (key) => key.length);
    const words = keys.map(wordsOf);
    this.keyWords = Float64Array.from(words.flat());
    this.keyStarts = Uint16Array.from(words, (_, index) => words.slice(0, index).reduce((sum, { length }) => sum + length, 0));
    this.kinds = Uint8Array.from(entries, ([, { type }]) => valueKind["reads" in type ? "units" : type.scan.as]);
    this.needs = Uint8Array.from(entries, ([, { need }]) => (need === "required" ? 1 : need === "nullable" ? 2 : 0));
    this.maxima = Float64Array.from(entries, ([, { type }]) => ("reads" in type || type.scan.as !== "integer" ? 0 : type.scan.max));
    this.words = entries.map(([, { type }]) => ("reads" in type ? undefined : wordTableOf(type)));
    this.lastWord = new Uint16Array(size);
    const list = entries.map(([, { type }]) => type).find((type) => "reads" in type);
    this.units = list === undefined ? undefined : new Slots(list.fields, spelling, base + size);
    this.order = new Uint8Array(size);
    this.#seen = new Uint8Array(size);
    this.filled = new Uint8Array(size);
    this.#planned = new Uint8Array(size);
    this.runBits = new Uint8Array(size);
  }

  /** A message is read with care from here on. */
  begin(): void {
    this.#seen.fill(0);
    if (this.filled === this.#planned) this.filled = new Uint8Array(this.size);
    else this.filled.fill(0);
    this.fills = 0;
    this.count = 0;
  }

  /** Notes a field of the message at hand. False when it was there before. */
  note(field: number, hasValue: boolean): boolean {
    if (this.#seen[field] === 1) return false;
    this.#seen[field] = 1;
    this.order[this.count++] = field;
    if (hasValue) {
      this.filled[field] = 1;
      this.fills++;
    }
    return true;
  }

  /** Whether every field that must be there was. */
  get isWhole(): boolean {
    for (let field = 0; field < this.size; field++) if (this.needs[field] !== 0 && this.#seen[field] === 0) return false;
    return true;
  }

  /** The message at hand was read: the next one is expected to say the same fields, from the `first` of it on, in the same order. */
  learn(first: number): void {
    const steps = new Int32Array((this.count - first) * stepSize);
    for (let i = first; i < this.count; i++) {
      const field = this.order[i]!;
      const kind = this.filled[field] === 1 ? this.kinds[field]! : valueKind.nothing;
      steps.set([field, kind, this.keyLengths[field]!, this.keyStarts[field]!], (i - first) * stepSize);
    }
    this.steps = steps;
    this.runs = runsOf(this.#steady, steps);
    this.runBits.fill(0);
    for (const [i, begin] of this.runs.entries())
      if (i % 2 === 0) for (let at = begin; at < this.runs[i + 1]!; at += stepSize) this.runBits[steps[at]!] = 1 << (i >> 1);
    this.plan = this.#usual !== undefined && isPlanOf(this.#usual, steps) ? this.#usual : undefined;
    this.#planned = this.filled;
    this.#plannedFills = this.fills;
  }

  /** The message at hand went by the plan. */
  followed(): void {
    this.filled = this.#planned;
    this.fills = this.#plannedFills;
  }
}

/** The last of all fields is in none: behind it there is no comma. */
const runsOf = (steady: ReadonlySet<number>, steps: Int32Array): ReadonlyArray<number> => {
  const runs: Array<number> = [];
  let isBehindMarket = false;
  for (let at = 0; at < steps.length - stepSize; at += stepSize) {
    const field = steps[at]!;
    if (isBehindMarket && steady.has(field)) {
      if (runs.at(-1) === at) runs[runs.length - 1] = at + stepSize;
      else if (runs.length < 2 * maxRuns) runs.push(at, at + stepSize);
    }
    isBehindMarket ||= field === marketPlace;
  }
  return runs;
};

const isPlanOf = (plan: ScanPlan, steps: Int32Array): boolean =>
  plan.steps.length === (steps.length / stepSize) * 2 &&
  plan.steps.every((number, at) => number === steps[(at >> 1) * stepSize + (at & 1)]);

/** One table for each type of field, whatever the shape: a market is the same text in a ticker and in a trade. */
const wordTables = new Map<FieldType<unknown>, WordTable>();

const wordTableOf = (type: FieldType<unknown>): WordTable | undefined => {
  if (type.scan.as !== "word") return undefined;
  let table = wordTables.get(type);
  if (table === undefined) wordTables.set(type, (table = new WordTable(type.scan.texts, type.read)));
  return table;
};

const wordsOf = (key: string): ReadonlyArray<number> => {
  const view = new DataView(Uint8Array.from(key, (character) => character.charCodeAt(0)).buffer);
  const step = key.length < 8 ? 4 : 8;
  const wordAt = (at: number) => (step === 4 ? view.getInt32(at, true) : view.getFloat64(at, true));
  const words: Array<number> = [];
  for (let at = 0; at < key.length - step; at += step) words.push(wordAt(at));
  return [...words, wordAt(key.length - step)];
};
