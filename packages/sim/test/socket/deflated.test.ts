/** The lengths of compressed messages without a wire, against one compressor for a whole connection: what a WebSocket server has. */
import { constants, createDeflateRaw } from "node:zlib";
import { assert, describe, it } from "vitest";
import { Deflated } from "../../src/socket/Deflated.ts";
import { frameSize } from "../../src/socket/frameSize.ts";

/** Compressed as by a server: one stream, flushed after each message, the flush's tail not sent. */
const lengthsOfServer = async (messages: ReadonlyArray<Uint8Array>): Promise<ReadonlyArray<number>> => {
  const stream = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  let length = 0;
  stream.on("data", (chunk: Buffer) => {
    length += chunk.length;
  });
  const lengths: Array<number> = [];
  for (const message of messages) {
    length = 0;
    stream.write(message);
    await new Promise<void>((done) => stream.flush(constants.Z_SYNC_FLUSH, done));
    lengths.push(length - 4);
  }
  return lengths;
};

const ticker = (at: number) =>
  JSON.stringify({
    type: "ticker",
    code: at % 3 === 0 ? "KRW-BTC" : "KRW-ETH",
    trade_price: 91_368_000 + ((at * 7919) % 4_001),
    timestamp: 1_767_582_000_000 + at * 137,
  });

const text = (message: string) => new TextEncoder().encode(message);

describe("the compressed length of messages", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<Uint8Array>]> = [
    ["of messages like each other", Array.from({ length: 400 }, (_, at) => text(ticker(at)))],
    ["of one message alone", [text(ticker(1))]],
    [
      "of messages longer than the window",
      Array.from({ length: 6 }, (_, at) => text(Array.from({ length: 300 }, (__, line) => ticker(at * 300 + line)).join())),
    ],
  ];
  for (const [title, messages] of cases)
    it(`${title} is a server's within two hundredths`, async () => {
      const deflated = new Deflated();
      const ours = messages.map((message) => deflated.lengthOf(message)).reduce((sum, length) => sum + length, 0);
      const theirs = (await lengthsOfServer(messages)).reduce((sum, length) => sum + length, 0);
      assert.closeTo(ours, theirs, Math.ceil(theirs * 0.02));
    });
});

it("a server's frame has two, four or ten bytes before its payload", () => {
  assert.deepStrictEqual(
    [0, 125, 126, 65_535, 65_536].map((length) => frameSize(length) - length),
    [2, 2, 4, 4, 10],
  );
});
