/** How much the router subscribes by itself: the policy of slots as it shows on the wire. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import { defaultRouterConfig } from "../../src/RouterConfig.ts";
import type { SlotPolicy } from "../../src/domain/SlotPolicy.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { bookKey, btc, candleKey, eth, market, ScriptedExchange, tickerKey, tradesKey } from "./exchange.ts";

const xrp = market("KRW-XRP");
const kindsOf = (codes: ReadonlyArray<string>) => [...new Set(codes.map((code) => code.split(":")[0]))].sort();

/** Reads of every kind and several markets, again and again for a minute, and every message that went out for them. */
const messagesFor = (slotPolicy: SlotPolicy, streamed: ReadonlyArray<StreamKey> = []) => {
  const exchange = new ScriptedExchange();
  return exchange.run(
    Effect.gen(function* () {
      const subscriptions = yield* Subscriptions;
      for (const key of streamed) {
        yield* subscriptions.events(key.kind, [key], {}).pipe(Stream.runDrain, Effect.forkScoped({ startImmediately: true }));
      }
      const keys = [btc, eth, xrp].flatMap((of) => [tickerKey(of), bookKey(of, 15), tradesKey(of)]);
      for (let second = 0; second < 60; second++) {
        for (const key of keys) subscriptions.wantForReads(key);
        yield* TestClock.adjust("1 second");
      }
      return exchange.sockets.flatMap(({ sent }) => sent);
    }),
    { slotPolicy },
  );
};

describe("reads without end", () => {
  it.effect("take one slot at first, more as the link proves good, and never more than two under the conservative policy (R003-54)", () =>
    Effect.gen(function* () {
      const messages = (yield* messagesFor("conservative")).map(kindsOf);
      assert.strictEqual(messages[0]?.length, 1);
      assert.strictEqual(Math.max(...messages.map(({ length }) => length)), 2);
    }),
  );

  it.effect("are not held to one subscription: by default three kinds come to be subscribed, any number of markets each (R003-08)", () =>
    Effect.gen(function* () {
      const messages = yield* messagesFor(defaultRouterConfig.slotPolicy);
      assert.deepStrictEqual(kindsOf(messages.at(-1) ?? []), ["orderbook", "ticker", "trades"]);
      assert.strictEqual(messages.at(-1)?.length, 9);
      // What a program streams takes no slot away from its reads, under the narrower policy either.
      const beside = (yield* messagesFor("conservative", [candleKey(btc)])).at(-1) ?? [];
      assert.include(kindsOf(beside), "candles");
      assert.strictEqual(kindsOf(beside).length, 3);
    }),
  );
});
