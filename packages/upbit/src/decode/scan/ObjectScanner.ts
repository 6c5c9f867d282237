/**
 * One JSON object from bytes to the places of its fields, without a text and without an object in between. Plain loops over bytes: this runs for
 * every frame. An object like the one before it goes by a plan, field after field; any other is read with care, which leaves a new plan. What is
 * not as the exchange writes it is refused, with the cause, and the general path decides what it is.
 */
import { NumberScanner } from "./NumberScanner.ts";
import { RowMemory } from "./RowMemory.ts";
import type { RunMemory } from "./RunMemory.ts";
import { marketPlace, type Slots, stepSize, valueKind } from "./Slots.ts";
import { scanText, type ScannedText } from "./WordTable.ts";

/** The most rows of a book; the exchange never sends more than 30. */
export const maxUnits = 30;

const [quote, comma, minus, openBracket, backslash, closeBracket] = [34, 44, 45, 91, 92, 93] as const;
const [letterF, letterN, letterT, openBrace, closeBrace, space] = [102, 110, 116, 123, 125, 32] as const;
/** `null`, `true` and `alse`, as a `DataView` reads four bytes, big end first. */
const [nullWord, trueWord, alseWord] = [0x6e756c6c, 0x74727565, 0x616c7365] as const;
/** The longest name of a field that is looked for, and the longest text. */
const maxKey = 40;
const maxText = 28;

export class ObjectScanner extends NumberScanner {
  /** Where the message ends. */
  limit = 0;
  /** Objects in the list that was read last. */
  rows = 0;
  /** Where each begins, and behind the last one where another would. */
  readonly rowStarts = new Int32Array(maxUnits + 2);
  /** 1 for a row that is as it was in {@link memory}: its places hold nothing. */
  readonly isKnown = new Uint8Array(maxUnits + 1);
  /** The rows of the market's book before. */
  memory = new RowMemory();
  /** The runs of the market's message before, where the one at hand went by a plan that has any. */
  fields: RunMemory | undefined;
  /** What that message was read as. */
  before: unknown;
  /** A bit for each of the runs that is as it was: the places of its fields hold nothing. */
  known = 0;
  readonly #text: ScannedText = { end: 0, hash: 0 };
  readonly #capacity: number;

  constructor(capacity: number) {
    super(capacity);
    this.#capacity = capacity;
  }

  /** Makes `data` what is read from now on; false when it is too long. */
  load(data: Uint8Array): boolean {
    const { length } = data;
    if (length > this.#capacity) return false;
    const { bytes } = this;
    bytes.set(data);
    // What is left of a longer message before must not be taken for a part of this one.
    this.view.setFloat64(length, 0);
    this.limit = length;
    return true;
  }

  /**
   * Reads members by the plan, those of its steps from `first` to before `end`, from the name at `from` on: to behind the last one's comma, or behind the
   * closing brace at the end of all. The index there; -1 when they are not as planned.
   */
  planned(slots: Slots, from: number, first: number, end: number): number {
    const { bytes, view, limit, mantissas } = this;
    const { steps, keyWords, base } = slots;
    let p = from;
    for (let i = first; i < end; i += stepSize) {
      const length = steps[i + 2]!;
      if (p + length > limit || !isKeyAt(view, p, length, keyWords, steps[i + 3]!)) return -1;
      p += length;
      const field = steps[i]!;
      const kind = steps[i + 1]!;
      // What most fields are goes without a call in between; see `#value` for what it means.
      if (kind <= valueKind.price) {
        const isNegative = bytes[p] === minus;
        p = this.decimal(p, base + field);
        if (p < 0) return -1;
        const isZero = mantissas[base + field] === 0;
        if (isNegative ? kind === valueKind.price || (kind === valueKind.amount && !isZero) : isZero && kind === valueKind.price) return -1;
      } else {
        p = kind === valueKind.word ? this.word(slots, field, p) : this.#value(slots, field, kind, p);
        if (p < 0) return -1;
      }
      if (bytes[p++] !== comma) return i + stepSize === steps.length && bytes[p - 1] === closeBrace && p <= limit ? p : -1;
    }
    return end === steps.length ? -1 : p;
  }

  /** Reads all members by a plan that has runs, with a look for each of these whether it is as it was. The index behind the brace, or -1. */
  plannedRuns(slots: Slots, from: number): number {
    const { view, limit } = this;
    const { steps, runs } = slots;
    let p = this.planned(slots, from, 0, runs[0]!);
    if (p < 0) return p;
    const memory = slots.fields.of(slots.lastWord[marketPlace]!);
    const before = memory.take(steps);
    let known = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const length = before === undefined ? 0 : memory.lengthOf(i >> 1, view, p, limit);
      if (length > 0) {
        known |= 1 << (i >> 1);
        p += length;
      } else {
        const start = p;
        p = this.planned(slots, p, runs[i]!, runs[i + 1]!);
        if (p < 0) return p;
        memory.keep(i >> 1, this.bytes, start, p);
      }
      p = this.planned(slots, p, runs[i + 1]!, i + 2 < runs.length ? runs[i + 2]! : steps.length);
      if (p < 0) return p;
    }
    this.known = known;
    this.before = before;
    this.fields = memory;
    return p;
  }

