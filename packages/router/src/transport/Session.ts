/**
 * One life of one socket: opened behind the connect gate, subscribed with one merged message, kept alive, and ended with a typed reason.
 * Reconnecting is somebody else's business (`stream/Link.ts`).
 *
 * Frames go from the transport's callback through the venue's decoder to the hooks in one synchronous step; the loop here only pings,
 * sends subscriptions and watches deadlines, so a busy link costs no fiber turns. `onEnd` is called in the very step in which the end is
 * known, before anything asynchronous happens.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Random from "effect/Random";
import type * as Scope from "effect/Scope";
import { sameKeys, type StreamKey } from "../domain/StreamKey.ts";
import { DecodeError, type MarketDataError, NetworkError, TimeoutError } from "../errors/MarketDataError.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Keepalive } from "./Keepalive.ts";
import { MessageBudget } from "./MessageBudget.ts";
import type { Signal } from "./Signal.ts";
import { type Socket, type SocketHandlers, Transport } from "./Transport.ts";
import { type LostSubject, type SocketMessage, Venue } from "./Venue.ts";

export type SessionEnd =
  /** The peer, or the network, closed the socket. */
  | { readonly _tag: "Closed"; readonly code: number; readonly reason: string }
  /** Nothing was heard for too long; the socket was dropped. */
  | { readonly _tag: "Silent"; readonly silentMs: number }
  /** Nobody wanted anything of it any more. */
  | { readonly _tag: "Unwanted" }
  /** It could not be opened, the exchange sent an error frame, or what it sends cannot be read. */
  | { readonly _tag: "Failed"; readonly error: MarketDataError; readonly opened: boolean };

/** When something was received, on both clocks. */
export interface Receipt {
  readonly nanos: bigint;
  readonly ms: number;
}

/** A message about the market, as opposed to one about the link. */
export type DataMessage = Extract<SocketMessage, { readonly _tag: "Ticker" | "Orderbook" | "Trade" | "Candle" }>;

/** Called synchronously by the session. None may throw. */
export interface SessionHooks {
  /** What the subscription should be now. */
  readonly wanted: (nowMs: number) => ReadonlyArray<StreamKey>;
  /** Whether the link serves nobody any more. */
  readonly unwanted: (nowMs: number) => boolean;
  /** When {@link wanted} or {@link unwanted} may next change without a signal. */
  readonly nextChangeMs: (nowMs: number) => number;
  readonly onOpen: () => void;
  /** `keys` are the whole subscription from now on. Called just before the message leaves. */
  readonly onSent: (keys: ReadonlyArray<StreamKey>) => void;
  /** A byte or a pong came in. */
  readonly onHeard: (nanos: bigint) => void;
  readonly onMessage: (message: DataMessage, receipt: Receipt) => void;
  /** Something came and could not be read. */
  readonly onLost: (lost: LostSubject) => void;
  readonly onReadEnd: () => void;
  readonly onEnd: (end: SessionEnd) => void;
}

/** More unreadable frames than this within {@link undecodableWindowMs} end the session; of fewer, the first in such a time is logged. */
const undecodableLimit = 10;
const undecodableWindowMs = 10_000;

/**
 * After a frame that could not be read, the same subscription is sent again, because its snapshots tell what was missed: this long after the
 * frame, and not oftener than every {@link repeatEveryMs}.
 */
const repeatAfterMs = 500;
const repeatEveryMs = 5_000;

/** Lives one socket from the connect gate to its end. Never fails; interruption closes the socket. `wake` says that the wanted set changed. */
export const runSession = Effect.fnUntraced(function* (hooks: SessionHooks, wake: Signal) {
  const clock = yield* Clock.Clock;
  const config = yield* RouterConfig;
  const session = new Session(hooks, wake, clock, new Keepalive(config, monotonicMs(clock)), yield* Venue);
  const socket = yield* openSocket(session.handlers).pipe(
    Effect.catch((error: MarketDataError) => {
      session.finish({ _tag: "Failed", error, opened: false });
      return Effect.undefined;
    }),
  );
  // The peer may have hung up before we could say that the socket is open.
  if (socket !== undefined && session.end === undefined) yield* serve(session, socket);
  return session.end ?? { _tag: "Unwanted" };
}, Effect.scoped);

