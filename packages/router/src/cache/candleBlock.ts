/**
 * How closed candles lie in storage: a block of up to a few hundred neighbouring windows, column by column. Every number lies there as its nearest
 * double, which is all that columns need; the power of ten beside it, and where that is not enough the mantissa as well, make it exact again. A block
 * that is damaged is told apart from one that is empty (`blockLayout.ts`). Pure.
 */
import type { Candle } from "../domain/Candle.ts";
import { Decimal } from "../domain/Decimal.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";
import { absent, type Block, type BlockColumn, columnsOf, inText, newBlock, openBlock, optionalColumns, placeOf } from "./blockLayout.ts";
import { type CandleColumns, decimalColumns } from "../domain/CandleColumns.ts";
import type { TimeRange } from "./Coverage.ts";

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

/** Rows ascending by opening time, each time once. */
export const encodeCandles = (rows: ReadonlyArray<Candle>): Uint8Array<ArrayBuffer> => {
  const mask = rows.reduce((found, row) => found | maskOf(row), 0);
  const columns = columnsOf(mask).map((column) => rows.map((row) => row[column]));
  let withMantissas = 0;
  const numbers: Array<readonly [number, number, string]> = [];
  for (let nth = 0; nth < columns.length; nth++) {
    const values = columns[nth]!;
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (value === undefined || isDerived(value)) continue;
      withMantissas |= 1 << nth;
      if (isLong(value)) numbers.push([nth, at, value.toString()]);
    }
  }
  const days = rows.some(({ firstDay }) => firstDay !== undefined) ? rows.map(({ firstDay }) => firstDay ?? null) : [];
  const block = newBlock({ rows: rows.length, mask, withMantissas }, { numbers, days });
  const { doubles } = block;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    doubles[at] = row.openTimeMs;
    doubles[rows.length + at] = row.lastTradeTimeMs;
  }
  for (let nth = 0; nth < columns.length; nth++) fill(block, nth, columns[nth]!);
  return block.sealed();
};

/** One column of a block. */
const fill = (block: Omit<Block, "text">, nth: number, values: ReadonlyArray<Decimal | undefined>): void => {
  const { doubles, mantissas, scales, withMantissas, rows } = block;
  const mantissasAt = (withMantissas & (1 << nth)) === 0 ? undefined : placeOf(withMantissas, nth) * rows;
  for (let at = 0; at < rows; at++) {
    const value = values[at];
    const slot = nth * rows + at;
    doubles[2 * rows + slot] = value?.number ?? 0;
    scales[slot] = value === undefined ? absent : isLong(value) ? inText : value.scale;
    if (value !== undefined && mantissasAt !== undefined && !isLong(value)) mantissas[mantissasAt + at] = BigInt(value.mantissa);
  }
};

/** The rows of a block, ascending; undefined where it is damaged. */
export const decodeCandles = (bytes: Uint8Array, market: Market, interval: Interval): ReadonlyArray<Candle> | undefined => {
  const block = openBlock(bytes);
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

/** Puts the rows of a block into columns, from row `at` on; how many they were, undefined where the block is damaged. */
export const decodeColumns = (bytes: Uint8Array, into: CandleColumns, at: number): number | undefined => {
  const block = openBlock(bytes);
  if (block === undefined) return undefined;
  const { rows, doubles } = block;
  into.openTimeMs.set(doubles.subarray(0, rows), at);
  into.lastTradeTimeMs.set(doubles.subarray(rows, 2 * rows), at);
  for (const [nth, column] of decimalColumns.entries()) into[column].set(doubles.subarray((2 + nth) * rows, (3 + nth) * rows), at);
  return rows;
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
  if ((withMantissas & (1 << nth)) === 0) return Decimal.lowest(derived(number, scale), scale);
  const mantissa = block.mantissas[placeOf(withMantissas, nth) * rows + row] ?? 0n;
  const isSafe = mantissa <= BigInt(Number.MAX_SAFE_INTEGER) && mantissa >= BigInt(Number.MIN_SAFE_INTEGER);
  return Decimal.lowest(isSafe ? Number(mantissa) : mantissa, scale);
};

/** The mantissa of a number with so few digits that its nearest double says them all. */
export const derived = (number: number, scale: number): number =>
  scale >= 0 ? Math.round(number * (powersOfTen[scale] ?? Number.NaN)) : Math.round(number / (powersOfTen[-scale] ?? Number.NaN));

export const isDerived = (value: Decimal): boolean => derived(value.number, value.scale) === value.mantissa;

/** Too long for eight bytes, or too far from the point for one. */
const isLong = ({ mantissa, scale }: Decimal): boolean =>
  Math.abs(scale) > 100 || (typeof mantissa === "bigint" && BigInt.asIntN(64, mantissa) !== mantissa);

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

const isOptional = (column: BlockColumn): column is (typeof optionalColumns)[number] => optionalColumns.some((one) => one === column);

const powersOfTen = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

const maskOf = (row: Candle): number => {
  let mask = 0;
  for (let nth = 0; nth < optionalColumns.length; nth++) if (row[optionalColumns[nth]!] !== undefined) mask |= 1 << nth;
  return mask;
};
