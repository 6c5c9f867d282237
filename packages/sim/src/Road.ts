/**
 * The way between a client and the exchange, for the door in memory: how long a trip takes, how much that varies, and how often something is
 * lost on it. What is lost is sent again, as TCP does, so it comes late and so does everything behind it on the same socket; nothing arrives in
 * another order than it was sent. A request on a fresh connection pays for the handshakes of TCP and TLS first.
 *
 * Chance comes from the exchange's seed and a count of trips, so the same program meets the same road every time.
 */
import type { Socket, SocketHandlers, Transport } from "@naru/router/transport/Transport";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Latch from "effect/Latch";
import { hash2, unit } from "./market/Hash.ts";

export interface RoadOptions {
  /** There and back, in milliseconds. */
  readonly rttMs: number;
  /** A trip there and back takes up to so much longer, in milliseconds. Default 0. */
  readonly jitterMs?: number | undefined;
  /** The share of trips on which something is lost and sent again, 0 to 1. Default 0. */
  readonly loss?: number | undefined;
  /** A connection that was idle for longer is not there any more, and the next request opens one, in milliseconds. Default 4,000. */
  readonly keepAliveMs?: number | undefined;
  /** Requests share a connection, so that one which is given up does not take it along. Default false: it does. */
  readonly isShared?: boolean | undefined;
}

/** Trips before the first byte of a request: one for TCP, two for TLS. */
const handshakeTrips = 3;
/** What is lost is sent again after this time at the least, in milliseconds. */
const leastResendMs = 200;

/** The transport at the far end of a road. */
export const overRoad = (inner: Transport["Service"], options: RoadOptions, seed: number): Transport["Service"] => {
  const road = new Road(options, seed);
  return {
    rest: Effect.fnUntraced(function* (request) {
      const clock = yield* Clock.Clock;
      const connectMs = road.connectMs(nowMs(clock));
      const exchanged = Effect.gen(function* () {
        yield* Effect.sleep(connectMs + road.wayMs());
        const exit = yield* Effect.exit(inner.rest(request));
        yield* Effect.sleep(road.wayMs());
        return yield* exit;
      });
      return yield* Effect.onExit(exchanged, (exit) =>
        Effect.sync(() => {
          if (options.isShared === true || !Exit.hasInterrupts(exit)) road.freed(nowMs(clock));
        }),
      );
    }),
    socket: Effect.fnUntraced(function* (url, handlers, given) {
      const clock = yield* Clock.Clock;
      yield* Effect.sleep(road.handshakeMs() + road.wayMs());
      const back = new Lane(road, clock);
      const socket = yield* inner.socket(url, heardThrough(back, handlers, clock), given);
      const out = new Lane(road, clock);
      yield* Effect.forkScoped(back.run);
      yield* Effect.forkScoped(out.run);
      yield* Effect.sleep(road.wayMs());
      return distant(socket, out);
    }),
  };
};

class Road {
  private trips = 0;
  private readonly options: RoadOptions;
  private readonly seed: number;
  /** When connections that wait for their next request were last used. */
  private idle: Array<number> = [];

  constructor(options: RoadOptions, seed: number) {
    this.options = options;
    this.seed = seed;
  }

  /** One way, in milliseconds. */
  wayMs(): number {
    const { rttMs, jitterMs = 0, loss = 0 } = this.options;
    const at = ++this.trips;
    const lost = unit(hash2(this.seed, 2 * at)) < loss / 2;
    const way = (rttMs + jitterMs * unit(hash2(this.seed, 2 * at + 1))) / 2;
    return lost ? way + Math.max(leastResendMs, 2 * rttMs) : way;
  }

  handshakeMs(): number {
    let ms = 0;
    for (let trip = 0; trip < 2 * handshakeTrips; trip++) ms += this.wayMs();
    return ms;
  }

  /** The time to a connection that can carry a request: none where one is kept alive. */
  connectMs(nowMs: number): number {
    const { keepAliveMs = 4_000 } = this.options;
    this.idle = this.idle.filter((since) => nowMs - since < keepAliveMs);
    return this.idle.pop() === undefined ? this.handshakeMs() : 0;
  }

  /** A request is over: its connection waits for the next one. */
  freed(nowMs: number): void {
    this.idle.push(nowMs);
  }
}

/** One direction of a socket: everything leaves in the order it came, each after its way. Once it has ended nothing takes time any more. */
class Lane {
  private readonly road: Road;
  private readonly clock: Clock.Clock;
  private under: Array<{ readonly dueMs: number; readonly arrive: Effect.Effect<void> }> = [];
  private readonly signal = Latch.makeUnsafe();
  private lastDueMs = 0;
  private isOver = false;

  constructor(road: Road, clock: Clock.Clock) {
    this.road = road;
    this.clock = clock;
  }

  send(arrive: Effect.Effect<void>): void {
    this.lastDueMs = Math.max(this.lastDueMs, nowMs(this.clock) + this.road.wayMs());
    this.follow(arrive);
  }

  /** With what was sent last, at no time of its own. */
  follow(arrive: Effect.Effect<void>): void {
    if (this.isOver) return Effect.runSync(arrive);
    this.under.push({ dueMs: this.lastDueMs, arrive });
    this.signal.openUnsafe();
  }

  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      const next = this.under[0];
      if (next === undefined) {
        this.signal.closeUnsafe();
        yield* this.signal.await;
        continue;
      }
      const waitMs = next.dueMs - nowMs(this.clock);
      if (waitMs > 0) yield* Effect.sleep(waitMs);
      this.under.shift();
      yield* next.arrive;
    }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        this.isOver = true;
        this.under = [];
      }),
    ),
  );
}

/** What the exchange sends, told when it has come all the way. What comes apart was not read at once, though it left together. */
const heardThrough = (back: Lane, near: SocketHandlers, clock: Clock.Clock): SocketHandlers => {
  /** When the read that is open began. */
  let readMs: number | undefined;
  const endRead = (): void => {
    if (readMs === undefined) return;
    readMs = undefined;
    near.onReadEnd();
  };
  const frame = (data: Uint8Array | string): void => {
    const atMs = nowMs(clock);
    if (readMs !== atMs) endRead();
    readMs = atMs;
    near.onFrame(data);
  };
  return {
    onFrame: (data) => {
      // The bytes belong to the transport and are gone after the call.
      const kept = typeof data === "string" ? data : data.slice();
      back.send(Effect.sync(() => frame(kept)));
    },
    // Of the same read as the frame before it.
    onReadEnd: () => back.follow(Effect.sync(endRead)),
    onPong: () => back.send(Effect.sync(() => near.onPong())),
    onClose: (close) =>
      back.send(
        Effect.sync(() => {
          endRead();
          near.onClose(close);
        }),
      ),
  };
};

/** The near end of a socket whose far end is a way off. What is sent to one that has closed meanwhile is lost. */
const distant = (socket: Socket, out: Lane): Socket => ({
  compressed: socket.compressed,
  bytes: socket.bytes,
  terminate: socket.terminate,
  send: (text) => Effect.sync(() => out.send(Effect.ignore(socket.send(text)))),
  ping: Effect.sync(() => out.send(Effect.ignore(socket.ping))),
});

const nowMs = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
