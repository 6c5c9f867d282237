/**
 * `pnpm sim`: runs worlds. A breach prints one line with the seed, the commit and the plan, and how to run that world again. Exits with 1 when
 * a breach is not expected, an expected one is out of date, or two runs of a seed differ.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { describeSweep, sweepHolds } from "./world/describeSweep.ts";
import { printPlan } from "./world/Plan.ts";
import { plantedBugs } from "./world/planted/plantedBugs.ts";
import { catchPlanted } from "./world/planted/catchPlanted.ts";
import { sweep, type SweepReport } from "./world/sweep.ts";
import { runWorld } from "./world/World.ts";

const usage = `pnpm sim [--seeds N] [--from S] [--replay] [--workers N]   worlds S … S+N-1; --replay runs each twice and compares
pnpm sim --trace S                                          one world, every line of its trace
pnpm sim --planted [--seeds N]                              every planted bug until its invariant catches it, N seeds at most`;

const whole = (text: string | undefined, name: string, fallback: number): number => {
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}\n${usage}`);
  return Number(text);
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      from: { type: "string" },
      workers: { type: "string" },
      trace: { type: "string" },
      replay: { type: "boolean" },
      planted: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return say(usage, 0);
  if (values.trace !== undefined) return trace(whole(values.trace, "trace", 1));
  if (values.planted === true) return planted(whole(values.seeds, "seeds", 2_000));
  const seeds = whole(values.seeds, "seeds", 200);
  if (seeds === 0) throw new Error(`no seeds, nothing to see\n${usage}`);
  const started = performance.now();
  const report = await sweep({
    from: whole(values.from, "from", 1),
    seeds,
    replay: values.replay === true,
    workers: whole(values.workers, "workers", availableParallelism()),
    onProgress: (done, failed) => process.stderr.write(`\r${done} worlds, ${failed} with a breach `),
  });
  process.stderr.write("\n");
  return tell(report, (performance.now() - started) / 1_000, values.replay === true);
};

const say = (text: string, code: number): number => {
  console.log(text);
  return code;
};

const tell = (report: SweepReport, seconds: number, replayed: boolean): number => {
  for (const line of describeSweep(report)) console.log(line);
  const runs = replayed ? 2 * report.worlds : report.worlds;
  const twice = replayed ? `, ${report.worlds - report.unlike.length} the same twice` : "";
  const speed = `${(runs / seconds).toFixed(1)} worlds/s, ${seconds.toFixed(1)} s`;
  console.log(`${report.worlds} worlds${twice}, ${report.failures.length} with a breach nobody expects; ${speed}`);
  return sweepHolds(report) ? 0 : 1;
};

const trace = async (seed: number): Promise<number> => {
  const report = await runWorld(seed, { keepLines: true });
  for (const line of report.lines ?? []) console.log(line);
  for (const { invariant, atMs, detail } of report.violations) console.log(`BREACH ${invariant} at ${atMs} ms: ${detail}`);
  return say(`seed ${seed} hash ${report.hash} | plan ${printPlan(report.plan)}`, report.violations.length === 0 ? 0 : 1);
};

const planted = async (maxSeeds: number): Promise<number> => {
  let missed = 0;
  for (const bug of plantedBugs) {
    const caught = await catchPlanted(bug, { from: 1, seeds: maxSeeds });
    if (caught === undefined) missed++;
    console.log(
      caught === undefined
        ? `${bug.name}: NOT caught by ${bug.caughtBy} in ${maxSeeds} seeds`
        : `${bug.name}: caught by ${bug.caughtBy} in seed ${caught.seed}: ${caught.violation.detail}`,
    );
  }
  return missed === 0 ? 0 : 1;
};

process.exitCode = await main().catch((error: unknown) => say(error instanceof Error ? error.message : String(error), 2));
