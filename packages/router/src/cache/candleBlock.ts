/**
 * How closed candles lie in storage: a block of up to a few hundred neighbouring windows, column by column. Every number lies there as its nearest
 * double, which is all that columns need; the power of ten beside it, and where that is not enough the mantissa as well, make it exact again. What a
 * block says of itself is checked, down to a single flipped bit, and one that is damaged is told apart from one that is empty. Pure.
 *
 * ```
 *   0  version   1  optional columns, a bit each   2  columns with mantissas, a bit each   4  rows   8  bytes of text   12  checksum
 *  16  opening times, times of last trades, the doubles of each column, the mantissas of some: eight bytes a row
 *   …  the powers of ten of each column: a byte a row
 *   …  text: numbers too long for that, and days
 * ```
 */
import type { Candle } from "../domain/Candle.ts";
import { Decimal } from "../domain/Decimal.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";
import { type CandleColumns, decimalColumns } from "./CandleColumns.ts";
import type { TimeRange } from "./Coverage.ts";

const version = 1;
const headerBytes = 16;
const checksumAt = 12;
const optionalColumns = ["previousClose", "changeAmount", "changeRatio", "convertedClose"] as const;
/** In place of a power of ten: the row has no such number, or it stands in the text. */
const absent = 127;
const inText = 126;

/** Windows of equal length that one block holds. */
export const windowsPerBlock = 256;
/** Years that a block of months or years holds. */
const yearsPerBlock = 20;

/** The windows that share a block with the one at `timeMs`. */
export const blockRange = (interval: Interval, timeMs: number): TimeRange => {
  if (interval === "1M" || interval === "1y") {
    const first = Math.floor(new Date(timeMs).getUTCFullYear() / yearsPerBlock) * yearsPerBlock;
    return { fromMs: Date.UTC(first, 0), toMs: Date.UTC(first + yearsPerBlock, 0) };
  }
  const origin = windowStart(interval, 0);
  const lengthMs = (nextWindowStart(interval, origin) - origin) * windowsPerBlock;
  const fromMs = Math.floor((timeMs - origin) / lengthMs) * lengthMs + origin;
  return { fromMs, toMs: fromMs + lengthMs };
};

/** Numbers and days that the columns have no room for. */
interface BlockText {
  /** Column, row, number. */
  readonly numbers: ReadonlyArray<readonly [column: number, row: number, number: string]>;
  /** Of each row, where any has one. */
  readonly days: ReadonlyArray<string | null>;
}

/** Rows ascending by opening time, each time once. */
export const encodeCandles = (rows: ReadonlyArray<Candle>): Uint8Array<ArrayBuffer> => {
  const mask = rows.reduce((found, row) => found | maskOf(row), 0);
  const columns = columnsOf(mask);
  const withMantissas = columns.reduce(
    (found, column, nth) => (rows.every((row) => isDerived(row[column])) ? found : found | (1 << nth)),
    0,
  );
  const { mantissasAt, scalesAt, textAt } = layoutOf(rows.length, columns.length, withMantissas);
  const doubles = new Float64Array((mantissasAt - headerBytes) / 8);
  const mantissas = new BigInt64Array((scalesAt - mantissasAt) / 8);
  const scales = new Int8Array(textAt - scalesAt);
  const numbers: Array<readonly [number, number, string]> = [];
  for (const [at, row] of rows.entries()) {
    doubles[at] = row.openTimeMs;
    doubles[rows.length + at] = row.lastTradeTimeMs;
    for (const [nth, column] of columns.entries()) {
      const value = row[column];
      const slot = nth * rows.length + at;
      doubles[2 * rows.length + slot] = value?.number ?? 0;
      scales[slot] = value === undefined ? absent : isLong(value) ? inText : value.scale;
      if (value !== undefined && isLong(value)) numbers.push([nth, at, value.toString()]);
      else if (value !== undefined && (withMantissas & (1 << nth)) !== 0)
        mantissas[placeOf(withMantissas, nth) * rows.length + at] = BigInt(value.mantissa);
    }
  }
  const days = rows.some(({ firstDay }) => firstDay !== undefined) ? rows.map(({ firstDay }) => firstDay ?? null) : [];
  const text: BlockText = { numbers, days };
  const textBytes = numbers.length + days.length === 0 ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(text));
  const bytes = new Uint8Array(padded(textAt + textBytes.length));
  const view = new DataView(bytes.buffer);
  bytes[0] = version;
  bytes[1] = mask;
  view.setUint16(2, withMantissas, true);
  view.setUint32(4, rows.length, true);
  view.setUint32(8, textBytes.length, true);
  bytes.set(new Uint8Array(doubles.buffer), headerBytes);
  bytes.set(new Uint8Array(mantissas.buffer), mantissasAt);
  bytes.set(new Uint8Array(scales.buffer), scalesAt);
  bytes.set(textBytes, textAt);
  view.setInt32(checksumAt, checksumOf(bytes), true);
  return bytes;
};

