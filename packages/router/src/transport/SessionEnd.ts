/** How one life of a socket ended, as far as its own side knows. */
import type { StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";

export type SessionEnd =
  /** The peer, or the network, closed the socket. */
  | { readonly _tag: "Closed"; readonly code: number; readonly reason: string }
  /** Nothing was heard for too long; the socket was dropped. */
  | { readonly _tag: "Silent"; readonly silentMs: number }
  /** Pings were answered, but markets that moved on according to REST were not told of; the socket was dropped. */
  | { readonly _tag: "Mute"; readonly keys: ReadonlyArray<StreamKey> }
  /** Nobody wanted anything of it any more. */
  | { readonly _tag: "Unwanted" }
  /** This process slept; the socket was dropped unasked, for what it says may be what lay unread in the meantime. */
  | { readonly _tag: "Slept"; readonly sleptMs: number }
  /** It could not be opened, the exchange sent an error frame, or what it sends cannot be read. */
  | { readonly _tag: "Failed"; readonly error: MarketDataError; readonly opened: boolean };
