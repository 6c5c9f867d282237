/**
 * What the exchange's errors mean. A REST error is told by status and by its body `{"error":{"name","message"}}`, whose name is a number on
 * the wire of quotations and a word from the gateway; it can also come under HTTP 200, and then counts as the status its name stands for.
 * Socket errors are told by name alone: their texts are for people, and Korean.
 */
import * as Result from "effect/Result";
import {
  InvalidRequest,
  type MarketDataError,
  MarketUnknown,
  RateLimited,
  Unauthorized,
  UpstreamError,
} from "@naru/router/errors/MarketDataError";
import { NumberToken, parseExactJson } from "@naru/router/transport/ExactJson";
import type { RestResponse } from "@naru/router/transport/Transport";
import { isRecord } from "./decode/FieldType.ts";
import { connectGroup, messageGroup } from "./limits.ts";
import { blockMs, retryAfterMs } from "./retryAfter.ts";

/** What of a request its errors tell. */
export interface AskedRequest {
  readonly venue: string;
  readonly group: string;
  readonly url: string;
}

type Headers = RestResponse["headers"];

/** Wait after HTTP 429 and TOO_MANY_REQUEST when nothing else is said: the limits' own window. */
const limitWaitMs = 1_000;
/** Wait after HTTP 418 when it does not say for how long. */
const blockWaitMs = 60_000;
/** As much of an error body as is looked at. */
const maxErrorBody = 4_096;

/** What a REST answer means that is not a good one; `undefined` for a good one. */
export const restFailure = (asked: AskedRequest, response: RestResponse): MarketDataError | undefined => {
  if (response.status === 200) {
    const first = firstByte(response.body);
    if (first === "<" || (isHtml(response.headers) && first !== "[" && first !== "{")) {
      return new UpstreamError({ status: 200, name: null, detail: "unexpected text/html", retryAfterMs: null });
    }
    if (first !== "{") return undefined;
  }
  const text = lenientUtf8.decode(response.body.subarray(0, maxErrorBody));
  const error = parseError(text);
  if (response.status !== 200) return byStatus(response.status, asked, response.headers, text, error);
  return error === undefined ? undefined : byStatus(statusOf(error.name), asked, response.headers, text, error);
};

/** What a refused socket upgrade means. `channel` of credentials is the socket, though the answer is HTTP. */
export const upgradeFailure = (status: number, headers: Headers, body: string): MarketDataError => {
  const text = body.slice(0, maxErrorBody);
  const error = parseError(text);
  const detail = error?.message ?? excerpt(text);
  switch (status) {
    case 418:
      return blocked(connectGroup, headers, text, detail);
    case 429:
      return new RateLimited({
        group: connectGroup,
        scope: "socket-connect",
        status,
        retryAfterMs: retryAfterMs(headers) ?? limitWaitMs,
        detail,
      });
    case 401:
    case 403:
      return new Unauthorized({ channel: "websocket", name: error?.name ?? String(status), status, detail });
    case 400:
      return new InvalidRequest({
        field: "request",
        input: "upgrade",
        reason: detail ?? "was refused",
        name: error?.name ?? "400",
        status,
      });
    default:
      return new UpstreamError({ status, name: error?.name ?? null, detail, retryAfterMs: retryAfterMs(headers) ?? null });
  }
};

/** What the `error` object of a socket frame means. */
export const socketFailure = (error: unknown): MarketDataError => {
  const { name, message } = fieldsOf(error);
  switch (name) {
    case "INVALID_AUTH":
      return new Unauthorized({ channel: "websocket", name, status: null, detail: message });
    case "TOO_MANY_REQUEST":
      return new RateLimited({ group: messageGroup, scope: "socket-message", status: null, retryAfterMs: limitWaitMs, detail: message });
    case "WRONG_FORMAT":
    case "NO_TICKET":
    case "NO_TYPE":
    case "NO_CODES":
    case "INVALID_PARAM":
      return new InvalidRequest({ field: "request", input: "subscription", reason: message ?? "was refused", name });
    default:
      // 101 is the status the socket was opened with; an unknown name is no reason to believe that a repetition helps.
      return new UpstreamError({ status: 101, name: name === "" ? null : name, detail: message, retryAfterMs: null });
  }
};

