/** Faults of what an answer's body is made of: cut, garbled, huge, compressed badly, or of another kind than its content type says. */
import { constants, gzipSync } from "node:zlib";
import type { ExchangeResponse } from "../../Exchange.ts";
import { choice, headerText, headers, optionalText, optionalWhole, text, whole } from "../Parameter.ts";
import { restVerb } from "../Verb.ts";

const encoder = new TextEncoder();

const json = { "content-type": "application/json;charset=UTF-8" };

const withBody = (answer: ExchangeResponse, body: Uint8Array, extra: Record<string, string> = {}): ExchangeResponse => ({
  ...answer,
  headers: { ...answer.headers, ...extra },
  body,
});

/** What a gateway shows people while the exchange is down. */
export const maintenancePage =
  "<!doctype html><html><head><title>Upbit</title></head><body><h1>서비스 점검 중입니다</h1><p>Service maintenance in progress.</p></body></html>";

const cutGzip = (body: Uint8Array): Uint8Array => {
  const zipped = gzipSync(body, { level: 1 });
  return zipped.subarray(0, Math.max(12, zipped.length >> 1));
};

const garbledGzip = (body: Uint8Array): Uint8Array => {
  const zipped = Uint8Array.from(gzipSync(body, { level: 1 }));
  for (let i = 10; i < zipped.length; i += 7) zipped[i] = (zipped[i] ?? 0) ^ 0x5a;
  return zipped;
};

/** So many zeros, compressed a megabyte at a time: members of a gzip stream may follow one another. */
const bomb = (bytes: number): Uint8Array => {
  const piece = 1024 * 1024;
  const member = gzipSync(new Uint8Array(Math.min(piece, bytes)), { level: constants.Z_BEST_COMPRESSION });
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / piece) }, () => member));
};

export const bodyVerbs = [
  restVerb(
    "answer",
    { about: "An answer of your own", ids: ["A11", "A12", "A13", "A14", "A18", "A22", "A25"] },
    {
      status: whole("HTTP status", 200, { min: 200, max: 599 }),
      headers: headers("Added to the usual headers; null removes one"),
      body: text("The body", ""),
      base64: optionalText("The body as bytes, in base64, in place of the text"),
      cutAfter: optionalWhole("Bytes of the body that are sent before the connection breaks"),
    },
    ({ status, headers: given, body, base64, cutAfter }) => ({
      onRequest: () => ({
        _tag: "Scripted",
        status,
        headers: { ...json, ...given },
        body: base64 === undefined ? body : Uint8Array.from(Buffer.from(base64, "base64")),
        cutAfter,
      }),
    }),
  ),
  restVerb(
    "truncated-json",
    { about: "The body ends early, with a length that fits", ids: ["A11"] },
    {
      bytes: whole("Bytes that are left", 40),
    },
    ({ bytes }) => ({ onAnswer: (answer) => withBody(answer, answer.body.subarray(0, bytes)) }),
  ),
  restVerb("invalid-utf8", { about: "A byte that no text has stands in the body's first string", ids: ["A12"] }, {}, () => ({
    onAnswer: (answer) => {
      const quote = answer.body.indexOf(0x22);
      if (quote < 0) return undefined;
      const [before, after] = [answer.body.subarray(0, quote + 1), answer.body.subarray(quote + 1)];
      return withBody(answer, new Uint8Array(Buffer.concat([before, Uint8Array.of(0xff), after])));
    },
  })),
  restVerb(
    "html",
    { about: "A page for people comes with HTTP 200", ids: ["A13", "C19"] },
    {
      status: whole("HTTP status", 200, { min: 200, max: 599 }),
    },
    ({ status }) => ({
      onRequest: () => ({ _tag: "Scripted", status, headers: { "content-type": "text/html;charset=UTF-8" }, body: maintenancePage }),
    }),
  ),
  restVerb(
    "wrong-content-type",
    { about: "True JSON is called something else", ids: ["A14"] },
    {
      contentType: headerText("What it is called", "text/plain"),
    },
    ({ contentType }) => ({ onAnswer: (answer) => withBody(answer, answer.body, { "content-type": contentType }) }),
  ),
  restVerb(
    "huge-body",
    { about: "The body is followed by spaces", ids: ["A15"] },
    {
      bytes: whole("Its length", 9 * 1024 * 1024, { max: 256 * 1024 * 1024 }),
    },
    ({ bytes }) => ({
      onAnswer: (answer) => {
        const body = new Uint8Array(Math.max(bytes, answer.body.length)).fill(0x20);
        body.set(answer.body);
        return withBody(answer, body);
      },
    }),
  ),
  restVerb("endless-body", { about: "The body never ends", ids: ["A15"] }, {}, () => ({
    onAnswer: (answer) => ({ ...withBody(answer, new Uint8Array(64 * 1024).fill(0x20)), delivery: { ...answer.delivery, endless: true } }),
  })),
  restVerb(
    "bad-gzip",
    { about: "The compressed body is cut or garbled", ids: ["A16"] },
    {
      how: choice("What is wrong", ["truncated", "garbled"]),
    },
    ({ how }) => ({
      onAnswer: (answer) =>
        withBody(answer, how === "truncated" ? cutGzip(answer.body) : garbledGzip(answer.body), { "content-encoding": "gzip" }),
    }),
  ),
  restVerb(
    "gzip-bomb",
    { about: "A small body becomes a huge one", ids: ["A15"] },
    {
      bytes: whole("Its length when decompressed", 64 * 1024 * 1024, { min: 1, max: 10 * 1024 * 1024 * 1024 }),
    },
    ({ bytes }) => {
      let made: Uint8Array | undefined;
      return { onAnswer: (answer) => withBody(answer, (made ??= bomb(bytes)), { "content-encoding": "gzip" }) };
    },
  ),
  restVerb(
    "deep-nesting",
    { about: "Lists in lists in lists", ids: ["A17"] },
    {
      depth: whole("How many", 100_000, { min: 1, max: 10_000_000 }),
    },
    ({ depth }) => ({ onAnswer: (answer) => withBody(answer, encoder.encode("[".repeat(depth) + "]".repeat(depth))) }),
  ),
] as const;
