/** How long callers are gathered: hardly, while nothing of their kind is on its way, and for the whole window while something is. */
import { assert, describe, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { MarketData } from "../../src/MarketData.ts";
import { MarketList } from "../../src/cache/MarketList.ts";
import { marketOf } from "../samples.ts";
import { routerOver, type Script, stubOf, tickers } from "../stubServices.ts";

const tripMs = 20;

/** Requests for tickers as they left: when, and for which markets. */
const departures = () => {
  const left: Array<string> = [];
  const script: Script = (asked) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      left.push(`${now} ${asked.query[0]}`);
      return Effect.delay(tickers()(asked), tripMs);
    });
  return { left, stub: stubOf(script) };
};

const ask = (market: string) =>
  Effect.flatMap(MarketData, (data) =>
    Effect.forkChild(data.getTicker(market, { strategy: "rest_only", maxAge: 0 }), { startImmediately: true }),
  );

/** The list of markets is there, so that nobody waits for it. */
const settled = Effect.flatMap(MarketList, ({ check }) => check(marketOf("KRW-BTC")));

describe("the gathering of callers", () => {
  it.effect(
    "sends a lone caller after a moment, those of one moment together, and those who come meanwhile at the end of the window",
    () => {
      const { left, stub } = departures();
      return Effect.gen(function* () {
        yield* settled;
        const first = yield* ask("KRW-BTC");
        yield* TestClock.adjust(2);
        assert.deepStrictEqual(left, ["1 KRW-BTC"]);
        const second = yield* ask("KRW-ETH");
        yield* TestClock.adjust(4);
        const third = yield* ask("KRW-XRP");
        yield* TestClock.adjust(tripMs);
        assert.deepStrictEqual(left.slice(1), ["7 KRW-ETH,KRW-XRP"]);
        yield* TestClock.adjust(tripMs);
        const together = [yield* ask("KRW-BTC"), yield* ask("KRW-ETH")];
        yield* TestClock.adjust(1);
        assert.deepStrictEqual(left.slice(2), ["47 KRW-BTC,KRW-ETH"]);
        yield* TestClock.adjust(tripMs);
        const answers = yield* Effect.forEach([first, second, third, ...together], Fiber.join);
        assert.deepStrictEqual(
          answers.map(({ market }) => market),
          ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-BTC", "KRW-ETH"],
        );
      }).pipe(Effect.provide(routerOver(stub)));
    },
  );

  it.effect("takes a list whose callers have all left for one that is over", () => {
    const { left, stub } = departures();
    return Effect.gen(function* () {
      yield* settled;
      const gone = yield* ask("KRW-BTC");
      yield* TestClock.adjust(2);
      yield* Fiber.interrupt(gone);
      yield* ask("KRW-ETH");
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(left, ["1 KRW-BTC", "3 KRW-ETH"]);
    }).pipe(Effect.provide(routerOver(stub)));
  });

  it.effect("does not wait once callers who come together again and again are all there, and waits again after one came in between", () => {
    const { left, stub } = departures();
    return Effect.gen(function* () {
      yield* settled;
      const both = () => Effect.forEach(["KRW-BTC", "KRW-ETH"], ask);
      const asked = [];
      for (let round = 0; round < 3; round++) {
        asked.push(...(yield* both()));
        yield* TestClock.adjust(50);
      }
      assert.deepStrictEqual(left, ["1 KRW-BTC,KRW-ETH", "51 KRW-BTC,KRW-ETH", "100 KRW-BTC,KRW-ETH"]);
      asked.push(...(yield* both()), yield* ask("KRW-XRP"));
      yield* TestClock.adjust(50);
      asked.push(...(yield* both()));
      yield* TestClock.adjust(50);
      assert.deepStrictEqual(left.slice(3), ["150 KRW-BTC,KRW-ETH", "155 KRW-XRP", "201 KRW-BTC,KRW-ETH"]);
      const answers = yield* Effect.forEach(asked, Fiber.join);
      assert.deepStrictEqual(
        answers.slice(-3).map(({ market }) => market),
        ["KRW-XRP", "KRW-BTC", "KRW-ETH"],
      );
    }).pipe(Effect.provide(routerOver(stub)));
  });
});
