/**
 * From what is known of the client to one word and the reasons for it. Pure. `unhealthy`: answers do not come, or nobody may ask. `degraded`: they
 * come, with something in the way. Every reason has a code for programs and a sentence for people.
 */
import * as Schema from "effect/Schema";
import type { Mode } from "../domain/Mode.ts";
import type { DecodingHealth } from "./DecodingNumbers.ts";
import type { ErrorHealth } from "./ErrorLog.ts";
import type { HistoryHealth } from "./HistoryLog.ts";
import type { HostFacts } from "./HostProbe.ts";
import type { OutcomeSummary } from "./OutcomeWindow.ts";

export const HealthStatus = Schema.Literals(["healthy", "degraded", "unhealthy"]);
export type HealthStatus = typeof HealthStatus.Type;

export const HealthCause = Schema.Struct({
  code: Schema.Literals([
    "mode",
    "success_rate",
    "slow",
    "error_burst",
    "error_periodic",
    "link_down",
    "breaker_open",
    "limit_paused",
    "core_market_old",
    "memory",
    "event_loop",
    "disk",
    "worker_failed",
    "history_waits",
    "slow_decoding",
  ]),
  /** What it concerns: a mode, an error's tag, a limit group, a market; empty for the whole. */
  about: Schema.String,
  severity: Schema.Literals(["degraded", "unhealthy"]),
  what: Schema.String,
});
export type HealthCause = typeof HealthCause.Type;

export interface HealthFacts {
  readonly mode: Mode;
  readonly calls: OutcomeSummary;
  readonly errors: ReadonlyArray<ErrorHealth>;
  /** Keys wanted of the socket, and whether any link is open. */
  readonly link: { readonly wanted: number; readonly open: boolean };
  readonly limits: ReadonlyArray<{ readonly group: string; readonly pausedMs: number; readonly breakerOpenMs: number }>;
  /** Milliseconds for which the exchange blocks us altogether. */
  readonly blockedMs: number;
  /** Markets that matter, and how old what we know of them is; null where nobody asked. */
  readonly core: ReadonlyArray<{ readonly market: string; readonly confirmedAgeMs: number | null; readonly wanted: boolean }>;
  readonly host: HostFacts;
  /** Fibers of our own that crashed lately. */
  readonly workers: ReadonlyArray<{ readonly name: string; readonly state: "restarting" | "failed"; readonly lastCrash: string }>;
  readonly history: HistoryHealth;
  readonly decoding: DecodingHealth;
}

/** What is called bad. Percentages, shares and milliseconds as the names say. */
export const healthBounds = {
  /** Calls needed for a judgement. */
  samples: 20,
  successRate: 0.95,
  /** Below this the client is of no use. */
  uselessRate: 0.5,
  p95Ms: 1_000,
  /** A wanted core market that nobody could confirm for so long. */
  coreAgeMs: 5_000,
  heapShare: 0.8,
  eventLoopP99Ms: 200,
  diskFreeShare: 0.05,
  diskFreeBytes: 200e6,
} as const;

export const judgeHealth = (facts: HealthFacts): { readonly status: HealthStatus; readonly causes: ReadonlyArray<HealthCause> } => {
  const ofItself = [...ofHost(facts.host), ...ofWorkers(facts), ...ofHistory(facts.history), ...ofDecoding(facts.decoding)];
  const causes = [...ofCalls(facts), ...ofErrors(facts), ...ofWays(facts), ...ofCore(facts), ...ofItself];
  const worst = causes.some(({ severity }) => severity === "unhealthy") ? "unhealthy" : causes.length > 0 ? "degraded" : "healthy";
  return { status: worst, causes };
};

const cause = (code: HealthCause["code"], about: string, what: string, severity: HealthCause["severity"] = "degraded"): HealthCause => ({
  code,
  about,
  severity,
  what,
});

const ofCalls = ({ mode, calls }: HealthFacts): ReadonlyArray<HealthCause> => {
  const found: Array<HealthCause> = [];
  if (mode !== "normal") found.push(cause("mode", mode, `the mode is ${mode}`, mode === "emergency" ? "unhealthy" : "degraded"));
  if (calls.samples < healthBounds.samples) return found;
  const { successRate, p95Ms } = calls;
  if (successRate !== null && successRate < healthBounds.successRate) {
    const what = `${percent(successRate)} of ${calls.samples} calls were answered freshly in the last five minutes`;
    found.push(cause("success_rate", "", what, successRate < healthBounds.uselessRate ? "unhealthy" : "degraded"));
  }
  if (p95Ms !== null && p95Ms > healthBounds.p95Ms) found.push(cause("slow", "", `one answer in twenty takes more than ${p95Ms} ms`));
  return found;
};

