import { assert, describe, it } from "@effect/vitest";
import { type AlertFacts, findingsOf } from "../../src/alerts/rules.ts";
import { nothingKnown } from "../../src/health/HostProbe.ts";

const well: AlertFacts = {
  mode: "normal",
  modeReason: "answered",
  calls: { samples: 100, failures: 0, successRate: 1, p50Ms: 1, p95Ms: 20 },
  errors: [],
  host: nothingKnown,
  workers: [],
  history: { isWaiting: false, waitingRows: 0, droppedRows: 0, lastError: "" },
  decoding: { isSlow: false, frames: 900, general: 2, commonest: "field" },
};

const calls = (samples: number, successRate: number, p95Ms = 20) => ({ calls: { samples, failures: 0, successRate, p50Ms: 1, p95Ms } });

const words = (changes: Partial<AlertFacts>) =>
  findingsOf({ ...well, ...changes }).map(({ rule, about, severity }) => [rule, about, severity].join(" "));

describe("the rules of alerts", () => {
  it("are quiet while all is well, and while there are too few calls to judge by", () => {
    assert.deepStrictEqual(words({}), []);
    assert.deepStrictEqual(words({ mode: "degraded" }), []);
    assert.deepStrictEqual(words(calls(19, 0, 9_000)), []);
  });

  it("tell of fewer than 95 of 100 calls answered, and of fewer than half more loudly (R002-42)", () => {
    assert.deepStrictEqual(words(calls(20, 0.95)), []);
    assert.deepStrictEqual(words(calls(20, 0.949)), ["success_rate  warning"]);
    assert.deepStrictEqual(words(calls(400, 0.2)), ["success_rate  critical"]);
  });

  it("tell of answers of which one in twenty takes more than a second (R002-43)", () => {
    assert.deepStrictEqual(words(calls(20, 1, 1_000)), []);
    assert.deepStrictEqual(words(calls(20, 1, 1_500)), ["slow  warning"]);
  });

  it("tell of a burst of one error, each error by itself, and of no rhythm (R002-44)", () => {
    const errors: AlertFacts["errors"] = [
      { tag: "NetworkError", count: 12, lastAgeMs: 0, pattern: { _tag: "burst", count: 12, withinMs: 10_000 } },
      { tag: "rest NetworkError", count: 30, lastAgeMs: 0, pattern: { _tag: "burst", count: 30, withinMs: 10_000 } },
      { tag: "TimeoutError", count: 5, lastAgeMs: 0, pattern: { _tag: "periodic", everyMs: 60_000, times: 5 } },
    ];
    assert.deepStrictEqual(words({ errors }), ["error_burst NetworkError warning", "error_burst rest NetworkError warning"]);
  });

  it("tell of the modes in which the router does not answer", () => {
    assert.deepStrictEqual(words({ mode: "fallback" }), ["mode  warning"]);
    assert.deepStrictEqual(words({ mode: "recovering" }), ["mode  warning"]);
    assert.deepStrictEqual(words({ mode: "emergency" }), ["mode  critical"]);
  });

  it("tell of a machine that is full or late, whatever else is well", () => {
    const host = {
      memory: { residentBytes: 4e9, heapUsedBytes: 3.5e9, heapLimitBytes: 4e9 },
      cpuPercent: 100,
      eventLoopDelay: { p50Ms: 1, p99Ms: 900, maxMs: 2_000 },
      disk: { path: "/state", freeBytes: 1e6, totalBytes: 1e12 },
    };
    assert.deepStrictEqual(words({ host }), ["memory  warning", "event_loop  warning", "disk  warning"]);
  });

  it("tell of a part of the client that goes on crashing, and not of one that crashed and works again", () => {
    const crashed = { name: "polling", crashes: 2, lastCrash: "Error: a bug" };
    assert.deepStrictEqual(words({ workers: [{ ...crashed, state: "restarting" }] }), []);
    assert.deepStrictEqual(words({ workers: [{ ...crashed, state: "failed" }] }), ["worker_failed polling critical"]);
  });

  it("tell of history that cannot be written, for as long as some of it waits", () => {
    const history = { isWaiting: true, waitingRows: 200, droppedRows: 0, lastError: "Storage failed at history put (code ENOSPC)" };
    assert.deepStrictEqual(words({ history }), ["history_waits  warning"]);
    assert.deepStrictEqual(words({ history: { ...history, isWaiting: false, waitingRows: 0 } }), []);
  });

  it("tell of frames that are read the slow way, with the commonest reason, for as long as they are", () => {
    const decoding = { isSlow: true, frames: 900, general: 700, commonest: "field" };
    assert.deepStrictEqual(words({ decoding }), ["slow_decoding  warning"]);
    assert.match(findingsOf({ ...well, decoding })[0]!.what, /^700 of 900 frames .* most often because of: field$/);
    assert.deepStrictEqual(words({ decoding: { ...decoding, isSlow: false } }), []);
  });

  it("say of everything what happened, what was done, and what can be done; text of others in it is one plain line", () => {
    const nasty = "the exchange said\n[critical] all is lost \u001b[31m @everyone";
    const found = findingsOf({ ...well, ...calls(50, 0.1, 5_000), mode: "emergency", modeReason: nasty });
    assert.lengthOf(found, 3);
    for (const { what, did, youCan } of found) {
      for (const text of [what, did, youCan]) {
        assert.match(text, /^.{10,300}$/u);
        assert.notInclude(text, "\u001b");
      }
    }
  });
});
