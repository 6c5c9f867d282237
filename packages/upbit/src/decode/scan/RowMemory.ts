/**
 * The rows of the last book of a market, as bytes and as levels. From one book to the next three rows of four stay as they are, to the last byte, and
 * the same bytes are the same levels: such a row is compared and not read. It makes no difference of which market the memory is, only to how often it helps.
 */
import type { PriceLevel } from "@naru/router/domain/Orderbook";
import { isSame } from "./sameBytes.ts";

/** Bytes of the rows of a book; 30 in the long spelling have about 3,000. */
const maxBytes = 4_096;
export class RowMemory {
  readonly #bytes = new Uint8Array(maxBytes + 8);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Where each row begins, and behind the last one where it ends and a comma would follow. */
  readonly #starts = new Int32Array(32);
  #rows = 0;
  /** Of each row; undefined where its slot is padding. */
  readonly asks: Array<PriceLevel | undefined> = [];
  readonly bids: Array<PriceLevel | undefined> = [];

  /** Bytes of the row at `at` if it is the `row`-th of the book before, else 0. */
  lengthOf(row: number, view: DataView, at: number, limit: number): number {
    if (row >= this.#rows) return 0;
    const start = this.#starts[row]!;
    // A comma lies between two rows.
    const length = this.#starts[row + 1]! - 1 - start;
    return at + length <= limit && isSame(view, at, this.#view, start, length) ? length : 0;
  }

  /** Remembers the rows that lie in `bytes` from `starts[0]` to before `starts[rows]`; `asks` and `bids` were filled by who read them. */
  keep(bytes: Uint8Array, starts: Int32Array, rows: number): void {
    const from = starts[0]!;
    const end = starts[rows]!;
    this.#rows = 0;
    if (rows === 0 || end - from > maxBytes) return;
    this.#bytes.set(bytes.subarray(from, end));
    for (let row = 0; row <= rows; row++) this.#starts[row] = starts[row]! - from;
    this.#rows = rows;
  }
}