  /** Reads members with care, from the name at `from` to the closing brace, and notes which. The index behind it, or -1. */
  members(slots: Slots, from: number): number {
    const { bytes } = this;
    this.fields = undefined;
    let p = from;
    while (true) {
      const field = this.#key(slots, p);
      if (field < 0) return field;
      p += slots.keyLengths[field]!;
      const hasValue = bytes[p] !== letterN;
      if (!slots.note(field, hasValue)) return this.refuse("duplicate");
      if (!hasValue && slots.needs[field] === 1) return this.refuse("null");
      p = this.#value(slots, field, hasValue ? slots.kinds[field]! : valueKind.nothing, p);
      if (p < 0) return p;
      const c = bytes[p];
      if (c === comma) p++;
      else if (c !== closeBrace) return this.#odd(c);
      else if (p >= this.limit) return this.refuse("syntax");
      else return slots.isWhole ? p + 1 : this.refuse("missing");
    }
  }

  /** Reads the text at `at` into the place of `field`. The index behind it, or -1. */
  word(slots: Slots, field: number, at: number): number {
    const table = slots.words[field]!;
    let place = slots.lastWord[field]!;
    if (!table.isAt(place, this.view, at, this.limit)) {
      place = this.#findWord(slots, field, at);
      if (place < 0) return place;
    }
    this.values[slots.base + field] = table.valueAt(place);
    return at + table.lengthAt(place);
  }

  #findWord(slots: Slots, field: number, at: number): number {
    if (this.bytes[at] !== quote) return this.refuse("value");
    const end = scanText(this.bytes, at, this.limit, this.#text);
    if (end < 0) return this.refuse(end === -2 ? "escape" : end === -3 ? "text" : "syntax");
    if (end - at > maxText) return this.refuse("text");
    const place = slots.words[field]!.find(this.bytes, this.view, at, end, this.#text.hash);
    if (place < 0) return this.refuse("value");
    slots.lastWord[field] = place;
    return place;
  }

  /** The field whose name stands at `at`, and the colon behind it; -1 when there is none. */
  #key(slots: Slots, at: number): number {
    for (let field = 0; field < slots.size; field++) if (this.#isKey(slots, field, at)) return field;
    if (this.bytes[at] !== quote) return this.#odd(this.bytes[at]);
    const end = scanText(this.bytes, at, Math.min(this.limit, at + maxKey), this.#text);
    if (end < 0) return this.refuse(end === -2 ? "escape" : end === -3 ? "text" : "field");
    const c = this.bytes[end + 1];
    return this.refuse(c !== undefined && c <= space ? "blank" : "field");
  }

  #isKey(slots: Slots, field: number, at: number): boolean {
    const length = slots.keyLengths[field]!;
    return at + length <= this.limit && isKeyAt(this.view, at, length, slots.keyWords, slots.keyStarts[field]!);
  }

  #value(slots: Slots, field: number, kind: number, at: number): number {
    const place = slots.base + field;
    switch (kind) {
      case valueKind.decimal:
        return this.decimal(at, place);
      case valueKind.amount: {
        const p = this.decimal(at, place);
        // `-0` is zero.
        return p < 0 || this.bytes[at] !== minus || this.mantissas[place] === 0 ? p : this.refuse("value");
      }
      case valueKind.price: {
        const p = this.decimal(at, place);
        return p < 0 || (this.bytes[at] !== minus && this.mantissas[place] !== 0) ? p : this.refuse("value");
      }
      case valueKind.integer: {
        const p = this.integer(at, place);
        return p < 0 || this.mantissas[place]! <= slots.maxima[field]! ? p : this.refuse("value");
      }
      case valueKind.digits:
        return this.digits(at, place);
      case valueKind.word:
        return this.word(slots, field, at);
      case valueKind.time:
        return this.time(at);
      case valueKind.compactTime:
        return this.compactTime(at);
      case valueKind.moment:
        return this.moment(at, place);
      case valueKind.flag:
        return this.#flag(place, at);
      case valueKind.nothing:
        return at + 4 <= this.limit && this.view.getInt32(at) === nullWord ? at + 4 : this.refuse("value");
      default:
        return this.#list(slots.units!, slots.lastWord[marketPlace]!, at);
    }
  }

