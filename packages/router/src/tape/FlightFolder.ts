/**
 * The port to where flight recordings are written, and to what makes them small. Without one there is no recorder: what nobody can write down need
 * not be kept. The live layer is in `@naru/node`.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { StorageError } from "../errors/MarketDataError.ts";

/** A recording that was written whole. */
export interface Written {
  readonly path: string;
  /** On the disk. */
  readonly bytes: number;
}

/** Gives the next stretch of text, whole lines. */
export type PutText = (text: string) => Effect.Effect<void, StorageError>;

export interface FlightFolderShape {
  /** Makes bytes smaller, away from whoever is busy. What it gives is a buffer of just that length, and shares nothing with what it was given. */
  readonly pack: (bytes: Uint8Array) => Effect.Effect<Uint8Array<ArrayBuffer>>;
  readonly unpack: (bytes: Uint8Array) => Effect.Effect<Uint8Array<ArrayBuffer>>;
  /** Writes one recording: all that `feed` puts, or nothing. Of those in the folder the oldest leave, until `kept` are left. */
  readonly write: (
    name: string,
    kept: number,
    feed: (put: PutText) => Effect.Effect<void, StorageError>,
  ) => Effect.Effect<Written, StorageError>;
}

export const FlightFolder = Context.Reference<FlightFolderShape | undefined>("@naru/router/tape/FlightFolder", {
  defaultValue: (): FlightFolderShape | undefined => undefined,
});

/** In memory, for tests: what was written, by name, the oldest first. */
export const makeMemoryFolder = (): FlightFolderShape & { readonly written: ReadonlyMap<string, string> } => {
  const written = new Map<string, string>();
  return {
    written,
    pack: (bytes) => Effect.sync(() => new Uint8Array(bytes)),
    unpack: (bytes) => Effect.sync(() => new Uint8Array(bytes)),
    write: (name, kept, feed) =>
      Effect.suspend(() => {
        let text = "";
        const put: PutText = (more) => Effect.sync(() => void (text += more));
        return Effect.map(feed(put), () => {
          written.set(name, text);
          for (const oldest of [...written.keys()].slice(0, Math.max(0, written.size - kept))) written.delete(oldest);
          return { path: name, bytes: text.length };
        });
      }),
  };
};
