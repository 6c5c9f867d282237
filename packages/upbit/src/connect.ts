/** The door for people without Effect: `await using naru = await connect({ venue: "upbit" })`. */
import { makeClient } from "@naru/router/client/makeClient";
import type { NaruClient } from "@naru/router/client/NaruClient";
import { layerFor, type UpbitOptions } from "./Upbit.ts";

export type { NaruClient } from "@naru/router/client/NaruClient";

/** Opens a client. Rejects with a `ConfigError` when the options cannot be used; an exchange out of reach does not make it reject. */
export const connect = (options: UpbitOptions = {}): Promise<NaruClient> => makeClient(layerFor(options));
