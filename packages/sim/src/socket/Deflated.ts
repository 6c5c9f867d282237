/**
 * How long messages would be on a wire with permessage-deflate (RFC 7692), for a door that has no wire: each is compressed with what came before
 * it as its dictionary, which is what one compressor for the whole connection does. Only the lengths are of use here; nobody inflates it again.
 */
import { constants, deflateRawSync } from "node:zlib";

/** The window of a compressor: what lies further back helps nothing. */
const windowBytes = 32 * 1024;
/** A compressor's own reserve: this much of the window is not looked at. */
const lookaheadBytes = 262;
/** The end of every message, `00 00 ff ff`, is not sent. */
const tailBytes = 4;

export class Deflated {
  #history: Uint8Array = new Uint8Array(0);

  /** The compressed length of the next message. */
  lengthOf(message: Uint8Array): number {
    const packed = deflateRawSync(message, {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#history.length > 0 ? { dictionary: this.#history } : {}),
    });
    this.#remember(message);
    return packed.length - tailBytes;
  }

  #remember(message: Uint8Array): void {
    const room = windowBytes - lookaheadBytes - message.length;
    if (room <= 0) {
      this.#history = message.slice(lookaheadBytes - windowBytes);
      return;
    }
    const kept = this.#history.subarray(-room);
    const history = new Uint8Array(kept.length + message.length);
    history.set(kept);
    history.set(message, kept.length);
    this.#history = history;
  }
}
