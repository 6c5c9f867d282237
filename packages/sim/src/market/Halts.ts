/**
 * The times in which the seeded market stands still: halts ordered by a script, in which only scripted trades happen, and planned stretches of
 * maintenance, in which nothing does. Halting takes effect after the millisecond it is ordered in; resuming likewise. At most {@link maxHalts} of each are
 * kept: more is an error of the script.
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
  private readonly planned: Array<Halt> = [];

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

  /** Stands still from `from` on and before `to`, whatever else is ordered. */
  plan(from: number, to: number): void {
    if (this.planned.length >= maxHalts) throw new RangeError(`more than ${maxHalts} planned halts`);
    if (to > from) this.planned.push({ from, to });
  }

  /** Whether the market stands still at `ms`. */
  at(ms: number): boolean {
    return this.find(ms) !== undefined;
  }

  /** Whether a planned stretch holds `ms`: then not even scripted trades happen. */
  isPlanned(ms: number): boolean {
    return this.planned.some((halt) => ms >= halt.from && ms < halt.to);
  }

  /** Whether any halt lies partly in `[from, to)`. */
  touches(from: number, to: number): boolean {
    return this.halts.some((halt) => halt.from < to && halt.to > from) || this.planned.some((halt) => halt.from < to && halt.to > from);
  }

  /** The last millisecond at or before `ms` in which the market ran; -Infinity when a halt began with time itself. */
  lastRunning(ms: number): number {
    let at = ms;
    for (let halt = this.find(at); halt !== undefined; halt = this.find(at)) at = halt.from - 1;
    return at;
  }

  /** The first millisecond at or after `ms` in which the market runs; `Infinity` while it is halted. */
  nextRunning(ms: number): number {
    let at = ms;
    for (let halt = this.find(at); halt !== undefined; halt = this.find(at)) at = halt.to;
    return at;
  }

  /** Since when the market has been running, at a moment when it runs; -Infinity when it always did. */
  runningSince(ms: number): number {
    let since = -Infinity;
    for (const { to } of this.halts) if (to <= ms && to > since) since = to;
    for (const { to } of this.planned) if (to <= ms && to > since) since = to;
    return since;
  }

  /** The first moment after `ms` at which the market runs after a halt; `Infinity` when there is none. */
  nextResume(ms: number): number {
    let next = Infinity;
    for (const { to } of this.halts) if (to > ms && to < next && !this.at(to)) next = to;
    for (const { to } of this.planned) if (to > ms && to < next && !this.at(to)) next = to;
    return next;
  }

  private find(ms: number): Halt | undefined {
    for (let i = this.halts.length - 1; i >= 0; i--) {
      const halt = this.halts[i];
      if (halt !== undefined && ms >= halt.from && ms < halt.to) return halt;
    }
    if (this.planned.length === 0) return undefined;
    return this.planned.find((halt) => ms >= halt.from && ms < halt.to);
  }
}
