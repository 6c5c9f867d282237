/**
 * The port to the network: bytes out, bytes in. It knows nothing of markets, limits or JSON. The live layer is in `@naru/node`; the emulated
 * exchange has one that answers from memory, so that decoding, limiting and sessions run unchanged under a test clock.
 *
 * Socket frames arrive by plain callback, not as Effect values: a busy socket brings thousands of frames a second.
 */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { type DecodeError, NetworkError, type TimeoutError, type UpstreamError } from "../errors/MarketDataError.ts";

export interface RestRequest {
  /** Absolute. Query values are already percent-encoded. */
  readonly url: string;
  /** The exact extra headers to send. The transport adds only `accept`, `accept-encoding` and `user-agent`; never `origin` or trace headers. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RestResponse {
  readonly status: number;
  /** Names in lower case. A header sent twice is joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The whole body after decompression, at most the transport's body limit. */
  readonly body: Uint8Array;
}

/** How a socket's life ended. `code` is the WebSocket close code; 1006 when there was no close frame. */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/** Called synchronously by the transport. None may throw; `onClose` comes exactly once and last, also after our own close. */
export interface SocketHandlers {
  /** One message. A `Uint8Array` belongs to the transport and is only valid during the call. */
  readonly onFrame: (data: Uint8Array | string) => void;
  /**
   * The messages of one read have all been handed over, in one go: the moment to pass batches on. It follows every read that brought any, because
   * what they are stamped with is the moment of the first.
   */
  readonly onReadEnd: () => void;
  readonly onPong: () => void;
  readonly onClose: (close: SocketClose) => void;
}

/** What a socket is opened with. */
export interface SocketOptions {
  /**
   * Offers permessage-deflate; the server may decline. `false` offers nothing. Absent: what the transport does by itself, which is nothing
   * unless it was told otherwise.
   */
  readonly compress?: boolean | undefined;
}

/** What has come in on one socket so far. Both only grow, and stay readable after its end. */
export interface SocketBytes {
  /**
   * Bytes of the connection from the end of its handshake: frames with their headers, compressed where they are, control frames too. Of a TLS
   * connection after decryption.
   */
  readonly wire: number;
  /** Bytes of the messages handed over, after inflating. */
  readonly payload: number;
}

/** An open socket. It closes with the scope it was opened in, by close frame and, a second later, by force. */
export interface Socket {
  readonly send: (text: string) => Effect.Effect<void, NetworkError>;
  /** A protocol ping; the answer is `onPong`. */
  readonly ping: Effect.Effect<void, NetworkError>;
  /** The messages that come in are compressed: it was offered and the server agreed. */
  readonly compressed: boolean;
  /** Counted as it comes; asking costs nothing. */
  readonly bytes: () => SocketBytes;
  /** Drops the connection at once, without a close frame: what a silent peer gets. */
  readonly terminate: Effect.Effect<void>;
}

/** The server answered the upgrade with something other than 101. The venue says what it means. */
export class UpgradeRefused extends Data.TaggedError("UpgradeRefused")<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The start of the body, at most a few kilobytes. */
  readonly body: string;
}> {}

export type RestFailure = NetworkError | TimeoutError | UpstreamError | DecodeError;
export type SocketFailure = NetworkError | TimeoutError | UpgradeRefused;

export class Transport extends Context.Service<
  Transport,
  {
    /** One GET. Any status is a success here; redirects are answers, never followed. */
    readonly rest: (request: RestRequest) => Effect.Effect<RestResponse, RestFailure>;
    /** Opens one socket. Succeeds when the upgrade is done. */
    readonly socket: (url: string, handlers: SocketHandlers, options?: SocketOptions) => Effect.Effect<Socket, SocketFailure, Scope.Scope>;
  }
>()("@naru/router/transport/Transport") {
  /** A transport whose answers a test writes. Sockets are refused as if nobody listened, unless the test opens them too. */
  static readonly layerTest = (script: {
    readonly rest: Transport["Service"]["rest"];
    readonly socket?: Transport["Service"]["socket"];
  }): Layer.Layer<Transport> => Layer.succeed(Transport, { socket: (url) => Effect.fail(nobodyListens(url)), ...script });
}

const nobodyListens = (url: string): NetworkError =>
  new NetworkError({ phase: "connect", host: new URL(url).host, code: "ECONNREFUSED", detail: null });
