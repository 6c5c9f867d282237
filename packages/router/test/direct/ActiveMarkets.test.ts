import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger } from "effect";
import { ActiveMarkets } from "../../src/direct/ActiveMarkets.ts";
import type { Market } from "../../src/domain/Market.ts";
import type { Question } from "../../src/domain/Question.ts";
import * as RouterConfig from "../../src/RouterConfig.ts";

/** Of a question only its kind and its market are looked at. */
const about = (market: string): Question => ({ kind: "ticker", market: market as Market }) as Question;

const watched = (active: ActiveMarkets["Service"]) => new Set(active.keys().map(({ market }) => String(market)));

describe("the active markets", () => {
  it.effect("forget the one asked for longest ago, not the one asked for first", () =>
    Effect.gen(function* () {
      const active = yield* ActiveMarkets;
      active.asked(about("KRW-BTC"));
      for (let i = 0; i < 999; i++) active.asked(about(`KRW-A${i}`));
      active.asked(about("KRW-BTC"));
      for (let i = 0; i < 10; i++) active.asked(about(`KRW-B${i}`));
      const markets = watched(active);
      assert.deepStrictEqual([markets.size, markets.has("KRW-BTC"), markets.has("KRW-A0")], [1_000, true, false]);
    }).pipe(Effect.provide(ActiveMarkets.layer)),
  );

  it.effect("say which core market they cannot watch, and watch the others", () => {
    const lines: Array<string> = [];
    const log = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]);
    const config = RouterConfig.layer({ coreMarkets: ["KRW-ETH", "krw/btc"] });
    return Effect.gen(function* () {
      assert.deepStrictEqual([...watched(yield* ActiveMarkets)], ["KRW-ETH"]);
      assert.lengthOf(lines, 1);
      assert.include(lines[0], "krw/btc");
    }).pipe(Effect.provide(ActiveMarkets.layer.pipe(Layer.provide([config, log]))));
  });
});
