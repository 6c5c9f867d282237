/** How the client is, as plain data: what `health` answers. */
import type { Mode, ModeChange } from "./domain/Mode.ts";
import type { TierHealth } from "./health/HealthLedger.ts";
import type { LimitSnapshot } from "./limits/RateLimiter.ts";
import type { LinkStatus } from "./stream/Subscriptions.ts";

export interface HealthReport {
  readonly venue: string;
  readonly simulated: boolean;
  readonly mode: Mode;
  /** The newest last, at most 100. */
  readonly modeHistory: ReadonlyArray<ModeChange>;
  readonly link: LinkStatus;
  readonly limits: ReadonlyArray<LimitSnapshot>;
  readonly tiers: ReadonlyArray<TierHealth>;
  /** Keys in the hot store. */
  readonly hotKeys: number;
  /** Markets in the list as last read; null before the first reading. */
  readonly knownMarkets: number | null;
}