/** The rows of a block, ascending; undefined where it is damaged. */
export const decodeCandles = (bytes: Uint8Array, market: Market, interval: Interval): ReadonlyArray<Candle> | undefined => {
  const block = open(bytes);
  if (block === undefined) return undefined;
  const { rows, columns, doubles, text } = block;
  const hasMore = columns.length > decimalColumns.length || text.days.length > 0;
  return Array.from({ length: rows }, (_, at): Candle => {
    const row = {
      ...{ market, interval, openTimeMs: doubles[at] ?? 0 },
      ...{ open: required(block, 0, at), high: required(block, 1, at), low: required(block, 2, at), close: required(block, 3, at) },
      ...{ volume: required(block, 4, at), value: required(block, 5, at) },
      ...{ lastTradeTimeMs: doubles[rows + at] ?? 0, state: "closed" as const },
    };
    return hasMore ? { ...row, ...optionalOf(block, at) } : row;
  });
};

/** Whether a block is what was written. */
export const isWhole = (bytes: Uint8Array): boolean => open(bytes) !== undefined;

/** How many rows a block says it holds, unproved. */
export const rowsClaimed = (bytes: Uint8Array): number =>
  bytes.length < headerBytes ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);

/** Puts the rows of a block into columns, from row `at` on; how many they were, undefined where the block is damaged. */
export const decodeColumns = (bytes: Uint8Array, into: CandleColumns, at: number): number | undefined => {
  const block = open(bytes);
  if (block === undefined) return undefined;
  const { rows, doubles } = block;
  into.openTimeMs.set(doubles.subarray(0, rows), at);
  into.lastTradeTimeMs.set(doubles.subarray(rows, 2 * rows), at);
  for (const [nth, column] of decimalColumns.entries()) into[column].set(doubles.subarray((2 + nth) * rows, (3 + nth) * rows), at);
  return rows;
};

/** A block whose words about itself are true. */
interface Block {
  readonly rows: number;
  readonly columns: ReadonlyArray<(typeof decimalColumns)[number] | (typeof optionalColumns)[number]>;
  readonly doubles: Float64Array;
  readonly withMantissas: number;
  readonly mantissas: BigInt64Array;
  readonly scales: Int8Array;
  readonly text: BlockText;
}

const noText: BlockText = { numbers: [], days: [] };

const open = (given: Uint8Array): Block | undefined => {
  // Doubles are read in place, which asks for their alignment.
  const bytes = given.byteOffset % 8 === 0 ? given : given.slice();
  if (bytes.length < headerBytes || bytes.length % headerBytes !== 0 || bytes[0] !== version) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const withMantissas = view.getUint16(2, true);
  const rows = view.getUint32(4, true);
  const textLength = view.getUint32(8, true);
  const columns = columnsOf(bytes[1] ?? 0);
  const { mantissasAt, scalesAt, textAt } = layoutOf(rows, columns.length, withMantissas);
  if (bytes.length !== padded(textAt + textLength) || view.getInt32(checksumAt, true) !== checksumOf(bytes)) return undefined;
  const { buffer, byteOffset } = bytes;
  return {
    ...{ rows, columns, withMantissas },
    doubles: new Float64Array(buffer, byteOffset + headerBytes, (mantissasAt - headerBytes) / 8),
    mantissas: new BigInt64Array(buffer, byteOffset + mantissasAt, (scalesAt - mantissasAt) / 8),
    scales: new Int8Array(buffer, byteOffset + scalesAt, textAt - scalesAt),
    text: textLength === 0 ? noText : (JSON.parse(new TextDecoder().decode(bytes.subarray(textAt, textAt + textLength))) as BlockText),
  };
};

const layoutOf = (rows: number, columns: number, withMantissas: number) => {
  const mantissasAt = headerBytes + 8 * rows * (2 + columns);
  const scalesAt = mantissasAt + 8 * rows * placeOf(withMantissas, 16);
  return { mantissasAt, scalesAt, textAt: scalesAt + rows * columns };
};

