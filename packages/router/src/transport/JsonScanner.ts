/**
 * JSON in one pass, every number kept as its text. It reads what servers write and gives up on the rest: whatever is not JSON, nests too deep or
 * is merely rare (an escape in a string, a name `__proto__`) comes back as {@link GaveUp}, and `JSON.parse` has the last word on it. What the
 * scanner does read, it reads as `JSON.parse` would, to the order of names and the last of two equal ones.
 */
import { Decimal } from "../domain/Decimal.ts";

/** A JSON number as the wire spelt it, and what it is: `undefined` beyond every double. */
export class NumberToken {
  readonly text: string;
  readonly decimal: Decimal | undefined;

  constructor(text: string, decimal: Decimal | undefined = Decimal.parse(text)) {
    this.text = text;
    this.decimal = decimal;
  }
}

/** No value: the text has to be read by other means. */
export const GaveUp: unique symbol = Symbol("GaveUp");

/** Nested deeper than this is given up, because each level is a call within a call. */
export const maxDepth = 64;

/** The whole of `text` as one value, or {@link GaveUp}. */
export const scanJson = (text: string): unknown => {
  const scanner = new Scanner(text);
  const value = scanner.value(maxDepth);
  return scanner.skipSpace() === undefined ? value : GaveUp;
};

class Scanner {
  private readonly text: string;
  /** Of the next character. */
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next character that is no space; `undefined` at the end. */
  skipSpace(): number | undefined {
    while (this.at < this.text.length) {
      const c = this.text.charCodeAt(this.at);
      if (c > space || (c !== space && c !== lineFeed && c !== carriageReturn && c !== tab)) return c;
      this.at++;
    }
    return undefined;
  }

  /** `depth`: how many levels of brackets may still open. */
  value(depth: number): unknown {
    const c = this.skipSpace();
    switch (c) {
      case quote:
        return this.string();
      case openBrace:
        return depth === 0 ? GaveUp : this.object(depth - 1);
      case openBracket:
        return depth === 0 ? GaveUp : this.list(depth - 1);
      case letterT:
        return this.word("true", true);
      case letterF:
        return this.word("false", false);
      case letterN:
        return this.word("null", null);
      default:
        return c === undefined ? GaveUp : this.number();
    }
  }

  private object(depth: number): Record<string, unknown> | typeof GaveUp {
    this.at++;
    if (this.took(closeBrace)) return {};
    const values: Array<unknown> = [];
    let shape = noShape;
    let count = 0;
    while (true) {
      const name = this.skipSpace() === quote ? this.name() : GaveUp;
      if (name === GaveUp || !this.took(colon)) return GaveUp;
      if (count === 0) shape = shapesByFirst.get(name) ?? noShape;
      // Not like the one before it: what was read so far becomes an object, and the rest is added to that.
      if (shape.names[count] !== name) return this.oddObject(depth, shape.names.slice(0, count), values, name);
      const value = this.value(depth);
      if (value === GaveUp) return GaveUp;
      values.push(value);
      count++;
      if (this.took(comma)) continue;
      if (!this.took(closeBrace)) return GaveUp;
      if (count !== shape.names.length) return remembered(shape.names.slice(0, count), values);
      return shape.made(values);
    }
  }

  /** An object that differs from the one before it; `name` is the first that does, its value is next. */
  private oddObject(depth: number, names: ReadonlyArray<string>, values: Array<unknown>, name: string) {
    const all = [...names];
    let next: string | typeof GaveUp = name;
    while (true) {
      const value = this.value(depth);
      if (value === GaveUp) return GaveUp;
      all.push(next);
      values.push(value);
      if (this.took(closeBrace)) return remembered(all, values);
      if (!this.took(comma)) return GaveUp;
      next = this.skipSpace() === quote ? this.name() : GaveUp;
      if (next === GaveUp || !this.took(colon)) return GaveUp;
    }
  }

