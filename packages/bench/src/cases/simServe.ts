/**
 * How fast the emulated exchange can serve one client over loopback when the market has no end of frames to send, beside a bare `ws` server that
 * sends frames of the same sizes made before. Server and client are two processes; see `frameServer.ts` for what "as fast as it can" means.
 */
import type { Case, Reading, Side } from "../Case.ts";
import { takeFrames } from "./frameClient.ts";

/** What a market of 10,000 frames/s brings in the millisecond a timer waits. */
const framesPerWake = 10;

const run = async (side: Side): Promise<Reading> => {
  const plan = { mode: "flood", framesPerWake } as const;
  const taken = await takeFrames(side === "base" ? "bare" : "emulator", plan, 1_500, 3_000);
  if (taken.markets < 20) throw new Error(`frames of ${taken.markets} markets only`);
  return {
    figures: {
      frames: taken.frames / taken.seconds,
      megabytes: taken.bytes / taken.seconds / 1e6,
      "server CPU": (taken.serverCpuSeconds * 1e6) / taken.frames,
    },
    work: taken.bytes,
  };
};

export const subject: Case = {
  name: "sim-serve",
  about: "frames served to one client over loopback, as fast as the server can",
  base: "a ws server with frames made before",
  candidate: "the emulated exchange, every market, ticker + trade + orderbook(30)",
  figures: [
    { name: "frames", unit: "frames/s", better: "higher" },
    { name: "megabytes", unit: "MB/s", better: "higher" },
    { name: "server CPU", unit: "us/frame", better: "lower" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
