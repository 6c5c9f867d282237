/**
 * Blocks written into blocks: what of a block is known anew takes the place of what was kept, column by column, without a row being made. Nearly every
 * write is this: a page of the exchange ends where the next begins, in the middle of a block. Pure.
 */
import type { Candle } from "../domain/Candle.ts";
import { absent, type Block, columnsOf, inText, newBlock, openBlock, type OpenBlock, placeOf } from "./blockLayout.ts";
import { decodeCandles, derived, encodeCandles } from "./candleBlock.ts";
import type { TimeRange } from "./Coverage.ts";

/** A kept block with the rows of `part` in the place of its own in the range; undefined where the kept one is damaged. Throws where the part is. */
export const spliced = (
  kept: Uint8Array,
  part: Uint8Array,
  range: TimeRange,
  { market, interval }: Pick<Candle, "market" | "interval">,
): Uint8Array<ArrayBuffer> | undefined => {
  const [old, added] = [openBlock(kept), openBlock(part)];
  if (added === undefined) throw new DamagedPart("a part of a block was damaged before it was written");
  if (old === undefined) return undefined;
  const [first, last] = [firstAtLeast(old, range.fromMs), firstAtLeast(old, range.toMs)];
  const isPlain = old.mask === added.mask && !hasText(old) && !hasText(added);
  if (isPlain) return joined(old, added, first, last);
  const [before, between] = [decodeCandles(kept, market, interval) ?? [], decodeCandles(part, market, interval) ?? []];
  return encodeCandles([...before.slice(0, first), ...between, ...before.slice(last)]);
};

/** What was to be written is not what was sent. */
export class DamagedPart extends Error {}

/** Rows up to `first` and from `last` on of the one, and all of the other between them. Both have the same columns. */
const joined = (old: Block, added: Block, first: number, last: number): Uint8Array<ArrayBuffer> => {
  const rows = first + added.rows + old.rows - last;
  const withMantissas = old.withMantissas | added.withMantissas;
  const into = newBlock({ rows, mask: old.mask, withMantissas });
  const pieces: ReadonlyArray<Piece> = [
    { of: old, from: 0, to: first, at: 0 },
    { of: added, from: 0, to: added.rows, at: first },
    { of: old, from: last, to: old.rows, at: first + added.rows },
  ];
  const columns = columnsOf(old.mask).length;
  for (const piece of pieces) {
    if (piece.from >= piece.to) continue;
    for (let nth = 0; nth < columns + 2; nth++) copy(into.doubles, rows, piece.of.doubles, nth, piece);
    for (let nth = 0; nth < columns; nth++) {
      copy(into.scales, rows, piece.of.scales, nth, piece);
      if ((withMantissas & (1 << nth)) !== 0) putMantissas(into, nth, piece);
    }
  }
  return into.sealed();
};

/** Rows of a block, and their place in the new one. */
interface Piece {
  readonly of: Block;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/** The piece of the nth column of one kind. */
const copy = <A extends Float64Array | Int8Array>(into: A, rows: number, column: A, nth: number, { of, from, to, at }: Piece): void =>
  into.set(column.subarray(nth * of.rows + from, nth * of.rows + to), nth * rows + at);

/** Mantissas that the piece has, or that its doubles say. */
const putMantissas = ({ mantissas, rows, withMantissas }: OpenBlock, nth: number, { of, from, to, at }: Piece): void => {
  const start = placeOf(withMantissas, nth) * rows + at;
  if ((of.withMantissas & (1 << nth)) !== 0) {
    const place = placeOf(of.withMantissas, nth) * of.rows;
    return mantissas.set(of.mantissas.subarray(place + from, place + to), start);
  }
  for (let row = from; row < to; row++) {
    const scale = of.scales[nth * of.rows + row] ?? absent;
    const number = of.doubles[(2 + nth) * of.rows + row] ?? 0;
    mantissas[start + row - from] = scale === absent || scale === inText || number === 0 ? 0n : BigInt(derived(number, scale));
  }
};

/** The place of the first row that does not open before `timeMs`. */
const firstAtLeast = ({ doubles, rows }: Block, timeMs: number): number => {
  let at = 0;
  while (at < rows && (doubles[at] ?? Infinity) < timeMs) at++;
  return at;
};

const hasText = ({ text }: Block): boolean => text.numbers.length + text.days.length > 0;
