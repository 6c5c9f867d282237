/**
 * From the socket's bytes to the domain: the venue's decoder (exact numbers, every field checked, domain objects) beside `JSON.parse` of the same bytes,
 * which rounds ids and checks nothing; and beside what else people read such frames with. Frames are the emulated exchange's, in both spellings.
 */
import { decodeSocketMessage } from "@naru/upbit/decode/SocketFrame";
import type { Case, Figure, Pace, Reading, Side } from "../Case.ts";
import { type FrameShape, frameShapes, framesOf, numberOf, type Reads, readsOf, timedReads } from "./frameShapes.ts";

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const all: Array<Reads> = [];
  let checksum = "";
  for (const shape of frameShapes) {
    const texts = framesOf(shape);
    const read = await readerOf(side, shape, texts);
    const expected = texts.reduce((sum, text) => sum + numberOf(JSON.parse(text)), 0);
    checksum += `${shape.name} ${expected}; `;
    if (read === undefined) continue;
    const frames = texts.map((text) => Buffer.from(text));
    all.push(readsOf(shape.name, frames, read, expected));
  }
  return { ...timedReads(all, pace, side === "base"), checksum };
};

type Read = (frame: Buffer) => number;

const readerOf = async (side: Side, shape: FrameShape, texts: ReadonlyArray<string>): Promise<Read | undefined> => {
  if (side === "candidate") return readWithVenue;
  if (side === "base") return (frame) => numberOf(JSON.parse(frame.toString("utf8")));
  // The libraries beside which it is measured are loaded by those who need them.
  const readers = await import("./frameReaders.ts");
  if (side === "ccxt") return readers.ccxtReader(shape, [...new Set(texts.map((text) => String(JSON.parse(text)["code"])))]);
  if (side === "tardis-dev") return readers.tardisReader(shape);
  const validate = (side === "zod" ? readers.zodValidator : readers.typeboxValidator)(JSON.parse(texts[0] ?? ""));
  return (frame) => numberOf(validate(JSON.parse(frame.toString("utf8"))));
};

const readWithVenue = (frame: Buffer): number => {
  const [message] = decodeSocketMessage(frame);
  if (message?._tag === "Ticker" || message?._tag === "Trade") return message.value.price.number;
  if (message?._tag === "Orderbook") return message.value.asks.reduce((sum, { size }) => sum + size.number, 0);
  throw new Error(`not understood: ${message?._tag}`);
};

const figureOf = ({ name }: { readonly name: string }): Figure => ({ name, unit: "us/frame", better: "lower" });
const [first, ...others] = frameShapes;
if (first === undefined) throw new Error("no shapes");

export const subject: Case = {
  name: "decode-bytes",
  about: "CPU time from the bytes of a frame to what it says",
  base: "JSON.parse(buffer.toString()), which rounds ids and checks nothing",
  candidate: "the venue's decoder: exact numbers, every field checked, domain objects",
  peers: {
    zod: "JSON.parse, then a zod schema of every member",
    typebox: "JSON.parse, then a compiled typebox check of every member",
    ccxt: "JSON.parse with ccxt's regular expression for ids, then its handler of such messages",
    "tardis-dev": "JSON.parse, then tardis-dev's mapper",
  },
  figures: [figureOf(first), ...others.map(figureOf)],
  seconds: 5,
  isolation: "child",
  run,
};
