/**
 * The market the serving cases are measured on, and what their processes say to each other. The promises of this product speak of 850 pairs at
 * 800 frames/s and of 10,000 frames/s to one client.
 */
import type { ExchangeOptions } from "@naru/sim";

/** The catalogue as it is: 36 markets. No socket is cut for idleness: on a fast clock it would be before the client's first message. */
export const wideMarket: ExchangeOptions = { socket: { idleMs: Infinity } };

/** What one client asks for: everything but candles. */
export const wideTypes = [{ type: "ticker" }, { type: "trade" }, { type: "orderbook" }] as const;

/** Frames of all {@link wideTypes} in one second of {@link wideMarket}'s own time, snapshots aside. */
export const framesPerMarketSecond = 74;

export type ServerKind = "emulator" | "bare";

export type ServerPlan =
  | { readonly mode: "flood"; readonly stepMs: number }
  | { readonly mode: "paced"; readonly speed: number; readonly framesPerSecond: number };

export type ServerMessage =
  | { readonly _tag: "Ready"; readonly url: string; readonly codes: ReadonlyArray<string> }
  /** CPU time of the whole process since it began. */
  | { readonly _tag: "Cpu"; readonly micros: number };
