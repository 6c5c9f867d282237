/** A stand-in for the exchange's own clock: real or virtual time, made faster, stopped or moved on. It is to be replaced whole. */
export class ExchangeClock {
  private ratio = 1;
  private isPaused = false;
  private lastBaseMs = 0;
  private anchor: { readonly baseMs: number; readonly shownMs: number } | undefined;
  private readonly changed: () => void;

  constructor(changed: () => void = () => {}) {
    this.changed = changed;
  }

  get speed(): number {
    return this.ratio;
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** The exchange's time when the clock under it reads `baseMs`. */
  read(baseMs: number): number {
    this.lastBaseMs = baseMs;
    if (this.anchor === undefined) return baseMs;
    const moved = this.isPaused ? 0 : (baseMs - this.anchor.baseMs) * this.ratio;
    return this.anchor.shownMs + moved;
  }

  /** How long the clock under it has to run for so much of the exchange's time. */
  waitOf(ms: number): number {
    if (ms <= 0) return ms;
    return this.isPaused ? Infinity : ms / this.ratio;
  }

  setSpeed(speed: number): void {
    this.rebase(0);
    this.ratio = speed;
    this.changed();
  }

  pause(): void {
    this.rebase(0);
    this.isPaused = true;
    this.changed();
  }

  resume(): void {
    this.rebase(0);
    this.isPaused = false;
    this.changed();
  }

  advance(ms: number): void {
    this.rebase(ms);
    this.changed();
  }

  private rebase(by: number): void {
    this.anchor = { baseMs: this.lastBaseMs, shownMs: this.read(this.lastBaseMs) + by };
  }
}
