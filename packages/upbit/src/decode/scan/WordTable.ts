/**
 * The texts of one sort of field (market codes, dates, `RISE`), found again by their bytes: an exchange says the same few thousand over and
 * over, so a text is made and checked once and a steady stream makes none. What is refused is not kept.
 */
import { internalized } from "@naru/router/transport/JsonScanner";
import { isSame } from "./sameBytes.ts";

/** Texts longer than this are for the general path. */
const maxBytes = 30;
/** Bytes of a place: a text with both its quotes. */
const placeBytes = 32;
const quote = 34;

export class WordTable {
  readonly #read: (text: string) => unknown;
  readonly #mask: number;
  /** Each text with its quotes, at its place. */
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Bytes of the text with its quotes; 0 for an empty place. */
  readonly #lengths: Uint8Array;
  readonly #values: Array<unknown>;
  /** Which of two neighbouring places gives way next. */
  #turn = 0;

  /** `size` is a power of two: so many texts are kept, and newer ones take the places of others. */
  constructor(size: number, read: (text: string) => unknown) {
    this.#read = read;
    this.#mask = size - 1;
    this.#bytes = new Uint8Array(size * placeBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#lengths = new Uint8Array(size);
    this.#values = Array.from({ length: size }, () => undefined);
  }

  /** What the text at a place was read as. */
  valueAt(place: number): unknown {
    return this.#values[place];
  }

  /** Bytes of the text at a place, with its quotes. */
  lengthAt(place: number): number {
    return this.#lengths[place]!;
  }

  /** Whether the text of `place`, quotes included, stands at `at`. */
  isAt(place: number, view: DataView, at: number, limit: number): boolean {
    const length = this.#lengths[place]!;
    if (length < 4 || at + length > limit) return false;
    const from = place * placeBytes;
    if (length >= 8) return isSame(view, at, this.#view, from, length);
    const last = length - 4;
    return view.getInt32(at) === this.#view.getInt32(from) && view.getInt32(at + last) === this.#view.getInt32(from + last);
  }

  /**
   * The place of the text between the quotes at `at` and at `end`, whose bytes came to `hash`; -1 when it is too long or no text of this sort.
   * Its bytes are known to be printable ASCII.
   */
  find(bytes: Uint8Array, view: DataView, at: number, end: number, hash: number): number {
    const length = end - at + 1;
    if (length < 4 || length > maxBytes) return -1;
    const first = (hash ^ (hash >>> 15)) & this.#mask;
    if (this.#lengths[first] === length && this.isAt(first, view, at, end + 1)) return first;
    const second = first ^ 1;
    if (this.#lengths[second] === length && this.isAt(second, view, at, end + 1)) return second;
    return this.#add(bytes, at, length, first);
  }

  #add(bytes: Uint8Array, at: number, length: number, first: number): number {
    const value = this.#read(internalized(String.fromCharCode(...bytes.subarray(at + 1, at + length - 1))));
    if (value === undefined) return -1;
    let place = first;
    if (this.#lengths[first] !== 0) {
      place = first ^ 1;
      if (this.#lengths[place] !== 0) {
        this.#turn ^= 1;
        place = first ^ this.#turn;
      }
    }
    this.#bytes.set(bytes.subarray(at, at + length), place * placeBytes);
    this.#lengths[place] = length;
    this.#values[place] = value;
    return place;
  }
}

/** Where the text that begins with the quote at `at` ends, and the sum of its bytes: see {@link scanText}. */
export interface ScannedText {
  end: number;
  hash: number;
}

/** Finds the closing quote of the text at `at`. -1: there is none, -2: an escape, -3: something that is not printable ASCII. */
export const scanText = (bytes: Uint8Array, at: number, limit: number, into: ScannedText): number => {
  let hash = 0;
  for (let i = at + 1; i < limit; i++) {
    const c = bytes[i]!;
    if (c === quote) {
      into.hash = hash;
      into.end = i;
      return i;
    }
    if (c === 92) return -2;
    if (c < 32 || c > 126) return -3;
    hash = (Math.imul(hash, 31) + c) | 0;
  }
  return -1;
};
