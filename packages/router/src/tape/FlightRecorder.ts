/**
 * The recorder that is always on: the last minutes of all that passed (`FlightRing.ts`), written into the state folder as a tape when the mode
 * changes, on an alert, or when somebody asks. The tape begins with what a replay needs, so `naru replay` runs it again.
 *
 * Nothing here is waited for by a caller. A recording that is written by itself keeps its distance from the one before; what happens meanwhile is
 * not lost but written when the distance is over. One that somebody asks for is written at once.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import { Closed, type StorageError } from "../errors/MarketDataError.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { defaultRouterConfig, RouterConfig } from "../RouterConfig.ts";
import { atEnd } from "../transport/atEnd.ts";
import { Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import { startWorker } from "../transport/Workers.ts";
import { FlightFolder, type FlightFolderShape, type Written } from "./FlightFolder.ts";
import type { Piece } from "./FlightPiece.ts";
import { FlightRing } from "./FlightRing.ts";
import { beginningOf, endOf, type FlightSubject, stretchesOf, wallOf } from "./flightText.ts";
import { recordLimiter, recordTransport, type Recording } from "./recording.ts";
import type { TapeEvent } from "./TapeEvent.ts";

/** A recording that was written, and what it covers. */
export interface FlightDump extends Written {
  readonly reason: string;
  /** Wall clock of its first and last entry, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** For people. */
export interface FlightStatus {
  /** False where it was switched off, or where there is no folder. */
  readonly on: boolean;
  /** Memory that the ring takes. */
  readonly bytes: number;
  /** From its oldest entry to now, in milliseconds. */
  readonly spanMs: number;
  /** Recordings written since the start, and the latest of them. */
  readonly dumps: number;
  readonly last: FlightDump | null;
  /** Why the latest could not be written; null where it could. */
  readonly failure: string | null;
}

export class FlightRecorder extends Context.Service<
  FlightRecorder,
  {
    /** Where what passes is told to; undefined while it is off. */
    readonly recording: Recording | undefined;
    /** Takes a caller's question, now. */
    readonly asked: (question: object, markets: number) => void;
    /** Takes what the router did, now. */
    readonly told: (event: TapeEvent) => void;
    /** Writes what is held, now. Those who ask at the same time have one after another. `Closed` while it is off. */
    readonly dump: (reason: string) => Effect.Effect<FlightDump, StorageError | Closed>;
    /** Has it written for this reason before long: at once, or when the distance to the one before is over. Synchronous. */
    readonly dumpSoon: (reason: string) => void;
    readonly status: () => FlightStatus;
  }
>()("@naru/router/tape/FlightRecorder") {
  static readonly layer: Layer.Layer<FlightRecorder, never, Venue> = Layer.effect(
    FlightRecorder,
    Effect.suspend(() => make),
  );
}

/** The transport in scope, with what passes told to the recorder. */
export const layerTransport: Layer.Layer<Transport, never, Transport | FlightRecorder> = Layer.effect(
  Transport,
  Effect.gen(function* () {
    const { recording } = yield* FlightRecorder;
    const transport = yield* Transport;
    return recording === undefined ? transport : recordTransport(recording, transport);
  }),
);

/** The limiter in scope, with its decisions told to the recorder. */
export const layerLimiter: Layer.Layer<RateLimiter, never, RateLimiter | FlightRecorder> = Layer.effect(
  RateLimiter,
  Effect.gen(function* () {
    const { recording } = yield* FlightRecorder;
    const limiter = yield* RateLimiter;
    return recording === undefined ? limiter : recordLimiter(recording, limiter, yield* Clock.Clock);
  }),
);

const off: FlightRecorder["Service"] = {
  recording: undefined,
  asked: () => {},
  told: () => {},
  dump: () => Effect.fail(new Closed({ what: "The flight recorder" })),
  dumpSoon: () => {},
  status: () => ({ on: false, bytes: 0, spanMs: 0, dumps: 0, last: null, failure: null }),
};

const make = Effect.gen(function* () {
  const folder = yield* FlightFolder;
  const config = yield* RouterConfig;
  const { windowMs, bytes, dumpEveryMs } = config.flightRecorder;
  if (folder === undefined || windowMs <= 0) return FlightRecorder.of(off);
  const clock = yield* Clock.Clock;
  const { host, id: venue, simulated } = yield* Venue;
  const sealed = Latch.makeUnsafe(false);
  const ring = new FlightRing({ windowMs, bytes }, clock, () => sealed.openUnsafe());
  const subject = { venue, host, simulated, config: changed(config) };
  const writer = new FlightWriter(ring, folder, clock, subject, config.flightRecorder);
  const writing = Semaphore.makeUnsafe(1);
  const dump = (reason: string) => writing.withPermit(writer.write(reason));

  // Kept until one was written for them.
  const reasons: Array<string> = [];
  const wanted = Latch.makeUnsafe(false);
  let nextMs = Number.NEGATIVE_INFINITY;
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
  const dumpWanted = Effect.suspend(() => {
    if (reasons.length === 0) return Effect.void;
    wanted.closeUnsafe();
    nextMs = nowMs() + dumpEveryMs;
    const taken = reasons.length;
    return dump(reasons.join("; ")).pipe(
      Effect.tap(() => Effect.sync(() => reasons.splice(0, taken))),
      Effect.catch((error) =>
        Effect.andThen(
          Effect.sync(() => wanted.openUnsafe()),
          Effect.logWarning("a flight recording could not be written; it is tried again", error.message),
        ),
      ),
    );
  });
  yield* atEnd("the flight recorder", dumpWanted);
  yield* startWorker(
    "flight recordings",
    Effect.forever(
      Effect.gen(function* () {
        yield* wanted.await;
        const leftMs = nextMs - nowMs();
        if (leftMs > 0) yield* clock.sleep(Duration.millis(leftMs));
        yield* dumpWanted;
      }),
    ),
  );
  yield* startWorker("packing of the flight recorder", packAll(ring, folder, sealed));

  return FlightRecorder.of({
    recording: recordingOf(ring),
    asked: (question, markets) => ring.asked(question, markets),
    told: (event) => ring.record(event),
    dump,
    dumpSoon: (reason) => {
      if (reasons.length < reasonsKept) reasons.push(reason);
      wanted.openUnsafe();
    },
    status: () => ({ on: true, bytes: ring.bytes, spanMs: ring.spanMs, ...writer.status() }),
  });
});

/**
 * Pieces on their way to a thread and back at a time. Each way takes some turns of the event loop, however quick the thread; a loop whose turns are
 * long, because much comes in, would otherwise get what is plain back too late.
 */
const packedAtOnce = 3;

/** Packs what is sealed, for ever. `sealed` is open while there may be something. */
const packAll = (ring: FlightRing, folder: FlightFolderShape, sealed: Latch.Latch): Effect.Effect<void> => {
  const packing = Effect.gen(function* () {
    yield* sealed.await;
    const piece = ring.unpacked();
    if (piece === undefined) return sealed.closeUnsafe();
    piece.isPacking = true;
    const packed = yield* Effect.ensuring(
      folder.pack(piece.bytes.subarray(0, piece.used)),
      Effect.sync(() => (piece.isPacking = false)),
    );
    ring.packed(piece, packed);
  });
  return Effect.all(
    Array.from({ length: packedAtOnce }, () => Effect.forever(packing)),
    { concurrency: "unbounded", discard: true },
  );
};

/** Reasons told of one recording; what else happened stands in it. */
const reasonsKept = 5;

const recordingOf = (ring: FlightRing): Recording => {
  let sockets = 0;
  let requests = 0;
  return {
    record: (event) => ring.record(event),
    frame: (socket, data) => ring.frame(socket, data),
    readEnd: (socket) => ring.readEnd(socket),
    response: (request, status, headers, body) => ring.response(request, status, headers, body),
    nextSocket: () => ++sockets,
    nextRequest: () => ++requests,
  };
};

/** Writes what a ring holds. */
class FlightWriter {
  readonly #ring: FlightRing;
  readonly #folder: FlightFolderShape;
  readonly #clock: Clock.Clock;
  readonly #subject: Omit<FlightSubject, "reason">;
  readonly #bounds: { readonly dumpBytes: number; readonly dumpsKept: number };
  #dumps = 0;
  #last: FlightDump | null = null;
  #failure: string | null = null;

