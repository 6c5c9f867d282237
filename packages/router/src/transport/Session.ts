/**
 * One life of one socket: opened behind the connect gate, subscribed with one merged message, kept alive, and ended with a typed reason. What
 * to do next is decided by `SessionMachine.ts`; here it is done. Reconnecting is somebody else's business (`stream/Link.ts`).
 *
 * Frames go from the transport's callback through the venue's decoder to the hooks in one synchronous step, so a busy link costs no fiber
 * turns. What concerns the link and not one message (clocks, signs of life, rates) is done once per read. `onEnd` is called in the very step in which the end is known, before anything asynchronous happens.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Random from "effect/Random";
import type * as Scope from "effect/Scope";
import type { StreamKey } from "../domain/StreamKey.ts";
import { DecodeError, type MarketDataError, NetworkError, TimeoutError } from "../errors/MarketDataError.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig, type RouterConfigShape } from "../RouterConfig.ts";
import type { ProbeResult, Suspect } from "./FeedWatch.ts";
import { type SessionFacts, SessionMachine, type SubscribeReason } from "./SessionMachine.ts";
import type { Line } from "./Line.ts";
import type { RateFall } from "./RateWatch.ts";
import { describeReason } from "./LinkProfile.ts";
import { type Receipt, receiptNow } from "./Receipt.ts";
import type { Rhythm } from "./Rhythm.ts";
import type { SessionEnd } from "./SessionEnd.ts";
import type { Signal } from "./Signal.ts";
import { type Socket, type SocketBytes, type SocketHandlers, Transport } from "./Transport.ts";
import { type LostSubject, type OnGeneral, type SocketMessage, Venue } from "./Venue.ts";

/** A message about the market, as opposed to one about the link. */
export type DataMessage = Extract<SocketMessage, { readonly _tag: "Ticker" | "Orderbook" | "Trade" | "Candle" }>;

/** Called synchronously by the session, but for {@link SessionHooks.probe}. None may throw. */
export interface SessionHooks extends SessionFacts {
  /** The road it runs on, which outlives it. */
  readonly line: Line;
  /** The rhythm of its data over all lives. */
  readonly rhythm: Rhythm;
  /** Compression was asked for and did the harm: the next connection goes without, whatever the line says. */
  readonly plain: () => boolean;
  /** Bytes that came in since the last call, about once a second. */
  readonly onBytes: (grown: SocketBytes) => void;
  readonly onOpen: () => void;
  /** `keys` are the whole subscription from now on. Called just before the message leaves. */
  readonly onSent: (keys: ReadonlyArray<StreamKey>, reason: SubscribeReason) => void;
  /** A question for the list of subscriptions leaves. */
  readonly onAsked: () => void;
  /** The exchange says that it has subscribed these of ours, and whether that and nothing else is what we think. */
  readonly onListed: (keys: ReadonlyArray<StreamKey>, isSame: boolean) => void;
  /** A ping was answered after so many milliseconds. */
  readonly onRoundTrip: (ms: number) => void;
  readonly onUnread: (error: DecodeError) => void;
  /** A frame came, and is about to be read. */
  readonly onFrame: (nowMs: number) => void;
  /** It is read the general way. */
  readonly onGeneral: OnGeneral;
  /** How a sleep of this process ends the life that is on now. */
  readonly onBegun: (slept: (sleptMs: number) => void) => void;
  /** Something came in that proves what the link carries: data, or any other sign of life where silence means nothing. */
  readonly onHeard: (nanos: bigint) => void;
  readonly onMessage: (message: DataMessage, receipt: Receipt) => void;
  /** Something came and could not be read. */
  readonly onLost: (lost: LostSubject) => void;
  /** Everything of a read is done: the last thing that the session does of it. */
  readonly onReadEnd: () => void;
  /** It brings much less than it ever did. */
  readonly onSlow: (fall: RateFall) => void;
  /** These are silent, and believed: because their markets are, where that is proved. */
  readonly onQuiet: (suspects: ReadonlyArray<Suspect>, isProved: boolean) => void;
  /** The exchange ignores these. */
  readonly onRefused: (suspects: ReadonlyArray<Suspect>) => void;
  /** The exchange has this key's market no more. */
  readonly onGone: (suspect: Suspect) => void;
  /** The link is given up because these are silent. Called before `onEnd`. */
  readonly onMute: (suspects: ReadonlyArray<Suspect>) => void;
  readonly onEnd: (end: SessionEnd) => void;
  /** Whether REST knows something newer of a key than the socket brought. */
  readonly probe: (suspect: Suspect) => Effect.Effect<ProbeResult>;
}

