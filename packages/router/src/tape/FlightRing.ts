/**
 * The last minutes of what passed, in memory: entries one behind the other in pieces of plain bytes, the oldest piece given up when there are too
 * many or they are too old. A frame costs a copy of its bytes and nothing else: no object, no parsing, and one look at the clocks per read.
 *
 * A piece knows what was open when it began (`Opening.ts`), so a recording can begin with any of them. Time is kept to a piece, which is a
 * twentieth of the window at most. Sealed pieces can be packed, and then count with what they take; the memory in which they were plain is written
 * again, unless a recording may still read it: a page that is new to the process costs more than the copy into it.
 */
import type * as Clock from "effect/Clock";
import { close, entryHeaderBytes, entryKinds, type Moment, Piece } from "./FlightPiece.ts";
import { OpeningState } from "./Opening.ts";
import type { Headers, TapeEvent } from "./TapeEvent.ts";

export interface RingBounds {
  /** How far back, in milliseconds. */
  readonly windowMs: number;
  /** Of all pieces together. */
  readonly bytes: number;
}

/** Pieces of one window; the bound in time is kept to one of them. */
const piecesPerWindow = 20;
const leastPieceBytes = 16 * 1024;
/** The longer, the more of a book is found again in the one before; three of these are plain at a time. */
const mostPieceBytes = 2 * 1024 * 1024;
/** As many as may come back from being packed at once. */
const sparesKept = 3;
/** Questions written down in a second. A program that asks memory in a loop would push everything else out. */
export const questionsPerSecond = 200;

export class FlightRing {
  readonly #bounds: RingBounds;
  readonly #clock: Clock.Clock;
  readonly #pieceNanos: bigint;
  readonly #pieceBytes: number;
  readonly #state = new OpeningState();
  #pieces: Array<Piece> = [];
  /** What pieces were plain in, for the next ones. */
  readonly #spares: Array<Uint8Array<ArrayBuffer>> = [];
  #held = 0;
  /** Of the newest piece while it takes entries, and of nothing else: a view keeps the memory it is of. */
  #view = noView;
  /** From here on the newest piece takes no more. */
  #untilNanos = 0n;
  /** The stamp of the read that is coming in. */
  #read: Moment | undefined;
  #second = Number.NaN;
  #questions = 0;
  #hole: { events: number; bytes: number; readonly reason: string; readonly since: Moment } | undefined;

  /** Called when a piece is full or old enough: one more can be packed. */
  readonly #onSealed: () => void;

  constructor(bounds: RingBounds, clock: Clock.Clock, onSealed: () => void = () => {}) {
    this.#onSealed = onSealed;
    this.#bounds = bounds;
    this.#clock = clock;
    this.#pieceNanos = BigInt(Math.max(1, Math.round((bounds.windowMs * 1e6) / piecesPerWindow)));
    this.#pieceBytes = Math.min(mostPieceBytes, Math.max(leastPieceBytes, bounds.bytes >> 4));
  }

  /** Memory of all pieces, and of the spare ones. */
  get bytes(): number {
    return this.#held;
  }

