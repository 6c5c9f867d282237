/**
 * Zero loss, for one consumer's stream of trades. A stream owes a market nothing before its first trade. From there on every trade of the
 * exchange must come once, in order (or marked as recovered) and unaltered, or lie in a `Gap` that came before the next trade of that market.
 */
import type { Gap, StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { endOf, isAfter, pointOfId, sequentialId, type TapePoint } from "@naru/sim/market/Trade";
import type { Truth } from "../Truth.ts";
import type { Findings } from "../Violation.ts";

interface Market {
  last: TapePoint | undefined;
  readonly seen: Set<string>;
  /** Those that reach beyond the last trade. */
  gaps: Array<Gap>;
}

export class TradeCheck {
  private readonly markets = new Map<string, Market>();
  private readonly truth: Truth;
  private readonly findings: Findings;
  private readonly who: string;
  private readonly isSlow: boolean;

  constructor(who: string, plan: { readonly markets: ReadonlyArray<string>; readonly pauseMs: number }, truth: Truth, findings: Findings) {
    const { markets, pauseMs } = plan;
    this.isSlow = pauseMs > 0;
    this.who = who;
    this.truth = truth;
    this.findings = findings;
    for (const market of markets) this.markets.set(market, { last: undefined, seen: new Set(), gaps: [] });
  }

  element(element: StreamElement<Trade>): void {
    if (element._tag === "Gap") this.markets.get(element.market)?.gaps.push(element);
    if (element._tag === "Live" || element._tag === "Recovered") this.trade(element.value, element._tag === "Recovered");
  }

  /** The market fell quiet at `quietMs` and had time to be told: nothing may be missing at the end either, unless the consumer is still busy. */
  finish(quietMs: number): void {
    if (this.isSlow) return;
    for (const [name, market] of this.markets) if (market.last !== undefined) this.missing(name, market, market.last, endOf(quietMs));
  }

  private trade(trade: Trade, isRecovered: boolean): void {
    const market = this.markets.get(trade.market);
    const point = pointOfId(trade.id);
    if (market === undefined) return this.findings.report("honest-label", `${this.who} was given a trade of ${trade.market}`);
    const fault = this.truth.faultOfTrade(trade);
    if (fault !== undefined || point === undefined)
      return this.findings.report("zero-loss", `${this.who}: ${fault ?? `no id ${trade.id}`}`);
    if (market.seen.has(trade.id)) return this.findings.report("zero-loss", `${this.who} was given ${trade.market} ${trade.id} twice`);
    market.seen.add(trade.id);
    if (market.last !== undefined) {
      if (!isAfter(point, market.last)) {
        // A trade that was found late says so; it proves nothing about those in between.
        if (isRecovered) return;
        this.findings.report("zero-loss", `${this.who} was given ${trade.market} ${trade.id} after ${sequentialId(market.last)}`);
        return;
      }
      this.missing(trade.market, market, market.last, { ms: point.ms, n: point.n - 1 });
    }
    market.last = point;
    market.gaps = market.gaps.filter((gap) => gap.toMs >= point.ms);
  }

  private missing(name: string, market: Market, after: TapePoint, upTo: TapePoint): void {
    const lost = this.truth
      .tradesBetween(name, after, upTo)
      .filter((row) => !market.gaps.some((gap) => row.ms >= gap.fromMs && row.ms <= gap.toMs));
    if (lost.length === 0) return;
    const ids = lost.slice(0, 3).map(sequentialId).join(", ");
    this.findings.report("zero-loss", `${this.who} lost ${lost.length} trades of ${name} without being told: ${ids}`);
  }
}
