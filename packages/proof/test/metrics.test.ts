/** The page on metrics held against the program: every metric has its row, with the type, the labels and the words it really has. */
import { assert, describe, it } from "@effect/vitest";
import * as LimitMetrics from "@naru/router/health/LimitMetrics";
import * as Metrics from "@naru/router/health/Metrics";
import * as StreamMetrics from "@naru/router/health/StreamMetrics";
import { getTicker, streamTrades } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import { Effect, Layer, Metric, Stream } from "effect";
import { TestClock } from "effect/testing";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const page = readFileSync(join(resolve(import.meta.dirname, "../../.."), "docs/reference/metrics.md"), "utf8");

const rows = [...page.matchAll(/^\| `(naru_\w+)` \| (\w+) \| ([^|]*) \| (.*) \|$/gm)].map(
  ([, name = "", type = "", labels = "", words = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
    words,
  }),
);

const metrics = [...Object.values(Metrics), ...Object.values(StreamMetrics), ...Object.values(LimitMetrics)].filter((value) =>
  Metric.isMetric(value),
);

/** Every series there is after some asking, a stream, a wait for a silent socket, and an outage. */
const series = Effect.gen(function* () {
  yield* Effect.forkScoped(Stream.runDrain(streamTrades("KRW-BTC")));
  yield* Effect.forkScoped(getTicker("KRW-BTC"));
  yield* TestClock.adjust("5 seconds");
  yield* Sim.silenceSockets("1 second");
  yield* Effect.forkScoped(getTicker("KRW-ETH", { realtime: true, strategy: "websocket_only" }));
  yield* TestClock.adjust("5 seconds");
  yield* Sim.cutSockets;
  yield* TestClock.adjust("5 seconds");
  return yield* Metric.snapshot;
}).pipe(Effect.provide(Layer.fresh(Sim.layerTest({ seed: 3 }))), Effect.provideService(Metric.MetricRegistry, new Map()));

describe("the page on metrics", () => {
  it("has a row for every metric, in the order of the program, with its type and its words", () => {
    assert.deepStrictEqual(
      rows.map(({ name, type, words }) => [name, type, words]),
      metrics.map(({ id, type, description }) => [id, type.toLowerCase(), description]),
    );
  });

  it("says the unit in the name: seconds, a rate, a count that only rises, or a number of things", () => {
    for (const { name, type } of rows) {
      assert.strictEqual(type === "counter", name.endsWith("_total"), name);
      if (type === "histogram" || type === "summary") assert.match(name, /_seconds$/);
      assert.notMatch(name, /_(?:ms|millis|milliseconds)(?:_|$)/);
    }
  });

  it.effect("names the labels that the series really have", () =>
    Effect.gen(function* () {
      const seen = new Map<string, ReadonlyArray<string>>();
      for (const { id, attributes } of yield* series) seen.set(id, Object.keys(attributes ?? {}));
      for (const { name, labels } of rows) {
        if (name === "naru_mode_changes_total") continue; // Nothing changed the mode.
        assert.deepStrictEqual(seen.get(name), labels, name);
      }
    }),
  );
});
