/** `pnpm bench`: measures, prints the table or the document, judges the gates. Progress goes to standard error. */
import { type Arguments, readArguments, usage } from "./Arguments.ts";
import { type Case, defaultRounds } from "./Case.ts";
import { caseNames, loadCase } from "./cases/all.ts";
import { readInChild } from "./Child.ts";
import { breachesOf, readGates } from "./Gates.ts";
import { watchMachine } from "./Machine.ts";
import { type CaseResult, runCase } from "./Rounds.ts";
import { caseTable, machineLine, spell } from "./Table.ts";

const say = (text: string): void => console.error(text);

const measure = async (subject: Case, rounds: number | undefined): Promise<CaseResult> => {
  const { name, figures, isolation } = subject;
  const [{ name: figure, unit }] = figures;
  return runCase(
    subject,
    rounds ?? subject.rounds ?? defaultRounds,
    (side) => (isolation === "child" ? readInChild(name, side) : subject.run(side)),
    (label, { base, candidate, ratios }) =>
      say(
        `${name} ${label}: candidate ${spell(candidate.figures[figure] ?? Number.NaN)}, base ${spell(base.figures[figure] ?? Number.NaN)} ${unit}, ratio ${spell(ratios[figure] ?? Number.NaN)}`,
      ),
  );
};

const run = async ({ only, rounds, json, check }: Arguments): Promise<void> => {
  // Before hours of measuring, not after.
  const gates = check ? readGates(new URL("../gates.json", import.meta.url)) : [];
  const machine = watchMachine();
  const results: Array<CaseResult> = [];
  const failures: Array<{ readonly name: string; readonly failure: string }> = [];
  for (const name of only ?? caseNames) {
    try {
      results.push(await measure(await loadCase(name), rounds));
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      failures.push({ name, failure });
      say(`FAILED ${name}: ${failure}`);
    }
  }
  const described = machine();
  const breaches = breachesOf(gates, results);
  if (json) console.log(JSON.stringify({ machine: described, cases: results, failures, breaches }, undefined, 2));
  else console.log([machineLine(described), ...results.map(caseTable)].join("\n\n"));
  for (const breach of breaches) say(`BREACH ${breach}`);
  if (check)
    say(`gates judged: ${gates.filter((gate) => results.some(({ name }) => name === gate.case)).length}, broken: ${breaches.length}`);
  if (failures.length > 0 || breaches.length > 0) process.exitCode = 1;
};

try {
  const args = readArguments(process.argv.slice(2), caseNames);
  if (args.help) console.log(usage);
  else if (args.list) for (const name of caseNames) console.log(`${name}  ${(await loadCase(name)).about}`);
  else await run(args);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  say(usage);
  process.exitCode = 2;
}
