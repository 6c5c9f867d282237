/** Two sides that read different clocks: the exchange its own, whatever the program in front of it believes. */
import { Transport } from "@naru/router/transport/Transport";
import { layerMemoryTransport } from "@naru/sim/MemoryTransport";
import { Clock, Effect, Latch, Layer } from "effect";

interface Shift {
  /** How far the wall clock is off. */
  readonly wallMs: () => number;
  /** How far the monotonic one is; it must not shrink. */
  readonly monotonicMs?: () => number;
}

/** The same clock, off by as much as it is told now; its sleeps are not. */
export const shifted = (clock: Clock.Clock, { wallMs, monotonicMs = () => 0 }: Shift): Clock.Clock => {
  const millis = () => clock.currentTimeMillisUnsafe() + wallMs();
  const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(wallMs()) * 1_000_000n;
  const monotonic = () => clock.monotonicTimeNanosUnsafe() + BigInt(monotonicMs()) * 1_000_000n;
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) => clock.sleep(duration),
  };
};

/** The exchange in memory, whose side of everything runs on this clock, whatever that of the caller. */
export const onClock = (clock: Clock.Clock) => {
  const there = Effect.provideService(Clock.Clock, clock);
  return Layer.effect(
    Transport,
    Effect.map(Transport, (inner) => ({
      rest: (request) => there(inner.rest(request)),
      socket: (url, handlers, options) =>
        Effect.map(there(inner.socket(url, handlers, options)), (socket) => ({
          ...socket,
          send: (text) => there(socket.send(text)),
          ping: there(socket.ping),
          terminate: there(socket.terminate),
        })),
    })),
  ).pipe(Layer.provide(layerMemoryTransport()));
};

/**
 * A process whose event loop can be held up: as long as it is, no timer of it is called and nothing that came in is read. When it goes on, timers
 * are called before sockets are read, as Node does it.
 */
export const makeLoop = (clock: Clock.Clock) => {
  const runs = Latch.makeUnsafe(true);
  let unread: Array<() => void> = [];
  let isHeldUp = false;
  const own: Clock.Clock = {
    ...shifted(clock, { wallMs: () => 0 }),
    sleep: (duration) => Effect.andThen(clock.sleep(duration), runs.await),
  };
  const read = (callback: () => void): void => {
    if (isHeldUp) unread.push(callback);
    else callback();
  };
  return {
    clock: own,
    transport: (inner: Transport["Service"]): Transport["Service"] => ({
      ...inner,
      socket: (url, handlers, options) =>
        inner.socket(
          url,
          {
            onFrame: (data) => read(() => handlers.onFrame(data)),
            onReadEnd: () => read(() => handlers.onReadEnd()),
            onPong: () => read(() => handlers.onPong()),
            onClose: (close) => read(() => handlers.onClose(close)),
          },
          options,
        ),
    }),
    /** Holds it up while `meanwhile` lets time pass. */
    holdUp: <A, E, R>(meanwhile: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.gen(function* () {
        isHeldUp = true;
        runs.closeUnsafe();
        const passed = yield* meanwhile;
        runs.openUnsafe();
        // All that is due has its turn before anything is read.
        for (let turns = 0; turns < 100; turns++) yield* Effect.yieldNow;
        isHeldUp = false;
        const late = unread;
        unread = [];
        for (const callback of late) callback();
        return passed;
      }),
  };
};
