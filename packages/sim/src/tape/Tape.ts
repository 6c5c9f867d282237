/**
 * A tape opened for reading: an index of its parts, sockets and requests, made in one pass, over a file that stays where it is. Frames are read
 * again, page by page, when they are wanted, so a tape may be larger than memory.
 *
 * Besides what the recorder writes, a tape that was unpacked (`zcat`), or packed again by another program, can be opened; both are held in memory
 * then. Ids count anew in every part; here each socket and request has its part with it.
 */
import type { StorageError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { gunzipSync } from "node:zlib";
import { type ByteSource, couldBeTorn, decodeMember, type Member, scanMembers } from "@naru/node/GzipMembers";
import { pagesOf } from "./lines.ts";
import { TapeIndex } from "./TapeIndex.ts";
import { type StampedEvent, TapeError, type TapeHeader } from "@naru/router/tape/TapeEvent";
import { openSource } from "./TapeFile.ts";

/** A part of a tape: what one recorder wrote from its start to its end. */
export interface TapePart {
  readonly header: TapeHeader;
  /** Its start, nanoseconds since the tape's. Between parts as the wall clock says. */
  readonly startNanos: number;
  /** The recorder ended in order. */
  readonly isEnded: boolean;
}

/** An event and when it was, in whole nanoseconds since the tape's start. */
export interface Placed {
  readonly atNanos: number;
  readonly event: StampedEvent;
}

/** Page and line. */
export type Place = readonly [page: number, line: number];

export interface RecordedSocket {
  readonly part: number;
  readonly id: number;
  readonly target: string;
  readonly askedNanos: number;
  /** `undefined`: it never opened. */
  readonly openedNanos: number | undefined;
  /** Set when it was refused. */
  readonly refused: { readonly place: Place; readonly atNanos: number } | undefined;
  /** The client's first message, when that came before the first frame. */
  readonly firstSendNanos: number | undefined;
  /** From here on pings had no answer. */
  readonly deafFromNanos: number | undefined;
  readonly place: Place;
  readonly frames: number;
}

export interface RecordedRequest {
  readonly target: string;
  readonly askedNanos: number;
  /** The answer, the failure, or that the client gave up. `undefined`: the tape does not say how it ended. */
  readonly outcome: { readonly place: Place; readonly atNanos: number; readonly isGivenUp: boolean } | undefined;
}

/** What of a tape could not be read. All zero for a whole one. */
export interface Damage {
  /** After the last whole member, as a crash leaves it. */
  readonly tornBytes: number;
  /** Between whole members. */
  readonly damagedBytes: number;
  readonly malformedLines: number;
  /** Events that the recorder itself could not keep. */
  readonly droppedEvents: number;
}

/** Text of a tape by pages, each of whole lines. */
export interface Pages {
  readonly count: number;
  readonly text: (page: number) => string;
}

export class Tape {
  readonly path: string;
  readonly parts: ReadonlyArray<TapePart>;
  readonly sockets: ReadonlyArray<RecordedSocket>;
  /** In the order they were asked. */
  readonly requests: ReadonlyArray<RecordedRequest>;
  readonly damage: Damage;
  readonly durationMs: number;
  /** How many there are of each event. */
  readonly counts: ReadonlyMap<string, number>;
  private readonly pages: Pages;
  private readonly index: TapeIndex;

  constructor(path: string, pages: Pages, index: TapeIndex, torn: Pick<Damage, "tornBytes" | "damagedBytes">) {
    this.path = path;
    this.pages = pages;
    this.index = index;
    this.parts = index.parts;
    this.sockets = index.sockets;
    this.requests = index.requests;
    this.durationMs = index.lastNanos / 1e6;
    this.counts = index.counts;
    const { damagedBytes, tornBytes } = torn;
    this.damage = { tornBytes, damagedBytes, malformedLines: index.malformedLines, droppedEvents: index.droppedEvents };
  }

  /** The wall clock at the start, epoch milliseconds. */
  get startedWall(): number {
    return this.parts[0]?.header.startedWall ?? 0;
  }

  /** Every event, in order. */
  *events(from: Place = [0, 0]): Generator<Placed & { readonly part: number }> {
    const [firstPage, firstLine] = from;
    for (let page = firstPage; page < this.pages.count; page++) {
      let line = -1;
      for (const read of this.index.read(page, this.pages.text(page))) {
        line++;
        if (read !== undefined && (page > firstPage || line >= firstLine)) yield read;
      }
    }
  }

  /** What happened on a socket after it was asked for, to the end of its part. */
  *eventsOf(socket: RecordedSocket): Generator<Placed> {
    for (const placed of this.events(socket.place)) {
      if (placed.part > socket.part) return;
      if (!("socket" in placed.event) || placed.event.socket !== socket.id) continue;
      yield placed;
      if (placed.event.event === "close") return;
    }
  }

  /** The event at a place. */
  at(place: Place): StampedEvent | undefined {
    for (const { event } of this.events(place)) return event;
    return undefined;
  }
}

/** Opens a tape from a file, which stays open as long as the scope. */
export const openTape = (path: string): Effect.Effect<Tape, TapeError | StorageError, Scope.Scope> =>
  Effect.flatMap(openSource(path), (source) => readTape(source, path));

/** Reads a tape from any bytes. `name` is for errors. */
export const readTape = (source: ByteSource, name: string): Effect.Effect<Tape, TapeError> =>
  Effect.suspend(() => {
    const index = new TapeIndex(name);
    const start = source.read(0, 16);
    const tape = couldBeTorn(start) ? readMembers(source, name, index) : readWhole(source, name, index, start);
    const problem = index.problem ?? (tape instanceof TapeError ? tape : undefined);
    if (problem !== undefined || tape instanceof TapeError) return Effect.fail(problem ?? notATape(name, "it holds nothing"));
    if (index.parts.length > 0) return Effect.succeed(tape);
    return Effect.fail(
      tape.damage.tornBytes > 0
        ? new TapeError({ path: name, reason: "empty", detail: `${tape.damage.tornBytes} bytes of a member that was cut off` })
        : notATape(name, "it has no header"),
    );
  });

const notATape = (path: string, detail: string): TapeError => new TapeError({ path, reason: "not_a_tape", detail });

const readMembers = (source: ByteSource, name: string, index: TapeIndex): Tape => {
  const members: Array<Member> = [];
  const scanned = scanMembers(source, (text, member) => {
    index.add(members.push(member) - 1, text);
  });
  const text = (page: number): string => {
    const member = members[page];
    return (member === undefined ? undefined : decodeMember(source.read(member.offset, member.length))) ?? "";
  };
  return new Tape(name, { count: members.length, text }, index, scanned);
};

/** An unpacked tape, or one in gzip of somebody else's, is held in memory. */
const maxWholeBytes = 1024 * 1024 * 1024;
const linesPerPage = 1_000;

const readWhole = (source: ByteSource, name: string, index: TapeIndex, start: Uint8Array): Tape | TapeError => {
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  if (!isGzip && start[0] !== 0x7b) return notATape(name, start.length === 0 ? "it is empty" : "it begins with neither gzip nor JSON");
  if (source.size > maxWholeBytes)
    return new TapeError({ path: name, reason: "damaged", detail: `more than ${maxWholeBytes} bytes in one piece` });
  const bytes = source.read(0, source.size);
  try {
    return tapeOfText(
      isGzip ? gunzipSync(bytes, { maxOutputLength: maxWholeBytes }).toString("utf8") : Buffer.from(bytes).toString("utf8"),
      name,
      index,
    );
  } catch (cause) {
    return new TapeError({ path: name, reason: "damaged", detail: cause instanceof Error ? cause.message : String(cause) });
  }
};

/** A tape of lines that are at hand. A last line without its end is torn. */
export const tapeOfText = (text: string, name: string, index = new TapeIndex(name)): Tape => {
  const end = text.lastIndexOf("\n") + 1;
  const pages = [...pagesOf(text.slice(0, end), linesPerPage)];
  for (const [page, piece] of pages.entries()) index.add(page, piece);
  return new Tape(name, { count: pages.length, text: (page) => pages[page] ?? "" }, index, {
    tornBytes: Buffer.byteLength(text.slice(end)),
    damagedBytes: 0,
  });
};