  private list(depth: number): Array<unknown> | typeof GaveUp {
    this.at++;
    const found: Array<unknown> = [];
    if (this.took(closeBracket)) return found;
    while (true) {
      const value = this.value(depth);
      if (value === GaveUp) return GaveUp;
      found.push(value);
      if (this.took(comma)) continue;
      return this.took(closeBracket) ? found : GaveUp;
    }
  }

  private took(wanted: number): boolean {
    if (this.skipSpace() !== wanted) return false;
    this.at++;
    return true;
  }

  private string(): string | typeof GaveUp {
    const start = this.at + 1;
    let hash = 0;
    for (let i = start; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i);
      if (c === quote) {
        this.at = i + 1;
        return i - start > maxKnownText ? this.text.slice(start, i) : this.textBetween(start, i, slotOf(hash));
      }
      if (c === backslash || c < space) return GaveUp;
      hash = (Math.imul(hash, 31) + c) | 0;
    }
    return GaveUp;
  }

  /** A short text. Most of them are words, codes and dates that were there before; the engine compares two of the same at a glance. */
  private textBetween(start: number, end: number, slot: number): string {
    const known = knownTexts[slot];
    if (known === undefined || known.length !== end - start || !this.text.startsWith(known, start)) {
      isInternal[slot] = 0;
      return (knownTexts[slot] = this.text.slice(start, end));
    }
    if (isInternal[slot] === 1) return known;
    isInternal[slot] = 1;
    return (knownTexts[slot] = internalized(known));
  }

  /** A member's name. The same few names come again and again: the text of one seen before is not made anew. */
  private name(): string | typeof GaveUp {
    const start = this.at + 1;
    let hash = 0;
    for (let i = start; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i);
      if (c === quote) {
        this.at = i + 1;
        return this.nameBetween(start, i, slotOf(hash));
      }
      if (c === backslash || c < space) return GaveUp;
      hash = (Math.imul(hash, 31) + c) | 0;
    }
    return GaveUp;
  }

  private nameBetween(start: number, end: number, slot: number): string | typeof GaveUp {
    const known = knownNames[slot];
    if (known !== undefined && known.length === end - start && this.text.startsWith(known, start)) return known;
    const made = this.text.slice(start, end);
    // An assignment to this name would set the prototype.
    if (made === "__proto__") return GaveUp;
    if (made.length <= maxKnownName) knownNames[slot] = made;
    return made;
  }

  private number(): NumberToken | typeof GaveUp {
    const { text } = this;
    const negative = text.charCodeAt(this.at) === minus;
    const start = negative ? this.at + 1 : this.at;
    let i = text.charCodeAt(start) === zero ? start + 1 : this.digits(start);
    if (i === start) return GaveUp;
    let mantissa = this.run(start, i, 0);
    let scale = 0;
    if (text.charCodeAt(i) === point) {
      const end = this.digits(i + 1);
      if (end === i + 1) return GaveUp;
      mantissa = this.run(i + 1, end, mantissa);
      scale = end - i - 1;
      i = end;
    }
    let isPlain = i - start <= safeDigits;
    if ((text.charCodeAt(i) | lowerCase) === letterE) {
      const sign = text.charCodeAt(i + 1);
      const first = sign === plus || sign === minus ? i + 2 : i + 1;
      const end = this.digits(first);
      if (end === first) return GaveUp;
      i = end;
      isPlain = false;
    }
    const spelt = text.slice(this.at, i);
    this.at = i;
    return isPlain ? new NumberToken(spelt, decimalOf(negative ? -mantissa : mantissa, scale)) : new NumberToken(spelt);
  }

  /** The digits from `from` to `end` behind those of `before`; exact while all of them are no more than fifteen. */
  private run(from: number, end: number, before: number): number {
    let value = before;
    for (let i = from; i < end; i++) value = value * 10 + this.text.charCodeAt(i) - zero;
    return value;
  }

  /** Where the digits that begin at `from` end. */
  private digits(from: number): number {
    let i = from;
    while (true) {
      const c = this.text.charCodeAt(i);
      if (!(c >= zero && c <= nine)) return i;
      i++;
    }
  }

  private word<A>(spelling: string, value: A): A | typeof GaveUp {
    if (!this.text.startsWith(spelling, this.at)) return GaveUp;
    this.at += spelling.length;
    return value;
  }
}

