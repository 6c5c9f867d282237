import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { depthOf, keyId, sameKeys, type StreamKey } from "../../src/domain/StreamKey.ts";
import { Interest } from "../../src/stream/Interest.ts";
import { bookKey, btc, eth, tickerKey } from "./exchange.ts";

const lingerMs = 100;
const maxReads = 2;

const keys: ReadonlyArray<StreamKey> = [
  tickerKey(btc),
  tickerKey(eth),
  bookKey(btc, 1),
  bookKey(btc, 7),
  bookKey(btc, 30),
  bookKey(eth, 5),
];

const Command = Schema.Struct({
  act: Schema.Literals(["add", "release", "read", "wait"]),
  key: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: keys.length - 1 })),
  ms: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120 })),
});

/** The same, said as plainly as possible: a list of holds and a list of reads, looked through every time. */
class Model {
  holds: Array<StreamKey> = [];
  reads: Array<{ readonly key: StreamKey; readonly depth: number; readonly atMs: number }> = [];

  release(key: StreamKey): void {
    const at = this.holds.findIndex((held) => keyId(held) === keyId(key) && depthOf(held) === depthOf(key));
    if (at !== -1) this.holds.splice(at, 1);
  }

  read(key: StreamKey, nowMs: number): void {
    this.expire(nowMs);
    const before = this.reads.find((read) => keyId(read.key) === keyId(key));
    this.reads = this.reads.filter((read) => read !== before);
    this.reads.push({ key, depth: Math.max(depthOf(key), before?.depth ?? 0), atMs: nowMs });
    this.reads = this.reads.slice(-maxReads);
  }

  expire(nowMs: number): void {
    this.reads = this.reads.filter((read) => read.atMs + lingerMs > nowMs);
  }

  wanted(nowMs: number): ReadonlyMap<string, number> {
    this.expire(nowMs);
    const wanted = new Map<string, number>();
    const want = (key: StreamKey, depth: number) => wanted.set(keyId(key), Math.max(depth, wanted.get(keyId(key)) ?? 0));
    for (const key of this.holds) want(key, depthOf(key));
    for (const read of this.reads) want(read.key, read.depth);
    return wanted;
  }
}

describe("interest", () => {
  it.prop(
    "agrees with a plain list of holds and reads, after any sequence of streams, reads and waits",
    { commands: Schema.Array(Command).check(Schema.isMaxLength(60)) },
    ({ commands }) => {
      const interest = new Interest({ maxReads, lingerMs });
      const model = new Model();
      let nowMs = 0;
      for (const { act, key: at, ms } of commands) {
        const key = keys[at]!;
        if (act === "add") {
          interest.add(key);
          model.holds.push(key);
        } else if (act === "release") {
          interest.release(key);
          model.release(key);
        } else if (act === "read") {
          const before = model.reads.find((read) => keyId(read.key) === keyId(key) && read.atMs + lingerMs > nowMs);
          assert.strictEqual(interest.read(key, nowMs), before === undefined || before.depth < depthOf(key));
          model.read(key, nowMs);
        } else nowMs += ms;
        const wanted = interest.wanted(nowMs);
        assert.deepStrictEqual(new Map(wanted.map((each) => [keyId(each) as string, depthOf(each)])), new Map(model.wanted(nowMs)));
        assert.strictEqual(new Set(wanted.map(keyId)).size, wanted.length);
        assert.strictEqual(interest.nextExpiryMs(), Math.min(Number.POSITIVE_INFINITY, ...model.reads.map((read) => read.atMs + lingerMs)));
      }
    },
    { arbitrary: { runs: 500 } },
  );

  it("tells of keys that reads alone bring and lose, and of no key that a stream holds", () => {
    const told: Array<string> = [];
    const changes = {
      began: (key: StreamKey) => void told.push(`began ${keyId(key)}`),
      left: (key: StreamKey) => void told.push(`left ${keyId(key)}`),
    };
    const interest = new Interest({ maxReads: 1, lingerMs, changes });
    interest.read(tickerKey(btc), 0);
    interest.read(tickerKey(btc), 10);
    interest.read(tickerKey(eth), 20);
    assert.deepStrictEqual(told.splice(0), ["began ticker:KRW-BTC", "began ticker:KRW-ETH", "left ticker:KRW-BTC"]);
    interest.add(bookKey(btc, 1));
    interest.read(bookKey(btc, 1), 30);
    assert.deepStrictEqual(told.splice(0), ["left ticker:KRW-ETH"]);
    interest.wanted(30 + lingerMs);
    interest.release(bookKey(btc, 1));
    assert.deepStrictEqual(told.splice(0), []);
    interest.read(tickerKey(btc), 300);
    interest.wanted(300 + lingerMs);
    assert.deepStrictEqual(told, ["began ticker:KRW-BTC", "left ticker:KRW-BTC"]);
  });

  it("rounds a book's depth up to one the exchange accepts", () => {
    const depths = [1, 2, 5, 6, 15, 16, 30, 99].map((levels) => depthOf(bookKey(btc, levels)));
    assert.deepStrictEqual(depths, [1, 5, 5, 15, 15, 30, 30, 30]);
  });

  it("compares wanted sets by key and depth, not by order", () => {
    assert.isTrue(sameKeys([tickerKey(btc), bookKey(eth, 3)], [bookKey(eth, 5), tickerKey(btc)]));
    assert.isFalse(sameKeys([bookKey(eth, 5)], [bookKey(eth, 15)]));
    assert.isFalse(sameKeys([tickerKey(btc)], [tickerKey(eth)]));
    assert.isFalse(sameKeys([tickerKey(btc)], []));
  });
});