/** The checksum reads four words at a time. */
export const padded = (bytes: number): number => Math.ceil(bytes / headerBytes) * headerBytes;

/** How many columns before the nth have mantissas. */
const placeOf = (withMantissas: number, nth: number): number => {
  let count = 0;
  for (let at = 0; at < nth; at++) if ((withMantissas & (1 << at)) !== 0) count++;
  return count;
};

const decimalAt = (block: Block, nth: number, row: number): Decimal | undefined => {
  const { rows, doubles, scales, text, withMantissas } = block;
  const slot = nth * rows + row;
  const scale = scales[slot] ?? absent;
  if (scale === absent) return undefined;
  if (scale === inText) {
    const found = text.numbers.find(([column, at]) => column === nth && at === row);
    return found === undefined ? undefined : Decimal.parse(found[2]);
  }
  const number = doubles[2 * rows + slot] ?? 0;
  if (number === 0) return Decimal.zero;
  if ((withMantissas & (1 << nth)) === 0) return Decimal.lowest(derived(number, scale), scale, number);
  const mantissa = block.mantissas[placeOf(withMantissas, nth) * rows + row] ?? 0n;
  const isSafe = mantissa <= BigInt(Number.MAX_SAFE_INTEGER) && mantissa >= BigInt(Number.MIN_SAFE_INTEGER);
  return Decimal.lowest(isSafe ? Number(mantissa) : mantissa, scale, number);
};

/** The mantissa of a number with so few digits that its nearest double says them all. */
export const derived = (number: number, scale: number): number =>
  scale >= 0 ? Math.round(number * (powersOfTen[scale] ?? Number.NaN)) : Math.round(number / (powersOfTen[-scale] ?? Number.NaN));

export const isDerived = (value: Decimal | undefined): boolean =>
  value === undefined || derived(value.number, value.scale) === value.mantissa;

/** Too long for eight bytes, or too far from the point for one. */
const isLong = ({ mantissa, scale }: Decimal): boolean => Math.abs(scale) > 100 || BigInt.asIntN(64, BigInt(mantissa)) !== BigInt(mantissa);

/** A column that every row has. A whole block without it was written by a program with a bug, and no price is made up for it. */
const required = (block: Block, nth: number, row: number): Decimal => {
  const value = decimalAt(block, nth, row);
  if (value === undefined) throw new TypeError(`a block of candles has no ${block.columns[nth]} in row ${row}`);
  return value;
};

const optionalOf = (block: Block, row: number): Partial<Candle> => {
  const found: Partial<Record<(typeof optionalColumns)[number], Decimal>> = {};
  for (const [nth, column] of block.columns.entries()) {
    const value = isOptional(column) ? decimalAt(block, nth, row) : undefined;
    if (value !== undefined && isOptional(column)) found[column] = value;
  }
  const day = block.text.days[row] ?? null;
  return day === null ? found : { ...found, firstDay: day };
};

const isOptional = (column: Block["columns"][number]): column is (typeof optionalColumns)[number] =>
  optionalColumns.some((one) => one === column);

const powersOfTen = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

const maskOf = (row: Candle): number =>
  optionalColumns.reduce((mask, column, nth) => (row[column] === undefined ? mask : mask | (1 << nth)), 0);

const columnsOf = (mask: number): Block["columns"] => [...decimalColumns, ...optionalColumns.filter((_, nth) => (mask & (1 << nth)) !== 0)];

/**
 * FNV-1a over words of four bytes, the checksum's own left out, in four lanes that a processor can go through side by side. Every step of a lane is
 * reversible, so a single changed word always changes it.
 */
export const checksumOf = (bytes: Uint8Array): number => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const { length } = words;
  let [a, b, c, d] = [0x811c9dc5 ^ words[0]!, 0x811c9dc5 ^ words[1]!, 0x811c9dc5 ^ words[2]!, 0x811c9dc5];
  for (let at = headerBytes / 4; at < length; at += 4) {
    a = Math.imul(a ^ words[at]!, 0x01000193);
    b = Math.imul(b ^ words[at + 1]!, 0x01000193);
    c = Math.imul(c ^ words[at + 2]!, 0x01000193);
    d = Math.imul(d ^ words[at + 3]!, 0x01000193);
  }
  return Math.imul(Math.imul(Math.imul(a, 0x01000193) ^ b, 0x01000193) ^ c, 0x01000193) ^ d;
};
