/**
 * The bytes of a block of candles, without the candles: where each column lies, what a block says of itself, and whether that is true, down to a single
 * flipped bit. `candleBlock.ts` makes rows of it and back, `blockSplice.ts` puts two together. Pure.
 *
 * ```
 *   0  version   1  optional columns, a bit each   2  columns with mantissas, a bit each   4  rows   8  bytes of text   12  checksum
 *  16  opening times, times of last trades, the doubles of each column, the mantissas of some: eight bytes a row
 *   …  the powers of ten of each column: a byte a row
 *   …  text: numbers too long for that, and days
 * ```
 */
import { decimalColumns } from "../domain/CandleColumns.ts";

const version = 1;
const headerBytes = 16;
const checksumAt = 12;
export const optionalColumns = ["previousClose", "changeAmount", "changeRatio", "convertedClose"] as const;
export type BlockColumn = (typeof decimalColumns)[number] | (typeof optionalColumns)[number];

/** In place of a power of ten: the row has no such number, or it stands in the text. */
export const absent = 127;
export const inText = 126;

/** Numbers and days that the columns have no room for. */
export interface BlockText {
  /** Column, row, number. */
  readonly numbers: ReadonlyArray<readonly [column: number, row: number, number: string]>;
  /** Of each row, where any has one. */
  readonly days: ReadonlyArray<string | null>;
}

/** What the layout follows from. */
export interface BlockShape {
  readonly rows: number;
  /** Optional columns that it has, a bit each. */
  readonly mask: number;
  /** Columns with mantissas, a bit each. */
  readonly withMantissas: number;
}

/** A block whose words about itself are true, its columns over the block's own memory. */
export interface Block extends BlockShape {
  readonly columns: ReadonlyArray<BlockColumn>;
  /** Opening times, times of last trades, and each column, one after another. */
  readonly doubles: Float64Array;
  readonly mantissas: BigInt64Array;
  readonly scales: Int8Array;
  readonly text: BlockText;
}

/** A block that is being written: its columns are filled by whoever made it, and `sealed` gives its bytes. */
export interface OpenBlock extends Omit<Block, "text"> {
  readonly sealed: () => Uint8Array<ArrayBuffer>;
}

const noText: BlockText = { numbers: [], days: [] };

export const columnsOf = (mask: number): ReadonlyArray<BlockColumn> =>
  mask === 0 ? decimalColumns : [...decimalColumns, ...optionalColumns.filter((_, nth) => (mask & (1 << nth)) !== 0)];

/** How many columns before the nth have mantissas. */
export const placeOf = (withMantissas: number, nth: number): number => {
  let count = 0;
  for (let at = 0; at < nth; at++) if ((withMantissas & (1 << at)) !== 0) count++;
  return count;
};

/** Room for a block. Its text is known before, because it stands in the same memory. */
export const newBlock = (shape: BlockShape, text: BlockText = noText): OpenBlock => {
  const { rows, mask, withMantissas } = shape;
  const columns = columnsOf(mask);
  const { textAt } = layoutOf(rows, columns.length, withMantissas);
  const hasText = text.numbers.length + text.days.length > 0;
  const textBytes = hasText ? new TextEncoder().encode(JSON.stringify(text)) : new Uint8Array(0);
  const bytes = new Uint8Array(padded(textAt + textBytes.length));
  const view = new DataView(bytes.buffer);
  bytes[0] = version;
  bytes[1] = mask;
  view.setUint16(2, withMantissas, true);
  view.setUint32(4, rows, true);
  view.setUint32(8, textBytes.length, true);
  bytes.set(textBytes, textAt);
  const sealed = () => {
    view.setInt32(checksumAt, checksumOf(bytes), true);
    return bytes;
  };
  return { ...shape, columns, ...placesIn(bytes, shape), sealed };
};

/** A block that is read; undefined where it is damaged. */
export const openBlock = (given: Uint8Array): Block | undefined => {
  // Doubles are read in place, which asks for their alignment.
  const bytes = given.byteOffset % 8 === 0 ? given : given.slice();
  if (bytes.length < headerBytes || bytes.length % headerBytes !== 0 || bytes[0] !== version) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = { rows: view.getUint32(4, true), mask: bytes[1] ?? 0, withMantissas: view.getUint16(2, true) };
  const textLength = view.getUint32(8, true);
  const columns = columnsOf(shape.mask);
  const { textAt } = layoutOf(shape.rows, columns.length, shape.withMantissas);
  if (bytes.length !== padded(textAt + textLength) || view.getInt32(checksumAt, true) !== checksumOf(bytes)) return undefined;
  const text = textLength === 0 ? noText : (JSON.parse(new TextDecoder().decode(bytes.subarray(textAt, textAt + textLength))) as BlockText);
  return { ...shape, columns, ...placesIn(bytes, shape), text };
};

/** Whether a block is what was written. */
export const isWhole = (bytes: Uint8Array): boolean => openBlock(bytes) !== undefined;

/** How many rows a block says it holds, unproved. */
export const rowsClaimed = (bytes: Uint8Array): number =>
  bytes.length < headerBytes ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);

const placesIn = ({ buffer, byteOffset }: Uint8Array, { rows, mask, withMantissas }: BlockShape) => {
  const { mantissasAt, scalesAt, textAt } = layoutOf(rows, columnsOf(mask).length, withMantissas);
  return {
    doubles: new Float64Array(buffer, byteOffset + headerBytes, (mantissasAt - headerBytes) / 8),
    mantissas: new BigInt64Array(buffer, byteOffset + mantissasAt, (scalesAt - mantissasAt) / 8),
    scales: new Int8Array(buffer, byteOffset + scalesAt, textAt - scalesAt),
  };
};

const layoutOf = (rows: number, columns: number, withMantissas: number) => {
  const mantissasAt = headerBytes + 8 * rows * (2 + columns);
  const scalesAt = mantissasAt + 8 * rows * placeOf(withMantissas, 16);
  return { mantissasAt, scalesAt, textAt: scalesAt + rows * columns };
};

/** The checksum reads four words at a time. */
export const padded = (bytes: number): number => Math.ceil(bytes / headerBytes) * headerBytes;

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
