/**
 * Millions of made and spoilt frames, each read by the byte scanner and, where it takes it, by the general path: the same value member for member,
 * and every digit that of the text. Spread over the machine's cores; every block of frames has a seed of its own, which a difference names.
 */
import { Worker } from "node:worker_threads";
import { causes } from "@naru/upbit/decode/scan/Cause";
import { atLeast, exactly, noted, type Report } from "../soak/Figures.ts";
import type { Block, BlockDone } from "./decodingWorker.ts";
import { addTally, inputs, noTally, type Tally } from "./Trial.ts";

export interface DecodingOptions {
  /** Frames of each of the {@link inputs}. */
  readonly ofEach: number;
  /** Of the first block; the next ones count on from it. */
  readonly seed: number;
  readonly workers: number;
}

/** Frames of each input in a block. */
const blockSize = 25_000;
/** Words of a misread frame that are shown. */
const shown = 3;

export const decoding = async (options: DecodingOptions, say: (line: string) => void): Promise<Report> => {
  const blocks = Array.from({ length: Math.ceil(options.ofEach / blockSize) }, (_, i) => ({
    seed: options.seed + i,
    ofEach: Math.min(blockSize, options.ofEach - i * blockSize),
  }));
  const total = blocks.length;
  const done: Array<BlockDone> = [];
  await Promise.all(
    Array.from({ length: options.workers }, () =>
      serve(blocks, (result) => {
        done.push(result);
        if (result.misread !== undefined) blocks.length = 0;
        if (done.length % 10 === 0) say(`${done.length} of ${total} blocks read`);
      }),
    ),
  );
  return reportOf(done, options.ofEach);
};

/** Starts one worker, which takes blocks until there are none. */
const serve = (blocks: Array<Block>, onDone: (result: BlockDone) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./decodingWorker.ts", import.meta.url));
    const next = (): void => {
      const block = blocks.shift();
      if (block === undefined) void worker.terminate();
      else worker.postMessage(block);
    };
    worker.on("error", reject);
    worker.on("exit", () => resolve());
    worker.on("message", (result: BlockDone) => {
      onDone(result);
      next();
    });
    next();
  });

/** What became of the frames, by input, and the promises about it. */
export const reportOf = (done: ReadonlyArray<BlockDone>, ofEach: number): Report => {
  const byInput = inputs.map((_, place) => sumOf(done.map(({ tallies }) => tallies[place]!)));
  const all = sumOf(byInput);
  return {
    rows: [
      ...byInput.flatMap((tally, place) => {
        const name = `${inputs[place]!.kind} ${inputs[place]!.spelling}`;
        return [
          exactly(`${name}: frames read`, tally.cases, ofEach),
          atLeast(`${name}: by the scanner, compared`, tally.scanned, ofEach / 10),
        ];
      }),
      exactly("usual frames that the scanner left", all.usual - all.usualScanned, 0),
      atLeast("usual frames", all.usual, all.cases / 10),
      atLeast("messages of which every digit was judged", all.judged, all.cases / 200),
      ...causes.map((cause) => noted(`left to the general path: ${cause}`, all.causes[cause])),
      noted("frames in all", all.cases),
    ],
    problems: done.flatMap(({ misread }) => (misread === undefined ? [] : [misread])).slice(0, shown),
  };
};

const sumOf = (tallies: ReadonlyArray<Tally>): Tally => {
  const sum = noTally();
  for (const tally of tallies) addTally(sum, tally);
  return sum;
};
