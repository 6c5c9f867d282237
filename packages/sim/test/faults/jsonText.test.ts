import { assert, describe, it } from "@effect/vitest";
import { ExchangeModel } from "../../src/index.ts";
import { decimalToken, JsonObject, marketOf, parseJsonText, printJsonText, recordsOf } from "../../src/faults/JsonText.ts";

const nowMs = Date.UTC(2026, 0, 5, 3);

const answers = [
  "/v1/market/all?is_details=true",
  "/v1/ticker?markets=KRW-BTC,BTC-XRP",
  "/v1/orderbook?markets=KRW-BTC,KRW-DOGE",
  "/v1/trades/ticks?market=KRW-BTC&count=50",
  "/v1/candles/days?market=KRW-BTC&count=5",
].map((target) => {
  const outcome = new ExchangeModel().handleRest({ method: "GET", target, headers: {}, ip: "a" }, nowMs);
  return outcome._tag === "Response" ? new TextDecoder().decode(outcome.body) : "";
});

describe("JSON that is changed as text", () => {
  it("is printed as it was read, every number in its own spelling", () => {
    for (const text of answers) {
      const value = parseJsonText(text);
      assert.isDefined(value);
      assert.strictEqual(printJsonText(value ?? ""), text);
    }
  });

  it("changes only what is changed", () => {
    const text = '[{"market":"KRW-BTC","sequential_id":17853976619640001,"trade_price":97000000.0,"note":"a\\"]"}]';
    const value = parseJsonText(text) ?? "";
    const [record] = recordsOf(value);
    assert.strictEqual(record?.set("trade_price", "1.5"), true);
    assert.strictEqual(printJsonText(value), text.replace("97000000.0", "1.5"));
  });

  it("finds members of the SIMPLE format by their full names", () => {
    const [record = new JsonObject([])] = recordsOf(parseJsonText('{"ty":"trade","cd":"KRW-BTC","tp":5,"obu":[{"ap":1},{"ap":2}]}') ?? "");
    assert.deepStrictEqual([marketOf(record), record.number("trade_price"), record.text("type")], ["KRW-BTC", 5, "trade"]);
    assert.deepStrictEqual(
      record.objects("orderbook_units").map((level) => level.token("ask_price")),
      ["1", "2"],
    );
    assert.isTrue(record.rename("trade_price", "price") && record.remove("code") && !record.remove("code"));
    assert.strictEqual(printJsonText(record), '{"ty":"trade","price":5,"obu":[{"ap":1},{"ap":2}]}');
  });

  it("is not what is no JSON, or is nested without end", () => {
    for (const text of ["", "[", "[1,]", "{1:2}", '{"a"}', "[1]x", "<html>", "[".repeat(100_000)])
      assert.isUndefined(parseJsonText(text), text.slice(0, 20));
  });

  it("spells changed numbers without exponent or noise", () => {
    assert.deepStrictEqual([0.1 + 0.2, 1e-7, 97_000_000, 1e14].map(decimalToken), ["0.3", "0.0000001", "97000000", "100000000000000"]);
  });
});
