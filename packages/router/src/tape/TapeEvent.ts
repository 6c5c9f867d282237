/**
 * What a tape says: one JSON object per line. The first line of every part is its {@link TapeHeader}; each other line is one event with both
 * clocks. Ids of sockets and requests count from 1 in every part. A reader skips events whose name it does not know, and refuses a version
 * it does not know. `docs/reference/tape-format.md` is the same for people.
 */
import * as Data from "effect/Data";
import * as Base64 from "effect/encoding/Base64";
import * as Result from "effect/Result";

export const tapeFormat = "naru-tape";
export const tapeVersion = 1;

/** Opens a part: one recording session of one venue. */
export interface TapeHeader {
  readonly event: "tape";
  readonly format: typeof tapeFormat;
  readonly version: number;
  /** Epoch milliseconds. */
  readonly startedWall: number;
  /** The monotonic clock at the start, nanoseconds as text. It means something only within the process that wrote it. */
  readonly startedMonotonic: string;
  readonly venue: string | null;
  /** The prices were made up; `null` when the recorder was not told. */
  readonly simulated: boolean | null;
  readonly host: string | null;
  /** Version of the program that wrote the part. */
  readonly naru: string | null;
  readonly note: string | null;
}

/** Both clocks. */
export interface Stamp {
  /** Epoch milliseconds. */
  readonly wall: number;
  /** Nanoseconds since the part's start; exact for 104 days. */
  readonly mono: number;
}

/** Exact bytes: as text where they are UTF-8, else as base64. */
export type Payload = { readonly text: string } | { readonly base64: string };

export type Headers = Readonly<Record<string, string>>;

/** A typed error of the transport, in its JSON form. */
export type RecordedError = Readonly<Record<string, unknown>>;

export type SocketEvent =
  /** The client asks for a socket. */
  | { readonly event: "connect"; readonly socket: number; readonly host: string; readonly target: string }
  | { readonly event: "open"; readonly socket: number }
  /** It could not be opened. */
  | { readonly event: "refused"; readonly socket: number; readonly error: RecordedError }
  /** The client gave up before it was open. */
  | { readonly event: "abandoned"; readonly socket: number }
  /** `binary`: handed over as bytes. */
  | ({ readonly event: "frame"; readonly socket: number; readonly binary: boolean } & Payload)
  /** The frames since the last of these came in one read. */
  | { readonly event: "read_end"; readonly socket: number }
  | { readonly event: "send"; readonly socket: number; readonly text: string }
  | { readonly event: "ping"; readonly socket: number }
  | { readonly event: "pong"; readonly socket: number }
  | {
      readonly event: "close";
      readonly socket: number;
      readonly code: number;
      readonly reason: string;
      /** Who ended it: the client that was recorded, or its peer. */
      readonly by: "client" | "peer";
    };

export type RequestEvent =
  | {
      readonly event: "request";
      readonly request: number;
      readonly method: "GET";
      readonly host: string;
      readonly target: string;
      readonly headers: Headers;
    }
  | ({ readonly event: "response"; readonly request: number; readonly status: number; readonly headers: Headers } & Payload)
  | { readonly event: "failure"; readonly request: number; readonly error: RecordedError }
  /** The client gave up before there was an answer. */
  | { readonly event: "given_up"; readonly request: number };

export type LimitEvent =
  | {
      readonly event: "limit";
      readonly group: string;
      readonly decision: "granted" | "refused" | "left";
      readonly priority: string;
      /** Milliseconds in the queue. */
      readonly waited: number;
      readonly error: RecordedError | null;
    }
  /** The exchange asked for a pause: of one group, or of the whole host (`null`). Milliseconds. */
  | { readonly event: "limit_pause"; readonly group: string | null; readonly for: number };

/** What the router itself did and was asked. Flight recordings have it; `naru record` writes only what passes the network. */
export type RouterEvent =
  /** Begins a flight recording: why it was written, the mode at its beginning, and the knobs that are not at their defaults. */
  | { readonly event: "flight"; readonly reason: string; readonly mode: string; readonly config: Readonly<Record<string, unknown>> }
  /** A caller's question, with every default filled in. */
  | { readonly event: "ask"; readonly question: object; readonly markets: number }
  | { readonly event: "mode"; readonly from: string; readonly to: string; readonly level: number; readonly reason: string }
  /** The breaker of a limit group. `for`: how long it lets nothing through, milliseconds. */
  | { readonly event: "breaker"; readonly group: string; readonly state: string; readonly for: number }
  | { readonly event: "alert"; readonly severity: string; readonly what: string; readonly reason: string };

export type OwnEvent =
  /** Events that could not be kept, and since when. */
  | {
      readonly event: "dropped";
      readonly events: number;
      readonly bytes: number;
      readonly reason: string;
      readonly sinceWall: number;
      readonly sinceMono: number;
    }
  /** The recording ended in order. A part without it was cut off. */
  | { readonly event: "end" };

export type TapeEvent = SocketEvent | RequestEvent | LimitEvent | RouterEvent | OwnEvent;
export type StampedEvent = TapeEvent & Stamp;

