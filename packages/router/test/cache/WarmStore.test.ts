/** The warm store against a model: exact least-recently-used eviction, and keys that never collide. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { WarmKey } from "../../src/cache/Cache.ts";
import { warmKeyId, WarmStore } from "../../src/cache/WarmStore.ts";
import { Kind } from "../../src/domain/Question.ts";
import { btc, marketOf } from "../samples.ts";

const keyOf = (part: string): WarmKey => ({ kind: "candles", market: btc, parts: [part] });
const entryOf = (value: unknown) => ({ value, sinceNanos: 0n, lifeMs: 1_000, volatility: 0 });
const storeOf = (capacity: number, bytes = 1e9) => new WarmStore({ capacity, bytes });

describe("WarmStore", () => {
  it.prop(
    "holds exactly the entries used last (R001-59)",
    {
      capacity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8 })),
      steps: Schema.Array(
        Schema.Tuple([Schema.Literals(["get", "peek", "put"]), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 }))]),
      ),
    },
    ({ capacity, steps }) => {
      const store = storeOf(capacity);
      // The model: names in order of use, the last one used last.
      let model: ReadonlyArray<string> = [];
      for (const [step, number] of steps) {
        const name = String(number);
        const held = model.includes(name);
        if (step === "peek") assert.strictEqual(store.peek(keyOf(name)) !== undefined, held);
        if (step === "get") assert.strictEqual(store.get(keyOf(name)) !== undefined, held);
        if (step === "put") store.put(keyOf(name), entryOf(name));
        if (step === "put" || (step === "get" && held)) model = [...model.filter((other) => other !== name), name].slice(-capacity);
        assert.strictEqual(store.size, model.length);
        for (const other of model) assert.strictEqual(store.peek(keyOf(other))?.value, other);
      }
    },
    { arbitrary: { runs: 300 } },
  );

  it("stays at a thousand entries under ten thousand keys", () => {
    const store = storeOf(1_000);
    for (let i = 0; i < 10_000; i++) store.put(keyOf(String(i)), entryOf(i));
    assert.strictEqual(store.size, 1_000);
    assert.isUndefined(store.peek(keyOf("8999")));
    assert.strictEqual(store.peek(keyOf("9000"))?.value, 9_000);
  });

  it("is bounded by entries and by bytes under a hundred thousand odd questions, and what it says of its bytes is so (E08)", () => {
    const store = new WarmStore({ capacity: 500, bytes: 400_000 });
    const kept: Array<number> = [];
    for (let i = 0; i < 100_000; i++) {
      store.put(keyOf(String(i)), entryOf(i), { bytes: (i % 7) * 300 });
      assert.isAtMost(store.bytes, 400_000);
      assert.isAtMost(store.size, 500);
    }
    for (let i = 0; i < 100_000; i++) if (store.peek(keyOf(String(i))) !== undefined) kept.push(i);
    // Exactly the youngest, and as many of them as there is room for.
    assert.deepStrictEqual(
      kept,
      Array.from({ length: store.size }, (_, nth) => 100_000 - store.size + nth),
    );
    const bytes = kept.reduce((sum, i) => sum + (i % 7) * 300 + 400, 0);
    assert.strictEqual(store.bytes, bytes);
    assert.isAbove(bytes + (((kept[0] ?? 1) - 1) % 7) * 300 + 400, 400_000);
    // One that is too large by itself is not kept, nor is what it would replace; the others stay.
    const size = store.size;
    store.put(keyOf("99999"), entryOf("huge"), { bytes: 500_000 });
    assert.deepStrictEqual([store.size, store.peek(keyOf("99999"))], [size - 1, undefined]);
    store.clear();
    assert.deepStrictEqual([store.size, store.bytes], [0, 0]);
  });

  it("never lets an older value take the place of a younger one", () => {
    const store = storeOf(10);
    store.put(keyOf("a"), { ...entryOf("new"), sinceNanos: 5n });
    store.put(keyOf("a"), { ...entryOf("old"), sinceNanos: 4n });
    assert.strictEqual(store.peek(keyOf("a"))?.value, "new");
  });

  it("forgets by market, and by market and kind", () => {
    const store = storeOf(10);
    const keys: ReadonlyArray<WarmKey> = [
      { kind: "ticker", market: btc, parts: [] },
      { kind: "candles", market: btc, parts: ["1m"] },
      { kind: "ticker", market: marketOf("KRW-ETH"), parts: ["KRW-BTC"] },
    ];
    for (const key of keys) store.put(key, entryOf(1));
    store.invalidate(btc, "candles");
    assert.deepStrictEqual(
      keys.map((key) => store.peek(key) !== undefined),
      [true, false, true],
    );
    store.invalidate(btc, undefined);
    assert.deepStrictEqual(
      keys.map((key) => store.peek(key) !== undefined),
      [false, false, true],
    );
  });
});

describe("warmKeyId", () => {
  const key = Schema.Struct({ kind: Kind, market: Schema.Literals(["KRW-BTC", "BTC-KRW1"]), parts: Schema.Array(Schema.String) });
  const idOf = ({ kind, market, parts }: typeof key.Type) => warmKeyId({ kind, market: marketOf(market), parts });

  it.prop(
    "is one name for one question, and never one for two (E07)",
    { a: key, b: key },
    ({ a, b }) => {
      assert.strictEqual(idOf(a), idOf(structuredClone(a)));
      assert.strictEqual(idOf(a) === idOf(b), JSON.stringify([a.kind, a.market, a.parts]) === JSON.stringify([b.kind, b.market, b.parts]));
      // Parts run together, split elsewhere, or padded are another question.
      const [first = "", ...others] = a.parts;
      for (const parts of [
        [first + others.join(""), "x"],
        [`${first}","`, ...others],
        ["", ...a.parts],
        [...a.parts, ""],
      ]) {
        assert.strictEqual(idOf({ ...a, parts }) === idOf(a), JSON.stringify(parts) === JSON.stringify(a.parts));
      }
    },
    { arbitrary: { runs: 300 } },
  );

  it.each([
    [["a,b"], ["a", "b"]],
    [['a","b'], ["a", "b"]],
    [["é"], ["e\u0301"]],
    [["KRW"], ["КRW"]],
    [["\ud800"], ["\ud801"]],
    [["1"], ["1", ""]],
    [["null"], [""]],
  ])("keeps %j and %j apart", (a, b) => {
    assert.notStrictEqual(warmKeyId({ kind: "candles", market: btc, parts: a }), warmKeyId({ kind: "candles", market: btc, parts: b }));
  });
});
