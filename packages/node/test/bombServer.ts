/** A server of hand-made frames: it agrees to permessage-deflate, sends one harmless message and then what inflates a thousandfold. */
import { createHash } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { Deferred, Effect } from "effect";
import { tcpServer } from "./servers.ts";

const mebibyte = 1024 * 1024;
const repeats = 1_000;

/** `one frame` and `fragments` are one message of a thousand mebibytes; `messages` are a thousand of a byte more than the limit each. */
export type BombShape = "one frame" | "fragments" | "messages";

/** Deflated up to a byte boundary, so that pieces can be put together. */
const deflated = (bytes: number) => deflateRawSync(Buffer.alloc(bytes), { finishFlush: constants.Z_FULL_FLUSH });
const zeros = deflated(mebibyte);
/** What every message ends with is not sent: `00 00 ff ff`. */
const message = (packed: Buffer) => packed.subarray(0, -4);

const frame = (head: number, payload: Buffer): Buffer => {
  const length = Buffer.alloc(9);
  length[0] = 127;
  length.writeBigUInt64BE(BigInt(payload.length), 1);
  return Buffer.concat([Buffer.of(head), length, payload]);
};

/** FIN, RSV1 (compressed) and the opcode of a text; a continuation has neither RSV1 nor an opcode. */
const compressedText = 0xc1;
const unfinishedCompressedText = 0x41;
const continuation = 0x00;
const lastContinuation = 0x80;

const bombs: Readonly<Record<BombShape, () => Buffer>> = {
  "one frame": () => frame(compressedText, message(Buffer.concat(Array.from({ length: repeats }, () => zeros)))),
  fragments: () =>
    Buffer.concat(
      Array.from({ length: repeats }, (_, at) =>
        at === repeats - 1 ? frame(lastContinuation, message(zeros)) : frame(at === 0 ? unfinishedCompressedText : continuation, zeros),
      ),
    ),
  messages: () => {
    const tooLong = frame(compressedText, message(deflated(mebibyte + 1)));
    return Buffer.concat(Array.from({ length: repeats }, () => tooLong));
  },
};

const harmless = frame(compressedText, message(deflateRawSync("hello", { finishFlush: constants.Z_FULL_FLUSH })));

export const bombServer = Effect.fnUntraced(function* (shape: BombShape) {
  const closeCode = yield* Deferred.make<number>();
  const bomb = bombs[shape]();
  const server = yield* tcpServer((socket) => {
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(head.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${accept}`,
        "Sec-WebSocket-Extensions: permessage-deflate",
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.write(harmless);
      // The bomb waits for the client's first word; what comes back after it is the client's close frame.
      socket.once("data", () => {
        socket.once("data", (reply) => Deferred.doneUnsafe(closeCode, Effect.succeed(closeCodeOf(reply))));
        socket.write(bomb);
      });
    });
  });
  return { url: `ws://${server.host}/`, closeCode };
});

/** The code in a client's close frame: the mask stands before it. */
const closeCodeOf = (bytes: Buffer): number => ((bytes[6] ?? 0) ^ (bytes[2] ?? 0)) * 256 + ((bytes[7] ?? 0) ^ (bytes[3] ?? 0));
