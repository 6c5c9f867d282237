/** The answers that do not come from a route, and the headers of those that do. */
import { hashText } from "../market/Hash.ts";
import type { ResolvedOptions } from "../Options.ts";
import { isoSeconds, kstOffsetMs } from "../wire/Dates.ts";
import type { Admission } from "./ServerLimits.ts";

/** A status with headers and a text. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

export const jsonType = { "content-type": "application/json;charset=UTF-8" };
const textType = { "content-type": "text/plain;charset=UTF-8" };

/** The headers of everything that leaves. */
export const dateHeader = ({ rest }: ResolvedOptions, nowMs: number): Record<string, string> =>
  rest.date ? { date: new Date(nowMs).toUTCString() } : {};

/** The gateway's answer to a path it does not know: a string for a name, and no word of limits. */
export const notRouted = (options: ResolvedOptions, nowMs: number): PlainAnswer => ({
  status: 404,
  headers: { ...dateHeader(options, nowMs), ...jsonType },
  text: '{"error":{"name":"not_found","message":"no Route matched with those values"}}',
});

/** The gateway's answer to a URL it does not read to the end; not recorded. */
export const tooLong = (options: ResolvedOptions, nowMs: number): PlainAnswer => ({
  status: 414,
  headers: { ...dateHeader(options, nowMs), ...textType },
  text: "Request-URI Too Large",
});

/** Upgrades are refused for a while. */
export const unavailable = (options: ResolvedOptions, nowMs: number): PlainAnswer => ({
  status: 503,
  headers: { ...dateHeader(options, nowMs), ...textType },
  text: "Service Temporarily Unavailable",
});

/** The body of every route's answer while the exchange is under maintenance. */
export const underMaintenance = '{"error":{"name":500,"message":"The service is under maintenance."}}';

/** What every answer of a route carries, accepted or not. */
export const routedHeaders = (options: ResolvedOptions, group: string, admission: Admission, nowMs: number): Record<string, string> => {
  const left = admission._tag === "Accepted" ? admission.remaining : 0;
  return {
    ...dateHeader(options, nowMs),
    ...(options.profile.rest.limitHeaders
      ? {
          "remaining-req": group === "origin" ? "group=origin; min=6; sec=0" : `group=${group}; min=600; sec=${left}`,
          "limit-by-ip": "Yes",
        }
      : {}),
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
  };
};

/** What a handshake that is let in carries. */
export const handshakeHeaders = ({ profile }: ResolvedOptions, withOrigin: boolean, remaining: number): Record<string, string> =>
  profile.rest.limitHeaders
    ? {
        "remaining-req": withOrigin ? "group=origin; min=6; sec=0" : `group=websocket; min=300; sec=${remaining}`,
        "limit-by-ip": "Yes",
      }
    : {};

/** 429 or 418, with these headers and the block's remaining time where there is one. */
export const overrun = (
  { limits }: ResolvedOptions,
  admission: Exclude<Admission, { readonly _tag: "Accepted" }>,
  headers: Record<string, string>,
  nowMs: number,
): PlainAnswer => {
  const isBanned = admission._tag === "Banned";
  const isJson = isBanned ? limits.bannedBody === "json" : limits.limitedBody === "json";
  return {
    status: isBanned ? 418 : 429,
    headers: { ...headers, ...(isJson ? jsonType : textType) },
    text: isBanned ? bannedText(limits.bannedBody, admission.untilMs, nowMs) : isJson ? tooManyJson(tooMany) : tooMany,
  };
};

/** A weak tag of a body: equal bodies have equal tags. */
export const etagOf = (text: string): string =>
  `W/"${text.length.toString(16)}-${(hashText(0, text) >>> 0).toString(16).padStart(8, "0")}"`;

const tooMany = "Too many API requests.";

const tooManyJson = (message: string): string => JSON.stringify({ error: { name: "too_many_requests", message } });

const bannedText = (body: ResolvedOptions["limits"]["bannedBody"], untilMs: number, nowMs: number): string => {
  const seconds = Math.max(1, Math.ceil((untilMs - nowMs) / 1_000));
  switch (body) {
    case "seconds":
      return `${tooMany} Blocked for ${seconds} seconds.`;
    case "korean":
      return `요청 수 제한을 초과하여 ${seconds}초 동안 차단되었습니다.`;
    case "json":
      return tooManyJson(`${tooMany} Blocked for ${seconds} seconds.`);
    case "until":
      return `${tooMany} Blocked until ${isoSeconds(nowMs + seconds * 1_000 + kstOffsetMs)}+09:00.`;
    case "silent":
      return tooMany;
  }
};
