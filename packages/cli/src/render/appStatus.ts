/** How a running app is, for people. Pure. */
import type { AppStatus, AuditEntry, Resubscribed } from "@naru/node/admin/AdminApi";
import { counted, duration, grouped } from "./numbers.ts";
import { printable, type Style, type Tone } from "./style.ts";
import { table } from "./table.ts";
import { kst } from "./time.ts";

/** A line for each app, to choose from. */
export const appTable = (apps: ReadonlyArray<AppStatus>, style: Style): ReadonlyArray<string> => [
  ...table<AppStatus>(
    [
      { header: "PID", align: "right", text: ({ app }) => String(app.pid), tone: () => "strong" },
      { header: "PROGRAM", align: "left", text: ({ app }) => app.program },
      { header: "VENUE", align: "left", text: ({ venue, simulated }) => `${venue}${simulated ? " SIM" : ""}` },
      { header: "MODE", align: "left", text: ({ mode }) => mode.mode, tone: ({ mode }) => toneOf(mode.level) },
      { header: "LINK", align: "left", text: ({ link }) => link.state },
      { header: "KEYS", align: "right", text: ({ link }) => `${link.live}/${link.wanted}` },
      { header: "UP FOR", align: "right", text: ({ app }) => duration(app.uptimeMs) },
    ],
    apps,
    style,
  ),
  "naru status --pid … shows one of them",
];

export const statusLines = (status: AppStatus, nowMs: number, style: Style): ReadonlyArray<string> => {
  const { app, venue, simulated, mode, link, limits, blockedMs, tiers, keys, alerts, audit, channels, host } = status;
  const asked = tiers.filter(({ answered, failed }) => answered + failed > 0);
  return [
    `${simulated ? `${style.paint("warn", "SIM")}  ` : ""}${printable(app.program)}  pid ${app.pid}  ${printable(venue)}  up for ${duration(app.uptimeMs)}`,
    modeLine(mode, nowMs, style),
    `link      ${style.paint(link.state === "open" || link.state === "idle" ? "good" : "alarm", link.state)}  ${link.live} of ${counted(link.wanted, "key")} live  ${counted(link.reconnects, "reconnect")}${link.silentMs === null ? "" : `  heard ${duration(link.silentMs)} ago`}${link.lastClose === null ? "" : `  last end: ${printable(link.lastClose)}`}`,
    ...channels.map((channel) => channelLine(channel, style)),
    blockedMs > 0
      ? style.paint("alarm", `limits    the exchange blocks this address for ${duration(blockedMs)} more`)
      : `limits    ${limits.map(limitWords).join("  ") || "none"}`,
    hostLine(host),
    `memory    ${counted(status.hotKeys, "live value")}  ${status.knownMarkets === null ? "no list of markets" : counted(status.knownMarkets, "market")}`,
    ...asked.map(tierLine),
    ...keys.map(keyLine),
    ...alerts.map((alert) =>
      style.paint(
        alert.state === "over" ? "good" : "alarm",
        `alert     ${kst(alert.atMs)}  ${printable(alert.state === "over" ? `over: ${alert.what}` : `${alert.what}; you can: ${alert.youCan}`)}`,
      ),
    ),
    ...auditLines(audit),
  ];
};

export const modeLine = (mode: AppStatus["mode"], nowMs: number, style: Style): string => {
  const since = mode.sinceMs === null ? "" : ` for ${duration(Math.max(0, nowMs - mode.sinceMs))}`;
  const why = mode.reason === null ? "" : ` (${printable(mode.reason)})`;
  const hand = mode.override === "auto" ? "" : style.paint("warn", `  held ${mode.override} by hand`);
  const next = mode.nextStepInMs === null ? "" : `  next step in ${duration(mode.nextStepInMs)}`;
  return `mode      ${style.paint(toneOf(mode.level), mode.mode)}${since}${why}  level ${mode.level}${hand}${next}`;
};

