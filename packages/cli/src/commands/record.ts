/**
 * `naru record`: streams a venue and keeps everything that passes on a tape, until interrupted or for so long. However it ends, what waits is
 * written first; then it says how much there is.
 */
import type { MarketDataError, StorageError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import { layerTap } from "@naru/sim/tape/recording";
import { type Appended, openSink } from "@naru/sim/tape/TapeFile";
import { makeRecorder, TapeRecorder } from "@naru/sim/tape/TapeRecorder";
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { version } from "../cli.ts";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import type { RecordInput, TapeKind } from "../tapeFlags.ts";
import * as output from "../output.ts";
import { grouped } from "../render/numbers.ts";
import { printable } from "../render/style.ts";
import type { Connection } from "../settings.ts";
import { reportingTape } from "../tapes.ts";
import { withMarketData } from "../venue.ts";

type Recorder = TapeRecorder["Service"];

export const record = (flags: Connection, input: RecordInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    reportingTape(
      flags,
      Effect.scoped(
        Effect.gen(function* () {
          const sink = yield* openSink(input.file);
          const recorder = yield* makeRecorder(sink, { naru: version, note: Option.getOrUndefined(input.note) });
          yield* Console.error(greeting(flags, input, sink));
          const started = yield* Clock.monotonicTimeNanos;
          const finish = finished(flags, input, sink, recorder, started);
          const tap = Layer.provide(layerTap, Layer.succeed(TapeRecorder, recorder));
          yield* Effect.raceFirst(withMarketData(flags, streamed(input)), warned(recorder)).pipe(
            Effect.provide(tap),
            // Interrupted or failed: what was seen until then is kept too.
            Effect.onExit((exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.ignore(finish))),
          );
          yield* finish;
        }),
      ),
    ),
  );

const streamed = ({ for: duration, kinds, markets }: RecordInput) =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const streaming = Stream.runDrain(
      Stream.mergeAll(
        kinds.map((kind) => elementsOf(data, kind, markets)),
        { concurrency: "unbounded" },
      ),
    );
    yield* Option.isSome(duration) ? Effect.timeoutOption(streaming, duration.value) : streaming;
  });

const elementsOf = (
  data: MarketData["Service"],
  kind: TapeKind,
  markets: ReadonlyArray<string>,
): Stream.Stream<unknown, MarketDataError> => {
  switch (kind) {
    case "ticker":
      return data.streamTickerEvents(markets);
    case "trades":
      return data.streamTradesEvents(markets);
    case "orderbook":
      return data.streamOrderbookEvents(markets);
  }
};

/** Says that the disk does not take what is recorded, when that begins. Never ends. */
const warned = (recorder: Recorder): Effect.Effect<never> =>
  Effect.gen(function* () {
    let told: StorageError | undefined;
    while (true) {
      yield* Effect.sleep("1 second");
      const { failure } = recorder.stats();
      if (failure !== undefined && told === undefined)
        yield* Console.error(`naru: ${printable(failure.message)} — trying again every second`);
      told = failure;
    }
  });

const greeting = ({ venue }: Connection, { file, kinds, markets }: RecordInput, { damagedBytes, parts, tornBytes }: Appended): string =>
  [
    `recording ${kinds.join(", ")} of ${markets.slice(0, 5).join(", ")}${markets.length > 5 ? " and more" : ""} from ${venue} into ${file}; Ctrl-C ends it`,
    ...(parts > 0 ? [`the tape has ${parts} part${parts === 1 ? "" : "s"} already; this one goes behind`] : []),
    ...(tornBytes > 0 ? [`${grouped(tornBytes)} bytes at its end had been cut off and are removed`] : []),
    ...(damagedBytes > 0 ? [`${grouped(damagedBytes)} bytes in it cannot be read`] : []),
  ].join("\n");

const finished = (
  flags: Connection,
  input: RecordInput,
  found: Appended,
  recorder: Recorder,
  started: bigint,
): Effect.Effect<void, StorageError> =>
  Effect.gen(function* () {
    const written = yield* Effect.exit(recorder.finish);
    const seconds = Number((yield* Clock.monotonicTimeNanos) - started) / 1e9;
    const { dropped, events, frames, members, requests, sockets, waiting, writtenBytes } = recorder.stats();
    const { file, kinds, markets } = input;
    if (flags.json)
      yield* output.json({
        kind: "recording",
        ...{ file, venue: flags.venue, markets, kinds, seconds },
        ...{ events, frames, requests, sockets, dropped, unwritten: waiting, members, writtenBytes },
        ...{ part: found.parts + 1, tornBytesRemoved: found.tornBytes },
      });
    else
      yield* output.lines([
        `recorded ${seconds.toFixed(1)} s: ${grouped(frames)} frames of ${sockets} socket${sockets === 1 ? "" : "s"}, ${grouped(requests)} requests, ${grouped(writtenBytes)} bytes in ${file}`,
        ...(dropped > 0 ? [`${grouped(dropped)} events were not kept: the disk was too slow; their place is marked`] : []),
        ...(waiting > 0 ? [`${grouped(waiting)} events could not be written`] : []),
      ]);
    yield* written;
  });
