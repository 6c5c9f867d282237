/**
 * The plain socket to the exchange, for when the router is out: one connection, one message that names everything wanted, the last value of each
 * key, and a stream per consumer. It shares nothing with the router's live side but the process's limits and the transport, heals nothing and
 * audits nothing: what may be missing after a break is told as a `Gap`.
 *
 * It is closed while nothing is wanted of it. A second message replaces the whole subscription, so every change sends the whole set, at most once
 * a second.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as Stream from "effect/Stream";
import { HotStore, type HotEntry } from "../cache/HotStore.ts";
import type { Kind } from "../domain/Question.ts";
import type { ElementOf, StreamElement, StreamOptions } from "../domain/StreamElement.ts";
import { type KeyId, keyId, sameKeys, type StreamKey } from "../domain/StreamKey.ts";
import { Closed, type MarketDataError, TimeoutError } from "../errors/MarketDataError.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Awake } from "../transport/Awake.ts";
import { reconnectMs } from "../transport/Backoff.ts";
import type { Sleep } from "../transport/Sleep.ts";
import { Signal } from "../transport/Signal.ts";
import { type Socket, type SocketHandlers, Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import { startWorker } from "../transport/Workers.ts";
import { Consumer, type DirectValue } from "./Consumer.ts";
import { valueOf } from "./message.ts";

export interface DirectSocketStatus {
  readonly state: "closed" | "connecting" | "open" | "waiting";
  readonly connects: number;
  /** Keys of the last message sent on the open connection. */
  readonly keys: number;
}

export class DirectSocket extends Context.Service<
  DirectSocket,
  {
    /** Wants these keys beside those of the streams, until it is told others; an empty list wants none. */
    readonly watch: (keys: ReadonlyArray<StreamKey>) => void;
    /** The last value of a key, while it was wanted or since, whatever its age; undefined when none came. */
    readonly latest: (key: StreamKey) => HotEntry | undefined;
    /** One consumer's stream; its keys are wanted while it runs. `interrupted`: it goes on with a stream that broke, and is told when it does. */
    readonly events: <K extends Kind>(
      kind: K,
      keys: ReadonlyArray<StreamKey>,
      options: StreamOptions & { readonly interrupted?: boolean | undefined },
    ) => Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;
    readonly status: () => DirectSocketStatus;
  }
>()("@naru/router/direct/DirectSocket") {
  static readonly layer: Layer.Layer<DirectSocket, never, Transport | Venue | RateLimiter> = Layer.effect(
    DirectSocket,
    Effect.suspend(() => make),
  );
}

/** Between two messages on one connection, in milliseconds. */
const sendEveryMs = 1_000;
/** Before the connection is called dead it is looked at once more, so much later, in milliseconds. */
const lookAgainMs = 20;
/** Keys whose last value is remembered. */
const capacity = 4_096;

const make = Effect.gen(function* () {
  const { streamBuffer } = yield* RouterConfig;
  const wire = new Wire(yield* Clock.Clock, yield* Venue);
  yield* startWorker("direct socket", Effect.forever(live(wire)));
  yield* (yield* Awake).onWake((sleep) => wire.slept(sleep));
  yield* Effect.addFinalizer(() => Effect.sync(() => wire.close()));
  const events = <K extends Kind>(
    kind: K,
    keys: ReadonlyArray<StreamKey>,
    options: StreamOptions & { readonly interrupted?: boolean | undefined },
  ) =>
    Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => wire.attach(new Consumer(kind, keys, { defaultBuffer: streamBuffer, ...options }))),
          (consumer) => Effect.sync(() => wire.detach(consumer)),
        ),
        // Keys of one kind bring values of that kind only.
        ({ buffer }) =>
          Stream.fromPull(Effect.succeed(buffer.pull)) as unknown as Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>,
      ),
    );
  return DirectSocket.of({
    watch: (keys) => wire.watch(keys),
    latest: (key) => wire.values.get(keyId(key)),
    events,
    status: () => ({ state: wire.state, connects: wire.connects, keys: wire.state === "open" ? wire.sent.length : 0 }),
  });
});