const ofErrors = ({ errors }: HealthFacts): ReadonlyArray<HealthCause> =>
  errors.flatMap(({ tag, pattern }) => {
    if (pattern === null) return [];
    return pattern._tag === "burst"
      ? [cause("error_burst", tag, `${pattern.count} times ${tag} within ${pattern.withinMs / 1_000} s`)]
      : [cause("error_periodic", tag, `${tag} every ${(pattern.everyMs / 1_000).toFixed(0)} s, ${pattern.times} times so far`)];
  });

const ofWays = ({ link, limits, blockedMs }: HealthFacts): ReadonlyArray<HealthCause> => {
  const found: Array<HealthCause> = [];
  if (link.wanted > 0 && !link.open) found.push(cause("link_down", "", `no socket is open, and ${link.wanted} keys are wanted`));
  if (blockedMs > 0) found.push(cause("limit_paused", "all", `the exchange blocks this address for ${seconds(blockedMs)}`, "unhealthy"));
  for (const { group, pausedMs, breakerOpenMs } of limits) {
    if (pausedMs > 0 && blockedMs <= 0) found.push(cause("limit_paused", group, `${group} is paused for ${seconds(pausedMs)}`));
    if (breakerOpenMs > 0) found.push(cause("breaker_open", group, `${group} is not asked for ${seconds(breakerOpenMs)}: it failed`));
  }
  return found;
};

const ofCore = ({ core }: HealthFacts): ReadonlyArray<HealthCause> =>
  core.flatMap(({ market, confirmedAgeMs, wanted }) =>
    wanted && (confirmedAgeMs === null || confirmedAgeMs > healthBounds.coreAgeMs)
      ? [
          cause(
            "core_market_old",
            market,
            confirmedAgeMs === null ? `nothing is known of ${market}` : `${market} was confirmed ${seconds(confirmedAgeMs)} ago`,
          ),
        ]
      : [],
  );

const ofHost = ({ memory, eventLoopDelay, disk }: HostFacts): ReadonlyArray<HealthCause> => {
  const found: Array<HealthCause> = [];
  const heapShare = memory === null ? 0 : memory.heapUsedBytes / memory.heapLimitBytes;
  if (heapShare > healthBounds.heapShare) found.push(cause("memory", "", `${percent(heapShare)} of the heap is in use`));
  if (eventLoopDelay !== null && eventLoopDelay.p99Ms > healthBounds.eventLoopP99Ms) {
    found.push(cause("event_loop", "", `one timer in a hundred comes ${eventLoopDelay.p99Ms.toFixed(0)} ms late`));
  }
  const isFull =
    disk !== null && (disk.freeBytes < healthBounds.diskFreeBytes || disk.freeBytes / disk.totalBytes < healthBounds.diskFreeShare);
  if (disk !== null && isFull) found.push(cause("disk", "", `${(disk.freeBytes / 1e6).toFixed(0)} MB are free at ${disk.path}`));
  return found;
};

const ofWorkers = ({ workers }: HealthFacts): ReadonlyArray<HealthCause> =>
  workers.flatMap(({ name, state, lastCrash }) =>
    state === "failed" ? [cause("worker_failed", name, `it crashes again and again: ${lastCrash}`)] : [],
  );

const ofDecoding = ({ isSlow, frames, general, commonest }: DecodingHealth): ReadonlyArray<HealthCause> =>
  isSlow
    ? [
        cause(
          "slow_decoding",
          "",
          `${general} of ${frames} frames of the last minute were read the slow way, most often because of: ${commonest}`,
        ),
      ]
    : [];

const ofHistory = ({ isWaiting, waitingRows, droppedRows }: HistoryHealth): ReadonlyArray<HealthCause> =>
  isWaiting
    ? [cause("history_waits", "", `history cannot be written: ${waitingRows} rows wait in memory, ${droppedRows} had no room there`)]
    : [];

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
