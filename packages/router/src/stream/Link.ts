/**
 * The one socket of the router, over all its lives: opened when somebody wants it, reconnected with backoff while somebody does, closed after a
 * while when nobody does. A socket that cannot be opened never fails anything here: it is a state, told to the observer and to the streams.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import type { Reconnecting } from "../domain/StreamElement.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import { type MarketDataError, NetworkError } from "../errors/MarketDataError.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig, type RouterConfigShape } from "../RouterConfig.ts";
import { monotonicMs, runSession, type SessionEnd, type SessionHooks } from "../transport/Session.ts";
import { Signal } from "../transport/Signal.ts";
import type { Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import type { FrameHub } from "./FrameHub.ts";
import type { Interest } from "./Interest.ts";
import { delayAfterMs } from "./ReconnectDelay.ts";

/** `idle`: never asked to open. `connecting`: an attempt is under way. `open`: upgraded. `waiting`: between attempts. `closed`: for good. */
export type LinkState = "idle" | "connecting" | "open" | "waiting" | "closed";

export interface LinkEvent {
  readonly state: LinkState;
  /** Why the last link ended, for `waiting`; else null. */
  readonly reason: string | null;
  /** Monotonic time of the change. */
  readonly atNanos: bigint;
}

/** Told synchronously of every change of the link's state. Must not throw. Read once, when the layer is built. */
export const LinkObserver = Context.Reference<(event: LinkEvent) => void>("@naru/router/stream/LinkObserver", {
  defaultValue: () => () => {},
});

export interface LinkOptions {
  readonly interest: Interest;
  readonly hub: FrameHub;
  /** The link broke, or could not be opened: whoever waits on it fails with this. */
  readonly onDown: (error: MarketDataError) => void;
}

export const makeLink = Effect.fnUntraced(function* (options: LinkOptions) {
  const parts = {
    ...options,
    clock: yield* Clock.Clock,
    config: yield* RouterConfig,
    observer: yield* LinkObserver,
    host: (yield* Venue).host,
  };
  return new Link(parts);
});

interface LinkParts extends LinkOptions {
  readonly clock: Clock.Clock;
  readonly config: RouterConfigShape;
  readonly observer: (event: LinkEvent) => void;
  readonly host: string;
}

