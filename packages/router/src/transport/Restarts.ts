/**
 * When a worker that crashed is begun again: soon after the first crash, later after each further one, and at most five times within a minute. One
 * that crashes even then has failed, and is tried once a minute until it stays up for that long. Pure state on monotonic milliseconds.
 */

/** So many restarts within {@link windowMs}; the crash after them is a failure. */
const most = 5;
const windowMs = 60_000;
/** Before the first restart, four times as long before each further one: 34 seconds for all five. */
const firstDelayMs = 100;

export type WorkerState = "working" | "restarting" | "failed";

export interface Restart {
  readonly delayMs: number;
  /** With this crash it has failed, and had not before. */
  readonly isFailure: boolean;
}

export class Restarts {
  /** Of the last minute, oldest first. */
  #restartedMs: Array<number> = [];
  /** Since when it works, undefined while it lies still after a crash. */
  #workingSinceMs: number | undefined;
  #hasFailed = false;
  crashes = 0;

  began(nowMs: number): void {
    if (this.crashes > 0) this.#restartedMs.push(nowMs);
    this.#workingSinceMs = nowMs;
  }

  crashed(nowMs: number): Restart {
    const before = this.state(nowMs);
    this.crashes++;
    this.#workingSinceMs = undefined;
    this.#restartedMs = this.#restartedMs.filter((atMs) => nowMs - atMs < windowMs);
    this.#hasFailed = before === "failed" || this.#restartedMs.length >= most;
    return {
      delayMs: this.#hasFailed ? windowMs : firstDelayMs * 4 ** this.#restartedMs.length,
      isFailure: this.#hasFailed && before !== "failed",
    };
  }

  /** One that has worked for a minute is as good as one that never crashed. */
  state(nowMs: number): WorkerState {
    const isWell = this.#workingSinceMs !== undefined && nowMs - this.#workingSinceMs >= windowMs;
    if (this.crashes === 0 || isWell) return "working";
    return this.#hasFailed ? "failed" : "restarting";
  }
}
