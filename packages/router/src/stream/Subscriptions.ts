/**
 * The live side of the router: which keys are wanted, the sockets that carry them, and a scoped stream per consumer.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Metric from "effect/Metric";
import * as Stream from "effect/Stream";
import { Cache } from "../cache/Cache.ts";
import type { HotEntry } from "../cache/HotStore.ts";
import type { Transition } from "../cache/Transition.ts";
import type { Kind, Priority } from "../domain/Question.ts";
import type { ElementOf, StreamElement, StreamOptions } from "../domain/StreamElement.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { Closed, InvalidRequest, type MarketDataError, NetworkError, TimeoutError } from "../errors/MarketDataError.ts";
import { LiveLedger } from "../health/LiveLedger.ts";
import type { LiveNumbers } from "../health/LiveNumbers.ts";
import * as Metrics from "../health/Metrics.ts";
import type { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import type { SocketBytes, Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import { ConsumerBuffer } from "./ConsumerBuffer.ts";
import { FrameHub } from "./FrameHub.ts";
import { makeGapHealer } from "./GapHealer.ts";
import { HealPace } from "./HealPace.ts";
import { Interest } from "./Interest.ts";
import type { Link, LinkState } from "./Link.ts";
import { makePolling } from "./Polling.ts";
import { makePool, type Pool } from "./Pool.ts";
import { makeSilenceProbe } from "./SilenceProbe.ts";
import { slotsAt } from "./SlotPolicy.ts";
import { makeTradeAudit } from "./TradeAudit.ts";
import { makeTradeCatchUp } from "./TradeCatchUp.ts";
import { makeTradeRelease } from "./TradeRelease.ts";
import type { StreamValue } from "./Track.ts";
import { noSlot, Waiters } from "./Waiters.ts";

export type { LinkState } from "./Link.ts";
export { type LinkEvent, LinkObserver } from "./Pool.ts";

export interface LinkStatus {
  /** Of all sockets together: open when any is. */
  readonly state: LinkState;
  /** Attempts since the last good link; 0 while open. */
  readonly attempt: number;
  /** Connects so far, and how many of them were re-connects. */
  readonly connects: number;
  readonly reconnects: number;
  /** Why the last link ended; null when none did. */
  readonly lastClose: string | null;
  /** Milliseconds since the last inbound byte or pong; null before the first. */
  readonly silentMs: number | null;
  /** Keys in the wanted set, and how many of them are live. */
  readonly wanted: number;
  readonly live: number;
  /** How late frames come now beyond the usual, in milliseconds, where they are latest. */
  readonly lateMs: number;
  /** The newest change of the keys that reads hold, until its new key is live or `transitionMs` are over; null when there is none. */
  readonly changing: ChangeStatus | null;
  /** Sockets that are or were in use, each by itself. */
  readonly sockets: ReadonlyArray<SocketStatus>;
}

/** Reads turned from one key to another. */
export interface ChangeStatus {
  readonly from: KeyId;
  readonly to: KeyId;
  /** When it began, wall clock, epoch milliseconds. For display. */
  readonly sinceMs: number;
}

export interface SocketStatus {
  readonly state: LinkState;
  readonly attempt: number;
  readonly connects: number;
  readonly lastClose: string | null;
  /** Keys it is subscribed to. */
  readonly keys: number;
}

export class Subscriptions extends Context.Service<
  Subscriptions,
  {
    readonly status: () => LinkStatus;
    /** The one truth about the link, read at the instant of decision. */
    readonly connected: () => boolean;
    /** The key is subscribed on an open link and has spoken since that link opened. */
    readonly isLive: (key: StreamKey) => boolean;
    /**
     * Monotonic time at which a live key was last proved current: when its link last spoke or answered a ping. A link that answers pings can
     * still carry a dead feed, so a key that has been silent beyond its own rhythm is not proved by it any longer, and a read asks REST; and
     * what comes late is only as current as its delay. Undefined when the key is not live.
     */
    readonly confirmedNanos: (key: StreamKey) => bigint | undefined;
    /** Opens the link behind the caller's back, if it is not open or opening. Never waits. */
    readonly open: Effect.Effect<void>;
    /**
     * Notes that a read wants this key: it is subscribed, as far as the slots for reads allow, and kept until some time after the last read.
     * The more urgent reads are, the later they lose their place. Never waits.
     */
    readonly wantForReads: (key: StreamKey, priority?: Priority) => Effect.Effect<void>;
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
    /** One consumer's stream; the keys are subscribed while it runs. */
    readonly events: <K extends Kind>(
      kind: K,
      keys: ReadonlyArray<StreamKey>,
      options: StreamOptions,
    ) => Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;
  }
