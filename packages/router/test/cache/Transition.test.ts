/** Values left behind by a change of what reads hold: how long they last, what is told of the change, and when they are read. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { HotEntry } from "../../src/cache/HotStore.ts";
import { readFrom, Transition } from "../../src/cache/Transition.ts";
import { type KeyId, keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import { btc, marketOf } from "../samples.ts";

const ms = (at: number) => BigInt(at) * 1_000_000n;
const lastsMs = 10_000;
const tickerOf = (code: string): StreamKey => ({ kind: "ticker", market: marketOf(code) });
const from: StreamKey = { kind: "ticker", market: btc };
const to = tickerOf("KRW-ETH");

const entry = (value: unknown): HotEntry => ({
  value,
  exchangeTimeMs: 1,
  receivedNanos: 0n,
  receivedMs: 0,
  confirmedNanos: 0n,
  channel: "websocket",
});

/** A transition in which reads turned from `from` to `to` at 1,000 ms, and `from` left 500 ms later. */
const changed = () => {
  const transition = new Transition({ capacity: 2, lastsMs });
  transition.begin(to, ms(1_000));
  transition.leave(from, entry("last"), ms(1_500));
  return transition;
};

const nobodyLive = () => false;

describe("the value of a key that reads turned away from", () => {
  it("is there for ten seconds from the beginning of the change, and then no more (C-02)", () => {
    const transition = changed();
    assert.strictEqual(transition.get(keyId(from), ms(1_500))?.value, "last");
    assert.strictEqual(transition.get(keyId(from), ms(10_999))?.value, "last");
    assert.isUndefined(transition.get(keyId(from), ms(11_000)));
    assert.strictEqual(transition.size, 0);
    assert.isUndefined(transition.get(keyId(to), ms(1_500)));
  });

  it("is not kept without a change to another market of its kind", () => {
    const transition = new Transition({ capacity: 2, lastsMs });
    transition.leave(from, entry("lingered out"), ms(0));
    transition.begin({ kind: "trades", market: marketOf("KRW-ETH") }, ms(0));
    transition.leave(from, entry("another kind"), ms(1));
    transition.begin(from, ms(2));
    transition.leave(from, entry("itself"), ms(3));
    transition.begin(to, ms(4));
    transition.leave(from, entry("too late"), ms(10_004));
    assert.strictEqual(transition.size, 0);
    assert.isUndefined(transition.changing(nobodyLive, ms(10_004)));
  });

  it("is the one it left with when it was last live, however often it comes and goes since", () => {
    const transition = changed();
    for (const atMs of [3_000, 6_000, 9_000]) {
      transition.begin(from, ms(atMs));
      transition.begin(to, ms(atMs + 500));
      transition.leave(from, undefined, ms(atMs + 500));
    }
    assert.strictEqual(transition.get(keyId(from), ms(10_999))?.value, "last");
    assert.isUndefined(transition.get(keyId(from), ms(11_000)));
  });

  it("is one of a bounded number, those that left last", () => {
    const transition = changed();
    for (const code of ["KRW-XRP", "KRW-BCH"]) transition.leave(tickerOf(code), entry(code), ms(2_000));
    assert.strictEqual(transition.size, 2);
    assert.isUndefined(transition.get(keyId(from), ms(2_000)));
    transition.invalidate(marketOf("KRW-XRP"), undefined);
    assert.strictEqual(transition.size, 1);
    transition.clear();
    assert.deepStrictEqual([transition.size, transition.changing(nobodyLive, ms(2_000))], [0, undefined]);
  });
});

describe("the change", () => {
  it("is told until its new key is live", () => {
    const transition = changed();
    assert.deepStrictEqual(transition.changing(nobodyLive, ms(1_600)), { from: keyId(from), to: keyId(to), sinceNanos: ms(1_000) });
    assert.isUndefined(transition.changing((id) => id === keyId(to), ms(1_700)));
    // The value stays as long as it said it would.
    assert.isDefined(transition.get(keyId(from), ms(1_700)));
  });

  const Step = Schema.Struct({
    act: Schema.Literals(["begin", "leave", "get"]),
    key: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 })),
    ms: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_000 })),
  });
  it.prop(
    "is never stuck: ten seconds after the last of any steps nothing is changing and nothing is held (R003-33)",
    { steps: Schema.Array(Step).check(Schema.isMaxLength(40)) },
    ({ steps }) => {
      const keys = ["KRW-A", "KRW-B", "KRW-C", "KRW-D", "KRW-E"].map(tickerOf);
      const transition = new Transition({ capacity: 3, lastsMs });
      let nowMs = 0;
      for (const { act, key: at, ms: waitMs } of steps) {
        const key = keys[at] ?? from;
        nowMs += waitMs;
        if (act === "begin") transition.begin(key, ms(nowMs));
        else if (act === "leave") transition.leave(key, entry(at), ms(nowMs));
        const change = transition.changing(nobodyLive, ms(nowMs));
        if (change !== undefined) assert.isTrue(change.from !== change.to && ms(nowMs) - change.sinceNanos < ms(lastsMs));
        assert.isAtMost(transition.size, 3);
      }
      const later = ms(nowMs + lastsMs);
      assert.isUndefined(transition.changing(nobodyLive, later));
      for (const id of keys.map((key): KeyId => keyId(key))) assert.isUndefined(transition.get(id, later));
      assert.strictEqual(transition.size, 0);
    },
    { arbitrary: { runs: 300 } },
  );
});

it("a read is answered by what is live, else by what was left behind if its caller takes that, else by REST (R003-34)", () => {
  const table = [
    [{ live: true, held: true, servesStale: true }, "live"],
    [{ live: true, held: true, servesStale: false }, "live"],
    [{ live: true, held: false, servesStale: true }, "live"],
    [{ live: true, held: false, servesStale: false }, "live"],
    [{ live: false, held: true, servesStale: true }, "transition"],
    [{ live: false, held: true, servesStale: false }, "rest"],
    [{ live: false, held: false, servesStale: true }, "rest"],
    [{ live: false, held: false, servesStale: false }, "rest"],
  ] as const;
  for (const [facts, source] of table) assert.strictEqual(readFrom(facts), source);
});
