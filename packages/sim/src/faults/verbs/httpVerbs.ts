/**
 * Faults of HTTP itself, which only a TCP connection has: lengths that are wrong, chunks that cannot be read, bytes after the end. The answer is
 * written by hand, because no HTTP server would write it so.
 */
import { STATUS_CODES } from "node:http";
import type { ExchangeResponse } from "../../Exchange.ts";
import { choice, text } from "../Parameter.ts";
import { restVerb } from "../Verb.ts";

const loopback = ["loopback"] as const;

interface Message {
  readonly headers: ReadonlyArray<string>;
  readonly body: Uint8Array;
}

const raw = (answer: ExchangeResponse, { headers, body }: Message): ExchangeResponse => {
  const own = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`, ...own, ...headers, "", ""].join("\r\n");
  return { ...answer, delivery: { ...answer.delivery, raw: Buffer.concat([Buffer.from(head), body]) } };
};

const lengths = {
  long: (length: number) => [`content-length: ${length + 100}`],
  short: (length: number) => [`content-length: ${Math.max(0, length - 10)}`],
  duplicate: (length: number) => [`content-length: ${length}`, `content-length: ${length + 1}`],
  garbage: () => ["content-length: many"],
};

const chunkOf = (body: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);

const chunks = {
  "bad-size": (body: Uint8Array) => Buffer.concat([Buffer.from("zz\r\n"), body]),
  "no-end": chunkOf,
  "wrong-size": (body: Uint8Array) => Buffer.concat([Buffer.from("5\r\n"), body, Buffer.from("\r\n0\r\n\r\n")]),
};

export const httpVerbs = [
  restVerb(
    "content-length",
    { about: "The Content-Length is not the body's", ids: ["A20"], doors: loopback },
    {
      form: choice("How it is wrong", ["long", "short", "duplicate", "garbage"]),
    },
    ({ form }) => ({ onAnswer: (answer) => raw(answer, { headers: lengths[form](answer.body.length), body: answer.body }) }),
  ),
  restVerb(
    "chunk-error",
    { about: "A chunked body cannot be read", ids: ["A20"], doors: loopback },
    {
      form: choice("What is wrong", ["bad-size", "no-end", "wrong-size"]),
    },
    ({ form }) => ({
      onAnswer: (answer) => raw(answer, { headers: ["transfer-encoding: chunked"], body: chunks[form](answer.body) }),
    }),
  ),
  restVerb(
    "extra-bytes",
    { about: "A second answer follows the first, and nobody asked for it", ids: ["A21"], doors: loopback },
    {
      body: text("Its body", '[{"market":"KRW-ETH","trade_price":1.0}]'),
    },
    ({ body }) => ({
      onAnswer: (answer) => {
        const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
        return { ...answer, delivery: { ...answer.delivery, afterwards: Buffer.from(head + body) } };
      },
    }),
  ),
] as const;
