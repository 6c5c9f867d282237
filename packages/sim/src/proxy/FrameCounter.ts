/**
 * Counts the data frames of a WebSocket connection in the bytes the server sends, by their headers alone. What comes before the first blank line
 * is the HTTP answer; unless that is a 101, the connection is no WebSocket and nothing is counted.
 */

type Phase = "head" | "header" | "length" | "payload" | "other";

/** Longer heads than this are no handshake. */
const maxHeadBytes = 64 * 1024;
const blankLine = [13, 10, 13, 10];
/** `HTTP/1.1 101`. */
const statusBytes = 12;

export class FrameCounter {
  /** Data frames (text, binary, continuation) that have passed whole. */
  count = 0;
  private phase: Phase = "head";
  private head = "";
  private headBytes = 0;
  private matched = 0;
  private isData = false;
  private headerBytes = 0;
  private lengthBytes = 0;
  private length = 0;
  /** Bytes of mask and payload still to pass. */
  private left = 0;

  /** Lets bytes pass up to the end of frame number `stopAt` at most; returns how many passed. */
  pass(bytes: Uint8Array, stopAt = Infinity): number {
    let at = 0;
    while (at < bytes.length && this.count < stopAt) at += this.advance(bytes[at] ?? 0, bytes.length - at);
    return at;
  }

  /** Goes on by a byte, or by as many as need no look. Returns how many. */
  private advance(byte: number, available: number): number {
    if (this.phase === "other") return available;
    if (this.phase === "payload") return this.payload(available);
    if (this.phase === "head") this.takeHead(byte);
    else if (this.phase === "header") this.takeHeader(byte);
    else this.takeLength(byte);
    return 1;
  }

  private takeHead(byte: number): void {
    this.headBytes++;
    if (this.head.length < statusBytes) this.head += String.fromCharCode(byte);
    this.matched = byte === blankLine[this.matched] ? this.matched + 1 : byte === 13 ? 1 : 0;
    if (this.matched === blankLine.length) this.phase = this.head.endsWith(" 101") ? "header" : "other";
    else if (this.headBytes > maxHeadBytes) this.phase = "other";
  }

  private takeHeader(byte: number): void {
    if (this.headerBytes++ === 0) {
      // Opcodes from 8 on are control frames.
      this.isData = (byte & 0x0f) < 8;
      return;
    }
    this.headerBytes = 0;
    const length = byte & 0x7f;
    this.left = (byte & 0x80) === 0 ? 0 : 4;
    this.length = 0;
    this.lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0;
    if (this.lengthBytes > 0) this.phase = "length";
    else this.begin(length);
  }

  private takeLength(byte: number): void {
    this.length = this.length * 256 + byte;
    if (--this.lengthBytes === 0) this.begin(this.length);
  }

  private begin(length: number): void {
    this.left += length;
    this.phase = "payload";
    if (this.left === 0) this.ended();
  }

  private payload(available: number): number {
    const taken = Math.min(available, this.left);
    this.left -= taken;
    if (this.left === 0) this.ended();
    return taken;
  }

  private ended(): void {
    this.phase = "header";
    if (this.isData) this.count++;
  }
}
