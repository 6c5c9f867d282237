/**
 * What a program pays for loading the library, as it is published, beside ccxt: the time and the CPU time beyond those of a process that loads nothing, and
 * the memory of the process. A process that loads nothing runs in the same reading, right before.
 */
import { spawnSync } from "node:child_process";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { summarize } from "../Statistics.ts";
import { publishedFolder } from "./published.ts";

const loads: Readonly<Record<Side, string>> = {
  base: 'const { upbit } = await import("ccxt"); if (typeof upbit !== "function") throw new Error("no ccxt");',
  candidate: 'const { connect } = await import("@naru/upbit"); if (typeof connect !== "function") throw new Error("no naru");',
  connect: 'const { connect } = await import("@naru/upbit/connect"); if (typeof connect !== "function") throw new Error("no naru");',
};

interface Loaded {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rss: number;
}

/** Printed by the process itself when it has loaded: from its start, as the system counts. */
const said =
  "const { user, system } = process.cpuUsage(); console.log(JSON.stringify({ ms: performance.now(), cpuMs: (user + system) / 1_000, rss: process.memoryUsage().rss }));";

const load = (folder: string, script: string): Loaded => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script + said], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NODE_COMPILE_CACHE: undefined },
  });
  if (status !== 0) throw new Error(`node ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
};

/** Over a process that loads nothing, by the medians of some of each. */
const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const times = pace === "quick" ? 1 : 3;
  const folder = publishedFolder();
  const taken = Array.from({ length: times }, () => ({ bare: load(folder, ""), loaded: load(folder, loads[side] ?? "") }));
  const over = (of: (loaded: Loaded) => number) => Math.max(0.01, summarize(taken.map(({ bare, loaded }) => of(loaded) - of(bare))).median);
  return {
    figures: {
      time: over(({ ms }) => ms),
      CPU: over(({ cpuMs }) => cpuMs),
      RSS: summarize(taken.map(({ loaded }) => loaded.rss / 1e6)).median,
    },
    work: times,
  };
};

export const subject: Case = {
  name: "startup-import",
  about: "loading the library as it is published, over a process that loads nothing",
  base: 'import("ccxt")',
  candidate: 'import("@naru/upbit"), the entry with everything',
  peers: { connect: 'import("@naru/upbit/connect"), the door for promises' },
  figures: [
    { name: "time", unit: "ms over bare node", better: "lower" },
    { name: "CPU", unit: "ms over bare node", better: "lower" },
    { name: "RSS", unit: "MB of the process", better: "lower" },
  ],
  warmUps: 1,
  seconds: 4,
  isolation: "own",
  run,
};