>()("@naru/router/stream/Subscriptions") {
  /** One link, opened by the first question; everything it starts ends with the layer. An exchange out of reach does not fail it. */
  static readonly layer: Layer.Layer<Subscriptions, never, Transport | Venue | RateLimiter | Rest | Cache | LiveLedger> = Layer.effect(
    Subscriptions,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const config = yield* RouterConfig;
  const { hot, transition } = yield* Cache;
  const clock = yield* Clock.Clock;
  const numbers = yield* LiveLedger;
  const pace = new HealPace((yield* Venue).limits.groups);
  const healer = yield* makeGapHealer(pace);
  const release = yield* makeTradeRelease;
  const catchUp = yield* makeTradeCatchUp(pace);
  const audit = yield* makeTradeAudit;
  const polling = yield* makePolling;
  // The pool tells the interest how good its links are, and the hub wakes the pool: both are made before it.
  let pool: Pool | undefined;
  const slots = (nowMs: number) => slotsAt(config.slotPolicy, pool?.goodSinceMs(), nowMs);
  const interest = new Interest({
    maxReads: config.maxReadSubscriptions,
    lingerMs: config.lingerMs,
    slots,
    changes: {
      began: (key) => transition.begin(key, clock.monotonicTimeNanosUnsafe()),
      left: (key) => transition.leave(key, lastValueOf(key), clock.monotonicTimeNanosUnsafe()),
    },
  });
  const hub = new FrameHub({
    ...config,
    hot,
    numbers,
    holdLimit: config.streamBuffer,
    requestRepair: healer.request,
    onJoined: () => pool?.changed(),
    onConfirmed: () => waiters.look(),
    onUnserved: polling.wake,
    onHeld: release.held,
    onBroken: catchUp.broke,
    onDoubt: audit.doubt,
  });
  const confirmedNanos = (key: StreamKey) => hub.confirmedNanos(key, (link) => pool?.heardNanos(link), monotonicMs(clock));
  /** The value of a key that is live, as current as its link proves it. */
  const lastValueOf = (key: StreamKey): HotEntry | undefined => {
    const entry = hot.get(keyId(key));
    const proved = confirmedNanos(key);
    if (entry === undefined || proved === undefined) return undefined;
    return proved > entry.confirmedNanos ? { ...entry, confirmedNanos: proved } : entry;
  };
  const waiters = new Waiters(interest, hub);
  const probe = yield* makeSilenceProbe;
  const context = yield* Effect.context<never>();
  const count = (counted: keyof SocketBytes, bytes: number) =>
    Metric.withAttributes(Metrics.socketBytes, { counted }).updateUnsafe(bytes, context);
  pool = yield* makePool({
    interest,
    hub,
    numbers,
    probe,
    onDown: (error, concerns) => waiters.fail(error, concerns),
    onBytes: ({ wire, payload }) => {
      count("wire", wire);
      count("payload", payload);
    },
  });
  const workers = [healer.run(hub), polling.run(hub), release.run(hub.trades), catchUp.run(hub.trades), audit.run(hub.trades)];
  for (const worker of workers) yield* Effect.forkScoped(worker);
  const parts: Parts = { hub, interest, numbers, pool, waiters, transition, confirmedNanos };
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      parts.pool.close();
      hub.close(closed);
      waiters.fail(closed, () => true);
    }),
  );
  return yield* makeService(parts, clock);
});

const closed = new Closed({ what: "The live side" });

interface Parts {
  readonly hub: FrameHub;
  readonly interest: Interest;
  readonly numbers: LiveNumbers;
  readonly pool: Pool;
  readonly waiters: Waiters;
  readonly transition: Transition;
  readonly confirmedNanos: (key: StreamKey) => bigint | undefined;
}

