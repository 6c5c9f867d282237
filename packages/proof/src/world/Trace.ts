/**
 * Everything that happened in a world, as one running hash: two runs of a seed are the same run exactly when their hashes are equal. The text
 * of the lines is kept only when it is asked for, to see where two runs part.
 */
const maxLines = 200_000;

export class Trace {
  readonly lines: Array<string> | undefined;
  /** Lines added so far. */
  length = 0;
  private high = 0x811c9dc5;
  private low = 0x9747b28c;

  constructor(options: { readonly keepLines: boolean }) {
    this.lines = options.keepLines ? [] : undefined;
  }

  add(atMs: number, what: string): void {
    this.length++;
    const line = `${atMs} ${what}`;
    for (let i = 0; i < line.length; i++) {
      const c = line.charCodeAt(i);
      this.high = Math.imul(this.high ^ c, 0x01000193);
      this.low = Math.imul(this.low ^ c, 0x5bd1e995) ^ (this.low >>> 13);
    }
    if (this.lines !== undefined && this.lines.length < maxLines) this.lines.push(line);
  }

  /** Sixteen hexadecimal digits. */
  get hash(): string {
    return [this.high, this.low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
