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

/** Something to read over and over, and what one time of it must come to: proof that it was read. */
export interface Reads {
  readonly name: string;
  readonly expected: number;
  readonly frames: number;
  readonly once: () => number;
}

export const readsOf = <A>(name: string, inputs: ReadonlyArray<A>, read: (input: A) => number, expected: number): Reads => ({
  name,
  expected,
  frames: inputs.length,
  once: () => inputs.reduce((sum, input) => sum + read(input), 0),
});

/** So many stretches of reading, of which the one in the middle counts: what the engine does for the code before it falls into a few of them. */
const stretches = 11;

/**
 * CPU time spent before anything is counted, in microseconds; that of the engine's compiler counts too. All is read by turns meanwhile: code that has seen
 * one kind of frame only is thrown away at the first of another kind, and then takes ten and more times as long for up to a third of a second.
 */
const warmMicros: Readonly<Record<Pace, number>> = { quick: 3_000_000, full: 4_000_000 };
/** Of a short reading of what the engine does itself, which there is nothing to compile for. */
const nativeMicros = 400_000;
const measuredMicros: Readonly<Record<Pace, number>> = { quick: 90_000, full: 400_000 };

/** CPU microseconds of a frame of each, once all of them are warm; and how many frames were read for it. */
export const timedReads = (all: ReadonlyArray<Reads>, pace: Pace, isNative = false) => {
  const enough = isNative && pace === "quick" ? nativeMicros : warmMicros[pace];
  const warming = process.cpuUsage();
  for (let turns = 0; spentSince(warming) < enough || turns < 10; turns++) for (const reads of all) readOnce(reads);
  // A collection of all garbage runs beside the program for some 100 ms and counts: a reading is longer, and the median of its stretches passes that by.
  const figures: Record<string, number> = {};
  let work = 0;
  for (const reads of all) {
    const taken = Array.from({ length: stretches }, () => {
      const before = process.cpuUsage();
      let [frames, micros] = [0, 0];
      while (micros < measuredMicros[pace] / stretches) {
        reads.once();
        frames += reads.frames;
        micros = spentSince(before);
      }
      work += frames;
      return micros / frames;
    });
    figures[reads.name] = summarize(taken).median;
  }
  return { figures, work };
};

const readOnce = ({ name, expected, once }: Reads): void => {
  const sum = once();
  if (sum !== expected) throw new Error(`${name} was read as ${sum}, not ${expected}`);
};

const spentSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return user + system;
};
