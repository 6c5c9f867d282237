/** How the client is, as plain data: what `health` answers, fit for JSON as it is. Ages and durations are milliseconds; what is not known is null. */
import * as Schema from "effect/Schema";
import { Market } from "./domain/Market.ts";
import { Mode, ModeChange } from "./domain/Mode.ts";
import { Channel } from "./domain/Provenance.ts";
import { Kind } from "./domain/Question.ts";
import { HostFacts } from "./health/HostProbe.ts";
import { HealthCause, HealthStatus } from "./health/judgeHealth.ts";

const Count = Schema.Int;
const Measured = Schema.NullOr(Schema.Finite);

/** Over the last five minutes; percentiles are at most what is said. */
const Outcomes = Schema.Struct({ samples: Count, failures: Count, successRate: Measured, p50Ms: Measured, p95Ms: Measured });

const LinkState = Schema.Literals(["idle", "connecting", "open", "waiting", "closed"]);

const SocketReport = Schema.Struct({
  state: LinkState,
  attempt: Count,
  connects: Count,
  lastClose: Schema.NullOr(Schema.String),
  keys: Count,
  line: Schema.Literals(["fast", "thin", "far"]),
  roundTripMs: Measured,
});

/** One way to the exchange: what is known of it now, and how it went over the last five minutes. */
export const ChannelReport = Schema.Struct({
  channel: Channel,
  /** REST by its last word within five minutes, the socket by its link; `unknown` where nobody asked, or nothing is wanted of it. */
  status: Schema.Literals(["up", "down", "unknown"]),
  /** Of the last request that was answered, or of the slowest open socket's ping. */
  latencyMs: Measured,
  /** Since the last answer, or the last sign of life of a socket. */
  lastGoodAgeMs: Measured,
  /** What went wrong last, however long ago. */
  lastFailure: Schema.NullOr(Schema.Struct({ detail: Schema.String, ageMs: Schema.Finite })),
  ...Outcomes.fields,
});

/** The sockets as one; see `stream/LinkStatus.ts` for what each number means. */
export const LinkReport = Schema.Struct({
  state: LinkState,
  attempt: Count,
  connects: Count,
  reconnects: Count,
  lastClose: Schema.NullOr(Schema.String),
  silentMs: Measured,
  wanted: Count,
  live: Count,
  lateMs: Schema.Finite,
  changing: Schema.NullOr(Schema.Struct({ from: Schema.String, to: Schema.String, sinceMs: Schema.Finite })),
  sockets: Schema.Array(SocketReport),
});

export const HealthReport = Schema.Struct({
  venue: Schema.String,
  simulated: Schema.Boolean,
  status: HealthStatus,
  /** Why it is not healthy, the whole client first; empty when it is. */
  causes: Schema.Array(HealthCause),
  mode: Mode,
  /** The newest last, at most 100. */
  modeHistory: Schema.Array(ModeChange),
  /** Whole calls. A success is a fresh answer. */
  calls: Outcomes,
  channels: Schema.Array(ChannelReport),
  tiers: Schema.Array(
    Schema.Struct({
      tier: Schema.String,
      answered: Count,
      missed: Count,
      failed: Count,
      p50Ms: Measured,
      p95Ms: Measured,
      lastFailure: Schema.NullOr(Schema.String),
    }),
  ),
  /** Markets by kind, those in trouble first, at most 100. */
  keys: Schema.Array(
    Schema.Struct({
      kind: Kind,
      market: Market,
      answered: Count,
      failed: Count,
      failedInARow: Count,
      answeredAgeMs: Measured,
      lastFailure: Schema.NullOr(Schema.String),
    }),
  ),
  /** Errors by tag, the most frequent first, and what their times look like. */
  errors: Schema.Array(
    Schema.Struct({
      tag: Schema.String,
      count: Count,
      lastAgeMs: Schema.Finite,
      pattern: Schema.NullOr(
        Schema.Union([
          Schema.TaggedStruct("burst", { count: Count, withinMs: Schema.Finite }),
          Schema.TaggedStruct("periodic", { everyMs: Schema.Finite, times: Count }),
        ]),
      ),
    }),
  ),
  link: LinkReport,
  limits: Schema.Array(
    Schema.Struct({
      group: Schema.String,
      limit: Count,
      used: Count,
      waiting: Count,
      pausedMs: Schema.Finite,
      breakerOpenMs: Schema.Finite,
    }),
  ),
  /** The markets of `coreMarkets`: how long ago what we know of them was last known to be current. */
  core: Schema.Array(Schema.Struct({ market: Market, confirmedAgeMs: Measured, wanted: Schema.Boolean })),
  host: HostFacts,
  /** Parts of the client that crashed and have not worked for a minute since; those that go on crashing are `failed`, and begun once a minute. */
  workers: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      state: Schema.Literals(["restarting", "failed"]),
      crashes: Count,
      lastCrash: Schema.String,
    }),
  ),
  /** Keeping what is read of the past; `lastError` is why it could not be done last, empty where it always could. */
  history: Schema.Struct({ isWaiting: Schema.Boolean, waitingRows: Count, droppedRows: Count, lastError: Schema.String }),
  /** Keys in the hot store. */
  hotKeys: Count,
  /** Markets in the list as last read; null before the first reading. */
  knownMarkets: Schema.NullOr(Count),
});
export type HealthReport = typeof HealthReport.Type;
