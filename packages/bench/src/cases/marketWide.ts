/**
 * The whole market as it is, through the whole product as it comes: 855 pairs, each with ticker, trades and a book of 30 levels, at 5,000 frames a second,
 * twice the most that was recorded. What it takes of a core, and of memory beside a process that only receives the bytes and parses them; and what it adds to
 * how late a ticker is.
 */
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { begun, clientOf, pass, withFeed } from "./feedClient.ts";
import type { FeedKind } from "./feedPlan.ts";
import { FeedTally } from "./feedTally.ts";

const markets = 855;
const framesPerSecond = 5_000;
const kinds: ReadonlyArray<FeedKind> = ["ticker", "trade", "orderbook"];

/** The whole product records. */
const clients: Readonly<Record<Side, Side>> = { candidate: "recording", unrecorded: "candidate" };

const run = (side: Side, pace: Pace): Promise<Reading> =>
  withFeed({ markets, framesPerSecond, mix: kinds }, (feed) => {
    // Until then the engine's young generation grows, page by page that is new to the process: what a program pays once, and a fifth more than it pays later.
    const [settleMs, measureMs] = pace === "quick" ? [1_500, 1_000] : [15_000, 10_000];
    return new Promise<Reading>((resolve, reject) => {
      const tally = new FeedTally(1);
      const measured = async () => {
        const stop = await (await clientOf(clients[side] ?? side))(feed, kinds, tally, reject);
        await begun(tally);
        await pass(settleMs);
        tally.take();
        const [began, before] = [performance.now(), process.cpuUsage()];
        await pass(measureMs);
        const { user, system } = process.cpuUsage(before);
        const seconds = (performance.now() - began) / 1_000;
        const { delivered, lags } = tally.take();
        const rss = process.memoryUsage().rss;
        await stop();
        const came = delivered / (framesPerSecond * seconds);
        if (came < 0.05) throw new Error(`${delivered} values came in ${seconds.toFixed(1)} s`);
        const sorted = lags.toSorted((a, b) => a - b);
        const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
        resolve({
          figures: { "share of a core": (100 * (user + system)) / 1e6 / seconds, RSS: rss / 1e6, p50: at(0.5), p99: at(0.99), came },
          work: delivered,
        });
      };
      measured().catch(reject);
    });
  });

export const subject: Case = {
  name: "market-wide",
  about: `${markets} pairs × ticker, trade and book at ${framesPerSecond} frames/s`,
  base: "bare ws, JSON.parse and a callback; nothing is checked or kept",
  candidate: "the whole product with its defaults, flight recorder included, to three Effect streams",
  peers: { unrecorded: "the candidate with its flight recorder off" },
  figures: [
    { name: "share of a core", unit: "%", better: "lower" },
    { name: "RSS", unit: "MB", better: "lower" },
    { name: "came", unit: "of the frames sent, 1 is all", better: "higher" },
    { name: "p50", unit: "us from the server's write to the consumer, tickers", better: "lower" },
    { name: "p99", unit: "us from the server's write to the consumer, tickers", better: "lower" },
  ],
  rounds: 5,
  seconds: 28,
  isolation: "child",
  run,
};