  constructor(
    ring: FlightRing,
    folder: FlightFolderShape,
    clock: Clock.Clock,
    subject: Omit<FlightSubject, "reason">,
    bounds: { readonly dumpBytes: number; readonly dumpsKept: number },
  ) {
    this.#ring = ring;
    this.#folder = folder;
    this.#clock = clock;
    this.#subject = subject;
    this.#bounds = bounds;
  }

  status(): Pick<FlightStatus, "dumps" | "last" | "failure"> {
    return { dumps: this.#dumps, last: this.#last, failure: this.#failure };
  }

  readonly write = Effect.fn("FlightRecorder.dump")({ self: this }, function* (this: FlightWriter, reason: string) {
    const toMs = this.#clock.currentTimeMillisUnsafe();
    const pieces = newest(this.#ring.take(), this.#bounds.dumpBytes);
    const [first] = pieces;
    if (first === undefined) return yield* new Closed({ what: "The flight recorder" });
    const fromMs = first.used === 0 ? toMs : wallOf(yield* this.#plain(first));
    const originNanos = first.startedNanos;
    const written = yield* this.#folder
      .write(nameOf(toMs, ++this.#dumps), this.#bounds.dumpsKept, (put) =>
        Effect.gen({ self: this }, function* () {
          yield* put(beginningOf({ ...this.#subject, reason }, first, fromMs));
          for (const piece of pieces) {
            for (const text of stretchesOf(yield* this.#plain(piece), piece.used, originNanos)) {
              yield* put(text);
              // Whoever else wants to run can.
              yield* Effect.yieldNow;
            }
          }
          yield* put(endOf({ wall: toMs, mono: Number(this.#clock.monotonicTimeNanosUnsafe() - originNanos) }));
        }),
      )
      .pipe(Effect.tapError((error) => Effect.sync(() => (this.#failure = error.message))));
    const dump: FlightDump = { ...written, reason, fromMs, toMs };
    this.#last = dump;
    this.#failure = null;
    yield* Effect.logInfo("a flight recording was written", dump);
    return dump;
  });

  #plain({ bytes, isPacked }: Piece): Effect.Effect<Uint8Array> {
    return isPacked ? this.#folder.unpack(bytes) : Effect.succeed(bytes);
  }
}

/** The newest pieces that are no longer than so many bytes together, and at least one. */
const newest = (pieces: ReadonlyArray<Piece>, bytes: number): ReadonlyArray<Piece> => {
  let from = pieces.length - 1;
  for (let sum = pieces[from]?.used ?? 0; from > 0; from--) {
    sum += pieces[from - 1]?.used ?? 0;
    if (sum > bytes) break;
  }
  return pieces.slice(Math.max(0, from));
};

/** Sorts by time; the number tells those of one millisecond apart. */
const nameOf = (atMs: number, nth: number): string => `flight-${new Date(atMs).toISOString().replace(/[:.]/g, "-")}-${nth}.tape`;

/** Knobs that are not at their defaults. None of them is a secret. */
const changed = (config: typeof defaultRouterConfig): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(config).filter(
      ([knob, value]) => JSON.stringify(value) !== JSON.stringify(defaultRouterConfig[knob as keyof typeof defaultRouterConfig]),
    ),
  );
