/** An exchange that changes how it writes its frames: what it costs is counted and told, and what consumers get stays right. */
import { assert, describe, it } from "@effect/vitest";
import { health, liveMetrics, metrics, streamOrderbook, streamTradesEvents } from "@naru/router/MarketData";
import { Alerts } from "@naru/router/alerts/Alerts";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Stream } from "effect";
import { TestClock } from "effect/testing";

const config = { auditEveryMs: 0, tickerAuditEveryMs: 0 };

describe("frames of another spelling than the exchange's", () => {
  it.effect("are counted by cause and told as an alert while they come, and every trade is delivered all the same", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const alerts = yield* Alerts;
      const told = () => alerts.recent().map(({ rule, state }) => `${rule} ${state}`);
      const seen: Array<string> = [];
      const trades = streamTradesEvents("KRW-BTC");
      yield* Effect.forkScoped(
        Stream.runForEach(trades, (element) =>
          Effect.sync(() => void seen.push(element._tag === "Live" ? element.value.id : element._tag)),
        ),
      );
      yield* Effect.forkScoped(Stream.runDrain(streamOrderbook(["KRW-BTC", "KRW-ETH"])));
      yield* TestClock.adjust("20 seconds");
      const before = (yield* liveMetrics).decoding;
      assert.isAbove(before.frames, 50);
      assert.deepStrictEqual([before.isSlow, before.generalShare, before.causes], [false, 0, []]);

      const drift = yield* Sim.fault({ verb: "schema-drift", change: "new-field" });
      yield* TestClock.adjust("40 seconds");
      const during = (yield* liveMetrics).decoding;
      assert.deepStrictEqual([during.isSlow, during.causes.map(({ cause }) => cause)], [true, ["field"]]);
      assert.isAbove(during.generalShare ?? 0, 0.5);
      assert.deepStrictEqual(told(), ["slow_decoding raised"]);
      assert.include(alerts.recent()[0]?.what, "most often because of: field");
      const ill = yield* health;
      assert.deepStrictEqual([ill.status, ill.causes.map(({ code }) => code)], ["degraded", ["slow_decoding"]]);
      const published = new RegExp(`naru_socket_general_frames_total\\{[^}]*cause="field"[^}]*\\} ${during.causes[0]?.frames}\\b`);
      assert.match(yield* metrics, published);

      yield* Sim.endFault(drift);
      yield* TestClock.adjust("70 seconds");
      assert.deepStrictEqual(told(), ["slow_decoding raised", "slow_decoding over"]);
      assert.strictEqual((yield* health).status, "healthy");
      const sent = ledger.frames({ direction: "out", kind: "trade", market: "KRW-BTC" });
      assert.strictEqual(seen.length, sent.length);
      assert.strictEqual(new Set(seen).size, sent.length);
    }).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 8, config }))),
  );
});
