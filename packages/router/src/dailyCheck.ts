/**
 * Once a day, at midnight in Korea unless a knob says otherwise, the three ways to a price are tried by themselves: the router, REST, the socket.
 * Each that fails becomes an alert that names it, and is over with the next good check. While the exchange blocks us nothing is asked.
 */
import * as Clock from "effect/Clock";
import * as Cron from "effect/Cron";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import { Alerts } from "./alerts/Alerts.ts";
import type { Finding } from "./alerts/rules.ts";
import { tickerQuestion } from "./ask.ts";
import { DirectRest } from "./direct/DirectRest.ts";
import { plainText } from "./domain/plainText.ts";
import { Closed, type MarketDataError, TimeoutError } from "./errors/MarketDataError.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { MarketData } from "./MarketData.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { startWorker } from "./transport/Workers.ts";

/** How long one of the three may take, in milliseconds. */
const patienceMs = 10_000;
/** A wait is cut into hours, so that a wall clock that was set is noticed. */
const longestSleepMs = 3_600_000;

type System = "router" | "REST" | "socket";

/** Runs for the life of the layer. */
export const layer: Layer.Layer<never, never, MarketData | DirectRest | RateLimiter | Alerts> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { dailyCheckCron, dailyCheckZone } = yield* RouterConfig;
    if (dailyCheckCron === "") return;
    const cron = Cron.parse(dailyCheckCron, dailyCheckZone);
    if (Result.isFailure(cron)) {
      yield* Effect.logError("There will be no daily check: the knob dailyCheckCron or dailyCheckZone cannot be read", {
        dailyCheckCron,
        dailyCheckZone,
      });
      return;
    }
    const check = yield* makeCheck;
    const clock = yield* Clock.Clock;
    let dueMs = Cron.next(cron.success, clock.currentTimeMillisUnsafe()).getTime();
    const wait = Effect.suspend(() =>
      clock.sleep(Duration.millis(Math.min(longestSleepMs, Math.max(0, dueMs - clock.currentTimeMillisUnsafe())))),
    );
    const day = Effect.gen(function* () {
      yield* wait;
      const nowMs = clock.currentTimeMillisUnsafe();
      // Set back, or not there yet: the next midnight is wherever the clock says now.
      if (nowMs >= dueMs) yield* check;
      dueMs = Cron.next(cron.success, nowMs).getTime();
    });
    yield* startWorker("daily check", Effect.forever(day), { startImmediately: true });
  }),
);

/** The three checks one after another, so that none fails by another. */
const makeCheck = Effect.gen(function* () {
  const data = yield* MarketData;
  const rest = yield* DirectRest;
  const limiter = yield* RateLimiter;
  const alerts = yield* Alerts;
  const clock = yield* Clock.Clock;
  const config = yield* RouterConfig;
  const market = config.coreMarkets[0] ?? config.probeMarket;
  const intent = { deadline: patienceMs, priority: "low", onStale: "fail" } as const;

  /** Without the router, and its breaker. */
  const direct = Effect.suspend(() =>
    Effect.flatMap(Effect.fromResult(tickerQuestion(market, intent, config)), (question) =>
      rest.ask(question, clock.monotonicTimeNanosUnsafe() + BigInt(patienceMs) * 1_000_000n),
    ),
  );
  /** An answer of the direct client is not the router's. */
  const routed = Effect.flatMap(data.getTicker(market, intent), ({ provenance }) =>
    provenance.tier === "direct_rest_fallback" ? Effect.fail(new Closed({ what: "the router" })) : Effect.void,
  );
  const ways: ReadonlyArray<readonly [System, Effect.Effect<unknown, MarketDataError>]> = [
    ["REST", direct],
    ["router", routed],
    ["socket", Effect.scoped(Effect.flatMap(subscribed(data, market), ({ ready }) => ready))],
  ];

  return Effect.gen(function* () {
    const blockedMs = limiter.blockedMs();
    if (blockedMs > 0) return yield* Effect.logWarning("The daily check is left out: the exchange blocks this address", { blockedMs });
    const findings = yield* Effect.forEach(ways, ([system, asked]) => tried(system, market, asked));
    alerts.report("daily check", findings.flat());
    yield* Effect.logDebug(`The daily check found ${findings.flat().length} of ${ways.length} ways to ${market} closed`);
  });
});

/** A stream would do with REST while the socket is down; this waits for the exchange's word over the socket. */
const subscribed = (data: MarketData["Service"], market: string) =>
  Effect.acquireRelease(
    data.subscribe(market, ["ticker"], () => {}),
    ({ unsubscribe }) => unsubscribe,
  );

const tried = (system: System, market: string, asked: Effect.Effect<unknown, MarketDataError>): Effect.Effect<ReadonlyArray<Finding>> =>
  asked.pipe(
    Effect.timeoutOrElse({
      duration: patienceMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "deadline", timeoutMs: patienceMs, detail: null })),
    }),
    Effect.match({
      onSuccess: () => [],
      onFailure: (error) => [findingOf(system, market, error.message)],
    }),
    Effect.catchDefect(() => Effect.succeed([findingOf(system, market, "it crashed")])),
  );

const findingOf = (system: System, market: string, reason: string): Finding => ({
  rule: "daily_check",
  about: system,
  severity: "warning",
  what: `the daily check of the ${system} failed: ${plainText(reason)}`,
  did: `a ticker of ${market} was asked for, by itself`,
  youCan: "look at the health report; it is checked again tomorrow",
});