export class Link {
  readonly #parts: LinkParts;
  readonly #wake = new Signal();
  state: LinkState = "idle";
  connects = 0;
  lastClose: string | null = null;
  /** Last inbound byte or pong of any link. */
  heardNanos: bigint | undefined;
  /** What the consumers were last told while the link is down. */
  down: Reconnecting | undefined;
  /** Ends since the last stable link. */
  #failures = 0;
  #refusals = 0;
  #openedMs: number | undefined;
  #downSinceMs: number | undefined;
  #spoken = false;
  /** Until when the link is kept without a wanted key. */
  #keepUntilMs = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  get attempt(): number {
    return this.state === "open" ? 0 : this.#failures;
  }

  /** Somebody asks for the link: it opens if it is not, and stays for a while. */
  open(): void {
    this.#keep(this.#nowMs());
    this.#wake.notify();
  }

  /** The wanted set may have changed. */
  changed(): void {
    this.#wake.notify();
  }

  /** For good: no more state changes are told after this. */
  close(): void {
    this.#set("closed", null);
  }

  /** Keeps the link for ever: one session after another. */
  readonly run: Effect.Effect<never, never, Transport | Venue | RateLimiter> = Effect.suspend(() =>
    this.#needed(this.#nowMs()) ? this.#attempt : this.#rest,
  ).pipe(Effect.forever);

  /** Nobody wants the link; whoever comes next was not there when it broke. */
  readonly #rest: Effect.Effect<void> = Effect.suspend(() => {
    this.down = undefined;
    this.#downSinceMs = undefined;
    this.#set("idle", null);
    return this.#wake.wait;
  });

  readonly #attempt: Effect.Effect<void, never, Transport | Venue | RateLimiter> = Effect.suspend(() => {
    this.#set("connecting", null);
    return runSession(this.#hooks, this.#wake);
  }).pipe(
    // Our own interruption passes this by; an interruption caught here came from elsewhere and must not end the link for good.
    Effect.catchCause((cause) => {
      const error = new NetworkError({ phase: "socket", host: this.#parts.host, code: null, detail: "the session crashed" });
      const end: SessionEnd = { _tag: "Failed", error, opened: this.state === "open" };
      if (this.state !== "waiting") this.#ended(end);
      return Effect.as(Effect.logError("The socket session crashed", cause), end);
    }),
    Effect.flatMap((end) => this.#pause(end)),
  );

  #pause(end: SessionEnd): Effect.Effect<void, never, RateLimiter> {
    if (end._tag === "Unwanted") return Effect.void;
    return Effect.gen({ self: this }, function* () {
      if (end._tag === "Failed" && end.error._tag === "RateLimited" && end.error.scope === "ip") {
        const limiter = yield* RateLimiter;
        yield* limiter.block(end.error.retryAfterMs);
      }
      const random01 = yield* Random.next;
      yield* Effect.sleep(delayAfterMs(end, { failures: this.#failures - 1, refusals: this.#refusals, random01 }));
    });
  }

  readonly #hooks: SessionHooks = {
    wanted: (nowMs) => this.#wanted(nowMs),
    unwanted: (nowMs) => !this.#needed(nowMs),
    nextChangeMs: (nowMs) => Math.min(this.#parts.interest.nextExpiryMs(), this.#wanted(nowMs).length === 0 ? this.#keepUntilMs : Infinity),
    onOpen: () => this.#opened(),
    onSent: (keys) => {
      this.#parts.hub.sent(keys);
      this.#resumed();
    },
    onHeard: (nanos) => {
      this.heardNanos = nanos;
    },
    onMessage: (message, receipt) => {
      this.#spoken = true;
      this.#parts.hub.accept(message, receipt);
    },
    onLost: (lost) => this.#parts.hub.lost(lost),
    onReadEnd: () => this.#parts.hub.flush(),
    onEnd: (end) => this.#ended(end),
  };

  #opened(): void {
    this.connects++;
    this.heardNanos = this.#parts.clock.monotonicTimeNanosUnsafe();
    this.#openedMs = this.#nowMs();
    this.#spoken = false;
    this.#set("open", null);
  }

  #resumed(): void {
    const nowMs = this.#nowMs();
    if (this.#downSinceMs !== undefined) this.#parts.hub.resumed(nowMs - this.#downSinceMs, this.#parts.clock.currentTimeMillisUnsafe());
    this.#downSinceMs = undefined;
    this.down = undefined;
  }

  /** In the same step in which the end is known, nothing is live any more. */
  #ended(end: SessionEnd): void {
    const { hub, config, clock, onDown, host } = this.#parts;
    const nowMs = this.#nowMs();
    const reason = describe(end);
    this.lastClose = reason;
    const stable = this.#spoken && this.#openedMs !== undefined && nowMs - this.#openedMs >= config.stableAfterMs;
    this.#openedMs = undefined;
    if (end._tag === "Unwanted") {
      this.#failures = 0;
      return hub.idle();
    }
    this.#failures = stable ? 1 : this.#failures + 1;
    this.#downSinceMs ??= nowMs;
    this.down = { _tag: "Reconnecting", attempt: this.#failures, reason, atMs: clock.currentTimeMillisUnsafe() };
    this.#set("waiting", reason);
    if (end._tag === "Failed") this.#judge(end.error, end.opened);
    hub.interrupt(this.down);
    onDown(
      end._tag === "Failed"
        ? end.error
        : new NetworkError({ phase: "socket", host, code: end._tag === "Closed" ? String(end.code) : null, detail: reason }),
    );
  }

  /**
   * A request that the exchange calls wrong would be wrong again for ever. Reads of keys that it never answered are given up at once; streams of
   * such keys fail the second time in a row. Keys that have ever spoken are not suspected.
   */
  #judge(error: MarketDataError, opened: boolean): void {
    const refused = error._tag === "InvalidRequest" || error._tag === "Unauthorized" || error._tag === "MarketUnknown";
    this.#refusals = refused ? this.#refusals + 1 : 0;
    if (!refused || !opened) return;
    const suspects = new Set(this.#parts.hub.unproven());
    for (const id of suspects) this.#parts.interest.forgetReads(id);
    if (this.#refusals >= 2) this.#parts.hub.fail(error, (id) => suspects.has(id));
  }

  #wanted(nowMs: number): ReadonlyArray<StreamKey> {
    const wanted = this.#parts.interest.wanted(nowMs);
    if (wanted.length > 0) this.#keep(nowMs);
    return wanted;
  }

  #needed(nowMs: number): boolean {
    return this.#wanted(nowMs).length > 0 || nowMs < this.#keepUntilMs;
  }

  #keep(nowMs: number): void {
    this.#keepUntilMs = Math.max(this.#keepUntilMs, nowMs + this.#parts.config.lingerMs);
  }

  #nowMs(): number {
    return monotonicMs(this.#parts.clock);
  }

  #set(state: LinkState, reason: string | null): void {
    if (this.state === "closed" || this.state === state) return;
    this.state = state;
    this.#parts.observer({ state, reason, atNanos: this.#parts.clock.monotonicTimeNanosUnsafe() });
  }
}

const describe = (end: SessionEnd): string => {
  switch (end._tag) {
    case "Closed":
      return end.reason === "" ? `closed ${end.code}` : `closed ${end.code}: ${end.reason.slice(0, 120)}`;
    case "Silent":
      return `silent for ${Math.round(end.silentMs)} ms`;
    case "Unwanted":
      return "unwanted";
    case "Failed":
      return `${end.error._tag}: ${end.error.message}`;
  }
};
