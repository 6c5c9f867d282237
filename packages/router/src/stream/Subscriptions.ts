/**
 * The live side of the router: which keys are wanted, the sockets that carry them, and a scoped stream per consumer.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import type { Cache } from "../cache/Cache.ts";
import type { Kind, Priority } from "../domain/Question.ts";
import type { BarElement } from "../domain/Bar.ts";
import type { ElementOf, Noter, StreamElement, StreamOptions, Watcher } from "../domain/StreamElement.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import { InvalidRequest, type MarketDataError, NetworkError, TimeoutError } from "../errors/MarketDataError.ts";
import type { LiveLedger } from "../health/LiveLedger.ts";
import type { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { Rest } from "../transport/RestCall.ts";
import type { LinkDecision } from "../transport/LinkProfile.ts";
import { monotonicMs } from "../transport/Session.ts";
import type { Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import { type BarSpec, makeBarStream } from "./bars/barStream.ts";
import { type ConsumerParts, consumerStream, consumerWatch } from "./consumerStream.ts";
import { type LinkStatus, statusAt } from "./LinkStatus.ts";
import { closed, type LiveSide, makeLiveSide } from "./liveSide.ts";
import type { Pool } from "./Pool.ts";
import { type Refutation, refute } from "./refute.ts";
import type { ResendAnswer } from "./Resend.ts";
import { noSlot } from "./Waiters.ts";

export type { ChangeStatus, LinkStatus, SocketStatus } from "./LinkStatus.ts";
export type { LinkState } from "./Link.ts";
export { type LinkEvent, LinkObserver } from "./Pool.ts";

/** What came of sending the subscription once more. */
export interface Resubscribed {
  /** Keys that are wanted, over all sockets. */
  readonly wanted: number;
  /** Sockets whose subscription was sent again. None where nothing is wanted, or no socket is open. */
  readonly sockets: number;
  /** Of these, sockets that told no list in time, or ended first. */
  readonly unanswered: number;
  /** Keys that were sent and that the exchange's lists have not, by name. */
  readonly missing: ReadonlyArray<string>;
  /** Every socket's list was what was sent, and nothing else. */
  readonly isSame: boolean;
}

/** Beyond the time that a list usually takes: the socket's message limit may be in the way. */
const resendPatienceMs = 2_000;

export class Subscriptions extends Context.Service<
  Subscriptions,
  {
    readonly status: () => LinkStatus;
    /** The one truth about the link, read at the instant of decision. */
    readonly connected: () => boolean;
    /** What was judged of the line to the exchange, and what follows from it; undefined while it is an ordinary one, for which the knobs hold. */
    readonly line: () => LinkDecision | undefined;
    /** Some stream or read wants the key. */
    readonly wants: (key: StreamKey) => boolean;
    /** Whether a read of this key would find it subscribed, or a place for it among those that reads may hold. */
    readonly admits: (key: StreamKey, priority?: Priority) => boolean;
    /** The share of the socket's message limit in use, 0 to 1: what a new subscription costs. */
    readonly messageUsage: () => number;
    /** The key is subscribed on an open link and has spoken since that link opened. */
    readonly isLive: (key: StreamKey) => boolean;
    /**
     * Monotonic time at which a live key was last proved current: when its link last spoke or answered a ping. A link that answers pings can
     * still carry a dead feed, so a key that has been silent beyond its own rhythm is not proved by it any longer, and a read asks REST; and
     * what comes late is only as current as its delay. Undefined when the key is not live.
     */
    readonly confirmedNanos: (key: StreamKey) => bigint | undefined;
    /** Opens the link behind the caller's back, if it is not open or opening. Synchronous. */
    readonly open: () => void;
    /**
     * Notes that a read wants this key: it is subscribed, as far as the slots for reads allow, and kept until some time after the last read.
     * The more urgent reads are, the later they lose their place. What the caller demands of the socket (`websocket_only`) needs no slot.
     * Synchronous.
     */
    readonly wantForReads: (key: StreamKey, priority?: Priority, isDemanded?: boolean) => void;
    /**
     * Waits until the key is live, at most as long as a subscription is kept for a read. Fails at once when the link breaks meanwhile or no
     * slot is left; interruption leaves the subscription in place.
     */
    readonly awaitLive: (key: StreamKey) => Effect.Effect<void, MarketDataError>;
    /**
     * Waits until the exchange has spoken of every key or confirmed it in a list of what is subscribed. Fails at once when the link breaks
     * meanwhile. Subscribes to nothing by itself.
     */
    readonly awaitReady: (keys: ReadonlyArray<StreamKey>) => Effect.Effect<void, MarketDataError>;
    /**
     * Sends every open socket's whole subscription once more and compares what the exchange then says is subscribed with what is wanted. Streams
     * go on meanwhile. A socket that is down is left to come back by itself, with the whole subscription as ever.
     */
    readonly resubscribe: Effect.Effect<Resubscribed>;
    /**
     * Somebody read this over REST, and what it was found to say speaks against the live key. If it still does, the key is not live until it speaks
     * again. Says whether it did. Synchronous.
     */
    readonly refute: (key: StreamKey, refutation: Refutation) => boolean;
    /** One consumer's stream of these keys, or of those that are found when it begins; they are subscribed while it runs. */
    readonly events: <K extends Kind>(
      kind: K,
      keys: ReadonlyArray<StreamKey> | Effect.Effect<ReadonlyArray<StreamKey>, MarketDataError>,
      options: StreamOptions,
      noter?: Noter<ElementOf[K]>,
    ) => Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;
    /**
     * The same without a buffer: each element is handed over in the very step in which it comes, and as long as that takes the socket waits. Runs until it is interrupted, or fails with what would end the stream.
     */
    readonly watch: <K extends Kind>(
      kind: K,
      keys: ReadonlyArray<StreamKey>,
      options: Pick<StreamOptions, "priority">,
      watcher: Watcher<ElementOf[K]>,
    ) => Effect.Effect<void, MarketDataError>;
    /** One consumer's bars; the trades of its markets are subscribed while it runs. */
    readonly bars: (spec: BarSpec) => Stream.Stream<BarElement, MarketDataError>;
  }
