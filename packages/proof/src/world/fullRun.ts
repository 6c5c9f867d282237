/** The long form of what the tests show of worlds: thousands of seeds, a thousand of them twice, and every planted bug. */
import * as Effect from "effect/Effect";
import { availableParallelism } from "node:os";
import { describeSweep, sweepHolds } from "./describeSweep.ts";
import { catchPlanted } from "./planted/catchPlanted.ts";
import { plantedBugs } from "./planted/plantedBugs.ts";
import { sweep } from "./sweep.ts";

export const worlds = (seeds: number, replayed: number, say: (line: string) => void): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    const workers = availableParallelism();
    const swept = await sweep({ from: 1, seeds, replay: false, workers });
    for (const line of describeSweep(swept)) say(line);
    say(`${swept.worlds} worlds, ${swept.failures.length} with a breach nobody expects`);
    const twice = await sweep({ from: 1, seeds: replayed, replay: true, workers });
    say(`${twice.worlds - twice.unlike.length} of ${twice.worlds} worlds the same twice`);
    let missed = 0;
    for (const bug of plantedBugs) {
      const caught = await catchPlanted(bug, { from: 1, seeds });
      if (caught === undefined) missed++;
      say(`planted ${bug.name}: ${caught === undefined ? "NOT caught" : `caught by ${bug.caughtBy} in seed ${caught.seed}`}`);
    }
    return sweepHolds(swept) && swept.unreached.length === 0 && twice.unlike.length === 0 && missed === 0;
  });
