/**
 * Writes what it is told onto a tape, beside the live path: {@link TapeRecorder.record} is synchronous, never waits and never throws. A fiber
 * packs what waits into members and writes them. When the disk cannot take it, the buffer fills, then events are counted instead of kept, and
 * the count is written where they would stand.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import type { StorageError } from "@naru/router/errors/MarketDataError";
import type { Recording } from "@naru/router/tape/recording";
import type * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import { encodeMember } from "@naru/node/GzipMembers";
import { ownBytes, TapeBuffer } from "./TapeBuffer.ts";
import {
  payloadOf,
  type StampedEvent,
  type TapeError,
  type TapeEvent,
  tapeFormat,
  type TapeHeader,
  tapeVersion,
} from "@naru/router/tape/TapeEvent";
import { openSink, type TapeSink } from "./TapeFile.ts";

export interface RecorderOptions {
  /** Any words; they stand in the header. */
  readonly note?: string | undefined;
  /** Version of the recording program, for the header. */
  readonly naru?: string | undefined;
  /** How often what waits is written, milliseconds: what a crash can cost. Default 1,000. */
  readonly flushMs?: number | undefined;
  /** Text of one member; so much waiting is written at once. Default 64 KiB. */
  readonly memberBytes?: number | undefined;
  /** What may wait for the disk. Default 16 MiB. */
  readonly maxBufferBytes?: number | undefined;
}

/** Who is being recorded; the first to say it stands in the header. */
export interface Subject {
  readonly venue: string;
  readonly host: string;
  readonly simulated: boolean;
  /** The clock that events are stamped with. */
  readonly clock: Clock.Clock;
}

export interface RecorderStats {
  /** Frames that came in. */
  readonly frames: number;
  /** Requests that went out. */
  readonly requests: number;
  readonly sockets: number;
  /** Events taken, of every kind. */
  readonly events: number;
  /** Events that were not kept, because too much waited. */
  readonly dropped: number;
  /** Events that wait to be written. */
  readonly waiting: number;
  readonly members: number;
  readonly writtenBytes: number;
  /** The last attempt to write failed with this. */
  readonly failure: StorageError | undefined;
}

export class TapeRecorder extends Context.Service<
  TapeRecorder,
  Recording & {
    /** Names who is recorded. The first call counts; without one the header says nothing of it. */
    readonly begin: (subject: Subject) => void;
    /** Takes an event, now. `bytes`: about how long its text is. */
    readonly record: (event: TapeEvent, bytes?: number) => void;
    readonly stats: () => RecorderStats;
    /** Writes all that waits. */
    readonly flush: Effect.Effect<void, StorageError>;
    /** Ends the recording: the last words, then {@link flush}. Later events are not taken. Happens by itself when the layer's scope closes. */
    readonly finish: Effect.Effect<void, StorageError>;
  }
>()("@naru/sim/tape/TapeRecorder") {
  /** Records into a file, behind what it already holds. */
  static readonly layer = (path: string, options?: RecorderOptions): Layer.Layer<TapeRecorder, TapeError | StorageError> =>
    Layer.effect(
      TapeRecorder,
      Effect.flatMap(openSink(path), (sink) => makeRecorder(sink, options)),
    );

  /** Records into any sink. */
  static readonly layerSink = (sink: TapeSink, options?: RecorderOptions): Layer.Layer<TapeRecorder> =>
    Layer.effect(TapeRecorder, makeRecorder(sink, options));
}

export const makeRecorder = (sink: TapeSink, options: RecorderOptions = {}): Effect.Effect<TapeRecorder["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const recorder = new Recorder(sink, clock, options);
    const writing = Semaphore.makeUnsafe(1);
    const flush = writing.withPermits(1)(recorder.flush);
    const finish = Effect.suspend(() => {
      recorder.end();
      return flush;
    });
    yield* Effect.addFinalizer(() =>
      // Who ended it has been told already how that went.
      recorder.isOver
        ? Effect.ignore(flush)
        : Effect.catch(finish, (error) => Effect.logError(`The tape lacks its last ${recorder.stats().waiting} events`, error.message)),
    );
    yield* Effect.forkScoped(
      Effect.gen(function* () {
        while (true) {
          yield* Effect.raceFirst(Effect.sleep(recorder.flushMs), recorder.full.await);
          yield* Effect.ignore(flush);
          // A disk that does not take it is not asked again at once.
          if (recorder.stats().failure !== undefined) yield* Effect.sleep(recorder.flushMs);
        }
      }),
    );
    return TapeRecorder.of({
      begin: (subject) => recorder.begin(subject),
      record: (event, bytes) => recorder.record(event, bytes),
      frame: (socket, data) => {
        const payload = typeof data === "string" ? { text: data } : payloadOf(data);
        recorder.record({ event: "frame", socket, binary: typeof data !== "string", ...payload }, data.length);
      },
      readEnd: (socket) => recorder.record({ event: "read_end", socket }),
      response: (request, status, headers, body) =>
        recorder.record({ event: "response", request, status, headers, ...payloadOf(body) }, body.length),
      nextSocket: () => ++recorder.sockets,
      nextRequest: () => ++recorder.requests,
      stats: () => recorder.stats(),
      flush,
      finish,
    });
  });

