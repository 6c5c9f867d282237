/**
 * Everything that can go wrong, as one flat union of tagged errors: `Effect.catchTag("RateLimited", …)` works on any call of this library,
 * whatever channel the failure came through. HTTP 429 and a socket's TOO_MANY_REQUEST are one tag; HTTP 401 and a socket's INVALID_AUTH are
 * one tag; the two tags differ, because the first is worth waiting for and the second never is.
 *
 * Each error carries its numbers, says whether trying again can help (`retryable`) and how long to wait (`retryAfterMs`, null when unknown).
 * Messages are built of the same blocks every time: what happened (facts) — hint.
 */
import * as Runtime from "effect/Runtime";
import * as Schema from "effect/Schema";

const Millis = Schema.Finite;
const MaybeText = Schema.NullOr(Schema.String);

/** Exit codes of the command line, after sysexits.h. */
const exit = { usage: 64, data: 65, noInput: 66, unavailable: 69, io: 74, tryLater: 75, noPermission: 77, config: 78 } as const;

const say = (what: string, facts: Record<string, unknown>, hint?: string): string => {
  const known = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const listed = known.map(([name, value]) => `${name} ${String(value)}`).join(", ");
  return what + (listed === "" ? "" : ` (${listed})`) + (hint === undefined ? "" : ` — ${hint}`);
};

/**
 * A limit of the exchange, or our own guard in front of it, was reached. `scope`: one limit group, the whole IP (HTTP 418), the socket's
 * connects or messages, or `local` when we refused because the wait would not fit the caller's deadline.
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  group: Schema.String,
  scope: Schema.Literals(["group", "ip", "socket-connect", "socket-message", "local"]),
  /** HTTP status, null where there was none. */
  status: Schema.NullOr(Schema.Int),
  retryAfterMs: Millis,
  detail: MaybeText,
}) {
  readonly retryable = true;
  override get message(): string {
    const what = this.scope === "ip" ? "The exchange blocks this IP address" : "A rate limit was reached";
    return say(what, { group: this.group, scope: this.scope, status: this.status, retryAfterMs: this.retryAfterMs, detail: this.detail });
  }
  override readonly [Runtime.errorExitCode] = exit.tryLater;
}

/** HTTP 401 and the socket's INVALID_AUTH. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  channel: Schema.Literals(["rest", "websocket"]),
  name: Schema.String,
  status: Schema.NullOr(Schema.Int),
  detail: MaybeText,
}) {
  readonly retryable = false;
  readonly retryAfterMs = null;
  override get message(): string {
    return say("The exchange refused the credentials", {
      channel: this.channel,
      name: this.name,
      status: this.status,
      detail: this.detail,
    });
  }
  override readonly [Runtime.errorExitCode] = exit.noPermission;
}

/** The question itself is wrong. Ours are raised before any network use; the exchange's carry its `name` and `status`. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  /** What was wrong: `market`, `interval`, `count`, … or `request` where the exchange did not say. */
  field: Schema.String,
  input: Schema.String,
  reason: Schema.String,
  hint: Schema.optionalKey(Schema.String),
  /** The exchange's own name of the error, such as `WRONG_FORMAT`. */
  name: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Int),
}) {
  readonly retryable = false;
  readonly retryAfterMs = null;
  override get message(): string {
    // Without a name of the exchange's, `name` is the one every JavaScript error has: the tag.
    const name = this.name === this._tag ? undefined : this.name;
    return say(`${this.field} ${JSON.stringify(this.input)} ${this.reason}`, { name, status: this.status }, this.hint);
  }
  override readonly [Runtime.errorExitCode] = exit.usage;
}

/** No such market at this venue, or no longer. */
export class MarketUnknown extends Schema.TaggedError<MarketUnknown>()("MarketUnknown", {
  market: Schema.String,
  venue: Schema.String,
  /** The known markets spelt most alike, best first. */
  near: Schema.Array(Schema.String),
}) {
  readonly retryable = false;
  readonly retryAfterMs = null;
  override get message(): string {
    const hint = this.near.length === 0 ? undefined : `did you mean ${this.near.join(" or ")}?`;
    return say(`${this.venue} has no market ${this.market}`, {}, hint);
  }
  override readonly [Runtime.errorExitCode] = exit.noInput;
}

