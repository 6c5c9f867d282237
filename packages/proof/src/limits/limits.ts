/**
 * What the limits promise, over real sockets against the exchange that enforces them: programs that divide a limit use nearly all of it and are never
 * refused, killed and started again or not; and a program that has the limit to itself makes room for one that nobody told it of.
 *
 * It fails when a single request is refused, when a tenth of the limit is left unused, or when the other program is still refused after five seconds.
 */
import * as Effect from "effect/Effect";
import { atLeast, atMost, exactly, noted, type Report } from "../soak/Figures.ts";
import { type CompetedOptions, runCompeted, runShared, type SharedOptions } from "./limitRun.ts";

const limitPerSecond = 10;
/** Of the limit, in percent. */
const usedPercent = 90;

/** The exchange's groups, as it calls them, and where ours are asked. */
const paths: Readonly<Record<string, string>> = {
  market: "/v1/market/all",
  candles: "/v1/candles/minutes/1",
  "crix-trades": "/v1/trades/ticks",
  ticker: "/v1/ticker",
  orderbook: "/v1/orderbook",
};

export const shared = (options: SharedOptions & { readonly leastPercent?: number }, say: (line: string) => void): Effect.Effect<Report> =>
  Effect.map(runShared(options, say), ({ seconds, restarts, counted, requests }) => ({
    rows: [
      noted(`${options.mode} window: seconds counted`, seconds),
      noted("restarts", restarts),
      exactly("requests refused", counted.rejected, 0),
      ...Object.entries(paths).flatMap(([group, path]) => [
        atLeast(
          `limit of ${group} used, %`,
          ((requests[path] ?? 0) / (limitPerSecond * seconds)) * 100,
          options.leastPercent ?? usedPercent,
        ),
        atMost(`most of ${group} in one second`, counted.mostPerSecond[group] ?? Infinity, limitPerSecond),
      ]),
    ],
    problems: [],
  }));

/** In two worlds at once, one for each way of counting. */
export const sharedInBothModes = (
  options: Omit<SharedOptions, "mode"> & { readonly leastPercent?: number },
  say: (line: string) => void,
): Effect.Effect<Report> =>
  Effect.map(
    Effect.all([shared({ ...options, mode: "sliding" }, say), shared({ ...options, mode: "fixed" }, say)], { concurrency: 2 }),
    (reports) => ({ rows: reports.flatMap(({ rows }) => rows), problems: reports.flatMap(({ problems }) => problems) }),
  );

export const competed = (options: CompetedOptions): Effect.Effect<Report> =>
  Effect.map(runCompeted(options), (run) => ({
    rows: [
      noted(`${options.mode} window: refused within ${options.settleMs / 1_000} s of the other's first request`, run.refusedBefore),
      exactly(`refused in the ${run.seconds + 20} s after that, ours and the other's`, run.refusedAfter, 0),
      atLeast("requests of the other a second", run.theirs, options.competitorRate * 0.9),
      atLeast("requests of ours a second", run.ours, 1),
      atMost("of both a second", run.ours + run.theirs, limitPerSecond),
      atLeast("requests of ours a second, a quarter of a minute after the other is gone", run.recovered, run.ours),
    ],
    problems: [],
  }));
