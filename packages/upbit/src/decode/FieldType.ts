/**
 * What a field on the wire may hold, twice: as a Schema, which defines it, and as a plain function, which reads it at run time and gives
 * `undefined` for anything the Schema refuses. (`scan` says how the byte scanner reads it.) Numbers are accepted as {@link NumberToken} or as quoted text (the exchange's guide prints
 * prices in quotes); a plain JavaScript number is refused, because whoever made it may already have lost digits.
 */
import * as Schema from "effect/Schema";
import { Decimal } from "@naru/router/domain/Decimal";
import { Market } from "@naru/router/domain/Market";
import { Change, type Side } from "@naru/router/domain/Ticker";
import { NumberToken } from "@naru/router/transport/ExactJson";
import { isCompactDate, isCompactTime, isDate, isTimeOfDay, parseUtc } from "./WireTime.ts";

/**
 * How the byte scanner reads a field. `word`: a text found again by its bytes, of which so many different ones are kept; `digits`: a number kept
 * as its text; `other`: not at all, so that its shape cannot be scanned.
 */
export type Scan =
  | { readonly as: "decimal" | "amount" | "price" | "digits" | "time" | "compactTime" | "moment" | "flag" | "other" }
  | { readonly as: "integer"; readonly max: number }
  | { readonly as: "word"; readonly texts: number };

/** A field that holds one value, spelt the same in every format. */
export interface FieldType<A> {
  /** For error texts: `expected …`. */
  readonly expected: string;
  readonly schema: Schema.Codec<unknown>;
  readonly read: (value: unknown) => A | undefined;
  readonly scan: Scan;
}

/** Text longer than this is not a name, a date or a number of this exchange. */
const maxText = 1_000;

const WireNumber = Schema.Union([Schema.instanceOf(NumberToken), Schema.String]);

/** What any number on the wire is as a decimal. */
const decimalOf = (value: unknown): Decimal | undefined =>
  value instanceof NumberToken ? value.decimal : typeof value === "string" ? Decimal.parse(value) : undefined;

const number = <A>(expected: string, scan: Scan, read: (value: unknown) => A | undefined): FieldType<A> => ({
  expected,
  schema: WireNumber.check(Schema.makeFilter((value) => read(value) !== undefined || `Expected ${expected}`)),
  read,
  scan,
});

const string = <A>(expected: string, scan: number | Scan, parse: (text: string) => A | undefined): FieldType<A> => ({
  expected,
  schema: Schema.String.check(Schema.makeFilter((value) => parse(value) !== undefined || `Expected ${expected}`)),
  read: (value) => (typeof value === "string" ? parse(value) : undefined),
  scan: typeof scan === "number" ? { as: "word", texts: scan } : scan,
});

/** Any number, exact. */
export const decimal: FieldType<Decimal> = number("a decimal number", { as: "decimal" }, decimalOf);

/** A size, a volume, a sum: never negative. */
export const amount: FieldType<Decimal> = number("a number not below zero", { as: "amount" }, (wire) => {
  const value = decimalOf(wire);
  return value === undefined || value.sign < 0 ? undefined : value;
});

/** A price at which something traded or is offered. Zero is the mark of an error, never a price. */
export const price: FieldType<Decimal> = number("a price above zero", { as: "price" }, (wire) => {
  const value = decimalOf(wire);
  return value === undefined || value.sign <= 0 ? undefined : value;
});

/** The last millisecond of the year 9999. */
const maxMillis = 253_402_300_799_999;

/** Epoch milliseconds. */
export const millis: FieldType<number> = number("epoch milliseconds", { as: "integer", max: maxMillis }, (wire) => {
  const value = decimalOf(wire);
  return value === undefined || value.scale > 0 || value.number < 0 || value.number > maxMillis ? undefined : value.number;
});

const maxCount = 1_000_000;

/** A small count, such as a candle's minutes. */
export const count: FieldType<number> = number("a whole number", { as: "integer", max: maxCount }, (wire) => {
  const value = decimalOf(wire);
  return value === undefined || value.scale > 0 || value.sign < 0 || value.number > maxCount ? undefined : value.number;
});

/** An id, kept as its digits: today's have 17 and a double keeps 15. */
export const id: FieldType<string> = number("an id of digits", { as: "digits" }, (wire) => {
  const digits = wire instanceof NumberToken ? wire.text : wire;
  return typeof digits === "string" && areDigits(digits) ? digits : undefined;
});

