/** One worker of a sweep: runs the worlds of each batch of seeds it is sent, and sends back what they showed. */
import { parentPort } from "node:worker_threads";
import type { WorldResult } from "./sweep.ts";
import { runWorld } from "./World.ts";

const run = async (seeds: ReadonlyArray<number>): Promise<ReadonlyArray<WorldResult>> => {
  const results: Array<WorldResult> = [];
  for (const seed of seeds) {
    const { plan, hash, violations, probes } = await runWorld(seed);
    results.push({ seed, plan, hash, violations, probes: [...probes] });
  }
  return results;
};

parentPort?.on("message", (seeds: ReadonlyArray<number>) => {
  void run(seeds).then((results) => parentPort?.postMessage(results));
});