/** What was done by hand, a line each. */
export const auditLines = (audit: ReadonlyArray<AuditEntry>): ReadonlyArray<string> =>
  audit.map(
    (entry) =>
      `by hand   ${kst(entry.atMs)}  ${entry.action}  ${printable(`${entry.by}: ${entry.why}`)}  (${printable(entry.program)} ${entry.pid})`,
  );

export const resubscribedLine = ({ wanted, sockets, unanswered, missing, isSame }: Resubscribed, style: Style): string => {
  if (sockets === 0) {
    const why = wanted === 0 ? "nothing is wanted" : "no socket is open; the next that opens sends all of it";
    return `nothing was sent: ${why}`;
  }
  const sent = `${counted(wanted, "key")} sent again on ${counted(sockets, "socket")}`;
  if (isSame) return style.paint("good", `${sent}; the exchange's own list is the same`);
  if (missing.length > 0) return style.paint("alarm", `${sent}; the exchange's list lacks ${printable(missing.join(", "))}`);
  return style.paint(
    "alarm",
    unanswered > 0 ? `${sent}; the exchange told no list` : `${sent}; the exchange's list has more than was sent`,
  );
};

const toneOf = (level: number): Tone => (level === 0 ? "good" : level === 1 ? "warn" : "alarm");

const limitWords = ({ group, used, allowed, pausedMs, waiting }: AppStatus["limits"][number]): string =>
  `${printable(group)} ${grouped(used)}/${Math.floor(allowed)}${waiting > 0 ? ` +${waiting} waiting` : ""}${pausedMs > 0 ? ` paused ${duration(pausedMs)}` : ""}`;

/** Answers and waits of the last five minutes stand beside what is known now. */
const channelLine = (one: AppStatus["channels"][number], style: Style): string => {
  const { channel, status, latencyMs, lastGoodAgeMs, lastFailure, samples, successRate } = one;
  const name = channel === "rest" ? "REST      " : "WebSocket ";
  const tone = status === "up" ? "good" : status === "down" ? "alarm" : "warn";
  const good = lastGoodAgeMs === null ? "never good so far" : `good ${duration(lastGoodAgeMs)} ago`;
  const rate = successRate === null ? "" : `  ${(successRate * 100).toFixed(0)} % of ${grouped(samples)} good`;
  const failure = lastFailure === null ? "" : `  last failure ${duration(lastFailure.ageMs)} ago: ${printable(lastFailure.detail)}`;
  return `${name}${style.paint(tone, status)}  latency ${age(latencyMs)}  ${good}${rate}${failure}`;
};

const hostLine = ({ memory, cpuPercent, eventLoopDelay }: AppStatus["host"]): string => {
  if (memory === null) return "process   not known";
  const { residentBytes, heapUsedBytes, heapLimitBytes } = memory;
  const heap = `heap ${megabytes(heapUsedBytes)} of ${megabytes(heapLimitBytes)}`;
  const cpu = cpuPercent === null ? "–" : `${cpuPercent.toFixed(0)} %`;
  const late = eventLoopDelay === null ? "–" : duration(eventLoopDelay.p99Ms);
  return `process   ${megabytes(residentBytes)} of memory  ${heap}  processor ${cpu}  timers late ${late} (p99)`;
};

const tierLine = ({ tier, answered, failed, p50Ms, p95Ms, lastFailure }: AppStatus["tiers"][number]): string =>
  `tier      ${printable(tier)}  ${grouped(answered)} answered  ${grouped(failed)} failed  p50 ${age(p50Ms)}  p95 ${age(p95Ms)}${lastFailure === null ? "" : `  last failure: ${printable(lastFailure)}`}`;

const keyLine = ({ key, perSecond, silentMs, confirmedAgeMs }: AppStatus["keys"][number]): string =>
  `key       ${printable(key)}  ${perSecond.toFixed(1)} a second  silent for ${age(silentMs)}  current ${confirmedAgeMs === null ? "–" : `${duration(confirmedAgeMs)} ago`}`;

const age = (ms: number | null): string => (ms === null ? "–" : duration(ms));

export const megabytes = (bytes: number): string => `${grouped(Math.round(bytes / 1_048_576))} MB`;
