/**
 * REST requests of the live transport: one GET, its whole body, nothing remembered. Redirects are answers; a body is either complete and within
 * the size limit or an error. Undici's plain requests do not decompress, so gzip is undone here, with the limit on what comes out.
 */
import { constants, gunzip } from "node:zlib";
import { DecodeError, type NetworkError, TimeoutError } from "@naru/router/errors/MarketDataError";
import type { RestFailure, RestRequest, RestResponse } from "@naru/router/transport/Transport";
import * as Effect from "effect/Effect";
import { constTrue } from "effect/Function";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Stream from "effect/Stream";
import { ConnectFailed, PhaseTimeout } from "./HttpDispatcher.ts";
import { hostOf, joinHeaders, networkError, type NetworkPhase } from "./networkFailure.ts";
import type { TransportSettings } from "./TransportOptions.ts";

/** An `Origin` cuts the exchange's limit to one request in ten seconds; trace headers tell it about our insides. Callers cannot add them. */
const forbiddenHeaders: ReadonlySet<string> = new Set(["origin", "referer", "cookie", "traceparent", "tracestate", "baggage", "b3"]);

/** The port's `rest`, on the client of the context. Interrupting a request destroys its connection. */
export const make = Effect.fnUntraced(function* (settings: TransportSettings) {
  const client = yield* HttpClient.HttpClient;
  const { attemptMs } = settings.timeouts;

  const attempt = Effect.fnUntraced(function* (request: RestRequest) {
    const host = hostOf(request.url);
    const response = yield* client
      .execute(HttpClientRequest.get(request.url, { headers: requestHeaders(request, settings) }))
      .pipe(Effect.mapError((error) => restFailure(error, host, "headers")));
    const received = yield* readBody(response, host, settings.maxBodyBytes);
    const body = yield* decompress(received, response.headers["content-encoding"], settings.maxBodyBytes);
    return { status: response.status, headers: joinHeaders(response.headers), body } satisfies RestResponse;
  });

  return Effect.fn("Transport.rest")(
    function* (request: RestRequest): Effect.fn.Return<RestResponse, RestFailure> {
      return yield* attempt(request).pipe(
        Effect.timeoutOrElse({
          duration: attemptMs,
          orElse: () => Effect.fail(new TimeoutError({ phase: "attempt", timeoutMs: attemptMs, detail: hostOf(request.url) })),
        }),
      );
    },
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.provideService(HttpClient.TracerDisabledWhen, constTrue),
  );
});

const requestHeaders = (request: RestRequest, settings: TransportSettings): Record<string, string> => {
  const headers: Record<string, string> = { accept: "application/json", "accept-encoding": "gzip", "user-agent": settings.userAgent };
  for (const [name, value] of Object.entries(request.headers)) {
    const lower = name.toLowerCase();
    if (!forbiddenHeaders.has(lower) && !lower.startsWith("x-b3-")) headers[lower] = value;
  }
  return headers;
};

/** Collects the body; leaving early, by an error or by interruption, drops the connection under it. */
const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  host: string,
  maxBytes: number,
): Effect.Effect<Uint8Array, RestFailure> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = [];
    let size = 0;
    return response.stream.pipe(
      Stream.mapError((error) => restFailure(error, host, "body")),
      Stream.runForEachArray((received) => {
        for (const chunk of received) size += chunk.length;
        if (size > maxBytes) return Effect.fail(tooLarge(maxBytes));
        chunks.push(...received);
        return Effect.void;
      }),
      Effect.map(() => concat(chunks, size)),
    );
  });

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array =>
  chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);

/** Both the compressed and the plain body are held, each at most `maxBytes`; Node stops inflating at the limit. */
const decompress = (bytes: Uint8Array, encoding: string | undefined, maxBytes: number): Effect.Effect<Uint8Array, DecodeError> => {
  const name = encoding?.trim().toLowerCase() ?? "identity";
  if (bytes.length === 0 || name === "identity" || name === "") return Effect.succeed(bytes);
  if (name !== "gzip" && name !== "x-gzip") return Effect.fail(unreadable(`content-encoding ${name.slice(0, 40)} was not asked for`));
  return Effect.callback<Uint8Array, DecodeError>((resume) => {
    gunzip(bytes, { maxOutputLength: maxBytes, finishFlush: constants.Z_FINISH }, (error, plain) => {
      if (error === null) resume(Effect.succeed(plain));
      else if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") resume(Effect.fail(tooLarge(maxBytes)));
      else resume(Effect.fail(unreadable(error.message)));
    });
  });
};

const tooLarge = (maxBytes: number) => new DecodeError({ stage: "size", path: "", detail: `the body is larger than ${maxBytes} bytes` });

const unreadable = (detail: string) => new DecodeError({ stage: "bytes", path: "", detail });

const restFailure = (error: HttpClientError.HttpClientError, host: string, phase: NetworkPhase): NetworkError | TimeoutError => {
  const cause: unknown = error.reason.cause ?? error;
  if (cause instanceof PhaseTimeout) return new TimeoutError({ phase: cause.phase, timeoutMs: cause.timeoutMs, detail: host });
  if (cause instanceof ConnectFailed) return networkError(cause.cause, host, "connect");
  return networkError(cause, host, error.reason._tag === "InvalidUrlError" ? "send" : phase);
};
