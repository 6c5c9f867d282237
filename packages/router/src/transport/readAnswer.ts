/** From the bytes of one answer to rows, or to the one error that says what was wrong with it. Pure. */
import * as Result from "effect/Result";
import { DecodeError, type MarketDataError, UpstreamError } from "../errors/MarketDataError.ts";
import { decodeUtf8 } from "./ExactJson.ts";
import type { RestResponse } from "./Transport.ts";
import type { Decoded, RestCall, Venue } from "./Venue.ts";

export interface ReadOptions<A> {
  readonly failure: Venue["Service"]["failure"];
  readonly exchangeNowMs: number;
  /** See `RestOptions.expects`. */
  readonly expects?: ((row: A) => boolean) | undefined;
}

/**
 * A page of HTML is refused whatever its status, because no exchange answers in HTML when it is well. Any other content type may pass: what
 * parses and fits the protocol is good.
 */
export const readAnswer = <A>(
  call: RestCall<A>,
  response: RestResponse,
  options: ReadOptions<A>,
): Result.Result<Decoded<A>, MarketDataError> => {
  const failure = options.failure(call, response);
  if (failure !== undefined) return Result.fail(failure);
  if (isHtml(response))
    return Result.fail(new UpstreamError({ status: response.status, name: null, detail: "unexpected text/html", retryAfterMs: null }));
  const text = decodeUtf8(response.body);
  if (Result.isFailure(text)) return Result.fail(text.failure);
  const decoded = call.decode({ text: text.success, bytes: response.body, exchangeNowMs: options.exchangeNowMs });
  return Result.flatMap(decoded, (answer) => {
    const stray = options.expects === undefined ? -1 : answer.rows.findIndex((row) => options.expects?.(row) === false);
    if (stray === -1) return Result.succeed(answer);
    return Result.fail(
      new DecodeError({ stage: "answer", path: `[${stray}]`, detail: `${call.endpoint}: a row is not about what was asked` }),
    );
  });
};

/** The exchange's clock by its `Date` header, epoch milliseconds, whole seconds; undefined when the header is missing or not a date. */
export const exchangeTimeMs = (headers: RestResponse["headers"]): number | undefined => {
  const text = headers["date"];
  // Without its zone a date would be read as this machine's.
  const time = text?.endsWith("GMT") === true ? Date.parse(text) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
};

const isHtml = (response: RestResponse): boolean => response.headers["content-type"]?.toLowerCase().includes("text/html") ?? false;