/** A file that is no tape, or one that this program cannot read. Trouble with the disk is a `StorageError` instead. */
export class TapeError extends Data.TaggedError("TapeError")<{
  readonly path: string;
  readonly reason: "not_a_tape" | "version" | "damaged" | "not_appendable" | "empty";
  readonly detail: string;
}> {
  override get message(): string {
    return `${this.path} ${sentences[this.reason]} (${this.detail})`;
  }
}

const sentences = {
  not_a_tape: "is not a tape",
  version: "was written by another version",
  damaged: "cannot be read",
  not_appendable: "can be read but not appended to",
  empty: "holds no complete recording",
} as const satisfies Record<TapeError["reason"], string>;

/** A line of a tape, or why it is none. `Unknown` is an event that a later version may have added. */
export type Line =
  | { readonly _tag: "Header"; readonly header: TapeHeader }
  | { readonly _tag: "Event"; readonly event: StampedEvent }
  | { readonly _tag: "Unknown"; readonly name: string }
  | { readonly _tag: "Malformed"; readonly detail: string };

export const readLine = (text: string): Line => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { _tag: "Malformed", detail: "a line is not JSON" };
  }
  if (!isFields(value) || typeof value["event"] !== "string") return { _tag: "Malformed", detail: "a line is no event" };
  const { event: name } = value;
  if (name === "tape") return readHeader(value);
  const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (shape === undefined) return { _tag: "Unknown", name };
  const wrong = Object.entries({ ...shape, wall: "number", mono: "number" }).find(([field, type]) => !fits(value[field], type));
  if (wrong !== undefined) return { _tag: "Malformed", detail: `${name}.${wrong[0]} is not a ${wrong[1]}` };
  if ((name === "frame" || name === "response") && typeof value["text"] !== "string" && typeof value["base64"] !== "string")
    return { _tag: "Malformed", detail: `${name} has neither text nor base64` };
  // The fields that the name calls for were just looked at, one by one.
  return { _tag: "Event", event: value as unknown as StampedEvent };
};

const readHeader = (fields: Fields): Line => {
  const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
  const { startedWall } = fields;
  if (
    fields["format"] !== tapeFormat ||
    typeof fields["version"] !== "number" ||
    typeof startedWall !== "number" ||
    !(Math.abs(startedWall) <= longestDateMs)
  )
    return { _tag: "Malformed", detail: "the header is not that of a tape" };
  const header: TapeHeader = {
    event: "tape",
    format: tapeFormat,
    version: fields["version"],
    startedWall,
    startedMonotonic: text("startedMonotonic") ?? "0",
    venue: text("venue"),
    simulated: typeof fields["simulated"] === "boolean" ? fields["simulated"] : null,
    host: text("host"),
    naru: text("naru"),
    note: text("note"),
  };
  return { _tag: "Header", header };
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** A number of JSON can be too large for a double, and nothing waits that long. */
const fits = (value: unknown, type: string): boolean =>
  type === "object" ? isFields(value) : type === "number" ? Number.isFinite(value) : typeof value === type;

/** The longest a date can be from 1970. */
const longestDateMs = 8.64e15;

/** Fields without which an event of that name is none. */
const shapes: Readonly<Record<string, Readonly<Record<string, "number" | "string" | "boolean" | "object">>>> = {
  connect: { socket: "number", host: "string", target: "string" },
  open: { socket: "number" },
  refused: { socket: "number", error: "object" },
  abandoned: { socket: "number" },
  frame: { socket: "number", binary: "boolean" },
  read_end: { socket: "number" },
  send: { socket: "number", text: "string" },
  ping: { socket: "number" },
  pong: { socket: "number" },
  close: { socket: "number", code: "number", reason: "string", by: "string" },
  request: { request: "number", method: "string", host: "string", target: "string", headers: "object" },
  response: { request: "number", status: "number", headers: "object" },
  failure: { request: "number", error: "object" },
  given_up: { request: "number" },
  limit: { group: "string", decision: "string", priority: "string", waited: "number" },
  limit_pause: { for: "number" },
  flight: { reason: "string", mode: "string", config: "object" },
  ask: { question: "object", markets: "number" },
  mode: { from: "string", to: "string", level: "number", reason: "string" },
  breaker: { group: "string", state: "string", for: "number" },
  alert: { severity: "string", what: "string", reason: "string" },
  dropped: { events: "number", bytes: "number", reason: "string", sinceWall: "number", sinceMono: "number" },
  end: {},
};

/** Bytes as they are written into an event. Copies: what a transport lends is only valid during its call. */
export const payloadOf = (bytes: Uint8Array): Payload => {
  try {
    return { text: strictUtf8.decode(bytes) };
  } catch {
    return { base64: Base64.encode(bytes) };
  }
};

/** The bytes that were recorded. */
export const bytesOf = (payload: Payload): Uint8Array =>
  "text" in payload ? encoder.encode(payload.text) : Result.getOrElse(Base64.decode(payload.base64), () => new Uint8Array());

// A byte order mark is part of what was received.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
