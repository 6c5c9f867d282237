/**
 * A host whose clock is wrong, or is set while the program runs: the exchange keeps the right time, the router reads another. What is fresh and
 * what is stale goes by the monotonic clock and must not notice.
 */
import { assert, describe, it } from "@effect/vitest";
import { getCandles, getTicker, streamTicker } from "@naru/router/MarketData";
import * as Supervisor from "@naru/router/Supervisor";
import * as RouterConfig from "@naru/router/RouterConfig";
import { Exchange, Sim } from "@naru/sim";
import { defaultOriginMs } from "@naru/sim/Options";
import { profiles } from "@naru/upbit/profiles";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { Clock, Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { onClock, shifted } from "./ownClocks.ts";

const minute = 60_000;

/** The emulated exchange on its own clock, and a router over it on another. */
const layerSkewed = (host: string, offMs: () => number) =>
  Layer.unwrap(
    Effect.map(Clock.Clock, (clock) => {
      const venue = {
        ...profiles.upbit,
        restUrl: `http://${host}/v1`,
        socketUrl: `ws://${host}/websocket/v1`,
        host,
        id: "sim",
        simulated: true,
      };
      const routerClock = Layer.succeed(Clock.Clock, shifted(clock, { wallMs: () => defaultOriginMs + offMs() }));
      const exchangeClock = shifted(clock, { wallMs: () => defaultOriginMs });
      const exchange = onClock(exchangeClock).pipe(Layer.provideMerge(Exchange.layer({ seed: 8 })));
      const router = Supervisor.layer.pipe(
        Layer.provide(layerOf(venue)),
        Layer.provide(RouterConfig.layer({ auditEveryMs: 0, tickerAuditEveryMs: 0 })),
        Layer.provide(routerClock),
      );
      return Layer.provideMerge(router, exchange);
    }),
  );

/** An answer's channel and whether it is stale, or the error's tag; and the requests it took. */
const ask = Effect.gen(function* () {
  const { ledger } = yield* Exchange;
  const before = ledger.restCount("/v1/ticker");
  const fiber = yield* Effect.forkChild(Effect.result(getTicker("KRW-BTC")), { startImmediately: true });
  yield* TestClock.adjust("100 millis");
  if (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("6 seconds");
  const result = yield* Fiber.join(fiber);
  const requests = ledger.restCount("/v1/ticker") - before;
  if (result._tag === "Failure") return { failed: result.failure._tag };
  const { channel, stale, confirmedAgeMs } = result.success.provenance;
  assert.isAtLeast(confirmedAgeMs, 0);
  assert.isAtMost(confirmedAgeMs, 2_000);
  return { channel, stale, requests };
});

/** Reads before, at and after each setting of the clock, of a live market and of one whose every channel is down. */
const story = (name: string, steps: ReadonlyArray<number>) => {
  let offMs = steps[0] ?? 0;
  return Effect.gen(function* () {
    const told: Array<unknown> = [yield* ask];
    yield* Effect.forkChild(Stream.runDrain(streamTicker("KRW-BTC")));
    yield* TestClock.adjust("5 seconds");
    for (const step of steps) {
      offMs = step;
      told.push(yield* ask);
      yield* TestClock.adjust("20 seconds");
      told.push(yield* ask);
    }
    yield* Sim.refuseUpgrades("1 hour");
    yield* Sim.cutSockets;
    yield* Sim.failRest("/v1", "reset", 1_000);
    yield* TestClock.adjust("5 seconds");
    for (const step of steps) {
      offMs = step;
      told.push(yield* ask);
    }
    return told;
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        layerSkewed(`skewed-${name}`, () => offMs),
        TestClock.layer(),
      ),
    ),
  );
};

describe("a clock of the host that is wrong by ten minutes, or is set by as much", () => {
  it.effect("makes nothing stale and nothing fresh: every read is answered as with the right time (C06)", () =>
    Effect.gen(function* () {
      const right = yield* story("right", [0, 0, 0]);
      assert.deepStrictEqual(right, [
        { channel: "rest", stale: false, requests: 1 },
        ...Array.from({ length: 6 }, () => ({ channel: "websocket", stale: false, requests: 0 })),
        ...Array.from({ length: 3 }, () => ({ failed: "StaleData" })),
      ]);
      for (const steps of [
        [10 * minute, 10 * minute, 10 * minute],
        [-10 * minute, -10 * minute, -10 * minute],
        [0, 10 * minute, -10 * minute],
        [10 * minute, -10 * minute, 0],
      ]) {
        assert.deepStrictEqual(yield* story(steps.join(), steps), right, steps.join());
      }
    }),
  );
});

describe("a clock of the host that is behind by a few seconds", () => {
  it.effect("cuts no candle off that ended before a bound which only the host takes for the future", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const to = defaultOriginMs + 57_000;
      const fiber = yield* Effect.forkChild(getCandles("KRW-BTC", "1s", { count: 1, to }), { startImmediately: true });
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis");
      const { value } = yield* Fiber.join(fiber);
      assert.strictEqual(value.length, 1);
      assert.isBelow(value[0]?.openTimeMs ?? Infinity, to);
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          layerSkewed("behind", () => -5_000),
          TestClock.layer(),
        ),
      ),
    ),
  );
});
