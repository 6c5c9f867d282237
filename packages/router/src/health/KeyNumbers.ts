/** What one subscribed key brings: messages, their rate, and how far behind the exchange they arrive. Written once per frame. */
import type { KeyMetrics } from "./LiveMetrics.ts";
import { MessageRate } from "./MessageRate.ts";
import { RecentValues } from "./RecentValues.ts";

/** Messages over which lag is judged. */
const lagWindow = 128;

export class KeyNumbers {
  readonly name: string;
  readonly #rate: MessageRate;
  readonly lag = new RecentValues(lagWindow);
  messages = 0;
  #lastMs: number | undefined;

  constructor(name: string, nowMs: number) {
    this.name = name;
    this.#rate = new MessageRate(nowMs);
  }

  /** `lagMs` undefined: the message was a snapshot, whose value may be as old as the market is quiet. */
  message(nowMs: number, lagMs: number | undefined): void {
    this.messages++;
    this.#lastMs = nowMs;
    this.#rate.count(nowMs);
    if (lagMs !== undefined) this.lag.add(lagMs);
  }

  perSecond(nowMs: number): number {
    return this.#rate.perSecond(nowMs);
  }

  toMetrics(nowMs: number): KeyMetrics {
    const [lagP50Ms = null, lagP95Ms = null] = this.lag.percentiles([0.5, 0.95]);
    return {
      key: this.name,
      messages: this.messages,
      perSecond: this.perSecond(nowMs),
      silentMs: this.#lastMs === undefined ? null : nowMs - this.#lastMs,
      lagP50Ms,
      lagP95Ms,
    };
  }
}
