/**
 * Every knob of the emulated exchange with its default. The defaults are the strict reading of what is known about the real one: where two
 * behaviours are possible, the one that is harder on a client.
 */
import type { FrameKeeping } from "./Ledger.ts";

import type { LifecyclePlan } from "./market/Lifecycle.ts";
import type { MaintenanceWindow } from "./market/Maintenance.ts";
import type { MarketsOptions } from "./market/WideCatalogue.ts";

export interface ExchangeOptions {
  /** Decides every seeded trade and book. Default 1. */
  readonly seed?: number | undefined;
  /**
   * The exchange's time at clock reading 0. It is added only while the clock reads less than 10^11 ms (1973), as a test clock does; a real
   * clock is taken as it is. Default 2026-01-05T03:00:00Z, noon of a Monday in Korea.
   */
  readonly originMs?: number | undefined;
  /** No trade is older; a UTC midnight. Default 2024-07-01. */
  readonly historyStartMs?: number | undefined;
  /** Which markets there are and how busy they are. Default: the hand-written catalogue of 36. */
  readonly markets?: MarketsOptions | undefined;
  /** Markets that come or go. Default: none does. */
  readonly lifecycle?: ReadonlyArray<LifecyclePlan> | undefined;
  readonly maintenance?: Partial<MaintenanceOptions> | undefined;
  readonly limits?: Partial<LimitOptions> | undefined;
  readonly socket?: Partial<SocketOptions> | undefined;
  /** Entries the ledger keeps of each kind. Default 10,000. */
  readonly ledgerCapacity?: number | undefined;
  readonly ledger?: Partial<LedgerOptions> | undefined;
}

export interface LedgerOptions {
  /** What is kept of each frame: its text too, what it said, or nothing but the counters. Default text. */
  readonly frames: FrameKeeping;
}

export interface MaintenanceOptions {
  /** When every service is off. Default: never. */
  readonly windows: ReadonlyArray<MaintenanceWindow>;
  /** What a request meets: an error of the 500 class, or no answer at all. Default error. */
  readonly rest: "error" | "hang";
  /** What open sockets meet: the end without a close frame, or silence until it is over. New ones are refused. Default cut. */
  readonly sockets: "cut" | "silent";
}

export interface LimitOptions {
  /** Requests of one group and IP in one window. Default 10. */
  readonly perWindow: number;
  /** Default 1,000 ms. */
  readonly windowMs: number;
  /** `sliding`: no window of that length may hold more. `fixed`: counted per whole second of the exchange's clock. Default sliding. */
  readonly mode: "sliding" | "fixed";
  /** This many 429 within ten seconds block the IP with 418. Default 30. */
  readonly banAfter: number;
  /** How long a block lasts. Default 60,000 ms. */
  readonly banMs: number;
  /** Socket connects of one IP in one second. Default 5. */
  readonly connectsPerSecond: number;
  /** Default 5 and 100. */
  readonly messagesPerSecond: number;
  readonly messagesPerMinute: number;
  /** A request with an `Origin` header may come once in this time. Default 10,000 ms. */
  readonly originWindowMs: number;
}

export interface SocketOptions {
  /** Snapshots of tickers and trades, then of books and candles, follow a request after these times. Default 172 and 340 ms. */
  readonly snapshotDelayMs: readonly [number, number];
  /** From an error frame to the close that follows it. Default 160 ms. */
  readonly errorCloseMs: number;
  /** A socket without traffic is cut after this time, without a close frame. Default 120,000 ms (60,000 has been observed). */
  readonly idleMs: number;
  /** After a text PING the status repeats at every multiple of this time. Default 10,000 ms. */
  readonly statusPeriodMs: number;
  /**
   * What was subscribed before and still is goes on without a hole when a request replaces the subscription. With `false` it is silent until
   * its new snapshot, and trades of that time are not sent. Default true.
   */
  readonly seamlessReplace: boolean;
}

export interface ResolvedOptions {
  readonly seed: number;
  readonly originMs: number;
  readonly historyStartMs: number;
  readonly markets: MarketsOptions;
  readonly lifecycle: ReadonlyArray<LifecyclePlan>;
  readonly maintenance: MaintenanceOptions;
  readonly limits: LimitOptions;
  readonly socket: SocketOptions;
  readonly ledgerCapacity: number;
  readonly ledger: LedgerOptions;
}

export const defaultOriginMs = Date.UTC(2026, 0, 5, 3);

export const resolveOptions = (options: ExchangeOptions = {}): ResolvedOptions => ({
  seed: options.seed ?? 1,
  originMs: options.originMs ?? defaultOriginMs,
  historyStartMs: options.historyStartMs ?? Date.UTC(2024, 6, 1),
  markets: options.markets ?? {},
  lifecycle: options.lifecycle ?? [],
  maintenance: { windows: [], rest: "error", sockets: "cut", ...options.maintenance },
  limits: {
    perWindow: 10,
    windowMs: 1_000,
    mode: "sliding",
    banAfter: 30,
    banMs: 60_000,
    connectsPerSecond: 5,
    messagesPerSecond: 5,
    messagesPerMinute: 100,
    originWindowMs: 10_000,
    ...options.limits,
  },
  socket: {
    snapshotDelayMs: [172, 340],
    errorCloseMs: 160,
    idleMs: 120_000,
    statusPeriodMs: 10_000,
    seamlessReplace: true,
    ...options.socket,
  },
  ledgerCapacity: options.ledgerCapacity ?? 10_000,
  ledger: { frames: "text", ...options.ledger },
});
