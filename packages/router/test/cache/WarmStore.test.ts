/** The warm store against a model: exact least-recently-used eviction, and keys that never collide. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { WarmKey } from "../../src/cache/Cache.ts";
import { warmKeyId, WarmStore } from "../../src/cache/WarmStore.ts";
import { Kind } from "../../src/domain/Question.ts";
import { btc, marketOf } from "../samples.ts";

const keyOf = (part: string): WarmKey => ({ kind: "candles", market: btc, parts: [part] });
const entryOf = (value: unknown) => ({ value, sinceNanos: 0n });

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
      const store = new WarmStore(capacity);
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
    const store = new WarmStore(1_000);
    for (let i = 0; i < 10_000; i++) store.put(keyOf(String(i)), entryOf(i));
    assert.strictEqual(store.size, 1_000);
    assert.isUndefined(store.peek(keyOf("8999")));
    assert.strictEqual(store.peek(keyOf("9000"))?.value, 9_000);
  });

  it("forgets by market, and by market and kind", () => {
    const store = new WarmStore(10);
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
