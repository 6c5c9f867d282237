/**
 * Tells the ledger of the live side what can be seen from around it: what the link says of itself, what is sent over the socket and read from it,
 * and what consumers take. The live side itself knows nothing of being measured.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import { type KeyId, keyId, type StreamKey } from "./domain/StreamKey.ts";
import type { ConsumerNumbers } from "./health/ConsumerNumbers.ts";
import { Health } from "./health/HealthLedger.ts";
import { LiveLedger } from "./health/LiveLedger.ts";
import type { LinkEndReason } from "./health/LiveMetrics.ts";
import type { LiveNumbers } from "./health/LiveNumbers.ts";
import { receiveFailureOf } from "./health/receiveFailure.ts";
import { type LinkEvent, LinkObserver, type Subscriptions } from "./stream/Subscriptions.ts";
import { monotonicMs } from "./transport/Session.ts";
import { type SocketMessage, Venue } from "./transport/Venue.ts";

/** The surroundings of the live side, measured. Whoever observed the link besides is told as before. */
export const layer: Layer.Layer<Venue, never, Venue | LiveLedger | Health> = Layer.effectContext(
  Effect.gen(function* () {
    const venue = yield* Venue;
    const health = yield* Health;
    const told = yield* LinkObserver;
    const wire = new Wire(yield* LiveLedger, yield* Clock.Clock);
    const subscribe = (wanted: ReadonlyArray<StreamKey>, ticket: string) => {
      wire.subscribed(wanted);
      return venue.socket.subscribe(wanted, ticket);
    };
    const decode = (data: Uint8Array | string) => {
      const messages = venue.socket.decode(data);
      for (const message of messages) wire.came(message);
      return messages;
    };
    const observer = (event: LinkEvent): void => {
      health.linkChanged(event.state);
      wire.changed(event);
      told(event);
    };
    return Context.make(Venue, { ...venue, socket: { ...venue.socket, subscribe, decode } }).pipe(Context.add(LinkObserver, observer));
  }),
);

/** Subscriptions whose consumers are counted, once per batch. */
export const countingConsumers = (subscriptions: Subscriptions["Service"], numbers: LiveNumbers): Subscriptions["Service"] => ({
  ...subscriptions,
  events: (kind, keys, options) =>
    Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync((): ConsumerNumbers => numbers.consumerOpened(kind, keys.length)),
          (consumer) => Effect.sync(() => numbers.consumerClosed(consumer)),
        ),
        (consumer) =>
          subscriptions.events(kind, keys, options).pipe(
            Stream.mapArray((elements) => {
              consumer.took(elements);
              return elements;
            }),
            Stream.tapError((error) => Effect.sync(() => (error._tag === "SlowConsumer" ? (consumer.dropped += error.dropped) : 0))),
          ),
      ),
    ),
});

/** The one socket, seen from outside. */
class Wire {
  readonly #numbers: LiveNumbers;
  readonly #clock: Clock.Clock;
  /** The subscription that was sent last, over all links: a key that a new link only takes over is no change. */
  #keys: ReadonlySet<KeyId> = new Set();
  #state: LinkEvent["state"] = "idle";
  /** Something was sent over the link that is open. */
  #isSent = false;

  constructor(numbers: LiveNumbers, clock: Clock.Clock) {
    this.#numbers = numbers;
    this.#clock = clock;
  }

  changed({ state, reason, atNanos }: LinkEvent): void {
    const nowMs = Number(atNanos) / 1e6;
    const link = this.#numbers.link("main");
    const wasOpen = this.#state === "open";
    this.#state = state;
    if (state === "open") {
      this.#isSent = false;
      return link.opened(nowMs);
    }
    if (wasOpen) link.ended(endReasonOf(reason), reason ?? "unwanted", nowMs);
    else if (state === "waiting") link.attemptFailed();
    if (state === "waiting") this.#numbers.failed("connection", nowMs, reason ?? "");
    if (state === "idle") this.#replace(new Set(), "full", nowMs);
  }

  subscribed(wanted: ReadonlyArray<StreamKey>): void {
    const keys = new Set(wanted.map(keyId));
    const isSame = keys.size === this.#keys.size && [...keys].every((id) => this.#keys.has(id));
    this.#numbers.link("main").subscribed(keys.size, this.#isSent && isSame);
    this.#replace(keys, this.#isSent ? "swap" : "full", monotonicMs(this.#clock));
    this.#isSent = true;
  }

  came(message: SocketMessage): void {
    if (message._tag === "Subscriptions" || message._tag === "Status") return;
    const nowMs = monotonicMs(this.#clock);
    if (message._tag === "Failure") return this.#numbers.failed(receiveFailureOf(message.error), nowMs, message.error.message);
    if (message._tag === "Undecodable") return this.#numbers.failed("decode", nowMs, message.error.message);
    const id = idOf(message);
    // Late frames of the subscription before are nobody's.
    if (!this.#keys.has(id)) return;
    const lagMs = message.snapshot ? undefined : this.#clock.currentTimeMillisUnsafe() - madeAtMs(message);
    this.#numbers.message(this.#numbers.key(id, nowMs), nowMs, lagMs);
    this.#numbers.changeDone(id, nowMs);
  }

  #replace(keys: ReadonlySet<KeyId>, mode: "swap" | "full", nowMs: number): void {
    for (const id of keys) {
      if (this.#keys.has(id)) continue;
      this.#numbers.key(id, nowMs);
      this.#numbers.changeStarted(id, mode, nowMs);
    }
    for (const id of this.#keys) {
      if (keys.has(id)) continue;
      this.#numbers.changeWithdrawn(id);
      this.#numbers.forget(id);
    }
    this.#keys = keys;
  }
}

type DataMessage = Extract<SocketMessage, { readonly _tag: "Ticker" | "Orderbook" | "Trade" | "Candle" }>;

const idOf = (message: DataMessage): KeyId => {
  const { market } = message.value;
  switch (message._tag) {
    case "Ticker":
      return keyId({ kind: "ticker", market });
    case "Orderbook":
      return keyId({ kind: "orderbook", market, levels: 1 });
    case "Trade":
      return keyId({ kind: "trades", market });
    case "Candle":
      return keyId({ kind: "candles", market, interval: message.value.interval });
  }
};

/** When the exchange made what the message tells, epoch milliseconds. */
const madeAtMs = (message: DataMessage): number => {
  switch (message._tag) {
    case "Ticker":
    case "Orderbook":
      return message.value.timestampMs;
    case "Trade":
      return message.value.sentTimeMs ?? message.value.tradeTimeMs;
    case "Candle":
      return message.value.lastTradeTimeMs;
  }
};

/** The link tells its end in words. */
const endReasonOf = (reason: string | null): LinkEndReason => {
  if (reason === null) return "unwanted";
  if (reason.startsWith("closed ")) return "closed";
  return reason.startsWith("silent ") ? "silent" : "failed";
};
