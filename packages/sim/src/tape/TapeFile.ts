/**
 * A tape's file on disk. Opened for reading it is scanned once; opened for writing it is scanned too, what a crash left after the last whole
 * member is cut off, and new members go behind it. A member that cannot be written whole is taken back, so that a full disk leaves a tape.
 *
 * Reading is synchronous and by block: a tape may be larger than memory.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { StorageError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { type ByteSource, couldBeTorn, memorySource, scanMembers } from "@naru/node/GzipMembers";
import { linesOf } from "./lines.ts";
import { readLine, TapeError, tapeVersion } from "@naru/router/tape/TapeEvent";

/** Where members go, each whole. */
export interface TapeSink {
  readonly write: (member: Uint8Array) => Effect.Effect<void, StorageError>;
}

/** What was found when a file was opened for writing. */
export interface Appended {
  /** Parts that were there before. */
  readonly parts: number;
  /** Bytes of a member that was cut off, now removed. */
  readonly tornBytes: number;
  /** Bytes that cannot be read in the middle; they stay. */
  readonly damagedBytes: number;
}

/**
 * Opens a tape to write behind what it holds, or makes it. Fails with `TapeError` on a file that is something else, and leaves that alone.
 * Only one writer at a time: there is no lock.
 */
export const openSink = (path: string): Effect.Effect<TapeSink & Appended, TapeError | StorageError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = yield* Effect.acquireRelease(
      Effect.tryPromise({
        // Neither truncated nor followed through a device: what is there is looked at first.
        try: () => open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK, 0o644),
        catch: (cause) => storageError("open the tape", path, cause),
      }),
      (handle) => Effect.ignore(Effect.tryPromise(() => handle.close())),
    );
    const found = yield* scanForAppending(path, yield* sourceOf(path, file.fd));
    if (found.tornBytes > 0) yield* attempt("cut the tape's torn end off", path, () => file.truncate(found.end));
    let end = found.end;
    const write = (member: Uint8Array): Effect.Effect<void, StorageError> =>
      attempt("write the tape", path, async () => {
        let written = 0;
        while (written < member.length) written += (await file.write(member, written, member.length - written, end + written)).bytesWritten;
        end += member.length;
        // Where this fails too, the next member overwrites what was left.
      }).pipe(Effect.tapError(() => Effect.ignore(Effect.tryPromise(() => file.truncate(end)))));
    return { write, ...found };
  });

/** A file for reading. */
export const openSource = (path: string): Effect.Effect<ByteSource, StorageError, Scope.Scope> =>
  Effect.gen(function* () {
    const fd = yield* Effect.acquireRelease(
      Effect.try({
        try: () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
        catch: (cause) => storageError("open the tape", path, cause),
      }),
      (opened) => Effect.sync(() => closeSync(opened)),
    );
    return yield* sourceOf(path, fd);
  });

/** A sink in memory, for tests and for a recording that is looked at at once. */
export const memorySink = (): TapeSink & { readonly bytes: () => Uint8Array; readonly source: () => ByteSource } => {
  const members: Array<Uint8Array> = [];
  const bytes = () => new Uint8Array(Buffer.concat(members));
  return { write: (member) => Effect.sync(() => void members.push(member)), bytes, source: () => memorySource(bytes()) };
};

const scanForAppending = (path: string, source: ByteSource): Effect.Effect<Appended & { readonly end: number }, TapeError> =>
  Effect.suspend(() => {
    let parts = 0;
    let problem: TapeError | undefined;
    const scanned = scanMembers(source, (text) => {
      for (const line of linesOf(text)) {
        if (!line.startsWith('{"event":"tape"')) continue;
        const read = readLine(line);
        parts++;
        if (read._tag === "Header" && read.header.version !== tapeVersion) problem ??= versionError(path, read.header.version);
      }
    });
    if (problem !== undefined) return Effect.fail(problem);
    if (source.size > 0 && scanned.members.length === 0 && !couldBeTorn(source.read(0, 16)))
      return Effect.fail(
        new TapeError({ path, reason: "not_appendable", detail: "it is not made of members of naru's, so nothing was changed" }),
      );
    if (scanned.members.length > 0 && parts === 0)
      return Effect.fail(new TapeError({ path, reason: "not_a_tape", detail: "it has no header, so nothing was changed" }));
    return Effect.succeed({ parts, end: scanned.end, tornBytes: scanned.tornBytes, damagedBytes: scanned.damagedBytes });
  });

export const versionError = (path: string, version: number): TapeError =>
  new TapeError({ path, reason: "version", detail: `version ${version}; this program knows ${tapeVersion}` });

const sourceOf = (path: string, fd: number): Effect.Effect<ByteSource, StorageError> =>
  Effect.try({
    try: () => {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw Object.assign(new Error("is not a file"), { code: stat.isDirectory() ? "EISDIR" : null });
      return { size: stat.size, read: (offset: number, length: number) => readAt(fd, offset, length) };
    },
    catch: (cause) => storageError("read the tape", path, cause),
  });

const readAt = (fd: number, offset: number, length: number): Uint8Array => {
  const into = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, into, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return into.subarray(0, filled);
};

const attempt = (operation: string, path: string, run: () => Promise<unknown>): Effect.Effect<void, StorageError> =>
  Effect.asVoid(Effect.tryPromise({ try: run, catch: (cause) => storageError(operation, path, cause) }));

/** A `StorageError` with the system's code. */
export const storageError = (operation: string, path: string, cause: unknown): StorageError => {
  const code = typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : null;
  return new StorageError({ operation, path, code, detail: cause instanceof Error ? cause.message : String(cause) });
};