>()("@naru/router/stream/Subscriptions") {
  /** One link, opened by the first question; everything it starts ends with the layer. An exchange out of reach does not fail it. */
  static readonly layer: Layer.Layer<Subscriptions, never, Transport | Venue | RateLimiter | Rest | Cache | LiveLedger> = Layer.effect(
    Subscriptions,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  return yield* makeService(yield* makeLiveSide, yield* Clock.Clock);
});

const makeService = Effect.fnUntraced(function* (side: LiveSide, clock: Clock.Clock) {
  const { hub, interest, numbers, pool, waiters } = side;
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const nowMs = () => monotonicMs(clock);

  /** Keys that are wanted from now on and not carried yet. */
  const changing = (keys: ReadonlyArray<StreamKey>) => {
    const mode = pool.connected ? "swap" : "full";
    for (const key of keys) if (!hub.tracks.isCarried(keyId(key))) numbers.changeStarted(keyId(key), mode, nowMs());
  };

  const wantForReads = (key: StreamKey, priority: Priority = "normal", isDemanded = false): void => {
    if (pool.state === "closed" || !venue.socket.supports(key)) return;
    if (interest.read(key, nowMs(), priority, isDemanded) !== "added") return;
    changing([key]);
    waiters.refuseUnwanted(config.maxReadSubscriptions);
    pool.changed();
  };

  const awaitLive = Effect.fnUntraced(function* (key: StreamKey) {
    if (pool.state === "closed") return yield* closed;
    if (!venue.socket.supports(key)) return yield* notStreamable(key);
    if (hub.tracks.isLive(key)) return;
    const down = pool.down();
    if (pool.state === "waiting" && down !== undefined) {
      return yield* new NetworkError({
        phase: "socket",
        host: venue.host,
        code: null,
        detail: `between attempts; ${down.element.reason}`,
      });
    }
    // Who waits for it has said before how much it matters.
    if (!interest.covers(key)) wantForReads(key);
    if (!interest.covers(key)) return yield* noSlot(config.maxReadSubscriptions);
    yield* Effect.timeoutOrElse(waiters.live(key), {
      duration: config.lingerMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "first-frame", timeoutMs: config.lingerMs, detail: keyId(key) })),
    });
  });

  const openBars = yield* makeBarStream(side, changing);
  const bars = (spec: BarSpec) => Stream.suspend(() => (pool.state === "closed" ? Stream.fail(closed) : openBars(spec)));

  const parts: ConsumerParts = {
    side,
    defaultBuffer: config.streamBuffer,
    streamable: (kind, keys) => streamable(pool, venue, kind, keys),
    onWanted: changing,
  };

  return Subscriptions.of({
    status: () => statusAt(side, nowMs(), clock.currentTimeMillisUnsafe()),
    connected: () => pool.connected,
    line: () => pool.line(),
    wants: (key) => interest.covers(key),
    admits: (key, priority) => interest.admits(key, nowMs(), priority),
    messageUsage: () => pool.messageUsage(),
    isLive: (key) => hub.tracks.isLive(key),
    confirmedNanos: side.confirmedNanos,
    open: () => pool.open(),
    wantForReads,
    awaitLive,
    awaitReady: (keys) => Effect.forEach(keys, (key) => waiters.ready(key), { concurrency: "unbounded", discard: true }),
    resubscribe: Effect.suspend(() => {
      const wanted = interest.wanted(nowMs()).length;
      const patienceMs = config.verifyAfterMs + config.listTimeoutMs + resendPatienceMs;
      return Effect.map(pool.resend(patienceMs), (answers) => resubscribed(wanted, answers));
    }),
    refute: (key, refutation) => refute(side, key, refutation),
    events: (kind, keys, options, noter) =>
      consumerStream(parts, kind, Effect.isEffect(keys) ? keys : Effect.succeed(keys), options, noter),
    watch: (kind, keys, options, watcher) => consumerWatch(parts, kind, keys, options, watcher),
    bars,
  });
});

const streamable = Effect.fnUntraced(function* (pool: Pool, venue: Venue["Service"], kind: Kind, keys: ReadonlyArray<StreamKey>) {
  if (pool.state === "closed") return yield* closed;
  for (const key of keys) if (key.kind !== kind || !venue.socket.supports(key)) return yield* notStreamable(key);
});

const resubscribed = (wanted: number, answers: ReadonlyArray<ResendAnswer | undefined>): Resubscribed => ({
  wanted,
  sockets: answers.length,
  unanswered: answers.filter((answer) => answer === undefined).length,
  missing: [...new Set(answers.flatMap((answer) => answer?.missing ?? []))],
  isSame: answers.length > 0 && answers.every((answer) => answer?.isSame === true),
});

const notStreamable = (key: StreamKey): InvalidRequest =>
  new InvalidRequest({ field: "key", input: keyId(key), reason: "cannot be streamed by this venue" });
