import { connect } from "node:net";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { WebSocket } from "ws";
import { Exchange, type Fault, layerLoopbackServer, LoopbackServer, Script } from "../../src/index.ts";
import { wireCases } from "./wireCases.ts";

const server = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 1 })));

const ticker = "/v1/ticker?markets=KRW-BTC";

/** Fetches, trusts, shows a price; or what stopped it. */
const naiveFetch = (url: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    try {
      const [row]: ReadonlyArray<{ readonly market: string }> = await (await fetch(url)).json();
      return `shows ${row?.market}`;
    } catch (error) {
      return error instanceof Error ? error.name : "?";
    }
  });

/** Takes what comes first for the answer to what it asked first. */
const naivePipe = (port: number, markets: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.callback((resume) => {
    const bodies: Array<string> = [];
    let read = "";
    const tcp = connect(port, "127.0.0.1");
    const next = () => tcp.write(`GET /v1/ticker?markets=${markets[bodies.length]} HTTP/1.1\r\nhost: sim\r\n\r\n`);
    tcp.on("connect", next);
    tcp.on("data", (chunk) => {
      read += chunk.toString("latin1");
      const [, length, rest] = /content-length: (\d+)[\s\S]*?\r\n\r\n([\s\S]*)/.exec(read) ?? [];
      if (rest === undefined || rest.length < Number(length)) return;
      bodies.push(rest.slice(0, Number(length)));
      read = rest.slice(Number(length));
      if (bodies.length < markets.length) {
        next();
        if (read !== "") tcp.emit("data", Buffer.alloc(0));
        return;
      }
      tcp.destroy();
      resume(Effect.succeed(bodies));
    });
  });

interface Heard {
  readonly kinds: ReadonlyArray<string>;
  readonly error: string;
}

/** The first message, or what stopped it. */
const naiveSocket = (url: string): Effect.Effect<Heard> =>
  Effect.callback((resume) => {
    const client = new WebSocket(url, { perMessageDeflate: true });
    client.on("open", () => client.send('[{"ticket":"t"},{"type":"ticker","codes":["KRW-BTC"]}]'));
    const end = (heard: Heard) => {
      resume(Effect.succeed(heard));
      client.terminate();
    };
    client.on("message", (_data, isBinary) => end({ kinds: [isBinary ? "binary" : "text"], error: "" }));
    client.on("error", (error) => end({ kinds: [], error: "code" in error ? String(error.code) : error.message }));
  });

/** Reads frames by hand, and takes each for a message: its opcode and whether its text parses. */
const naiveFrames = (port: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.callback((resume) => {
    const message = Buffer.from('[{"ticket":"t"},{"type":"ticker","codes":["KRW-BTC"]}]');
    const tcp = connect(port, "127.0.0.1", () =>
      tcp.write(
        "GET /websocket/v1 HTTP/1.1\r\nhost: sim\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      ),
    );
    let read = Buffer.alloc(0);
    let isOpen = false;
    tcp.on("data", (chunk) => {
      read = Buffer.concat([read, chunk]);
      const head = read.indexOf("\r\n\r\n");
      if (!isOpen && head >= 0) {
        isOpen = true;
        read = read.subarray(head + 4);
        tcp.write(Buffer.concat([Buffer.of(0x82, 0x80 | message.length, 0, 0, 0, 0), message]));
      }
      const frames: Array<string> = [];
      for (let at = 0; at + 4 <= read.length && frames.length < 3;) {
        const short = (read[at + 1] ?? 0) & 0x7f;
        const length = short === 126 ? read.readUInt16BE(at + 2) : short;
        const start = at + (short === 126 ? 4 : 2);
        if (start + length > read.length) break;
        frames.push(`${(read[at] ?? 0).toString(16)} ${parses(read.subarray(start, start + length).toString())}`);
        at = start + length;
      }
      if (frames.length < 3) return;
      tcp.destroy();
      resume(Effect.succeed(frames));
    });
  });

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("a fault of the wire harms a client that trusts it, and the ledger says which it was", () => {
  const test = (fault: Fault, run: Effect.Effect<void, unknown, Exchange | LoopbackServer>) =>
    it.live(JSON.stringify(fault), () =>
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        yield* Script.fault(fault);
        yield* run;
        assert.isNotEmpty(ledger.faults(fault.verb));
      }).pipe(Effect.provide(server)),
    );

  for (const { fault, shows, error } of wireCases) {
    if (shows !== undefined)
      test(
        fault,
        Effect.gen(function* () {
          const { url } = yield* LoopbackServer;
          assert.include(shows, yield* naiveFetch(url + ticker));
          yield* Script.endFault(fault.verb);
          assert.strictEqual(yield* naiveFetch(url + ticker), "shows KRW-BTC");
        }),
      );
    if (error !== undefined)
      test(
        fault,
        Effect.gen(function* () {
          const { socketUrl } = yield* LoopbackServer;
          assert.strictEqual((yield* naiveSocket(socketUrl)).error, error);
          yield* Script.endFault(fault.verb);
          assert.deepStrictEqual(yield* naiveSocket(socketUrl), { kinds: ["binary"], error: "" });
        }),
      );
  }

  test(
    { verb: "extra-bytes", times: 1 },
    Effect.gen(function* () {
      const [first, second] = yield* naivePipe((yield* LoopbackServer).port, ["KRW-BTC", "KRW-XRP"]);
      assert.include(first, '"market":"KRW-BTC"');
      assert.include(second, '"market":"KRW-ETH"', "the answer to nothing is taken for the answer to KRW-XRP");
    }),
  );

  test(
    { verb: "text-frames" },
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* naiveSocket((yield* LoopbackServer).socketUrl)).kinds, ["text"], "it waits for binary ones");
    }),
  );

  test(
    { verb: "fragmented-frames" },
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* naiveFrames((yield* LoopbackServer).port), ["2 false", "0 false", "80 false"]);
    }),
  );
});
