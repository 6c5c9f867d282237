/** The exit strategy from beginning to end, in virtual time: a router breaks, the direct clients answer for it, and a fresh router comes back. */
import { assert, describe, it } from "@effect/vitest";
import type { Alert } from "@naru/router/alerts/Alert";
import { DirectSocket } from "@naru/router/direct/DirectSocket";
import type { ModeChange } from "@naru/router/domain/Mode";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import { getTicker, alerts as marketAlerts, modeChanges } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Exit, Stream } from "effect";
import { TestClock } from "effect/testing";
import { BrokenRouter } from "./BrokenRouter.ts";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];
const core = "KRW-SOL";

interface Poll {
  readonly atMs: number;
  /** Who answered; undefined when nobody did. */
  readonly tier: string | undefined;
  readonly ageMs: number;
  readonly stale: boolean;
}

/** A strategy that looks at the ticker of every market each second. */
const strategy = (polls: Array<Poll>) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    for (let turn = 0; ; turn++) {
      for (const market of markets) {
        const exit = yield* Effect.exit(getTicker(market));
        const atMs = clock.currentTimeMillisUnsafe();
        if (Exit.isFailure(exit)) polls.push({ atMs, tier: undefined, ageMs: Number.NaN, stale: false });
        else {
          const { tier, confirmedAgeMs, stale } = exit.value.provenance;
          polls.push({ atMs, tier, ageMs: confirmedAgeMs, stale });
        }
      }
      yield* Effect.sleep("1 second");
    }
  });

describe("the exit strategy", () => {
  it.effect(
    "takes seconds to the direct clients, watches every active market meanwhile, and comes back with a fresh router after two good probes (R002-21, R002-22, R002-23, R002-27, R002-46, F-57)",
    () => {
      const router = new BrokenRouter();
      return Effect.gen(function* () {
        const control = yield* ModeControl;
        const direct = yield* DirectSocket;
        const { ledger } = yield* Exchange;
        const polls: Array<Poll> = [];
        const changes: Array<ModeChange> = [];
        const alerts: Array<Alert> = [];
        yield* Effect.forkScoped(Stream.runForEach(modeChanges, (change) => Effect.sync(() => void changes.push(change))));
        yield* Effect.forkScoped(
          Stream.runForEach(marketAlerts, (alert) => Effect.sync(() => void (alert.rule === "mode" && alerts.push(alert)))),
        );
        yield* Effect.forkScoped(strategy(polls));
        yield* TestClock.adjust("20 seconds");
        assert.strictEqual(control.mode(), "normal");
        assert.isTrue(polls.every(({ tier }) => tier !== undefined && tier !== "direct_rest_fallback"));

        // 0 s: the router breaks. No poll fails from here to the end.
        router.current.ill = "fails";
        router.next = "well";
        const frames = ledger.frameCount("in", "request");
        const sockets = ledger.connections().length;

        // Within 30 s: fallback, and every market is served by the direct client.
        yield* TestClock.adjust("30 seconds");
        assert.strictEqual(control.mode(), "fallback");
        const served = polls.slice(-markets.length);
        assert.deepStrictEqual(
          served.map(({ tier }) => tier),
          markets.map(() => "direct_rest_fallback"),
        );
        // One activation, one alert, one more socket, and one message on it that names all.
        assert.strictEqual(alerts.length, 1);
        assert.strictEqual(ledger.connections().length, sockets + 1);
        assert.strictEqual(ledger.frameCount("in", "request"), frames + 1);
        assert.strictEqual(direct.status().keys, (markets.length + 1) * 3);
        assert.isTrue(control.monitoring().raised);

        // To 4 min: the direct socket has the last word of every market, and nobody looks for the router yet.
        yield* TestClock.adjust("3 minutes");
        for (const market of [...markets, core]) {
          const word = direct.latest({ kind: "ticker", market: market as never });
          assert.isDefined(word, market);
        }
        assert.strictEqual(router.tries, 1);

        // About 5 min: the probe finds the old router broken and the exchange well, and a fresh router answers it; 5 s later it answers again.
        yield* TestClock.adjust("2 minutes");
        assert.strictEqual(control.mode(), "normal");
        assert.strictEqual(router.tries, 2);
        assert.deepStrictEqual(
          changes.map(({ from, to, level }) => `${from} → ${to} (${level})`),
          ["normal → degraded (1)", "degraded → fallback (2)", "fallback → recovering (2)", "recovering → normal (0)"],
        );
        const [, fallback, recovering, normal] = changes.map(({ atMs }) => atMs - (changes[0]?.atMs ?? 0));
        assert.isAtMost(fallback ?? Infinity, 3_000);
        assert.isTrue((recovering ?? 0) >= 270_000 && (recovering ?? 0) <= 333_000, `the probe came after ${recovering} ms`);
        // The second probe after 5 s, and two steps of 5 s each on the way back.
        assert.isTrue((normal ?? 0) - (recovering ?? 0) >= 15_000 && (normal ?? 0) - (recovering ?? 0) <= 16_500);

        // After: the direct socket is closed, monitoring is as before, and the router answers.
        yield* TestClock.adjust("5 seconds");
        assert.strictEqual(direct.status().state, "closed");
        assert.isFalse(control.monitoring().raised);
        assert.deepStrictEqual(
          alerts.map(({ severity, state }) => `${severity} ${state}`),
          ["warning raised", "warning over"],
        );
        assert.notInclude(
          polls.slice(-markets.length).map(({ tier }) => tier),
          "direct_rest_fallback",
        );
        assert.isTrue(polls.every(({ tier, stale, ageMs }) => tier !== undefined && !stale && ageMs <= 2_000));
      }).pipe(
        Effect.scoped,
        Effect.provide(
          Sim.layerTest({ seed: 21, config: { earlyProbeMs: 0, coreMarkets: [core] }, decorate: { router: router.decorate } }),
        ),
      );
    },
  );
});
