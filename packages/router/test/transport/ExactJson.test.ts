/** The exact parser: numbers as written, nothing executed, nothing replaced, and a bound on depth. */
import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { decodeUtf8, NumberToken, parseExactJson } from "../../src/transport/ExactJson.ts";

const parsed = (text: string): unknown => {
  const result = parseExactJson(text);
  assert(Result.isSuccess(result), text);
  return result.success;
};

const refused = (text: string) => {
  const result = parseExactJson(text);
  assert(Result.isFailure(result), text.slice(0, 40));
  assert.strictEqual(result.failure._tag, "DecodeError");
  assert.strictEqual(result.failure.stage, "json");
  return result.failure;
};

describe("parseExactJson", () => {
  it.each(["17626391070740001", "1234567890123.123456789", "1.16539E8", "6E-8", "-0.50", "91368000.0", "1e999", "0"])(
    "keeps %s as it was written",
    (token) => {
      assert.deepStrictEqual(parsed(`{"n":${token}}`), { n: new NumberToken(token) });
      assert.deepStrictEqual(parsed(token), new NumberToken(token));
      assert.deepStrictEqual(parsed(`[ ${token} ]`), [new NumberToken(token)]);
    },
  );

  it("tells adjacent ids apart that one double would merge", () => {
    const [a, b] = parsed("[17626391070740001,17626391070740000]") as ReadonlyArray<NumberToken>;
    assert.notStrictEqual(a?.text, b?.text);
  });

  it.prop(
    "reads everything that is no number as JSON.parse does",
    { value: Schema.Array(Schema.Union([Schema.String, Schema.Boolean, Schema.Null])) },
    ({ value }) => {
      assert.deepStrictEqual(parsed(JSON.stringify({ value })), { value });
    },
  );

  it("reads brackets, quotes and digits inside strings as text", () => {
    const text = `${"[{".repeat(200)}\\"]}1e5`;
    assert.deepStrictEqual(parsed(JSON.stringify([text, "\\", '"'])), [text, "\\", '"']);
  });

  it("allows 64 levels and refuses the 65th, before the parser meets it, in the largest body that is read as well (A17)", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    parsed(nested(64));
    assert.strictEqual(refused(nested(65)).detail, "nested deeper than 64");
    refused("[".repeat(5_000_000));
    refused(`${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`);
    // Depth, not number: many short lists are market data.
    parsed(`[${Array(1_000).fill("[]").join(",")}]`);
    // The parser alone takes seconds for each of these, where it does not run out of stack.
    const largest = 8 * 1024 * 1024;
    for (const level of ["[", '{"a":', '["\\u005b",']) {
      const hostile = level.repeat(Math.floor(largest / level.length));
      const before = process.cpuUsage();
      assert.strictEqual(refused(hostile).detail, "nested deeper than 64");
      assert.isBelow(process.cpuUsage(before).user / 1_000, 500, level);
    }
  });

  it.each(["", " ", "{", "[1,]", "{a:1}", "01", "1.", "NaN", "'a'", "[1] [2]", "undefined", "\u0000", '{"a":1}}', '"\n"', "]]]]"])(
    "refuses %j",
    (text) => {
      assert.isAtMost(refused(text).detail.length, 200);
    },
  );

  it("takes __proto__ for a name like any other, and leaves every other object as it was", () => {
    const value = parsed('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}') as object;
    assert.sameMembers(Object.keys(value), ["__proto__", "constructor"]);
    assert.strictEqual(Object.getPrototypeOf(value), Object.prototype);
    assert.notProperty({}, "polluted");
  });
});

describe("decodeUtf8", () => {
  it("reads text of any script", () => {
    assert.deepStrictEqual(decodeUtf8(new TextEncoder().encode("비트코인 ₩")), Result.succeed("비트코인 ₩"));
    assert.deepStrictEqual(decodeUtf8(new Uint8Array()), Result.succeed(""));
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["a torn character", [0xeb, 0xb9]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a byte that never occurs", [0x22, 0xff, 0x22]],
  ])("refuses %s instead of replacing it", (_name, bytes) => {
    const result = decodeUtf8(new Uint8Array(bytes));
    assert(Result.isFailure(result));
    assert.strictEqual(result.failure.stage, "utf8");
  });

  it("works again after a refusal", () => {
    decodeUtf8(new Uint8Array([0xeb, 0xb9]));
    assert.deepStrictEqual(decodeUtf8(new Uint8Array([0x84])), decodeUtf8(new Uint8Array([0x84])));
    assert.deepStrictEqual(decodeUtf8(new TextEncoder().encode("ok")), Result.succeed("ok"));
  });
});
