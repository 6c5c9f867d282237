/** Sockets that end because the bytes on them made no sense: a middlebox or a compressor that cannot be trusted, or codes that nobody may send. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, ScriptedExchange, ticker, tickerKey } from "./exchange.ts";

const compressing = { socketCompression: "on" } as const;

/** Closes the socket by these codes in turn, each link a minute apart, and returns what every connect said of compression. */
const offersAfter = (codes: ReadonlyArray<number>, apartMs = 40_000) => {
  const exchange = new ScriptedExchange();
  return exchange.run(
    Effect.gen(function* () {
      const subscriptions = yield* Subscriptions;
      yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(Stream.runDrain, Effect.forkScoped({ startImmediately: true }));
      yield* TestClock.adjust(0);
      for (const [at, code] of codes.entries()) {
        exchange.socket.push(ticker(btc, at, at));
        exchange.socket.close(code);
        assert.deepStrictEqual([subscriptions.isLive(tickerKey(btc)), subscriptions.status().state], [false, "waiting"]);
        assert.strictEqual(subscriptions.status().lastClose, `closed ${code}`);
        const { connects } = exchange;
        yield* TestClock.adjust(0);
        // Never at once: the next connect has a wait before it, however short the dice make it.
        assert.strictEqual(exchange.connects, connects);
        yield* TestClock.adjust(apartMs);
        assert.strictEqual(exchange.connects, connects + 1);
      }
      return exchange.compression;
    }),
    compressing,
  );
};

const breaks = [1002, 1003, 1007, 1010, 1015, 0, 999, 1016, 2999, 5000, 65_535];

describe("a socket that ends by a break of the protocol", () => {
  it.effect("is made anew after a wait; three within five minutes, and the next ones go without compression (B15)", () =>
    Effect.gen(function* () {
      for (const code of breaks) {
        const offers = yield* offersAfter([code, code, code, code]);
        assert.deepStrictEqual(offers, [true, true, true, false, false], String(code));
      }
      // It is the number of breaks that counts, whatever their codes.
      assert.deepStrictEqual(yield* offersAfter([1002, 1007, 5000]), [true, true, true, false]);
    }),
  );

  it.effect("keeps its compression when breaks are rare, and when sockets end in other ways", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* offersAfter([1002, 1002, 1002], 160_000), [true, true, true, true]);
      for (const code of [1000, 1006, 1011, 3000, 4999]) {
        assert.deepStrictEqual(yield* offersAfter([code, code, code]), [true, true, true, true], String(code));
      }
    }),
  );
});
