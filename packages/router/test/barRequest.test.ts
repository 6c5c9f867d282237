/** What a caller of bars may ask, and that nothing is asked of the exchange before. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Result, Stream } from "effect";
import { barRequest } from "../src/barRequest.ts";
import type { BarMarkets } from "../src/domain/Bar.ts";
import { streamBars } from "../src/MarketData.ts";
import { routerOver, stubOf } from "./stubServices.ts";

const refusal = (markets: BarMarkets, interval: string, bufferSize?: number) => {
  const checked = barRequest(markets, interval, { bufferSize });
  return Result.isFailure(checked) ? [checked.failure.field, checked.failure.input] : "accepted";
};

describe("a request for bars", () => {
  it("names markets once each, or a currency, and an interval of at most a day in any spelling", () => {
    const several = Result.getOrThrow(barRequest({ markets: ["KRW-BTC", "KRW-BTC", "KRW-ETH"] }, "60m", {}));
    assert.deepStrictEqual(several, { interval: "1h", wanted: { _tag: "Markets", markets: ["KRW-BTC", "KRW-ETH"] } } as unknown);
    const all = Result.getOrThrow(barRequest({ quote: "krw" }, "1d", {}));
    assert.deepStrictEqual(all, { interval: "1d", wanted: { _tag: "Quote", quote: "KRW" } });
  });

  it("is refused where it cannot be meant", () => {
    assert.deepStrictEqual(refusal({ markets: "BTC/KRW" }, "1m"), ["market", "BTC/KRW"]);
    assert.deepStrictEqual(refusal({ markets: [] }, "1m"), ["market", ""]);
    // From plain JavaScript: refused, and no crash.
    for (const markets of ["KRW-BTC", 5, null, undefined])
      assert.deepStrictEqual(refusal(markets as unknown as BarMarkets, "1m"), ["market", String(markets)]);
    for (const markets of [{}, { markets: 5 }, { markets: null }])
      assert.deepStrictEqual(refusal(markets as unknown as BarMarkets, "1m"), ["market", ""]);
    assert.deepStrictEqual(refusal({ quote: "won!" }, "1m"), ["quote", "won!"]);
    for (const interval of ["1w", "1M", "1y", "2m"]) assert.deepStrictEqual(refusal({ quote: "KRW" }, interval), ["interval", interval]);
    for (const size of [0, 1.5]) assert.deepStrictEqual(refusal({ quote: "KRW" }, "1m", size), ["bufferSize", String(size)]);
    const many = Array.from({ length: 1_001 }, (_, at) => `KRW-A${at}`);
    assert.deepStrictEqual(refusal({ markets: many }, "1m"), ["market", "1001 markets"]);
  });

  it.effect("is refused before the exchange is asked for anything", () => {
    const stub = stubOf(() => Effect.die("REST is not asked"));
    return Effect.gen(function* () {
      const error = yield* Effect.flip(Stream.runDrain(streamBars({ quote: "KRW" }, "1M")));
      assert.deepInclude(error, { _tag: "InvalidRequest", field: "interval" });
      assert.strictEqual(stub.lists, 0);
      const empty = yield* Effect.flip(Stream.runDrain(streamBars({ quote: "EUR" }, "1m")));
      assert.deepInclude(empty, { _tag: "InvalidRequest", field: "quote", input: "EUR" });
    }).pipe(Effect.provide(routerOver(stub)));
  });
});
