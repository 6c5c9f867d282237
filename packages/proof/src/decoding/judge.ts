/**
 * Holds a decoded value against the text it came from: every decimal by whole numbers on its token, every id, time and word by its text. It takes the
 * names of fields from the decoder's tables, and nothing else.
 */
import { Decimal } from "@naru/router/domain/Decimal";
import { orderbookUnit } from "@naru/upbit/decode/OrderbookShape";
import { type Fields, spelt, type Spelling } from "@naru/upbit/decode/Shape";
import { fieldsOf, type FrameKind } from "./frames.ts";

/** A number, as its text. */
class Token {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Told = Readonly<Record<string, unknown>>;
interface Level {
  readonly price: Decimal;
  readonly size: Decimal;
}

/** The records of a frame, or of a list of them; undefined where `JSON.parse` refuses the text. */
export const truthOf = (text: string): ReadonlyArray<Told> | undefined => {
  try {
    const json: unknown = JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? new Token(context?.source ?? "") : value,
    );
    return (Array.isArray(json) ? json : [json]) as ReadonlyArray<Told>;
  } catch {
    return undefined;
  }
};

/** What the value says that its record does not; undefined where it says it all exactly. */
export const misreadOf = (kind: FrameKind, record: Told, value: object): string | undefined => {
  const spelling: Spelling = Object.hasOwn(record, "type") ? "full" : "simple";
  const fields = fieldsOf(kind);
  for (const [ours, held] of Object.entries<unknown>({ ...value })) {
    if (ours === "interval" || ours === "state" || ours === "spreadPercent" || ours === "crossed") continue;
    if (ours === "asks" || ours === "bids") {
      const found = misreadSide(toldOf(fields, "units", record, spelling), ours, held as ReadonlyArray<Level>, spelling);
      if (found !== undefined) return found;
    } else if (ours === "spread") {
      if (!isSpread(value, held)) return `spread is ${String(held)}`;
    } else if (!isTold(fields, ours, held, record, value, spelling)) return `${ours} is ${String(held)}`;
  }
  return undefined;
};

const isTold = (fields: Fields, ours: string, held: unknown, record: Told, value: object, spelling: Spelling): boolean => {
  if (ours === "changePercent") return isExactly(toldOf(fields, "changeRatio", record, spelling), held, 100n);
  if (ours === "changeAmount" && Object.hasOwn(fields, "unsignedAmount") && !Object.hasOwn(fields, "changeAmount"))
    return isExactly(toldOf(fields, "unsignedAmount", record, spelling), held, "change" in value && value.change === "FALL" ? -1n : 1n);
  const told = toldOf(fields, ours, record, spelling);
  if (held instanceof Decimal) return isExactly(told, held, 1n);
  if (held === "buy" || held === "sell") return told === (held === "buy" ? "BID" : "ASK");
  const text = told instanceof Token ? told.text : told;
  if (typeof held === "number") return (ours === "openTimeMs" ? Date.parse(`${String(text)}Z`) : Number(text)) === held;
  return text === held;
};

const toldOf = (fields: Fields, ours: string, record: Told, spelling: Spelling): unknown => {
  const field = fields[ours];
  const name = field === undefined ? "" : spelt(field, spelling);
  return Object.hasOwn(record, name) ? record[name] : undefined;
};

/** Every level that is offered, best first, and none besides. */
const misreadSide = (units: unknown, side: "asks" | "bids", levels: ReadonlyArray<Level>, spelling: Spelling): string | undefined => {
  const fields = orderbookUnit.fields;
  const rises = side === "asks" ? 1n : -1n;
  const told = (units as ReadonlyArray<Told>)
    .map((unit) => {
      const price = side === "asks" ? fields.ask : fields.bid;
      const size = side === "asks" ? fields.askSize : fields.bidSize;
      return { price: unit[spelt(price, spelling)], size: unit[spelt(size, spelling)] };
    })
    .filter(({ size }) => exactOf(size)?.unscaled !== 0n)
    .sort((a, b) => Number(rises * compared(a.price, b.price)));
  if (told.length !== levels.length) return `${side} has ${levels.length} levels of ${told.length}`;
  for (const [i, { price, size }] of levels.entries()) {
    if (!isExactly(told[i]?.price, price, 1n) || !isExactly(told[i]?.size, size, 1n)) return `${side}[${i}] is ${price} × ${size}`;
    if (price.sign !== 1 || size.sign !== 1) return `${side}[${i}] is nothing`;
  }
  return undefined;
};

/** Whether it is the difference of the best prices, which are judged themselves, and null where a side has none. */
const isSpread = (book: object, held: unknown): boolean => {
  const [ask, bid] = ["asks", "bids"].map((side) => (book as Readonly<Record<string, ReadonlyArray<Level>>>)[side]?.[0]?.price);
  if (ask === undefined || bid === undefined) return held === null;
  const scale = Math.max(ask.scale, bid.scale);
  const [high, low] = [ask, bid].map((price) => at({ unscaled: BigInt(price.mantissa), scale: price.scale }, scale));
  return isExactly(new Token(`${high! - low!}e${-scale}`), held, 1n);
};

interface Exact {
  readonly unscaled: bigint;
  readonly scale: number;
}

const exactOf = (told: unknown): Exact | undefined => {
  // The exchange's guide prints numbers in quotes, too.
  const text = told instanceof Token ? told.text : told;
  if (typeof text !== "string") return undefined;
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { unscaled: BigInt(whole + fraction), scale: fraction.length - Number(exponent) };
};

const at = ({ unscaled, scale }: Exact, wanted: number): bigint => unscaled * 10n ** BigInt(wanted - scale);

const compared = (a: unknown, b: unknown): bigint => {
  const [left, right] = [exactOf(a), exactOf(b)];
  if (left === undefined || right === undefined) return 0n;
  const scale = Math.max(left.scale, right.scale);
  const difference = at(left, scale) - at(right, scale);
  return difference > 0n ? 1n : difference < 0n ? -1n : 0n;
};

/** Whether a decimal is `times` the number told, in lowest form, and a `bigint` only where a double does not hold it. */
const isExactly = (told: unknown, held: unknown, times: bigint): boolean => {
  const exact = exactOf(told);
  if (exact === undefined || !(held instanceof Decimal)) return false;
  const mantissa = BigInt(held.mantissa);
  const isLowest = mantissa === 0n ? held.scale === 0 && Object.is(held.mantissa, 0) : mantissa % 10n !== 0n;
  const isSafe = mantissa <= BigInt(Number.MAX_SAFE_INTEGER) && mantissa >= -BigInt(Number.MAX_SAFE_INTEGER);
  if (!isLowest || (typeof held.mantissa === "number") !== isSafe) return false;
  const scale = Math.max(exact.scale, held.scale);
  return at(exact, scale) * times === at({ unscaled: mantissa, scale: held.scale }, scale);
};
