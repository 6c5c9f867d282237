/**
 * Records a venue while it is used: whatever passes between the router and its transport, and what the limiter decided, goes to the
 * {@link TapeRecorder} in scope. What is told of it is `router/tape/recording.ts`; here is how a file gets it.
 */
import type { StorageError } from "@naru/router/errors/MarketDataError";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { recordLimiter, recordTransport } from "@naru/router/tape/recording";
import type { TapeError } from "@naru/router/tape/TapeEvent";
import { Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import { Wiretap } from "@naru/router/transport/Wiretap";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type RecorderOptions, TapeRecorder } from "./TapeRecorder.ts";

/** Put under any router, it records that router's venue: `Upbit.layer.pipe(Layer.provide(layerTap), Layer.provide(TapeRecorder.layer(path)))`. */
export const layerTap: Layer.Layer<never, never, TapeRecorder> = Layer.effect(
  Wiretap,
  Effect.map(TapeRecorder, (recorder) => ({
    transport: (inner: Transport["Service"]) => Effect.as(introduce(recorder), recordTransport(recorder, inner)),
    limiter: (inner: RateLimiter["Service"]) => Effect.map(Clock.Clock, (clock) => recordLimiter(recorder, inner, clock)),
  })),
);

/** {@link layerTap} with a recorder of its own into a file. */
export const layerTapFile = (path: string, options?: RecorderOptions): Layer.Layer<TapeRecorder, TapeError | StorageError> =>
  Layer.provideMerge(layerTap, TapeRecorder.layer(path, options));

/** The transport in scope, recorded: for a program that uses a transport without a router. */
export const layerRecording: Layer.Layer<Transport, never, Transport | TapeRecorder> = Layer.effect(
  Transport,
  Effect.gen(function* () {
    return recordTransport(yield* TapeRecorder, yield* Transport);
  }),
);

/** The limiter in scope, with every decision recorded. */
export const layerRecordingLimiter: Layer.Layer<RateLimiter, never, RateLimiter | TapeRecorder> = Layer.effect(
  RateLimiter,
  Effect.gen(function* () {
    return recordLimiter(yield* TapeRecorder, yield* RateLimiter, yield* Clock.Clock);
  }),
);

const introduce = (recorder: TapeRecorder["Service"]): Effect.Effect<void, never, Venue> =>
  Effect.gen(function* () {
    const { host, id, simulated } = yield* Venue;
    recorder.begin({ venue: id, host, simulated, clock: yield* Clock.Clock });
  });
