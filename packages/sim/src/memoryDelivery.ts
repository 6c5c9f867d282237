/**
 * The body of an answer as it arrives in memory: with the pauses, cuts and lengths a fault gave it, under the same time and size limits as the
 * live layer, decompressed. Nothing endless is ever made: what would pass a limit fails by that limit at its time.
 */
import { constants, gunzipSync } from "node:zlib";
import { DecodeError, NetworkError, TimeoutError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import type { ExchangeResponse } from "./Exchange.ts";

export interface ReceiveSettings {
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly maxBodyBytes: number;
}

type Failure = NetworkError | TimeoutError | DecodeError;

/** The whole body, or why there is none. */
export const receive = Effect.fnUntraced(function* (
  { body, headers, cutAfter = Infinity, delivery = {} }: ExchangeResponse,
  settings: ReceiveSettings,
  host: string,
): Effect.fn.Return<Uint8Array, Failure> {
  yield* patience("headers", delivery.headersDelayMs ?? 0, settings.headersTimeoutMs);
  const whole = delivery.endless === true ? Infinity : body.length;
  const length = Math.min(whole, cutAfter);
  if (delivery.pace !== undefined) {
    const { bytes, everyMs } = delivery.pace;
    const pieces = Math.ceil(Math.min(length, settings.maxBodyBytes + 1) / bytes);
    if (pieces > 0 && everyMs > settings.bodyIdleTimeoutMs) yield* patience("body", everyMs, settings.bodyIdleTimeoutMs);
    if (pieces > 0) yield* Effect.sleep(pieces * everyMs);
  }
  if (length > settings.maxBodyBytes) return yield* tooLarge(settings.maxBodyBytes);
  if (cutAfter < whole) {
    if (delivery.cut === "hang") yield* patience("body", Infinity, settings.bodyIdleTimeoutMs);
    return yield* new NetworkError({ phase: "body", host, code: delivery.cut === "end" ? "UND_ERR_SOCKET" : "ECONNRESET", detail: null });
  }
  return headers["content-encoding"] === "gzip" ? yield* decompress(body, settings.maxBodyBytes) : body;
});

const patience = (phase: "headers" | "body", waitMs: number, timeoutMs: number): Effect.Effect<void, TimeoutError> => {
  if (waitMs <= 0) return Effect.void;
  if (waitMs < timeoutMs) return Effect.sleep(waitMs);
  return Effect.andThen(Effect.sleep(timeoutMs), Effect.fail(new TimeoutError({ phase, timeoutMs, detail: null })));
};

const decompress = (body: Uint8Array, maxBytes: number): Effect.Effect<Uint8Array, DecodeError> =>
  Effect.try({
    try: () => gunzipSync(body, { maxOutputLength: maxBytes, finishFlush: constants.Z_FINISH }),
    catch: (error) =>
      error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE"
        ? tooLarge(maxBytes)
        : new DecodeError({ stage: "bytes", path: "", detail: error instanceof Error ? error.message : String(error) }),
  });

const tooLarge = (maxBytes: number) => new DecodeError({ stage: "size", path: "", detail: `body of more than ${maxBytes} bytes` });