class Recorder {
  readonly flushMs: number;
  /** Open while more than a member waits. */
  readonly full = Latch.makeUnsafe(false);
  sockets = 0;
  requests = 0;
  /** Nothing is taken any more. */
  isOver = false;
  private readonly sink: TapeSink;
  private readonly options: RecorderOptions;
  private readonly memberBytes: number;
  private readonly buffer: TapeBuffer;
  private clock: Clock.Clock;
  private header: TapeHeader | undefined;
  private startNanos = 0n;
  /** Packed and not yet on the disk. */
  private packed: { readonly member: Uint8Array; readonly events: number } | undefined;
  private headerIsPacked = false;
  private events = 0;
  private frames = 0;
  private members = 0;
  private writtenBytes = 0;
  private failure: StorageError | undefined;

  constructor(sink: TapeSink, clock: Clock.Clock, options: RecorderOptions) {
    this.sink = sink;
    this.clock = clock;
    this.options = options;
    this.flushMs = options.flushMs ?? 1_000;
    this.memberBytes = options.memberBytes ?? 64 * 1024;
    this.buffer = new TapeBuffer(options.maxBufferBytes ?? 16 * 1024 * 1024);
  }

  begin(subject: Subject | undefined): TapeHeader {
    if (this.header !== undefined) return this.header;
    if (subject !== undefined) this.clock = subject.clock;
    this.startNanos = this.clock.monotonicTimeNanosUnsafe();
    this.header = {
      event: "tape",
      format: tapeFormat,
      version: tapeVersion,
      startedWall: this.clock.currentTimeMillisUnsafe(),
      startedMonotonic: String(this.startNanos),
      venue: subject?.venue ?? null,
      simulated: subject?.simulated ?? null,
      host: subject?.host ?? null,
      naru: this.options.naru ?? null,
      note: this.options.note ?? null,
    };
    return this.header;
  }

  record(event: TapeEvent, bytes = 0): void {
    if (this.isOver) return;
    this.begin(undefined);
    this.events++;
    if (event.event === "frame") this.frames++;
    this.buffer.push(this.stamped(event), bytes + ownBytes);
    if (this.buffer.bytes >= this.memberBytes) this.full.openUnsafe();
  }

  end(): void {
    if (this.isOver) return;
    this.begin(undefined);
    this.isOver = true;
    this.buffer.pushLast(this.stamped({ event: "end" }));
  }

  stats(): RecorderStats {
    const { events, failure, frames, members, requests, sockets, writtenBytes } = this;
    const waiting = this.buffer.events + (this.packed?.events ?? 0);
    return { events, failure, frames, members, requests, sockets, writtenBytes, waiting, dropped: this.buffer.dropped };
  }

  /** Member by member, so that what else wants to run in between can. One that was packed and not written is tried again as it is. */
  readonly flush: Effect.Effect<void, StorageError> = Effect.suspend(() => {
    this.full.closeUnsafe();
    this.packed ??= this.pack();
    const { packed } = this;
    if (packed === undefined) return Effect.void;
    return this.sink.write(packed.member).pipe(
      Effect.tapError((error) => Effect.sync(() => (this.failure = error))),
      Effect.andThen(() => {
        this.failure = undefined;
        this.packed = undefined;
        this.members++;
        this.writtenBytes += packed.member.length;
        return Effect.andThen(Effect.yieldNow, this.flush);
      }),
    );
  });

  private pack(): Recorder["packed"] {
    const events = this.buffer.take(this.memberBytes);
    const lines: Array<unknown> = this.header === undefined || this.headerIsPacked ? [...events] : [this.header, ...events];
    if (lines.length === 0) return undefined;
    this.headerIsPacked = true;
    return { member: encodeMember(lines.map((line) => `${JSON.stringify(line)}\n`).join("")), events: events.length };
  }

  private stamped(event: TapeEvent): StampedEvent {
    const { event: name, ...rest } = event;
    const stamp = { wall: this.clock.currentTimeMillisUnsafe(), mono: Number(this.clock.monotonicTimeNanosUnsafe() - this.startNanos) };
    // The same event, with its name and its clocks first.
    return { event: name, ...stamp, ...rest } as StampedEvent;
  }
}
