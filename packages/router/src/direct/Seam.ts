/**
 * Where two feeds of trades or candles meet, or one was torn: whether anything may be missing between the last value before and the first one
 * after. Nothing is read back here, so what is not known to be whole is told as a `Gap`. Plain synchronous state; one per stream.
 */
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import type { Gap } from "../domain/StreamElement.ts";

/** What tells two values of a market apart, and when it happened, exchange time, epoch milliseconds. */
export interface Mark {
  readonly id: string;
  readonly ms: number;
}

export class Seam {
  readonly #kind: Kind;
  /** The latest value given out. As many as the stream has markets. */
  readonly #last = new Map<Market, Mark>();
  readonly #torn = new Map<Market, string>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  last(market: Market): Mark | undefined {
    return this.#last.get(market);
  }

  /** From here on something may be missing, of one market or of all that have begun. */
  tear(reason: string, market?: Market): void {
    if (market !== undefined) this.#torn.set(market, reason);
    else for (const begun of this.#last.keys()) this.#torn.set(begun, reason);
  }

  /** Notes a value that is about to be given out, in order. Returns what must be told as missing before it. */
  join(market: Market, mark: Mark): Gap | undefined {
    const last = this.#last.get(market);
    const reason = this.#torn.get(market);
    this.#torn.delete(market);
    if (last === undefined || mark.ms >= last.ms) this.#last.set(market, mark);
    if (last === undefined || reason === undefined || mark.id === last.id) return undefined;
    return { _tag: "Gap", kind: this.#kind, market, fromMs: last.ms, toMs: Math.max(last.ms, mark.ms), reason };
  }
}
