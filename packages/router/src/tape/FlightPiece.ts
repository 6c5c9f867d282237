/**
 * A piece of the flight recorder's ring: plain bytes, entries one behind the other, each a head of fixed length and what it holds. Later it may be
 * packed, and then its bytes are whatever the packing made of them.
 */
import type { Opening } from "./Opening.ts";
import type { Stamp } from "./TapeEvent.ts";

/** What one entry is. An event is its JSON; a frame its bytes; a response has a head of JSON and its body. */
export const entryKinds = { event: 0, text: 1, binary: 2, readEnd: 3, response: 4 } as const;
/** Kind, id, wall clock, monotonic clock, length of head and body. */
export const entryHeaderBytes = 32;

export class Piece {
  readonly opening: Opening;
  /** Monotonic nanoseconds at its first entry. */
  readonly startedNanos: bigint;
  /** Plain entries, or packed ones. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Of plain entries. */
  used = 0;
  isSealed = false;
  isPacked = false;
  /** On its way to being packed. */
  isPacking = false;
  /** A recording may read its bytes at any time from here on. */
  isLent = false;
  lastNanos: bigint;

  /** `bytes`: a whole buffer of its own, whatever stands in it. */
  constructor(opening: Opening, startedNanos: bigint, bytes: Uint8Array<ArrayBuffer>) {
    this.opening = opening;
    this.startedNanos = startedNanos;
    this.lastNanos = startedNanos;
    this.bytes = bytes;
  }
}

/** Both clocks of what is written. */
export interface Moment {
  readonly wall: Stamp["wall"];
  readonly nanos: bigint;
}

/** Writes the head of an entry whose bytes stand in their place already; `view` is of the piece's bytes. */
export const close = (
  piece: Piece,
  view: DataView,
  kind: number,
  id: number,
  { nanos, wall }: Moment,
  head: number,
  body: number,
): void => {
  const { used } = piece;
  view.setUint32(used, kind, true);
  view.setUint32(used + 4, id, true);
  view.setFloat64(used + 8, wall, true);
  view.setBigInt64(used + 16, nanos, true);
  view.setUint32(used + 24, head, true);
  view.setUint32(used + 28, body, true);
  piece.used = used + entryHeaderBytes + head + body;
  piece.lastNanos = nanos;
};
