import { assert, describe, it } from "@effect/vitest";
import { getTicker, streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, FaultProxy, Sim } from "@naru/sim";
import { Effect, Fiber, Stream } from "effect";

/** Looks again at every turn of the event loop: what happens in the kernel has no event of ours. */
const until = (done: () => boolean) =>
  Effect.callback<void>((resume) => {
    const look = () => (done() ? resume(Effect.void) : void setImmediate(look));
    look();
  });

const through = Sim.layerLoopback({ seed: 4, proxy: true });

describe("the live client through the fault proxy", () => {
  it.live("is answered by the exchange, over connections that the proxy carries", () =>
    Effect.gen(function* () {
      const { links } = yield* FaultProxy;
      const { ledger } = yield* Exchange;
      const answer = yield* getTicker("KRW-BTC", { strategy: "rest_only" });
      assert.strictEqual(answer.market, "KRW-BTC");
      assert.strictEqual(ledger.restCount("/v1/ticker"), 1);
      assert.isAbove(links().length, 0);
    }).pipe(Effect.provide(through)),
  );

  it.live("is told of the network when every connection is reset, and the exchange never hears of it", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy;
      yield* proxy.on({ verb: "reset_peer" });
      const error = yield* Effect.flip(getTicker("KRW-BTC", { strategy: "rest_only", deadline: 2_000, onStale: "fail" }));
      assert.match(error.message, /ECONNRESET/);
      assert.strictEqual((yield* Exchange).ledger.restCount(), 0);
    }).pipe(Effect.provide(through)),
  );

  it.live("gets every trade once though its socket is reset at a frame", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy;
      yield* Sim.halt;
      const prices: Array<number> = [];
      const told: Array<string> = [];
      const streaming = yield* Effect.forkChild(
        Stream.runForEach(streamTradesEvents("KRW-DOGE"), (element) =>
          Effect.sync(() => {
            told.push(element._tag);
            if (element._tag === "Live" || element._tag === "Recovered") prices.push(element.value.price.number);
          }),
        ),
      );
      yield* until(() => told.includes("Live"));
      yield* proxy.on({ verb: "rst_after_n_frames", frames: 1 });
      prices.length = 0;
      yield* Sim.trade("KRW-DOGE", { price: 101 });
      yield* until(() => told.includes("Reconnecting"));
      yield* proxy.clear;
      yield* Sim.trade("KRW-DOGE", { price: 102 });
      yield* until(() => prices.includes(102));
      assert.deepStrictEqual(prices, [101, 102]);
      yield* Fiber.interrupt(streaming);
    }).pipe(Effect.provide(through)),
  );
});
