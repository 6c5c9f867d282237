/** Gathers what an app says of itself: read from the services it is made of, and from nothing that could fail or take long. */
import { basename } from "node:path";
import { Alerts } from "@naru/router/alerts/Alerts";
import type { StreamKey } from "@naru/router/domain/StreamKey";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { MarketData } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { AppStatus, AuditEntry, Word } from "./AdminApi.ts";
import * as AuditLog from "./AuditLog.ts";

const shown = { keys: 100, changes: 10, alerts: 10, audit: 10 } as const;

/** Reads the status at every run. */
export const make = Effect.fnUntraced(function* ({ program, folder }: { readonly program: string; readonly folder: string }) {
  const data = yield* MarketData;
  const control = yield* ModeControl;
  const alerts = yield* Alerts;
  const limiter = yield* RateLimiter;
  const subscriptions = yield* Subscriptions;
  const clock = yield* Clock.Clock;
  const startedAtMs = clock.currentTimeMillisUnsafe();
  const startedNanos = clock.monotonicTimeNanosUnsafe();
  /** Null while the key is not live, and while there is no router to ask. */
  const confirmedAgeMs = (key: StreamKey | undefined): number | null => {
    try {
      const nanos = key === undefined ? undefined : subscriptions.confirmedNanos(key);
      return nanos === undefined ? null : Number(clock.monotonicTimeNanosUnsafe() - nanos) / 1e6;
    } catch {
      return null;
    }
  };

  return Effect.gen(function* () {
    const { venue, simulated, modeHistory, channels, link, tiers, hotKeys, knownMarkets, host } = yield* data.health;
    const { keys } = yield* data.liveMetrics;
    return {
      app: {
        program,
        pid: process.pid,
        runtime: process.version,
        startedAtMs,
        uptimeMs: Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6,
      },
      venue,
      simulated,
      mode: modeReport(control),
      modeHistory: modeHistory.slice(-shown.changes),
      channels,
      link,
      limits: limiter.snapshot(),
      blockedMs: limiter.blockedMs(),
      tiers,
      keys: keys.slice(0, shown.keys).map(({ key, messages, perSecond, silentMs }) => ({
        key,
        messages,
        perSecond,
        silentMs,
        confirmedAgeMs: confirmedAgeMs(keyNamed(key)),
      })),
      hotKeys,
      knownMarkets,
      alerts: alerts.recent().slice(-shown.alerts),
      audit: yield* AuditLog.tail(folder, shown.audit),
      host,
    } satisfies AppStatus;
  });
});

export const modeReport = (control: ModeControl["Service"]): AppStatus["mode"] => {
  const { mode, level, sinceMs, reason, override, failures, nextStepInMs } = control.status();
  return { mode, level, sinceMs, reason, override, failures, nextStepInMs };
};

/** How the app is called where it does not say so itself. */
export const ownName = (): string => basename(process.argv[1] ?? process.title).slice(0, 60);

/** A line of the audit, made now. */
export const auditEntry = (clock: Clock.Clock, program: string, action: AuditEntry["action"], { by, why }: Word): AuditEntry => ({
  atMs: clock.currentTimeMillisUnsafe(),
  pid: process.pid,
  program,
  action,
  by,
  why,
});

/** The key behind a name of the ledger; undefined for the name that stands for many. */
const keyNamed = (name: string): StreamKey | undefined => {
  const [kind, ...rest] = name.split(":");
  const market = rest.at(-1);
  if (market === undefined) return undefined;
  const [interval] = rest;
  // Names are made of keys, so these parts are what their types say.
  if (kind === "candles") return { kind, interval, market } as StreamKey;
  return (kind === "orderbook" ? { kind, market, levels: 1 } : { kind, market }) as StreamKey;
};
