/**
 * Sockets of the live transport, on `ws`. What surprises: `ws` hands over all messages of one TCP read in one go, so one microtask after the
 * first of them is the end of the read, and compressed ones are inflated in turns of their own, so each of those is a read by itself; one turn of
 * the event loop has up to two megabytes of such reads, so the socket pauses to let others have a turn in between; its `send` is dropped silently
 * while the socket closes unless asked for the result; its handshake timeout counts idleness only, so the wait here is our own; and a socket
 * whose peer vanished looks open for ever, which is the session's to notice.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import { NetworkError, TimeoutError } from "@naru/router/errors/MarketDataError";
import { type Socket, type SocketFailure, type SocketHandlers, type SocketOptions, UpgradeRefused } from "@naru/router/transport/Transport";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Ws from "ws";
import type { ClientOptions, WebSocket } from "ws";
import { errorCode, hostOf, joinHeaders, networkError } from "./networkFailure.ts";
import { ws as wsPackage } from "./onFirstUse.ts";
import { ReadTurns } from "./ReadTurns.ts";
import type { TransportSettings } from "./TransportOptions.ts";

/** Enough for an error body; the rest is not read. */
const maxRefusalBytes = 4 * 1024;

/** No close frame came: the code the WebSocket API reports then. */
const abnormalClosure = 1006;

/**
 * The port's `socket`. Handlers hear only of a socket that opened: a refused or failed handshake is this effect's error and never `onClose`.
 * Where no close frame came, `onClose` gets code 1006 and, as the reason, the system's word for it where there is one (`ECONNRESET`).
 */
export const make = (settings: TransportSettings) => {
  const { upgradeMs } = settings.timeouts;
  return Effect.fn("Transport.socket")(function* (
    url: string,
    handlers: SocketHandlers,
    options: SocketOptions = {},
  ): Effect.fn.Return<Socket, SocketFailure, Scope.Scope> {
    const host = hostOf(url);
    const notSent = (cause: unknown) => networkError(cause, host, "send");
    const loaded = wsPackage.current() ?? (yield* Effect.tryPromise({ try: wsPackage.load, catch: notSent }));
    const link = yield* Effect.acquireRelease(
      Effect.try({ try: () => connect(loaded, url, settings, handlers, options), catch: notSent }),
      close,
    );
    yield* Deferred.await(link.opened).pipe(
      Effect.timeoutOrElse({
        duration: upgradeMs,
        // A refusal whose body does not end is reported with what came of it.
        orElse: () => Effect.fail(link.refusal?.() ?? new TimeoutError({ phase: "upgrade", timeoutMs: upgradeMs, detail: host })),
      }),
      Effect.onError(() => Effect.sync(() => link.ws.terminate())),
    );
    return makeSocket(link, host, settings.maxSendBufferBytes);
  });
};

/** A connection from its first moment on. Its listeners are set before anything can happen. */
interface Link {
  readonly ws: WebSocket;
  readonly opened: Deferred.Deferred<void, SocketFailure>;
  readonly closed: Deferred.Deferred<void>;
  /** What is known of a refused upgrade so far. */
  refusal: (() => UpgradeRefused) | undefined;
  /** The system's word for the first thing that went wrong. */
  failureCode: string | null;
  readonly received: Received;
  /** Tells the handlers, once there is a life to end. */
  onClose: (code: number, reason: string) => void;
}

interface Received {
  /** What lies under the WebSocket, from its upgrade on, and the bytes it had brought when frames began. */
  tcp: TcpSocket | undefined;
  handshakeBytes: number;
  /** Bytes of the messages handed over. */
  payloadBytes: number;
}

const connect = (
  { WebSocket }: typeof Ws,
  url: string,
  settings: TransportSettings,
  handlers: SocketHandlers,
  options: SocketOptions,
): Link => {
  const host = hostOf(url);
  const received: Received = { tcp: undefined, handshakeBytes: 0, payloadBytes: 0 };
  const ws = new WebSocket(url, {
    ...clientOptions(settings),
    perMessageDeflate: options.compress ?? settings.compressSocket,
    finishRequest: (request) => countFrom(request, received),
  });
  const link: Link = {
    ws,
    opened: Deferred.makeUnsafe(),
    closed: Deferred.makeUnsafe(),
    refusal: undefined,
    failureCode: null,
    received,
    onClose: () => {},
  };
  // `ws` keeps the TCP socket's own error to itself.
  ws.once("upgrade", ({ socket }) => socket.on("error", (cause) => (link.failureCode ??= errorCode(cause))));
  ws.once("open", () => {
    attach(link, handlers);
    Deferred.doneUnsafe(link.opened, Effect.void);
  });
  ws.once("unexpected-response", (_request, response) => {
    link.refusal = collectRefusal(response, (refused) => Deferred.doneUnsafe(link.opened, Effect.fail(refused)));
  });
  // Stays for the whole life: a late error without a listener would be an uncaught exception.
  ws.on("error", (cause) => {
    link.failureCode ??= errorCode(cause);
    Deferred.doneUnsafe(link.opened, Effect.fail(networkError(cause, host, "upgrade")));
  });
  ws.once("close", (code, reason) => {
    link.onClose(code, reason.toString("utf8"));
    Deferred.doneUnsafe(link.closed, Effect.void);
  });
  return link;
};

