/**
 * Zero loss, for one consumer's stream of trades. A stream owes a market nothing before its first trade. From there on every trade of the
 * exchange must come once and unaltered, in order of time or marked as late; or lie in a `Gap` that came before the next trade in order. A trade
 * that neither came nor was told of by then is owed: it may still come late, and is judged when the market has fallen quiet or the consumer
 * leaves.
 */
import type { Gap, StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { endOf, isAfter, pointOfId, sequentialId, type TapePoint, type TradeRow } from "@naru/sim/market/Trade";
import type { Truth } from "../Truth.ts";
import type { Findings } from "../Violation.ts";

/** What the checker asks of the truth. */
export type TradeTruth = Pick<Truth, "faultOfTrade" | "tradesBetween">;

interface Market {
  /** The furthest on the tape that came in order. */
  last: TapePoint | undefined;
  readonly seen: Set<string>;
  /** Those that reach beyond the last trade. */
  gaps: Array<Gap>;
  /** Passed over without a word, by id. */
  readonly owed: Map<string, TradeRow>;
}

/** A consumer that leaves takes with it what might still have come: what was passed over more than this before its last trade would not. */
const graceMs = 15_000;

export class TradeCheck {
  private readonly markets = new Map<string, Market>();
  private readonly truth: TradeTruth;
  private readonly findings: Findings;
  private readonly who: string;
  private readonly isSlow: boolean;

  constructor(
    who: string,
    plan: { readonly markets: ReadonlyArray<string>; readonly pauseMs: number },
    truth: TradeTruth,
    findings: Findings,
  ) {
    const { markets, pauseMs } = plan;
    this.isSlow = pauseMs > 0;
    this.who = who;
    this.truth = truth;
    this.findings = findings;
    for (const market of markets) this.markets.set(market, { last: undefined, seen: new Set(), gaps: [], owed: new Map() });
  }

  element(element: StreamElement<Trade>): void {
    if (element._tag === "Gap") this.markets.get(element.market)?.gaps.push(element);
    if (element._tag === "Live" || element._tag === "Recovered") this.trade(element.value, element.late);
  }

  /** The market fell quiet at `quietMs` and had time to be told: nothing may be missing at the end either, unless the consumer is still busy. */
  finish(quietMs: number): void {
    for (const [name, market] of this.markets) {
      if (market.last !== undefined && !this.isSlow) this.owe(name, market, market.last, endOf(quietMs));
      this.judge(name, market, this.isSlow ? (market.last?.ms ?? 0) - graceMs : quietMs);
    }
  }

  /** The stream is over before that. */
  leave(): void {
    for (const [name, market] of this.markets) this.judge(name, market, (market.last?.ms ?? 0) - graceMs);
  }

  private trade(trade: Trade, isLate: boolean): void {
    const market = this.markets.get(trade.market);
    const point = pointOfId(trade.id);
    if (market === undefined) return this.findings.report("honest-label", `${this.who} was given a trade of ${trade.market}`);
    const fault = this.truth.faultOfTrade(trade);
    if (fault !== undefined || point === undefined)
      return this.findings.report("zero-loss", `${this.who}: ${fault ?? `no id ${trade.id}`}`);
    if (market.seen.has(trade.id)) return this.findings.report("zero-loss", `${this.who} was given ${trade.market} ${trade.id} twice`);
    market.seen.add(trade.id);
    market.owed.delete(trade.id);
    // A trade that says that it is late proves nothing about those in between; nor does it begin a stream.
    if (isLate) return;
    if (market.last !== undefined && point.ms < market.last.ms)
      return this.findings.report("zero-loss", `${this.who} was given ${trade.market} ${trade.id} after ${sequentialId(market.last)}`);
    // Within a millisecond nothing but the order of arrival is known to a client.
    if (market.last !== undefined && !isAfter(point, market.last)) return;
    if (market.last !== undefined) this.owe(trade.market, market, market.last, { ms: point.ms, n: point.n - 1 });
    market.last = point;
    market.gaps = market.gaps.filter((gap) => gap.toMs >= point.ms);
  }

  /** What was passed over and no gap told of. */
  private owe(name: string, market: Market, after: TapePoint, upTo: TapePoint): void {
    for (const row of this.truth.tradesBetween(name, after, upTo)) {
      const id = sequentialId(row);
      const isTold = market.gaps.some((gap) => row.ms >= gap.fromMs && row.ms <= gap.toMs);
      if (!isTold && !market.seen.has(id)) market.owed.set(id, row);
    }
  }

  /** Whatever is still owed from up to then is lost. */
  private judge(name: string, market: Market, upToMs: number): void {
    const lost = [...market.owed].filter(([, row]) => row.ms <= upToMs);
    market.owed.clear();
    if (lost.length === 0) return;
    const ids = lost.slice(0, 3).map(([id]) => id);
    this.findings.report("zero-loss", `${this.who} lost ${lost.length} trades of ${name} without being told: ${ids.join(", ")}`);
  }
}
