/** An examination of the link, for people and as a document. */
import { errorToJson } from "@naru/router/domain/Answer";
import type { KeyMetrics } from "@naru/router/health/LiveMetrics";
import { type Findings, patienceMs, problemsOf } from "../diagnosis/Findings.ts";
import type { StreamOrigin } from "./elements.ts";
import { keyTable } from "./live.ts";
import { counted, duration } from "./numbers.ts";
import { printable, type Style } from "./style.ts";

export const findingsLines = (findings: Findings, origin: StreamOrigin, style: Style): ReadonlyArray<string> => {
  const { connectedAfterMs, pongAfterMs, keys, lastError } = findings;
  const sim = origin.simulated ? `${style.paint("warn", "SIM")}  ` : "";
  const head = `${sim}${origin.venue}  ${printable(findings.url)}`;
  const verdict = verdictLines(findings, style);
  const good = (text: string) => style.paint("good", text);
  const bad = (text: string) => style.paint("alarm", text);
  if (connectedAfterMs === null) return [head, `connect   ${bad("failed")}`, ...verdict];
  return [
    head,
    `connect   ${good(`open after ${duration(connectedAfterMs)}`)}`,
    `ping      ${pongAfterMs === null ? bad(`no answer in ${duration(patienceMs)}`) : good(`answered after ${duration(pongAfterMs)}`)}`,
    `list      ${listWords(findings, good, bad)}`,
    `messages  ${messageWords(findings)}`,
    `error     ${lastError === null ? "none" : bad(printable(lastError.message))}`,
    ...keyTable(keys, origin, style),
    ...verdict,
  ];
};

/** Durations in milliseconds; null for what was not measured. */
export const findingsToJson = (findings: Findings, { venue, simulated }: StreamOrigin): unknown => {
  const { list, lastError, ...found } = findings;
  return {
    kind: "link",
    venue,
    simulated,
    healthy: problemsOf(findings).length === 0,
    problems: problemsOf(findings),
    ...found,
    list:
      list._tag === "Compared"
        ? { asked: true, answered: true, missing: list.missing, unexpected: list.unexpected }
        : { asked: list._tag === "Unanswered", answered: false, missing: null, unexpected: null },
    lastError: lastError === null ? null : errorToJson(lastError),
  };
};

const verdictLines = (findings: Findings, style: Style): ReadonlyArray<string> => {
  const problems = problemsOf(findings);
  return problems.length === 0
    ? [style.paint("good", "all is well")]
    : problems.map((problem) => style.paint("alarm", `WRONG  ${printable(problem)}`));
};

const listWords = ({ list, keys }: Findings, good: (text: string) => string, bad: (text: string) => string): string => {
  switch (list._tag) {
    case "NotAsked":
      return "not asked";
    case "Unanswered":
      return bad("not told");
    case "Compared":
      return list.missing.length + list.unexpected.length === 0
        ? good(`the exchange's own is what was asked for: ${counted(keys.length, "key")}`)
        : bad(`${counted(list.missing.length, "key")} missing, ${counted(list.unexpected.length, "key")} unexpected`);
  }
};

const messageWords = ({ keys, listenedMs, undecodable }: Findings): string => {
  const total = keys.reduce((sum, { messages }: KeyMetrics) => sum + messages, 0);
  const unread = undecodable === 0 ? "" : `, ${undecodable} more that could not be read`;
  return `${counted(total, "message")} in ${duration(listenedMs)}${unread}`;
};
