/** Reads the frames on standard input in three ways, in a process that may make no code from text, and says how many came out the same. */
import { readFileSync } from "node:fs";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { parseExactJson } from "@naru/router/transport/ExactJson";
import { SimpleCandle, SocketCandle } from "../../../src/decode/CandleShape.ts";
import { SimpleOrderbook, SocketOrderbook } from "../../../src/decode/OrderbookShape.ts";
import { FrameScanner } from "../../../src/decode/scan/FrameScanner.ts";
import { decodeGenerally } from "../../../src/decode/SocketFrame.ts";
import { SimpleTicker, SocketTicker } from "../../../src/decode/TickerShape.ts";
import { SimpleTrade, SocketTrade } from "../../../src/decode/TradeShape.ts";

let isForbidden = false;
try {
  // The very thing that must not be there, to see that it is forbidden.
  Reflect.construct(Function, ["return 1"]);
} catch {
  isForbidden = true;
}
if (!isForbidden) throw new Error("this process may make code from text");

const schemas: ReadonlyArray<Schema.Codec<unknown, Readonly<Record<string, unknown>>>> = [
  SocketTicker,
  SimpleTicker,
  SocketTrade,
  SimpleTrade,
  SocketOrderbook,
  SimpleOrderbook,
  SocketCandle,
  SimpleCandle,
];
const bySchema = schemas.map((schema) => Schema.decodeUnknownExit(schema));
const scanner = new FrameScanner();
const frames = JSON.parse(readFileSync(0, "utf8")) as ReadonlyArray<string>;
let same = 0;
for (const frame of frames) {
  const json = Result.getOrThrow(parseExactJson(frame));
  const values = [scanner.scan(new TextEncoder().encode(frame))?.[0], decodeGenerally(frame)[0]].map((message) =>
    message !== undefined && "value" in message ? JSON.stringify(message.value) : undefined,
  );
  const read = bySchema.flatMap((decode) => {
    const exit = decode(json);
    return exit._tag === "Success" ? [JSON.stringify(exit.value)] : [];
  });
  if (values[0] !== undefined && values[0] === values[1] && read.includes(values[0])) same++;
}
console.log(`${same} of ${frames.length}`);
