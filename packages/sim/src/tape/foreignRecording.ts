/**
 * Recordings that others made, opened as tapes. Lines of a `.jsonl` hold the exact text of a frame in `raw`, and when it came in `recv` (epoch
 * seconds) where that is known; a line with `request` (`GET /v1/…`) and `status` is an answer instead. A `.json` file is one frame, or one body when
 * it is said what was asked. Nothing is added: what such a file does not say (reads, latencies, headers) the tape does not say either.
 */
import type { StorageError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import { readFile } from "node:fs/promises";
import { storageError } from "./TapeFile.ts";
import { type StampedEvent, TapeError, type TapeEvent, tapeFormat, type TapeHeader, tapeVersion } from "@naru/router/tape/TapeEvent";
import { type Tape, tapeOfText } from "./Tape.ts";

export interface RecordingOptions {
  /** The venue that was recorded. Default `upbit`. */
  readonly venue?: string | undefined;
  /** For a `.json` file: path and query that it answers. Without it the file is a frame. */
  readonly target?: string | undefined;
}

/** Opens a `.jsonl` or `.json` recording. Fails with `TapeError` when no line of it holds a frame or a body. */
export const openRecording = (path: string, options?: RecordingOptions): Effect.Effect<Tape, TapeError | StorageError> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => storageError("read the recording", path, cause),
  }).pipe(Effect.flatMap((text) => Effect.suspend(() => readRecording(text, path, options))));

/** The same of a text at hand. `name` decides by its ending how it is read. */
export const readRecording = (text: string, name: string, options: RecordingOptions = {}): Effect.Effect<Tape, TapeError> => {
  const rows = /\.(?:jsonl|ndjson)$/i.test(name)
    ? text.split("\n").flatMap(rowOf)
    : [{ raw: text, recv: undefined, target: options.target, status: 200 }];
  if (rows.length === 0)
    return Effect.fail(new TapeError({ path: name, reason: "not_a_tape", detail: "no line holds the text of a frame or body in raw" }));
  const startedWall = Math.round((rows.find(({ recv }) => recv !== undefined)?.recv ?? 0) * 1_000);
  const header: TapeHeader = {
    event: "tape",
    format: tapeFormat,
    version: tapeVersion,
    startedWall,
    startedMonotonic: "0",
    venue: options.venue ?? "upbit",
    simulated: false,
    host: null,
    naru: null,
    note: `from ${name.slice(name.lastIndexOf("/") + 1)}`,
  };
  const events = eventsOf(rows, startedWall);
  return Effect.succeed(tapeOfText([header, ...events].map((line) => `${JSON.stringify(line)}\n`).join(""), name));
};

interface Row {
  readonly raw: string;
  /** Epoch seconds. */
  readonly recv: number | undefined;
  readonly target: string | undefined;
  readonly status: number;
}

const rowOf = (line: string): ReadonlyArray<Row> => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof value !== "object" || value === null) return [];
  const { raw, recv, request, status } = value as { readonly [name: string]: unknown };
  if (typeof raw !== "string") return [];
  const target = typeof request === "string" ? /^GET (\S+)$/.exec(request)?.[1] : undefined;
  return [{ raw, recv: typeof recv === "number" ? recv : undefined, target, status: typeof status === "number" ? status : 200 }];
};

/** One socket with every frame, and an answer for every body. A row without a time came with the one before it. */
const eventsOf = (rows: ReadonlyArray<Row>, startedWall: number): ReadonlyArray<StampedEvent> => {
  const events: Array<StampedEvent> = [];
  let wall = startedWall;
  let mono = 0;
  let requests = 0;
  const put = (event: TapeEvent) => void events.push({ ...event, wall, mono });
  if (rows.some(({ target }) => target === undefined)) {
    put({ event: "connect", socket: 1, host: "", target: "" });
    put({ event: "open", socket: 1 });
  }
  for (const { raw, recv, status, target } of rows) {
    if (recv !== undefined) {
      // Clocks of others may step back; order is what the file says.
      mono = Math.max(mono, Math.round((recv * 1_000 - startedWall) * 1e6));
      wall = Math.round(recv * 1_000);
    }
    if (target !== undefined) {
      const request = ++requests;
      put({ event: "request", request, method: "GET", host: "", target, headers: {} });
      put({ event: "response", request, status, headers: { "content-type": "application/json" }, text: raw });
    } else if (isClientMessage(raw)) put({ event: "send", socket: 1, text: raw });
    else put({ event: "frame", socket: 1, binary: true, text: raw });
  }
  put({ event: "end" });
  return events;
};

/** Only clients send a ticket first. */
const isClientMessage = (raw: string): boolean => /^\s*\[\s*\{\s*"ticket"/.test(raw);
