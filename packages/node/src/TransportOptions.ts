/**
 * Every knob of the live transport with its default and its unit. The numbers are those of a data client that must notice trouble early:
 * undici alone would wait five minutes for headers, and `ws` would take a frame of 100 MiB. Classes only so that a knob is one entry.
 */

const mebibyte = 1024 * 1024;

/** How long each phase may last, in milliseconds. A later phase's clock starts when the earlier one ends. */
export class TransportTimeouts {
  /** Name lookup, TCP and TLS of one new connection. */
  readonly connectMs: number = 5_000;
  /** From the request being written to the head of the answer. */
  readonly headersMs: number = 5_000;
  /** Between two pieces of a body. */
  readonly bodyIdleMs: number = 3_000;
  /** One request as a whole, waiting for a connection included. It catches what never idles: a body of one byte a second. */
  readonly attemptMs: number = 10_000;
  /** Opening a socket as a whole: lookup, TCP, TLS and upgrade. Shorter than the session's own wait, `upgradeTimeoutMs`, or what is known of a refusal would be lost to that. */
  readonly upgradeMs: number = 4_500;
  /** From our close frame to the connection being dropped by force. */
  readonly closeMs: number = 1_000;
}

/** All options, with their defaults. */
export class TransportSettings {
  /** How long each phase may last. */
  readonly timeouts: TransportTimeouts = new TransportTimeouts();
  /** Sent as `user-agent` with every request and upgrade. */
  readonly userAgent: string = "naru/0.1.0";
  /**
   * The largest REST body, in bytes after decompression.
   * @costs What one answer may hold in memory, twice over while it is inflated.
   */
  readonly maxBodyBytes: number = 8 * mebibyte;
  /**
   * The largest socket message, in bytes after decompression. The connection closes beyond it.
   * @costs What one message may hold in memory.
   */
  readonly maxFrameBytes: number = mebibyte;
  /** What may wait to be sent on one socket, in bytes. A send beyond it fails: the peer has stopped reading. */
  readonly maxSendBufferBytes: number = mebibyte;
  /**
   * REST connections per host. More requests wait for a free one, at most `attemptMs`.
   * @unit connections
   * @costs More run side by side, each with its own handshake; the exchange's limits leave little use for more.
   */
  readonly maxConnections: number = 32;
  /**
   * Whether sockets offer permessage-deflate when whoever opens one does not say. The router says, by its knob `socketCompression`.
   * @costs Inflating costs more than the loopback or data-centre bytes it saves.
   */
  readonly compressSocket: boolean = false;
}

type Given<S> = { readonly [K in keyof S]?: S[K] | undefined };

/** What of them is to be otherwise. */
export interface TransportOptions extends Given<Omit<TransportSettings, "timeouts">> {
  readonly timeouts?: Partial<TransportTimeouts> | undefined;
}

/** Fills in the defaults. */
export const resolveOptions = ({ timeouts, ...options }: TransportOptions = {}): TransportSettings => {
  const usual = new TransportSettings();
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...usual, ...given, timeouts: { ...usual.timeouts, ...timeouts } };
};
