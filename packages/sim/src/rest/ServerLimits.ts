/**
 * What the exchange counts per client IP: requests of each group, requests with an `Origin`, socket connects, and the block that follows too
 * many 429. Only accepted arrivals fill a window, so that a client which waits a full window after a 429 is always let in again.
 */
import type { LimitOptions } from "../Options.ts";

export type Admission =
  | { readonly _tag: "Accepted"; readonly remaining: number }
  | { readonly _tag: "Limited" }
  | { readonly _tag: "Banned"; readonly untilMs: number };

/** Overruns count towards a block for this long. */
const overrunMemoryMs = 10_000;
/** A block makes the next one longer until so long after its end. */
const banMemoryMs = 3_600_000;
const longestBanMs = 86_400_000;
/** Clients remembered at once; the one that came first is forgotten first. */
const maxWindows = 10_000;

interface Ban {
  readonly untilMs: number;
  /** How many blocks it is in a row, from 1. */
  readonly repeat: number;
}

export class ServerLimits {
  private readonly windows = new Map<string, Array<number>>();
  private readonly bans = new Map<string, Ban>();
  private readonly options: LimitOptions;

  constructor(options: LimitOptions) {
    this.options = options;
  }

  /** One REST request of a group. `withOrigin`: it carried an `Origin` header. `atMost`: a window holds no more, whatever the options say. */
  admitRest(ip: string, group: string, withOrigin: boolean, nowMs: number, atMost = Infinity): Admission {
    const { perWindow, windowMs, originWindowMs } = this.options;
    if (withOrigin) return this.admit(ip, "origin", 1, originWindowMs, nowMs);
    return this.admit(ip, group, Math.min(perWindow, atMost), windowMs, nowMs);
  }

  /** Counts requests of another program at the same address, each at its time. They are let in whatever came before. */
  occupy(ip: string, group: string, times: ReadonlyArray<number>): void {
    const window = this.window(`${ip} ${group}`, -Infinity);
    window.push(...times);
    window.sort((a, b) => a - b);
  }

  /** One socket upgrade. */
  admitConnect(ip: string, withOrigin: boolean, nowMs: number): Admission {
    if (withOrigin) return this.admit(ip, "origin", 1, this.options.originWindowMs, nowMs);
    return this.admit(ip, "websocket-connect", this.options.connectsPerSecond, 1_000, nowMs);
  }

  /** Takes back the last accepted request of a group: it turned out to cost nothing. */
  refund(ip: string, group: string): void {
    this.windows.get(`${ip} ${group}`)?.pop();
  }

  /** When the block of an IP ends; `undefined` when it is not blocked. */
  banOf(ip: string, nowMs: number): number | undefined {
    const until = this.bans.get(ip)?.untilMs;
    return until === undefined || until <= nowMs ? undefined : until;
  }

  ban(ip: string, untilMs: number): void {
    this.remember(this.bans, ip, { untilMs, repeat: 1 });
  }

  /** The blocks that last at `nowMs`. */
  bansAt(nowMs: number): ReadonlyArray<{ readonly ip: string; readonly untilMs: number }> {
    return [...this.bans].flatMap(([ip, { untilMs }]) => (untilMs > nowMs ? [{ ip, untilMs }] : []));
  }

  /** Ends every block. */
  clearBans(): void {
    this.bans.clear();
  }

  private admit(ip: string, group: string, limit: number, windowMs: number, nowMs: number): Admission {
    const untilMs = this.banOf(ip, nowMs);
    if (untilMs !== undefined) return { _tag: "Banned", untilMs };
    const times = this.window(`${ip} ${group}`, windowStartOf(this.options.mode, windowMs, nowMs));
    if (times.length < limit) {
      times.push(nowMs);
      return { _tag: "Accepted", remaining: limit - times.length };
    }
    const overruns = this.window(`${ip} 429`, nowMs - overrunMemoryMs + 1);
    overruns.push(nowMs);
    if (overruns.length >= this.options.banAfter) {
      overruns.length = 0;
      this.escalate(ip, nowMs);
    }
    return { _tag: "Limited" };
  }

  private escalate(ip: string, nowMs: number): void {
    const { banMs, banGrowth } = this.options;
    const before = this.bans.get(ip);
    const repeat = before === undefined || before.untilMs + banMemoryMs < nowMs ? 1 : before.repeat + 1;
    const lengthMs = Math.min(longestBanMs, Math.floor(banMs * banGrowth ** (repeat - 1)));
    this.remember(this.bans, ip, { untilMs: nowMs + lengthMs, repeat });
  }

  /** The arrivals kept under `key`, without those before `from`. */
  private window(key: string, from: number): Array<number> {
    let times = this.windows.get(key);
    if (times === undefined) {
      times = [];
      this.remember(this.windows, key, times);
    }
    let gone = 0;
    while (gone < times.length && (times[gone] ?? 0) < from) gone++;
    times.splice(0, gone);
    return times;
  }

  private remember<A>(map: Map<string, A>, key: string, value: A): void {
    if (!map.has(key) && map.size >= maxWindows) map.delete(map.keys().next().value ?? "");
    map.set(key, value);
  }
}

/** The first moment that still counts at `nowMs`. */
export const windowStartOf = (mode: LimitOptions["mode"], windowMs: number, nowMs: number): number =>
  mode === "fixed" && windowMs > 0 ? Math.floor(nowMs / windowMs) * windowMs : nowMs - windowMs + 1;
