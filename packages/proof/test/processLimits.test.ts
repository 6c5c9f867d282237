import { assert, describe, it } from "@effect/vitest";
import { getTicker } from "@naru/router/MarketData";
import { Exchange, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import { layerFor } from "@naru/upbit/Upbit";
import { Effect, Layer } from "effect";

/** A new layer for every run, as a careless app would have it. */
const newLayer = (url: string) => layerFor({ venue: url, profile: { id: "sim", simulated: true } });

describe("one process, one limit", () => {
  it.live(
    "forty runs at once that each build the layer anew never exceed a limit at the exchange (R000-22)",
    () =>
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const { url } = yield* LoopbackServer;
        const one = () =>
          Effect.runPromise(
            Effect.provide(getTicker("KRW-BTC", { strategy: "rest_only", context: "research", deadline: 20_000 }), newLayer(url)),
          );
        const answers = yield* Effect.promise(() => Promise.all(Array.from({ length: 40 }, one)));
        assert.deepStrictEqual([...new Set(answers.map((answer) => answer.provenance.channel))], ["rest"]);
        assert.strictEqual(ledger.restCount("/v1/ticker"), 40);
        assert.strictEqual(ledger.rejected, 0);
        for (const group of ledger.groups()) {
          const limit = group === "websocket-connect" ? 5 : 10;
          assert.isAtMost(ledger.maxInWindow(group, 1_000), limit, group);
        }
        assert.isAbove(ledger.groups().length, 0);
      }).pipe(Effect.provide(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 3 }))))),
    60_000,
  );
});
