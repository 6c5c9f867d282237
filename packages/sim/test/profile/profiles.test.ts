/** What every exchange of the family shares with the others, and that the differences are data. */
import { assert, describe, it } from "@effect/vitest";
import { isProfileName, type ProfileName, profiles } from "../../src/index.ts";
import { ask, makeExchange, now, rowsOf, snapshots } from "./asking.ts";

const names = Object.keys(profiles).filter(isProfileName);

describe("profiles", () => {
  it("are five, each known by its own name", () => {
    assert.deepStrictEqual(names, ["upbit", "upbit-sg", "upbit-id", "upbit-th", "bithumb"]);
    for (const name of names) assert.strictEqual(profiles[name].id, name);
    assert.isFalse(isProfileName("toString"));
  });

  it.each([
    ["upbit", "KRW", "114000000", "1000"],
    ["upbit-sg", "SGD", "101500", "1"],
    ["upbit-id", "IDR", "1291000000", "10000"],
    ["upbit-th", "THB", "2543000", "100"],
    ["bithumb", "KRW", "114000000", "1000"],
  ] as const)("%s prices its markets in %s, bitcoin near %s with a tick of %s", (name, fiat, price, tick) => {
    const exchange = makeExchange(name);
    const market = `${fiat}-BTC`;
    const [ticker] = rowsOf(ask(exchange, `/v1/ticker?markets=${market}`).text);
    assert.isTrue(Math.abs(Number(ticker!["trade_price"]) / Number(price) - 1) < 0.5, `${ticker!["trade_price"]}`);
    assert.strictEqual(Number(ticker!["trade_price"]) % Number(tick), 0);
    assert.deepStrictEqual(
      [...new Set(exchange.world.markets.map((spec) => spec.quote))],
      name === "bithumb" ? ["KRW", "BTC"] : [fiat, "BTC", "USDT"],
    );
    assert.isAtLeast(exchange.world.markets.filter((spec) => spec.quote === fiat).length, 10);
  });

  it("are separate exchanges: the same market at the same moment has another price, and a foreign one does not exist", () => {
    const prices = names.map((name) => rowsOf(ask(makeExchange(name), "/v1/ticker?markets=BTC-ETH").text)[0]!["trade_price"]);
    assert.strictEqual(new Set(prices).size, names.length);
    const indonesia = makeExchange("upbit-id");
    assert.strictEqual(ask(indonesia, "/v1/ticker?markets=KRW-BTC").status, 404);
    assert.deepStrictEqual(snapshots(indonesia, [{ type: "ticker", codes: ["KRW-BTC"] }]), []);
  });

  it.each(names.map((name) => [name] as const))("%s keeps every sum exact: days are the sum of their minutes", (name: ProfileName) => {
    const exchange = makeExchange(name);
    const [fiat] = profiles[name].quotes;
    const dayAgo = now - 86_400_000;
    for (const base of ["BTC", "XRP", "DOGE"]) {
      const tape = exchange.world.tape(`${fiat}-${base}`)!;
      let [volume, money] = [0n, 0n];
      for (let trade = tape.next({ ms: dayAgo, n: 9_999 }, now); trade !== undefined; trade = tape.next(trade, now)) {
        volume += BigInt(trade.size);
        money += BigInt(trade.price) * BigInt(trade.size);
      }
      const fold = tape.fold(dayAgo + 1, { ms: now, n: 9_999 })!;
      assert.deepStrictEqual([fold.volume, fold.money], [volume, money]);
    }
  });

  it("can be changed by spreading one", () => {
    const own = { ...profiles["upbit-id"], rest: { ...profiles["upbit-id"].rest, candleKst: true } };
    assert.include(ask(makeExchange(own), "/v1/candles/days?market=IDR-BTC").text, '"candle_date_time_kst":');
    assert.notInclude(ask(makeExchange("upbit-id"), "/v1/candles/days?market=IDR-BTC").text, "candle_date_time_kst");
  });
});
