/** Where on a tape what is: built line by line in one pass, and asked again when a page is read anew. */
import { linesOf } from "./lines.ts";
import { type Line, readLine, type StampedEvent, TapeError, type TapeHeader, tapeFormat, tapeVersion } from "@naru/router/tape/TapeEvent";
import type { Place, Placed, RecordedRequest, RecordedSocket, TapePart } from "./Tape.ts";
import { versionError } from "./TapeFile.ts";

/** Sockets and requests of one tape: eleven days of one request a second. */
export const maxEntries = 1_000_000;
/** Names of events that are counted; a later version may have added some. */
const maxNames = 1_000;

type Growing<T> = { -readonly [K in keyof T]: T[K] };

export class TapeIndex {
  readonly parts: Array<Growing<TapePart>> = [];
  readonly sockets: Array<Growing<RecordedSocket>> = [];
  readonly requests: Array<Growing<RecordedRequest>> = [];
  readonly counts = new Map<string, number>();
  /** Set by the first thing that makes the file no tape of ours. */
  problem: TapeError | undefined;
  malformedLines = 0;
  droppedEvents = 0;
  lastNanos = 0;
  private readonly path: string;
  /** The part in force where a page begins. */
  private readonly partOfPage: Array<number> = [];
  private liveSockets = new Map<number, Growing<RecordedSocket>>();
  private liveRequests = new Map<number, Growing<RecordedRequest>>();

  constructor(path: string) {
    this.path = path;
  }

  /** Takes the next page. */
  add(page: number, text: string): void {
    this.partOfPage[page] = this.parts.length - 1;
    let line = 0;
    for (const row of linesOf(text)) {
      if (this.problem !== undefined) return;
      if (row !== "") this.take(readLine(row), [page, line]);
      line++;
    }
  }

  /** The events of a page that was taken before, by line; `undefined` for lines that are none. */
  *read(page: number, text: string): Generator<(Placed & { readonly part: number }) | undefined> {
    let part = this.partOfPage[page] ?? 0;
    for (const row of linesOf(text)) {
      const line = row === "" ? undefined : readLine(row);
      if (line?._tag === "Header") part++;
      if (line?._tag !== "Event") {
        yield undefined;
        continue;
      }
      // The header was lost with a damaged member.
      if (part < 0) part = 0;
      yield { part, atNanos: this.momentOf(part, line.event), event: line.event };
    }
  }

  private take(line: Line, place: Place): void {
    switch (line._tag) {
      case "Header":
        return this.startPart(line.header);
      case "Event":
        if (this.parts.length === 0) this.startPart(lostHeader(line.event));
        return this.takeEvent(line.event, place);
      case "Malformed":
        this.malformedLines++;
        return undefined;
      case "Unknown":
        return this.count(line.name);
    }
  }

  private startPart(header: TapeHeader): void {
    if (header.version !== tapeVersion) this.problem ??= versionError(this.path, header.version);
    const before = this.parts.at(-1);
    const startNanos =
      before === undefined
        ? 0
        : Math.max(this.lastNanos, before.startNanos + Math.round((header.startedWall - before.header.startedWall) * 1e6));
    this.refuseMore();
    this.parts.push({ header, startNanos, isEnded: false });
    this.lastNanos = startNanos;
    this.liveSockets = new Map();
    this.liveRequests = new Map();
  }

  private takeEvent(event: StampedEvent, place: Place): void {
    const part = this.parts.length - 1;
    const atNanos = this.momentOf(part, event);
    this.lastNanos = Math.max(this.lastNanos, atNanos);
    this.count(event.event);
    if ("socket" in event) this.takeSocketEvent(event, part, atNanos, place);
    else if ("request" in event) this.takeRequestEvent(event, atNanos, place);
    else if (event.event === "dropped") this.droppedEvents += event.events;
    else if (event.event === "end" && this.parts[part] !== undefined) this.parts[part].isEnded = true;
  }

  private takeSocketEvent(event: Extract<StampedEvent, { readonly socket: number }>, part: number, atNanos: number, place: Place): void {
    if (event.event === "connect") return this.startSocket(event.socket, event.target, part, atNanos, place);
    // Its beginning was not kept.
    if (!this.liveSockets.has(event.socket)) this.startSocket(event.socket, "", part, atNanos, place);
    const socket = this.liveSockets.get(event.socket);
    if (socket === undefined) return;
    if (event.event === "refused") socket.refused = { place, atNanos };
    if (event.event === "refused" || event.event === "abandoned") return;
    socket.openedNanos ??= atNanos;
    if (event.event === "frame") socket.frames++;
    if (event.event === "frame" || event.event === "pong") socket.deafFromNanos = undefined;
    if (event.event === "send" && socket.frames === 0) socket.firstSendNanos ??= atNanos;
    if (event.event === "ping") socket.deafFromNanos ??= atNanos;
  }

  private startSocket(id: number, target: string, part: number, askedNanos: number, place: Place): void {
    const socket = { part, id, target, askedNanos, place, frames: 0 };
    const started: Growing<RecordedSocket> = {
      ...socket,
      openedNanos: undefined,
      refused: undefined,
      firstSendNanos: undefined,
      deafFromNanos: undefined,
    };
    this.refuseMore();
    this.sockets.push(started);
    this.liveSockets.set(id, started);
  }

  private takeRequestEvent(event: Extract<StampedEvent, { readonly request: number }>, atNanos: number, place: Place): void {
    if (event.event === "request") {
      const started: Growing<RecordedRequest> = { target: event.target, askedNanos: atNanos, outcome: undefined };
      this.refuseMore();
      this.requests.push(started);
      this.liveRequests.set(event.request, started);
      return;
    }
    const request = this.liveRequests.get(event.request);
    if (request === undefined) return;
    request.outcome = { place, atNanos, isGivenUp: event.event === "given_up" };
    this.liveRequests.delete(event.request);
  }

  /** Of frames nothing is kept, so these decide how large an index becomes. */
  private refuseMore(): void {
    if (this.sockets.length + this.requests.length < maxEntries && this.parts.length < maxEntries) return;
    const detail = `more than ${maxEntries} sockets and requests`;
    this.problem ??= new TapeError({ path: this.path, reason: "damaged", detail });
  }

  private momentOf(part: number, event: StampedEvent): number {
    return (this.parts[part]?.startNanos ?? 0) + event.mono;
  }

  private count(name: string): void {
    if (this.counts.has(name) || this.counts.size < maxNames) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}

/** What an event by itself says of the part it belongs to. */
const lostHeader = ({ mono, wall }: StampedEvent): TapeHeader => ({
  event: "tape",
  format: tapeFormat,
  version: tapeVersion,
  startedWall: wall - mono / 1e6,
  startedMonotonic: "0",
  venue: null,
  simulated: null,
  host: null,
  naru: null,
  note: null,
});
