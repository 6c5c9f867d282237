/** What the proxy tells of its connections. It stands alone because who reads the proxy's types need not have Node's. */

/** One connection, as it is told to who asks. */
export interface LinkState {
  readonly connection: number;
  /** Bytes that arrived from the client, or from the server, and have not left yet. */
  readonly waiting: { readonly up: number; readonly down: number };
  /** Bytes that ever arrived. */
  readonly arrived: { readonly up: number; readonly down: number };
}
