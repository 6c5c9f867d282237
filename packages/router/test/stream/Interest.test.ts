import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { depthOf, keyId, sameKeys, type StreamKey } from "../../src/domain/StreamKey.ts";
import { Interest } from "../../src/stream/Interest.ts";
import type { Priority } from "../../src/domain/Question.ts";
import { bookKey, btc, eth, tickerKey } from "./exchange.ts";

const lingerMs = 100;
const maxReads = 2;
const priorities: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];

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
  priority: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  slots: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 })),
  ms: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120 })),
});

interface ModelRead {
  readonly key: StreamKey;
  readonly depth: number;
  readonly priority: Priority;
  /** Every read of it while it was wanted. */
  readonly at: ReadonlyArray<number>;
}

const lastOf = (read: ModelRead): number => read.at.at(-1) ?? 0;

/** The same, said as plainly as possible: a list of holds and a list of reads, looked through every time. */
class Model {
  holds: Array<StreamKey> = [];
  reads: Array<ModelRead> = [];

  release(key: StreamKey): void {
    const at = this.holds.findIndex((held) => keyId(held) === keyId(key) && depthOf(held) === depthOf(key));
    if (at !== -1) this.holds.splice(at, 1);
  }

  read(key: StreamKey, priority: Priority, slots: number, nowMs: number): "added" | "kept" | "refused" {
    this.expire(nowMs);
    const before = this.reads.find((read) => keyId(read.key) === keyId(key));
    const depth = Math.max(depthOf(key), before?.depth ?? 0);
    const newcomer = { key, depth, priority, at: [...(before?.at ?? []), nowMs] };
    if (before === undefined && !this.holds.some((held) => keyId(held) === keyId(key))) {
      if (!this.slot(newcomer, slots, nowMs)) return "refused";
      if (this.reads.length >= maxReads) {
        const least = this.reads.toSorted((a, b) => importance(a, nowMs) - importance(b, nowMs))[0]!;
        if (importance(least, nowMs) > importance(newcomer, nowMs)) return "refused";
        this.reads = this.reads.filter((read) => read !== least);
      }
    }
    this.reads = [...this.reads.filter((read) => read !== before), newcomer];
    return before?.depth === depth ? "kept" : "added";
  }

  /** Of the kinds that only reads want, the one whose best key matters least makes room. */
  slot(newcomer: ModelRead, slots: number, nowMs: number): boolean {
    const held = new Set(this.holds.map(({ kind }) => kind));
    const kinds = [...new Set(this.reads.map((read) => read.key.kind))].filter((kind) => !held.has(kind));
    const { kind } = newcomer.key;
    if (held.has(kind) || kinds.includes(kind) || kinds.length < slots) return true;
    const best = (of: string) => Math.max(...this.reads.filter((read) => read.key.kind === of).map((read) => importance(read, nowMs)));
    const least = kinds.toSorted((a, b) => best(a) - best(b))[0]!;
    const lastMs = Math.max(...this.reads.filter((read) => read.key.kind === least).map(lastOf));
    if (importance(newcomer, nowMs) <= best(least) * 1.2 && nowMs - lastMs <= 30_000) return false;
    this.reads = this.reads.filter((read) => read.key.kind !== least);
    return true;
  }

