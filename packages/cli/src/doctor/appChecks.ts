/** Judges the running apps by what they say of themselves. Pure. */
import type { AppStatus } from "@naru/node/admin/AdminApi";
import { counted, duration } from "../render/numbers.ts";
import { megabytes } from "../render/appStatus.ts";
import { type Check, fail, pass, skip, warn } from "./Check.ts";
import type { Evidence } from "./Evidence.ts";

/** What is still well, in milliseconds, shares and percentages. */
const bounds = {
  /** Since a live key was last known to be current: a link that is well answers a ping within this. */
  confirmedMs: 15_000,
  /** Of what a group may use. */
  limitUsed: 0.9,
  /** Of where the heap ends. */
  heapWarn: 0.75,
  heapFail: 0.92,
  loopWarnMs: 100,
  loopFailMs: 1_000,
  cpuPercent: 90,
} as const;

export const appChecks = ({ apps, mute, probe }: Evidence): ReadonlyArray<Check> => {
  const silent = mute.map((sentence) =>
    fail("app", "", sentence, "see whether the process hangs (its processor time and its log), and start it anew if it does"),
  );
  if (apps.length > 0) return [...silent, ...apps.flatMap(checksOf)];
  if (silent.length > 0) return silent;
  const advice = "start an app with --admin, or add AdminSocket.layer() to your program, to have it looked at";
  return [
    probe._tag === "Probed"
      ? skip("app", "", "no app with an admin socket runs", advice)
      : warn("app", "", "no app with an admin socket runs, and the exchange was not asked", `${advice}; or ask the exchange with --probe`),
  ];
};

const checksOf = (status: AppStatus): ReadonlyArray<Check> => {
  const of = `${status.app.program} ${status.app.pid}`;
  return [
    pass("app", of, `runs for ${duration(status.app.uptimeMs)} on ${status.venue}${status.simulated ? " (made-up prices)" : ""}`),
    modeCheck(of, status),
    linkCheck(of, status),
    marketsCheck(of, status),
    limitsCheck(of, status),
    processCheck(of, status),
  ];
};

const modeCheck = (of: string, { mode: { mode, reason, override } }: AppStatus): Check => {
  const found = `${mode}${override === "auto" ? "" : `, held ${override} by hand`}${reason === null ? "" : `: ${reason}`}`;
  if (mode === "emergency")
    return fail("mode", of, found, "trade on nothing of it; look at the network checks below and at the exchange's notices");
  if (mode === "fallback" || mode === "recovering")
    return warn(
      "mode",
      of,
      found,
      override === "on" ? "naru fallback auto lets the app decide again" : "answers still come; the way back is taken by itself",
    );
  if (override !== "auto") return warn("mode", of, found, "naru fallback auto lets the app decide again");
  return mode === "degraded"
    ? warn("mode", of, found, "some way to an answer fails; naru status says which tier and why")
    : pass("mode", of, found);
};

const linkCheck = (of: string, { link }: AppStatus): Check => {
  const { state, wanted, live, silentMs, lastClose, attempt, reconnects } = link;
  const end = lastClose === null ? "" : `; the last one ended: ${lastClose}`;
  const heard = silentMs === null ? "" : `, heard ${duration(silentMs)} ago`;
  if (state === "open" && live < wanted)
    return warn(
      "link",
      of,
      `open${heard}, ${live} of ${counted(wanted, "key")} live`,
      "wait some seconds; if it stays so, naru resubscribe",
    );
  if (state === "open") return pass("link", of, `open${heard}, ${counted(live, "key")} live, ${counted(reconnects, "reconnect")}`);
  if (wanted === 0 && state !== "waiting") return pass("link", of, `${state}: nothing is wanted of it`);
  if (state === "connecting") return warn("link", of, `connecting, attempt ${attempt}${end}`, "wait some seconds and look again");
  return fail(
    "link",
    of,
    `${state}, attempt ${attempt}${end}`,
    "prices come over REST meanwhile; naru doctor --probe says what of the way is broken",
  );
};

