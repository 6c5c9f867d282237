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
import type { RateLimited } from "../errors/MarketDataError.ts";
import { Venue } from "../transport/Venue.ts";
import { attachHost, HostLimits } from "./HostLimits.ts";
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
  readonly limit: number;
  /** Grants that still count, ours and those of others that the exchange told us of. */
  readonly used: number;
  /** Callers in the queue. */
  readonly waiting: number;
  /** Milliseconds until a pause or a block ends; 0 when there is none. */
  readonly pausedMs: number;
}

export class RateLimiter extends Context.Service<
  RateLimiter,
  {
    /**
     * Waits for a place in a REST group. Succeeds when the request may be sent now. Waiting callers are served by priority, first come
     * first served among equals. Fails at once, with scope `local`, when the wait would not fit `maxWaitMs` or the queue is full, and
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
     * our own grants explain, somebody else shares the IP address, and their requests are counted as if they were ours.
     * `tookMs` is how long ago the request was sent; what is older than a window says nothing about now and is ignored.
     */
    readonly feedback: (group: string, remaining: number, tookMs?: number) => Effect.Effect<void>;
    /** HTTP 429: nothing to this group for `forMs`. Never shortens a pause. */
    readonly pauseGroup: (group: string, forMs: number) => Effect.Effect<void>;
    /** HTTP 418: nothing to the host at all for `forMs`, requests and connects. Never shortens a block. */
    readonly block: (forMs: number) => Effect.Effect<void>;
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
      const host = yield* attachHost(venue.host, venue.limits);
      return serviceOf(host);
    }),
  );

  /** The same limiter with a state of its own, shared with nobody. For tests. */
  static readonly layerTest = (limits: LimitTable): Layer.Layer<RateLimiter> =>
    Layer.effect(
      RateLimiter,
      Clock.clockWith((clock) => Effect.sync(() => serviceOf(new HostLimits(clock, limits)))),
    );
}

const serviceOf = (host: HostLimits) =>
  RateLimiter.of({
    acquire: (group, options) => Effect.map(host.group(group).acquire(options), (grantedMs) => ({ group, grantedMs })),
    acquireConnect: (options) => Effect.map(host.connects.acquire(options), (grantedMs) => ({ group: connectGroup, grantedMs })),
    ended: ({ group, grantedMs }, answered) =>
      Effect.sync(() => (group === connectGroup ? host.connects : host.group(group)).ended(grantedMs, answered)),
    feedback: (group, remaining, tookMs = 0) => Effect.sync(() => host.known(group)?.observe(remaining, tookMs)),
    pauseGroup: (group, forMs) =>
      Effect.sync(() => {
        const gate = host.group(group);
        gate.pause(gate.now() + forMs);
      }),
    block: (forMs) => Effect.sync(() => host.block(forMs)),
    usage: (group) => host.group(group).usage(),
    waitMs: (group, priority = "low") => host.group(group).waitMs(priority),
    blockedMs: () => host.blockedMs(),
    snapshot: () => host.gates().map((gate) => gate.snapshot()),
  });
