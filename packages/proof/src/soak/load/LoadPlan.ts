/**
 * What the server of a load and its client say to each other. Each frame carries its number among those of its kind, so that what was sent and what came can
 * be held against each other to the last one; tickers carry the moment of their departure too.
 */

export type LoadKind = "ticker" | "trade" | "orderbook";

/** In turns: a quarter are books of 30 levels, and half are trades, which nobody may lose. */
export const mix: ReadonlyArray<LoadKind> = ["ticker", "trade", "orderbook", "trade"];

export interface LoadPlan {
  readonly markets: number;
}

/** How many frames of each kind were sent. */
export type Sent = Readonly<Record<LoadKind, number>>;

export type ToServer = { readonly _tag: "Rate"; readonly framesPerSecond: number } | { readonly _tag: "Count" };

export type FromServer =
  | { readonly _tag: "Ready"; readonly url: string; readonly codes: ReadonlyArray<string> }
  /** And the most that waited in the server for the client to read, in bytes. */
  | { readonly _tag: "Sent"; readonly sent: Sent; readonly mostWaiting: number };

/** Numbers stand in the place of a sum that nobody recomputes, as 12 digits; of a trade they are the end of its id. The first is 1 more than this. */
export const firstNumber = 100_000_000_000;
/** Added to microseconds of the machine's monotonic clock, so that they are always 15 digits. */
export const departureOffset = 100_000_000_000_000;

export const numberOfTrade = (id: string): number => Number(id.slice(-12)) - firstNumber;
