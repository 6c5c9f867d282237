/**
 * Runs of fields of a market's last message that seldom change, as bytes and as what they were read as: of a ticker the prices of the day and of the
 * year, the close of the day before, the market's state. The same bytes are the same values, so such a run is compared and not read. It makes no
 * difference of which market the memory is, only to how often it helps.
 */
import { isSame } from "./sameBytes.ts";

/** The most runs of a message; later ones are read each time. A ticker has three. */
export const maxRuns = 4;
/** Bytes of one; longer ones are read each time. The longest of a ticker has 240. */
const runBytes = 320;

export class RunMemory {
  readonly #bytes = new Uint8Array(maxRuns * runBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #lengths = new Int32Array(maxRuns);
  /** The plan by which the runs were read. */
  #steps: Int32Array | undefined;
  #value: unknown;

  /**
   * What the message was read as whose runs these are, if it was read by the same `steps`: in others other fields may lie. It is kept no longer, until the
   * message at hand is {@link settle}d, because runs are replaced one by one and a message can turn out to be odd behind any of them.
   */
  take(steps: Int32Array): unknown {
    const value = this.#steps === steps ? this.#value : undefined;
    this.#steps = steps;
    this.#value = undefined;
    return value;
  }

  /** Bytes of the run at `at` if it is as it was, else 0. Only of use where {@link take} gave a value. */
  lengthOf(run: number, view: DataView, at: number, limit: number): number {
    const length = this.#lengths[run]!;
    return length >= 8 && at + length <= limit && isSame(view, at, this.#view, run * runBytes, length) ? length : 0;
  }

  /** Remembers the run that lies in `bytes` from `start` to before `end`. */
  keep(run: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#lengths[run] = length <= runBytes ? length : 0;
    if (length <= runBytes) this.#bytes.set(bytes.subarray(start, end), run * runBytes);
  }

  /** The message at hand was read, all of it, as `value`. */
  settle(value: unknown): void {
    this.#value = value;
  }
}
