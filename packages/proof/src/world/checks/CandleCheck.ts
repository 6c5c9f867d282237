/**
 * Zero loss, for one consumer's stream of candles: every candle adds up, and from the first closed one on each window with trades comes closed
 * exactly once, in order, or lies in a `Gap` that came before the next closed one.
 */
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart } from "@naru/router/domain/Interval";
import type { Gap, StreamElement } from "@naru/router/domain/StreamElement";
import { endOf } from "@naru/sim/market/Trade";
import type { Truth } from "../Truth.ts";
import type { Findings } from "../Violation.ts";

interface Market {
  /** The last closed one. */
  closed: Candle | undefined;
  gaps: Array<Gap>;
}

export class CandleCheck {
  private readonly markets = new Map<string, Market>();
  private readonly truth: Truth;
  private readonly findings: Findings;
  private readonly who: string;

  constructor(who: string, markets: ReadonlyArray<string>, truth: Truth, findings: Findings) {
    this.who = who;
    this.truth = truth;
    this.findings = findings;
    for (const market of markets) this.markets.set(market, { closed: undefined, gaps: [] });
  }

  element(element: StreamElement<Candle>): void {
    if (element._tag === "Gap") this.markets.get(element.market)?.gaps.push(element);
    if (element._tag === "Live" || element._tag === "Recovered") this.candle(element.value);
  }

  private candle(candle: Candle): void {
    const market = this.markets.get(candle.market);
    if (market === undefined) return this.findings.report("honest-label", `${this.who} was given a candle of ${candle.market}`);
    const fault = this.truth.faultOfCandle(candle);
    if (fault !== undefined) this.findings.report("zero-loss", `${this.who}: ${fault}`);
    if (candle.state !== "closed") return;
    const before = market.closed;
    if (before !== undefined && candle.openTimeMs <= before.openTimeMs)
      this.findings.report("zero-loss", `${this.who}: closed candle ${candle.openTimeMs} after ${before.openTimeMs} of ${candle.market}`);
    else if (before !== undefined) this.missing(before, candle, market.gaps);
    market.closed = candle;
    market.gaps = [];
  }

  private missing(before: Candle, candle: Candle, gaps: ReadonlyArray<Gap>): void {
    const from = nextWindowStart(before.interval, before.openTimeMs);
    const lost = this.truth
      .tradesBetween(candle.market, endOf(from - 1), endOf(candle.openTimeMs - 1))
      .find((row) => !gaps.some((gap) => row.ms >= gap.fromMs && row.ms <= gap.toMs));
    if (lost !== undefined)
      this.findings.report("zero-loss", `${this.who} was not given the closed candle of ${candle.market} with the trade of ${lost.ms}`);
  }
}
