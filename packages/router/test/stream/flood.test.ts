/** More than a consumer takes: what is kept, what is counted, and that nothing is lost without a word. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Latch, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Kind } from "../../src/domain/Question.ts";
import type { ElementOf, StreamElement } from "../../src/domain/StreamElement.ts";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import { defaultRouterConfig } from "../../src/RouterConfig.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, eth, ScriptedExchange, shortId, ticker, tickerKey, trade, tradesKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

/** A consumer that takes one element and then none until it is released. */
const stuck = Effect.fnUntraced(function* <K extends Kind>(kind: K, keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const release = yield* Latch.make();
  const seen: Array<StreamElement<ElementOf[K]>> = [];
  const fiber = yield* subscriptions.events(kind, keys, {}).pipe(
    Stream.runForEach((element) =>
      Effect.andThen(
        release.await,
        Effect.sync(() => void seen.push(element)),
      ),
    ),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return { seen, fiber, release };
});

const liveOf = <A>(elements: ReadonlyArray<StreamElement<A>>): ReadonlyArray<A> =>
  elements.flatMap((element) => (element._tag === "Live" ? [element.value] : []));

describe("a flood", () => {
  it.effect(
    "leaves of a state the newest and the number of the others, of trades all up to the bound and then a gap and an error (B31)",
    () => {
      const exchange = new ScriptedExchange();
      const bound = defaultRouterConfig.streamBuffer;
      return exchange.run(
        Effect.gen(function* () {
          const tickers = yield* stuck<"ticker">("ticker", [tickerKey(btc), tickerKey(eth)]);
          const trades = yield* stuck<"trades">("trades", [tradesKey(btc)]);
          yield* TestClock.adjust(100);
          // Both take their first element, and hold it.
          exchange.socket.push(ticker(btc, 1, 1), trade(btc, 1));
          yield* settle;
          const ended = yield* Effect.forkScoped(Effect.flip(Fiber.join(trades.fiber)), { startImmediately: true });
          // Ten seconds of a thousand messages each.
          const last = 5_000;
          for (let at = 2; at <= last; at++) {
            exchange.socket.push(ticker(btc, at, at), trade(btc, at));
            if (at % 500 === 0) yield* TestClock.adjust("1 second");
          }
          exchange.socket.push(ticker(eth, 7, 7));
          yield* tickers.release.open;
          yield* trades.release.open;
          // Thousands of elements take a fiber more than one turn.
          const error = yield* Fiber.join(ended);
          while (tickers.seen.at(-1)?._tag !== "Live" || liveOf(tickers.seen).at(-1)?.market !== eth) yield* settle;

          const prices = liveOf(tickers.seen).flatMap(({ market, price }) => (market === btc ? [price.number] : []));
          assert.deepStrictEqual(
            [...new Set(prices)].sort((a, b) => a - b),
            prices,
          );
          assert.strictEqual(prices.at(-1), last);
          assert.isAtMost(liveOf(tickers.seen).length, bound + 1);
          const dropped = tickers.seen.reduce((sum, element) => sum + (element._tag === "Dropped" ? element.count : 0), 0);
          assert.strictEqual(liveOf(tickers.seen).length + dropped, last + 1);

          assert.deepStrictEqual(
            liveOf(trades.seen).map(shortId),
            Array.from({ length: bound + 1 }, (_, at) => at + 1),
          );
          assert.deepInclude(trades.seen.at(-1), { _tag: "Gap", market: btc, fromMs: bound + 1, toMs: bound + 2 });
          assert.deepInclude(error, { _tag: "SlowConsumer", kind: "trades", capacity: bound });
          // The socket was never in doubt: whoever takes what comes goes on.
          exchange.socket.push(ticker(btc, 9_000, 9_000));
          yield* settle;
          assert.strictEqual(liveOf(tickers.seen).at(-1)?.price.number, 9_000);
          assert.strictEqual(exchange.connects, 1);
        }),
      );
    },
  );

  it.effect(
    "of a hundred messages a second for a minute, and of five thousand for ten, passes whole to a consumer that takes it (R003-52)",
    () =>
      Effect.gen(function* () {
        for (const { perSecond, seconds } of [
          { perSecond: 100, seconds: 60 },
          { perSecond: 5_000, seconds: 10 },
        ]) {
          const exchange = new ScriptedExchange();
          yield* exchange.run(
            Effect.gen(function* () {
              const subscriptions = yield* Subscriptions;
              const seen: Array<StreamElement<ElementOf["ticker"]>> = [];
              yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(
                Stream.runForEach((element) => Effect.sync(() => void seen.push(element))),
                Effect.forkScoped({ startImmediately: true }),
              );
              yield* settle;
              const perRead = perSecond / 100;
              const sent = seconds * perSecond;
              for (let at = 0; at < sent; at += perRead) {
                exchange.socket.push(...Array.from({ length: perRead }, (_, next) => ticker(btc, at + next + 1, at + next + 1)));
                yield* TestClock.adjust(10);
              }
              // No element but values: nothing dropped, no link lost.
              assert.strictEqual(seen.length, sent);
              for (const [at, { price }] of liveOf(seen).entries()) assert.strictEqual(price.number, at + 1);
              assert.deepStrictEqual([liveOf(seen).length, exchange.connects], [sent, 1]);
            }),
          );
        }
      }),
  );
});