  #flag(place: number, at: number): number {
    const isTrue = this.bytes[at] === letterT;
    const end = at + (isTrue ? 4 : 5);
    if (end > this.limit || (!isTrue && this.bytes[at] !== letterF)) return this.refuse("value");
    if (this.view.getInt32(end - 4) !== (isTrue ? trueWord : alseWord)) return this.refuse("value");
    this.values[place] = isTrue;
    return end;
  }

  /** A list of objects of numbers, such as the levels of a book of the market whose code has the place `market` in its table. */
  #list(units: Slots, market: number, at: number): number {
    const { bytes } = this;
    this.rows = 0;
    if (bytes[at] !== openBracket) return this.refuse("value");
    if (bytes[at + 1] === closeBracket) return at + 2;
    const { view, limit, rowStarts, isKnown } = this;
    const memory = (this.memory = units.rows.of(market));
    let p = at + 1;
    for (let row = 0; row < maxUnits; row++) {
      rowStarts[row] = p;
      const length = memory.lengthOf(row, view, p, limit);
      isKnown[row] = length === 0 ? 0 : 1;
      if (length === 0) {
        if (bytes[p] !== openBrace) return this.#odd(bytes[p]);
        const place = units.base + row * units.size;
        const end = this.#unit(units, place, p + 1);
        p = end < 0 ? this.#unitWithCare(units, place, p + 1) : end;
        if (p < 0) return p;
      } else p += length;
      const c = bytes[p];
      if (c === closeBracket) {
        this.rows = row + 1;
        rowStarts[row + 1] = p + 1;
        return p + 1;
      }
      if (c !== comma) return this.#odd(c);
      p++;
    }
    return this.refuse("levels");
  }

  /** All members of one, by the plan, all of them numbers not below zero. The index behind its brace; -1 when they are not as planned. */
  #unit(units: Slots, place: number, from: number): number {
    const { bytes, view, limit } = this;
    const { steps, keyWords } = units;
    let p = from;
    for (let i = 0; i < steps.length; i += stepSize) {
      const length = steps[i + 2]!;
      if (p + length > limit) return -1;
      if (!isKeyAt(view, p, length, keyWords, steps[i + 3]!)) return -1;
      p += length;
      if (bytes[p] === minus) return -1;
      p = this.decimal(p, place + steps[i]!);
      if (p < 0) return -1;
      if (bytes[p++] !== comma) return i + stepSize === steps.length && bytes[p - 1] === closeBrace ? p : -1;
    }
    return -1;
  }

  #unitWithCare(units: Slots, place: number, from: number): number {
    const { bytes } = this;
    units.begin();
    let p = from;
    while (true) {
      const field = this.#key(units, p);
      if (field < 0) return field;
      if (!units.note(field, true)) return this.refuse("duplicate");
      p += units.keyLengths[field]!;
      const start = p;
      p = this.decimal(p, place + field);
      if (p < 0) return p;
      if (bytes[start] === minus && this.mantissas[place + field] !== 0) return this.refuse("value");
      const c = bytes[p];
      if (c === comma) p++;
      else if (c !== closeBrace) return this.#odd(c);
      else {
        if (!units.isWhole) return this.refuse("missing");
        units.learn(0);
        return p + 1;
      }
    }
  }

  #odd(c: number | undefined): -1 {
    return this.refuse(c !== undefined && c <= space ? "blank" : c === backslash ? "escape" : "syntax");
  }
}

/** Whether the key of `length` bytes whose words begin at `first` stands at `at`. */
const isKeyAt = (view: DataView, at: number, length: number, words: Float64Array, first: number): boolean => {
  let word = first;
  let p = at;
  if (length < 8)
    return view.getInt32(at, true) === words[first] && (length === 4 || view.getInt32(at + length - 4, true) === words[first + 1]);
  const last = at + length - 8;
  while (p < last) {
    if (view.getFloat64(p, true) !== words[word++]) return false;
    p += 8;
  }
  return view.getFloat64(last, true) === words[word];
};