const makeService = Effect.fnUntraced(function* (parts: Parts, clock: Clock.Clock) {
  const { hub, interest, numbers, pool, waiters } = parts;
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const nowMs = () => monotonicMs(clock);

  /** Keys that are wanted from now on and not carried yet. */
  const changing = (keys: ReadonlyArray<StreamKey>) => {
    const mode = pool.connected ? "swap" : "full";
    for (const key of keys) if (!hub.tracks.isCarried(keyId(key))) numbers.changeStarted(keyId(key), mode, nowMs());
  };

  const wantForReads = (key: StreamKey, priority: Priority = "normal") =>
    Effect.sync(() => {
      if (pool.state === "closed" || !venue.socket.supports(key)) return;
      if (interest.read(key, nowMs(), priority) !== "added") return;
      changing([key]);
      waiters.refuseUnwanted(config.maxReadSubscriptions);
      pool.changed();
    });

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
    yield* wantForReads(key);
    if (!interest.has(keyId(key))) return yield* noSlot(config.maxReadSubscriptions);
    yield* Effect.timeoutOrElse(waiters.live(key), {
      duration: config.lingerMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "first-frame", timeoutMs: config.lingerMs, detail: keyId(key) })),
    });
  });

  const attach = (kind: Kind, keys: ReadonlyArray<StreamKey>, options: StreamOptions) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        // A place for every market, or the only value of a quiet one would make room for a busy one.
        const capacity = Math.max(options.bufferSize ?? config.streamBuffer, keys.length);
        const buffer = new ConsumerBuffer<StreamValue>({ kind, capacity, overflow: options.overflow });
        const consumer = hub.attach(keys, buffer, pool.down(), options.priority);
        for (const key of keys) interest.add(key);
        changing(keys);
        pool.changed();
        return consumer;
      }),
      (consumer) =>
        Effect.sync(() => {
          hub.detach(consumer);
          for (const key of consumer.keys) interest.release(key);
          pool.changed();
        }),
    );

  /** What a consumer takes is counted once per batch. */
  const counted = <A>(kind: Kind, keys: number, elements: Stream.Stream<StreamElement<A>, MarketDataError>) =>
    Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => numbers.consumerOpened(kind, keys)),
          (consumer) => Effect.sync(() => numbers.consumerClosed(consumer)),
        ),
        (consumer) =>
          elements.pipe(
            Stream.mapArray((batch) => {
              consumer.took(batch);
              return batch;
            }),
            Stream.tapError((error) => Effect.sync(() => (error._tag === "SlowConsumer" ? (consumer.dropped += error.dropped) : 0))),
          ),
      ),
    );

  const events = <K extends Kind>(kind: K, keys: ReadonlyArray<StreamKey>, options: StreamOptions) =>
    Stream.unwrap(
      Effect.gen(function* () {
        if (pool.state === "closed") return yield* closed;
        for (const key of keys) if (key.kind !== kind || !venue.socket.supports(key)) return yield* notStreamable(key);
        const consumer = yield* attach(kind, [...new Map(keys.map((key) => [keyId(key), key])).values()], options);
        // Keys of one kind bring values of that kind only.
        const buffer = consumer.buffer as unknown as ConsumerBuffer<ElementOf[K]>;
        return counted(kind, keys.length, Stream.fromPull(Effect.succeed(buffer.pull)));
      }),
    );

  return Subscriptions.of({
    status: () => statusAt(parts, nowMs(), clock.currentTimeMillisUnsafe()),
    connected: () => pool.connected,
    isLive: (key) => hub.tracks.isLive(key),
    confirmedNanos: parts.confirmedNanos,
    open: Effect.sync(() => pool.open()),
    wantForReads,
    awaitLive,
    awaitReady: (keys) => Effect.forEach(keys, (key) => waiters.ready(key), { concurrency: "unbounded", discard: true }),
    events,
  });
});

const statusAt = ({ hub, interest, pool, transition }: Parts, nowMs: number, wallMs: number): LinkStatus => {
  const wanted = interest.wanted(nowMs);
  const live = wanted.filter((key) => hub.tracks.isLive(key));
  const isLive = (id: KeyId) => live.some((key) => keyId(key) === id);
  const changing = transition.changing(isLive, BigInt(Math.round(nowMs * 1e6)));
  const sum = (of: (link: Link) => number) => pool.links.reduce((total, link) => total + of(link), 0);
  const heard = pool.links.flatMap(({ heardNanos }) => (heardNanos === undefined ? [] : [Number(heardNanos) / 1e6]));
  return {
    state: pool.state,
    attempt: Math.max(...pool.links.map((link) => link.attempt)),
    connects: sum((link) => link.connects),
    reconnects: sum((link) => Math.max(0, link.connects - 1)),
    lastClose: pool.lastClose,
    silentMs: heard.length === 0 ? null : nowMs - Math.max(...heard),
    wanted: wanted.length,
    live: live.length,
    lateMs: hub.lateMs(nowMs),
    changing:
      changing === undefined
        ? null
        : { from: changing.from, to: changing.to, sinceMs: Math.round(wallMs - (nowMs - Number(changing.sinceNanos) / 1e6)) },
    sockets: pool.links
      .filter((link) => link.id === 0 || link.connects > 0)
      .map(({ id, state, attempt, connects, lastClose }) => ({
        state,
        attempt,
        connects,
        lastClose,
        keys: [...hub.tracks.carriedBy(id)].length,
      })),
  };
};

const notStreamable = (key: StreamKey): InvalidRequest =>
  new InvalidRequest({ field: "key", input: keyId(key), reason: "cannot be streamed by this venue" });
