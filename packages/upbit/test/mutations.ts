/** Market data's text with one thing changed, and what such a text says, read by a reader that shares nothing with `src`. */
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import { isExactly, NumberText } from "./judge.ts";
import * as wire from "./wire.ts";

/** What a value is replaced by, most often one of its own sort. */
const oddNumbers = ["null", "true", "0", "-1", "-0.0", "1e400", "1E-9", "12.5", '"1"', '"-1"', '""', "{}", "[]", "[1]", "253402300800000"];
const oddTexts = [
  ...['"KRW-ETH"', '"KRW-DOGE"', '"krw-btc"', '"BTC-KRW"', '"KRW-BTC "', '"KRW-ВТС"', '"KRW-BTC?x"', '"ticker"', '"trade"', '"orderbook"'],
  ...['"candle.1m"', '"candle.5m"', '"ASK"', '"BID"', '"RISE"', '"FALL"', '"SNAPSHOT"', '"2026-02-30T00:00:00"', '"2026-02-28T00:00:00"'],
];
const odd = [...oddNumbers, ...oddTexts];
const oddNames = ["__proto__", "constructor", "toString", "code", "market", "type", "cd", "ty"];

interface Token {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly isName: boolean;
}

const tokensOf = (text: string): ReadonlyArray<Token> =>
  Array.from(text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g), ({ 0: all, 1: quoted, 2: colon, index }) => {
    const token = quoted ?? all;
    return { from: index, to: index + token.length, text: token, isName: colon !== undefined };
  });

/** A seeded sequence of changes. */
export class Mutations {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** The text with one thing changed; now and then it means the same as before. */
  of(text: string): string {
    const tokens = tokensOf(text);
    const values = tokens.filter(({ isName }) => !isName);
    const names = tokens.filter(({ isName }) => isName);
    const put = ({ from, to }: Token, token: string) => text.slice(0, from) + token + text.slice(to);
    const value = this.#pick(values);
    const name = this.#pick(names);
    switch (this.#below(9)) {
      case 0:
      case 1:
        return put(value, this.#otherDigit(value.text));
      case 2:
      case 3:
        return put(value, this.#pick(this.#below(4) === 0 ? odd : value.text.startsWith('"') ? oddTexts : oddNumbers));
      case 4:
        return put(name, JSON.stringify(this.#below(3) === 0 ? `${name.text.slice(1, -1)}_v2` : this.#pick(oddNames)));
      case 5:
        // Said twice: the later one counts.
        return this.#below(2) === 0
          ? `${text.slice(0, name.from)}${name.text}:${this.#pick(odd)},${text.slice(name.from)}`
          : text.replace(/\}(?=\]?$)/, `,${name.text}:${this.#below(2) === 0 ? this.#pick(odd) : this.#otherDigit(value.text)}}`);
      case 6:
        return text.slice(0, this.#below(text.length));
      case 7: {
        const at = this.#below(text.length);
        return text.slice(0, at) + this.#pick(['"', "{", "}", "]", ",", ":", "-", "e", ".", " ", "\u0000", "7"]) + text.slice(at + 1);
      }
      default: {
        const other = this.#pick(values);
        const [first, second] = value.from < other.from ? [value, other] : [other, value];
        if (first === second) return text;
        return text.slice(0, first.from) + second.text + text.slice(first.to, second.from) + first.text + text.slice(second.to);
      }
    }
  }

  #otherDigit(token: string): string {
    const places = Array.from(token.matchAll(/\d/g), ({ index }) => index);
    if (places.length === 0) return this.#pick(odd);
    const at = this.#pick(places);
    return token.slice(0, at) + String((Number(token[at]) + 1 + this.#below(9)) % 10) + token.slice(at + 1);
  }

  #below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  #pick<A>(items: ReadonlyArray<A>): A {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

export type Told = Readonly<Record<string, unknown>>;

/** The records of a text, each number as it is written; none where it is no JSON. */
export const truthOf = (text: string): ReadonlyArray<Told> => {
  const keep = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" ? new NumberText(context?.source ?? "") : value;
  try {
    const json: unknown = JSON.parse(text, keep);
    return (Array.isArray(json) ? json : [json]) as ReadonlyArray<Told>;
  } catch {
    return [];
  }
};

/** Whether a record says exactly this value, field by field of the protocol's table, and is of this market. */
export const says = (fields: ReadonlyArray<wire.WireField>, channel: wire.Channel, record: Told, value: Told, market: Market): boolean =>
  value["market"] === market &&
  fields.every((field) => {
    const [name, ours] = [field.names[channel], field.to[0]];
    // A change is put together from two fields on the socket, and a best quote's size goes with its price.
    if (name === undefined || ours === undefined || ours.startsWith("change") || /^best.*Size$/.test(ours)) return true;
    const told: unknown = Object.hasOwn(record, name) ? record[name] : undefined;
    return ours === "asks" ? isBook(told, value, channel) : isTold(told, value[ours]) && isPossible(ours, value[ours]);
  });

/** Nobody trades at nothing, nor less than nothing. */
const isPossible = (name: string, ours: unknown): boolean =>
  !(ours instanceof Decimal) || (/^(?:price|open|high|low|close)$/.test(name) ? ours.mantissa > 0 : ours.mantissa >= 0);

const isTold = (told: unknown, ours: unknown): boolean => {
  const text = told instanceof NumberText ? told.text : told;
  if (ours === undefined) return text === undefined || text === null || Number(text) === 0;
  if (typeof text !== "string") return text === ours;
  if (typeof ours === "number") return Number(text) === ours || Date.parse(`${text}Z`) === ours;
  if (ours === "buy" || ours === "sell") return text === (ours === "buy" ? "BID" : "ASK");
  return ours instanceof Decimal ? isExactly(text, ours) : text === ours;
};

/** Every level that is offered, on its side, best first, and none besides. */
const isBook = (told: unknown, book: Told, channel: wire.Channel): boolean => {
  const [ask, bid, askSize, bidSize] = wire.unitNames[channel === "simple" ? "simple" : "full"];
  const isSide = (levels: unknown, price: string, size: string, rises: 1 | -1): boolean => {
    const offered = (told as ReadonlyArray<Told>).filter((unit) => !isTold(unit[size], Decimal.zero));
    const sorted = levels as ReadonlyArray<{ readonly price: Decimal; readonly size: Decimal }>;
    return (
      offered.length === sorted.length &&
      sorted.every((level, i) => {
        const before = sorted[i - 1];
        const isBehind = before === undefined || before.price.compare(level.price) === -rises;
        return (
          isBehind && level.price.mantissa > 0 && offered.some((unit) => isTold(unit[price], level.price) && isTold(unit[size], level.size))
        );
      })
    );
  };
  return isSide(book["asks"], ask, askSize, 1) && isSide(book["bids"], bid, bidSize, -1);
};
