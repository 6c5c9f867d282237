/**
 * The reads of one socket, and turns between them. `ws` hands over all messages of one TCP read in one go, so one microtask after the first of them
 * is the end of the read. One turn of the event loop has up to two megabytes of such reads, which is thousands of messages before anybody else
 * may run: so the socket pauses in between, and goes on when everybody has had a turn.
 */
import type { WebSocket } from "ws";

/**
 * Messages after which a socket pauses until everybody else has had a turn. While a feed is dense a turn brings less than this and one read of
 * 64 KiB more, some five hundred trades, so a consumer that takes what it has in every turn needs no greater buffer than that.
 */
export const messagesPerTurn = 256;

export class ReadTurns {
  readonly #socket: Pick<WebSocket, "pause" | "resume" | "isPaused">;
  readonly #onReadEnd: () => void;
  #isOpen = false;
  /** Since the last pause. */
  #messages = 0;

  constructor(socket: Pick<WebSocket, "pause" | "resume" | "isPaused">, onReadEnd: () => void) {
    this.#socket = socket;
    this.#onReadEnd = onReadEnd;
  }

  /** One came. */
  message(): void {
    this.#messages++;
    if (this.#isOpen) return;
    this.#isOpen = true;
    queueMicrotask(this.end);
  }

  /** No more will come of the read that is on; nothing where none is. */
  readonly end = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onReadEnd();
    if (this.#messages < messagesPerTurn || this.#socket.isPaused) return;
    this.#socket.pause();
    setImmediate(this.#goOn);
  };

  readonly #goOn = (): void => {
    this.#messages = 0;
    this.#socket.resume();
  };
}
