/**
 * How trades lie in storage: a block of all trades of one market in five minutes, column by column, about thirty bytes a trade. Prices and volumes lie as
 * their nearest doubles with the power of ten that makes them exact again; what does not fit so (an id of other digits than eight bytes hold, a number of
 * more digits than a double) stands in the block's text. What only the socket says of a trade, such as the best quotes after it, is not kept, so that a
 * trade is the same whichever channel brought it. A block that is damaged, by a single bit, is told apart from one that is empty. Pure.
 *
 * ```
 *   0  version   4  rows   8  bytes of text   12  checksum
 *  16  start of the block, epoch milliseconds, as a double
 *  24  ids, doubles of the prices, doubles of the volumes: eight bytes a row
 *   …  trade times, milliseconds from the start of the block: four bytes a row
 *   …  powers of ten of prices and of volumes, marks: a byte a row each
 *   …  text: the previous day's close, and what the columns have no room for
 * ```
 */
import { Decimal } from "../domain/Decimal.ts";
import type { Market } from "../domain/Market.ts";
import type { Change } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import { checksumOf, padded } from "./blockLayout.ts";
import { derived, isDerived } from "./candleBlock.ts";
import type { TimeRange } from "./Coverage.ts";

const version = 1;
const headerBytes = 24;
/** The checksum's step: every block is as long as a whole number of them. */
const step = 16;
const checksumAt = 12;
const startAt = 16;
/** Eight, eight, eight, four, and three times one. */
const rowBytes = 31;
/** How long a block is, in milliseconds. It never reaches over a UTC day, so its trades have one previous close. */
const blockMs = 300_000;
const mostId = 2n ** 63n - 1n;

/** What is marked of a row. The lowest two bits are the change, by its place in {@link changes}, 0 for none. */
const changes: ReadonlyArray<Change | undefined> = [undefined, "RISE", "EVEN", "FALL"];
const isBuy = 4;
/** The row has the block's previous close. */
const hasClose = 8;
/** The row's amount of change is its price less its previous close. */
const hasAmount = 16;
/** Something of the row stands in the text. */
const inText = 32;

/** The stretch that shares a block with the moment `timeMs`. */
export const tradeBlockRange = (timeMs: number): TimeRange => {
  const fromMs = Math.floor(timeMs / blockMs) * blockMs;
  return { fromMs, toMs: fromMs + blockMs };
};

/** What the columns of a row have no room for; whatever stands here goes before what they say. */
interface RowText {
  readonly id?: string | undefined;
  readonly price?: string | undefined;
  readonly volume?: string | undefined;
  readonly previousClose?: string | undefined;
  readonly changeAmount?: string | undefined;
}

interface BlockText {
  readonly previousClose: string | null;
  readonly rows: Readonly<Record<string, RowText>>;
}

/** Trades of one block, in the order in which they are to come back. */
export const encodeTrades = (trades: ReadonlyArray<Trade>): Uint8Array<ArrayBuffer> => {
  const rows = trades.length;
  const startMs = tradeBlockRange(trades[0]?.tradeTimeMs ?? 0).fromMs;
  const close = trades.find(({ previousClose }) => previousClose !== undefined)?.previousClose;
  const exceptions: Record<string, RowText> = {};
  const ids = new BigInt64Array(rows);
  const doubles = new Float64Array(2 * rows);
  const times = new Uint32Array(rows);
  const scales = new Int8Array(2 * rows);
  const marks = new Uint8Array(rows);
  for (const [at, trade] of trades.entries()) {
    const text = textOf(trade, close);
    if (text !== undefined) exceptions[at] = text;
    ids[at] = text?.id === undefined ? BigInt(trade.id) : 0n;
    times[at] = trade.tradeTimeMs - startMs;
    for (const [nth, value] of [trade.price, trade.volume].entries()) {
      doubles[nth * rows + at] = value.number;
      // One that is out of a byte's reach stands in the text.
      scales[nth * rows + at] = value.scale;
    }
    marks[at] =
      changes.indexOf(trade.change) |
      (trade.side === "buy" ? isBuy : 0) |
      (trade.previousClose === undefined || text?.previousClose !== undefined ? 0 : hasClose) |
      (trade.changeAmount === undefined || text?.changeAmount !== undefined ? 0 : hasAmount) |
      (text === undefined ? 0 : inText);
  }
  const isPlain = close === undefined && Object.keys(exceptions).length === 0;
  const text: BlockText = { previousClose: close?.toString() ?? null, rows: exceptions };
  const textBytes = isPlain ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(text));
  const bytes = new Uint8Array(padded(headerBytes + rows * rowBytes + textBytes.length));
  const view = new DataView(bytes.buffer);
  bytes[0] = version;
  view.setUint32(4, rows, true);
  view.setUint32(8, textBytes.length, true);
  view.setFloat64(startAt, startMs, true);
  let at = headerBytes;
  for (const part of [ids, doubles, times, scales, marks, textBytes]) {
    bytes.set(new Uint8Array(part.buffer), at);
    at += part.byteLength;
  }
  view.setInt32(checksumAt, checksumOf(bytes), true);
  return bytes;
};

