/** What the exchange itself called unknown: refused from memory for a while, bounded, and over when a newer list knows better. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { MarketList } from "../../src/cache/MarketList.ts";
import { unknownCapacity } from "../../src/cache/Refusals.ts";
import { MarketUnknown } from "../../src/errors/MarketDataError.ts";
import { getTrades } from "../../src/MarketData.ts";
import { btc, marketOf } from "../samples.ts";
import { answered, routerOver, stubOf } from "../stubServices.ts";

const gone = new MarketUnknown({ market: "KRW-BTC", venue: "stub", near: [] });

describe("a market that the exchange calls unknown", () => {
  // The list holds it all the same: one that was delisted since it was read.
  const stub = stubOf(() => Effect.fail(gone));
  it.effect("costs one request a minute, however often it is asked, while the list still holds it", () =>
    Effect.gen(function* () {
      const list = yield* MarketList;
      const ask = Effect.flip(answered(getTrades("KRW-BTC", { count: 10 })));
      yield* list.get;
      for (let nth = 0; nth < 5; nth++) {
        yield* TestClock.adjust("10 seconds");
        assert.strictEqual((yield* ask)._tag, "MarketUnknown");
      }
      assert.strictEqual(stub.asked.length, 1);
      assert.isFalse(list.isSettled(btc));
      // A list that was read since and holds it knows better.
      yield* TestClock.adjust("15 seconds");
      yield* list.get;
      assert.isTrue(list.isSettled(btc));
      yield* ask;
      assert.strictEqual(stub.asked.length, 2);
    }).pipe(Effect.provide(routerOver(stub))),
  );

  const unlisted = stubOf(() => Effect.fail(gone));
  it.effect("is refused without a list as well; a thousand of them are remembered, and the time of each ends", () =>
    Effect.gen(function* () {
      const list = yield* MarketList;
      const market = (nth: number) => marketOf(`KRW-M${nth}`);
      for (let nth = 0; nth <= unknownCapacity; nth++) list.refused(market(nth));
      const isRefused = (nth: number) => Effect.map(Effect.exit(list.check(market(nth))), ({ _tag }) => _tag === "Failure");
      assert.deepStrictEqual([yield* isRefused(0), yield* isRefused(1), yield* isRefused(unknownCapacity)], [false, true, true]);
      yield* TestClock.adjust("59999 millis");
      assert.isTrue(yield* isRefused(1));
      yield* TestClock.adjust(1);
      assert.isFalse(yield* isRefused(1));
    }).pipe(Effect.provide(routerOver(unlisted))),
  );
});
