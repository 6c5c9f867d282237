/**
 * Puts an answer of the exchange on an HTTP connection: whole and at once, or with the delays, cuts and wrong bytes a fault gave it.
 * Compression happens here, because only the wire has it.
 */
import * as http from "node:http";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import type { ExchangeResponse, RestOutcome, UpgradeOutcome } from "../Exchange.ts";
import type { Delivery } from "../rest/Delivery.ts";

/** Sends at once, or returns what sends in the course of time; that ends when the answer is written or the client is gone. */
export const sendAnswer = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  outcome: RestOutcome,
): Effect.Effect<void> | undefined => {
  if (outcome._tag === "Hang" || outcome._tag === "ConnectHang") return undefined;
  if (outcome._tag !== "Response") {
    request.socket.resetAndDestroy();
    return undefined;
  }
  if (outcome.delivery !== undefined) return whileOpen(response, sendSlowly(request, response, outcome, outcome.delivery));
  sendAtOnce(request, response, outcome);
  return undefined;
};

/** Answers a handshake with something other than a socket. */
export const refuse = (socket: Duplex, outcome: Exclude<UpgradeOutcome, { readonly _tag: "Accepted" }>): void => {
  socket.on("error", () => socket.destroy());
  if (outcome._tag === "Hang" || outcome._tag === "ConnectHang") return;
  if (outcome._tag !== "Refused") {
    if ("resetAndDestroy" in socket && typeof socket.resetAndDestroy === "function") socket.resetAndDestroy();
    else socket.destroy();
    return;
  }
  const lines = Object.entries({ ...outcome.headers, "content-length": String(outcome.body.length), connection: "close" });
  socket.write(`HTTP/1.1 ${outcome.status} ${http.STATUS_CODES[outcome.status] ?? "Refused"}\r\n`);
  for (const [name, value] of lines) socket.write(`${name}: ${value}\r\n`);
  socket.write("\r\n");
  socket.end(outcome.body);
};

const sendAtOnce = (request: http.IncomingMessage, response: http.ServerResponse, outcome: ExchangeResponse): void => {
  const body = writeHead(request, response, outcome);
  if (outcome.cutAfter === undefined) response.end(body);
  else response.write(body.subarray(0, outcome.cutAfter), () => request.socket.destroy());
};

const sendSlowly = Effect.fnUntraced(function* (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  outcome: ExchangeResponse,
  { headersDelayMs = 0, pace, cut = "end", endless = false, raw, afterwards }: Delivery,
) {
  if (headersDelayMs > 0) yield* Effect.sleep(headersDelayMs);
  if (raw !== undefined) {
    yield* write(request.socket, raw);
    request.socket.end();
    return;
  }
  const body = writeHead(request, response, outcome, endless);
  response.flushHeaders();
  const end = Math.min(endless ? Infinity : body.length, outcome.cutAfter ?? Infinity);
  const size = Math.min(pace?.bytes ?? Math.max(1, body.length), maxPiece);
  for (let sent = 0; sent < end;) {
    if (pace !== undefined) yield* Effect.sleep(pace.everyMs);
    const from = sent % body.length;
    const piece = body.subarray(from, Math.min(body.length, from + Math.min(size, end - sent)));
    yield* write(response, piece);
    sent += piece.length;
  }
  if (outcome.cutAfter === undefined || end >= body.length)
    response.end(() => {
      if (afterwards !== undefined) request.socket.write(afterwards);
    });
  else if (cut === "reset") request.socket.resetAndDestroy();
  else if (cut === "end") request.socket.destroy();
});

/** Written at once; an endless body waits for the client to read. */
const maxPiece = 1024 * 1024;

/** Writes status and headers; returns the body as it goes out. */
const writeHead = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { status, headers, body }: ExchangeResponse,
  endless = false,
): Uint8Array => {
  const asked = String(request.headers["accept-encoding"] ?? "");
  const gzip = !endless && /\bgzip\b/.test(asked) && headers["content-encoding"] === undefined;
  const sent = gzip ? gzipSync(body, { level: 1 }) : body;
  response.writeHead(status, {
    ...headers,
    ...(gzip ? { "content-encoding": "gzip", vary: "Accept-Encoding" } : {}),
    ...(endless ? {} : { "content-length": sent.length }),
  });
  return sent;
};

/** Done when the bytes are the kernel's. */
const write = (stream: http.ServerResponse | Duplex, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    stream.write(bytes, () => resume(Effect.void));
  });

/** Stops when the client leaves. */
const whileOpen = (response: http.ServerResponse, sending: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.raceFirst(
    sending,
    Effect.callback((resume) => {
      const left = () => resume(Effect.void);
      response.once("close", left);
      return Effect.sync(() => void response.off("close", left));
    }),
  );