/** More unreadable frames than this within {@link undecodableWindowMs} end the session; of fewer, the first in such a time is logged. */
const undecodableLimit = 10;
const undecodableWindowMs = 10_000;

/** Lives one socket from the connect gate to its end. Never fails; interruption closes the socket. `wake` says that the wanted set changed. */
export const runSession = Effect.fnUntraced(function* (hooks: SessionHooks, wake: Signal) {
  const session = new Session(hooks, wake, yield* Clock.Clock, yield* Venue);
  hooks.onBegun((sleptMs) => session.finish({ _tag: "Slept", sleptMs }));
  const socket = yield* openSocket(session).pipe(
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
  readonly venue: Venue["Service"];
  end: SessionEnd | undefined;
  /** Made when the socket is open. */
  machine: SessionMachine | undefined;
  socket: Socket | undefined;
  /** When the ping was sent that is not answered yet. */
  pingedMs: number | undefined;
  /** The line is of another kind, still to be logged. */
  isNews = false;
  /** The first of some unreadable frames, still to be logged. */
  unread: DecodeError | undefined;
  #undecodable: ReadonlyArray<number> = [];
  /** Of the read that is coming in; undefined between two. */
  #receipt: Receipt | undefined;
  /** Messages of it that told something as it happened, those of them that date the lag, and the newest time in these. */
  #told = 0;
  #dated = 0;
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(hooks: SessionHooks, wake: Signal, clock: Clock.Clock, venue: Venue["Service"]) {
    this.hooks = hooks;
    this.wake = wake;
    this.clock = clock;
    this.venue = venue;
  }

  get hasSlept(): boolean {
    return this.end?._tag === "Slept";
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
      const receipt = (this.#receipt ??= this.#heard());
      try {
        this.hooks.onFrame(receipt.atMs);
        for (const message of this.venue.socket.decode(data, this.hooks.onGeneral)) this.#message(message, receipt);
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
    onReadEnd: () => {
      const receipt = this.#receipt;
      this.#receipt = undefined;
      if (receipt !== undefined) {
        this.#spoke(receipt.atMs);
        this.#look(receipt.atMs);
      }
      // Consumers may run within this.
      this.hooks.onReadEnd();
    },
    onPong: () => {
      if (this.end !== undefined) return;
      const nowMs = this.#heard().atMs;
      this.hooks.line.meter.ponged(nowMs);
      if (this.pingedMs !== undefined) this.hooks.onRoundTrip(nowMs - this.pingedMs);
      this.pingedMs = undefined;
    },
    onClose: ({ code, reason }) => this.finish({ _tag: "Closed", code, reason }),
  };

  #heard(): Receipt {
    const receipt = receiptNow(this.clock);
    this.machine?.heard(receipt.atMs);
    if (this.machine?.proves(receipt.atMs) !== false) this.hooks.onHeard(receipt.nanos);
    return receipt;
  }

  #message(message: SocketMessage, receipt: Receipt): void {
    switch (message._tag) {
      case "Failure":
        return this.finish({ _tag: "Failed", error: message.error, opened: true });
      case "Undecodable":
        if (message.lost !== undefined && this.end === undefined) this.#lost(message.lost, receipt.atMs);
        return this.#countUndecodable(message.error, receipt.atMs);
      case "Subscriptions":
        return this.#listed(message.keys, receipt.atMs);
      case "Status":
      case "Untraded":
        return;
      default:
        if (this.end !== undefined) return;
        this.hooks.onHeard(receipt.nanos);
        if (!message.snapshot) this.#count(message);
        this.hooks.onMessage(message, receipt);
    }
  }

  /** Books are left out of the lag: a quiet one's time is that of its last change. So are candles, which are told about once a second. */
  #count(message: DataMessage): void {
    this.#told++;
    if (message._tag !== "Ticker" && message._tag !== "Trade") return;
    this.#dated++;
    const atMs = message._tag === "Ticker" ? message.value.timestampMs : message.value.tradeTimeMs;
    if (atMs > this.#newestMs) this.#newestMs = atMs;
  }

  /** A read is over: what it told counts. */
  #spoke(nowMs: number): void {
    // A link that has shown to be a busy one is asked sooner from now on: the loop waits for a later moment.
    if (this.#told > 0 && this.machine?.spoke(nowMs, this.#told) === true) this.wake.notify();
    if (this.#dated > 0) this.hooks.line.meter.messages(nowMs - this.#newestMs, this.#dated, nowMs);
    this.#told = 0;
    this.#dated = 0;
    this.#newestMs = Number.NEGATIVE_INFINITY;
  }

  #look(nowMs: number): void {
    const { line } = this.hooks;
    const { machine, socket } = this;
    if (this.end !== undefined || machine === undefined || socket === undefined) return;
    const { format } = line.decision;
    const seen = line.look(socket.bytes, nowMs);
    if (seen === undefined) return;
    this.hooks.onBytes(seen.grown);
    if (!seen.isChanged) return;
    this.isNews = true;
    if (line.decision.format !== format) machine.reformat(nowMs);
    this.wake.notify();
  }

  #listed(keys: ReadonlyArray<StreamKey>, nowMs: number): void {
    if (this.end !== undefined || this.machine === undefined) return;
    const listed = this.machine.listed(keys, nowMs);
    if (listed !== undefined) this.hooks.onListed(listed.confirmed, listed.isSame);
    this.wake.notify();
  }

  #lost(lost: LostSubject, nowMs: number): void {
    this.hooks.onLost(lost);
    if (this.machine?.unread(nowMs) === true) this.wake.notify();
  }

  #countUndecodable(error: DecodeError, nowMs: number): void {
    this.hooks.onUnread(error);
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
  session: Session,
): Effect.fn.Return<Socket, MarketDataError, Transport | Venue | RateLimiter | Scope.Scope> {
  const transport = yield* Transport;
  const venue = yield* Venue;
  const limiter = yield* RateLimiter;
  const { upgradeTimeoutMs } = yield* RouterConfig;
  const grant = yield* limiter.acquireConnect({ priority: "high", maxWaitMs: Number.POSITIVE_INFINITY });
  const { hooks, handlers, clock } = session;
  const startedMs = monotonicMs(clock);
  const compress = hooks.plain() ? false : hooks.line.decision.compress;
  return yield* transport.socket(venue.socket.url, handlers, compress === undefined ? {} : { compress }).pipe(
    Effect.tap(() => Effect.sync(() => hooks.line.opened(monotonicMs(clock) - startedMs))),
    Effect.catchTag("UpgradeRefused", ({ status, headers, body }) => Effect.fail(venue.upgradeFailure(status, headers, body))),
    Effect.timeoutOrElse({
      duration: upgradeTimeoutMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "upgrade", timeoutMs: upgradeTimeoutMs, detail: venue.host })),
    }),
    Effect.onExit((exit) => limiter.ended(grant, Exit.isSuccess(exit))),
  );
});

