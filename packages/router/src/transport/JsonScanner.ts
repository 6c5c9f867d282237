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
    const found: Record<string, unknown> = {};
    if (this.took(closeBrace)) return found;
    while (true) {
      const name = this.skipSpace() === quote ? this.name() : GaveUp;
      if (name === GaveUp || !this.took(colon)) return GaveUp;
      const value = this.value(depth);
      if (value === GaveUp) return GaveUp;
      found[name] = value;
      if (this.took(comma)) continue;
      return this.took(closeBrace) ? found : GaveUp;
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
    for (let i = start; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i);
      if (c === quote) {
        this.at = i + 1;
        return this.text.slice(start, i);
      }
      if (c === backslash || c < space) return GaveUp;
    }
    return GaveUp;
  }

  /** A member's name. The same few names come again and again: the text of one seen before is not made anew. */
  private name(): string | typeof GaveUp {
    const start = this.at + 1;
    let hash = 0;
    for (let i = start; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i);
      if (c === quote) {
        this.at = i + 1;
        return this.nameBetween(start, i, (hash ^ (hash >>> nameBits)) & (knownNames.length - 1));
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
    const start = text.charCodeAt(this.at) === minus ? this.at + 1 : this.at;
    let i = text.charCodeAt(start) === zero ? start + 1 : this.digits(start);
    if (i === start) return GaveUp;
    if (text.charCodeAt(i) === point) {
      const end = this.digits(i + 1);
      if (end === i + 1) return GaveUp;
      i = end;
    }
    if ((text.charCodeAt(i) | lowerCase) === letterE) {
      const sign = text.charCodeAt(i + 1);
      const first = sign === plus || sign === minus ? i + 2 : i + 1;
      const end = this.digits(first);
      if (end === first) return GaveUp;
      i = end;
    }
    const token = new NumberToken(text.slice(this.at, i));
    this.at = i;
    return token;
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

const nameBits = 10;
/** Names seen lately, by hash. An exchange has some hundred of them. */
const knownNames: Array<string | undefined> = Array.from({ length: 1 << nameBits }, () => undefined);
const maxKnownName = 40;

const lowerCase = 32;
const [tab, lineFeed, carriageReturn, space, quote, plus, comma, minus, point] = [9, 10, 13, 32, 34, 43, 44, 45, 46] as const;
const [zero, nine, colon, openBracket, backslash, closeBracket] = [48, 57, 58, 91, 92, 93] as const;
const [letterE, letterF, letterN, letterT, openBrace, closeBrace] = [101, 102, 110, 116, 123, 125] as const;
