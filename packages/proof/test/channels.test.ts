/** What the report of health says of REST and of the sockets, while the exchange and the way to it are well and not well. */
import { assert, describe, it } from "@effect/vitest";
import { getTicker, health, streamTickerEvents } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import { Effect, Stream } from "effect";
import { TestClock } from "effect/testing";

const layer = Sim.layerTest({
  seed: 21,
  config: { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 },
  network: { road: { rttMs: 30 } },
});

const channels = Effect.map(health, ({ channels: [rest, websocket] }) => {
  assert(rest?.channel === "rest" && websocket?.channel === "websocket");
  return { rest, websocket };
});

const askRest = Effect.gen(function* () {
  yield* Effect.forkScoped(getTicker("KRW-ETH", { strategy: "rest_only", maxAge: 0, deadline: 1_000 }));
  yield* TestClock.adjust("2 seconds");
});

describe("the health of each channel", () => {
  it.effect("is its status, its latency, when it was last good, and what went wrong last (R004-52)", () =>
    Effect.gen(function* () {
      const unknown = { status: "unknown", latencyMs: null, lastGoodAgeMs: null, lastFailure: null, samples: 0 } as const;
      const before = yield* channels;
      assert.deepInclude(before.rest, unknown);
      assert.deepInclude(before.websocket, unknown);

      yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(streamTickerEvents(["KRW-BTC"]))));
      yield* askRest;
      yield* TestClock.adjust("1 minute");
      const well = yield* channels;
      assert.deepInclude(well.rest, { status: "up", lastFailure: null, failures: 0 });
      assert.deepInclude(well.websocket, { status: "up", lastFailure: null });
      for (const { latencyMs } of [well.rest, well.websocket]) assert.isAbove(latencyMs ?? 0, 0);
      assert.isAtLeast(well.rest.lastGoodAgeMs ?? 0, 60_000);
      assert.isBelow(well.websocket.lastGoodAgeMs ?? Number.NaN, 5_000);

      yield* Sim.fault({ verb: "server-error", path: "/v1/ticker", status: 503 });
      yield* Sim.refuseUpgrades("1 minute");
      yield* Sim.cutSockets;
      yield* askRest;
      const ill = yield* channels;
      assert.strictEqual(ill.rest.status, "down");
      assert.match(ill.rest.lastFailure?.detail ?? "", /^ticker: UpstreamError, HTTP 503$/);
      assert.isAbove(ill.rest.lastGoodAgeMs ?? 0, ill.rest.lastFailure?.ageMs ?? Number.NaN);
      assert.strictEqual(ill.websocket.status, "down");
      assert.match(ill.websocket.lastFailure?.detail ?? "", /503/);
      assert.isBelow(ill.websocket.lastFailure?.ageMs ?? Number.NaN, 3_000);
      assert.isNull(ill.websocket.latencyMs);

      yield* Sim.endFault("server-error");
      yield* TestClock.adjust("2 minutes");
      yield* askRest;
      const again = yield* channels;
      assert.deepStrictEqual([again.rest.status, again.websocket.status], ["up", "up"]);
      // What went wrong is still told, with its age.
      assert.isAbove(again.rest.lastFailure?.ageMs ?? 0, 60_000);
      assert.isAbove(again.websocket.lastFailure?.ageMs ?? 0, 60_000);
    }).pipe(Effect.scoped, Effect.provide(layer)),
  );
});
