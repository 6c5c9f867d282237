/** The hot store: newer wins, a broken time does not block a key for ever, and capacity holds. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { type HotEntry, HotStore } from "../../src/cache/HotStore.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import { btc, marketOf } from "../samples.ts";

const id = keyId({ kind: "ticker", market: btc });
/** Our clock when every entry below arrives, unless it says otherwise. */
const now = 1_000_000;

const entry = (exchangeTimeMs: number, value: unknown = exchangeTimeMs, changes: Partial<HotEntry> = {}): HotEntry => ({
  value,
  exchangeTimeMs,
  receivedNanos: 0n,
  receivedMs: now,
  confirmedNanos: 0n,
  channel: "websocket",
  ...changes,
});

const rest = { channel: "rest" } as const;

const storeOf = (...entries: ReadonlyArray<HotEntry>) => {
  const store = new HotStore(100);
  for (const each of entries) store.put(id, each);
  return store;
};

describe("HotStore", () => {
  it("keeps the newer of a frame and a snapshot, in whichever order they come (C17)", () => {
    for (const [first, second] of [
      [entry(900_000, "older"), entry(900_001, "newer", rest)],
      [entry(900_001, "newer"), entry(900_000, "older", rest)],
    ] as const) {
      assert.strictEqual(storeOf(first, second).get(id)?.value, "newer");
    }
  });

  it("knows the socket's last word also where REST's is newer, and until the socket's is", () => {
    const said = (...entries: ReadonlyArray<HotEntry>) => [storeOf(...entries).get(id)?.value, storeOf(...entries).said(id)?.value];
    const [frame, answer] = [entry(900_000, "frame"), entry(900_005, "answer", rest)];
    assert.deepStrictEqual(said(answer), ["answer", undefined]);
    assert.deepStrictEqual(said(frame), ["frame", "frame"]);
    assert.deepStrictEqual(said(frame, answer), ["answer", "frame"]);
    assert.deepStrictEqual(said(frame, answer, entry(900_009, "second", rest)), ["second", "frame"]);
    assert.deepStrictEqual(said(answer, frame), ["answer", "frame"]);
    assert.deepStrictEqual(said(frame, answer, entry(900_003, "next")), ["answer", "next"]);
    assert.deepStrictEqual(said(frame, answer, entry(899_000, "late")), ["answer", "frame"]);
    assert.deepStrictEqual(said(frame, answer, entry(900_007, "newest")), ["newest", "newest"]);
    const store = storeOf(frame, answer);
    store.invalidate(btc, undefined);
    assert.isUndefined(store.said(id));
  });

  it("says whether it kept a value, and lets a later one of the same time replace it", () => {
    const store = storeOf(entry(900_000, "first"));
    assert.isTrue(store.put(id, entry(900_000, "second")));
    assert.isFalse(store.put(id, entry(899_999, "old")));
    assert.strictEqual(store.get(id)?.value, "second");
  });

  it("recovers from one time far in the future after three values of the present, at any channel (C04)", () => {
    for (const channel of ["websocket", "rest"] as const) {
      const store = storeOf(entry(9_999_999_999, "broken"));
      assert.isFalse(store.put(id, entry(now - 30, "a", { channel })));
      assert.isFalse(store.put(id, entry(now - 20, "b", { channel })));
      assert.isTrue(store.put(id, entry(now - 10, "c", { channel })));
      assert.strictEqual(store.get(id)?.value, "c");
      assert.isTrue(store.put(id, entry(now, "d", { channel })));
    }
  });

  it("recovers also when nothing moves: the same value three times is the present", () => {
    const store = storeOf(entry(9_999_999_999, "broken", rest));
    for (let i = 0; i < 3; i++) store.put(id, entry(now - 30, "quiet", rest));
    assert.strictEqual(store.get(id)?.value, "quiet");
  });

  it("is not talked out of a socket's value by a REST edge that lags behind, however often it repeats itself", () => {
    const store = storeOf(entry(now - 1_000, "live"));
    for (let i = 0; i < 50; i++) assert.isFalse(store.put(id, entry(now - 5_000 + i, "lagging", rest)));
    assert.strictEqual(store.get(id)?.value, "live");
  });

  it("believes an exchange that set its clock back when the same channel goes on in the new time", () => {
    const after = (seconds: bigint) => {
      const store = storeOf(entry(now, "before"));
      for (let i = 0; i < 3; i++) store.put(id, entry(now - 60_000 + i, i, { receivedNanos: seconds * 1_000_000_000n }));
      return store.get(id)?.value;
    };
    assert.strictEqual(after(5n), 2);
    assert.strictEqual(after(4n), "before", "an edge that lags behind a good one");
  });

  it("starts to count again when a value goes back further, or a newer one comes between", () => {
    const falling = storeOf(entry(now, "held"));
    for (let i = 1; i <= 50; i++) assert.isFalse(falling.put(id, entry(now - i)));
    const mixed = storeOf(entry(now, "held"));
    for (let i = 0; i < 50; i++) {
      assert.isFalse(mixed.put(id, entry(now - 10)));
      assert.isFalse(mixed.put(id, entry(now - 10)));
      assert.isTrue(mixed.put(id, entry(now + i)));
    }
  });

  it.prop(
    "never goes back on a channel that gives each old value once or twice before a new one",
    { steps: Schema.Array(Schema.Tuple([Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 })), Schema.Boolean])) },
    ({ steps }) => {
      const store = new HotStore(10);
      let newest = 1_000;
      store.put(id, entry(newest));
      for (const [step, twice] of steps) {
        for (let i = 0; i <= Number(twice); i++) store.put(id, entry(newest - step - 1));
        assert.strictEqual(store.get(id)?.exchangeTimeMs, newest);
        newest += step;
        store.put(id, entry(newest));
        assert.strictEqual(store.get(id)?.exchangeTimeMs, newest);
      }
    },
  );

  it("holds as many keys as it may, and lets the one go that was written longest ago", () => {
    const key = (name: string) => keyId({ kind: "ticker", market: marketOf(`KRW-${name}`) });
    const store = new HotStore(3);
    for (const name of ["A", "B", "C"]) store.put(key(name), entry(1));
    store.get(key("B"));
    store.put(key("A"), entry(2));
    store.put(key("D"), entry(1));
    assert.strictEqual(store.size, 3);
    assert.isUndefined(store.get(key("B")));
    // A refused value writes nothing: C is still the oldest.
    store.put(key("C"), entry(0));
    store.put(key("E"), entry(1));
    assert.isUndefined(store.get(key("C")));
    assert.deepStrictEqual(
      ["A", "D", "E"].map((name) => store.get(key(name)) !== undefined),
      [true, true, true],
    );
  });

  it("forgets a market by kind or altogether, and no market whose name ends alike", () => {
    const keys: ReadonlyArray<StreamKey> = [
      { kind: "ticker", market: btc },
      { kind: "candles", market: btc, interval: "1m" },
      { kind: "candles", market: btc, interval: "1M" },
      { kind: "ticker", market: marketOf("XKRW-BTC") },
      { kind: "ticker", market: marketOf("KRW-BTC2") },
    ];
    const store = new HotStore(10);
    for (const key of keys) store.put(keyId(key), entry(1));
    const left = () => keys.filter((key) => store.get(keyId(key)) !== undefined);
    store.invalidate(btc, "candles");
    assert.deepStrictEqual(left(), [keys[0], keys[3], keys[4]]);
    store.invalidate(btc, undefined);
    assert.deepStrictEqual(left(), [keys[3], keys[4]]);
    store.clear();
    assert.strictEqual(store.size, 0);
  });
});
