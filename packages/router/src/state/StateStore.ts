/**
 * The few things that are to be known again after a restart, each a small JSON document under a name. Nobody's answer depends on it: what cannot be
 * read counts as absent and what cannot be written is forgotten, with a warning from the layer that met the trouble.
 *
 * Everything in it is wall time or plain fact, for the monotonic clock begins anew with the process; who reads it brings it onto the clock. The
 * default lives in memory and ends with the layer. The layer over files is in `@naru/node`.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json };

export interface StateStoreShape {
  /** What is written is there again after a restart. Where not, there is no use in writing for the next process. */
  readonly durable: boolean;
  /** The document; `undefined` where there is none that can be read. Its shape is for the reader to check: anybody can have written it. */
  readonly read: (name: string) => Effect.Effect<unknown>;
  /** Replaces the document as a whole. Names are lower case letters, digits and dashes. */
  readonly write: (name: string, value: Json) => Effect.Effect<void>;
}

/** What a store keeps in memory: documents by name, as text, so that nobody shares an object with it. */
export const makeMemory = (): StateStoreShape => {
  const documents = new Map<string, string>();
  return {
    durable: false,
    read: (name) =>
      Effect.sync(() => {
        const text = documents.get(name);
        return text === undefined ? undefined : (JSON.parse(text) as unknown);
      }),
    write: (name, value) => Effect.sync(() => void documents.set(name, JSON.stringify(value))),
  };
};

/** Read when a layer is built. */
export const StateStore = Context.Reference<StateStoreShape>("@naru/router/state/StateStore", { defaultValue: makeMemory });

/** A store that is empty when the layer is built and gone when it ends. */
export const layerMemory: Layer.Layer<never> = Layer.effect(StateStore, Effect.sync(makeMemory));
