/**
 * How many bytes a second each spelling takes, compressed or not: the emulated exchange in memory, the same minutes of the same markets for
 * every way. The transport counts what comes in; nothing is waited for, because the clock is a virtual one.
 */
import type { Market } from "@naru/router/domain/Market";
import type { Kind } from "@naru/router/domain/Question";
import type { StreamKey } from "@naru/router/domain/StreamKey";
import { type SocketBytes, Transport } from "@naru/router/transport/Transport";
import { type Spelling, spellings } from "@naru/router/transport/Venue";
import { Exchange, layerMemoryTransport } from "@naru/sim";
import { profiles } from "@naru/upbit/profiles";
import { makeVenue } from "@naru/upbit/UpbitVenue";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as TestClock from "effect/testing/TestClock";

/** One way to be told of a kind, and what came. */
export interface Measure {
  readonly kind: Kind;
  readonly spelling: Spelling;
  readonly compress: boolean;
  readonly messages: number;
  readonly bytes: SocketBytes;
}

export interface MeasureOptions {
  readonly seed: number;
  readonly markets: ReadonlyArray<string>;
  readonly seconds: number;
}

const kinds: ReadonlyArray<Kind> = ["ticker", "orderbook", "trades", "candles"];

/** Every kind in every spelling, as it is and compressed. */
export const measureAll = (options: MeasureOptions): Effect.Effect<ReadonlyArray<Measure>> =>
  Effect.forEach(
    kinds.flatMap((kind) => spellings.flatMap((spelling) => [false, true].map((compress) => ({ kind, spelling, compress })))),
    (way) => measure(way, options),
  );

const keyOf = (kind: Kind, market: Market): StreamKey => {
  switch (kind) {
    case "ticker":
    case "trades":
      return { kind, market };
    case "orderbook":
      return { kind, market, levels: 15 };
    case "candles":
      return { kind, market, interval: "1m" };
  }
};

/** The exchange cuts a connection on which nothing is said for a minute. */
const pingEverySeconds = 30;

/** One socket with one kind of every market. */
const measure = (way: Omit<Measure, "messages" | "bytes">, options: MeasureOptions): Effect.Effect<Measure> => {
  const { socket: dialect } = makeVenue(profiles.upbit);
  // The caller's codes are codes.
  const keys = (options.markets as ReadonlyArray<Market>).map((market) => keyOf(way.kind, market));
  let messages = 0;
  const handlers = { onFrame: () => void messages++, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };
  return Effect.gen(function* () {
    const transport = yield* Transport;
    const socket = yield* transport.socket("ws://sim/websocket/v1", handlers, { compress: way.compress });
    yield* socket.send(dialect.subscribe(keys, "measure", way.spelling));
    for (let second = 0; second < options.seconds; second += pingEverySeconds) {
      yield* TestClock.adjust(1_000 * Math.min(pingEverySeconds, options.seconds - second));
      yield* socket.ping;
    }
    return { ...way, messages, bytes: socket.bytes() };
  }).pipe(
    // The emulated exchange refuses nothing unless it is told to.
    Effect.orDie,
    Effect.scoped,
    Effect.provide(
      layerMemoryTransport({ connectLatencyMs: 0 }).pipe(
        Layer.provide(Exchange.layer({ seed: options.seed, ledger: { frames: "off" } })),
        Layer.provideMerge(TestClock.layer()),
      ),
    ),
  );
};
