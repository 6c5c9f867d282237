/**
 * State converges, for one consumer's stream of tickers or books: every value was the exchange's, none is older than the one before, and the
 * last one is the exchange's last.
 */
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Truth } from "../Truth.ts";
import type { Findings } from "../Violation.ts";

export class StateCheck {
  private readonly last = new Map<string, Ticker | Orderbook>();
  private readonly markets: ReadonlySet<string>;
  private readonly truth: Truth;
  private readonly findings: Findings;
  private readonly who: string;

  constructor(who: string, markets: ReadonlyArray<string>, truth: Truth, findings: Findings) {
    this.who = who;
    this.markets = new Set(markets);
    this.truth = truth;
    this.findings = findings;
  }

  element(element: StreamElement<Ticker | Orderbook>): void {
    if (element._tag !== "Live" && element._tag !== "Recovered") return;
    const { value } = element;
    if (!this.markets.has(value.market)) this.findings.report("honest-label", `${this.who} was given a value of ${value.market}`);
    const fault = "price" in value ? this.truth.faultOfTicker(value) : this.truth.faultOfBook(value);
    if (fault !== undefined) this.findings.report("state-converges", `${this.who}: ${fault}`);
    const before = this.last.get(value.market);
    if (before !== undefined && value.timestampMs < before.timestampMs)
      this.findings.report("state-converges", `${this.who}: ${value.market} went back from ${before.timestampMs} to ${value.timestampMs}`);
    this.last.set(value.market, value);
  }

  /** The market has been quiet since `quietMs`. */
  finish(quietMs: number): void {
    for (const [market, value] of this.last) {
      const [has, real] =
        "price" in value
          ? [value.tradeTimeMs, this.truth.lastTrade(market, quietMs)?.ms]
          : [value.timestampMs, this.truth.bookTime(market, quietMs + 1_000)];
      if (has !== real) this.findings.report("state-converges", `${this.who}: the last ${market} is of ${has}, the exchange's of ${real}`);
    }
  }
}
