/**
 * Who may ask now. The exchange counts requests per IP address, so the state behind this service is one per process and host, whoever
 * builds the layer and however often (`HostLimits.ts`); the window itself is `SlidingWindow.ts` and the queue in front of it
 * `LimitGate.ts`.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Priority } from "../domain/Question.ts";
import { ConfigError, type RateLimited } from "../errors/MarketDataError.ts";
import { type LimitShare, RouterConfig } from "../RouterConfig.ts";
import { StateStore } from "../state/StateStore.ts";
import { Awake } from "../transport/Awake.ts";
import { Venue } from "../transport/Venue.ts";
import { attachHost, HostLimits } from "./HostLimits.ts";
import * as LimitMemory from "./LimitMemory.ts";
import type { LimitTable } from "./LimitTable.ts";

export interface AcquireOptions {
  readonly priority: Priority;
  /** How long the caller can wait at most; a wait that cannot fit is refused at once. Infinity when there is no deadline. */
  readonly maxWaitMs: number;
}

/** The right to send one request, or to open one socket, now. */
export interface Grant {
  readonly group: string;
  /** Monotonic milliseconds. */
  readonly grantedMs: number;
}

/** The group of socket connects. */
export const connectGroup = "socket-connect";

/** One group as it stands, for health reports. Socket connects are the group `socket-connect`. */
export interface LimitSnapshot {
  readonly group: string;
  /** Requests that the exchange allows in one window. */
  readonly limit: number;
  /** What of it this process may use at most: less than the limit where processes on one address divide it. */
  readonly share: number;
  /** What of it we use at most at present: less than the share while others need it, after a refusal, or after a block. May be a fraction. */
  readonly allowed: number;
  /** Requests of others on the same address in one window, as far as answers showed. */
  readonly others: number;
  /** Grants that still count, ours and those of others that the exchange told us of. */
  readonly used: number;
  /** Callers in the queue. */
  readonly waiting: number;
  /** Since somebody last had to wait, in milliseconds: 0 while somebody does, infinity where nobody ever did. */
  readonly waitedAgoMs: number;
  /** Milliseconds until a pause or a block ends; 0 when there is none. */
  readonly pausedMs: number;
  /** Requests that the exchange refused with 429 since the process began. */
  readonly refusals: number;
}

export class RateLimiter extends Context.Service<
  RateLimiter,
  {
    /**
     * Waits for a place in a REST group. Succeeds when the request may be sent now. Waiting callers are served by priority, first come
     * first served among equals, and every tenth place goes to whoever has waited longest. Fails at once, with scope `local`, when the wait would not fit `maxWaitMs` or the queue is full, and
     * with scope `ip` when the host is blocked for longer than that; also later, the moment a pause or more urgent callers make the wait
     * too long. An interrupted caller leaves the queue at once and uses nothing. A group the table does not know gets the table's
     * strictest limit.
     */
    readonly acquire: (group: string, options: AcquireOptions) => Effect.Effect<Grant, RateLimited>;
    /** Waits for the right to open a socket; as `acquire`. */
    readonly acquireConnect: (options: AcquireOptions) => Effect.Effect<Grant, RateLimited>;
    /**
     * The granted request is over: answered, or given up. It may have been on its way until then, and one given up still is; its place counts
     * from there, and until then it is not free, for three windows at most. So every grant that was used should end.
     */
    readonly ended: (grant: Grant, answered: boolean) => Effect.Effect<void>;
    /**
     * What an answer's header said: requests left in the group's current window. It can only lower what we use: where fewer are left than
     * our own grants explain, somebody else shares the IP address; our part shrinks by theirs at once, and grows again when they are gone.
     * `tookMs` is how long ago the request was sent; what is older than a window says nothing about now and is ignored.
     */
    readonly feedback: (group: string, remaining: number, tookMs?: number) => Effect.Effect<void>;
    /**
     * HTTP 429: nothing to this group for `forMs`, longer where refusals follow one another, and half the rate from then on, which recovers by
     * itself. Never shortens a pause. `grant` is that of the refused request: several refused together count once. To be told before `ended`.
     */
    readonly pauseGroup: (group: string, forMs: number, grant?: Grant) => Effect.Effect<void>;
    /**
     * HTTP 418: nothing to the host at all for `forMs` and a second, requests and connects; requests that wait end at once. Then one request goes,
     * and after its answer a growing part of every limit. Never shortens a block. Remembered over a restart. To be told before `ended`.
     * `detail`: what the answer said, for the log.
     */
    readonly block: (forMs: number, detail?: string | null) => Effect.Effect<void>;
    /** Share of the group's window in use now, 0 to 1; 1 while paused or blocked. */
    readonly usage: (group: string) => number;
    /** Milliseconds until a caller of this priority (`low`: the end of the queue) who joined now would be served; 0 when at once. */
    readonly waitMs: (group: string, priority?: Priority) => number;
    /** Milliseconds until the whole host may be asked again; 0 when it is not blocked. */
    readonly blockedMs: () => number;
    /** State of every group and of socket connects. */
    readonly snapshot: () => ReadonlyArray<LimitSnapshot>;
  }
