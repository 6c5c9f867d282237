/**
 * The same frame read by what people use. Each reader returns the price, or the sum of the sizes asked: one number that says the frame was understood.
 * The validators' schemas are made of a frame, member by member, as strict as one would write them by hand: every member is there and of its type.
 */
import { pro } from "ccxt";
import { UpbitBookChangeMapper, UpbitTradesMapper } from "tardis-dev/dist/mappers/upbit.js";
import { Type, type TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { z } from "zod";
import type { FrameShape, WireFrame } from "./frameShapes.ts";

/** Checks what `JSON.parse` gave, and gives what it lets through. */
export type Validate = (value: unknown) => WireFrame;

export const zodValidator = (sample: unknown): Validate => {
  const schema = zodOf(sample);
  return (value) => schema.parse(value) as WireFrame; // the schema was made of such a frame
};

export const typeboxValidator = (sample: unknown): Validate => {
  const compiled = Compile(typeboxOf(sample));
  return (value) => {
    if (!compiled.Check(value)) throw new Error("not a frame");
    return value as WireFrame; // it was checked
  };
};

/** Reads values that `JSON.parse` gave; `undefined` where a library has nothing for such frames. */
export const ccxtReader = ({ type, format }: FrameShape, codes: ReadonlyArray<string>): ((frame: Buffer) => number) | undefined => {
  if (format === "SIMPLE") return undefined;
  const client = new pro.upbit({ options: { watchOrderBook: { limit: 30 } } });
  client.setMarkets(client.parseMarkets(codes.map((market) => ({ market, korean_name: market, english_name: market }))));
  // Its own connection hands messages over in this way. Nobody waits here, so nobody is to be told: the one method that is called does nothing.
  const connection = { resolve: () => undefined } as never;
  const symbols = new Map(codes.map((code) => [code, code.split("-").toReversed().join("/")]));
  const symbolOf = ({ code = "" }: WireFrame) => symbols.get(code) ?? "";
  return (frame) => {
    const message: WireFrame & { stream_type?: string } = JSON.parse(frame.toString("utf8").replace(/:(\d{15,}),/g, ':"$1",'));
    // Its client makes a book when it is told of a snapshot, and goes on with it.
    if (type === "orderbook" && client.orderbooks[symbolOf(message)] === undefined) message.stream_type = "SNAPSHOT";
    client.handleMessage(connection, message);
    const symbol = symbolOf(message);
    if (type === "ticker") return Number(client.tickers[symbol]?.last);
    if (type === "trade") return Number(client.trades[symbol]?.at(-1)?.price);
    return Array.from(client.orderbooks[symbol]?.asks ?? [], ([, size]) => Number(size)).reduce((sum, size) => sum + size, 0);
  };
};

export const tardisReader = ({ type, format }: FrameShape): ((frame: Buffer) => number) | undefined => {
  if (format === "SIMPLE" || type === "ticker") return undefined;
  const received = new Date(0);
  if (type === "trade") {
    const mapper = new UpbitTradesMapper();
    return (frame) => only(mapper.map(JSON.parse(frame.toString("utf8")), received)).price;
  }
  const mapper = new UpbitBookChangeMapper();
  return (frame) => only(mapper.map(JSON.parse(frame.toString("utf8")), received)).asks.reduce((sum, { amount }) => sum + amount, 0);
};

const only = <A>(values: Iterable<A>): A => {
  for (const value of values) return value;
  throw new Error("nothing was made of the frame");
};

const zodOf = (sample: unknown): z.ZodType => {
  if (Array.isArray(sample)) return z.array(zodOf(sample[0]));
  if (typeof sample === "object" && sample !== null)
    return z.object(Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, zodOf(value)])));
  if (sample === null) return z.nullable(z.string());
  return typeof sample === "number" ? z.number() : typeof sample === "boolean" ? z.boolean() : z.string();
};

const typeboxOf = (sample: unknown): TSchema => {
  if (Array.isArray(sample)) return Type.Array(typeboxOf(sample[0]));
  if (typeof sample === "object" && sample !== null)
    return Type.Object(Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, typeboxOf(value)])));
  if (sample === null) return Type.Union([Type.String(), Type.Null()]);
  return typeof sample === "number" ? Type.Number() : typeof sample === "boolean" ? Type.Boolean() : Type.String();
};
