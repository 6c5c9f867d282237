/**
 * Bars held against the exchange's own trades: that none is missing, that each names every market once, and that nothing claimed of a market is
 * untrue, neither when it is told nor after all corrections. It shares no code with what makes them.
 */
import type { Bar, BarCorrection, BarElement } from "@naru/router/domain/Bar";
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart } from "@naru/router/domain/Interval";
import { endOf } from "@naru/sim/market/Trade";
import type { Truth } from "../world/Truth.ts";

/** What is known of one market in one bar after all that was told. */
type Known = { readonly _tag: "Candle"; readonly candle: Candle } | { readonly _tag: "Empty" } | { readonly _tag: "Unproved" };

export class BarCheck {
  readonly #truth: Truth;
  readonly #known = new Map<number, Map<string, Known>>();
  readonly #nowMs: () => number;
  /** End of the bars that were told not to be there. */
  #toldToMs: number | undefined;
  readonly bars: Array<Bar> = [];
  readonly corrections: Array<BarCorrection> = [];
  readonly others: Array<Exclude<BarElement, Bar | BarCorrection>> = [];
  /** From the boundary to the moment the bar was here, by the exchange's clock, milliseconds. */
  readonly delaysMs: Array<number> = [];
  /** Bars in a wrong place, markets named twice or not at all, corrections of nothing. */
  readonly faults: Array<string> = [];
  /** Claims that were untrue when they were told. */
  readonly untrue: Array<string> = [];

  /** `nowMs` is the exchange's clock. */
  constructor(truth: Truth, nowMs: () => number) {
    this.#truth = truth;
    this.#nowMs = nowMs;
  }

  take(element: BarElement): void {
    if (element._tag === "Bar") this.#bar(element);
    else if (element._tag === "BarCorrection") this.#correction(element);
    else {
      this.others.push(element);
      if (element._tag === "Gap" && element.kind === "candles") this.#toldToMs = element.toMs;
    }
  }

  /** Claims that are still untrue, and markets that nothing is claimed of. */
  unsettled(): ReadonlyArray<string> {
    return [...this.#known].flatMap(([openTimeMs, markets]) =>
      [...markets].flatMap(([market, known]) => {
        if (known._tag === "Unproved") return [`${market} of ${openTimeMs} is not proved`];
        return this.#faultOf(market, openTimeMs, known) ?? [];
      }),
    );
  }

  #bar(bar: Bar): void {
    const before = this.bars.at(-1);
    const isTold = before?.closeTimeMs === bar.openTimeMs || this.#toldToMs === bar.openTimeMs;
    if (before !== undefined && !isTold) this.faults.push(`a bar of ${bar.openTimeMs} after one of ${before.openTimeMs}`);
    this.bars.push(bar);
    this.delaysMs.push(this.#nowMs() - bar.closeTimeMs);
    this.#known.set(bar.openTimeMs, new Map());
    const named = this.#learn(bar);
    if (new Set(named).size !== named.length) this.faults.push(`a market is twice in the bar of ${bar.openTimeMs}`);
  }

  #correction(correction: BarCorrection): void {
    this.corrections.push(correction);
    if (!this.#known.has(correction.openTimeMs)) this.faults.push(`a correction of ${correction.openTimeMs}, which was never told`);
    else this.#learn(correction);
  }

  #learn(said: Bar | BarCorrection): ReadonlyArray<string> {
    const markets = this.#known.get(said.openTimeMs);
    const known: ReadonlyArray<readonly [string, Known]> = [
      ...said.candles.map((candle) => [candle.market, { _tag: "Candle", candle }] as const),
      ...said.empty.map((market) => [market, { _tag: "Empty" }] as const),
      ...said.unproved.map(({ market }) => [market, { _tag: "Unproved" }] as const),
    ];
    for (const [market, what] of known) {
      if (said._tag === "BarCorrection" && !markets?.has(market)) this.faults.push(`a correction of ${market}, which is not in the bar`);
      markets?.set(market, what);
      const fault = this.#faultOf(market, said.openTimeMs, what);
      if (fault !== undefined) this.untrue.push(fault);
    }
    return known.map(([market]) => market);
  }

  #faultOf(market: string, openTimeMs: number, known: Known): string | undefined {
    const closeTimeMs = nextWindowStart(this.bars[0]?.interval ?? "1m", openTimeMs);
    switch (known._tag) {
      case "Candle":
        return this.#truth.faultOfCandle(known.candle);
      case "Empty": {
        const trades = this.#truth.tradesBetween(market, endOf(openTimeMs - 1), endOf(closeTimeMs - 1)).length;
        return trades === 0 ? undefined : `${market} of ${openTimeMs} is told as empty and had ${trades} trades`;
      }
      case "Unproved":
        return undefined;
    }
  }
}
