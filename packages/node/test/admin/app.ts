/** An app with an admin socket in a folder of its own: the machine of modes is the real one, the rest says what a test tells it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Alerts } from "@naru/router/alerts/Alerts";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import { Health } from "@naru/router/health/HealthLedger";
import { LiveLedger } from "@naru/router/health/LiveLedger";
import { LiveNumbers } from "@naru/router/health/LiveNumbers";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import type { HealthReport } from "@naru/router/HealthReport";
import { MarketData } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Venue } from "@naru/router/transport/Venue";
import { ConfigProvider, Effect, Layer, Logger } from "effect";
import * as AdminSocket from "../../src/admin/AdminSocket.ts";

const limits = { groups: { ticker: { limit: 10, windowMs: 1_000 } }, socketConnect: { limit: 5, windowMs: 1_000 }, socketMessage: [] };

/** What a test may change. */
export interface Script {
  resubscribe: Subscriptions["Service"]["resubscribe"];
  readonly health: Effect.Effect<unknown>;
}

/** What the report of health says of a channel, and of the machine. */
export const rest: HealthReport["channels"][number] = {
  ...{
    channel: "rest",
    status: "up",
    latencyMs: 40,
    lastGoodAgeMs: 1_000,
    lastFailure: { detail: "/v1/ticker: TimeoutError", ageMs: 9_000 },
  },
  ...{ samples: 10, failures: 1, successRate: 0.9, p50Ms: 35, p95Ms: 50 },
};
export const seenHost: HealthReport["host"] = {
  memory: { residentBytes: 2e8, heapUsedBytes: 1e8, heapLimitBytes: 4e9 },
  cpuPercent: 5,
  eventLoopDelay: { p50Ms: 1, p99Ms: 2, maxMs: 3 },
  disk: null,
};

export const script = (): Script => ({
  resubscribe: Effect.succeed({ wanted: 2, sockets: 1, unanswered: 0, missing: [], isSame: true }),
  health: Effect.succeed({
    venue: "stub",
    simulated: true,
    mode: "normal",
    modeHistory: [],
    channels: [rest],
    host: seenHost,
    link: {
      state: "open",
      attempt: 0,
      connects: 1,
      reconnects: 0,
      lastClose: null,
      silentMs: 12.5,
      wanted: 2,
      live: 2,
      lateMs: 0,
      changing: null,
      sockets: [],
    },
    tiers: [],
    hotKeys: 2,
    knownMarkets: null,
  }),
});

const numbers = new LiveNumbers(0);
numbers.message(numbers.key("ticker:KRW-BTC" as never, 0), 1_000, 20);

/** Services of which only what the admin socket asks is there. */
const services = (told: Script) =>
  Layer.mergeAll(
    Layer.succeed(MarketData, { health: told.health, liveMetrics: Effect.sync(() => numbers.toMetrics(2_000)) } as never),
    Layer.succeed(Subscriptions, {
      get resubscribe() {
        return told.resubscribe;
      },
      confirmedNanos: () => undefined,
    } as never),
    RateLimiter.layerTest(limits),
    Layer.provide(
      Layer.mergeAll(ModeControl.layer, Alerts.layer),
      Layer.mergeAll(Health.layer, LiveLedger.layer, Layer.succeed(Venue, { id: "stub", simulated: true } as never)),
    ),
  );

/** One app of the folder, named. What its services are made of can be had beside it. */
export const app = (program = "app.ts", told: Script = script()) =>
  AdminSocket.layer({ program }).pipe(Layer.provideMerge(Layer.fresh(services(told))));

/** A state folder that goes with the test. */
export const stateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
);

/** As if the environment said where the state folder is. */
export const inFolder = (folder: string) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord({ NARU_STATE: folder }));

/** The value, and what was warned of meanwhile. */
export const warned = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const warnings: Array<string> = [];
  const logger = Logger.make<unknown, void>(({ message, logLevel }) => {
    if (logLevel !== "Debug") warnings.push(String(message));
  });
  return Effect.map(Effect.provide(effect, Logger.layer([logger])), (value) => ({ value, warnings }));
};
