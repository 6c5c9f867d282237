/**
 * The ordinary Schema API: a frame that was parsed without loss, decoded by `Schema.decodeUnknownSync` into the domain, beside `JSON.parse` of the same
 * text. The parsing without loss is a figure of its own, because a Schema begins where the parser ended; so does what the peers do here.
 */
import { parseExactJson } from "@naru/router/transport/ExactJson";
import { SimpleOrderbook, SocketOrderbook } from "@naru/upbit/decode/OrderbookShape";
import { SimpleTicker, SocketTicker } from "@naru/upbit/decode/TickerShape";
import { SimpleTrade, SocketTrade } from "@naru/upbit/decode/TradeShape";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { Case, Figure, Pace, Reading, Side } from "../Case.ts";
import { type FrameShape, frameShapes, framesOf, numberOf, type Reads, readsOf, timedReads } from "./frameShapes.ts";

const parseOf = ({ name }: FrameShape): string => `${name}, parse`;

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const all: Array<Reads> = [];
  let checksum = "";
  for (const shape of frameShapes) {
    const texts = framesOf(shape);
    const parsed = texts.map((text): unknown => JSON.parse(text));
    const expected = parsed.reduce<number>((sum, value) => sum + numberOf(value as object), 0);
    checksum += `${shape.name} ${expected}; `;
    if (side === "base") all.push(readsOf(shape.name, texts, (text) => numberOf(JSON.parse(text)), expected));
    else if (side === "candidate") {
      all.push(readsOf(shape.name, texts.map(lossless), decoderOf(shape), expected));
      all.push(readsOf(parseOf(shape), texts, (text) => (lossless(text) === undefined ? 0 : 1), texts.length));
    } else {
      const { typeboxValidator, zodValidator } = await import("./frameReaders.ts");
      const validate = (side === "zod" ? zodValidator : typeboxValidator)(parsed[0]);
      all.push(readsOf(shape.name, parsed, (value) => numberOf(validate(value)), expected));
    }
  }
  const { figures, work } = timedReads(all, pace, side === "base");
  // What the base does is parsing, and nothing else.
  const parsing =
    side === "base" ? Object.fromEntries(frameShapes.map((shape) => [parseOf(shape), figures[shape.name] ?? Number.NaN])) : {};
  return { figures: { ...figures, ...parsing }, work, checksum };
};

const lossless = (text: string): unknown => Result.getOrThrow(parseExactJson(text));

const decoderOf = ({ type, format }: FrameShape): ((value: unknown) => number) => {
  const full = format === "DEFAULT";
  if (type === "orderbook") {
    const decode = Schema.decodeUnknownSync(full ? SocketOrderbook : SimpleOrderbook);
    return (value) => decode(value).asks.reduce((sum, { size }) => sum + size.number, 0);
  }
  if (type === "ticker") {
    const decode = Schema.decodeUnknownSync(full ? SocketTicker : SimpleTicker);
    return (value) => decode(value).price.number;
  }
  const decode = Schema.decodeUnknownSync(full ? SocketTrade : SimpleTrade);
  return (value) => decode(value).price.number;
};

const figureOf = (name: string): Figure => ({ name, unit: "us/frame", better: "lower" });
const [first, ...others] = [...frameShapes.map(({ name }) => name), ...frameShapes.map(parseOf)];
if (first === undefined) throw new Error("no shapes");

export const subject: Case = {
  name: "decode-schema",
  about: "CPU time from a frame parsed without loss to the domain, through the ordinary Schema API",
  base: "JSON.parse of the frame's text",
  candidate: "Schema.decodeUnknownSync of what parseExactJson gave; parseExactJson itself apart",
  peers: {
    zod: "a zod schema of every member, of what JSON.parse gave",
    typebox: "a compiled typebox check of every member, of what JSON.parse gave",
  },
  figures: [figureOf(first), ...others.map(figureOf)],
  seconds: 8,
  isolation: "child",
  run,
};
