/**
 * The numbers of the live side as plain data: what `liveMetrics` answers, fit for JSON as it is. Durations are in milliseconds on the monotonic
 * clock and have their unit in the name; what was never measured is null, never 0.
 */
import * as Schema from "effect/Schema";
import { ReceiveFailure, receiveFailures } from "./receiveFailure.ts";

const Count = Schema.Int;
const Measured = Schema.NullOr(Schema.Finite);

/** `swap`: the subscription of an open link was replaced. `full`: a link was opened for it. */
export const ChangeMode = Schema.Literals(["swap", "full"]);
export type ChangeMode = typeof ChangeMode.Type;

/** `closed`: by the peer. `silent`: nothing was heard for too long. `failed`: an error. `unwanted`: nobody needed it. `replaced`: a planned move. */
export const LinkEndReason = Schema.Literals(["closed", "silent", "failed", "unwanted", "replaced"]);
export type LinkEndReason = typeof LinkEndReason.Type;

export const LastFailure = Schema.Struct({
  cause: ReceiveFailure,
  /** At most 200 characters. */
  detail: Schema.String,
  ageMs: Schema.Finite,
});

export const ChangeCounts = Schema.Struct({
  /** Ended with the new key's first element, or with the exchange's word for it. */
  completed: Count,
  failed: Count,
  /** Nobody wanted the key any more before it spoke. Counts neither way. */
  withdrawn: Count,
  /** Completed of those that completed or failed, 0 to 1; null before the first. */
  successRate: Measured,
});

export const ChangeMetrics = Schema.Struct({
  /** Mean of `recentMs`; null before the first change completed. */
  averageMs: Measured,
  /** The last ten changes that completed, oldest first: from the wish to the first element, the wait for data included. */
  recentMs: Schema.Array(Schema.Finite),
  /** Under way now. */
  open: Count,
  swap: ChangeCounts,
  full: ChangeCounts,
});

export const KeyMetrics = Schema.Struct({
  /** `kind:market`, with the interval between for candles; `other` for all keys beyond the bound together. */
  key: Schema.String,
  messages: Count,
  /** Over the last ten seconds. */
  perSecond: Schema.Finite,
  /** Since its last message; null before the first. */
  silentMs: Measured,
  /** From the exchange's time to our receipt, over the last messages that told a change. Clocks that differ are part of it. */
  lagP50Ms: Measured,
  lagP95Ms: Measured,
});
export type KeyMetrics = typeof KeyMetrics.Type;

export const LinkMetrics = Schema.Struct({
  link: Schema.String,
  open: Schema.Boolean,
  /** Since it opened or ended; null before the first. */
  sinceMs: Measured,
  opened: Count,
  /** Opened again after an end that nobody had wanted. */
  reconnects: Count,
  /** Attempts that never opened. */
  failedAttempts: Count,
  ended: Schema.Struct({ closed: Count, silent: Count, failed: Count, unwanted: Count, replaced: Count }),
  lastEnd: Schema.NullOr(Schema.Struct({ reason: LinkEndReason, detail: Schema.String, ageMs: Schema.Finite })),
  /** Keys of the subscription it carries. */
  keys: Count,
  /** Messages we sent. */
  sent: Count,
  /** Subscriptions sent again although nothing had changed. */
  resends: Count,
  /** Times that it brought much less than it ever did before. */
  slowdowns: Count,
  /** Comparisons with the exchange's own list, and how many found a difference. */
  listChecks: Count,
  listDifferences: Count,
  /** Of the last ping that was answered. */
  roundTripMs: Measured,
  /** Down so far, over all reconnects. */
  downMs: Schema.Finite,
});
export type LinkMetrics = typeof LinkMetrics.Type;

export const Deliveries = Schema.Struct({
  delivered: Count,
  /** Lost to a consumer that was too slow. */
  dropped: Count,
  /** Replaced by newer ones of the same market before they were taken. */
  conflated: Count,
  /** Of those delivered: came after a later one of their market. */
  late: Count,
  /** Of those delivered: read back over REST. */
  recovered: Count,
  /** Holes it was told of. */
  gaps: Count,
});
export type Deliveries = typeof Deliveries.Type;

export const ConsumerMetrics = Schema.Struct({ id: Count, kind: Schema.String, keys: Count, ...Deliveries.fields });

/** Everything the live side counts. */
export const LiveMetrics = Schema.Struct({
  /** Since counting began. */
  uptimeMs: Schema.Finite,
  changes: ChangeMetrics,
  /** What did not come, by cause. */
  failures: Schema.Struct({ connection: Count, subscription: Count, data: Count, limited: Count, decode: Count, stale: Count }),
  lastFailure: Schema.NullOr(LastFailure),
  /** Over all keys, those that are gone included. */
  messages: Schema.Struct({ total: Count, perSecond: Schema.Finite, lagP50Ms: Measured, lagP95Ms: Measured }),
  /** How the frames of the sockets were read. */
  decoding: Schema.Struct({
    frames: Count,
    /** Of the last minute: the part that went the general way, which is as right and slower; null without a frame. */
    generalShare: Measured,
    /** The alert `slow_decoding` is open. */
    isSlow: Schema.Boolean,
    /** Frames that went the general way, by the venue's word for why, the most frequent first. At most sixteen. */
    causes: Schema.Array(Schema.Struct({ cause: Schema.String, frames: Count })),
  }),
  /** The keys there are, in the order they came. */
  keys: Schema.Array(KeyMetrics),
  links: Schema.Array(LinkMetrics),
  /** Moves to the link that stood by, and how long nothing came meanwhile. */
  switches: Schema.Struct({ count: Count, lastBlindMs: Measured, longestBlindMs: Measured }),
  consumers: Schema.Struct({
    open: Count,
    closed: Count,
    /** Of all, those that are gone included. */
    total: Deliveries,
    /** The oldest hundred that are open. */
    each: Schema.Array(ConsumerMetrics),
  }),
  healing: Schema.Struct({
    /** Holes read back whole. */
    healed: Count,
    /** Holes that were told as a gap. */
    told: Count,
    rowsRecovered: Count,
    /** Over the last hundred holes. */
    meanMs: Measured,
    longestMs: Measured,
  }),
  /** Comparisons of what came with what the exchange says there was. */
  audits: Schema.Struct({ runs: Count, rowsCompared: Count, rowsMissing: Count }),
});
export type LiveMetrics = typeof LiveMetrics.Type;

/** Zero for every cause. */
export const noFailures = (): Record<ReceiveFailure, number> =>
  // `fromEntries` forgets that the list is the whole union.
  Object.fromEntries(receiveFailures.map((cause) => [cause, 0])) as Record<ReceiveFailure, number>;