  expire(nowMs: number): void {
    this.reads = this.reads.filter((read) => lastOf(read) + lingerMs > nowMs);
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

/** Urgency times the reads, each worth half after a minute. */
const importance = ({ at, priority }: ModelRead, nowMs: number): number =>
  [8, 4, 2, 1][priorities.indexOf(priority)]! * at.reduce((sum, ms) => sum + 2 ** (-(nowMs - ms) / 60_000), 0);

describe("interest", () => {
  it.prop(
    "agrees with a plain list of holds and reads, after any sequence of streams, reads and waits (R003-43, R003-44)",
    { commands: Schema.Array(Command).check(Schema.isMaxLength(60)) },
    ({ commands }) => {
      let slots = 1;
      const interest = new Interest({ maxReads, lingerMs, slots: () => slots });
      const model = new Model();
      let nowMs = 0;
      for (const { act, key: at, ms, priority: urgency, slots: allowed } of commands) {
        const key = keys[at]!;
        const priority = priorities[urgency]!;
        slots = allowed;
        if (act === "add") {
          interest.add(key);
          model.holds.push(key);
        } else if (act === "release") {
          interest.release(key);
          model.release(key);
        } else if (act === "read") assert.strictEqual(interest.read(key, nowMs, priority), model.read(key, priority, slots, nowMs));
        else nowMs += ms;
        const before = interest.version;
        const wanted = interest.wanted(nowMs);
        assert.deepStrictEqual(new Map(wanted.map((each) => [keyId(each) as string, depthOf(each)])), new Map(model.wanted(nowMs)));
        assert.strictEqual(new Set(wanted.map(keyId)).size, wanted.length);
        if (interest.version === before) assert.strictEqual(interest.wanted(nowMs), wanted);
        for (const held of model.holds) assert.isTrue(interest.isHeld(keyId(held)));
        const expiries = model.reads.map((read) => lastOf(read) + lingerMs);
        assert.strictEqual(interest.nextExpiryMs(), Math.min(Number.POSITIVE_INFINITY, ...expiries));
      }
    },
    { arbitrary: { runs: 500 } },
  );

  it("counts the streams of a key, never below none, through ten thousand sequences of opening and closing, also twice", () => {
    let seed = 15;
    const draw = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed % below;
    };
    for (let sequence = 0; sequence < 10_000; sequence++) {
      const interest = new Interest({ maxReads, lingerMs, slots: () => 1 });
      const counts = new Map<string, number>();
      const countOf = (key: StreamKey) => counts.get(`${keyId(key)} ${depthOf(key)}`) ?? 0;
      for (let ops = draw(20); ops >= 0; ops--) {
        const key = keys[draw(keys.length)]!;
        const isOpening = draw(5) < 2;
        if (isOpening) interest.add(key);
        else interest.release(key);
        counts.set(`${keyId(key)} ${depthOf(key)}`, Math.max(0, countOf(key) + (isOpening ? 1 : -1)));
      }
      const held = new Set(keys.filter((key) => countOf(key) > 0).map(keyId));
      assert.deepStrictEqual(new Set(interest.wanted(0).map(keyId)), held);
    }
  });

  it("tells of keys that reads alone bring and lose, and of no key that a stream holds", () => {
    const told: Array<string> = [];
    const changes = {
      began: (key: StreamKey) => void told.push(`began ${keyId(key)}`),
      left: (key: StreamKey) => void told.push(`left ${keyId(key)}`),
    };
    const interest = new Interest({ maxReads: 1, lingerMs, slots: () => 3, changes });
    interest.read(tickerKey(btc), 0, "low");
    interest.read(tickerKey(btc), 10, "low");
    interest.read(tickerKey(eth), 20);
    assert.deepStrictEqual(told.splice(0), ["began ticker:KRW-BTC", "began ticker:KRW-ETH", "left ticker:KRW-BTC"]);
    interest.add(bookKey(btc, 1));
    interest.read(bookKey(btc, 1), 30);
    assert.deepStrictEqual(told.splice(0), []);
    interest.wanted(30 + lingerMs);
    interest.release(bookKey(btc, 1));
    assert.deepStrictEqual(told.splice(0), ["left ticker:KRW-ETH"]);
    interest.read(tickerKey(btc), 300);
    interest.wanted(300 + lingerMs);
    assert.deepStrictEqual(told, ["began ticker:KRW-BTC", "left ticker:KRW-BTC"]);
  });

  it("what a caller demands of the socket takes no slot from others, and they take none from it", () => {
    const told: Array<string> = [];
    const changes = { began: () => {}, left: (key: StreamKey) => void told.push(keyId(key)) };
    const interest = new Interest({ maxReads: 10, lingerMs, slots: () => 1, changes });
    interest.read(tickerKey(btc), 0, "low", true);
    assert.strictEqual(interest.read(bookKey(btc, 5), 1, "critical"), "added");
    assert.strictEqual(interest.read(tickerKey(eth), 2, "low"), "added");
    assert.strictEqual(interest.read({ kind: "trades", market: btc }, 3, "low"), "refused");
    assert.deepStrictEqual(told, []);
    // Until nobody has demanded it for a while.
    interest.read(tickerKey(eth), lingerMs, "low");
    interest.read(bookKey(btc, 5), lingerMs, "critical");
    assert.strictEqual(interest.read({ kind: "trades", market: btc }, lingerMs + 1, "critical"), "added");
    assert.deepStrictEqual(told, ["ticker:KRW-BTC", "ticker:KRW-ETH"]);
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