>()("@naru/router/limits/RateLimiter") {
  /** The process's limits for the venue's host. A second living instance for one host shares its state, and a warning says so once. */
  static readonly layer: Layer.Layer<RateLimiter, never, Venue> = Layer.effect(
    RateLimiter,
    Effect.gen(function* () {
      const venue = yield* Venue;
      const clock = yield* Clock.Clock;
      const { limitShare: share } = yield* RouterConfig;
      if (!isShare(share)) return yield* Effect.die(nonsense(share));
      const host = yield* attachHost(venue.host, venue.limits, share);
      yield* (yield* Awake).onWake(() => host.awoke());
      const memory = yield* LimitMemory.make(host, { store: yield* StateStore, host: venue.host, share, clock });
      return serviceOf(host, memory.blocked, venue.host);
    }),
  );

  /** The same limiter with a state of its own, shared with nobody. For tests. */
  static readonly layerTest = (limits: LimitTable): Layer.Layer<RateLimiter> =>
    Layer.effect(
      RateLimiter,
      Clock.clockWith((clock) => Effect.sync(() => serviceOf(new HostLimits(clock, limits), Effect.void, "the exchange"))),
    );
}

const isShare = ({ part, of }: LimitShare): boolean => Number.isInteger(part) && Number.isInteger(of) && part >= 1 && part <= of;

const nonsense = ({ part, of }: LimitShare): ConfigError =>
  new ConfigError({ setting: "limitShare", input: `${part} of ${of}`, reason: "must be a part of so many, counted from 1" });

const serviceOf = (host: HostLimits, remember: Effect.Effect<void>, name: string) =>
  RateLimiter.of({
    acquire: (group, options) => host.group(group).acquire(options),
    acquireConnect: (options) => host.connects.acquire(options),
    ended: ({ group, grantedMs }, answered) =>
      Effect.sync(() => (group === connectGroup ? host.connects : host.group(group)).ended(grantedMs, answered)),
    feedback: (group, remaining, tookMs = 0) => Effect.sync(() => host.known(group)?.observe(remaining, tookMs)),
    pauseGroup: (group, forMs, grant) => Effect.sync(() => host.group(group).refused(forMs, grant?.grantedMs)),
    block: (forMs, detail = null) =>
      Effect.gen(function* () {
        host.block(forMs);
        yield* Effect.logWarning(
          `${name} blocks this address: nothing is sent to it for ${Math.ceil(host.blockedMs() / 1_000)} s`,
          detail ?? "",
        );
        yield* remember;
      }),
    usage: (group) => host.group(group).usage(),
    waitMs: (group, priority = "low") => host.group(group).waitMs(priority),
    blockedMs: () => host.blockedMs(),
    snapshot: () => host.gates().map((gate) => gate.snapshot()),
  });
