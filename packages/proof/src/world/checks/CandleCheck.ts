/**
 * Zero loss, for one consumer's stream of candles. From the first closed window on each one with trades comes closed once, in order or marked
 * as late, or lies in a `Gap` that came before the next closed one. A window that was passed over, or given with other figures than its trades
 * add up to, may still come late or be corrected: the last word on it is judged when the market has fallen quiet or the consumer leaves.
 */
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import type { Gap, StreamElement } from "@naru/router/domain/StreamElement";
import { endOf } from "@naru/sim/market/Trade";
import type { Truth } from "../Truth.ts";
import type { Findings } from "../Violation.ts";

/** What the checker asks of the truth. */
export type CandleTruth = Pick<Truth, "faultOfCandle" | "tradesBetween">;

interface Market {
  /** The furthest window that came closed in order. */
  closed: Candle | undefined;
  /** The last word on each ended window, by its opening. */
  readonly words: Map<number, Candle>;
  /** Passed over without a word: the time of a trade in it, by its opening. */
  readonly owed: Map<number, number>;
  /** Those that reach beyond the last closed window. */
  gaps: Array<Gap>;
}

/** A consumer that leaves takes with it what might still have come: what was passed over more than this before would not. */
const graceMs = 15_000;

export class CandleCheck {
  private readonly markets = new Map<string, Market>();
  private readonly truth: CandleTruth;
  private readonly findings: Findings;
  private readonly who: string;

  constructor(who: string, markets: ReadonlyArray<string>, truth: CandleTruth, findings: Findings) {
    this.who = who;
    this.truth = truth;
    this.findings = findings;
    for (const market of markets) this.markets.set(market, { closed: undefined, words: new Map(), owed: new Map(), gaps: [] });
  }

  element(element: StreamElement<Candle>): void {
    if (element._tag === "Gap") this.markets.get(element.market)?.gaps.push(element);
    if (element._tag === "Live" || element._tag === "Recovered") this.candle(element.value, element.late);
  }

  /** The market fell quiet and had time to be told. */
  finish(): void {
    this.judge(0);
  }

  /** The stream is over before that. */
  leave(): void {
    this.judge(graceMs);
  }

  private candle(candle: Candle, isLate: boolean): void {
    const market = this.markets.get(candle.market);
    if (market === undefined) return this.findings.report("honest-label", `${this.who} was given a candle of ${candle.market}`);
    if (candle.state === "forming") {
      const fault = this.truth.faultOfCandle(candle);
      return fault === undefined ? undefined : this.findings.report("zero-loss", `${this.who}: ${fault}`);
    }
    const { closed, owed, words } = market;
    if ((candle.state === "corrected") !== words.has(candle.openTimeMs))
      return this.breach(candle, words.has(candle.openTimeMs) ? "came twice" : "was corrected before it was given");
    words.set(candle.openTimeMs, candle);
    owed.delete(candle.openTimeMs);
    if (isLate) return;
    if (closed !== undefined && candle.openTimeMs < closed.openTimeMs) this.breach(candle, `came after that of ${closed.openTimeMs}`);
    else if (closed !== undefined) this.owe(market, closed, candle);
    market.closed = candle;
    market.gaps = market.gaps.filter(({ toMs }) => toMs > candle.openTimeMs);
  }

  /** The windows with trades that were passed over, and of which no gap told. */
  private owe(market: Market, before: Candle, candle: Candle): void {
    const from = nextWindowStart(before.interval, before.openTimeMs);
    for (const { ms } of this.truth.tradesBetween(candle.market, endOf(from - 1), endOf(candle.openTimeMs - 1))) {
      const openMs = windowStart(candle.interval, ms);
      if (!market.words.has(openMs) && !market.gaps.some(({ fromMs, toMs }) => ms >= fromMs && ms <= toMs)) market.owed.set(openMs, ms);
    }
  }

  /** Whatever is owed or wrong of windows that lie so far back stays so. */
  private judge(backMs: number): void {
    for (const [name, { closed, words, owed }] of this.markets) {
      const upToMs = (closed?.openTimeMs ?? Number.NEGATIVE_INFINITY) - backMs;
      for (const [openMs, tradeMs] of owed)
        if (openMs <= upToMs)
          this.findings.report("zero-loss", `${this.who} was not given the closed candle of ${name} with the trade of ${tradeMs}`);
      for (const candle of words.values()) {
        const fault = candle.openTimeMs <= upToMs ? this.truth.faultOfCandle(candle) : undefined;
        if (fault !== undefined) this.findings.report("zero-loss", `${this.who}: ${fault}`);
      }
    }
  }

  private breach(candle: Candle, how: string): void {
    this.findings.report("zero-loss", `${this.who}: the ${candle.state} candle ${candle.openTimeMs} of ${candle.market} ${how}`);
  }
}
