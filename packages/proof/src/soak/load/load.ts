/**
 * An even load of 10,000 frames a second for long, four times as much for ten seconds, and a simulated hour of a hundred times the usual questions. It shows that no
 * trade is lost or given twice, that only tickers and books are conflated and every one of them is told, that the event loop is never held up for long, that a
 * burst is over within seconds of its end, that the limits of the exchange are kept whatever is asked, and that memory stays flat.
 */
import * as Effect from "effect/Effect";
import { atLeast, atMost, exactly, noted, type Report } from "../Figures.ts";
import { measuredIn } from "../measured.ts";
import type { Hour, HourOptions } from "./hourRun.ts";
import type { Loaded, LoadOptions } from "./loadRun.ts";

/** What a machine that others use too may break without the product being wrong. */
export interface LoadBounds {
  readonly delayP99Ms: number;
  readonly recoveredMs: number;
  readonly heapGrowthPercent: number;
  /** Of the process outside of the heap: the flight recorder's 48 MiB, and what sockets and packing have at hand. */
  readonly buffersMiB: number;
}

export const promised: LoadBounds = { delayP99Ms: 20, recoveredMs: 5_000, heapGrowthPercent: 5, buffersMiB: 128 };

/** Of the even load, as it comes for so many minutes. */
export const usualLoad = (minutes: number): LoadOptions => ({
  ...{ markets: 200, framesPerSecond: 10_000, warmSeconds: 15, soakSeconds: 60 * minutes, isRecorded: true },
  burst: { framesPerSecond: 40_000, seconds: 10, settleSeconds: 10 },
});

export const load = (options: LoadOptions, say: (line: string) => void, bounds = promised): Effect.Effect<Report> =>
  Effect.promise(async () => {
    say(
      `${options.framesPerSecond} frames/s of ${options.markets} markets for ${options.soakSeconds} s, then ${options.burst.framesPerSecond}/s`,
    );
    return loadReport(await measuredIn("load", options, isLoaded), options, bounds);
  });

export const loadReport = (loaded: Loaded, { framesPerSecond, burst }: LoadOptions, bounds: LoadBounds): Report => ({
  rows: [
    atLeast("even load: frames/s sent, of those planned, %", (100 * loaded.framesPerSecond) / framesPerSecond, 98),
    noted("  frames sent in all", loaded.sent.ticker + loaded.sent.trade + loaded.sent.orderbook),
    atMost("  event loop delay p99, ms", loaded.delayP99Ms, bounds.delayP99Ms),
    noted("  event loop delay max, ms", loaded.delayMaxMs),
    atMost("  growth of the heap over the last two thirds, %", loaded.heapGrowthPercent, bounds.heapGrowthPercent),
    noted("  heap, MiB", loaded.heapMiB),
    noted("  memory of the process, MiB", loaded.rssMiB),
    atMost("  of it outside of the heap, MiB", loaded.buffersMiB, bounds.buffersMiB),
    noted("  share of a core, %", loaded.coreShare),
    noted("  lag, median, ms", loaded.lagMs),
    noted(`burst of ${burst.framesPerSecond} frames/s for ${burst.seconds} s: largest lag, ms`, loaded.burstLagMs),
    noted("  most that waited for the client, MiB", loaded.mostWaitingMiB),
    atMost("  lag normal again after its end, ms", loaded.recoveredMs, bounds.recoveredMs),
    atLeast("trades given", loaded.trades.given, 1),
    exactly("  lost", loaded.trades.lost, 0),
    exactly("  given twice", loaded.trades.twice, 0),
    ...(["tickers", "books", "slow"] as const).flatMap((name) => {
      const { unaccounted, conflated } = loaded.states[name];
      const title = name === "slow" ? "tickers of a consumer that is too slow" : name;
      const isMeant = name === "slow";
      return [
        exactly(`${title}: neither given nor told`, unaccounted, 0),
        isMeant ? atLeast("  conflated, and told", conflated, 1) : noted("  conflated, and told", conflated),
      ];
    }),
  ],
  problems: loaded.troubles,
});

/** A hundred times one question a second. */
export const usualHour: HourOptions = { markets: 200, questionsPerSecond: 100, minutes: 60, lookSeconds: 120 };

export const hour = (
  options: HourOptions,
  say: (line: string) => void,
  growthPercent = promised.heapGrowthPercent,
): Effect.Effect<Report> =>
  Effect.promise(async () => {
    say(`${options.questionsPerSecond} questions/s on ${options.markets} markets for ${options.minutes} simulated minutes`);
    return hourReport(await measuredIn("hour", options, isHour), options, growthPercent);
  });

/** What the exchange lets in within a second, of each group. */
const limitPerSecond = 10;
/** The longest that a question may take with the default deadline. */
const deadlineMs = 5_100;

export const hourReport = (measured: Hour, options: HourOptions, growthPercent: number): Report => ({
  rows: [
    exactly("simulated load: questions asked", measured.asked, options.questionsPerSecond * options.minutes * 60),
    noted("  answered", measured.answered),
    ...Object.entries(measured.failed).map(([tag, count]) => noted(`  failed with ${tag}`, count)),
    atMost("  the longest took, ms", measured.longestMs, deadlineMs),
    atLeast("  REST requests a second, of all groups", measured.restRequests / options.minutes / 60, limitPerSecond),
    exactly("  requests that the exchange refused", measured.refused, 0),
    ...Object.entries(measured.mostPerSecond).map(([group, most]) => atMost(`  most of ${group} in one second`, most, limitPerSecond)),
    noted("  sockets opened", measured.connections),
    atLeast("  tickers streamed meanwhile", measured.tickers, options.markets),
    atMost("  growth of the heap over the last two thirds, %", measured.heapGrowthPercent, growthPercent),
    noted("  heap, MiB", measured.heapMiB),
    exactly("  fibers left", measured.left.fibers, 0),
    exactly("  sleeps left", measured.left.sleeps, 0),
    exactly("  sockets left", measured.left.sockets, 0),
  ],
  problems: [],
});

const isLoaded = (value: unknown): value is Loaded => typeof value === "object" && value !== null && "trades" in value && "states" in value;
const isHour = (value: unknown): value is Hour => typeof value === "object" && value !== null && "asked" in value && "left" in value;
