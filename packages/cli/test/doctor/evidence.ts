/** Evidence of a machine and an app that are well; a test spoils the part that it is about. */
import type { AppStatus } from "@naru/node/admin/AdminApi";
import type { Check } from "../../src/doctor/Check.ts";
import { checksOf } from "../../src/doctor/checks.ts";
import type { Evidence, PriceProbe, ProbeEvidence } from "../../src/doctor/Evidence.ts";

const gigabyte = 2 ** 30;

export const wellApp: AppStatus = {
  app: { program: "bot.ts", pid: 7, runtime: "v24.20.0", startedAtMs: 0, uptimeMs: 60_000 },
  venue: "upbit",
  simulated: false,
  mode: { mode: "normal", level: 0, sinceMs: null, reason: null, override: "auto", failures: 0, nextStepInMs: null },
  modeHistory: [],
  channels: [],
  link: {
    state: "open",
    attempt: 0,
    connects: 1,
    reconnects: 0,
    lastClose: null,
    silentMs: 200,
    wanted: 1,
    live: 1,
    lateMs: 0,
    sockets: [],
  },
  limits: [{ group: "ticker", limit: 10, share: 10, allowed: 10, others: 0, used: 3, waiting: 0, pausedMs: 0, refusals: 0 }],
  blockedMs: 0,
  tiers: [],
  keys: [{ key: "ticker:KRW-BTC", messages: 10, perSecond: 2, silentMs: 300, confirmedAgeMs: 200 }],
  hotKeys: 1,
  knownMarkets: 200,
  alerts: [],
  audit: [],
  host: {
    memory: { residentBytes: 2e8, heapUsedBytes: 1e8, heapLimitBytes: 4e9 },
    cpuPercent: 5,
    eventLoopDelay: { p50Ms: 1, p99Ms: 2, maxMs: 3 },
    disk: null,
  },
};

export const wellPrice: PriceProbe = { _tag: "Answered", market: "KRW-BTC", price: "148601000", ageMs: 400, tookMs: 20, clockAheadMs: 100 };

export const wellProbe: Extract<ProbeEvidence, { readonly _tag: "Probed" }> = {
  _tag: "Probed",
  roads: [
    {
      channel: "rest",
      host: "api.upbit.com",
      phases: [
        { phase: "dns", tookMs: 2 },
        { phase: "tcp", tookMs: 5 },
        { phase: "tls", tookMs: 12 },
      ],
      failure: null,
    },
    { channel: "websocket", host: "api.upbit.com", phases: [{ phase: "tcp", tookMs: 5 }], failure: null },
  ],
  price: wellPrice,
  socket: { openedAfterMs: 30, pongAfterMs: 10, problems: [] },
};

export const well: Evidence = {
  atMs: 1_800_000_000_000,
  venue: { id: "upbit", host: "api.upbit.com" },
  apps: [wellApp],
  mute: [],
  folder: {
    path: "/state/naru",
    access: { mode: 0o700, isOurs: true, isWritable: true },
    disk: { freeBytes: 50 * gigabyte, totalBytes: 100 * gigabyte },
  },
  runtime: "24.20.0",
  blockedUntilMs: null,
  key: { _tag: "Absent" },
  probe: wellProbe,
};

/** The check of a name, of evidence that is well but for `changes`. */
export const checked = (name: string, changes: Partial<Evidence>): Check => {
  const found = checksOf({ ...well, ...changes }).find((check) => check.name === name);
  if (found === undefined) throw new Error(`no check is called ${name}`);
  return found;
};

/** The same, of an app that is well but for `changes`. */
export const checkedApp = (name: string, changes: Partial<AppStatus>): Check => checked(name, { apps: [{ ...wellApp, ...changes }] });
