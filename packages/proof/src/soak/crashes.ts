/**
 * A thousand consumers that crash and ten that are stuck, beside three that do their work. It shows that a consumer's end is its own. It fails
 * when a good consumer misses or repeats a trade, when a crash reaches the link, or when what nobody takes is kept without a bound.
 */
import { atLeast, atMost, exactly, type Report } from "./Figures.ts";
import type { Crashes, CrashesOptions } from "./crashesRun.ts";
import { measuredIn } from "./measured.ts";

/** What crashes may leave, against the heap of the same run without any. */
const leftPercent = 5;
/** What one stuck consumer may hold: a buffer of 512 trades. */
const stuckMiB = 1;
const good = ["by elements", "by values", "by callback"];

export const crashes = async (options: Omit<CrashesOptions, "isCalm">, say: (line: string) => void): Promise<Report> => {
  say(`${options.crashes} crashes and ${options.stuck} stuck consumers in a process of their own`);
  const run = (isCalm: boolean) => measuredIn("crashes", { ...options, isCalm }, isCrashes);
  const [measured, calm] = await Promise.all([run(false), run(true)]);
  const held = measured.heap.full - calm.heap.full;
  const grown = measured.heap.crashed - calm.heap.crashed - held;
  return {
    rows: [
      ...measured.good.flatMap(({ delivered, missing }, i) => [
        atLeast(`trades given to the good one ${good[i]}`, delivered, options.crashes),
        exactly(`trades it misses`, missing, 0),
      ]),
      exactly("consumers crashed", measured.crashed, options.crashes),
      exactly("stuck ones told that they are too slow", measured.tooSlow, options.stuck),
      atLeast("calls of a callback that threw, its stream going on", measured.callbackErrors, options.crashes),
      exactly("links at the exchange", measured.connections, 1),
      atMost("heap that the crashes leave, % of that without", (grown / calm.heap.crashed) * 100, leftPercent),
      atMost("heap that a stuck one holds, MiB", held / 2 ** 20 / options.stuck, stuckMiB),
      exactly("fibers left at the end", measured.left.fibers, 0),
      exactly("sleeps left", measured.left.sleeps, 0),
      exactly("sockets left", measured.left.sockets, 0),
      exactly("resources of the process left", measured.left.resources.length, 0),
    ],
    problems: measured.good.flatMap(({ problems }) => problems),
  };
};

const isCrashes = (value: unknown): value is Crashes => typeof value === "object" && value !== null && "good" in value && "left" in value;
