/**
 * The market the serving cases are measured on, and what their processes say to each other. The promises of this product speak of 850 pairs at
 * 800 frames/s and of 10,000 frames/s to one client.
 */
import { defaultOriginMs, type ExchangeOptions } from "@naru/sim";

const dayMs = 86_400_000;

const wide = {
  markets: { count: 850, rate: 11 },
  // A day and some hours: with a year and a half, every market's first ticker is a search for the extremes of 52 weeks.
  historyStartMs: defaultOriginMs - (defaultOriginMs % dayMs) - dayMs,
  // On a clock that runs ahead a socket would be idle for minutes before the client's first message arrives.
  socket: { idleMs: Infinity },
};

export const wideMarket: ExchangeOptions = wide;

/** What one client asks for: everything but candles. */
export const wideTypes = [{ type: "ticker" }, { type: "trade" }, { type: "orderbook" }] as const;

export type ServerKind = "emulator" | "bare";

export type ServerPlan =
  /** As fast as it can. At once leaves what is due after so long that the market made this many frames. */
  { readonly mode: "flood"; readonly framesPerWake: number } | { readonly mode: "paced"; readonly framesPerSecond: number };

export type ServerMessage =
  | { readonly _tag: "Ready"; readonly url: string; readonly codes: ReadonlyArray<string> }
  /** CPU time of the whole process since it began. */
  | { readonly _tag: "Cpu"; readonly micros: number };
