/**
 * Flight recordings in the state folder: `flight/flight-….tape`, each written beside its name and renamed when it is whole, so that a crash leaves
 * what was there before. What a crash left of an unfinished one is removed by the next. Packing runs on Node's own threads.
 *
 * Where there is no state folder there is no recorder.
 */
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { StorageError } from "@naru/router/errors/MarketDataError";
import { FlightFolder, type FlightFolderShape, type Written } from "@naru/router/tape/FlightFolder";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { packMember } from "./GzipMembers.ts";
import { errorCode } from "./networkFailure.ts";
import * as StateFolder from "./StateFolder.ts";

/** In the state folder of the environment. */
export const layer: Layer.Layer<never> = Layer.effect(
  FlightFolder,
  // Whoever keeps documents there warns of a folder that cannot be used.
  Effect.map(Effect.option(Effect.flatMap(StateFolder.locate, StateFolder.ensure)), (folder) =>
    Option.isSome(folder) ? make(join(folder.value, "flight")) : undefined,
  ),
);

/** In this folder, which is made when something is written. */
export const layerAt = (folder: string): Layer.Layer<never> => Layer.succeed(FlightFolder, make(folder));

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/**
 * A piece is mostly books, and most of a book stands in the one before: it pays to look back over all of the piece (2^22 bytes), and to take long
 * matches only. Beside deflate at its fastest that is a fifth of the time, and half of what is left.
 */
const packing = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_windowLog]: 22,
  [constants.ZSTD_c_hashLog]: 16,
  [constants.ZSTD_c_minMatch]: 7,
};
/** Each stretch of output is a way to a thread and back through the event loop: there are to be few. */
const packedChunk = (length: number): number => Math.max(64 * 1024, length >> 3);
const plainChunkBytes = 2 * 1024 * 1024;

const make = (folder: string): FlightFolderShape => ({
  pack: (bytes) =>
    Effect.promise(async () => {
      const packed = await compress(bytes, { params: packing, pledgedSrcSize: bytes.length, chunkSize: packedChunk(bytes.length) });
      // What Node gives may lie in a buffer several times as long.
      return new Uint8Array(packed);
    }),
  unpack: (bytes) => Effect.promise(() => decompress(bytes, { chunkSize: plainChunkBytes })),
  write: (name, kept, feed) => {
    // Of two programs with one folder each has names of its own.
    const path = join(folder, name.replace(/\.tape$/, `-${process.pid}.tape`));
    const next = `${path}.tmp`;
    return Effect.acquireUseRelease(
      attempt("open", next, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return open(next, "w", 0o600);
      }),
      (file) =>
        Effect.gen(function* () {
          let bytes = 0;
          yield* feed((text) =>
            attempt("write", next, async () => {
              const member = await packMember(text);
              await file.writeFile(member);
              bytes += member.length;
            }),
          );
          yield* attempt("write", next, async () => {
            await file.sync();
            await rename(next, path);
          });
          yield* attempt("tidy", folder, () => tidy(folder, kept));
          return { path, bytes } satisfies Written;
        }),
      (file) =>
        Effect.ignore(
          Effect.tryPromise(async () => {
            await file.close();
            await rm(next, { force: true });
          }),
        ),
    );
  },
});

/** Older than this a file that was never finished belongs to nobody, in milliseconds. */
const abandonedMs = 3_600_000;

const tidy = async (folder: string, kept: number): Promise<void> => {
  const names = await readdir(folder);
  // Names sort by time.
  const whole = names.filter((name) => /^flight-.*\.tape$/.test(name)).toSorted();
  for (const name of whole.slice(0, Math.max(0, whole.length - kept))) await rm(join(folder, name), { force: true });
  const newest = Math.max(0, ...(await Promise.all(whole.slice(-1).map(async (name) => (await stat(join(folder, name))).mtimeMs))));
  for (const name of names.filter((one) => /^flight-.*\.tmp$/.test(one))) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: newest }));
    if (mtimeMs < newest - abandonedMs) await rm(path, { force: true });
  }
};

const attempt = <A>(doing: string, path: string, run: () => Promise<A>): Effect.Effect<A, StorageError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => {
      const detail = cause instanceof Error ? cause.message : null;
      return new StorageError({ operation: `${doing} a flight recording`, path, code: errorCode(cause), detail });
    },
  });
