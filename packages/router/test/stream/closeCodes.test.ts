import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, ScriptedExchange, tickerKey } from "./exchange.ts";

/** Every code of RFC 6455 and the registry that a peer can send or a broken link can give. */
const closeCodes = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 3000, 4001];

describe("a closed socket", () => {
  for (const code of closeCodes) {
    it.effect(`with code ${code} is a network error that carries the code, for whoever waits`, () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          const waiter = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(btc))), { startImmediately: true });
          yield* TestClock.adjust(100);
          exchange.socket.close(code, "");
          yield* TestClock.adjust(0);
          const error = yield* Fiber.join(waiter);
          assert.strictEqual(error._tag, "NetworkError");
          assert.deepInclude(error, { phase: "socket", code: String(code) });
          assert.isTrue(error.retryable);
          assert.isFalse(subscriptions.connected());
        }),
      );
    });
  }
});
