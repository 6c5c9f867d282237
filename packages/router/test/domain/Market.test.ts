/** Market codes: what is accepted, what a refusal suggests, and which known markets are near a misspelt one. */
import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { Market, nearestMarkets, parseMarket, quoteOf } from "../../src/domain/Market.ts";
import { marketOf } from "../samples.ts";

const hintOf = (input: string) => {
  const refused = parseMarket(input);
  assert(Result.isFailure(refused), input);
  assert.strictEqual(refused.failure.field, "market");
  return refused.failure.hint;
};

describe("parseMarket", () => {
  it.each(["KRW-BTC", "USDT-BTC", "BTC-ETH", "KRW-1INCH", "SGD-XRP", "KRW-A", "USDT-USDC", "BTC-USDT"])("accepts %s", (code) => {
    assert.deepStrictEqual(parseMarket(code), Result.succeed(marketOf(code)));
  });

  it.each(["KRW", "KRW-SGD", "KRW/SGD", "IDR-KRW", "KRW-KRW"])(
    "has no market to suggest for %s: nobody prices one won in another",
    (input) => {
      assert.isUndefined(hintOf(input));
    },
  );

  it.each([
    ["krw-btc", "KRW-BTC"],
    [" KRW-BTC ", "KRW-BTC"],
    ["BTC/KRW", "KRW-BTC"],
    ["BTC-KRW", "KRW-BTC"],
    ["eth-krw", "KRW-ETH"],
    ["ETH/BTC", "BTC-ETH"],
    ["ETH/USDT", "USDT-ETH"],
    ["KRW/BTC", "KRW-BTC"],
    ["KRW_BTC", "KRW-BTC"],
    ["BTC:KRW", "KRW-BTC"],
    ["KRWBTC", "KRW-BTC"],
    ["BTCKRW", "KRW-BTC"],
    ["ETHUSDT", "USDT-ETH"],
    ["BTC", "KRW-BTC"],
    ["btc", "KRW-BTC"],
  ])("reads %j as an attempt at %s", (input, meant) => {
    assert.strictEqual(hintOf(input), `did you mean ${meant}?`);
  });

  it.each([
    "",
    "-",
    "KRW-",
    "-BTC",
    "KRW-BTC-ETH",
    "KRW-비트코인",
    "__proto__",
    "K-BTC",
    "KRW-ВТС",
    `KRW-${"A".repeat(21)}`,
    "KRW-BTC\n",
    "KRW-BTC?x=1",
  ])("refuses %j", (input) => {
    assert.isTrue(Result.isFailure(parseMarket(input)));
  });

  it("quotes at most 60 characters of what it refuses", () => {
    const refused = parseMarket("x".repeat(10_000));
    assert(Result.isFailure(refused));
    assert.strictEqual(refused.failure.input.length, 60);
  });

  it.prop("suggests only what it accepts itself", { input: Schema.String }, ({ input }) => {
    const result = parseMarket(input);
    if (Result.isSuccess(result)) return assert.strictEqual(result.success, input);
    const meant = result.failure.hint?.slice("did you mean ".length, -1);
    if (meant !== undefined) assert.deepStrictEqual(parseMarket(meant), Result.succeed(marketOf(meant)));
  });
});

describe("Market", () => {
  it("is a schema that says what a code looks like", () => {
    assert.strictEqual(Schema.decodeUnknownSync(Market)("KRW-BTC"), "KRW-BTC");
    assert.throws(() => Schema.decodeUnknownSync(Market)("krw-btc"), /Expected a market code such as KRW-BTC/);
  });

  it("knows its quote", () => {
    assert.strictEqual(quoteOf(marketOf("USDT-BTC")), "USDT");
  });
});

describe("nearestMarkets", () => {
  const known = ["KRW-BTC", "KRW-BCH", "KRW-ETH", "KRW-ETC", "USDT-BTC", "KRW-XRP"].map(marketOf);

  it("puts the most alike first, equals by name, and folds case", () => {
    assert.deepStrictEqual(nearestMarkets("KRW-BTD", known), ["KRW-BTC", "KRW-BCH", "KRW-ETC"].map(marketOf));
    assert.deepStrictEqual(nearestMarkets("krw-xrq", known, 1), [marketOf("KRW-XRP")]);
  });

  it("finds nothing for a word that is like none", () => {
    assert.deepStrictEqual(nearestMarkets("KRW-DOGECOIN", known), []);
    assert.deepStrictEqual(nearestMarkets("", known), []);
    assert.deepStrictEqual(nearestMarkets("KRW-BTC", []), []);
  });

  it("counts every single edit once: a changed, a missing and an added letter, never more than three", () => {
    for (const misspelt of ["KRW-XRX", "KRW-XR", "KRW-XRPP", "KRWXRP"])
      assert.strictEqual(nearestMarkets(misspelt, known, 1)[0], marketOf("KRW-XRP"));
    assert.deepStrictEqual(nearestMarkets("KRW-XYZAB", [marketOf("KRW-XRP")]), []);
  });
});
