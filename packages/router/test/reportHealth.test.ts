/** The health report of a whole router: it is a document, and it says what happened. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Schema } from "effect";
import { TestClock } from "effect/testing";
import { NetworkError } from "../src/errors/MarketDataError.ts";
import * as HostProbe from "../src/health/HostProbe.ts";
import { HealthReport } from "../src/HealthReport.ts";
import { getTicker, health } from "../src/MarketData.ts";
import * as RouterConfig from "../src/RouterConfig.ts";
import { btc, marketOf, ticker } from "./samples.ts";
import { answered, frame, routerOver, stubOf, tickers } from "./stubServices.ts";

const start = Date.UTC(2026, 0, 31);
const down = new NetworkError({ phase: "connect", host: "stub.test", code: "ECONNREFUSED", detail: null });

describe("a health report", () => {
  it.effect("is a document of its schema, also through JSON", () => {
    const stub = stubOf(tickers());
    return Effect.gen(function* () {
      yield* TestClock.setTime(start);
      yield* answered(getTicker("KRW-BTC"));
      const report = yield* health;
      assert.isTrue(Schema.is(HealthReport)(report));
      const codec = Schema.toCodecJson(HealthReport);
      const text = JSON.stringify(yield* Schema.encodeEffect(codec)(report));
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(JSON.parse(text)), report);
      assert.deepStrictEqual([report.status, report.causes, report.calls.samples], ["healthy", [], 1]);
    }).pipe(Effect.provide(routerOver(stub)));
  });

  it.effect("tells what goes wrong within the call that goes wrong, and is well again when it is over", () => {
    const stub = stubOf(tickers());
    const { script } = stub;
    stub.connected = true;
    let fails = false;
    stub.script = (asked) => (fails && asked.endpoint !== "markets" ? Effect.fail(down) : script(asked));
    const host = HostProbe.layerMemory(() => ({ memory: { residentBytes: 1e9, heapUsedBytes: 9e8, heapLimitBytes: 1e9 } }));
    const config = RouterConfig.layer({ coreMarkets: ["KRW-BTC", "no market"] });
    return Effect.gen(function* () {
      yield* frame(stub, ticker("100", 1));
      fails = true;
      for (let i = 0; i < 25; i++) yield* Effect.flip(answered(getTicker("KRW-ETH", { strategy: "rest_only", deadline: 50 })));
      const report = yield* health;
      assert.strictEqual(report.status, "unhealthy");
      assert.includeMembers(
        report.causes.map(({ code, about }) => `${code} ${about}`),
        ["mode emergency", "success_rate ", "error_burst NetworkError", "memory "],
      );
      assert.deepInclude(report.keys[0], { market: marketOf("KRW-ETH"), failedInARow: 25, lastFailure: "NetworkError" });
      assert.deepInclude(report.core[0], { market: btc, wanted: false });
      assert.lengthOf(report.core, 1);
      fails = false;
      yield* TestClock.adjust("6 minutes");
      for (let i = 0; i < 3; i++) {
        yield* answered(getTicker("KRW-ETH", { strategy: "rest_only" }));
        yield* TestClock.adjust("3 seconds");
      }
      assert.deepStrictEqual(
        (yield* health).causes.map(({ code }) => code),
        ["memory"],
      );
    }).pipe(Effect.provide(routerOver(stub).pipe(Layer.provide(Layer.merge(host, config)))));
  });
});
