/** What the two threads of the history store say to each other. Blocks travel as bytes, and their memory with them: nothing is copied. */
import type { Coverage, TimeRange } from "@naru/router/cache/Coverage";
import type { CandleSeries, KeptSeries, KeptTrades, TradeSeries } from "@naru/router/cache/HistoryStore";
import type { Checked, DatabaseOptions, FoundBlocks, FoundColumns, Put, TradePut } from "./HistoryDatabase.ts";

/** The name of the file where nobody gives it another. */
export const usualName = "history.sqlite";

/** What can be asked, and what is answered. */
export interface HistoryCalls {
  readonly open: { readonly ask: DatabaseOptions; readonly answer: null };
  readonly coverage: { readonly ask: { readonly series: CandleSeries }; readonly answer: Coverage };
  readonly blocks: {
    readonly ask: { readonly series: CandleSeries; readonly range: TimeRange; readonly nowMs: number };
    readonly answer: FoundBlocks;
  };
  readonly columns: {
    readonly ask: { readonly series: CandleSeries; readonly range: TimeRange; readonly nowMs: number };
    readonly answer: FoundColumns;
  };
  /** Answered when it is on the disk. Those that wait together are written together. */
  readonly put: { readonly ask: Put; readonly answer: null };
  readonly series: { readonly ask: null; readonly answer: ReadonlyArray<KeptSeries> };
  readonly tradeCoverage: { readonly ask: { readonly series: TradeSeries }; readonly answer: Coverage };
  readonly tradeBlocks: {
    readonly ask: { readonly series: TradeSeries; readonly range: TimeRange; readonly nowMs: number };
    readonly answer: FoundBlocks;
  };
  readonly putTrades: { readonly ask: TradePut; readonly answer: null };
  readonly tradeSeries: { readonly ask: null; readonly answer: ReadonlyArray<KeptTrades> };
  readonly check: { readonly ask: null; readonly answer: Checked };
  readonly close: { readonly ask: null; readonly answer: null };
}

export type CallName = keyof HistoryCalls;

export type Request = {
  readonly [K in CallName]: { readonly id: number; readonly call: K; readonly ask: HistoryCalls[K]["ask"] };
}[CallName];

export type Reply =
  | { readonly id: number; readonly answer: HistoryCalls[CallName]["answer"] }
  /** `code`: see `troubleOf` in `historyWorker.ts`. */
  | { readonly id: number; readonly code: string; readonly detail: string };
