/**
 * `naru decode`: recorded frames and bodies to domain documents, one per line on stdout, whatever the wire spelling was. What is no market
 * data is counted by name; what cannot be read is told on stderr with its place and makes the exit code 65.
 */
import { rowToJson } from "@naru/router/domain/Answer";
import { readRecorded, type RecordedKind, type RecordedRows } from "@naru/upbit/recorded";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import * as Stream from "effect/Stream";
import { CommandFailed } from "../CommandFailed.ts";
import * as output from "../output.ts";
import { marketToJson } from "../render/markets.ts";
import { printable } from "../render/style.ts";
import type { Printing } from "../settings.ts";

export interface DecodeInput {
  readonly file: string;
  readonly kind: Option.Option<RecordedKind>;
}

/** After sysexits.h: the input is missing, or is not what it should be. */
const exit = { data: 65, noInput: 66 } as const;

interface Record {
  /** `line 3`, or the file's name. */
  readonly place: string;
  readonly text: string;
}

export const decode = (flags: Printing, { file, kind }: DecodeInput): Effect.Effect<void, CommandFailed, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const counts = new Counts();
    yield* recordsOf(file).pipe(Stream.runForEach((record) => decodeRecord(record, Option.getOrUndefined(kind), counts)));
    if (counts.unknownFields.size > 0)
      yield* Console.error(`fields that are not known: ${printable([...counts.unknownFields].sort().join(", "))}`);
    yield* Console.error(counts.line);
    if (counts.failed > 0) return yield* new CommandFailed({ exitCode: exit.data });
  }).pipe(
    Effect.catchTag("PlatformError", (error) =>
      Effect.gen(function* () {
        const message = `${file}: ${whyUnreadable(error)}`;
        yield* Console.error(`naru: ${printable(message)}`);
        if (flags.json) yield* output.json({ _tag: "FileUnreadable", file, message, retryable: false, retryAfterMs: null });
        return yield* new CommandFailed({ exitCode: exit.noInput });
      }),
    ),
  );

const whyUnreadable = ({ reason }: PlatformError): string => {
  if (reason._tag === "NotFound") return "no such file";
  if (reason._tag === "PermissionDenied") return "may not be read by this user";
  return /\bEISDIR\b/.test(String(reason.cause)) ? "is a directory" : `cannot be read (${reason._tag})`;
};

class Counts {
  decoded = 0;
  failed = 0;
  readonly ignored = new Map<string, number>();
  readonly unknownFields = new Set<string>();

  ignore(name: string): void {
    this.ignored.set(name, (this.ignored.get(name) ?? 0) + 1);
  }

  get line(): string {
    const total = [...this.ignored.values()].reduce((sum, count) => sum + count, 0);
    const named = [...this.ignored].map(([name, count]) => `${name} ${count}`).join(", ");
    return `decoded ${this.decoded}, ignored ${total}${total === 0 ? "" : ` (${named})`}, failed ${this.failed}`;
  }
}

const decodeRecord = ({ place, text }: Record, kind: RecordedKind | undefined, counts: Counts): Effect.Effect<void> => {
  const recorded = readRecorded(text, kind);
  if ("ignored" in recorded) {
    // An empty list is an answer without rows, not something else than market data.
    if (recorded.ignored !== "empty list") counts.ignore(recorded.ignored);
    return Effect.void;
  }
  const failures = "failed" in recorded ? [recorded.failed] : recorded.rejected;
  const documents = "failed" in recorded ? [] : documentsOf(recorded);
  counts.failed += failures.length;
  counts.decoded += documents.length;
  if ("unknownFields" in recorded) for (const name of recorded.unknownFields) counts.unknownFields.add(name);
  return Effect.andThen(
    Effect.forEach(documents, output.json, { discard: true }),
    Effect.forEach(failures, (failure) => Console.error(`naru: ${printable(`${place}: ${failure.message}`)}`), { discard: true }),
  );
};

const documentsOf = (recorded: RecordedRows): ReadonlyArray<unknown> => {
  switch (recorded.kind) {
    case "markets":
      return recorded.rows.map((row) => ({ kind: "market", market: row.market, value: marketToJson(row) }));
    case "instruments":
    case "supported_levels":
      return recorded.rows.map((row) => ({ kind: recorded.kind, market: row.market, value: row }));
    default: {
      const { kind } = recorded;
      return recorded.rows.map((row) => ({ kind, market: row.market, value: rowToJson(kind, row) }));
    }
  }
};

/** The records of a file: each line of a `.jsonl`, its `raw` text where it has one; any other file as one. */
const recordsOf = (file: string): Stream.Stream<Record, PlatformError, FileSystem.FileSystem> =>
  Stream.unwrap(
    FileSystem.FileSystem.use((fs) =>
      Effect.succeed(
        /\.(?:jsonl|ndjson)$/i.test(file)
          ? fs.stream(file).pipe(
              Stream.decodeText(),
              Stream.splitLines,
              Stream.map((line, index) => ({ place: `line ${index + 1}`, text: rawOf(line) })),
              Stream.filter(({ text }) => text.trim() !== ""),
            )
          : Stream.map(Stream.fromEffect(fs.readFileString(file)), (text) => ({ place: file, text })),
      ),
    ),
  );

/** A line that wraps the exact text in `raw`, or the line itself. */
const rawOf = (line: string): string => {
  if (!line.includes('"raw"')) return line;
  try {
    const wrapped: unknown = JSON.parse(line);
    return typeof wrapped === "object" && wrapped !== null && "raw" in wrapped && typeof wrapped.raw === "string" ? wrapped.raw : line;
  } catch {
    return line;
  }
};