/** Clock reading for the pure machines, in monotonic milliseconds. */
export const monotonicMs = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

class Session {
  readonly hooks: SessionHooks;
  readonly wake: Signal;
  readonly clock: Clock.Clock;
  readonly keepalive: Keepalive;
  readonly venue: Venue["Service"];
  end: SessionEnd | undefined;
  /** The first of some unreadable frames, still to be logged. */
  unread: DecodeError | undefined;
  /** When the subscription is to be sent again, monotonic milliseconds. */
  repeatMs: number | undefined;
  #repeatedMs = Number.NEGATIVE_INFINITY;
  #undecodable: ReadonlyArray<number> = [];

  constructor(hooks: SessionHooks, wake: Signal, clock: Clock.Clock, keepalive: Keepalive, venue: Venue["Service"]) {
    this.hooks = hooks;
    this.wake = wake;
    this.clock = clock;
    this.keepalive = keepalive;
    this.venue = venue;
  }

  /** The first reason counts. */
  finish(end: SessionEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.hooks.onEnd(end);
    this.wake.notify();
  }

  readonly handlers: SocketHandlers = {
    onFrame: (data) => {
      if (this.end !== undefined) return;
      const receipt = { nanos: this.#heard(), ms: this.clock.currentTimeMillisUnsafe() };
      try {
        for (const message of this.venue.socket.decode(data)) this.#message(message, receipt);
      } catch (cause) {
        // Called from the socket's own callback: thrown on, it would end the process. This link is not to be trusted any more.
        const error = new DecodeError({
          stage: "schema",
          path: "",
          detail: `a frame could not be handled: ${String(cause).slice(0, 200)}`,
        });
        this.finish({ _tag: "Failed", error, opened: true });
      }
    },
    onReadEnd: () => this.hooks.onReadEnd(),
    onPong: () => {
      if (this.end === undefined) this.#heard();
    },
    onClose: ({ code, reason }) => this.finish({ _tag: "Closed", code, reason }),
  };

  #heard(): bigint {
    const nanos = this.clock.monotonicTimeNanosUnsafe();
    this.keepalive.heard(Number(nanos) / 1e6);
    this.hooks.onHeard(nanos);
    return nanos;
  }

  #message(message: SocketMessage, receipt: Receipt): void {
    switch (message._tag) {
      case "Failure":
        return this.finish({ _tag: "Failed", error: message.error, opened: true });
      case "Undecodable":
        if (message.lost !== undefined && this.end === undefined) this.#lost(message.lost, Number(receipt.nanos) / 1e6);
        return this.#countUndecodable(message.error, Number(receipt.nanos) / 1e6);
      case "Status":
      case "Subscriptions":
        return;
      default:
        if (this.end === undefined) this.hooks.onMessage(message, receipt);
    }
  }

  #lost(lost: LostSubject, nowMs: number): void {
    this.hooks.onLost(lost);
    if (this.repeatMs !== undefined) return;
    this.repeatMs = Math.max(nowMs + repeatAfterMs, this.#repeatedMs + repeatEveryMs);
    this.wake.notify();
  }

  /** The whole subscription goes out now. */
  subscribing(nowMs: number): void {
    if (this.repeatMs === undefined) return;
    this.repeatMs = undefined;
    this.#repeatedMs = nowMs;
  }

  #countUndecodable(error: DecodeError, nowMs: number): void {
    const recent = this.#undecodable.filter((atMs) => atMs > nowMs - undecodableWindowMs);
    if (recent.length === 0) {
      this.unread = error;
      this.wake.notify();
    }
    this.#undecodable = [...recent, nowMs];
    if (this.#undecodable.length > undecodableLimit) this.finish({ _tag: "Failed", error, opened: true });
  }
}

