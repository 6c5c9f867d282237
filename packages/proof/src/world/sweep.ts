/**
 * Many worlds on all cores. Each worker thread runs one world after another; seeds are handed out in small batches, and what a seed shows does
 * not depend on which worker ran it, nor on what that worker ran before: a second run of every seed on another worker proves it.
 */
import { Worker } from "node:worker_threads";
import { type ExpectedFailure, expectedFailures, expectedFor, isOutOfDate } from "./Expected.ts";
import type { WorldPlan } from "./Plan.ts";
import { expectedProbes } from "./Probes.ts";
import type { Violation } from "./Violation.ts";

/** What a worker tells of one world; plain data. */
export interface WorldResult {
  readonly seed: number;
  readonly plan: WorldPlan;
  readonly hash: string;
  readonly violations: ReadonlyArray<Violation>;
  readonly probes: ReadonlyArray<readonly [string, number]>;
}

export interface SweepOptions {
  readonly from: number;
  readonly seeds: number;
  /** Run each world a second time, elsewhere, and compare. */
  readonly replay: boolean;
  readonly workers: number;
  /** Told after every batch. */
  readonly onProgress?: ((done: number, failed: number) => void) | undefined;
}

export interface SweepReport {
  readonly worlds: number;
  /** Breaches nobody expects, one entry for a world. */
  readonly failures: ReadonlyArray<WorldResult>;
  /** Expected breaches met, by the text of their entry. */
  readonly expected: ReadonlyArray<{ readonly entry: ExpectedFailure; readonly worlds: number; readonly firstSeed: number }>;
  /** Entries that no breach answers to, although their fault was met often. */
  readonly outOfDate: ReadonlyArray<ExpectedFailure>;
  /** Seeds whose second run was another. */
  readonly unlike: ReadonlyArray<number>;
  readonly probes: ReadonlyMap<string, number>;
  /** Probes a long sweep must reach and did not. */
  readonly unreached: ReadonlyArray<string>;
}

const batchSize = 10;

export const sweep = async (options: SweepOptions): Promise<SweepReport> => {
  const results = await runAll(options, "first");
  const again = options.replay ? await runAll(options, "second") : [];
  const hashes = new Map(again.map(({ seed, hash }) => [seed, hash]));
  const probes = new Map<string, number>();
  for (const result of results) for (const [name, count] of result.probes) probes.set(name, (probes.get(name) ?? 0) + count);
  const expected = expectedFailures.flatMap((entry) => {
    const met = results.filter((result) => result.violations.some((violation) => expectedFor(violation, verbsOf(result)) === entry));
    return met.length === 0 ? [] : [{ entry, worlds: met.length, firstSeed: met[0]?.seed ?? 0 }];
  });
  return {
    worlds: results.length,
    failures: results.filter((result) => result.violations.some((violation) => expectedFor(violation, verbsOf(result)) === undefined)),
    expected,
    outOfDate: expectedFailures.filter(
      (entry) =>
        !expected.some((met) => met.entry === entry) &&
        isOutOfDate(entry, results.filter((result) => verbsOf(result).includes(entry.verb)).length),
    ),
    unlike: results.filter(({ seed, hash }) => options.replay && hashes.get(seed) !== hash).map(({ seed }) => seed),
    probes,
    unreached: expectedProbes.filter((name) => !probes.has(name)),
  };
};

const verbsOf = (result: WorldResult): ReadonlyArray<string> => result.plan.faults.map(({ fault }) => fault.verb);

const runAll = async (options: SweepOptions, run: "first" | "second"): Promise<ReadonlyArray<WorldResult>> => {
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.from + i);
  // The second run goes backwards, so that no world follows the one it followed before.
  if (run === "second") seeds.reverse();
  const results: Array<WorldResult> = [];
  let failed = 0;
  const takes = (worker: Worker): void => {
    const batch = seeds.splice(0, batchSize);
    if (batch.length === 0) void worker.terminate();
    else worker.postMessage(batch);
  };
  await Promise.all(
    Array.from({ length: options.workers }, () => {
      const worker = new Worker(new URL("./sweepWorker.ts", import.meta.url));
      const ended = new Promise<void>((resolve, reject) => {
        worker.on("error", reject);
        worker.on("exit", () => resolve());
      });
      worker.on("message", (done: ReadonlyArray<WorldResult>) => {
        results.push(...done);
        failed += done.filter((result) => result.violations.length > 0).length;
        options.onProgress?.(results.length, failed);
        takes(worker);
      });
      takes(worker);
      return ended;
    }),
  );
  return results.sort((a, b) => a.seed - b.seed);
};