/** One to thirty of them. */
const areDigits = (text: string): boolean => {
  const { length } = text;
  if (length === 0 || length > 30) return false;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
};

export const text: FieldType<string> = string("text", 256, (value) => (value.length <= maxText ? value : undefined));

export const flag: FieldType<boolean> = {
  expected: "true or false",
  schema: Schema.Boolean,
  read: (value) => (typeof value === "boolean" ? value : undefined),
  scan: { as: "flag" },
};

const isMarket = Schema.is(Market);
/** Codes that were found good: there are some hundred, and each is read again and again. Forgotten all at once when they are too many. */
const knownMarkets = new Set<unknown>();
const maxKnownMarkets = 4_096;

const isKnownMarket = (value: unknown): value is Market => {
  if (knownMarkets.has(value)) return true;
  if (!isMarket(value)) return false;
  if (knownMarkets.size >= maxKnownMarkets) knownMarkets.clear();
  knownMarkets.add(value);
  return true;
};

export const market: FieldType<Market> = {
  expected: "a market code",
  schema: Market,
  read: (value) => (isKnownMarket(value) ? value : undefined),
  scan: { as: "word", texts: 4_096 },
};

export const change: FieldType<Change> = {
  expected: "RISE, EVEN or FALL",
  schema: Change,
  read: (value) => (value === "RISE" || value === "EVEN" || value === "FALL" ? value : undefined),
  scan: { as: "word", texts: 8 },
};

/** The taker's side: `BID` took the offer. */
export const side: FieldType<Side> = {
  expected: "ASK or BID",
  schema: Schema.Literals(["ASK", "BID"]),
  read: (value) => (value === "BID" ? "buy" : value === "ASK" ? "sell" : undefined),
  scan: { as: "word", texts: 8 },
};

/** `yyyy-MM-dd`. */
export const date: FieldType<string> = string("a date yyyy-MM-dd", 1_024, (value) => (isDate(value) ? value : undefined));
/** `yyyyMMdd`. */
export const compactDate: FieldType<string> = string("a date yyyyMMdd", 64, (value) => (isCompactDate(value) ? value : undefined));
/** `HH:mm:ss`. */
export const timeOfDay: FieldType<string> = string("a time HH:mm:ss", { as: "time" }, (value) => (isTimeOfDay(value) ? value : undefined));
/** `HHmmss`. */
export const compactTime: FieldType<string> = string("a time HHmmss", { as: "compactTime" }, (value) =>
  isCompactTime(value) ? value : undefined,
);
/** `yyyy-MM-ddTHH:mm:ss`, UTC, as epoch milliseconds. */
export const utcTime: FieldType<number> = string("a UTC time yyyy-MM-ddTHH:mm:ss", { as: "moment" }, parseUtc);
/** The same in Korean time; checked and not used. */
export const koreanTime: FieldType<string> = string("a time yyyy-MM-ddTHH:mm:ss", { as: "moment" }, (value) =>
  parseUtc(value) === undefined ? undefined : value,
);

/** A list of numbers or numeric texts. */
export const decimals: FieldType<ReadonlyArray<Decimal>> = listOf(amount, "a list of numbers");

/** Names with true or false. */
export const flags: FieldType<ReadonlyMap<string, boolean>> = {
  expected: "an object of true and false",
  schema: Schema.Record(Schema.String, Schema.Boolean),
  read: (value) => {
    if (!isRecord(value)) return undefined;
    const found = new Map<string, boolean>();
    for (const [name, on] of Object.entries(value)) {
      if (typeof on !== "boolean") return undefined;
      found.set(name, on);
    }
    return found;
  },
  scan: { as: "other" },
};

/** A JSON object, not a list and not one of our number tokens. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberToken);

function listOf<A>(item: FieldType<A>, expected: string): FieldType<ReadonlyArray<A>> {
  return {
    expected,
    schema: Schema.Array(item.schema),
    read: (value) => {
      if (!Array.isArray(value)) return undefined;
      const found: Array<A> = [];
      for (const element of value) {
        const read = item.read(element);
        if (read === undefined) return undefined;
        found.push(read);
      }
      return found;
    },
    scan: { as: "other" },
  };
}
