/**
 * Who may ask now. The service here, its pure step in `SlidingWindow.ts`.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Priority } from "../domain/Question.ts";
import type { RateLimited } from "../errors/MarketDataError.ts";

export interface AcquireOptions {
  readonly priority: Priority;
  /** How long the caller can wait at most; a wait that cannot fit is refused at once. Infinity when there is no deadline. */
  readonly maxWaitMs: number;
}

export class RateLimiter extends Context.Service<
  RateLimiter,
  {
    /** Waits for a place in a REST group. Succeeds when the request may be sent now. */
    readonly acquire: (group: string, options: AcquireOptions) => Effect.Effect<void, RateLimited>;
    /** Waits for the right to open a socket. */
    readonly acquireConnect: (options: AcquireOptions) => Effect.Effect<void, RateLimited>;
    /** What an answer's header said: requests left in the group's current window. It can only lower what we use. */
    readonly feedback: (group: string, remaining: number) => Effect.Effect<void>;
    /** HTTP 429: nothing to this group for `forMs`. */
    readonly pauseGroup: (group: string, forMs: number) => Effect.Effect<void>;
    /** HTTP 418: nothing to the host at all for `forMs`, requests and connects. */
    readonly block: (forMs: number) => Effect.Effect<void>;
    /** Share of the group's window in use now, 0 to 1; 1 while paused. */
    readonly usage: (group: string) => number;
    /** Milliseconds until the group may be asked again; 0 when it may be asked now. */
    readonly waitMs: (group: string) => number;
    /** State of every group, for health reports. */
    readonly snapshot: () => ReadonlyArray<{
      readonly group: string;
      readonly limit: number;
      readonly used: number;
      readonly waiting: number;
      readonly pausedMs: number;
    }>;
  }
>()("@naru/router/limits/RateLimiter") {}