/** Sends the request, and notes where the answer to it ends and frames begin: some may have come in the same read. */
const countFrom = (request: ClientRequest, received: Received): void => {
  request.prependOnceListener("upgrade", (_response, tcp: TcpSocket, head: Buffer) => {
    received.tcp = tcp;
    received.handshakeBytes = tcp.bytesRead - head.length;
  });
  request.end();
};

/** `closeTimeout` is newer than the declarations of `ws`. */
const clientOptions = (settings: TransportSettings): ClientOptions & { readonly closeTimeout: number } => ({
  headers: { "User-Agent": settings.userAgent },
  maxPayload: settings.maxFrameBytes,
  closeTimeout: settings.timeouts.closeMs,
  followRedirects: false,
  // Decoding checks UTF-8 itself and costs one bad frame instead of the whole link.
  skipUTF8Validation: true,
  allowSynchronousEvents: true,
  // Stated, not left to the default: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment must not switch it off.
  rejectUnauthorized: true,
  minVersion: "TLSv1.2",
});

/** Closes politely and waits for the end, which `ws` forces after `closeMs`. */
const close = ({ ws, closed }: Link): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (ws.readyState === ws.CLOSED) return Effect.void;
    if (ws.readyState === ws.CONNECTING) ws.terminate();
    else ws.close(1000);
    return Deferred.await(closed);
  });

const collectRefusal = (response: IncomingMessage, done: (refused: UpgradeRefused) => void): (() => UpgradeRefused) => {
  const chunks: Array<Buffer> = [];
  let size = 0;
  const refused = () =>
    new UpgradeRefused({
      status: response.statusCode ?? 0,
      headers: joinHeaders(response.headers),
      body: Buffer.concat(chunks).subarray(0, maxRefusalBytes).toString("utf8"),
    });
  response.on("data", (chunk: Buffer) => {
    if (size >= maxRefusalBytes) return;
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxRefusalBytes) done(refused());
  });
  // An error is followed by `close`.
  response.on("error", () => {});
  response.on("close", () => done(refused()));
  return refused;
};

/** Wires the handlers. Called while `open` is being emitted, before the first message can be. */
const attach = (link: Link, handlers: SocketHandlers): void => {
  const { ws } = link;
  const reads = new ReadTurns(ws, handlers.onReadEnd);
  ws.on("message", (data) => {
    reads.message();
    const bytes = asBytes(data);
    link.received.payloadBytes += bytes.length;
    handlers.onFrame(bytes);
  });
  ws.on("pong", () => handlers.onPong());
  link.onClose = (code, reason) => {
    // Whatever order `ws` chooses: nothing follows the close.
    reads.end();
    handlers.onClose({ code, reason: reason === "" && code === abnormalClosure ? (link.failureCode ?? "") : reason });
  };
};

/** With `ws`'s default binary type every message is one Buffer; the other shapes belong to types we do not set. */
const asBytes = (data: Buffer | ArrayBuffer | Array<Buffer>): Uint8Array => {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data);
};

const makeSocket = (link: Link, host: string, maxSendBufferBytes: number): Socket => {
  const { ws, received } = link;
  /** Done when the bytes are the kernel's. */
  const written = (write: (done: (error?: Error | null) => void) => void): Effect.Effect<void, NetworkError> =>
    Effect.callback<void, NetworkError>((resume) => {
      if (ws.bufferedAmount > maxSendBufferBytes) {
        const detail = `${ws.bufferedAmount} bytes wait to be sent`;
        return resume(Effect.fail(new NetworkError({ phase: "socket", host, code: "SEND_BUFFER_FULL", detail })));
      }
      write((error) => resume(error === undefined || error === null ? Effect.void : Effect.fail(networkError(error, host, "socket"))));
    });
  return {
    // Never compressed: the few short messages that a client sends are not worth what a compressor holds.
    send: (text) => written((done) => ws.send(text, { compress: false }, done)),
    ping: written((done) => ws.ping(undefined, undefined, done)),
    compressed: ws.extensions.includes("permessage-deflate"),
    bytes: () => ({ wire: (received.tcp?.bytesRead ?? 0) - received.handshakeBytes, payload: received.payloadBytes }),
    terminate: Effect.sync(() => ws.terminate()),
  };
};
