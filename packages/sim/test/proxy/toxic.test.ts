import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { Sequence } from "../../src/market/Hash.ts";
import { FrameCounter } from "../../src/proxy/FrameCounter.ts";
import { decodeToxic, parseToxic, toxicVerbs } from "../../src/proxy/Toxic.ts";

describe("a toxic", () => {
  it.effect("is read from JSON and from words alike, with its defaults", () =>
    Effect.gen(function* () {
      const latency = { verb: "latency", latencyMs: 250, jitterMs: 0, direction: "both", toxicity: 1 } as const;
      assert.deepStrictEqual(yield* decodeToxic({ verb: "latency", latencyMs: 250, direction: "both" }), latency);
      assert.deepStrictEqual(yield* parseToxic("latency", ["latencyMs=250", "direction=both"]), latency);
      assert.deepStrictEqual(yield* parseToxic("down", []), { verb: "down" });
    }),
  );

  it.effect("is refused with the name of what is wrong", () =>
    Effect.gen(function* () {
      const wrong = (verb: string, ...pairs: ReadonlyArray<string>) =>
        Effect.map(Effect.flip(parseToxic(verb, pairs)), ({ field }) => field);
      assert.strictEqual(yield* wrong("lag"), "verb");
      assert.strictEqual(yield* wrong("latency", "latencyMs=soon"), "latencyMs");
      assert.strictEqual(yield* wrong("latency", "latencyMs=-1"), "latencyMs");
      assert.strictEqual(yield* wrong("latency", "toxicity=2"), "toxicity");
      assert.strictEqual(yield* wrong("latency", "latency=5"), "latency");
      assert.strictEqual(yield* wrong("latency", "250"), "250");
      assert.strictEqual((yield* Effect.flip(decodeToxic("latency"))).field, "verb");
    }),
  );

  it.effect("of every verb is complete without parameters, and documented with them", () =>
    Effect.gen(function* () {
      for (const { verb, parameters } of toxicVerbs) {
        const { verb: _, ...defaults } = yield* parseToxic(verb, []);
        assert.deepStrictEqual(defaults, Object.fromEntries(parameters.map((row) => [row.name, row.default])));
        assert.isTrue(
          parameters.every(({ about }) => about !== ""),
          verb,
        );
      }
    }),
  );
});

describe("counting frames", () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

  const frame = (opcode: number, length: number): Buffer => {
    const size = length < 126 ? Buffer.of(length) : length < 65_536 ? Buffer.alloc(3) : Buffer.alloc(9);
    if (size.length === 3) size.writeUInt16BE(length, size.writeUInt8(126));
    if (size.length === 9) size.writeBigUInt64BE(BigInt(length), size.writeUInt8(127));
    return Buffer.concat([Buffer.of(0x80 | opcode), size, Buffer.alloc(length, 0x82)]);
  };

  it("comes to the same wherever the bytes are cut", () => {
    const bytes = Buffer.concat([Buffer.from(head), ...[0, 1, 125, 126, 65_535, 65_536, 7].flatMap((n) => [frame(2, n), frame(9, 3)])]);
    const chance = new Sequence(1);
    for (let run = 0; run < 200; run++) {
      const counter = new FrameCounter();
      for (let at = 0; at < bytes.length;) {
        const next = Math.min(bytes.length, at + 1 + Math.floor(chance.next() ** 3 * 70_000));
        assert.strictEqual(counter.pass(bytes.subarray(at, next)), next - at);
        at = next;
      }
      assert.strictEqual(counter.count, 7);
    }
  });

  it("stops behind the frame it was told", () => {
    const counter = new FrameCounter();
    const bytes = Buffer.concat([Buffer.from(head), frame(1, 10), frame(1, 20), frame(1, 30)]);
    assert.strictEqual(counter.pass(bytes, 2), head.length + 12 + 22);
    assert.strictEqual(counter.pass(bytes.subarray(head.length + 34), 2), 0);
  });

  it("finds none in an ordinary answer", () => {
    const counter = new FrameCounter();
    const bytes = Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), frame(1, 10)]);
    assert.strictEqual(counter.pass(bytes, 1), bytes.length);
    assert.strictEqual(counter.count, 0);
  });
});
