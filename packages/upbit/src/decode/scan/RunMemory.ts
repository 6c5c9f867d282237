/**
 * Runs of fields of a market's last message that seldom change, as bytes and as what they were read as: of a ticker the prices of the day and of the
 * year, the close of the day before, the market's state. The same bytes are the same values, so such a run is compared and not read. It makes no
 * difference of which market the memory is, only to how often it helps.
 */
import { isSame } from "./sameBytes.ts";

/** The most runs of one table, and bytes of one; the longest of a ticker has 240. */
const [maxRuns, runBytes] = [4, 320] as const;

export class RunMemory {
  readonly #bytes = new Uint8Array(maxRuns * runBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #lengths = new Int32Array(maxRuns);
  /** The plan by which the runs were read. */
  #steps: Int32Array | undefined;
  /** What the message was read as whose runs these are; undefined while they are not all of one message. */
  value: unknown;

  /** Forgets the value when it was read by another plan: other fields may lie in its runs. */
  begin(steps: Int32Array): void {
    if (this.#steps === steps) return;
    this.#steps = steps;
    this.value = undefined;
  }

  /** Bytes of the run at `at` if it is as it was, else 0. */
  lengthOf(run: number, view: DataView, at: number, limit: number): number {
    if (this.value === undefined) return 0;
    const length = this.#lengths[run]!;
    return length >= 8 && at + length <= limit && isSame(view, at, this.#view, run * runBytes, length) ? length : 0;
  }

  /** Remembers the run that lies in `bytes` from `start` to before `end`. The value is to be set when the whole message was read. */
  keep(run: number, bytes: Uint8Array, start: number, end: number): void {
    this.value = undefined;
    const length = end - start;
    this.#lengths[run] = length <= runBytes ? length : 0;
    if (length <= runBytes) this.#bytes.set(bytes.subarray(start, end), run * runBytes);
  }
}
