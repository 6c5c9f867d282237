/** The whole subscription sent again by hand, over and over, while trades come: what the exchange's tape owes a consumer is what it gets. */
import { assert, describe, it } from "@effect/vitest";
import { streamTradesEvents } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Exchange, Script, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { TradeAccount } from "../src/soak/TradeAccount.ts";
import { Truth } from "../src/world/Truth.ts";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];

describe("resubscribing", () => {
  for (const seed of [3, 14, 26]) {
    it.effect(`loses no trade, gives none twice and tells of no hole (seed ${seed})`, () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        const clock = yield* Clock.Clock;
        const { resubscribe } = yield* Subscriptions;
        const account = new TradeAccount(new Truth(exchange), markets);
        let told = 0;
        yield* Effect.forkScoped(
          Stream.runForEach(streamTradesEvents(markets), (element) =>
            Effect.sync(() => {
              if (element._tag !== "Live") told++;
              account.element(element);
            }),
          ),
          { startImmediately: true },
        );
        yield* TestClock.adjust("5 seconds");
        const opened = exchange.ledger.connections().length;
        const sent = exchange.ledger.frameCount("in", "request");
        for (let nth = 0; nth < 20; nth++) {
          const done = yield* Effect.forkChild(resubscribe, { startImmediately: true });
          yield* TestClock.adjust(3_137);
          assert.deepInclude(yield* Fiber.join(done), { wanted: 3, sockets: 1, isSame: true });
        }
        const endMs = exchange.nowOf(clock);
        yield* Script.halt;
        yield* TestClock.adjust("5 seconds");
        assert.deepStrictEqual(account.problems, []);
        assert.deepStrictEqual(account.missingUpTo(endMs), { count: 0, examples: [] });
        assert.isAbove(account.delivered, 100);
        assert.deepStrictEqual([told, account.unheard], [0, []]);
        assert.strictEqual(exchange.ledger.connections().length, opened, "no link was given up for it");
        assert.isAtLeast(exchange.ledger.frameCount("in", "request") - sent, 20);
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.fresh(Sim.layerTest({ seed, markets: { rates: { "KRW-BTC": 120, "KRW-ETH": 60, "KRW-XRP": 60 } } }))),
      ),
    );
  }
});
