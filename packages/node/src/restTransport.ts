/**
 * REST requests of the live transport: one GET, its whole body, nothing remembered. Redirects are answers; a body is either complete and within
 * the size limit or an error. Undici's plain requests do not decompress, so gzip is undone here, with the limit on what comes out.
 */
import { constants, gunzip, gunzipSync } from "node:zlib";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { spanned } from "@naru/router/transport/spanned";
import type { RestFailure, RestRequest, RestResponse } from "@naru/router/transport/Transport";
import * as Effect from "effect/Effect";
import type { Dispatcher } from "undici";
import type { HttpDispatcher } from "./HttpDispatcher.ts";
import { HttpExchange, tooLarge } from "./HttpExchange.ts";
import { errorCode, hostOf, networkError } from "./networkFailure.ts";
import type { TransportSettings } from "./TransportOptions.ts";

/** An `Origin` cuts the exchange's limit to one request in ten seconds; trace headers tell it about our insides. Callers cannot add them. */
const forbiddenHeaders: ReadonlySet<string> = new Set(["origin", "referer", "cookie", "traceparent", "tracestate", "baggage", "b3"]);

/** The port's `rest`. Interrupting a request destroys its connection. */
export const make = (settings: TransportSettings, dispatcher: HttpDispatcher) => {
  const attempt = (pool: Dispatcher, request: RestRequest): Effect.Effect<RestResponse, RestFailure> =>
    Effect.callback<RestResponse, RestFailure>((resume) => {
      const url = URL.parse(request.url);
      if (url === null) return resume(Effect.fail(networkError(new TypeError("Invalid URL"), hostOf(request.url), "send")));
      const exchange = new HttpExchange(url.host, settings, (failure, response) => {
        if (failure !== undefined) resume(Effect.fail(failure));
        else if (response !== undefined) resume(decompressed(response, settings.maxBodyBytes));
      });
      const headers = requestHeaders(request, settings);
      pool.dispatch({ origin: url.origin, path: url.pathname + url.search, method: "GET", headers }, exchange);
      return Effect.sync(() => exchange.abandon());
    });

  return (request: RestRequest): Effect.Effect<RestResponse, RestFailure> => {
    const asked = Effect.suspend(() => {
      const pool = dispatcher.current();
      return pool === undefined
        ? Effect.flatMap(dispatcher.open(hostOf(request.url)), (opened) => attempt(opened, request))
        : attempt(pool, request);
    });
    return spanned("Transport.rest", asked);
  };
};

const requestHeaders = (request: RestRequest, settings: TransportSettings): Record<string, string> => {
  const headers: Record<string, string> = { accept: "application/json", "accept-encoding": "gzip", "user-agent": settings.userAgent };
  for (const [name, value] of Object.entries(request.headers)) {
    const lower = name.toLowerCase();
    if (!forbiddenHeaders.has(lower) && !lower.startsWith("x-b3-")) headers[lower] = value;
  }
  return headers;
};

/** What comes out of a small body is inflated at once, up to here: quicker than the way to another thread and back. */
const inflatedAtOnce = 256 * 1024;

/** Both the compressed and the plain body are held, each at most `maxBytes`; Node stops inflating at the limit. */
const decompressed = (response: RestResponse, maxBytes: number): Effect.Effect<RestResponse, DecodeError> => {
  const { body } = response;
  const name = response.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (body.length === 0 || name === "identity" || name === "") return Effect.succeed(response);
  if (name !== "gzip" && name !== "x-gzip") return Effect.fail(unreadable(`content-encoding ${name.slice(0, 40)} was not asked for`));
  const finish = { finishFlush: constants.Z_FINISH };
  if (body.length <= inflatedAtOnce / 4) {
    try {
      return Effect.succeed({ ...response, body: gunzipSync(body, { ...finish, maxOutputLength: Math.min(maxBytes, inflatedAtOnce) }) });
    } catch (error) {
      if (errorCode(error) !== beyondLimit) return Effect.fail(unreadable(error instanceof Error ? error.message : "gzip"));
    }
  }
  return Effect.callback<RestResponse, DecodeError>((resume) => {
    gunzip(body, { ...finish, maxOutputLength: maxBytes }, (error, plain) => {
      if (error === null) resume(Effect.succeed({ ...response, body: plain }));
      else resume(Effect.fail(errorCode(error) === beyondLimit ? tooLarge(maxBytes) : unreadable(error.message)));
    });
  });
};

const beyondLimit = "ERR_BUFFER_TOO_LARGE";

const unreadable = (detail: string) => new DecodeError({ stage: "bytes", path: "", detail });
