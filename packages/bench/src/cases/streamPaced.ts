/**
 * How late a ticker is when the feed is even: from the moment at which the server writes the frame to the moment at which the consumer has its value, in a
 * clock that both processes read. At 10,000 frames/s it is held against bare `ws` with `JSON.parse`; at 50,000 what counts is that it does not grow.
 */
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { summarize } from "../Statistics.ts";
import { clientOf, pass, settled, withFeed } from "./feedClient.ts";
import { FeedTally } from "./feedTally.ts";

const markets = 400;
/** A lag is late by a millisecond more than another before it counts as growth: a turn of the event loop is as long. */
const turnMicros = 1_000;

/** Median lags, in microseconds, of the first and of the last quarter of the time measured, and of all of it; and the share of frames that came. */
const measure = (side: Side, framesPerSecond: number, pace: Pace) =>
  withFeed({ markets, framesPerSecond, mix: ["ticker"] }, (feed) => {
    const [settleMs, measureMs] = pace === "quick" ? [100, 450] : [1_500, 4_000];
    return new Promise<{
      readonly first: number;
      readonly last: number;
      readonly all: number;
      readonly p99: number;
      readonly came: number;
    }>((resolve, reject) => {
      const tally = new FeedTally(1);
      const measured = async () => {
        const stop = await (await clientOf(side))(feed, ["ticker"], tally, reject);
        await settled(tally, settleMs, pace);
        await pass(measureMs);
        const { lags, delivered } = tally.take();
        await stop();
        if (delivered === 0) throw new Error("nothing came");
        const quarter = Math.max(1, Math.floor(lags.length / 4));
        const sorted = lags.toSorted((a, b) => a - b);
        resolve({
          first: summarize(lags.slice(0, quarter)).median,
          last: summarize(lags.slice(-quarter)).median,
          all: summarize(lags).median,
          p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
          came: delivered / ((framesPerSecond * measureMs) / 1_000),
        });
      };
      measured().catch(reject);
    });
  });

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const slow = await measure(side, 10_000, pace);
  const fast = await measure(side, 50_000, pace);
  return {
    figures: {
      "p50 at 10k": slow.all,
      "p99 at 10k": slow.p99,
      "p50 at 50k": fast.all,
      "growth at 50k": (fast.last + turnMicros) / (fast.first + turnMicros),
      "came at 10k": slow.came,
      "came at 50k": fast.came,
    },
    work: slow.came + fast.came,
  };
};

export const subject: Case = {
  name: "stream-paced",
  about: "how late a ticker is, from the server's write to the consumer, at 10,000 and 50,000 tickers a second",
  base: "bare ws, JSON.parse and a callback; nothing is checked",
  candidate: "router, venue and node transport to one Effect stream, flight recorder off",
  figures: [
    { name: "p50 at 10k", unit: "us", better: "lower" },
    { name: "p99 at 10k", unit: "us", better: "lower" },
    { name: "p50 at 50k", unit: "us", better: "lower" },
    { name: "growth at 50k", unit: "×, lag of the last quarter / of the first, each and 1 ms", better: "lower" },
    { name: "came at 10k", unit: "of the frames sent, 1 is all", better: "higher" },
    { name: "came at 50k", unit: "of the frames sent, 1 is all", better: "higher" },
  ],
  rounds: 5,
  seconds: 14,
  isolation: "child",
  run,
};
