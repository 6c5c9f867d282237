/**
 * The way to the exchange is cut fifty times in five minutes, over real sockets. It shows that no trade is lost or repeated without a word, that
 * a peer which falls silent is found in time, and that values are fresh again soon after. It fails when a trade of the exchange's tape is neither
 * given nor in a gap, when a silent link is not noticed while it is silent, or when the way back is slow.
 *
 * Busy markets prove a silent link dead within seconds; where all markets are quiet only the watchdog finds it, which is the second part.
 */
import * as Effect from "effect/Effect";
import { exactly, atLeast, noted, type Report, timings } from "../Figures.ts";
import { type CutRun, type CutRunOptions, type CutResult, runCuts } from "./cutRun.ts";

/** Some of the fifty trade several times a second. */
const busyRates = { "KRW-BTC": 300, "KRW-ETH": 240, "KRW-XRP": 240, "KRW-SOL": 120, "KRW-DOGE": 120 };

export interface CutsOptions {
  readonly markets: number;
  readonly cuts: number;
  readonly spanMs: number;
  /** Least and greatest length of a half-open link or a frozen exchange, in milliseconds; longer than it may take to notice. */
  readonly silentMs: readonly [number, number];
}

/** A silent link with busy markets: found within so long, in milliseconds. */
const busyDetectionMs = 3_500;
const quietDetectionMs = 15_500;

export const cuts = ({ markets, cuts, spanMs, silentMs }: CutsOptions, say: (line: string) => void): Effect.Effect<Report> => {
  const options: CutRunOptions = {
    seed: 50,
    markets: { count: markets, rates: busyRates },
    plan: { count: cuts, spanMs, ways: ["reset", "half-open", "freeze"], silentMs },
  };
  return Effect.map(runCuts(options, say), (run) => busyReport(run, options));
};

export interface QuietCutsOptions {
  readonly cuts: number;
}

/** Trades half a minute and more apart. */
const quietRates = { "KRW-BTC": 0.5, "KRW-ETH": 0.5, "KRW-XRP": 0.5, "KRW-SOL": 0.3, "KRW-DOGE": 0.3 };

export const quietCuts = ({ cuts }: QuietCutsOptions, say: (line: string) => void): Effect.Effect<Report> => {
  const options: CutRunOptions = {
    seed: 51,
    markets: { count: Object.keys(quietRates).length, rates: quietRates },
    plan: { count: cuts, spanMs: 1, ways: ["half-open", "freeze"], silentMs: [16_000, 17_000] },
  };
  return Effect.map(runCuts(options, say), (run) => ({
    rows: [...detectionRows("quiet markets", run.results, cuts, quietDetectionMs), ...lossRows("quiet markets", run, cuts)],
    problems: problemsOf(run),
  }));
};

const busyReport = (run: CutRun, { plan }: CutRunOptions): Report => {
  const silent = run.results.filter(({ cut }) => cut.way !== "reset");
  return {
    rows: [
      ...detectionRows("busy markets", silent, silent.length, busyDetectionMs),
      timings("fresh again after a cut", freshOf(run.results), { p50: 1_000, p99: 3_000 }),
      ...(["reset", "half-open", "freeze"] as const).map((way) =>
        timings(`  of these, ${way}`, freshOf(run.results.filter(({ cut }) => cut.way === way))),
      ),
      ...lossRows("busy markets", run, plan.count),
      atLeast("trades owed and given", run.account.delivered, plan.spanMs / 1_000),
    ],
    problems: problemsOf(run),
  };
};

const freshOf = (results: ReadonlyArray<CutResult>) => results.map(({ freshMs }) => freshMs);

/** Every silent cut is longer than the promised time, so one that was over before it was noticed breaks the promise. */
const detectionRows = (name: string, results: ReadonlyArray<CutResult>, count: number, maxMs: number) => {
  const told = results.flatMap(({ detectedMs }) => (detectedMs === undefined ? [] : [detectedMs]));
  return [exactly(`${name}: silent links noticed`, told.length, count), timings(`${name}: silence noticed after`, told, { max: maxMs })];
};

const lossRows = (name: string, { account, owedToMs, settledMs, results, reconnects, counted }: CutRun, count: number) => [
  exactly(`${name}: cuts of a link that spoke`, results.filter(({ hadLink }) => hadLink).length, count),
  exactly(`${name}: trades missing without a word`, account.missingUpTo(owedToMs).count, 0),
  exactly(`${name}: markets never heard`, account.unheard.length, 0),
  // A frozen exchange reads what was given up meanwhile together with what was asked since: it may count more than it was sent in a window.
  noted(`${name}: requests the exchange refused`, counted.rejected),
  noted(`${name}: all given after the last cut, ms`, settledMs),
  noted(`${name}: trades live`, account.live),
  noted(`${name}: trades late`, account.late),
  noted(`${name}: trades recovered`, account.recovered),
  noted(`${name}: gaps told`, account.gaps.length),
  noted(`${name}: trades in them`, account.excusedUpTo(owedToMs)),
  noted(`${name}: reconnects`, reconnects),
  noted(`${name}: REST requests`, counted.restRequests),
];

const problemsOf = ({ account, owedToMs }: CutRun) => [...account.problems, ...account.missingUpTo(owedToMs).examples];