const openSocket = Effect.fn("Session.open")(function* (
  handlers: SocketHandlers,
): Effect.fn.Return<Socket, MarketDataError, Transport | Venue | RateLimiter | Scope.Scope> {
  const transport = yield* Transport;
  const venue = yield* Venue;
  const limiter = yield* RateLimiter;
  const { upgradeTimeoutMs } = yield* RouterConfig;
  const grant = yield* limiter.acquireConnect({ priority: "high", maxWaitMs: Number.POSITIVE_INFINITY });
  return yield* transport.socket(venue.socket.url, handlers).pipe(
    Effect.catchTag("UpgradeRefused", ({ status, headers, body }) => Effect.fail(venue.upgradeFailure(status, headers, body))),
    Effect.timeoutOrElse({
      duration: upgradeTimeoutMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "upgrade", timeoutMs: upgradeTimeoutMs, detail: venue.host })),
    }),
    Effect.onExit((exit) => limiter.ended(grant, Exit.isSuccess(exit))),
  );
});

const serve = Effect.fnUntraced(function* (session: Session, socket: Socket) {
  const { hooks, keepalive, venue, clock } = session;
  const config = yield* RouterConfig;
  const budget = new MessageBudget(venue.limits.socketMessage);
  const ticket = `naru-${(yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36)}`;
  let sent: ReadonlyArray<StreamKey> = [];
  keepalive.heard(monotonicMs(clock));
  hooks.onOpen();
  // What is wanted at the opening goes out at once; later changes are gathered first.
  let changedMs: number | undefined = monotonicMs(clock) - config.coalesceMs;
  const attempt = (io: Effect.Effect<void, NetworkError>) => bounded(io, config.deadAfterMs - config.pingAfterMs, session);
  while (session.end === undefined) {
    const nowMs = monotonicMs(clock);
    const life = keepalive.check(nowMs);
    if (life.action === "dead") {
      session.finish({ _tag: "Silent", silentMs: keepalive.silentMs(nowMs) });
      yield* socket.terminate;
      return;
    }
    if (hooks.unwanted(nowMs)) return session.finish({ _tag: "Unwanted" });
    if (life.action === "ping") yield* attempt(socket.ping);
    if (session.unread !== undefined) yield* Effect.logWarning("A frame of the socket could not be read", session.unread);
    session.unread = undefined;
    const wanted = hooks.wanted(nowMs);
    let sendMs = Number.POSITIVE_INFINITY;
    const isChanged = wanted.length > 0 && !sameKeys(wanted, sent);
    changedMs = isChanged ? (changedMs ?? nowMs) : undefined;
    const dueMs = Math.min(
      changedMs === undefined ? Infinity : changedMs + config.coalesceMs,
      sent.length > 0 ? (session.repeatMs ?? Infinity) : Infinity,
    );
    if (wanted.length > 0 && dueMs !== Infinity) {
      sendMs = Math.max(dueMs, budget.earliestMs(nowMs));
      if (sendMs <= nowMs) {
        sent = wanted;
        changedMs = undefined;
        session.subscribing(nowMs);
        budget.sent(nowMs);
        hooks.onSent(wanted);
        yield* attempt(socket.send(venue.socket.subscribe(wanted, ticket, venue.socket.format)));
        continue;
      }
    }
    yield* session.wake.waitAtMost(Math.min(life.dueMs, sendMs, hooks.nextChangeMs(nowMs)) - monotonicMs(clock));
  }
});

/** Runs one write; failing or hanging it ends the session, because a socket that takes no bytes is as dead as a silent one. */
const bounded = (io: Effect.Effect<void, NetworkError>, timeoutMs: number, session: Session): Effect.Effect<void> =>
  io.pipe(
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () =>
        Effect.fail(new NetworkError({ phase: "socket", host: session.venue.host, code: null, detail: `no write in ${timeoutMs} ms` })),
    }),
    Effect.catch((error) => Effect.sync(() => session.finish({ _tag: "Failed", error, opened: true }))),
  );
