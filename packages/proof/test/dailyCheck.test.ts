/** The daily check over the emulated exchange, in virtual time: two midnights of Korea, with and without trouble. */
import { assert, describe, it } from "@effect/vitest";
import { Alerts } from "@naru/router";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";

/** An hour before midnight in Korea: 14:00 UTC. */
const originMs = Date.UTC(2026, 0, 31, 14);

/** Nothing that asks by itself: no audits, and no probe of a router that nobody asks. */
const quiet = { tickerAuditEveryMs: 0, auditEveryMs: 0, noSuccessMs: 1e12, sleepLookEveryMs: 0 };

const inSim = (title: string, config: NonNullable<Sim.SimOptions["config"]>, effect: Effect.Effect<void, unknown, Sim.Services>) =>
  it.effect(title, () => Effect.provide(effect, Layer.fresh(Sim.layerTest({ seed: 5, originMs, config: { ...quiet, ...config } }))));

/** Tickers that REST was asked for so far. */
const asked = Effect.map(Exchange, ({ ledger }) => ledger.requests().filter(({ path }) => path.startsWith("/v1/ticker")).length);

const found = Effect.map(Alerts, (alerts) =>
  alerts
    .recent()
    .filter(({ rule }) => rule === "daily_check")
    .map(({ about, state }) => `${about} ${state}`),
);

describe("the daily check", () => {
  inSim(
    "runs at each midnight in Korea and at no other time; in good times it tells nobody anything (R002-40)",
    {},
    Effect.gen(function* () {
      yield* TestClock.adjust("59 minutes");
      assert.strictEqual(yield* asked, 0);
      yield* TestClock.adjust("2 minutes");
      const first = yield* asked;
      assert.isAtLeast(first, 1);
      const { ledger } = yield* Exchange;
      assert.isAtLeast(ledger.connections().length, 1);
      yield* TestClock.adjust("23 hours");
      assert.strictEqual(yield* asked, first);
      yield* TestClock.adjust("1 hour");
      assert.isAbove(yield* asked, first);
      assert.deepStrictEqual(yield* found, []);
    }),
  );

  inSim(
    "names each of router, REST and socket that fails, and takes it back at the next good one",
    {},
    Effect.gen(function* () {
      yield* TestClock.adjust("59 minutes");
      yield* Sim.refuseUpgrades("10 minutes");
      yield* Sim.fault({ verb: "server-error", forMs: 600_000 });
      yield* TestClock.adjust("2 minutes");
      assert.sameMembers([...(yield* found)], ["router raised", "REST raised", "socket raised"]);
      const alerts = yield* Alerts;
      for (const alert of alerts.recent().filter(({ rule }) => rule === "daily_check")) {
        assert.include(alert.what, `the daily check of the ${alert.about} failed`);
        assert.isTrue(alert.simulated);
      }
      yield* TestClock.adjust("24 hours");
      assert.sameMembers((yield* found).slice(3), ["router over", "REST over", "socket over"]);
    }),
  );

  inSim(
    "finds the one way that is closed: here the socket",
    {},
    Effect.gen(function* () {
      yield* TestClock.adjust("59 minutes");
      yield* Sim.refuseUpgrades("10 minutes");
      yield* TestClock.adjust("2 minutes");
      assert.deepStrictEqual(yield* found, ["socket raised"]);
    }),
  );

  inSim(
    "is when and where its knobs say, and never where there is none",
    { dailyCheckCron: "30 9 * * *", dailyCheckZone: "UTC" },
    Effect.gen(function* () {
      yield* TestClock.adjust("19 hours");
      assert.strictEqual(yield* asked, 0);
      yield* TestClock.adjust("31 minutes");
      assert.isAtLeast(yield* asked, 1);
    }),
  );

  for (const dailyCheckCron of ["", "every full moon"]) {
    inSim(
      `does not run with the expression ${JSON.stringify(dailyCheckCron)}`,
      { dailyCheckCron },
      Effect.gen(function* () {
        yield* TestClock.adjust("3 days");
        assert.strictEqual(yield* asked, 0);
      }),
    );
  }
});
