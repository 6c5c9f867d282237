/** Hears one socket: what came of which key, the answers to our questions, and the end. Plain synchronous code, called by the transport. */
import { type KeyId, keyId, type StreamKey } from "@naru/router/domain/StreamKey";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { KeyNumbers } from "@naru/router/health/KeyNumbers";
import type { SocketHandlers } from "@naru/router/transport/Transport";
import type { SocketDialect, SocketMessage } from "@naru/router/transport/Venue";
import type * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";

export class Listener {
  readonly #clock: Clock.Clock;
  readonly #decode: SocketDialect["decode"];
  readonly keys: ReadonlyMap<KeyId, KeyNumbers>;
  readonly pong = Deferred.makeUnsafe<void>();
  readonly told = Deferred.makeUnsafe<ReadonlyArray<StreamKey>>();
  readonly end = Deferred.makeUnsafe<string>();
  ended: string | null = null;
  undecodable = 0;
  lastError: MarketDataError | null = null;

  constructor(clock: Clock.Clock, decode: SocketDialect["decode"], keys: ReadonlyArray<StreamKey>) {
    this.#clock = clock;
    this.#decode = decode;
    this.keys = new Map(keys.map((key) => [keyId(key), new KeyNumbers(keyId(key), this.nowMs())]));
  }

  nowMs(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }

  finish(words: string): void {
    this.ended ??= words;
    Deferred.doneUnsafe(this.end, Effect.succeed(this.ended));
  }

  readonly handlers: SocketHandlers = {
    onFrame: (data) => {
      for (const message of this.#decode(data)) this.#message(message);
    },
    onReadEnd: () => {},
    onPong: () => Deferred.doneUnsafe(this.pong, Effect.void),
    onClose: ({ code, reason }) => this.finish(reason === "" ? `closed ${code}` : `closed ${code}: ${reason}`),
  };

  #message(message: SocketMessage): void {
    switch (message._tag) {
      case "Subscriptions":
        Deferred.doneUnsafe(this.told, Effect.succeed(message.keys));
        return;
      case "Failure":
        this.lastError = message.error;
        return this.finish(message.error.message);
      case "Undecodable":
        this.undecodable++;
        this.lastError = message.error;
        return;
      case "Status":
      case "Untraded":
        return;
      case "Ticker":
        return this.#heard({ kind: "ticker", market: message.value.market }, message.value.timestampMs, message.snapshot);
      case "Orderbook":
        return this.#heard({ kind: "orderbook", market: message.value.market, levels: 1 }, message.value.timestampMs, message.snapshot);
      case "Trade": {
        const { market, sentTimeMs, tradeTimeMs } = message.value;
        return this.#heard({ kind: "trades", market }, sentTimeMs ?? tradeTimeMs, message.snapshot);
      }
      case "Candle": {
        const { market, interval, lastTradeTimeMs } = message.value;
        return this.#heard({ kind: "candles", market, interval }, lastTradeTimeMs, message.snapshot);
      }
    }
  }

  #heard(key: StreamKey, madeAtMs: number, snapshot: boolean): void {
    const lagMs = snapshot ? undefined : this.#clock.currentTimeMillisUnsafe() - madeAtMs;
    this.keys.get(keyId(key))?.message(this.nowMs(), lagMs);
  }
}
