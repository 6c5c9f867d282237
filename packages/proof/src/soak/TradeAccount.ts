/**
 * The account of one consumer's trades: what the exchange's tape owes it, and what it was given. From the first trade of a market on, every
 * trade must come exactly once and unaltered, whether live, late or recovered, or lie in a gap that was told. The order is not judged here.
 */
import type { Gap, StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { endOf, pointOfId, sequentialId, type TapePoint, type TradeRow } from "@naru/sim/market/Trade";
import type { Truth } from "../world/Truth.ts";

interface Given {
  first: TapePoint | undefined;
  readonly ids: Set<string>;
  readonly gaps: Array<Gap>;
}

/** Most problems have one cause. */
const maxProblems = 10;

export class TradeAccount {
  /** Trades that came twice, were altered, or never happened. */
  readonly problems: Array<string> = [];
  live = 0;
  late = 0;
  recovered = 0;
  private readonly truth: Truth;
  private readonly markets: ReadonlyMap<string, Given>;

  constructor(truth: Truth, markets: ReadonlyArray<string>) {
    this.truth = truth;
    this.markets = new Map(markets.map((market) => [market, { first: undefined, ids: new Set<string>(), gaps: [] }]));
  }

  readonly element = (element: StreamElement<Trade>): void => {
    if (element._tag === "Gap") this.markets.get(element.market)?.gaps.push(element);
    if (element._tag !== "Live" && element._tag !== "Recovered") return;
    if (element._tag === "Recovered") this.recovered++;
    else if (element.late) this.late++;
    else this.live++;
    this.trade(element.value);
  };

  /** A trade without its element: the account of a consumer that gets values only. */
  readonly trade = (trade: Trade): void => {
    const given = this.markets.get(trade.market);
    const point = pointOfId(trade.id);
    const fault = this.truth.faultOfTrade(trade);
    if (given === undefined || point === undefined || fault !== undefined)
      return this.report(fault ?? `a trade of ${trade.market} with id ${trade.id}`);
    if (given.ids.has(trade.id)) return this.report(`${trade.market} ${trade.id} came twice`);
    given.ids.add(trade.id);
    given.first ??= point;
  };

  /** Different trades given out. */
  get delivered(): number {
    return [...this.markets.values()].reduce((sum, { ids }) => sum + ids.size, 0);
  }

  get gaps(): ReadonlyArray<Gap> {
    return [...this.markets.values()].flatMap(({ gaps }) => gaps);
  }

  /** Markets that nothing was heard of. */
  get unheard(): ReadonlyArray<string> {
    return [...this.markets].flatMap(([market, { first }]) => (first === undefined ? [market] : []));
  }

  /** What is owed up to and including the millisecond, was not given, and lies in no gap: an example of each market, and how many in all. */
  missingUpTo(ms: number): { readonly count: number; readonly examples: ReadonlyArray<string> } {
    const lost = this.owed(ms, (given, row) => !given.ids.has(sequentialId(row)) && !isIn(given.gaps, row));
    return {
      count: lost.reduce((sum, { rows }) => sum + rows.length, 0),
      examples: lost.map(
        ({ market, rows }) => `${rows.length} trades of ${market} are missing, such as ${rows[0] && sequentialId(rows[0])}`,
      ),
    };
  }

  /** How many trades gaps excuse. */
  excusedUpTo(ms: number): number {
    return this.owed(ms, (given, row) => !given.ids.has(sequentialId(row)) && isIn(given.gaps, row)).reduce(
      (sum, { rows }) => sum + rows.length,
      0,
    );
  }

  private owed(ms: number, isWanted: (given: Given, row: TradeRow) => boolean) {
    return [...this.markets].flatMap(([market, given]) => {
      if (given.first === undefined) return [];
      const rows = this.truth.tradesBetween(market, given.first, endOf(ms)).filter((row) => isWanted(given, row));
      return rows.length === 0 ? [] : [{ market, rows }];
    });
  }

  private report(problem: string): void {
    if (this.problems.length < maxProblems) this.problems.push(problem);
  }
}

const isIn = (gaps: ReadonlyArray<Gap>, row: TapePoint): boolean => gaps.some(({ fromMs, toMs }) => row.ms >= fromMs && row.ms <= toMs);
