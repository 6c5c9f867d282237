/** The times in which every service of the exchange is off: no trades, no answers, no sockets. Windows may overlap. */
const maxWindows = 1_000;

export interface MaintenanceWindow {
  /** First millisecond of it. */
  readonly fromMs: number;
  /** First millisecond after it. */
  readonly toMs: number;
}

export class Maintenance {
  private readonly windows: Array<MaintenanceWindow> = [];

  add(window: MaintenanceWindow): void {
    if (this.windows.length >= maxWindows) throw new RangeError(`more than ${maxWindows} maintenance windows`);
    this.windows.push(window);
  }

  /** The end of the maintenance at `ms`; `undefined` when there is none. */
  endAt(ms: number): number | undefined {
    let end: number | undefined;
    for (const { fromMs, toMs } of this.windows) if (ms >= fromMs && ms < toMs) end = Math.max(end ?? toMs, toMs);
    return end;
  }

  /** The start of the first window that begins after `ms`; `Infinity` when none does. */
  nextStart(ms: number): number {
    let next = Infinity;
    for (const { fromMs } of this.windows) if (fromMs > ms && fromMs < next) next = fromMs;
    return next;
  }
}
