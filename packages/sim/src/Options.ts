/**
 * Every knob of the emulated exchange with its default. The defaults are the strict reading of what is known about the real one: where two
 * behaviours are possible, the one that is harder on a client. A profile changes what its exchange is known to do differently; what is given
 * here wins over both.
 */
import type { FrameKeeping } from "./Ledger.ts";
import type { Profile } from "./profile/Profile.ts";
import { type ProfileName, profiles } from "./profile/profiles.ts";
import { makeWire, type Wire, type WireOptions } from "./wire/Wire.ts";

import type { LifecyclePlan } from "./market/Lifecycle.ts";
import type { MaintenanceWindow } from "./market/Maintenance.ts";
import type { MarketsOptions } from "./market/WideCatalogue.ts";

export interface ExchangeOptions {
  /** Which exchange is emulated: one of the five, or a record of one's own. Default upbit. */
  readonly profile?: ProfileName | Profile | undefined;
  /** Decides every seeded trade and book. Default 1. */
  readonly seed?: number | undefined;
  /**
   * The exchange's time at clock reading 0. It is added only while the clock reads less than 10^11 ms (1973), as a test clock does; a real
   * clock is taken as it is. Default 2026-01-05T03:00:00Z, noon of a Monday in Korea.
   */
  readonly originMs?: number | undefined;
  /** No trade is older; a UTC midnight. Default 2024-07-01. */
  readonly historyStartMs?: number | undefined;
  readonly wire?: Partial<WireOptions> | undefined;
  readonly rest?: Partial<RestOptions> | undefined;
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

export interface RestOptions {
  /** A weak `etag` on every answer of a route with status 200. Default true. */
  readonly etag: boolean;
  /** The header `date`, the only clock the exchange shows. Default true. */
  readonly date: boolean;
  /**
   * A longer path and query is answered with 414. Default 9,000: all of Korea's markets in one question work while their commas are not
   * percent-encoded, and do not when they are.
   */
  readonly maxTargetLength: number;
  /** A header that comes twice is answered with 400, as the exchange may do since 2026-07-31. Default false. */
  readonly refusesRepeatedHeaders: boolean;
  /** A raw `:` or `+` in `to` is refused, as the documentation warns. Default false. */
  readonly strictEncoding: boolean;
  /** A `count` of 0 or less: refused with 400, or taken as 1. Default refused. */
  readonly countBelowOne: "refused" | "one";
  /** Whether a trade of exactly the second `to` of a trades query is shown. Default exclusive. */
  readonly tradesTo: "exclusive" | "inclusive";
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
  /**
   * `sliding`: no window of that length may hold more. `fixed`: counted per whole second of the exchange's clock. Of requests, connects and
   * messages alike. Default sliding.
   */
  readonly mode: "sliding" | "fixed";
  /** A refused query (400, 404) uses up budget like any other. Default true. */
  readonly errorsConsume: boolean;
  /** This many 429 within ten seconds block the IP with 418. Default 30. */
  readonly banAfter: number;
  /** How long a first block lasts. Default 60,000 ms. */
  readonly banMs: number;
  /** Each further block within an hour of the last one's end lasts so many times longer, up to a day. Default 2. */
  readonly banGrowth: number;
  /** The body of 429. Default text. */
  readonly limitedBody: "text" | "json";
  /** How the body of 418 says how long it lasts. Default seconds. */
  readonly bannedBody: BannedBody;
  /** Socket connects of one IP in one second. Default 5. */
  readonly connectsPerSecond: number;
  /** The status of a handshake beyond that. Default 429. */
  readonly connectOverrunStatus: number;
  /** Default 5 and 100. */
  readonly messagesPerSecond: number;
  readonly messagesPerMinute: number;
  /** A request with an `Origin` header may come once in this time; 0 for no such rule. Default 10,000 ms. */
  readonly originWindowMs: number;
}

/** `seconds`: an English sentence. `korean`: a Korean one. `json`: an error object. `until`: the date it ends. `silent`: nothing is said of it. */
export type BannedBody = "seconds" | "korean" | "json" | "until" | "silent";

/** A wait in milliseconds: always the same, or drawn from `[least, most]` by the seed, the connection and the message. */
export type Delay = number | readonly [number, number];

export interface SocketOptions {
  /**
   * Snapshots of tickers and trades, then of books and candles, follow a request after these times. Default 172 to 188 and 328 to 354 ms, as
   * recorded.
   */
  readonly snapshotDelayMs: readonly [Delay, Delay];
  /**
   * From what happens to its frame: a trade's `timestamp` is then so much later than its `trade_timestamp`. At least 21 ms were recorded.
   * Default 0, so that a test sees a trade when it is made.
   */
  readonly frameDelayMs: number;
  /** A ticker is sent again when there was no trade for so long. Up to 92 s without one were recorded. Default Infinity: never. */
  readonly tickerRepeatMs: number;
  /** From an error frame to the close that follows it. Default 150 to 180 ms. */
  readonly errorCloseMs: Delay;
  /** A socket without traffic is cut after this time, without a close frame. Default 60,000 ms, as observed; documented are 120,000. */
  readonly idleMs: number;
  /** What counts as traffic: what either side sends, or only what the client does. Default both. */
  readonly idleCounts: "both" | "client";
  /** After a text PING the status repeats at every multiple of this time. Default 10,000 ms. */
  readonly statusPeriodMs: number;
  /** With `false` each text PING is answered once, at once. Default true. */
  readonly statusRepeats: boolean;
  /** Status and error frames are wrapped in a list in the list formats. Default false. */
  readonly wrapsStatus: boolean;
  /**
   * What was subscribed before and still is goes on without a hole when a request replaces the subscription. With `false` it is silent until
   * its new snapshot, and trades of that time are not sent. Default true.
   */
  readonly seamlessReplace: boolean;
  /** At most so many frames of what a request ended still arrive, in the old format. Default 2. */
  readonly inFlightFrames: number;
  /** Only frames of so long after the request. Default 30 ms. */
  readonly inFlightMs: number;
  /** In the list formats, up to so many elements of one moment share a frame. Default 1. */
  readonly listElements: number;
  /** Both `only` flags at once: nothing is sent, they cancel each other, or WRONG_FORMAT. Default silence. */
  readonly bothOnlyFlags: "silence" | "ignored" | "refused";
  /** A code named twice for a type: one stream or two. Default once. */
  readonly duplicateCodes: "once" | "twice";
  /** An empty list of codes: NO_CODES, or a subscription of nothing. Default refused. */
  readonly emptyCodes: "refused" | "silence";
  /** A message beyond the limit is answered with TOO_MANY_REQUEST; then the socket closes, or goes on as it was. Default true. */
  readonly overrunCloses: boolean;
}

export interface ResolvedOptions {
  readonly profile: Profile;
  readonly seed: number;
  readonly originMs: number;
  readonly historyStartMs: number;
  readonly wire: Wire;
  readonly rest: RestOptions;
  readonly markets: MarketsOptions;
  readonly lifecycle: ReadonlyArray<LifecyclePlan>;
  readonly maintenance: MaintenanceOptions;
  readonly limits: LimitOptions;
  readonly socket: SocketOptions;
  readonly ledgerCapacity: number;
  readonly ledger: LedgerOptions;
}

export const defaultOriginMs = Date.UTC(2026, 0, 5, 3);

const defaultRest: RestOptions = {
  etag: true,
  date: true,
  maxTargetLength: 9_000,
  refusesRepeatedHeaders: false,
  strictEncoding: false,
  countBelowOne: "refused",
  tradesTo: "exclusive",
};

const defaultLimits: LimitOptions = {
  perWindow: 10,
  windowMs: 1_000,
  mode: "sliding",
  errorsConsume: true,
  banAfter: 30,
  banMs: 60_000,
  banGrowth: 2,
  limitedBody: "text",
  bannedBody: "seconds",
  connectsPerSecond: 5,
  connectOverrunStatus: 429,
  messagesPerSecond: 5,
  messagesPerMinute: 100,
  originWindowMs: 10_000,
};

const defaultSocket: SocketOptions = {
  snapshotDelayMs: [
    [172, 188],
    [328, 354],
  ],
  frameDelayMs: 0,
  tickerRepeatMs: Infinity,
  errorCloseMs: [150, 180],
  idleMs: 60_000,
  idleCounts: "both",
  statusPeriodMs: 10_000,
  statusRepeats: true,
  wrapsStatus: false,
  seamlessReplace: true,
  inFlightFrames: 2,
  inFlightMs: 30,
  listElements: 1,
  bothOnlyFlags: "silence",
  duplicateCodes: "once",
  emptyCodes: "refused",
  overrunCloses: true,
};

export const resolveOptions = (options: ExchangeOptions = {}): ResolvedOptions => {
  const chosen = options.profile ?? "upbit";
  const profile = typeof chosen === "string" ? profiles[chosen] : chosen;
  return {
    profile,
    seed: (options.seed ?? 1) ^ profile.seedSalt,
    originMs: options.originMs ?? defaultOriginMs,
    historyStartMs: options.historyStartMs ?? Date.UTC(2024, 6, 1),
    markets: options.markets ?? {},
    lifecycle: options.lifecycle ?? [],
    maintenance: { windows: [], rest: "error", sockets: "cut", ...options.maintenance },
    wire: makeWire(profile, options.wire),
    rest: { ...defaultRest, ...options.rest },
    limits: { ...defaultLimits, ...profile.defaults.limits, ...options.limits },
    socket: { ...defaultSocket, ...profile.defaults.socket, ...options.socket },
    ledgerCapacity: options.ledgerCapacity ?? 10_000,
    ledger: { frames: "text", ...options.ledger },
  };
};
