/**
 * Honest label, for answers to questions. An answer that is not labelled stale holds everything that happened up to its caller's `maxAge` ago,
 * and half a second for the way; while nothing can tell the client that its link is dead, up to the time its watchdogs need.
 */
import type { Answer } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { pointOfId } from "@naru/sim/market/Trade";
import type { Truth } from "../Truth.ts";
import type { Findings } from "../Violation.ts";

export type AnyAnswer = Answer<Ticker> | Answer<Orderbook> | Answer<ReadonlyArray<Trade>> | Answer<ReadonlyArray<Candle>>;

/** From asking to having, beside what the caller accepts. */
const wayMs = 500;

export class AnswerCheck {
  private readonly truth: Truth;
  private readonly findings: Findings;
  private readonly who: string;

  constructor(who: string, truth: Truth, findings: Findings) {
    this.who = who;
    this.truth = truth;
    this.findings = findings;
  }

  /** `nowMs`: the exchange's time. `maxAgeMs`: what the caller accepts. `blindMs`: how long the client cannot know better. */
  answer(asked: ReadonlyArray<string>, answer: AnyAnswer, nowMs: number, maxAgeMs: number, blindMs: number): void {
    const { kind, market, provenance } = answer;
    if (!asked.includes(market)) this.findings.report("honest-label", `${this.who} asked for ${asked.join()} and was given ${market}`);
    const fault = this.faultOf(answer);
    if (fault !== undefined) this.findings.report("honest-label", `${this.who} from ${provenance.tier}: ${fault}`);
    if (provenance.stale || kind === "candles") return;
    const holds = this.holdsUpTo(answer);
    const mustMs = this.mustHoldUpTo(answer, nowMs - Math.max(maxAgeMs, blindMs) - wayMs);
    if (holds !== undefined && mustMs !== undefined && holds < mustMs) {
      const age = `${nowMs - mustMs} ms ago, at ${mustMs}; it ends at ${holds}, confirmed ${provenance.confirmedAgeMs} ms ago`;
      this.findings.report(
        "honest-label",
        `${this.who}: ${kind} of ${market} from ${provenance.tier} is called fresh and misses what happened ${age}`,
      );
    }
  }

  private faultOf(answer: AnyAnswer): string | undefined {
    const { value } = answer;
    if ("price" in value) return value.market === answer.market ? this.truth.faultOfTicker(value) : `a ticker of ${value.market}`;
    if ("asks" in value) return value.market === answer.market ? this.truth.faultOfBook(value) : `a book of ${value.market}`;
    for (const row of value) {
      if (row.market !== answer.market) return `a row of ${row.market}`;
      const fault = "id" in row ? this.truth.faultOfTrade(row) : this.truth.faultOfCandle(row);
      if (fault !== undefined) return fault;
    }
    return answer.kind === "trades" ? this.hole(value.flatMap((row) => ("id" in row ? [row] : []))) : undefined;
  }

  /** A list of the newest trades has none missing in between. */
  private hole(rows: ReadonlyArray<Trade>): string | undefined {
    const [first, last] = [rows[0], rows.at(-1)].map((row) => (row === undefined ? undefined : pointOfId(row.id)));
    if (first === undefined || last === undefined) return undefined;
    const between = this.truth.tradesBetween(rows[0]?.market ?? "", first, last).length + 1;
    return between === rows.length ? undefined : `${rows.length} trades where ${between} happened`;
  }

  /** The time of the last thing the answer knows of. */
  private holdsUpTo(answer: AnyAnswer): number | undefined {
    const { value } = answer;
    if ("price" in value) return value.tradeTimeMs;
    if ("asks" in value) return value.timestampMs;
    const last = value.at(-1);
    return last !== undefined && "id" in last ? last.tradeTimeMs : undefined;
  }

  private mustHoldUpTo(answer: AnyAnswer, ms: number): number | undefined {
    return answer.kind === "orderbook" ? this.truth.bookTime(answer.market, ms) : this.truth.lastTrade(answer.market, ms)?.ms;
  }
}
