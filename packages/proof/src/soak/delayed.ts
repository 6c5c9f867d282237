/**
 * A network some milliseconds long, put around a transport whose sockets answer at once: what is sent arrives late, and so does what comes back,
 * in the order it left. Requests and upgrades have latencies of their own in the transport itself.
 */
import type { NetworkError } from "@naru/router/errors/MarketDataError";
import type { Socket, SocketHandlers, Transport } from "@naru/router/transport/Transport";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Queue from "effect/Queue";

/** More under way than this is no network any more. */
const maxUnderWay = 10_000;

interface UnderWay {
  readonly atMs: number;
  readonly arrive: Effect.Effect<void, NetworkError>;
  /** Nothing comes after it. */
  readonly isLast: boolean;
}

type Later = (arrive: Effect.Effect<void, NetworkError>, isLast?: boolean) => void;

/** Every message of a socket takes `latencyMs` each way. */
export const delayedSockets =
  (latencyMs: number) =>
  (inner: Transport["Service"]): Transport["Service"] => ({
    rest: inner.rest,
    socket: Effect.fnUntraced(function* (url, handlers) {
      const there = yield* makeWay(latencyMs);
      const back = yield* makeWay(latencyMs);
      // Not in the socket's scope: its end is still under way when that closes.
      const coming = yield* Effect.forkDetach(back.arrivals);
      const socket = yield* Effect.onError(inner.socket(url, lateHandlers(handlers, back.later)), () => Fiber.interrupt(coming));
      yield* Effect.forkScoped(there.arrivals);
      return lateSocket(socket, there.later);
    }),
  });

const makeWay = Effect.fnUntraced(function* (latencyMs: number) {
  const clock = yield* Clock.Clock;
  const queue = yield* Queue.bounded<UnderWay>(maxUnderWay);
  const later: Later = (arrive, isLast = false) => {
    if (!Queue.offerUnsafe(queue, { atMs: clock.currentTimeMillisUnsafe() + latencyMs, arrive, isLast }))
      throw new RangeError(`more than ${maxUnderWay} messages under way`);
  };
  /** One after another, each when it is due, until the last. What can no more be sent is lost, as on any network. */
  const arrivals = Effect.gen(function* () {
    for (let isOver = false; !isOver;) {
      const { atMs, arrive, isLast } = yield* Queue.take(queue);
      const waitMs = atMs - clock.currentTimeMillisUnsafe();
      if (waitMs > 0) yield* Effect.sleep(waitMs);
      yield* Effect.ignore(arrive);
      isOver = isLast;
    }
  });
  return { later, arrivals };
});

const lateHandlers = (handlers: SocketHandlers, later: Later): SocketHandlers => ({
  onFrame: (data) => {
    // The bytes are the transport's, and only for now.
    const kept = typeof data === "string" ? data : data.slice();
    later(Effect.sync(() => handlers.onFrame(kept)));
  },
  onReadEnd: () => later(Effect.sync(() => handlers.onReadEnd())),
  onPong: () => later(Effect.sync(() => handlers.onPong())),
  onClose: (close) =>
    later(
      Effect.sync(() => handlers.onClose(close)),
      true,
    ),
});

const lateSocket = (socket: Socket, later: Later): Socket => ({
  ...socket,
  send: (text) => Effect.sync(() => later(socket.send(text))),
  ping: Effect.sync(() => later(socket.ping)),
});
