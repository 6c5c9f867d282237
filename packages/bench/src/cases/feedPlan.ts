/**
 * What a feed server and its clients say to each other; it loads next to nothing, so that a client's memory is its own. A feed is prebuilt frames of the emulated exchange's markets,
 * numbered in order and with the time at which they leave, so that a client knows what it was sent, what it missed and how late it is.
 */ import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";

export type FeedKind = "ticker" | "trade" | "orderbook";

export interface FeedPlan {
  readonly markets: number;
  /** Frames a second, evenly; null for as fast as the client takes them. */
  readonly framesPerSecond: number | null;
  /** Each kind as often as it stands here. */
  readonly mix: ReadonlyArray<FeedKind>;
}

export type FeedMessage =
  | { readonly _tag: "Ready"; readonly url: string; readonly socketUrl: string; readonly codes: ReadonlyArray<string> }
  /** Requests answered over REST since the process began. */
  | { readonly _tag: "Requests"; readonly count: number };

/**
 * Where a frame carries its number: a figure of 12 digits in the place of a sum that nobody recomputes. A trade's is its id, which must grow.
 * The moment of departure, in microseconds of the machine's monotonic clock and {@link departureOffset}, is in tickers only.
 */
export const firstNumber = 100_000_000_000;
export const departureOffset = 100_000_000_000_000;

/** Elements held for the consumer: more than a process that is not given its core for a while falls behind. */
export const bufferSize = 65_536;

const clock = Effect.runSync(Clock.clockWith(Effect.succeed));

/** Microseconds of the monotonic clock, which all processes of a machine share. */
export const machineMicros = (): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000n);

export const wallMs = (): number => clock.currentTimeMillisUnsafe();

/** How late a frame is that says it left at this moment, in microseconds. */
export const lagOf = (departure: number): number => machineMicros() - (departure - departureOffset);