/** What the sockets carry: every key live, and known to be current. */
const marketsCheck = (of: string, { keys, link }: AppStatus): Check => {
  if (keys.length === 0) return skip("markets", of, "nothing is received, because nothing is subscribed");
  const late = keys.filter(({ confirmedAgeMs }) => confirmedAgeMs === null || confirmedAgeMs > bounds.confirmedMs);
  const told = keys.map(
    ({ key, confirmedAgeMs }) => `${key} ${confirmedAgeMs === null ? "not live" : `current ${duration(confirmedAgeMs)} ago`}`,
  );
  const found = `${told.slice(0, 5).join(", ")}${told.length > 5 ? ` and ${told.length - 5} more` : ""}${link.lateMs > 1_000 ? `; frames come ${duration(link.lateMs)} late` : ""}`;
  if (late.length === 0)
    return link.lateMs > 1_000
      ? warn("markets", of, found, "the line is full or long: stream fewer markets, or look at its load")
      : pass("markets", of, found);
  const advice = `${late
    .map(({ key }) => key)
    .slice(0, 5)
    .join(", ")}: naru resubscribe, and see whether the market still trades`;
  return late.length === keys.length ? fail("markets", of, found, advice) : warn("markets", of, found, advice);
};

const limitsCheck = (of: string, { limits, blockedMs }: AppStatus): Check => {
  if (blockedMs > 0)
    return fail(
      "limits",
      of,
      `the exchange blocks this address for ${duration(blockedMs)} more`,
      "wait; look for other programs on this address that ask too often",
    );
  const told = limits.map(({ group, used, allowed }) => `${group} ${used} of ${Math.floor(allowed)}`).join(", ");
  const paused = limits.filter(({ pausedMs }) => pausedMs > 0);
  if (paused.length > 0)
    return warn(
      "limits",
      of,
      `${paused.map(({ group, pausedMs }) => `${group} rests for ${duration(pausedMs)}`).join(", ")}; ${told}`,
      "the exchange refused requests: somebody else on this address asks too, or limitShare is too large",
    );
  const full = limits.filter(({ used, allowed, waiting }) => waiting > 0 || used >= Math.max(1, allowed) * bounds.limitUsed);
  if (full.length > 0)
    return warn(
      "limits",
      of,
      told,
      `${full.map(({ group }) => group).join(", ")}: ask for several markets in one call, or stream them instead of asking`,
    );
  const refusals = limits.reduce((sum, limit) => sum + limit.refusals, 0);
  return pass("limits", of, `${told || "no group was used"}${refusals > 0 ? `; ${counted(refusals, "refusal")} so far` : ""}`);
};

const processCheck = (of: string, { host: { memory, cpuPercent, eventLoopDelay } }: AppStatus): Check => {
  if (memory === null) return skip("process", of, "the app does not look at its own process", "give its router HostProbe.layer");
  const { residentBytes, heapUsedBytes, heapLimitBytes } = memory;
  const heap = heapUsedBytes / heapLimitBytes;
  const late = eventLoopDelay?.p99Ms ?? 0;
  const found = [
    `${megabytes(residentBytes)} resident`,
    `heap ${megabytes(heapUsedBytes)} of ${megabytes(heapLimitBytes)}`,
    `processor ${cpuPercent === null ? "not measured" : `${cpuPercent.toFixed(0)} %`}`,
    `timers late by ${eventLoopDelay === null ? "not measured" : duration(late)} (p99)`,
  ].join(", ");
  if (heap >= bounds.heapFail)
    return fail("process", of, found, "the heap is nearly full: node --max-old-space-size raises its end; look for what keeps growing");
  if (late >= bounds.loopFailMs)
    return fail("process", of, found, "something holds the event loop: prices that arrive wait for it; move long work off it");
  if (heap >= bounds.heapWarn) return warn("process", of, found, "watch the heap: naru status again in some minutes");
  if (late >= bounds.loopWarnMs || (cpuPercent ?? 0) >= bounds.cpuPercent)
    return warn("process", of, found, "the process is busy: stream fewer markets, or handle what comes with less work");
  return pass("process", of, found);
};
