/**
 * What a busy market costs in real time: 800 frames/s to one client, as CPU time of the server process, beside a bare `ws` server that sends as
 * many frames made before. The rest of the emulated exchange's share is making the market and spelling it.
 */
import type { Case, Reading, Side } from "../Case.ts";
import { takeFrames } from "./frameClient.ts";

const framesPerSecond = 800;

const run = async (side: Side): Promise<Reading> => {
  const plan = { mode: "paced", framesPerSecond } as const;
  const taken = await takeFrames(side === "base" ? "bare" : "emulator", plan, 3_000, 10_000);
  const rate = taken.frames / taken.seconds;
  if (taken.markets < 20) throw new Error(`frames of ${taken.markets} markets only`);
  if (rate < 0.8 * framesPerSecond || rate > 1.2 * framesPerSecond)
    throw new Error(`${rate.toFixed(0)} frames/s are not about ${framesPerSecond}`);
  return { figures: { "share of a core": taken.serverCpuSeconds / taken.seconds, frames: rate }, work: taken.frames };
};

export const subject: Case = {
  name: "sim-market",
  about: `CPU of a server that sends ${framesPerSecond} frames/s in real time`,
  base: "a ws server with frames made before",
  candidate: "the emulated exchange, every market, ticker + trade + orderbook(30)",
  figures: [
    { name: "share of a core", unit: "CPU s/s", better: "lower" },
    { name: "frames", unit: "frames/s", better: "higher" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
