/**
 * What may be asked of a running app over its admin socket, and how it answers: one contract that the app serves and `naru` calls. Times are wall
 * clock, epoch milliseconds, for display; ages and durations are milliseconds; what is not known is null.
 */
import { Alert } from "@naru/router/alerts/Alert";
import { Mode, ModeChange } from "@naru/router/domain/Mode";
import { HostFacts } from "@naru/router/health/HostProbe";
import { ChannelReport } from "@naru/router/HealthReport";
import * as Schema from "effect/Schema";
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";

const Count = Schema.Int;
const Measured = Schema.NullOr(Schema.Finite);
const MaybeText = Schema.NullOr(Schema.String);

/** Whose word it was, and why: at least a letter, and short enough for a line of a log. */
export const Word = Schema.Struct({
  by: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(100)),
  why: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(500)),
});
export type Word = typeof Word.Type;

const Override = Schema.Literals(["on", "off", "auto"]);

export const AuditEntry = Schema.Struct({
  atMs: Schema.Int,
  /** The app that did it. */
  pid: Schema.Int,
  program: Schema.String,
  action: Schema.Literals(["fallback on", "fallback off", "fallback auto", "resubscribe"]),
  by: Schema.String,
  why: Schema.String,
});
export type AuditEntry = typeof AuditEntry.Type;

const ModeReport = Schema.Struct({
  mode: Mode,
  /** 0 to 3. */
  level: Count,
  /** Null before the first change. */
  sinceMs: Measured,
  reason: MaybeText,
  override: Override,
  /** Times in a row that the router did not answer. */
  failures: Count,
  /** Until a probe or the next step of the recovery. */
  nextStepInMs: Measured,
});

const LinkState = Schema.Literals(["idle", "connecting", "open", "waiting", "closed"]);

/** The sockets together; see `stream/LinkStatus.ts` of the router. */
const LinkReport = Schema.Struct({
  state: LinkState,
  attempt: Count,
  connects: Count,
  reconnects: Count,
  lastClose: MaybeText,
  silentMs: Measured,
  wanted: Count,
  live: Count,
  lateMs: Schema.Finite,
  sockets: Schema.Array(
    Schema.Struct({ state: LinkState, attempt: Count, connects: Count, lastClose: MaybeText, keys: Count, roundTripMs: Measured }),
  ),
});

const LimitReport = Schema.Struct({
  group: Schema.String,
  limit: Count,
  share: Schema.Finite,
  allowed: Schema.Finite,
  others: Schema.Finite,
  used: Schema.Finite,
  waiting: Count,
  pausedMs: Schema.Finite,
  refusals: Count,
});

const KeyReport = Schema.Struct({
  /** `kind:market`. */
  key: Schema.String,
  messages: Count,
  perSecond: Schema.Finite,
  /** Since its last message. */
  silentMs: Measured,
  /** Since what we know of it was last known to be current; null while it is not live. */
  confirmedAgeMs: Measured,
});

const TierReport = Schema.Struct({
  tier: Schema.String,
  answered: Count,
  missed: Count,
  failed: Count,
  p50Ms: Measured,
  p95Ms: Measured,
  lastFailure: MaybeText,
});

export const AppStatus = Schema.Struct({
  app: Schema.Struct({
    program: Schema.String,
    pid: Schema.Int,
    /** Of Node. */
    runtime: Schema.String,
    startedAtMs: Schema.Finite,
    uptimeMs: Schema.Finite,
  }),
  venue: Schema.String,
  simulated: Schema.Boolean,
  mode: ModeReport,
  /** The newest last, at most 10. */
  modeHistory: Schema.Array(ModeChange),
  channels: Schema.Array(ChannelReport),
  link: LinkReport,
  limits: Schema.Array(LimitReport),
  /** Until the whole exchange may be asked again; 0 when it is not blocked. */
  blockedMs: Schema.Finite,
  tiers: Schema.Array(TierReport),
  /** What the sockets carry, at most 100. */
  keys: Schema.Array(KeyReport),
  hotKeys: Count,
  knownMarkets: Schema.NullOr(Count),
  /** Since the app began, the newest last, at most 10. */
  alerts: Schema.Array(Alert),
  /** What was done by hand to apps of this state folder, the newest last, at most 10. */
  audit: Schema.Array(AuditEntry),
  /** The machine; nothing is known of it where the router has no `HostProbe`. */
  host: HostFacts,
});
export type AppStatus = typeof AppStatus.Type;

/** What was done, and whether it could be written down: a full disk keeps nobody from acting. */
const Done = Schema.Struct({ entry: AuditEntry, written: Schema.Boolean });

const Switched = Schema.Struct({ ...Done.fields, mode: ModeReport });
export type Switched = typeof Switched.Type;

const Resubscribed = Schema.Struct({
  ...Done.fields,
  /** Keys that are wanted, over all sockets. */
  wanted: Count,
  /** Sockets whose subscription was sent again. */
  sockets: Count,
  /** Of these, sockets that told no list in time, or ended first. */
  unanswered: Count,
  /** Keys that the exchange's list has not. */
  missing: Schema.Array(Schema.String),
  isSame: Schema.Boolean,
});
export type Resubscribed = typeof Resubscribed.Type;

/** There is no router at present whose subscription could be sent. */
export class NoRouter extends Schema.TaggedError<NoRouter>()("NoRouter", { mode: Mode }, { httpApiStatus: 409 }) {
  override get message(): string {
    return `there is no router at present, and so no subscription of it (mode ${this.mode})`;
  }
}

const app = HttpApiGroup.make("app", { topLevel: true }).add(
  HttpApiEndpoint.get("status", "/status", { success: AppStatus }),
  HttpApiEndpoint.post("fallback", "/fallback", { payload: Schema.Struct({ to: Override, ...Word.fields }), success: Switched }),
  HttpApiEndpoint.post("resubscribe", "/resubscribe", { payload: Word, success: Resubscribed, error: NoRouter }),
);

export const AdminApi = HttpApi.make("naru").add(app).middleware(HttpApiMiddleware.ProblemDetails);