/** The network failed before an answer was complete. */
export class NetworkError extends Schema.TaggedError<NetworkError>()("NetworkError", {
  phase: Schema.Literals(["dns", "connect", "tls", "send", "headers", "body", "upgrade", "socket"]),
  /** The host that was asked. */
  host: Schema.String,
  /** The system's code (`ECONNREFUSED`) or the socket's close code. */
  code: MaybeText,
  detail: MaybeText,
}) {
  readonly retryAfterMs = null;
  /** A certificate that does not verify will not verify on a second look. */
  get retryable(): boolean {
    return this.phase !== "tls";
  }
  override get message(): string {
    return say(`The network failed at ${this.phase}`, { host: this.host, code: this.code, detail: this.detail });
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** Something took longer than it may. `deadline` is the caller's own budget over everything. */
export class TimeoutError extends Schema.TaggedError<TimeoutError>()("TimeoutError", {
  phase: Schema.Literals(["connect", "headers", "body", "attempt", "upgrade", "first-frame", "deadline"]),
  timeoutMs: Millis,
  detail: MaybeText,
}) {
  readonly retryAfterMs = null;
  /** A caller's deadline is spent; another attempt belongs to another call. */
  get retryable(): boolean {
    return this.phase !== "deadline";
  }
  override get message(): string {
    return say(`No answer in time at ${this.phase}`, { timeoutMs: this.timeoutMs, detail: this.detail });
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** What arrived is not what the exchange's protocol says. Never replaced by a default value. */
export class DecodeError extends Schema.TaggedError<DecodeError>()("DecodeError", {
  /**
   * `size`, `bytes` (decompression), `content-type`, `utf8` and `json` concern the whole body; `schema` one record, `answer` a good body
   * about something else.
   */
  stage: Schema.Literals(["size", "bytes", "content-type", "utf8", "json", "schema", "answer"]),
  /** Where in the payload, as `[3].trade_price`; empty for the whole. */
  path: Schema.String,
  detail: Schema.String,
}) {
  readonly retryAfterMs = null;
  /** A torn body may be whole next time; a changed protocol will not. */
  get retryable(): boolean {
    return this.stage !== "schema" && this.stage !== "size";
  }
  override get message(): string {
    return say(`The payload cannot be read (${this.stage})`, { path: this.path, detail: this.detail });
  }
  override readonly [Runtime.errorExitCode] = exit.data;
}

/** The exchange answered that it cannot: 5xx, a redirect elsewhere, an HTML page, or a status the protocol does not know. */
export class UpstreamError extends Schema.TaggedError<UpstreamError>()("UpstreamError", {
  status: Schema.Int,
  name: MaybeText,
  detail: MaybeText,
  retryAfterMs: Schema.NullOr(Millis),
}) {
  get retryable(): boolean {
    return this.status >= 500 || this.status === 200;
  }
  override get message(): string {
    return say("The exchange could not answer", {
      status: this.status,
      name: this.name,
      detail: this.detail,
      retryAfterMs: this.retryAfterMs,
    });
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** Not asked, because the last attempts to that target failed. */
export class CircuitOpen extends Schema.TaggedError<CircuitOpen>()("CircuitOpen", {
  target: Schema.String,
  retryAfterMs: Millis,
}) {
  readonly retryable = true;
  override get message(): string {
    return say("Not asked: recent attempts failed", { target: this.target, retryAfterMs: this.retryAfterMs });
  }
  override readonly [Runtime.errorExitCode] = exit.tryLater;
}

/** A value is known but older than the caller accepts. `lastKnown` is its JSON form; `onStale: "serve"` returns it with a label instead. */
export class StaleData extends Schema.TaggedError<StaleData>()("StaleData", {
  kind: Schema.String,
  market: Schema.String,
  confirmedAgeMs: Millis,
  maxAgeMs: Millis,
  staleReason: Schema.String,
  /** The value was made up by the emulated exchange. */
  simulated: Schema.Boolean,
  lastKnown: Schema.Unknown,
}) {
  readonly retryable = true;
  readonly retryAfterMs = null;
  override get message(): string {
    const facts = { confirmedAgeMs: this.confirmedAgeMs, maxAgeMs: this.maxAgeMs, staleReason: this.staleReason };
    return say(`The last known ${this.kind} of ${this.market} is too old`, facts, 'onStale: "serve" accepts it with a label');
  }
  override readonly [Runtime.errorExitCode] = exit.tryLater;
}

/** The exchange lists the market, and nobody has traded in it yet: there is no price to tell. So is a market from its listing to its first trade. */
export class NeverTraded extends Schema.TaggedError<NeverTraded>()("NeverTraded", { market: Schema.String }) {
  readonly retryable = true;
  readonly retryAfterMs = null;
  override get message(): string {
    return say(`${this.market} has not been traded yet`, {}, "its stream tells the first price");
  }
  override readonly [Runtime.errorExitCode] = exit.tryLater;
}

/** One attempt of a call, kept whether it answered or failed. */
export const Attempt = Schema.Struct({
  tier: Schema.String,
  /**
   * `answered`; `missed`: had nothing that fits; `failed`: an error; `interrupted`: another tier answered first; `partial`: answered some of
   * the markets.
   */
  outcome: Schema.Literals(["answered", "partial", "missed", "failed", "interrupted"]),
  /** A reason code, or the tag and message of the error. */
  reason: Schema.String,
  durationMs: Millis,
});
export type Attempt = typeof Attempt.Type;

/** Every tier that could be asked was asked, and they failed for different reasons. */
export class DataUnavailable extends Schema.TaggedError<DataUnavailable>()("DataUnavailable", {
  kind: Schema.String,
  market: Schema.String,
  attempts: Schema.Array(Attempt),
}) {
  readonly retryable = true;
  readonly retryAfterMs = null;
  override get message(): string {
    const tried = this.attempts.map((attempt) => `${attempt.tier}: ${attempt.reason}`).join("; ");
    return say(`No ${this.kind} of ${this.market} from any of ${this.attempts.length} tiers`, { tried });
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** One of our own bounds is reached; nothing was asked. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {
  what: Schema.String,
  limit: Schema.Int,
  retryAfterMs: Millis,
}) {
  readonly retryable = true;
  override get message(): string {
    return say(`Too much at once: ${this.what}`, { limit: this.limit, retryAfterMs: this.retryAfterMs });
  }
  override readonly [Runtime.errorExitCode] = exit.tryLater;
}

/** A stream's consumer fell behind further than its buffer reaches. */
export class SlowConsumer extends Schema.TaggedError<SlowConsumer>()("SlowConsumer", {
  kind: Schema.String,
  capacity: Schema.Int,
  dropped: Schema.Int,
}) {
  readonly retryable = true;
  readonly retryAfterMs = null;
  override get message(): string {
    return say(`The consumer of ${this.kind} is too slow`, { capacity: this.capacity, dropped: this.dropped });
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** Trades or candles of a stream are missing and could not be read back. */
export class StreamGap extends Schema.TaggedError<StreamGap>()("StreamGap", {
  kind: Schema.String,
  market: Schema.String,
  fromMs: Schema.Int,
  toMs: Schema.Int,
  reason: Schema.String,
}) {
  readonly retryable = true;
  readonly retryAfterMs = null;
  override get message(): string {
    const facts = { fromMs: this.fromMs, toMs: this.toMs, reason: this.reason };
    return say(`${this.kind} of ${this.market} have a hole that could not be filled`, facts, 'onGap: "skip" goes on without them');
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** The disk or the shared store failed. Live data goes on without it. */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  operation: Schema.String,
  path: Schema.String,
  code: MaybeText,
  detail: MaybeText,
}) {
  readonly retryable = false;
  readonly retryAfterMs = null;
  override get message(): string {
    return say(`Storage failed at ${this.operation}`, { path: this.path, code: this.code, detail: this.detail });
  }
  override readonly [Runtime.errorExitCode] = exit.io;
}

/** A setting cannot be used. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  setting: Schema.String,
  input: Schema.String,
  reason: Schema.String,
}) {
  readonly retryable = false;
  readonly retryAfterMs = null;
  override get message(): string {
    return say(`Setting ${this.setting} ${JSON.stringify(this.input)} ${this.reason}`, {});
  }
  override readonly [Runtime.errorExitCode] = exit.config;
}

/** The client was closed while the call was under way, or before it. */
export class Closed extends Schema.TaggedError<Closed>()("Closed", { what: Schema.String }) {
  readonly retryable = false;
  readonly retryAfterMs = null;
  override get message(): string {
    return say(`${this.what} is closed`, {});
  }
  override readonly [Runtime.errorExitCode] = exit.unavailable;
}

/** The one union. Its JSON form is that of `Schema.toCodecJson(MarketDataError)`. */
export const MarketDataError = Schema.Union([
  RateLimited,
  Unauthorized,
  InvalidRequest,
  MarketUnknown,
  NetworkError,
  TimeoutError,
  DecodeError,
  UpstreamError,
  CircuitOpen,
  StaleData,
  NeverTraded,
  DataUnavailable,
  Overloaded,
  SlowConsumer,
  StreamGap,
  StorageError,
  ConfigError,
  Closed,
]);
export type MarketDataError = typeof MarketDataError.Type;

/** Every tag of the union, for tables and tests. */
export const errorTags = [
  "RateLimited",
  "Unauthorized",
  "InvalidRequest",
  "MarketUnknown",
  "NetworkError",
  "TimeoutError",
  "DecodeError",
  "UpstreamError",
  "CircuitOpen",
  "StaleData",
  "NeverTraded",
  "DataUnavailable",
  "Overloaded",
  "SlowConsumer",
  "StreamGap",
  "StorageError",
  "ConfigError",
  "Closed",
] as const satisfies ReadonlyArray<MarketDataError["_tag"]>;
