/**
 * The StateStore over the state folder: a file for each document, replaced as a whole by renaming, so that a crash leaves the old one or the new one
 * and never half of either. Only its owner may read it.
 *
 * Nothing here fails. Without a folder, everything lives in memory. A file that is damaged or that this program did not write is left as it is, and
 * its document lives in memory from then on; so does one that cannot be written. Each of these is warned of once.
 */
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Json, makeMemory, StateStore, type StateStoreShape } from "@naru/router/state/StateStore";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Semaphore from "effect/Semaphore";
import { errorCode } from "./networkFailure.ts";
import * as StateFolder from "./StateFolder.ts";

/** A document is a few hundred bytes. A larger file is not one of ours. */
const maxBytes = 64 * 1_024;

/** In the folder of the environment; in memory, with a warning, where there is none. */
export const layer: Layer.Layer<never> = Layer.effect(
  StateStore,
  Effect.map(StateFolder.open, (folder) => (Option.isSome(folder) ? make(folder.value) : makeMemory())),
);

/** In this folder, which is made when something is written. */
export const layerAt = (folder: string): Layer.Layer<never> =>
  Layer.effect(
    StateStore,
    Effect.sync(() => make(folder)),
  );

const make = (folder: string): StateStoreShape => {
  const memory = makeMemory();
  /** Documents whose files are not used any more. */
  const inMemory = new Set<string>();
  const writing = Semaphore.makeUnsafe(1);
  const giveUp = (name: string, reason: string) =>
    Effect.suspend(() => {
      if (inMemory.has(name)) return Effect.void;
      inMemory.add(name);
      return Effect.logWarning(`${name}.json in the state folder is not used: ${reason}`);
    });
  return {
    durable: true,
    read: (name) =>
      Effect.suspend(() => {
        if (inMemory.has(name)) return memory.read(name);
        return Effect.catch(readDocument(folder, name), ({ reason }) => Effect.andThen(giveUp(name, reason), memory.read(name)));
      }),
    write: (name, value) =>
      writing.withPermit(
        Effect.suspend(() => {
          if (inMemory.has(name)) return memory.write(name, value);
          return Effect.catch(replaceDocument(folder, name, value), ({ reason }) =>
            Effect.andThen(giveUp(name, reason), memory.write(name, value)),
          );
        }),
      ),
  };
};

interface Trouble {
  readonly reason: string;
}

const troubleOf = (cause: unknown): Trouble => ({ reason: errorCode(cause) ?? (cause instanceof Error ? cause.message : "unknown") });

const pathOf = (folder: string, name: string): string => {
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(name)) throw new TypeError(`${name} is no name of a document`);
  return join(folder, `${name}.json`);
};

/** `undefined` where there is no file. */
const readDocument = (folder: string, name: string): Effect.Effect<unknown, Trouble> =>
  Effect.tryPromise({
    try: async () => {
      const path = pathOf(folder, name);
      try {
        const { size } = await stat(path);
        if (size > maxBytes) throw new Error("it is too large");
        return documentIn(await readFile(path, "utf8"), name);
      } catch (cause) {
        if (errorCode(cause) === "ENOENT") return undefined;
        throw cause;
      }
    },
    catch: troubleOf,
  });

/** What a file of ours holds: whose it is, and the document. */
const documentIn = (text: string, name: string): unknown => {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("it is damaged");
  }
  if (typeof file !== "object" || file === null || !("naru" in file) || file.naru !== name || !("value" in file))
    throw new Error("it was not written by this program");
  return file.value;
};

let written = 0;

const replaceDocument = (folder: string, name: string, value: Json): Effect.Effect<void, Trouble> =>
  Effect.tryPromise({
    try: async () => {
      const path = pathOf(folder, name);
      // The number tells layers of one process apart, the other number processes.
      const next = `${path}.${process.pid}-${written++}.tmp`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const file = await open(next, "wx", 0o600);
        try {
          await file.writeFile(JSON.stringify({ naru: name, value }));
        } finally {
          await file.close();
        }
        await rename(next, path);
      } catch (cause) {
        await rm(next, { force: true });
        throw cause;
      }
    },
    catch: troubleOf,
  });
