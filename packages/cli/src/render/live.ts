/** The numbers of the live side: a picture for a terminal, a line for a pipe, a document for a program. Pure. */
import type { KeyMetrics, LiveMetrics } from "@naru/router/health/LiveMetrics";
import type { StreamOrigin } from "./elements.ts";
import { duration, grouped } from "./numbers.ts";
import { printable, type Style } from "./style.ts";
import { simColumn, table } from "./table.ts";
import { kst } from "./time.ts";

/** Above the table, a line for each thing that is watched; the busiest keys first. */
export const liveLines = (metrics: LiveMetrics, origin: StreamOrigin, style: Style): ReadonlyArray<string> => {
  const { changes, messages, consumers, healing, lastFailure } = metrics;
  const { total } = consumers;
  const keys = [...metrics.keys].sort((a, b) => b.perSecond - a.perSecond || (a.key < b.key ? -1 : 1));
  const lost = total.dropped + total.gaps;
  return [
    ...metrics.links.map((link) => linkLine(link, style)),
    `changes   mean of the last ${changes.recentMs.length} ${measured(changes.averageMs)}  swap ${rateWords(changes.swap)}  full ${rateWords(changes.full)}  under way ${changes.open}`,
    `messages  ${rate(messages.perSecond)} a second  ${grouped(messages.total)} in all  lag p50 ${measured(messages.lagP50Ms)}  p95 ${measured(messages.lagP95Ms)}`,
    style.paint(
      lost === 0 ? "plain" : "alarm",
      `elements  ${grouped(total.delivered)} delivered  ${total.dropped} dropped  ${total.conflated} conflated  ${total.late} late  ${total.recovered} recovered  ${total.gaps} gaps`,
    ),
    `healing   ${healing.healed} holes healed  ${healing.told} told  ${grouped(healing.rowsRecovered)} rows  mean ${measured(healing.meanMs)}`,
    ...(lastFailure === null
      ? []
      : [style.paint("warn", `failure   ${lastFailure.cause} ${duration(lastFailure.ageMs)} ago: ${printable(lastFailure.detail)}`)]),
    ...keyTable(keys, origin, style),
  ];
};

/** The same on one line, with the moment it was true. */
export const liveLine = (metrics: LiveMetrics, nowMs: number, { simulated }: StreamOrigin): string => {
  const { changes, messages, consumers, links } = metrics;
  const open = links.filter((link) => link.open).length;
  return [
    `${simulated ? "SIM  " : ""}${kst(nowMs)}`,
    `links ${open}/${links.length}`,
    `${rate(messages.perSecond)} msg/s`,
    `lag p50 ${measured(messages.lagP50Ms)} p95 ${measured(messages.lagP95Ms)}`,
    `change ${measured(changes.averageMs)}`,
    `swap ${rateWords(changes.swap)}`,
    `dropped ${consumers.total.dropped}`,
    `conflated ${consumers.total.conflated}`,
    `gaps ${consumers.total.gaps}`,
  ].join("  ");
};

export const liveToJson = (metrics: LiveMetrics, nowMs: number, { venue, simulated }: StreamOrigin): unknown => ({
  kind: "live_metrics",
  venue,
  simulated,
  time: new Date(nowMs).toISOString(),
  ...metrics,
});

export const keyTable = (keys: ReadonlyArray<KeyMetrics>, { simulated }: StreamOrigin, style: Style): ReadonlyArray<string> =>
  table<KeyMetrics>(
    [
      ...simColumn<KeyMetrics>(keys, () => simulated),
      { header: "KEY", align: "left", text: ({ key }) => key, tone: () => "strong" },
      {
        header: "MESSAGES",
        align: "right",
        text: ({ messages }) => grouped(messages),
        tone: ({ messages }) => (messages === 0 ? "alarm" : "plain"),
      },
      { header: "A SECOND", align: "right", text: ({ perSecond }) => rate(perSecond) },
      { header: "SILENT FOR", align: "right", text: ({ silentMs }) => measured(silentMs) },
      { header: "LAG P50", align: "right", text: ({ lagP50Ms }) => measured(lagP50Ms) },
      { header: "LAG P95", align: "right", text: ({ lagP95Ms }) => measured(lagP95Ms) },
    ],
    keys,
    style,
  );

const linkLine = (link: LiveMetrics["links"][number], style: Style): string => {
  const state = link.open ? style.paint("good", "open") : style.paint("alarm", "DOWN");
  const since = link.sinceMs === null ? "" : ` for ${duration(link.sinceMs)}`;
  const end = link.lastEnd === null ? "" : `  last end ${duration(link.lastEnd.ageMs)} ago: ${printable(link.lastEnd.detail)}`;
  return `link      ${link.link} ${state}${since}  ${link.keys} keys  ${link.reconnects} reconnects  ${link.failedAttempts} failed attempts  down ${duration(link.downMs)}${end}`;
};

/** Lag may be negative where two clocks differ. */
const measured = (ms: number | null): string => (ms === null ? "–" : ms < 0 ? `-${duration(-ms)}` : duration(ms));

const rate = (perSecond: number): string => grouped(perSecond.toFixed(1));

const rateWords = ({ completed, failed, successRate }: LiveMetrics["changes"]["swap"]): string =>
  successRate === null ? "–" : `${Math.round(successRate * 100)} % (${completed} of ${completed + failed})`;