const byStatus = (status: number, asked: AskedRequest, headers: Headers, body: string, error: WireError | undefined): MarketDataError => {
  const name = error?.name ?? null;
  const detail = error?.message ?? excerpt(body);
  switch (status) {
    case 400:
    case 413:
    case 414:
      return new InvalidRequest({
        field: "request",
        input: pathOf(asked.url),
        reason: detail ?? "was refused",
        name: name ?? String(status),
        status,
      });
    case 401:
      return new Unauthorized({ channel: "rest", name: name ?? "401", status, detail });
    case 403:
      // Without an error object this is a wall in front of the exchange, not the exchange.
      if (error !== undefined) return new Unauthorized({ channel: "rest", name: error.name, status, detail });
      return new UpstreamError({ status, name, detail, retryAfterMs: null });
    case 404: {
      const market = name === "404" || detail === "Code not found" ? marketsOf(asked.url) : undefined;
      if (market !== undefined) return new MarketUnknown({ market, venue: asked.venue, near: [] });
      return new UpstreamError({ status, name, detail, retryAfterMs: null });
    }
    case 418:
      return blocked(asked.group, headers, body, detail);
    case 429:
      return new RateLimited({ group: asked.group, scope: "group", status, retryAfterMs: retryAfterMs(headers) ?? limitWaitMs, detail });
    default:
      return new UpstreamError({
        status,
        name,
        detail: redirectOf(status, headers) ?? detail,
        retryAfterMs: retryAfterMs(headers) ?? null,
      });
  }
};

const blocked = (group: string, headers: Headers, body: string, detail: string | null): RateLimited => {
  const forMs = blockMs(body, headers) ?? retryAfterMs(headers) ?? blockWaitMs;
  return new RateLimited({ group, scope: "ip", status: 418, retryAfterMs: forMs, detail });
};

interface WireError {
  /** A numeric name as its digits. */
  readonly name: string;
  readonly message: string | null;
}

/** The error object of a body; `undefined` where there is none. */
const parseError = (text: string): WireError | undefined => {
  const json = parseExactJson(text);
  if (Result.isFailure(json) || !isRecord(json.success) || !isRecord(json.success["error"])) return undefined;
  return fieldsOf(json.success["error"]);
};

const fieldsOf = (error: unknown): WireError => {
  if (!isRecord(error)) return { name: "", message: null };
  const name = error["name"];
  const message = error["message"];
  return {
    name: name instanceof NumberToken ? name.text.slice(0, 20) : typeof name === "string" ? name.slice(0, 80) : "",
    message: typeof message === "string" && message !== "" ? message.slice(0, 300) : null,
  };
};

/** The status that an error's name stands for where the answer has none of its own. 200 for a name nobody knows: an answer, and no good one. */
const statusOf = (name: string): number => {
  if (/^[1-5]\d\d$/.test(name)) return Number(name);
  if (name === "too_many_requests") return 429;
  if (name === "not_found") return 404;
  if (name === "validation_error" || name === "invalid_parameter") return 400;
  return credentialErrors.has(name) ? 401 : 200;
};

const credentialErrors: ReadonlySet<string> = new Set([
  "invalid_query_payload",
  "jwt_verification",
  "expired_access_key",
  "expired_jwt",
  "nonce_used",
  "no_authorization_ip",
  "no_authorization_i_p",
  "no_authorization_token",
  "invalid_access_key",
  "out_of_scope",
]);

/** The market or markets that a URL asks for, as it spells them. */
const marketsOf = (url: string): string | undefined => {
  const query = new URL(url).searchParams;
  return query.get("market") ?? query.get("markets") ?? undefined;
};

/** Path and query, which name the question; the host is known. */
const pathOf = (url: string): string => {
  const { pathname, search } = new URL(url);
  return (pathname + search).slice(0, 200);
};

const redirectOf = (status: number, headers: Headers): string | undefined => {
  if (status < 300 || status > 399) return undefined;
  const location = headers["location"];
  return location === undefined ? "redirect" : `redirect to ${location.slice(0, 200)}`;
};

const isHtml = (headers: Headers): boolean => /^\s*text\/html\b/i.test(headers["content-type"] ?? "");

/** The first character that is no blank, among the first kilobyte. */
const firstByte = (body: Uint8Array): string => {
  const limit = Math.min(body.length, 1_024);
  for (let i = 0; i < limit; i++) {
    const byte = body[i]!;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return String.fromCharCode(byte);
  }
  return "";
};

const excerpt = (text: string): string | null => {
  const line = text.replace(/\s+/g, " ").trim().slice(0, 200);
  return line === "" ? null : line;
};

/** For error texts only, where a wrong byte costs nothing; data is decoded with `decodeUtf8`. */
const lenientUtf8 = new TextDecoder("utf-8");
