/**
 * What a consumer that was too slow has missed of the kinds in which every value counts: for each market the span of
 * time of what was dropped, told as a `Gap`. Pure;
 * `ConsumerBuffer.ts` says what was dropped.
 */
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import type { Gap, StreamElement } from "../domain/StreamElement.ts";

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const tooSlow = "the consumer was too slow";

export class MissedSpans {
  readonly #kind: Kind;
  readonly #missed = new Map<Market, Span>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  /** This element will not be given out. A gap among them stays told. */
  dropped(element: StreamElement<unknown>): void {
    const span = element._tag === "Gap" ? element : spanOf(element);
    if (span === undefined || !("market" in element)) return;
    const before = this.#missed.get(element.market);
    this.#missed.set(element.market, {
      fromMs: Math.min(span.fromMs, before?.fromMs ?? Number.POSITIVE_INFINITY),
      toMs: Math.max(span.toMs, before?.toMs ?? Number.NEGATIVE_INFINITY),
    });
  }

  /** One gap for each market that missed something since the last call. */
  take(): ReadonlyArray<Gap> {
    const gaps = [...this.#missed].map(([market, span]): Gap => ({ _tag: "Gap", kind: this.#kind, market, ...span, reason: tooSlow }));
    this.#missed.clear();
    return gaps;
  }
}

/** The time of a trade, or of the trades of a closed candle. A forming candle is made good by its next frame, so nothing of it is missed. */
export const spanOf = (element: StreamElement<unknown>): Span | undefined => {
  if (element._tag !== "Live" && element._tag !== "Recovered") return undefined;
  const { value } = element;
  if (typeof value !== "object" || value === null) return undefined;
  if ("id" in value && "tradeTimeMs" in value) return pair(value.tradeTimeMs, value.tradeTimeMs);
  if ("openTimeMs" in value && "lastTradeTimeMs" in value && "state" in value && (value.state === "closed" || value.state === "corrected"))
    return pair(value.openTimeMs, value.lastTradeTimeMs);
  return undefined;
};

const pair = (fromMs: unknown, toMs: unknown): Span | undefined =>
  typeof fromMs === "number" && typeof toMs === "number" ? { fromMs, toMs } : undefined;
