/** How it stands with keeping what is read of the past, as whoever keeps it says. */

export interface HistoryHealth {
  /** Something could not be written, and waits to be tried again. */
  readonly isWaiting: boolean;
  /** In memory. */
  readonly waitingRows: number;
  /** For which there was no room in memory, since the client began: they are asked for again. */
  readonly droppedRows: number;
  /** Why it could not be written last; empty where it always could. */
  readonly lastError: string;
}

export class HistoryLog {
  readonly #countDropped: (rows: number) => void;
  readonly #hasChanged: () => void;
  #now: HistoryHealth = { isWaiting: false, waitingRows: 0, droppedRows: 0, lastError: "" };

  /** `hasChanged` is called when something begins to wait, and when nothing waits any more. */
  constructor(countDropped: (rows: number) => void, hasChanged: () => void) {
    this.#countDropped = countDropped;
    this.#hasChanged = hasChanged;
    // There from the beginning: what should never happen is watched for by its count.
    countDropped(0);
  }

  told(now: HistoryHealth): void {
    const before = this.#now;
    this.#now = now;
    const dropped = now.droppedRows - before.droppedRows;
    if (dropped > 0) this.#countDropped(dropped);
    if (now.isWaiting !== before.isWaiting) this.#hasChanged();
  }

  report(): HistoryHealth {
    return this.#now;
  }
}
