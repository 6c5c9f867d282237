/**
 * When markets come and go. Before it is announced and after its delisting a market does not exist for anyone; between announcement and
 * opening it is a preview: listed, without a trade. Its trades lie in the tape exactly from opening to delisting, and a market listed anew has
 * no history.
 */
const dayMs = 86_400_000;

/** A plan for one market; what is left out is as it always was. */
export interface LifecyclePlan {
  readonly market: string;
  /** From here the market is listed as a preview, without trades. Default: `listMs`. */
  readonly previewMs?: number | undefined;
  /** From here it trades. Default: since the history began. */
  readonly listMs?: number | undefined;
  /** From here it is gone. Default: never. */
  readonly delistMs?: number | undefined;
  /** From here tickers tell the date it will be gone. Default: 14 days before. */
  readonly announceMs?: number | undefined;
}

export interface Listing {
  readonly state: "PREVIEW" | "ACTIVE" | "DELISTED";
  /** When the market will go, or went, once that is known. */
  readonly delistMs: number | undefined;
}

/** What nearly every market is. */
export const active: Listing = { state: "ACTIVE", delistMs: undefined };

interface Life {
  readonly previewMs: number;
  readonly listMs: number;
  readonly delistMs: number;
  readonly announceMs: number;
}

const always: Life = { previewMs: -Infinity, listMs: -Infinity, delistMs: Infinity, announceMs: Infinity };

export class Lifecycle {
  private readonly lives = new Map<string, Life>();

  /** Whether no market comes or goes. */
  get isEmpty(): boolean {
    return this.lives.size === 0;
  }

  plan({ market, previewMs, listMs = -Infinity, delistMs = Infinity, announceMs = delistMs - 14 * dayMs }: LifecyclePlan): void {
    const life = { previewMs: Math.min(previewMs ?? listMs, listMs), listMs, delistMs, announceMs };
    if (!(life.listMs < life.delistMs)) throw new RangeError(`${market} would be delisted before it is listed`);
    this.lives.set(market, life);
  }

  /** Exists from `nowMs` on; says whether it did not already. */
  list(market: string, nowMs: number): boolean {
    const life = this.lives.get(market) ?? always;
    if (life.listMs <= nowMs && nowMs < life.delistMs) return false;
    const previewed = life.previewMs <= nowMs && nowMs < life.delistMs;
    this.lives.set(market, { ...always, previewMs: previewed ? life.previewMs : nowMs, listMs: nowMs });
    return true;
  }

  /** Is gone from `nowMs` on; says whether it was there. */
  delist(market: string, nowMs: number): boolean {
    const life = this.lives.get(market) ?? always;
    if (nowMs < life.previewMs || nowMs >= life.delistMs) return false;
    this.lives.set(market, { ...life, delistMs: nowMs, announceMs: nowMs });
    return true;
  }

  /** What a market is at `ms`; `undefined` before anyone knows of it. */
  at(market: string, ms: number): Listing | undefined {
    const life = this.lives.get(market);
    if (life === undefined) return active;
    if (ms < life.previewMs) return undefined;
    const delistMs = ms >= life.announceMs || ms >= life.delistMs ? life.delistMs : undefined;
    return { state: ms >= life.delistMs ? "DELISTED" : ms < life.listMs ? "PREVIEW" : "ACTIVE", delistMs };
  }

  /** When a market is gone; `Infinity` when it stays. */
  delistMsOf(market: string): number {
    return this.lives.get(market)?.delistMs ?? Infinity;
  }
}
