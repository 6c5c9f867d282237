/**
 * A flight recording as the text of a tape: the header, why it was written, what was open when its oldest piece began, then every entry as its
 * event, and the end. Made a bounded stretch at a time, because all of it at once would hold up whoever else wants to run.
 */
import { entryHeaderBytes, entryKinds, type Piece } from "./FlightPiece.ts";
import { payloadOf, type Stamp, type TapeEvent, tapeFormat, type TapeHeader, tapeVersion } from "./TapeEvent.ts";

/** Who was recorded, and why this was written. */
export interface FlightSubject {
  readonly venue: string;
  readonly host: string;
  readonly simulated: boolean;
  readonly reason: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Text made at a time; a longer entry is made whole. */
const stretchBytes = 64 * 1024;

/** Entries of plain bytes, and the clocks of the first one. */
export interface PlainPiece {
  readonly piece: Piece;
  readonly bytes: Uint8Array;
}

/** The header and what was open. `first` is the oldest piece. */
export const beginningOf = (subject: FlightSubject, first: Piece, startedWall: number): string => {
  const { host, reason, simulated, venue, config } = subject;
  const header: TapeHeader = {
    event: "tape",
    format: tapeFormat,
    version: tapeVersion,
    startedWall,
    startedMonotonic: String(first.startedNanos),
    venue,
    simulated,
    host,
    naru: null,
    note: reason,
  };
  const at: Stamp = { wall: startedWall, mono: 0 };
  const { mode, requests, sockets } = first.opening;
  const events: Array<TapeEvent> = [{ event: "flight", reason, mode, config }];
  for (const [socket, { connect, isOpen, sent }] of sockets) {
    events.push(connect);
    if (isOpen) events.push({ event: "open", socket });
    for (const text of sent) events.push({ event: "send", socket, text });
  }
  events.push(...requests.values());
  return `${JSON.stringify(header)}\n${events.map((event) => lineOf(event, at)).join("")}`;
};

/** The last line. */
export const endOf = (at: Stamp): string => lineOf({ event: "end" }, at);

/** The wall clock of a piece's first entry. */
export const wallOf = (bytes: Uint8Array): number => viewOf(bytes).getFloat64(8, true);

/** The events of a piece, stretch by stretch. `originNanos`: the start of the recording. */
export function* stretchesOf(bytes: Uint8Array, used: number, originNanos: bigint): Generator<string> {
  const view = viewOf(bytes);
  let text = "";
  for (let at = 0; at < used;) {
    const head = view.getUint32(at + 24, true);
    const body = view.getUint32(at + 28, true);
    const stamp = { wall: view.getFloat64(at + 8, true), mono: Number(view.getBigInt64(at + 16, true) - originNanos) };
    const from = at + entryHeaderBytes;
    const event = eventOf(
      view.getUint32(at, true),
      view.getUint32(at + 4, true),
      bytes.subarray(from, from + head),
      bytes.subarray(from + head, from + head + body),
    );
    text += lineOf(event.event === "dropped" ? { ...event, sinceMono: event.sinceMono - Number(originNanos) } : event, stamp);
    at = from + head + body;
    if (text.length < stretchBytes) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

const eventOf = (kind: number, id: number, head: Uint8Array, body: Uint8Array): TapeEvent => {
  switch (kind) {
    case entryKinds.text:
    case entryKinds.binary:
      return { event: "frame", socket: id, binary: kind === entryKinds.binary, ...payloadOf(body) };
    case entryKinds.readEnd:
      return { event: "read_end", socket: id };
    case entryKinds.response:
      // What the ring wrote itself.
      return { event: "response", request: id, ...(parsed(head) as { status: number; headers: {} }), ...payloadOf(body) };
    default:
      return parsed(head) as TapeEvent;
  }
};

const lineOf = (event: TapeEvent, { mono, wall }: Stamp): string => {
  const { event: name, ...rest } = event;
  return `${JSON.stringify({ event: name, wall, mono, ...rest })}\n`;
};

const parsed = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes));
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const decoder = new TextDecoder();
