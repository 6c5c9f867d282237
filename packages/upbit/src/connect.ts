/** The door for people without Effect: `await using naru = await connect({ venue: "upbit" })`. */
import { makeClient } from "@naru/router/client/makeClient";
import type { NaruClient } from "@naru/router/client/NaruClient";
import { type BacktestOptions, layerBacktest, layerFor, type UpbitOptions } from "./Upbit.ts";

export type { NaruClient } from "@naru/router/client/NaruClient";

/** Opens a client. Rejects with a `ConfigError` when the options cannot be used; an exchange out of reach does not make it reject. */
export const connect = (options: UpbitOptions = {}): Promise<NaruClient> => makeClient(layerFor(options));

/**
 * The same door to the past: what was kept of the exchange from one moment to another, as fast as it is read. A stream waits for whoever reads the others.
 * Rejects with a `ConfigError` where nothing is kept.
 */
export const backtest = (options: BacktestOptions): Promise<NaruClient> => makeClient(layerBacktest(options));