  /** From the oldest entry to now, in milliseconds. */
  get spanMs(): number {
    const first = this.#pieces[0];
    return first === undefined ? 0 : Number(this.#clock.monotonicTimeNanosUnsafe() - first.startedNanos) / 1e6;
  }

  record(event: TapeEvent): void {
    const now = this.#now();
    this.#closeHole(now);
    this.#event(event, now);
  }

  /** A caller's question, as JSON; beyond {@link questionsPerSecond} only its number is kept. */
  asked(question: object, markets: number): void {
    const now = this.#now();
    const second = Math.floor(Number(now.nanos / 1_000_000_000n));
    if (second !== this.#second) {
      this.#second = second;
      this.#questions = 0;
      this.#closeHole(now);
    }
    if (++this.#questions > questionsPerSecond) return this.#drop("too_many_questions", 0, now);
    this.#event({ event: "ask", question, markets }, now);
  }

  frame(socket: number, data: Uint8Array | string): void {
    const now = (this.#read ??= this.#now());
    if (typeof data !== "string") return this.#bytes(socket, entryKinds.binary, data, now);
    if (data.length > longTextUnits) return this.#bytes(socket, entryKinds.text, encoder.encode(data), now);
    // A unit of UTF-16 is at most three bytes.
    const piece = this.#room(data.length * 3, now);
    if (piece === undefined) return;
    const { written } = encoder.encodeInto(data, piece.bytes.subarray(piece.used + entryHeaderBytes));
    close(piece, this.#view, entryKinds.text, socket, now, 0, written);
  }

  readEnd(socket: number): void {
    const now = this.#read ?? this.#now();
    this.#read = undefined;
    const piece = this.#room(0, now);
    if (piece !== undefined) close(piece, this.#view, entryKinds.readEnd, socket, now, 0, 0);
  }

  response(request: number, status: number, headers: Headers, body: Uint8Array): void {
    const now = this.#now();
    this.#state.ended(request);
    const head = encoder.encode(JSON.stringify({ status, headers }));
    const piece = this.#room(head.length + body.length, now);
    if (piece === undefined) return;
    piece.bytes.set(head, piece.used + entryHeaderBytes);
    piece.bytes.set(body, piece.used + entryHeaderBytes + head.length);
    close(piece, this.#view, entryKinds.response, request, now, head.length, body.length);
  }

  /** All that is held, oldest first, and at least one piece; the newest piece is sealed by this. What leaves the ring later stays readable. */
  take(): ReadonlyArray<Piece> {
    const now = this.#now();
    this.#closeHole(now);
    const last = this.#pieces.at(-1);
    if (last !== undefined && !last.isSealed) this.#seal(last);
    this.#evict(now, 0);
    if (this.#pieces.length === 0) return [new Piece(this.#state.now(), now.nanos, new Uint8Array(0))];
    for (const piece of this.#pieces) piece.isLent = true;
    return [...this.#pieces];
  }

  /** The oldest sealed piece that is not packed, and that nobody is packing. */
  unpacked(): Piece | undefined {
    return this.#pieces.find(({ isPacked, isPacking, isSealed }) => isSealed && !isPacked && !isPacking);
  }

  packed(piece: Piece, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#pieces.includes(piece)) this.#held += bytes.length - piece.bytes.length;
    const plain = piece.bytes;
    piece.bytes = bytes;
    piece.isPacked = true;
    this.#leave(piece, plain);
  }

  #bytes(socket: number, kind: number, data: Uint8Array, now: Moment): void {
    const piece = this.#room(data.length, now);
    if (piece === undefined) return;
    piece.bytes.set(data, piece.used + entryHeaderBytes);
    close(piece, this.#view, kind, socket, now, 0, data.length);
  }

  #event(event: TapeEvent, now: Moment): void {
    const json = encoder.encode(JSON.stringify(event));
    const piece = this.#room(json.length, now);
    // The state changes whether or not there was room.
    this.#state.take(event);
    if (piece === undefined) return;
    piece.bytes.set(json, piece.used + entryHeaderBytes);
    close(piece, this.#view, entryKinds.event, 0, now, json.length, 0);
  }

  /** The piece that has room for so much; a new one where the present is full or old. */
  #room(length: number, now: Moment): Piece | undefined {
    const needed = entryHeaderBytes + length;
    const last = this.#pieces.at(-1);
    if (last !== undefined && !last.isSealed) {
      if (last.used + needed <= last.bytes.length && now.nanos < this.#untilNanos) return last;
      this.#seal(last);
    }
    if (needed > this.#bounds.bytes >> 2) {
      this.#drop("too_large", length, now);
      return undefined;
    }
    const usual = Math.min(this.#pieceBytes, Math.max(leastPieceBytes, 2 * (last?.used ?? 0)));
    const piece = new Piece(this.#state.now(), now.nanos, this.#memory(Math.max(needed, usual), now));
    this.#pieces.push(piece);
    this.#view = new DataView(piece.bytes.buffer);
    this.#untilNanos = now.nanos + this.#pieceNanos;
    return piece;
  }

  /** Room for so much, counted as held. */
  #memory(capacity: number, now: Moment): Uint8Array<ArrayBuffer> {
    const spare = capacity === this.#pieceBytes ? this.#spares.pop() : undefined;
    this.#evict(now, spare === undefined ? capacity : 0);
    if (spare !== undefined) return spare;
    this.#held += capacity;
    return new Uint8Array(capacity);
  }

  /** A piece needs these bytes no more. */
  #leave(piece: Piece, bytes: Uint8Array<ArrayBuffer>): void {
    if (piece.isLent || this.#spares.length === sparesKept || bytes.length !== this.#pieceBytes) return;
    if (this.#held + bytes.length > this.#bounds.bytes) return;
    this.#spares.push(bytes);
    this.#held += bytes.length;
  }

  /** Nothing more goes in. What it had too much is given back where that is worth a copy. */
  #seal(piece: Piece): void {
    piece.isSealed = true;
    this.#view = noView;
    if (piece.used <= piece.bytes.length >> 1) {
      const roomy = piece.bytes;
      this.#held += piece.used - roomy.length;
      piece.bytes = roomy.slice(0, piece.used);
      this.#leave(piece, roomy);
    }
    this.#onSealed();
  }

  #evict(now: Moment, coming: number): void {
    const oldestNanos = now.nanos - BigInt(Math.round(this.#bounds.windowMs * 1e6));
    while (this.#spares.length > 0 && this.#held + coming > this.#bounds.bytes) this.#held -= this.#spares.pop()?.length ?? 0;
    let gone = 0;
    for (const piece of this.#pieces) {
      if (piece.lastNanos >= oldestNanos && this.#held + coming <= this.#bounds.bytes) break;
      this.#held -= piece.bytes.length;
      gone++;
    }
    if (gone > 0) this.#pieces.splice(0, gone);
  }

  #now(): Moment {
    this.#read = undefined;
    return { wall: this.#clock.currentTimeMillisUnsafe(), nanos: this.#clock.monotonicTimeNanosUnsafe() };
  }

  #drop(reason: string, bytes: number, now: Moment): void {
    if (this.#hole !== undefined && this.#hole.reason !== reason) this.#closeHole(now);
    this.#hole ??= { events: 0, bytes: 0, reason, since: now };
    this.#hole.events++;
    this.#hole.bytes += bytes;
  }

  #closeHole(now: Moment): void {
    if (this.#hole === undefined) return;
    const { bytes, events, reason, since } = this.#hole;
    this.#hole = undefined;
    // Both clocks of a tape count from its start, which nobody knows yet: see `flightText.ts`.
    this.#event({ event: "dropped", events, bytes, reason, sinceWall: since.wall, sinceMono: Number(since.nanos) }, now);
  }
}

/** Text longer than this is measured before it takes room. */
const longTextUnits = 2_048;
const encoder = new TextEncoder();
const noView = new DataView(new ArrayBuffer(0));
