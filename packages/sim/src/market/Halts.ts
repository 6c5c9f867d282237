/**
 * The times in which the seeded market stands still, so that only scripted trades happen. Halting takes effect after the millisecond it is
 * ordered in; resuming likewise. At most {@link maxHalts} halts are kept: more is an error of the script.
 */
const maxHalts = 1_000;

interface Halt {
  /** First millisecond without seeded trades. */
  readonly from: number;
  /** First millisecond with seeded trades again; `Infinity` while it lasts. */
  readonly to: number;
}

export class Halts {
  private readonly halts: Array<Halt> = [];

  get halted(): boolean {
    return this.halts.at(-1)?.to === Infinity;
  }

  /** Returns the first millisecond affected, or `undefined` when already halted. */
  halt(nowMs: number): number | undefined {
    if (this.halted) return undefined;
    if (this.halts.length >= maxHalts) throw new RangeError(`more than ${maxHalts} halts`);
    this.halts.push({ from: nowMs + 1, to: Infinity });
    return nowMs + 1;
  }

  /** Returns the first millisecond affected, or `undefined` when not halted. */
  resume(nowMs: number): number | undefined {
    const last = this.halts.at(-1);
    if (last === undefined || last.to !== Infinity) return undefined;
    this.halts.pop();
    if (nowMs + 1 > last.from) this.halts.push({ from: last.from, to: nowMs + 1 });
    return Math.min(last.from, nowMs + 1);
  }

  /** Whether the market stands still at `ms`. */
  at(ms: number): boolean {
    return this.find(ms) !== undefined;
  }

  /** Whether any halt lies partly in `[from, to)`. */
  touches(from: number, to: number): boolean {
    return this.halts.some((halt) => halt.from < to && halt.to > from);
  }

  /** The last millisecond at or before `ms` in which the market ran; -Infinity when a halt began with time itself. */
  lastRunning(ms: number): number {
    const halt = this.find(ms);
    return halt === undefined ? ms : halt.from - 1;
  }

  /** The first millisecond at or after `ms` in which the market runs; `Infinity` while it is halted. */
  nextRunning(ms: number): number {
    const halt = this.find(ms);
    return halt === undefined ? ms : halt.to;
  }

  private find(ms: number): Halt | undefined {
    for (let i = this.halts.length - 1; i >= 0; i--) {
      const halt = this.halts[i];
      if (halt !== undefined && ms >= halt.from && ms < halt.to) return halt;
    }
    return undefined;
  }
}
