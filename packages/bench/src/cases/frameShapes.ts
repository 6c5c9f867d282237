/** The frames that the decoding cases read: the emulated exchange's, of forty markets, in both spellings; no snapshots. */
import type { Pace } from "../Case.ts";
import { summarize } from "../Statistics.ts";
import { modelFrames } from "./modelFrames.ts";
import { wideMarket } from "./wideMarket.ts";

export interface FrameShape {
  readonly name: string;
  readonly type: "ticker" | "trade" | "orderbook";
  /** Levels of a book. */
  readonly suffix: "" | ".15" | ".30";
  readonly format: "DEFAULT" | "SIMPLE";
}

export const frameShapes: ReadonlyArray<FrameShape> = (["DEFAULT", "SIMPLE"] as const).flatMap((format) => [
  { name: `ticker ${format}`, type: "ticker", suffix: "", format } as const,
  { name: `trade ${format}`, type: "trade", suffix: "", format } as const,
  { name: `book 15 ${format}`, type: "orderbook", suffix: ".15", format } as const,
  { name: `book 30 ${format}`, type: "orderbook", suffix: ".30", format } as const,
]);

const distinct = 200;
const markets = { count: 40, rate: 20 };

/** Each market's snapshot comes first. */
export const framesOf = ({ type, suffix, format }: FrameShape): ReadonlyArray<string> =>
  modelFrames({
    types: [{ type, suffix }],
    format,
    count: markets.count + distinct,
    options: { ...wideMarket, markets },
  }).slice(markets.count);

export interface WireFrame {
  readonly code?: string;
  readonly trade_price?: number;
  readonly tp?: number;
  readonly orderbook_units?: ReadonlyArray<{ readonly ask_size: number }>;
  readonly obu?: ReadonlyArray<{ readonly as: number }>;
}

/** Of a frame as `JSON.parse` gives it. */
export const numberOf = (wire: WireFrame): number => {
  if (wire.orderbook_units !== undefined) return wire.orderbook_units.reduce((sum, unit) => sum + unit.ask_size, 0);
  if (wire.obu !== undefined) return wire.obu.reduce((sum, unit) => sum + unit.as, 0);
  return wire.trade_price ?? wire.tp ?? Number.NaN;
};

/** So many stretches of reading, of which the one in the middle counts: what the engine does for the code before it falls into a few of them. */
const stretches = 11;

/** CPU time spent before anything is counted; that of the engine's compiler counts too, and the first thing a process reads keeps it busy for a second. */
const warmMicros = 250_000;
const firstWarmMicros = 1_500_000;
let isFirst = true;

/** Quick readings are not warmed for a time but until another stretch brings nothing: so many frames at least, and so many stretches at most. */
const quickWarm = { stretchMicros: 30_000, leastFrames: 10_000, leastStretches: 4, mostStretches: 60, gain: 0.95 };
/** The first thing a process reads: a second of them at least. */
const firstStretches = 34;

/** CPU microseconds of one call, over enough of them; `sum` of what the calls gave proves that they read. */
export const timedReads = <A>(inputs: ReadonlyArray<A>, read: (input: A) => number, pace: Pace) => {
  // Long enough for the optimizing compiler, at any pace: what is not compiled yet is another program.
  const sum =
    pace === "quick"
      ? warmedQuickly(inputs, read, isFirst ? firstStretches : quickWarm.leastStretches)
      : warmed(inputs, read, isFirst ? firstWarmMicros : warmMicros);
  isFirst = false;
  // A collection of all garbage runs beside the program for some 100 ms and counts: a reading is longer, and the median of its stretches passes that by.
  const leastMicros = (pace === "quick" ? 180_000 : 400_000) / stretches;
  let work = 0;
  const taken = Array.from({ length: stretches }, () => {
    const { reads, micros } = stretch(inputs, read, leastMicros);
    work += reads;
    return micros / reads;
  });
  return { sum, reads: work, micros: summarize(taken).median };
};

const sumOf = <A>(inputs: ReadonlyArray<A>, read: (input: A) => number): number => inputs.reduce((total, input) => total + read(input), 0);

const warmed = <A>(inputs: ReadonlyArray<A>, read: (input: A) => number, enoughMicros: number): number => {
  let sum = 0;
  const warming = process.cpuUsage();
  for (let spent = 0, turns = 0; spent < enoughMicros || turns < 10; turns++) {
    sum = sumOf(inputs, read);
    const { user, system } = process.cpuUsage(warming);
    spent = user + system;
  }
  return sum;
};

const warmedQuickly = <A>(inputs: ReadonlyArray<A>, read: (input: A) => number, leastStretches: number): number => {
  let [least, frames, still] = [Number.POSITIVE_INFINITY, 0, 0];
  for (let nth = 1; nth <= quickWarm.mostStretches; nth++) {
    const { reads, micros } = stretch(inputs, read, quickWarm.stretchMicros);
    frames += reads;
    still = micros / reads < least * quickWarm.gain ? 0 : still + 1;
    least = Math.min(least, micros / reads);
    if (nth >= leastStretches && frames >= quickWarm.leastFrames && still >= 2) break;
  }
  return sumOf(inputs, read);
};

/** Reads everything again and again until so much CPU time has passed. */
const stretch = <A>(inputs: ReadonlyArray<A>, read: (input: A) => number, leastMicros: number) => {
  let [reads, micros] = [0, 0];
  const before = process.cpuUsage();
  while (micros < leastMicros) {
    for (const input of inputs) read(input);
    reads += inputs.length;
    const { user, system } = process.cpuUsage(before);
    micros = user + system;
  }
  return { reads, micros };
};
