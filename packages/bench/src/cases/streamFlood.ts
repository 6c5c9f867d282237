/**
 * From the socket to one consumer when there is no end of frames: a server in a second process writes prebuilt frames as fast as they are taken. Beside
 * bare `ws` with `JSON.parse` and a callback, which checks nothing, and ccxt pro with its loops of `watch`. A frame counts when it was handled; how many of
 * them reached the consumer is a figure of its own, and this product must account for every single one.
 */
import type { Case, Figure, Pace, Reading, Side } from "../Case.ts";
import { begun, clientOf, type Feed, pass, settled, withFeed } from "./feedClient.ts";
import { bufferSize, type FeedKind } from "./feedPlan.ts";
import { FeedTally } from "./feedTally.ts";

const kinds: ReadonlyArray<{ readonly kind: FeedKind; readonly name: string }> = [
  { kind: "ticker", name: "ticker" },
  { kind: "trade", name: "trade" },
  { kind: "orderbook", name: "book" },
];

/** As many as that two frames of one market seldom fall into one millisecond, which no exchange has much of. */
const markets = 400;

const leastValues = 500;

interface Flooded {
  readonly perSecond: number;
  readonly share: number;
  readonly cpu: number;
  readonly handled: number;
}

const flooded = (feed: Feed, side: Side, kind: FeedKind, pace: Pace) => {
  const [settleMs, measureMs] = pace === "quick" ? [100, 350] : [1_500, 3_000];
  return new Promise<Flooded>((resolve, reject) => {
    const tally = new FeedTally(Number.POSITIVE_INFINITY);
    const measured = async () => {
      const stop = await (await clientOf(side))(feed, [kind], tally, reject);
      await settled(tally, settleMs, pace);
      const [began, before] = [performance.now(), process.cpuUsage()];
      await pass(measureMs);
      // On a machine that has no time for it a short window may hold nothing at all.
      await begun(tally, leastValues);
      const { user, system } = process.cpuUsage(before);
      const seconds = (performance.now() - began) / 1_000;
      const { delivered, dropped, handled } = tally.take();
      const missing = handled - delivered - dropped;
      // What was dropped is told with the next batch: a bufferful of it may belong to the time before or after.
      if ((side === "candidate" || side === "recording") && Math.abs(missing) > (dropped === 0 ? 0 : 2 * bufferSize))
        throw new Error(`${missing} of ${handled} ${kind} are missing`);
      await stop();
      resolve({ perSecond: handled / seconds, share: Math.min(1, delivered / handled), cpu: (user + system) / handled, handled });
    };
    measured().catch(reject);
  });
};

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const served = <A>(mix: ReadonlyArray<FeedKind>, use: (feed: Feed) => Promise<A>) =>
    withFeed({ markets, framesPerSecond: null, mix }, use);
  // Whoever has little time starts one server for all kinds.
  if (pace === "quick") {
    const all = kinds.map(({ kind }) => kind);
    return served(all, (feed) => readingOf((kind) => flooded(feed, side, kind, pace)));
  }
  return readingOf((kind) => served([kind], (feed) => flooded(feed, side, kind, pace)));
};

const readingOf = async (measure: (kind: FeedKind) => Promise<Flooded>): Promise<Reading> => {
  const figures: Record<string, number> = {};
  let work = 0;
  for (const { kind, name } of kinds) {
    const { perSecond, share, cpu, handled } = await measure(kind);
    figures[name] = perSecond;
    figures[`${name}, CPU`] = cpu;
    figures[`${name}, delivered`] = share;
    work += handled;
  }
  return { figures, work };
};

const rates = kinds.map(({ name }): Figure => ({ name, unit: "frames/s", better: "higher" }));
const shares = kinds.map(({ name }): Figure => ({ name: `${name}, delivered`, unit: "of 1", better: "higher" }));
const costs = kinds.map(({ name }): Figure => ({ name: `${name}, CPU`, unit: "us/frame", better: "lower" }));
const [first, ...others] = [...rates, ...costs, ...shares];
if (first === undefined) throw new Error("no kinds");

export const subject: Case = {
  name: "stream-flood",
  about: "frames from the socket to one consumer, as fast as they come",
  base: "bare ws, JSON.parse and a callback; nothing is checked",
  candidate: "router, venue and node transport to one Effect stream, flight recorder off; each frame delivered or counted",
  peers: {
    ccxt: "ccxt pro: loops of watchTickers, watchTradesForSymbols, watchOrderBook",
    recording: "the candidate with its flight recorder on, which packs every byte on other threads",
  },
  figures: [first, ...others],
  rounds: 5,
  seconds: 16,
  isolation: "child",
  run,
};