const serve = Effect.fnUntraced(function* (session: Session, socket: Socket) {
  const { hooks, venue, clock } = session;
  const config = yield* RouterConfig;
  const ticket = `naru-${(yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36)}`;
  // From here to the first write nothing gives way to the socket's callbacks: what is over is not opened.
  if (session.end !== undefined) return;
  const machine = new SessionMachine(machineOptions(config, venue), hooks, monotonicMs(clock), hooks.rhythm);
  session.machine = machine;
  session.socket = socket;
  hooks.onOpen();
  const write = (io: Effect.Effect<void, NetworkError>) => bounded(io, config.deadAfterMs - config.pingAfterMs, session);
  const dropped = (end: SessionEnd) => {
    session.finish(end);
    return socket.terminate;
  };
  while (session.end === undefined) {
    const { unread, isNews } = session;
    if (unread !== undefined || isNews) {
      session.unread = undefined;
      session.isNews = false;
      if (unread !== undefined) yield* Effect.logWarning("A frame of the socket could not be read", unread);
      const { profile, reason } = hooks.line.decision;
      if (isNews) yield* Effect.logInfo(`The line to ${venue.host} is ${profile}: ${describeReason(reason)}`);
      // The socket may have ended meanwhile, and nothing is told of an ended one.
      continue;
    }
    const action = machine.next(monotonicMs(clock));
    switch (action._tag) {
      case "Wait":
        yield* session.wake.waitAtMost(action.untilMs - monotonicMs(clock));
        break;
      case "Ping":
        session.pingedMs = monotonicMs(clock);
        hooks.line.meter.pinged(session.pingedMs);
        yield* write(socket.ping);
        break;
      case "Slow":
        hooks.onSlow(action.fall);
        yield* logSlow(action.fall, venue.host);
        break;
      case "Subscribe":
        hooks.onSent(action.keys, action.reason);
        yield* write(socket.send(venue.socket.subscribe(action.keys, ticket, hooks.line.decision.format)));
        yield* logSent(action.keys, action.reason);
        break;
      case "List":
        hooks.onAsked();
        yield* write(socket.send(venue.socket.listSubscriptions(ticket, hooks.line.decision.format)));
        break;
      case "Probe":
        yield* Effect.forkScoped(probe(session, machine, action.suspect));
        break;
      case "Quiet":
        hooks.onQuiet(action.suspects, action.isProved);
        break;
      case "Refuse":
        hooks.onRefused(action.suspects);
        break;
      case "Gone":
        hooks.onGone(action.suspect);
        break;
      case "Silent":
        return yield* dropped({ _tag: "Silent", silentMs: action.silentMs });
      case "Mute":
        hooks.onMute(action.suspects);
        return yield* dropped({ _tag: "Mute", keys: action.suspects.map(({ key }) => key) });
      case "Unwanted":
        return session.finish({ _tag: "Unwanted" });
    }
  }
  // Its peer may never answer a close.
  if (session.hasSlept) yield* socket.terminate;
});

