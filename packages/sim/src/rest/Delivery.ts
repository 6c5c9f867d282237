/** How the bytes of an answer travel when a fault delays, cuts or replaces them. The door that carries them does it. */
export interface Delivery {
  /** Before the first byte of the headers. */
  readonly headersDelayMs?: number | undefined;
  /** So many bytes of the body at a time, with a pause before each. */
  readonly pace?: { readonly bytes: number; readonly everyMs: number } | undefined;
  /** What happens where the answer's `cutAfter` ends it: a reset, an orderly end, or nothing ever. Default `end`. */
  readonly cut?: "reset" | "end" | "hang" | undefined;
  /** The body begins anew whenever it ended, for ever. */
  readonly endless?: boolean | undefined;
  /** Sent in place of the whole answer, status line included; then the connection ends. Only TCP has this. */
  readonly raw?: Uint8Array | undefined;
  /** Sent after the answer, on a connection that stays open. Only TCP has this. */
  readonly afterwards?: Uint8Array | undefined;
}
