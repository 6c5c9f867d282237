/**
 * What a ticker costs at more and more of them a second, through a real socket from a second process, and from which rate on it comes later and later: the
 * rate before that is the one that is kept. Beside bare `ws` with `JSON.parse`.
 */
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { begun, clientOf, pass, withFeed } from "../cases/feedClient.ts";
import { FeedTally } from "../cases/feedTally.ts";
import { type Curve, figuresOf, readingOf } from "./Curve.ts";
import { median } from "./timed.ts";

export const curve: Curve = {
  name: "scale-rates",
  along: "tickers a second",
  sizes: [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000],
  lines: [{ name: "ticker", unit: "us CPU/ticker", whole: "times size" }],
  beside: [{ name: "kept", unit: "tickers/s, the highest of these rates at which nothing comes later and later", better: "higher" }],
  limit:
    "One core: a ticker more costs no more than the one before until the event loop has no turn left. From then on what does not fit waits in the kernel and in the server, and comes later and later.",
};

const markets = 400;
/** Later by no more than so much of the time that passed, and nearly all of it there: kept. Whoever is a hundredth too slow falls behind by as much. */
const growthShare = 0.01;
const keptShare = 0.97;

interface Point {
  readonly micros: number;
  readonly isKept: boolean;
}

const measure = (side: Side, framesPerSecond: number, pace: Pace): Promise<Point> =>
  withFeed({ markets, framesPerSecond, mix: ["ticker"] }, (feed) => {
    const [settleMs, measureMs] = pace === "quick" ? [300, 500] : [1_000, 2_000];
    return new Promise<Point>((resolve, reject) => {
      // As many lags from every rate.
      const tally = new FeedTally(Math.max(1, framesPerSecond / 2_000));
      const measured = async () => {
        const stop = await (await clientOf(side))(feed, ["ticker"], tally, reject);
        await begun(tally);
        await pass(settleMs);
        tally.take();
        const [began, before] = [performance.now(), process.cpuUsage()];
        await pass(measureMs);
        const { user, system } = process.cpuUsage(before);
        const ms = performance.now() - began;
        const { handled, lags } = tally.take();
        await stop();
        if (handled === 0 || lags.length < 8) throw new Error(`${handled} tickers came`);
        const quarter = Math.floor(lags.length / 4);
        const later = median(lags.slice(-quarter)) - median(lags.slice(0, quarter));
        // From the middle of the first quarter to that of the last.
        const isKept = later <= growthShare * 750 * ms && handled >= (keptShare * framesPerSecond * ms) / 1_000;
        resolve({ micros: (user + system) / handled, isKept });
      };
      measured().catch(reject);
    });
  });

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const points: Array<Point> = [];
  for (const rate of curve.sizes) {
    const point = await measure(side, rate, pace);
    // Somebody else may have had the processor: what is not kept twice is not kept.
    points.push(point.isKept ? point : await measure(side, rate, pace));
  }
  // What is above a rate that was not kept is not kept either, whatever it looks like.
  const first = points.findIndex(({ isKept }) => !isKept);
  const kept = curve.sizes[(first === -1 ? points.length : first) - 1];
  if (kept === undefined) throw new Error(`not even ${curve.sizes[0]} tickers a second are kept`);
  return { figures: { ...readingOf(curve, { ticker: points.map(({ micros }) => micros) }), kept }, work: kept };
};

export const subject: Case = {
  name: curve.name,
  about: "what a ticker costs at more of them a second, and how many are kept up with",
  base: "bare ws, JSON.parse and a callback; nothing is checked",
  candidate: "router, venue and node transport to one Effect stream, flight recorder off",
  figures: figuresOf(curve),
  rounds: 3,
  seconds: 40,
  maxMs: 900_000,
  isolation: "child",
  run,
};