/** The trades of a block, in their order; undefined where it is damaged. */
export const decodeTrades = (given: Uint8Array, market: Market): ReadonlyArray<Trade> | undefined => {
  const block = open(given);
  if (block === undefined) return undefined;
  const { rows, startMs, ids, doubles, times, scales, marks, text } = block;
  const close = text.previousClose === null ? undefined : Decimal.of(text.previousClose);
  return Array.from({ length: rows }, (_, at): Trade => {
    const mark = marks[at] ?? 0;
    const other = (mark & inText) === 0 ? undefined : text.rows[at];
    const number = (nth: 0 | 1) => decimalOf(doubles[nth * rows + at] ?? 0, scales[nth * rows + at] ?? 0);
    const price = written(other?.price) ?? number(0);
    const previousClose = written(other?.previousClose) ?? ((mark & hasClose) === 0 ? undefined : close);
    const change = changes[mark & 3];
    const changeAmount =
      written(other?.changeAmount) ?? ((mark & hasAmount) === 0 || previousClose === undefined ? undefined : price.minus(previousClose));
    return {
      ...{ market, id: other?.id ?? String(ids[at] ?? 0n), price, volume: written(other?.volume) ?? number(1) },
      ...{ side: (mark & isBuy) === 0 ? ("sell" as const) : ("buy" as const), tradeTimeMs: startMs + (times[at] ?? 0) },
      ...(previousClose !== undefined && { previousClose }),
      ...(change !== undefined && { change }),
      ...(changeAmount !== undefined && { changeAmount }),
    };
  });
};

/** Whether a block is what was written. */
export const isWholeTrades = (bytes: Uint8Array): boolean => open(bytes) !== undefined;

interface Block {
  readonly rows: number;
  readonly startMs: number;
  readonly ids: BigInt64Array;
  /** Of the prices, then of the volumes. */
  readonly doubles: Float64Array;
  readonly times: Uint32Array;
  /** Of the prices, then of the volumes. */
  readonly scales: Int8Array;
  readonly marks: Uint8Array;
  readonly text: BlockText;
}

const noText: BlockText = { previousClose: null, rows: {} };

const open = (given: Uint8Array): Block | undefined => {
  // Numbers are read in place, which asks for their alignment.
  const bytes = given.byteOffset % 8 === 0 ? given : given.slice();
  if (bytes.length < headerBytes || bytes.length % step !== 0 || bytes[0] !== version) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const rows = view.getUint32(4, true);
  const textLength = view.getUint32(8, true);
  const textAt = headerBytes + rows * rowBytes;
  if (bytes.length !== padded(textAt + textLength) || view.getInt32(checksumAt, true) !== checksumOf(bytes)) return undefined;
  const { buffer } = bytes;
  const at = bytes.byteOffset + headerBytes;
  return {
    rows,
    startMs: view.getFloat64(startAt, true),
    ids: new BigInt64Array(buffer, at, rows),
    doubles: new Float64Array(buffer, at + 8 * rows, 2 * rows),
    times: new Uint32Array(buffer, at + 24 * rows, rows),
    scales: new Int8Array(buffer, at + 28 * rows, 2 * rows),
    marks: new Uint8Array(buffer, at + 30 * rows, rows),
    text: textLength === 0 ? noText : (JSON.parse(new TextDecoder().decode(bytes.subarray(textAt, textAt + textLength))) as BlockText),
  };
};

const textOf = (trade: Trade, close: Decimal | undefined): RowText | undefined => {
  const { id, price, volume, previousClose, changeAmount } = trade;
  const hasOtherClose = previousClose !== undefined && close?.equals(previousClose) !== true;
  const isDifference = previousClose !== undefined && changeAmount?.equals(price.minus(previousClose)) === true;
  const text: RowText = {
    ...(!fitsEightBytes(id) && { id }),
    ...(!fitsColumn(price) && { price: price.toString() }),
    ...(!fitsColumn(volume) && { volume: volume.toString() }),
    ...(hasOtherClose && { previousClose: previousClose.toString() }),
    ...(changeAmount !== undefined && !isDifference && { changeAmount: changeAmount.toString() }),
  };
  return Object.keys(text).length === 0 ? undefined : text;
};

/** Ids are text: one with a zero in front is another than the one without. */
const fitsEightBytes = (id: string): boolean => id.length <= 19 && BigInt(id) <= mostId && (id === "0" || !id.startsWith("0"));

const fitsColumn = (value: Decimal): boolean => Math.abs(value.scale) <= 100 && isDerived(value);

const decimalOf = (number: number, scale: number): Decimal => (number === 0 ? Decimal.zero : Decimal.lowest(derived(number, scale), scale));

const written = (text: string | undefined): Decimal | undefined => (text === undefined ? undefined : Decimal.of(text));
