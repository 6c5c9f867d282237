/** The judgement, one fact at a time: what is fine alone, what each trouble is called, and that a worse fact never makes it better. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Mode } from "../../src/domain/Mode.ts";
import { nothingKnown } from "../../src/health/HostProbe.ts";
import { type HealthFacts, judgeHealth } from "../../src/health/judgeHealth.ts";

const well: HealthFacts = {
  mode: "normal",
  calls: { samples: 100, failures: 0, successRate: 1, p50Ms: 1, p95Ms: 20 },
  errors: [],
  link: { wanted: 3, open: true },
  limits: [{ group: "ticker", pausedMs: 0, breakerOpenMs: 0 }],
  blockedMs: 0,
  core: [{ market: "KRW-BTC", confirmedAgeMs: 200, wanted: true }],
  host: {
    memory: { residentBytes: 3e8, heapUsedBytes: 1e8, heapLimitBytes: 4e9 },
    cpuPercent: 99,
    eventLoopDelay: { p50Ms: 1, p99Ms: 20, maxMs: 900 },
    disk: { path: "/", freeBytes: 5e10, totalBytes: 1e11 },
  },
  workers: [],
  history: { isWaiting: false, waitingRows: 0, droppedRows: 0, lastError: "" },
  decoding: { isSlow: false, frames: 900, general: 2, commonest: "field" },
};

const calls = (samples: number, successRate: number | null, p95Ms: number | null = 20) => ({
  calls: { samples, failures: 0, successRate, p50Ms: 1, p95Ms },
});

const cases: ReadonlyArray<readonly [title: string, changes: Partial<HealthFacts>, status: string, causes: ReadonlyArray<string>]> = [
  ["nothing is known at all", { ...calls(0, null, null), core: [], host: nothingKnown, limits: [] }, "healthy", []],
  ["a tier was passed over", { mode: "degraded" }, "degraded", ["mode degraded"]],
  ["the direct clients answer", { mode: "fallback" }, "degraded", ["mode fallback"]],
  ["nobody answers", { mode: "emergency" }, "unhealthy", ["mode emergency"]],
  ["94 of 100 calls are answered", calls(100, 0.94), "degraded", ["success_rate "]],
  ["49 of 100 calls are answered", calls(100, 0.49), "unhealthy", ["success_rate "]],
  ["19 calls are too few to judge by", calls(19, 0, 9_000), "healthy", []],
  ["answers take more than a second", calls(20, 1, 1_500), "degraded", ["slow "]],
  ["answers take a second", calls(20, 1, 1_000), "healthy", []],
  [
    "errors come in a burst, others every minute, others at random",
    {
      errors: [
        { tag: "NetworkError", count: 12, lastAgeMs: 0, pattern: { _tag: "burst", count: 12, withinMs: 10_000 } },
        { tag: "TimeoutError", count: 5, lastAgeMs: 0, pattern: { _tag: "periodic", everyMs: 60_000, times: 5 } },
        { tag: "UpstreamError", count: 2, lastAgeMs: 0, pattern: null },
      ],
    },
    "degraded",
    ["error_burst NetworkError", "error_periodic TimeoutError"],
  ],
  ["no socket is open that is wanted", { link: { wanted: 1, open: false } }, "degraded", ["link_down "]],
  ["no socket is open, nor wanted", { link: { wanted: 0, open: false } }, "healthy", []],
  [
    "a group is paused and another one's breaker open",
    {
      limits: [
        { group: "ticker", pausedMs: 800, breakerOpenMs: 0 },
        { group: "candle", pausedMs: 0, breakerOpenMs: 5_000 },
      ],
    },
    "degraded",
    ["limit_paused ticker", "breaker_open candle"],
  ],
  [
    "the exchange blocks us",
    { blockedMs: 60_000, limits: [{ group: "ticker", pausedMs: 60_000, breakerOpenMs: 0 }] },
    "unhealthy",
    ["limit_paused all"],
  ],
  [
    "a core market is old, another one nobody wants",
    {
      core: [
        { market: "KRW-BTC", confirmedAgeMs: 5_001, wanted: true },
        { market: "KRW-ETH", confirmedAgeMs: null, wanted: true },
        { market: "KRW-XRP", confirmedAgeMs: 90_000, wanted: false },
      ],
    },
    "degraded",
    ["core_market_old KRW-BTC", "core_market_old KRW-ETH"],
  ],
  [
    "the machine is full and slow",
    {
      host: {
        memory: { residentBytes: 4e9, heapUsedBytes: 3.5e9, heapLimitBytes: 4e9 },
        cpuPercent: null,
        eventLoopDelay: { p50Ms: 1, p99Ms: 201, maxMs: 300 },
        disk: { path: "/state", freeBytes: 1e8, totalBytes: 1e9 },
      },
    },
    "degraded",
    ["memory ", "event_loop ", "disk "],
  ],
  [
    "one part crashed a moment ago, another goes on crashing",
    {
      workers: [
        { name: "polling", state: "failed", lastCrash: "Error: a bug" },
        { name: "recovery", state: "restarting", lastCrash: "Error: a bug" },
      ],
    },
    "degraded",
    ["worker_failed polling"],
  ],
  [
    "what is read of the past cannot be written",
    { history: { isWaiting: true, waitingRows: 9_900, droppedRows: 400, lastError: "disk full" } },
    "degraded",
    ["history_waits "],
  ],
  [
    "it could not, and is written again",
    { history: { isWaiting: false, waitingRows: 0, droppedRows: 400, lastError: "disk full" } },
    "healthy",
    [],
  ],
  [
    "the exchange writes its frames otherwise",
    { decoding: { isSlow: true, frames: 900, general: 700, commonest: "field" } },
    "degraded",
    ["slow_decoding "],
  ],
];

describe("the judgement of health", () => {
  it("finds nothing wrong where nothing is", () => assert.deepStrictEqual(judgeHealth(well), { status: "healthy", causes: [] }));

  it("is healthy, degraded or unhealthy, with a cause for each thing that is wrong and a sentence for each cause", () => {
    for (const [title, changes, status, causes] of cases) {
      const found = judgeHealth({ ...well, ...changes });
      assert.deepStrictEqual([found.status, found.causes.map(({ code, about }) => `${code} ${about}`)], [status, causes], title);
      for (const { what } of found.causes) assert.match(what, /^.{10,120}$/, title);
    }
  });

  const order = ["healthy", "degraded", "unhealthy"];
  it.prop(
    "never gets better by something getting worse",
    {
      rate: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
      worse: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
      mode: Schema.Literals(["normal", "degraded", "fallback"]),
      blocked: Schema.Boolean,
    },
    ({ rate, worse, mode, blocked }) => {
      const at = (successRate: number, worst: Mode) =>
        order.indexOf(judgeHealth({ ...well, ...calls(50, successRate), mode: worst, blockedMs: blocked ? 1 : 0 }).status);
      assert.isAtLeast(at(rate * worse, mode), at(rate, mode));
      assert.isAtLeast(at(rate, "emergency"), at(rate, mode));
    },
  );
});
