/** The list of metrics, which the page is written from, held against the program: every metric has the type, the labels and the words it says. */
import { assert, describe, it } from "@effect/vitest";
import { all } from "@naru/router/health/Metrics";
import { getTicker, guard, streamTrades } from "@naru/router/MarketData";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { Sim } from "@naru/sim";
import { Effect, Layer, Metric, Stream } from "effect";
import { TestClock } from "effect/testing";

const config = {
  ...{ noSuccessMs: 4_000, shadow: { percent: 100, perMinute: 30, maxUsage: 0.5 } },
  prediction: { ...defaultRouterConfig.prediction, enabled: true },
};

/** Every series there is after some asking, a stream, a wait for a silent socket, and an outage. */
const series = Effect.gen(function* () {
  yield* Effect.forkScoped(Stream.runDrain(streamTrades("KRW-BTC")));
  // What a socket says is not what the exchange says, and the shadow finds it.
  yield* Sim.halt;
  yield* Sim.fault({ verb: "nonsense-price", type: "ticker", value: "jump" });
  for (const wait of ["20 seconds", "1 second"] as const) {
    yield* Effect.forkScoped(getTicker("KRW-XRP", { realtime: true, maxAge: 60_000 }));
    yield* TestClock.adjust(wait);
  }
  yield* Sim.endFault("nonsense-price");
  yield* Sim.resume;
  yield* Effect.forkScoped(getTicker("KRW-BTC"));
  yield* TestClock.adjust("5 seconds");
  yield* Sim.silenceSockets("1 second");
  yield* Effect.forkScoped(getTicker("KRW-ETH", { realtime: true, strategy: "websocket_only" }));
  yield* TestClock.adjust("5 seconds");
  yield* Sim.cutSockets;
  yield* TestClock.adjust("5 seconds");
  yield* Effect.forkScoped(guard("KRW-BTC"));
  yield* Sim.fault({ verb: "schema-drift", change: "new-field", forMs: 2_000 });
  yield* TestClock.adjust("2 seconds");
  // REST fails with the sockets: what is asked is tried again, and an old value is given with a label.
  yield* Sim.refuseUpgrades("1 minute");
  yield* Sim.fault({ verb: "server-error", forMs: 30_000 });
  yield* Sim.cutSockets;
  yield* TestClock.adjust("5 seconds");
  yield* Effect.forkScoped(getTicker("KRW-BTC", { onStale: "serve" }));
  yield* TestClock.adjust("10 seconds");
  // Nobody answers for so long that the router is given up, and probed.
  for (let i = 0; i < 4; i++) {
    yield* Effect.forkScoped(getTicker("KRW-XRP"));
    yield* TestClock.adjust("6 seconds");
  }
  yield* TestClock.adjust("1 minute");
  return yield* Metric.snapshot;
}).pipe(Effect.provide(Layer.fresh(Sim.layerTest({ seed: 3, config }))), Effect.provideService(Metric.MetricRegistry, new Map()));

describe("the list of metrics", () => {
  it("says of each what its metric says, and names none twice", () => {
    for (const { metric, name, type, words } of all) {
      assert.deepStrictEqual([metric.id, metric.type.toLowerCase(), metric.description], [name, type, words]);
    }
    assert.strictEqual(new Set(all.map(({ name }) => name)).size, all.length);
  });

  it("has the unit in the name: seconds, a rate, a count that only rises, or a number of things", () => {
    for (const { name, type, unit } of all) {
      assert.strictEqual(type === "counter", name.endsWith("_total"), name);
      assert.strictEqual(unit === "seconds", /_seconds(?:_total)?$/.test(name), name);
      if (type === "histogram" || type === "summary") assert.strictEqual(unit, "seconds", name);
      assert.notMatch(name, /_(?:ms|millis|milliseconds)(?:_|$)/);
    }
  });

  it.effect("names the labels that the series really have, after a time in which everything happens that is counted", () =>
    Effect.gen(function* () {
      const seen = new Map<string, ReadonlyArray<string>>();
      for (const { id, attributes } of yield* series) seen.set(id, Object.keys(attributes ?? {}));
      for (const { name, labels } of all) {
        assert.deepStrictEqual(seen.get(name), labels, name);
      }
    }),
  );
});