/** What is wanted, what came, and who is told. */
class Wire {
  readonly wake = new Signal();
  readonly values = new HotStore(capacity);
  readonly #clock: Clock.Clock;
  readonly #venue: Venue["Service"];
  readonly #consumers = new Set<Consumer>();
  #watched: ReadonlyArray<StreamKey> = [];
  state: DirectSocketStatus["state"] = "closed";
  connects = 0;
  failures = 0;
  sent: ReadonlyArray<StreamKey> = [];
  sentMs = Number.NEGATIVE_INFINITY;
  heardMs = 0;
  pingedMs: number | undefined;
  ended: string | undefined;

  constructor(clock: Clock.Clock, venue: Venue["Service"]) {
    this.#clock = clock;
    this.#venue = venue;
  }

  /** Everything wanted, once each; a book at the greatest depth. */
  get wanted(): ReadonlyArray<StreamKey> {
    const all = new Map<KeyId, StreamKey>();
    const keys = [...this.#watched, ...[...this.#consumers].flatMap((consumer) => consumer.keys)];
    for (const key of keys) {
      const held = all.get(keyId(key));
      if (held?.kind === "orderbook" && key.kind === "orderbook" && held.levels >= key.levels) continue;
      if (this.#venue.socket.supports(key)) all.set(keyId(key), key);
    }
    return [...all.values()];
  }

  nowMs(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }

  watch(keys: ReadonlyArray<StreamKey>): void {
    this.#watched = keys;
    this.wake.notify();
  }

  attach(consumer: Consumer): Consumer {
    this.#consumers.add(consumer);
    this.wake.notify();
    return consumer;
  }

  detach(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    this.wake.notify();
  }

  opened(): void {
    this.state = "open";
    this.connects++;
    this.heardMs = this.nowMs();
    this.pingedMs = undefined;
    this.sent = [];
  }

  /** `keys` are the whole subscription from now on. */
  subscribed(keys: ReadonlyArray<StreamKey>): void {
    this.sent = keys;
    this.sentMs = this.nowMs();
    const ids = new Set(keys.map(keyId));
    for (const consumer of this.#consumers) consumer.resumed(ids, this.sentMs, this.#clock.currentTimeMillisUnsafe());
  }

  down(reason: string): void {
    this.state = "waiting";
    this.failures++;
    const element = { _tag: "Reconnecting", attempt: this.failures, reason, atMs: this.#clock.currentTimeMillisUnsafe() } as const;
    for (const consumer of this.#consumers) consumer.interrupt(element, this.nowMs());
  }

  idle(): void {
    this.state = "closed";
    this.failures = 0;
  }

  close(): void {
    const error = new Closed({ what: "The direct socket" });
    for (const { buffer } of this.#consumers) buffer.fail(error);
  }

  /** The connection is replaced, and what it brought forgotten where nobody knows how old that is. */
  slept({ sleptMs, unseenMs }: Sleep): void {
    if (unseenMs > 0) this.values.clear();
    if (this.state === "connecting" || this.state === "open") this.finish(`replaced after a sleep of ${Math.round(sleptMs / 1_000)} s`);
  }

  finish(reason: string): void {
    this.ended ??= reason;
    this.wake.notify();
  }

  readonly handlers: SocketHandlers = {
    onFrame: (data) => {
      if (this.ended !== undefined) return;
      this.heardMs = this.nowMs();
      try {
        for (const message of this.#venue.socket.decode(data)) {
          if (message._tag === "Failure") this.finish(message.error.message);
          else if (message._tag === "Undecodable") this.#unread(message.lost);
          else this.#take(valueOf(message));
        }
      } catch (cause) {
        // Called from the socket's own callback: thrown on, it would end the process.
        this.finish(`a frame could not be handled: ${String(cause).slice(0, 200)}`);
      }
    },
    onReadEnd: () => {
      for (const { buffer } of this.#consumers) buffer.flush();
    },
    onPong: () => {
      this.heardMs = this.nowMs();
      this.pingedMs = undefined;
    },
    onClose: ({ code, reason }) => this.finish(`closed with ${code} ${reason}`.trim()),
  };

  #take(came: DirectValue | undefined): void {
    if (came === undefined) return;
    this.failures = 0;
    const { key, value, exchangeTimeMs, depth } = came;
    const receivedNanos = this.#clock.monotonicTimeNanosUnsafe();
    const receivedMs = this.#clock.currentTimeMillisUnsafe();
    // What was under way for long was current when it was sent, not when it came.
    const lateMs = Math.max(0, receivedMs - exchangeTimeMs);
    const confirmedNanos = receivedNanos - BigInt(Math.round(lateMs * 1e6));
    this.values.put(keyId(key), { value, exchangeTimeMs, receivedNanos, receivedMs, confirmedNanos, channel: "websocket", depth });
    for (const consumer of this.#consumers) consumer.take(came, receivedMs);
  }

  #unread(lost: { readonly kind?: Kind; readonly market?: StreamKey["market"] } | undefined): void {
    if (lost === undefined) return;
    for (const consumer of this.#consumers) if (lost.kind === undefined || lost.kind === consumer.kind) consumer.unread(lost.market);
  }
}

/** From idle to idle, or from one connection to the pause after it. */
const live = (wire: Wire): Effect.Effect<void, never, Transport | Venue | RateLimiter> =>
  Effect.suspend(() => {
    if (wire.wanted.length === 0) {
      wire.idle();
      return wire.wake.wait;
    }
    return Effect.flatMap(Effect.exit(Effect.scoped(session(wire))), (exit) => {
      if (Exit.isSuccess(exit) && wire.ended === undefined) return Effect.void;
      wire.down(wire.ended ?? reasonOf(exit));
      return Effect.flatMap(Random.next, (random01) => Effect.sleep(reconnectMs(wire.failures - 1, random01)));
    });
  });

const reasonOf = (exit: Exit.Exit<void, MarketDataError>): string => {
  const error = Exit.findErrorOption(exit);
  return error._tag === "Some" ? error.value.message : "the session crashed";
};

const session = Effect.fn("DirectSocket.session")(function* (wire: Wire) {
  wire.state = "connecting";
  wire.ended = undefined;
  const socket = yield* connect(wire);
  if (wire.ended !== undefined) return;
  wire.opened();
  yield* serve(wire, socket);
});

const connect = Effect.fnUntraced(function* (wire: Wire) {
  const transport = yield* Transport;
  const venue = yield* Venue;
  const limiter = yield* RateLimiter;
  const { upgradeTimeoutMs } = yield* RouterConfig;
  const grant = yield* limiter.acquireConnect({ priority: "critical", maxWaitMs: Number.POSITIVE_INFINITY });
  return yield* transport.socket(venue.socket.url, wire.handlers).pipe(
    Effect.catchTag("UpgradeRefused", ({ status, headers, body }) => Effect.fail(venue.upgradeFailure(status, headers, body))),
    Effect.tapError((error) => (error._tag === "RateLimited" && error.scope === "ip" ? limiter.block(error.retryAfterMs) : Effect.void)),
    Effect.timeoutOrElse({
      duration: upgradeTimeoutMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "upgrade", timeoutMs: upgradeTimeoutMs, detail: venue.host })),
    }),
    Effect.onExit((exit) => limiter.ended(grant, Exit.isSuccess(exit))),
  );
});

const serve = Effect.fnUntraced(function* (wire: Wire, socket: Socket) {
  const { socket: dialect } = yield* Venue;
  const { pingAfterMs, deadAfterMs } = yield* RouterConfig;
  const ticket = `naru-${(yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36)}`;
  while (wire.ended === undefined) {
    const { wanted } = wire;
    if (wanted.length === 0) return;
    const nowMs = wire.nowMs();
    const isChanged = !sameKeys(wanted, wire.sent);
    const sendMs = isChanged ? wire.sentMs + sendEveryMs : Number.POSITIVE_INFINITY;
    if (nowMs - wire.heardMs >= deadAfterMs) {
      // What came while the process was held up lies unread until the event loop has had its turn.
      yield* Effect.sleep(lookAgainMs);
      if (wire.nowMs() - wire.heardMs < deadAfterMs) continue;
      wire.finish(`nothing was heard for ${deadAfterMs} ms`);
      return yield* socket.terminate;
    }
    if (sendMs <= nowMs) {
      wire.subscribed(wanted);
      yield* socket.send(dialect.subscribe(wanted, ticket, dialect.format));
      continue;
    }
    if (wire.pingedMs === undefined && nowMs - wire.heardMs >= pingAfterMs) {
      wire.pingedMs = nowMs;
      yield* socket.ping;
      continue;
    }
    const aliveMs = wire.heardMs + (wire.pingedMs === undefined ? pingAfterMs : deadAfterMs);
    yield* wire.wake.waitAtMost(Math.min(sendMs, aliveMs) - nowMs);
  }
});
