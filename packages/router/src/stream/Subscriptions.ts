/**
 * The live side of the router: which keys are wanted, the link that carries them, and a scoped stream per consumer.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import { Cache } from "../cache/Cache.ts";
import type { Kind } from "../domain/Question.ts";
import type { ElementOf, StreamElement, StreamOptions } from "../domain/StreamElement.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import { Closed, InvalidRequest, type MarketDataError, NetworkError, TimeoutError } from "../errors/MarketDataError.ts";
import type { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import type { Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import { ConsumerBuffer } from "./ConsumerBuffer.ts";
import { FrameHub } from "./FrameHub.ts";
import { makeGapHealer } from "./GapHealer.ts";
import { HealPace } from "./HealPace.ts";
import { Interest } from "./Interest.ts";
import { makeTradeAudit } from "./TradeAudit.ts";
import { makeTradeCatchUp } from "./TradeCatchUp.ts";
import { makeTradeRelease } from "./TradeRelease.ts";
import { type Link, type LinkState, makeLink } from "./Link.ts";
import type { StreamValue } from "./Track.ts";
import { noSlot, Waiters } from "./Waiters.ts";

export { type LinkEvent, LinkObserver, type LinkState } from "./Link.ts";

export interface LinkStatus {
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
     * still carry a dead feed, so a key that has been silent for `keySilenceMs` is not proved by it any longer, and a read asks REST.
     * Undefined when the key is not live.
     */
    readonly confirmedNanos: (key: StreamKey) => bigint | undefined;
    /** Opens the link behind the caller's back, if it is not open or opening. Never waits. */
    readonly open: Effect.Effect<void>;
    /** Notes that a read wants this key: it is subscribed (within the slots for reads) and kept until some time after the last read. Never waits. */
    readonly wantForReads: (key: StreamKey) => Effect.Effect<void>;
    /**
     * Waits until the key is live, at most as long as a subscription is kept for a read. Fails at once when the link breaks meanwhile or no
     * slot is left; interruption leaves the subscription in place.
     */
    readonly awaitLive: (key: StreamKey) => Effect.Effect<void, MarketDataError>;
    /** One consumer's stream; the keys are subscribed while it runs. */
    readonly events: <K extends Kind>(
      kind: K,
      keys: ReadonlyArray<StreamKey>,
      options: StreamOptions,
    ) => Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;
  }
>()("@naru/router/stream/Subscriptions") {
  /** One link, opened by the first question; everything it starts ends with the layer. An exchange out of reach does not fail it. */
  static readonly layer: Layer.Layer<Subscriptions, never, Transport | Venue | RateLimiter | Rest | Cache> = Layer.effect(
    Subscriptions,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const config = yield* RouterConfig;
  const { hot } = yield* Cache;
  const pace = new HealPace((yield* Venue).limits.groups);
  const healer = yield* makeGapHealer(pace);
  const interest = new Interest({ maxReads: config.maxReadSubscriptions, lingerMs: config.lingerMs });
  const release = yield* makeTradeRelease;
  const catchUp = yield* makeTradeCatchUp(pace);
  const audit = yield* makeTradeAudit;
  const hub = new FrameHub({
    hot,
    tradeMemory: config.tradeMemory,
    holdLimit: config.streamBuffer,
    reorderMs: config.reorderMs,
    reorder: config.reorder,
    requestRepair: healer.request,
    onHeld: release.held,
    onBroken: catchUp.broke,
  });
  const waiters = new Waiters(interest);
  const link = yield* makeLink({ interest, hub, onDown: (error) => waiters.failAll(error) });
  yield* Effect.forkScoped(link.run);
  for (const part of [healer.run(hub), release.run(hub.trades), catchUp.run(hub.trades), audit.run(hub.trades)])
    yield* Effect.forkScoped(part);
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      link.close();
      hub.close(closed);
      waiters.failAll(closed);
    }),
  );
  return yield* makeService({ hub, interest, link, waiters });
});

const closed = new Closed({ what: "The live side" });

interface Parts {
  readonly hub: FrameHub;
  readonly interest: Interest;
  readonly link: Link;
  readonly waiters: Waiters;
}

const makeService = Effect.fnUntraced(function* (parts: Parts) {
  const { hub, interest, link, waiters } = parts;
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const nowMs = () => monotonicMs(clock);

  const wantForReads = (key: StreamKey) =>
    Effect.sync(() => {
      if (link.state === "closed" || !venue.socket.supports(key)) return;
      if (!interest.read(key, nowMs())) return;
      waiters.refuseUnwanted(config.maxReadSubscriptions);
      link.changed();
    });

  const awaitLive = Effect.fnUntraced(function* (key: StreamKey) {
    if (link.state === "closed") return yield* closed;
    if (!venue.socket.supports(key)) return yield* notStreamable(key);
    if (hub.isLive(key)) return;
    if (link.state === "waiting") {
      return yield* new NetworkError({ phase: "socket", host: venue.host, code: null, detail: `between attempts; ${link.lastClose}` });
    }
    yield* wantForReads(key);
    if (!interest.has(keyId(key))) return yield* noSlot(config.maxReadSubscriptions);
    yield* Effect.timeoutOrElse(waiters.wait(key, hub), {
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
        const consumer = hub.attach(keys, buffer, link.state === "open" ? undefined : link.down, options.priority);
        for (const key of keys) interest.add(key);
        link.changed();
        return consumer;
      }),
      (consumer) =>
        Effect.sync(() => {
          hub.detach(consumer);
          for (const key of consumer.keys) interest.release(key);
          link.changed();
        }),
    );

  const events = <K extends Kind>(kind: K, keys: ReadonlyArray<StreamKey>, options: StreamOptions) =>
    Stream.unwrap(
      Effect.gen(function* () {
        if (link.state === "closed") return yield* closed;
        for (const key of keys) if (key.kind !== kind || !venue.socket.supports(key)) return yield* notStreamable(key);
        const consumer = yield* attach(kind, [...new Map(keys.map((key) => [keyId(key), key])).values()], options);
        // Keys of one kind bring values of that kind only.
        const buffer = consumer.buffer as unknown as ConsumerBuffer<ElementOf[K]>;
        return Stream.fromPull(Effect.succeed(buffer.pull));
      }),
    );

  return Subscriptions.of({
    status: () => statusAt(parts, nowMs()),
    connected: () => link.state === "open",
    isLive: (key) => hub.isLive(key),
    confirmedNanos: (key) => {
      const heard = hub.heardNanos(key);
      if (heard === undefined || link.heardNanos === undefined) return undefined;
      const trusted = heard + BigInt(Math.round(config.keySilenceMs * 1e6));
      return link.heardNanos < trusted ? link.heardNanos : trusted;
    },
    open: Effect.sync(() => link.open()),
    wantForReads,
    awaitLive,
    events,
  });
});

const statusAt = ({ hub, interest, link }: Parts, nowMs: number): LinkStatus => {
  const wanted = interest.wanted(nowMs);
  return {
    state: link.state,
    attempt: link.attempt,
    connects: link.connects,
    reconnects: Math.max(0, link.connects - 1),
    lastClose: link.lastClose,
    silentMs: link.heardNanos === undefined ? null : nowMs - Number(link.heardNanos) / 1e6,
    wanted: wanted.length,
    live: wanted.filter((key) => hub.isLive(key)).length,
  };
};

const notStreamable = (key: StreamKey): InvalidRequest =>
  new InvalidRequest({ field: "key", input: keyId(key), reason: "cannot be streamed by this venue" });
