/** Frames that are legal and rare, byte by byte on the wire: the cases of the Autobahn suite that concern a client which only listens. */
import type { Socket } from "node:net";
import { assert, describe, it } from "@effect/vitest";
import { Transport } from "@naru/router/transport/Transport";
import { Deferred, Effect } from "effect";
import * as NodeTransport from "../src/NodeTransport.ts";
import { rawSocketServer } from "./servers.ts";

const opcodes = { more: 0, text: 1, binary: 2, ping: 9, pong: 10 } as const;

/** One frame as a server writes it: unmasked, its length in the shortest of the three forms. */
const frame = (kind: keyof typeof opcodes, payload: string | Buffer, isLast = true): Buffer => {
  const body = Buffer.from(payload);
  const first = (isLast ? 0x80 : 0) | opcodes[kind];
  if (body.length < 126) return Buffer.concat([Buffer.from([first, body.length]), body]);
  const head = Buffer.alloc(body.length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = head.length === 4 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  else head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
};

/** One message in so many frames as there are parts, with something between each two. */
const fragmented = (kind: "text" | "binary", parts: ReadonlyArray<string | Buffer>, between = Buffer.alloc(0)): Buffer =>
  Buffer.concat(
    parts.flatMap((part, at) => [
      frame(at === 0 ? kind : "more", part, at === parts.length - 1),
      at === parts.length - 1 ? Buffer.alloc(0) : between,
    ]),
  );

const lengths = [0, 1, 125, 126, 127, 128, 65_535, 65_536];
const won = Buffer.from("원-비트코인");
const bytesOf = (text: Buffer) => [...text].map((byte) => Buffer.from([byte]));
const pings = Buffer.concat([frame("ping", "a"), frame("pong", ""), frame("ping", "x".repeat(125))]);

interface Case {
  readonly what: string;
  readonly wire: Buffer;
  readonly message: string;
}

const whole = (kind: "text" | "binary") =>
  lengths.map((length): Case => ({
    what: `${kind} of ${length} bytes`,
    wire: frame(kind, "x".repeat(length)),
    message: "x".repeat(length),
  }));

const inPieces = (kind: "text" | "binary"): ReadonlyArray<Case> => [
  { what: `${kind} in two`, wire: fragmented(kind, ["ab", "cd"]), message: "abcd" },
  { what: `${kind} in five, with pings between`, wire: fragmented(kind, ["a", "b", "c", "d", "e"], pings), message: "abcde" },
  { what: `${kind} with an empty first piece`, wire: fragmented(kind, ["", "cd"]), message: "cd" },
  { what: `${kind} with an empty piece in the middle`, wire: fragmented(kind, ["ab", "", "cd"]), message: "abcd" },
  { what: `${kind} with an empty last piece`, wire: fragmented(kind, ["ab", ""]), message: "ab" },
  { what: `${kind} of empty pieces alone`, wire: fragmented(kind, ["", "", ""], pings), message: "" },
  { what: `${kind} with a frame for each byte, in the middle of characters`, wire: fragmented(kind, bytesOf(won)), message: String(won) },
];

const cases: ReadonlyArray<Case> = [
  ...whole("text"),
  ...whole("binary"),
  ...inPieces("text"),
  ...inPieces("binary"),
  { what: "text after pings", wire: Buffer.concat([pings, frame("text", "a")]), message: "a" },
  { what: "text after a pong that nobody asked for", wire: Buffer.concat([frame("pong", "why"), frame("text", "a")]), message: "a" },
];

/** What the transport hands over until `last` came. `start` gets the server's side; our side says "ready", and "seen" after every read. */
const received = Effect.fnUntraced(function* (last: string, start: (socket: Socket) => void) {
  const server = yield* rawSocketServer(start);
  const done = yield* Deferred.make<void>();
  const messages: Array<string> = [];
  let closes = 0;
  const transport = yield* Transport;
  let answer = () => {};
  const socket = yield* transport.socket(server.url, {
    onFrame: (data) => {
      messages.push(String(data));
      if (String(data) === last) Deferred.doneUnsafe(done, Effect.void);
    },
    onReadEnd: () => answer(),
    onPong: () => {},
    onClose: () => {
      closes++;
      Deferred.doneUnsafe(done, Effect.void);
    },
  });
  answer = () => Effect.runFork(socket.send("seen"));
  yield* socket.send("ready");
  yield* Deferred.await(done);
  return { messages, closes };
});

/** The server never answers a close frame; that is not waited for. */
const quickly = NodeTransport.layer({ timeouts: { closeMs: 50 } });

describe("one message", () => {
  it.live("comes as one, whatever frames it was sent in (B21)", () =>
    Effect.gen(function* () {
      const sent = Buffer.concat([...cases.map(({ wire }) => wire), frame("text", "the end")]);
      const { messages, closes } = yield* received("the end", (socket) => socket.once("data", () => socket.write(sent)));
      for (const [at, { what, message }] of cases.entries()) assert.isTrue(messages[at] === message, what);
      assert.deepStrictEqual([messages.length, closes], [cases.length + 1, 0]);
    }).pipe(Effect.scoped, Effect.provide(quickly)),
  );

  it.live("comes as one, wherever the network cuts it: in its head, in its length, in its text", () =>
    Effect.gen(function* () {
      const half = frame("text", "y".repeat(300));
      for (const cut of [1, 2, 3, 4, 150, half.length - 1]) {
        // The first half follows a whole message, so it was read when that one is answered; the rest goes out only then.
        const { messages, closes } = yield* received("the end", (socket) => {
          socket.once("data", () => {
            socket.write(Buffer.concat([frame("text", "first"), half.subarray(0, cut)]));
            socket.once("data", () => socket.write(Buffer.concat([half.subarray(cut), frame("text", "the end")])));
          });
        });
        assert.deepStrictEqual([messages, closes], [["first", "y".repeat(300), "the end"], 0], `cut after ${cut}`);
      }
    }).pipe(Effect.scoped, Effect.provide(quickly)),
  );
});
