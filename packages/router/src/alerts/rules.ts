/** What is worth telling a person, judged from what the ledger and the probe of the machine say. Pure: one finding for each trouble that is there. */
import { plainText } from "../domain/plainText.ts";
import type { Mode } from "../domain/Mode.ts";
import type { DecodingHealth } from "../health/DecodingNumbers.ts";
import type { ErrorHealth } from "../health/ErrorLog.ts";
import type { HistoryHealth } from "../health/HistoryLog.ts";
import type { HostFacts } from "../health/HostProbe.ts";
import { healthBounds } from "../health/judgeHealth.ts";
import type { OutcomeSummary } from "../health/OutcomeWindow.ts";
import type { WorkerTrouble } from "../transport/Workers.ts";
import type { Alert } from "./Alert.ts";

export type Finding = Pick<Alert, "rule" | "about" | "severity" | "what" | "did" | "youCan">;

export interface AlertFacts {
  readonly mode: Mode;
  /** Why the mode is what it is, as its last change said. */
  readonly modeReason: string;
  /** Of the last five minutes. */
  readonly calls: OutcomeSummary;
  readonly errors: ReadonlyArray<ErrorHealth>;
  readonly host: HostFacts;
  readonly workers: ReadonlyArray<WorkerTrouble>;
  readonly history: HistoryHealth;
  readonly decoding: DecodingHealth;
}

export const findingsOf = (facts: AlertFacts): ReadonlyArray<Finding> => [
  ...ofMode(facts),
  ...ofCalls(facts.calls),
  ...ofErrors(facts.errors),
  ...ofHost(facts.host),
  ...ofWorkers(facts.workers),
  ...ofHistory(facts.history),
  ...ofDecoding(facts.decoding),
];

/** A mode that answers less than it should. A call that passed over one failing tier is no news for a person. */
const ofMode = ({ mode, modeReason }: AlertFacts): ReadonlyArray<Finding> => {
  const about = "";
  const reason = plainText(modeReason);
  switch (mode) {
    case "emergency":
      return [
        {
          rule: "mode",
          about,
          severity: "critical",
          what: `nobody answers: ${reason}`,
          did: "every question is still asked; last known values are given out with a label, and only where the caller accepts them",
          youCan: "keep from trading on these values; look at the network and at the exchange's notices",
        },
      ];
    case "fallback":
    case "recovering":
      return [
        {
          rule: "mode",
          about,
          severity: "warning",
          what: `the router does not answer, the direct clients do: ${reason}`,
          did: "questions go to the exchange directly, and the router is probed",
          youCan: "look at the health report for what failed; the way back is taken by itself",
        },
      ];
    case "normal":
    case "degraded":
      return [];
  }
};

const ofCalls = ({ samples, successRate, p95Ms }: OutcomeSummary): ReadonlyArray<Finding> => {
  if (samples < healthBounds.samples) return [];
  const found: Array<Finding> = [];
  if (successRate !== null && successRate < healthBounds.successRate) {
    found.push({
      rule: "success_rate",
      about: "",
      severity: successRate < healthBounds.uselessRate ? "critical" : "warning",
      what: `only ${(successRate * 100).toFixed(1)} % of ${samples} calls were answered freshly in the last five minutes`,
      did: "each of them was asked of every tier that could answer, within its deadline",
      youCan: "look at the errors in the health report; give calls a longer deadline where the line is bad",
    });
  }
  if (p95Ms !== null && p95Ms > healthBounds.p95Ms) {
    found.push({
      rule: "slow",
      about: "",
      severity: "warning",
      what: `one answer in twenty takes more than a second`,
      did: "questions that prefer the socket are asked of REST beside it when it is late",
      youCan: "keep streams of what is asked often; look at the limits and at the round trip in the health report",
    });
  }
  return found;
};

const ofErrors = (errors: ReadonlyArray<ErrorHealth>): ReadonlyArray<Finding> =>
  errors.flatMap(({ tag, pattern }) =>
    pattern?._tag === "burst"
      ? [
          {
            rule: "error_burst",
            about: plainText(tag, 60),
            severity: "warning",
            what: `${plainText(tag, 60)} at least ${pattern.count} times within ${pattern.withinMs / 1_000} s`,
            did: "what failed was asked elsewhere; a host that goes on failing is left alone for a while",
            youCan: "see what the error means in the reference of errors",
          },
        ]
      : [],
  );

const ofHost = ({ memory, eventLoopDelay, disk }: HostFacts): ReadonlyArray<Finding> => {
  const found: Array<Finding> = [];
  const heapShare = memory === null ? 0 : memory.heapUsedBytes / memory.heapLimitBytes;
  if (heapShare > healthBounds.heapShare) {
    const what = `${(heapShare * 100).toFixed(0)} % of the heap is in use`;
    found.push({ rule: "memory", about: "", severity: "warning", what, did: "", youCan: "give the process more, or keep less" });
  }
  if (eventLoopDelay !== null && eventLoopDelay.p99Ms > healthBounds.eventLoopP99Ms) {
    const what = `the event loop is late: one timer in a hundred by more than ${healthBounds.eventLoopP99Ms} ms`;
    found.push({ rule: "event_loop", about: "", severity: "warning", what, did: "", youCan: "move long computing off this thread" });
  }
  const isFull =
    disk !== null && (disk.freeBytes < healthBounds.diskFreeBytes || disk.freeBytes / disk.totalBytes < healthBounds.diskFreeShare);
  if (disk !== null && isFull) {
    const what = `the disk of ${plainText(disk.path, 100)} is nearly full`;
    found.push({ rule: "disk", about: "", severity: "warning", what, did: "", youCan: "make room, or point NARU_STATE elsewhere" });
  }
  return found;
};

/** One that crashed and works again is for the log. */
const ofWorkers = (workers: ReadonlyArray<WorkerTrouble>): ReadonlyArray<Finding> =>
  workers.flatMap(({ name, state, crashes, lastCrash }) =>
    state === "failed"
      ? [
          {
            rule: "worker_failed",
            about: name,
            severity: "critical",
            what: `a part of the client crashes again and again (${crashes} times): ${name}: ${lastCrash}`,
            did: "it is begun again once a minute; a router that cannot be trusted without it is given up, and the direct clients answer",
            youCan: "report the crash, which is in the log; build the client anew if it goes on",
          },
        ]
      : [],
  );

const ofHistory = ({ isWaiting, lastError }: HistoryHealth): ReadonlyArray<Finding> =>
  isWaiting
    ? [
        {
          rule: "history_waits",
          about: "",
          severity: "warning",
          what: `what is read of the past cannot be written: ${plainText(lastError)}`,
          did: "it waits in memory, up to 10,000 rows, and is tried again every 30 s; live data and answers are not touched by it",
          youCan: "make room on the disk, or end the program that has the file locked; nothing has to be begun anew",
        },
      ]
    : [];

/** The exchange writes its frames otherwise than it did. Nothing is wrong yet, but each costs several times as much to read. */
const ofDecoding = ({ isSlow, frames, general, commonest }: DecodingHealth): ReadonlyArray<Finding> =>
  isSlow
    ? [
        {
          rule: "slow_decoding",
          about: "",
          severity: "warning",
          what: `${general} of ${frames} frames of the last minute are not written as the exchange used to, most often because of: ${plainText(commonest ?? "", 60)}`,
          did: "they were read the general way, which gives the same values and costs several times the processor's time",
          youCan: "look for a newer version of this client; until then give the process room, or follow fewer markets",
        },
      ]
    : [];
