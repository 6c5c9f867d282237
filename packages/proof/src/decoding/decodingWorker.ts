/** One worker of the long trial: reads a block of frames for each seed it is sent, and sends back what became of them, or what was misread. */
import { parentPort } from "node:worker_threads";
import { Misread, type Tally, Trial } from "./Trial.ts";

/** How many frames of each input, made from which seed. */
export interface Block {
  readonly seed: number;
  readonly ofEach: number;
}

export interface BlockDone {
  readonly tallies: ReadonlyArray<Tally>;
  readonly misread: string | undefined;
}

export const runBlock = ({ seed, ofEach }: Block): BlockDone => {
  const trial = new Trial(seed);
  try {
    trial.run(ofEach);
    return { tallies: trial.tallies, misread: undefined };
  } catch (error) {
    if (!(error instanceof Misread)) throw error;
    return { tallies: trial.tallies, misread: error.message };
  }
};

parentPort?.on("message", (block: Block) => parentPort?.postMessage(runBlock(block)));
