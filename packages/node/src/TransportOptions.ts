/**
 * Every knob of the live transport with its default and its unit. The numbers are those of a data client that must notice trouble early:
 * undici alone would wait five minutes for headers, and `ws` would take a frame of 100 MiB.
 */

/** How long each phase may last, in milliseconds. A later phase's clock starts when the earlier one ends. */
export interface TransportTimeouts {
  /** Name lookup, TCP and TLS of one new connection. */
  readonly connectMs: number;
  /** From the request being written to the head of the answer. */
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly bodyIdleMs: number;
  /** One request as a whole, waiting for a connection included. It catches what never idles: a body of one byte a second. */
  readonly attemptMs: number;
  /** Opening a socket as a whole: lookup, TCP, TLS and upgrade. */
  readonly upgradeMs: number;
  /** From our close frame to the connection being dropped by force. */
  readonly closeMs: number;
}

export interface TransportOptions {
  readonly timeouts?: Partial<TransportTimeouts> | undefined;
  /** Sent as `user-agent` with every request and upgrade. */
  readonly userAgent?: string | undefined;
  /** The largest REST body, in bytes after decompression. */
  readonly maxBodyBytes?: number | undefined;
  /** The largest socket message, in bytes after decompression. The connection closes beyond it. */
  readonly maxFrameBytes?: number | undefined;
  /** What may wait to be sent on one socket, in bytes. A send beyond it fails: the peer has stopped reading. */
  readonly maxSendBufferBytes?: number | undefined;
  /** REST connections per host. More requests wait for a free one, at most `attemptMs`. */
  readonly maxConnections?: number | undefined;
  /**
   * Whether sockets offer permessage-deflate when whoever opens one does not say. Off, because inflating costs more than the loopback or
   * data-centre bytes it saves.
   */
  readonly compressSocket?: boolean | undefined;
}

/** All options, with their defaults filled in. */
export interface TransportSettings {
  readonly timeouts: TransportTimeouts;
  readonly userAgent: string;
  readonly maxBodyBytes: number;
  readonly maxFrameBytes: number;
  readonly maxSendBufferBytes: number;
  readonly maxConnections: number;
  readonly compressSocket: boolean;
}

const mebibyte = 1024 * 1024;

export const defaultTimeouts: TransportTimeouts = {
  connectMs: 5_000,
  headersMs: 5_000,
  bodyIdleMs: 3_000,
  attemptMs: 10_000,
  // Shorter than the session's own wait (`upgradeTimeoutMs`), or what is known of a refusal would be lost to that.
  upgradeMs: 4_500,
  closeMs: 1_000,
};

/** Fills in the defaults. */
export const resolveOptions = (options: TransportOptions = {}): TransportSettings => ({
  timeouts: { ...defaultTimeouts, ...options.timeouts },
  userAgent: options.userAgent ?? "naru/0.1.0",
  maxBodyBytes: options.maxBodyBytes ?? 8 * mebibyte,
  maxFrameBytes: options.maxFrameBytes ?? mebibyte,
  maxSendBufferBytes: options.maxSendBufferBytes ?? mebibyte,
  maxConnections: options.maxConnections ?? 32,
  compressSocket: options.compressSocket ?? false,
});
