import * as http from "node:http";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { WebSocket } from "ws";
import { Exchange, ExchangeClock, layerLoopbackServer, LoopbackServer, Script } from "../../src/index.ts";

/** Real sockets on a test clock: the exchange's time moves only when the test says so, and everything the exchange does follows it. */
const served = (speed: number) =>
  layerLoopbackServer({ speed }).pipe(Layer.provideMerge(Exchange.layer({ seed: 1, limits: { perWindow: 1 } })));

const status = (path: string) =>
  Effect.flatMap(LoopbackServer, ({ url }) =>
    Effect.callback<number>((resume) => {
      http.get(url + path, { agent: false }, (response) => {
        response.resume();
        response.on("end", () => resume(Effect.succeed(response.statusCode ?? 0)));
      });
    }),
  );

describe("an exchange served at a speed", () => {
  it.effect("counts its limits in its own time, and shows it to scripts", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const zero = yield* exchange.now;
      assert.deepStrictEqual([yield* status("/v1/market/all"), yield* status("/v1/market/all")], [200, 429]);
      yield* TestClock.adjust(10);
      assert.strictEqual(yield* exchange.now, zero + 1_000);
      assert.strictEqual(yield* status("/v1/market/all"), 200);
      const clock = yield* ExchangeClock;
      clock.pause();
      yield* TestClock.adjust("1 minute");
      assert.strictEqual(yield* status("/v1/market/all"), 429);
      clock.advance(1_000);
      assert.strictEqual(yield* status("/v1/market/all"), 200);
      assert.strictEqual((yield* Script.trade("KRW-BTC", { price: 1_000 })).timeMs, zero + 2_000);
    }).pipe(Effect.provide(served(100))),
  );

  it.effect("streams on its own time: a jump brings what would have happened on the way", () =>
    Effect.gen(function* () {
      const { socketUrl } = yield* LoopbackServer;
      const clock = yield* ExchangeClock;
      const exchange = yield* Exchange;
      const zero = yield* exchange.now;
      const client = yield* Effect.acquireRelease(
        Effect.callback<WebSocket>((resume) => {
          const socket = new WebSocket(socketUrl);
          socket.once("open", () => resume(Effect.succeed(socket)));
        }),
        (socket) => Effect.sync(() => socket.terminate()),
      );
      let latest = 0;
      const reached = Effect.callback<void>((resume) => {
        client.on("message", (data) => {
          latest = Math.max(latest, JSON.parse(String(data)).timestamp);
          if (latest >= zero + 59_000) resume(Effect.void);
        });
      });
      client.send(JSON.stringify([{ ticket: "t" }, { type: "orderbook", codes: ["KRW-BTC"] }]));
      // The exchange has no event for having read the request: look at its ledger at every turn of the event loop.
      yield* Effect.callback<void>((resume) => {
        const look = () => (exchange.ledger.frameCount("in") > 0 ? resume(Effect.void) : void setImmediate(look));
        look();
      });
      clock.advance(60_000);
      yield* reached;
      assert.isAtLeast(exchange.ledger.frameCount("out", "orderbook"), 590);
    }).pipe(Effect.provide(served(1))),
  );
});
