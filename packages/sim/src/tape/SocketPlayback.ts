/**
 * One recorded socket, played to a client. Frames come at the distances they had from the client's first message, or from the opening where the
 * recorded client said nothing first; so a client that subscribes later than the recorded one misses nothing.
 */
import { NetworkError } from "@naru/router/errors/MarketDataError";
import type { Socket, SocketBytes, SocketHandlers } from "@naru/router/transport/Transport";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import { frameSize } from "../socket/frameSize.ts";
import { Wanted } from "./FrameFilter.ts";
import type { RecordedSocket, Tape } from "./Tape.ts";
import { bytesOf } from "@naru/router/tape/TapeEvent";

/** Times as fast as it was recorded, or as fast as the consumer takes it. */
export type Speed = number | "asap";

export interface PlaybackOptions {
  readonly speed: Speed;
  readonly atEnd: "silent" | "close";
  /** Only frames of the types and markets that the client asked for. */
  readonly filter: boolean;
  readonly host: string;
  /** Nothing more will come of this socket. */
  readonly onEnd: () => void;
}

/** A read is handed over as one although its frames are stamped some microseconds apart. */
const sameReadNanos = 1e6;

export class SocketPlayback implements Socket {
  private readonly tape: Tape;
  private readonly recorded: RecordedSocket;
  private readonly handlers: SocketHandlers;
  private readonly options: PlaybackOptions;
  private readonly spoken = Latch.makeUnsafe(false);
  private readonly wanted: Wanted | undefined;
  private wireBytes = 0;
  private payloadBytes = 0;
  private isReading = false;
  private isClosed = false;
  private isDeaf = false;

  constructor(tape: Tape, recorded: RecordedSocket, handlers: SocketHandlers, options: PlaybackOptions) {
    this.tape = tape;
    this.recorded = recorded;
    this.handlers = handlers;
    this.options = options;
    this.wanted = options.filter ? new Wanted() : undefined;
  }

  /** Plays to the end of what was recorded. */
  readonly play: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const { firstSendNanos, openedNanos = 0 } = this.recorded;
    if (firstSendNanos !== undefined) yield* this.spoken.await;
    const clock = yield* Clock.Clock;
    const startNanos = clock.monotonicTimeNanosUnsafe();
    const originNanos = firstSendNanos ?? openedNanos;
    for (const { atNanos, event } of this.tape.eventsOf(this.recorded)) {
      const waitNanos = this.waitNanos(atNanos - originNanos, Number(clock.monotonicTimeNanosUnsafe() - startNanos));
      if (waitNanos >= (this.isReading ? sameReadNanos : 1)) {
        this.endRead();
        yield* sleepNanos(waitNanos);
      }
      if (this.isClosed) return;
      if (event.event === "frame") this.frame(event.binary || "base64" in event ? bytesOf(event) : event.text);
      if (event.event === "ping" && atNanos === this.recorded.deafFromNanos) this.isDeaf = true;
      if (event.event === "close" && event.by === "peer") return this.closed(event.code, event.reason);
      if (event.event !== "read_end") continue;
      this.endRead();
      // Who reads the frames gets its turn before the next read.
      yield* Effect.yieldNow;
    }
    this.endRead();
    if (this.options.atEnd === "close") return this.closed(1000, "the tape ends here");
    this.options.onEnd();
  });

  readonly send = (text: string): Effect.Effect<void, NetworkError> =>
    this.whileOpen(() => {
      this.wanted?.hear(text);
      this.spoken.openUnsafe();
    });

  /** A pong says that the link is up, so there is one as long as the recorded link was. */
  readonly ping: Effect.Effect<void, NetworkError> = Effect.suspend(() =>
    this.whileOpen(() => {
      if (!this.isDeaf) this.handlers.onPong();
    }),
  );

  /** A tape holds messages as they were after inflating. */
  readonly compressed = false;
  readonly bytes = (): SocketBytes => ({ wire: this.wireBytes, payload: this.payloadBytes });

  readonly terminate: Effect.Effect<void> = Effect.sync(() => this.closed(1006, ""));

  /** The orderly end, when the scope closes. */
  readonly close: Effect.Effect<void> = Effect.sync(() => this.closed(1000, ""));

  private waitNanos(recorded: number, passed: number): number {
    return this.options.speed === "asap" ? 0 : recorded / this.options.speed - passed;
  }

  private frame(data: Uint8Array | string): void {
    if (this.wanted?.takes(data) === false) return;
    this.isReading = true;
    const length = typeof data === "string" ? Buffer.byteLength(data) : data.length;
    this.wireBytes += frameSize(length);
    this.payloadBytes += length;
    this.handlers.onFrame(data);
  }

  private endRead(): void {
    if (!this.isReading || this.isClosed) return;
    this.isReading = false;
    this.handlers.onReadEnd();
  }

  private closed(code: number, reason: string): void {
    if (this.isClosed) return;
    this.endRead();
    this.isClosed = true;
    this.spoken.openUnsafe();
    this.handlers.onClose({ code, reason });
    this.options.onEnd();
  }

  private whileOpen(use: () => void): Effect.Effect<void, NetworkError> {
    return Effect.suspend(() =>
      this.isClosed
        ? Effect.fail(new NetworkError({ phase: "socket", host: this.options.host, code: null, detail: "the socket is closed" }))
        : Effect.sync(use),
    );
  }
}

/** Whole nanoseconds: fractions of a millisecond add up otherwise, and a test clock shows it. */
export const sleepNanos = (nanos: number): Effect.Effect<void> => Effect.sleep(Duration.nanos(BigInt(Math.ceil(nanos))));
