/** What a diagnosis found, for people and as a document. Pure. */
import { type Check, exitCodeOf, type Verdict } from "../doctor/Check.ts";
import { counted } from "./numbers.ts";
import { printable, type Style, type Tone } from "./style.ts";
import { table } from "./table.ts";

/** A line for each check, what to do under those that need it, and a verdict. */
export const checkupLines = (checks: ReadonlyArray<Check>, style: Style): ReadonlyArray<string> => {
  const [header = "", ...rows] = table<Check>(
    [
      { header: "", align: "left", text: ({ verdict }) => words[verdict], tone: ({ verdict }) => tones[verdict] },
      { header: "CHECK", align: "left", text: ({ name }) => name, tone: () => "strong" },
      { header: "OF", align: "left", text: ({ of }) => of },
      { header: "FOUND", align: "left", text: ({ found }) => found },
    ],
    checks,
    style,
  );
  const told = checks.flatMap(({ advice }, at) => [rows[at] ?? "", ...(advice === null ? [] : [`      → ${printable(advice)}`])]);
  return [header, ...told, verdictLine(checks, style)];
};

export const checkupToJson = (checks: ReadonlyArray<Check>, atMs: number): unknown => ({
  kind: "doctor",
  time: new Date(atMs).toISOString(),
  verdict: (["pass", "warn", "fail"] as const)[exitCodeOf(checks)],
  checks,
});

const verdictLine = (checks: ReadonlyArray<Check>, style: Style): string => {
  const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length;
  if (count("fail") > 0) return style.paint("alarm", `${counted(count("fail"), "thing")} broken, ${count("warn")} to look at`);
  if (count("warn") > 0) return style.paint("warn", `${counted(count("warn"), "thing")} to look at`);
  return style.paint("good", "all is well");
};

const words: Readonly<Record<Verdict, string>> = { pass: "pass", warn: "WARN", fail: "FAIL", skip: "–" };
const tones: Readonly<Record<Verdict, Tone>> = { pass: "good", warn: "warn", fail: "alarm", skip: "dim" };
