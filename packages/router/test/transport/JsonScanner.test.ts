/** The quick scanner beside `JSON.parse`: it may give up on anything, but what it reads must be the same to the last digit and name. */
import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { parseSlowly } from "../../src/transport/ExactJson.ts";
import { GaveUp, NumberToken, scanJson } from "../../src/transport/JsonScanner.ts";

/** Compares the two and tells whether the scanner read it. */
const agrees = (text: string): boolean => {
  const scanned = scanJson(text);
  if (scanned === GaveUp) return false;
  const slow = parseSlowly(text);
  assert(Result.isSuccess(slow), `scanned what is not JSON: ${text}`);
  assert.deepStrictEqual(scanned, slow.success, text);
  // Equal objects may still differ in the order of their names.
  assert.strictEqual(JSON.stringify(scanned), JSON.stringify(slow.success), text);
  return true;
};

/** Draws one thing after another from a seed. */
class Draw {
  private state: number;
  constructor(seed: number) {
    this.state = seed;
  }

  below(end: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return Math.floor(((this.state >>> 8) / 2 ** 24) * end);
  }

  of(items: ReadonlyArray<string>): string {
    return items[this.below(items.length)] ?? "";
  }

  list(most: number, item: () => string): string {
    return Array.from({ length: this.below(most + 1) }, item).join(",");
  }
}

const names = ["a", "b", "0", "10", "2", "", "market", "constructor", "toString", "__proto__", "acc_trade_price_24h", "이름", 'with "'];
const texts = [...names, "KRW-BTC", "비트코인", "\u2028", "\ud800", "tab\t", "back\\", "\u007f", "[{", "x".repeat(60)];
const numbers = [
  "0",
  "-0",
  "7",
  "-0.50",
  "1.16539E8",
  "6E-8",
  "1e+2",
  "1e999",
  "17626391070740001",
  "1234567890123.123456789",
  "91368000.0",
];

/** Text of a JSON value, with spaces, equal names and names that are indexes. */
const jsonText = (draw: Draw, depth = 4): string => {
  const space = () => draw.of(["", "", "", " ", "\n\t\r "]);
  const member = () => `${space()}${JSON.stringify(draw.of(names))}${space()}:${jsonText(draw, depth - 1)}`;
  const value = () => {
    switch (draw.below(depth > 0 ? 6 : 3)) {
      case 0:
        return draw.of(["true", "false", "null"]);
      case 1:
        return JSON.stringify(draw.of(texts));
      case 2:
        return draw.of(numbers);
      case 3:
        return `[${space()}${draw.list(5, () => jsonText(draw, depth - 1))}]`;
      default:
        return `{${space()}${draw.list(6, member)}}`;
    }
  };
  return `${space()}${value()}${space()}`;
};

const scraps = [...'0123456789,:-.eE+"\\{}[]tfn \u0000\u00a0/*', "", "", "\\u0041", "null", "1e", "--"];

/** What hand and wire do to a text: pieces of it replaced, doubled or cut off. */
const damaged = (draw: Draw): string => {
  let text = jsonText(draw);
  for (let times = draw.below(3); times >= 0; times--) {
    const at = draw.below(text.length + 1);
    text = text.slice(0, at) + draw.of(scraps) + text.slice(at + draw.below(4));
  }
  return text;
};

describe("scanJson", () => {
  it.prop("reads every JSON text that it does not give up on as JSON.parse does", { seed: Schema.Int }, ({ seed }) => {
    const draw = new Draw(seed);
    const given = Array.from({ length: 20 }, () => jsonText(draw)).filter((text) => !agrees(text));
    // Escapes, and the one name, are all that it leaves.
    for (const text of given) assert.match(text, /\\|__proto__/);
    assert.isBelow(given.length, 20);
  });

  it.prop("reads no damaged text that JSON.parse refuses", { seed: Schema.Int }, ({ seed }) => {
    const draw = new Draw(seed);
    for (let i = 0; i < 50; i++) agrees(damaged(draw));
  });

  it("reads damaged text too where the damage left JSON", () => {
    const draw = new Draw(1);
    const read = Array.from({ length: 2_000 }, () => damaged(draw)).filter(agrees).length;
    assert.isAbove(read, 100);
    assert.isBelow(read, 1_500);
  });

  it.each(['{"a":1,"b":2,"a":3}', '{"b":1,"2":2,"1":3,"a":4}', '{"a":{"a":[]},"":{}}', " [ 1 , { } , [ ] ] ", '"\u2028\ud800"'])(
    "reads %j itself",
    (text) => {
      assert.isTrue(agrees(text));
    },
  );

  it.each([
    '"\\n"',
    '{"__proto__":1}',
    '{"a\\u0062":1}',
    "[".repeat(65) + "]".repeat(65),
    "",
    "1 1",
    "[1,]",
    '{"a":1,}',
    "-",
    "1.",
    "01",
    "1e",
    "nul",
    "[\u00a01]",
  ])("gives up on %j", (text) => {
    assert.strictEqual(scanJson(text), GaveUp);
  });

  it("tells names apart that share a place in its memory of names", () => {
    const names = Array.from({ length: 5_000 }, (_, i) => `name${i}`);
    for (const _ of [1, 2]) assert.isTrue(agrees(`{${names.map((each, i) => `"${each}":${i}`).join(",")}}`));
    assert.deepStrictEqual(scanJson('{"name7":7}'), { name7: new NumberToken("7") });
  });
});
