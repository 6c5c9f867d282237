/**
 * Reading frames: the venue's decoder (exact numbers, every field checked, domain objects) beside `JSON.parse` of the same bytes, which rounds
 * ids and checks nothing. Frames are the emulated exchange's, of every market, in both spellings.
 */
import { decodeSocketMessage } from "@naru/upbit/decode/SocketFrame";
import type { Case, Figure, Reading, Side } from "../Case.ts";
import { modelFrames } from "./modelFrames.ts";
import { wideMarket } from "./wideMarket.ts";

const shapes = (["DEFAULT", "SIMPLE"] as const).flatMap((format) =>
  [
    { name: `ticker ${format}`, type: "ticker", suffix: "" },
    { name: `trade ${format}`, type: "trade", suffix: "" },
    { name: `orderbook 15 ${format}`, type: "orderbook", suffix: ".15" },
    { name: `orderbook 30 ${format}`, type: "orderbook", suffix: ".30" },
  ].map((shape) => ({ ...shape, format })),
);

const distinct = 200;
/** CPU time spent on each shape, at least. */
const measureMicros = 300_000;

const run = async (side: Side): Promise<Reading> => {
  const read = side === "base" ? readWithJson : readWithVenue;
  const figures: Record<string, number> = {};
  let checksum = "";
  let work = 0;
  for (const { name, type, suffix, format } of shapes) {
    const frames = modelFrames({ types: [{ type, suffix }], format, count: distinct, options: wideMarket }).map((text) =>
      Buffer.from(text),
    );
    // Long enough for the optimizing compiler, and the proof that both sides read the same.
    let sum = 0;
    for (let i = 0; i < 10; i++) sum = frames.reduce((total, frame) => total + read(frame), 0);
    checksum += `${name} ${sum}; `;
    let reads = 0;
    const before = process.cpuUsage();
    let micros = 0;
    while (micros < measureMicros) {
      for (const frame of frames) read(frame);
      reads += frames.length;
      const { user, system } = process.cpuUsage(before);
      micros = user + system;
    }
    figures[name] = micros / reads;
    work += reads;
  }
  return { figures, work, checksum };
};

/** The price, or the sum of the sizes asked: one number that says the frame was understood. */
const readWithVenue = (frame: Buffer): number => {
  const [message] = decodeSocketMessage(frame);
  if (message?._tag === "Ticker" || message?._tag === "Trade") return message.value.price.number;
  if (message?._tag === "Orderbook") return message.value.asks.reduce((sum, { size }) => sum + size.number, 0);
  throw new Error(`not understood: ${message?._tag}`);
};

interface WireFrame {
  readonly trade_price?: number;
  readonly tp?: number;
  readonly orderbook_units?: ReadonlyArray<{ readonly ask_size: number }>;
  readonly obu?: ReadonlyArray<{ readonly as: number }>;
}

const readWithJson = (frame: Buffer): number => {
  const wire: WireFrame = JSON.parse(frame.toString("utf8"));
  if (wire.orderbook_units !== undefined) return wire.orderbook_units.reduce((sum, unit) => sum + unit.ask_size, 0);
  if (wire.obu !== undefined) return wire.obu.reduce((sum, unit) => sum + unit.as, 0);
  return wire.trade_price ?? wire.tp ?? Number.NaN;
};

const figureOf = ({ name }: { readonly name: string }): Figure => ({ name, unit: "us/frame", better: "lower" });
const [first, ...others] = shapes;
if (first === undefined) throw new Error("no shapes");

export const subject: Case = {
  name: "decode",
  about: "CPU time to read one frame",
  base: "JSON.parse of the frame's text",
  candidate: "the venue's decoder: exact, checked, domain objects",
  figures: [figureOf(first), ...others.map(figureOf)],
  isolation: "child",
  run,
};
