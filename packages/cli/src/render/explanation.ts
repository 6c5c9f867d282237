/** The ranking of a question, to be read: the tiers in order with their scores, then those removed with the rule that did it, and the facts. */
import type { Explanation } from "@naru/router/explain";
import { counted } from "./numbers.ts";
import type { Style } from "./style.ts";
import { type Column, table } from "./table.ts";

interface Row {
  readonly place: string;
  readonly tier: string;
  readonly score: string;
  readonly why: string;
}

/** One line of what was measured of a way to an answer. */
const seen = ({ way, p50Ms, p95Ms, success, samples, ageMs }: Explanation["figures"][number]): string =>
  `seen of ${way}: p50 ${time(p50Ms)}, p95 ${time(p95Ms)}, success ${((success ?? 0) * 100).toFixed(0)} % of ${samples}, ${Math.round(ageMs / 1_000)} s ago`;

const time = (ms: number | null): string => (ms === null ? "–" : `${Math.round(ms)} ms`);

export const explanationLines = (
  { question, ranked, facts, restRequests, frequency, follow, channel, figures }: Explanation,
  { venue, simulated, marketChecked }: { readonly venue: string; readonly simulated: boolean; readonly marketChecked: boolean },
  style: Style,
): ReadonlyArray<string> => {
  const rows: ReadonlyArray<Row> = [
    ...ranked.tiers.map(({ tier, score }, i) => ({
      place: String(i + 1),
      tier,
      score: score.toFixed(3),
      why: i === 0 ? "asked first" : "if those above fail",
    })),
    ...ranked.gated.map(({ tier, gate }) => ({ place: "–", tier, score: "", why: `removed: ${gate}` })),
  ];
  const columns: ReadonlyArray<Column<Row>> = [
    { header: "#", align: "right", text: ({ place }) => place },
    { header: "TIER", align: "left", text: ({ tier }) => tier, tone: ({ place }) => (place === "–" ? "dim" : "strong") },
    { header: "SCORE", align: "right", text: ({ score }) => score },
    { header: "WHY", align: "left", text: ({ why }) => why, tone: ({ place }) => (place === "–" ? "dim" : "plain") },
  ];
  const sim = simulated ? `${style.paint("warn", "SIM")}  ` : "";
  const yes = (value: boolean) => (value ? "yes" : "no");
  const cost = restRequests === 0 ? "no request" : `at most ${counted(restRequests, "request")}`;
  const link = [
    `socket connected ${yes(facts.connected)}`,
    `key subscribed ${yes(facts.subscribed)}`,
    `streamable ${yes(facts.streamable)}`,
  ];
  const rest = [
    `REST limit in use ${(facts.usage * 100).toFixed(0)} %`,
    `wait ${Math.round(facts.restWaitMs)} ms`,
    `blocked ${yes(facts.blocked)}`,
    `breaker open ${yes(facts.breakerOpen)}`,
  ];
  const points = `websocket ${channel.websocket} points, REST ${channel.rest}`;
  const rule = channel.reason === "scored" ? points : `${channel.reason}; ${points}`;
  return [
    `${sim}${style.paint("strong", `${question.kind} ${question.market}`)}  ${venue}  reason ${ranked.reason}, confidence ${ranked.confidence.toFixed(2)}, ${cost}`,
    ...table(columns, rows, style),
    "",
    `${link.join(", ")}; in memory ${facts.hot}`,
    `${rest.join(", ")}; mode ${facts.mode}`,
    `asked how often: ${frequency.category}; subscribed behind the answer: ${follow ?? "no"}`,
    ...figures.map(seen),
    `socket against REST by the simpler rule, for comparison: ${channel.channel} (${rule})`,
    ...(marketChecked ? [] : [style.paint("warn", "market not checked: the list was not read")]),
  ];
};