/** Digits, with a point, whose number a double always holds. */
const safeDigits = 15;

/** A mantissa that a double holds exactly, in lowest form. */
const decimalOf = (mantissa: number, scale: number): Decimal => {
  if (mantissa === 0) return Decimal.zero;
  let lowest = mantissa;
  let places = scale;
  for (let tenth = lowest / 10; Number.isInteger(tenth); tenth = lowest / 10) {
    lowest = tenth;
    places--;
  }
  return Decimal.lowest(lowest, places);
};

/**
 * The names of an object in their order. Objects of one shape are made by filling in copies of one: the engine then knows where each member lies,
 * which it does not of an object that grows name by name.
 */
class Shape {
  readonly names: ReadonlyArray<string>;
  readonly #template: Record<string, unknown>;

  constructor(names: ReadonlyArray<string>) {
    this.names = names;
    this.#template = JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:null`).join()}}`) as Record<string, unknown>;
  }

  made(values: ReadonlyArray<unknown>): Record<string, unknown> {
    const { names } = this;
    const made = { ...this.#template };
    for (let i = 0; i < names.length; i++) made[names[i]!] = values[i];
    return made;
  }
}

/** Objects that are no bigger are expected to come again. */
const maxRemembered = 64;
const maxShapes = 64;
/** By all names, which hold no quote; forgotten all at once when they are too many. */
const shapesByNames = new Map<string, Shape>();
/** The last one that began with a name. */
const shapesByFirst = new Map<string, Shape>();
const noShape = new Shape([]);

/** The object of these members, the last of two of one name; the next one is expected to be like it. */
const remembered = (names: ReadonlyArray<string>, values: ReadonlyArray<unknown>): Record<string, unknown> => {
  const first = names[0] ?? "";
  const key = names.join('"');
  let shape = shapesByNames.get(key);
  if (shape === undefined && names.length <= maxRemembered && new Set(names).size === names.length) {
    if (shapesByNames.size >= maxShapes) shapesByNames.clear();
    shapesByNames.set(key, (shape = new Shape(names)));
  }
  if (shape !== undefined) {
    if (shapesByFirst.size >= maxShapes) shapesByFirst.clear();
    shapesByFirst.set(first, shape);
    return shape.made(values);
  }
  const found: Record<string, unknown> = {};
  names.forEach((name, i) => (found[name] = values[i]));
  return found;
};

const nameBits = 10;
/** Names seen lately, by hash. An exchange has some hundred of them. */
const knownNames: Array<string | undefined> = Array.from({ length: 1 << nameBits }, () => undefined);
const maxKnownName = 40;
/** Texts seen lately, by hash. */
const knownTexts: Array<string | undefined> = Array.from({ length: 1 << nameBits }, () => undefined);
const maxKnownText = 20;
/** 1 where the text came again, and is the engine's own by now. */
const isInternal = new Uint8Array(1 << nameBits);

const slotOf = (hash: number): number => (hash ^ (hash >>> nameBits)) & ((1 << nameBits) - 1);

/** The engine's own copy of a text, as it keeps one of every name in a program. */
export const internalized = (text: string): string => Object.keys({ [text]: true })[0] ?? text;

const lowerCase = 32;
const [tab, lineFeed, carriageReturn, space, quote, plus, comma, minus, point] = [9, 10, 13, 32, 34, 43, 44, 45, 46] as const;
const [zero, nine, colon, openBracket, backslash, closeBracket] = [48, 57, 58, 91, 92, 93] as const;
const [letterE, letterF, letterN, letterT, openBrace, closeBrace] = [101, 102, 110, 116, 123, 125] as const;
