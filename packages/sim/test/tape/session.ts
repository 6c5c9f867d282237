/** A session of the whole router over the emulated exchange, recorded in memory; and the same questions asked of any router. */
import { MarketData } from "@naru/router/MarketData";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Sim } from "../../src/index.ts";
import { layerTap } from "../../src/tape/recording.ts";
import { memorySink } from "../../src/tape/TapeFile.ts";
import { readTape } from "../../src/tape/Tape.ts";
import { type RecorderOptions, TapeRecorder } from "../../src/tape/TapeRecorder.ts";

/** What a consumer sees in so many virtual seconds: every element of two streams, and some answers. */
export const look = (seconds: number, during: Effect.Effect<void, never, Sim.Exchange> = Effect.void) =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const elements: Array<unknown> = [];
    const collect = (stream: Stream.Stream<unknown, unknown>) =>
      Effect.forkChild(Stream.runForEach(stream, (element) => Effect.sync(() => void elements.push(element))));
    const streams = [
      yield* collect(data.streamTradesEvents(["KRW-BTC", "KRW-ETH"])),
      yield* collect(data.streamOrderbookEvents(["KRW-BTC"])),
    ];
    yield* TestClock.adjust("1 second");
    const asked = yield* Effect.forkChild(
      Effect.all(
        [
          Effect.exit(data.getTicker(["KRW-XRP", "BTC-ETH"])),
          Effect.exit(data.getCandles("KRW-BTC", "1h", { count: 250, to: Date.UTC(2026, 0, 5) })),
          Effect.exit(data.getTicker("KRW-NOPE")),
        ],
        { concurrency: "unbounded" },
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("2 seconds");
    const answers = yield* Fiber.join(asked);
    yield* during;
    yield* TestClock.adjust((seconds - 3) * 1_000);
    yield* Effect.forEach(streams, Fiber.interrupt, { discard: true });
    return { elements, answers };
  });

/** Records a session on the emulated exchange and returns what its consumer saw beside the tape's bytes. */
export const recordSession = (
  seconds: number,
  options: RecorderOptions & { readonly seed?: number; readonly during?: Effect.Effect<void, never, Sim.Exchange> } = {},
) =>
  Effect.gen(function* () {
    const sink = memorySink();
    const seen = yield* Effect.provide(
      look(seconds, options.during),
      Sim.layerTest({ seed: options.seed ?? 3 }).pipe(
        Layer.provide(layerTap),
        Layer.provide(TapeRecorder.layerSink(sink, options)),
        Layer.provideMerge(TestClock.layer()),
      ),
    );
    return { seen, bytes: sink.bytes(), tape: yield* readTape(sink.source(), "memory") };
  });