/** Once per message, which is seldom. `smart` is what changed, `full` the same set once more because something is wrong with it. */
const logSent = (keys: ReadonlyArray<StreamKey>, reason: SubscribeReason): Effect.Effect<void> =>
  Effect.logDebug("Subscription sent").pipe(
    Effect.annotateLogs({ mode: reason === "changed" ? "smart" : "full", reason, keys: keys.length }),
  );

const logSlow = ({ perSecond, usualPerSecond }: RateFall, host: string): Effect.Effect<void> =>
  Effect.logWarning(
    `The socket of ${host} brings ${perSecond.toFixed(0)} messages a second, and never less than ${usualPerSecond.toFixed(0)} before: subscribing again`,
  );

const machineOptions = (config: RouterConfigShape, venue: Venue["Service"]) => ({ ...config, messageLimits: venue.limits.socketMessage });

/** Beside the loop, which goes on pinging meanwhile. A crash of it is no answer either: unanswered, the watch would wait for ever. */
const probe = (session: Session, machine: SessionMachine, suspect: Suspect): Effect.Effect<void> =>
  Effect.suspend(() => session.hooks.probe(suspect)).pipe(
    Effect.catchDefect((defect) =>
      Effect.as(Effect.logError("The question to REST about a silent key crashed", defect), "unknown" as const),
    ),
    Effect.map((result) => {
      machine.probed(result, monotonicMs(session.clock));
      session.wake.notify();
    }),
  );

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
