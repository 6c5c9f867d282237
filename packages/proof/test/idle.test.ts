/** The exchange cuts a socket without traffic after a minute, without a word: a subscription to a market that stands still must outlive that. */
import { assert, describe, it } from "@effect/vitest";
import { streamTrades } from "@naru/router/MarketData";
import { Exchange, Script, Sim } from "@naru/sim";
import { Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

describe("a quiet subscription", () => {
  for (const idleCounts of ["both", "client"] as const) {
    it.effect(`stays on one socket for ten minutes without a trade, where traffic is what ${idleCounts} sends`, () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { ledger } = yield* Exchange;
        const live = yield* Effect.forkChild(Stream.runCollect(Stream.take(streamTrades(["KRW-BTC"]), 2)), { startImmediately: true });
        yield* TestClock.adjust("10 minutes");
        const { id } = yield* Script.trade("KRW-BTC", { price: 100_000_000 });
        yield* TestClock.adjust("1 second");
        const trades = yield* Fiber.join(live);
        assert.strictEqual(String(trades[1]?.id), id);
        assert.deepStrictEqual(
          ledger.connections().map((entry) => entry.closed),
          [undefined],
        );
        assert.isAtLeast(ledger.frameCount("in", "ping"), 10);
      }).pipe(Effect.provide(Sim.layerTest({ seed: 9, socket: { idleCounts } }))),
    );
  }

  it.effect("is cut where nobody pings, and comes back", () =>
    Effect.gen(function* () {
      yield* Script.halt;
      const { ledger } = yield* Exchange;
      const live = yield* Effect.forkChild(Stream.runCollect(Stream.take(streamTrades(["KRW-BTC"]), 2)), { startImmediately: true });
      yield* TestClock.adjust("3 minutes");
      const { id } = yield* Script.trade("KRW-BTC", { price: 100_000_000 });
      yield* TestClock.adjust("1 second");
      const trades = yield* Fiber.join(live);
      assert.strictEqual(String(trades[1]?.id), id);
      const [first, second] = ledger.connections();
      assert.strictEqual(first?.closed?.code, 1006);
      assert.isDefined(second);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9, config: { pingAfterMs: 3_600_000, deadAfterMs: 7_200_000 } }))),
  );
});
