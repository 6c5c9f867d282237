/** `pnpm bench`: measures, prints the tables or the document, judges the gates. Progress goes to standard error. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Arguments, isCurve, readArguments, usage } from "./Arguments.ts";
import { caseNames, loadCase } from "./cases/all.ts";
import { type Gate, judge, readGates } from "./Gates.ts";
import { goalCases, goalPeers, goalRows, goalText } from "./Goals.ts";
import { groups } from "./groups.ts";
import { watchMachine } from "./Machine.ts";
import { measureAll, type Measured, type Plan } from "./measure.ts";
import { writeCurves } from "./scale/page.ts";
import { caseTable, machineLine } from "./Table.ts";
import { writeDown } from "./written.ts";

const say = (text: string): void => console.error(text);

/** What is measured, and beside whom. */
const planOf = async ({ only, all, quick, rounds }: Arguments, gates: ReadonlyArray<Gate>): Promise<ReadonlyArray<Plan>> => {
  const names = all ? caseNames : (only ?? goalCases(gates));
  return Promise.all(
    names.map(async (name) => {
      const subject = await loadCase(name);
      // In quick mode nobody waits for peers that no goal speaks of.
      return { subject, rounds, pace: quick ? "quick" : "full", peers: quick ? goalPeers(gates, name) : Object.keys(subject.peers ?? {}) };
    }),
  );
};

const run = async (args: Arguments): Promise<void> => {
  // Before minutes of measuring, not after.
  const gates = readGates();
  const machine = watchMachine();
  shareFrames();
  if (args.quick) say("quick: one round of short readings. It shows an order of magnitude; quote what is measured without --quick.");
  const measured = await measureAll(await planOf(args, gates), say);
  const described = machine();
  const judgement = judge(gates, measured.results);
  const rows = goalRows(
    gates.filter((gate) => measured.asked.includes(gate.case)),
    measured.results,
  );
  if (args.json) console.log(JSON.stringify({ machine: described, ...measured, goals: rows, ...judgement }, undefined, 2));
  else {
    const tables = [machineLine(described), ...measured.results.map(caseTable), ...(rows.length === 0 ? [] : [goalText(rows)])];
    console.log(tables.join("\n\n"));
  }
  if (args.write) {
    // Whoever reads a table is to know what kind of readings it rests on.
    const machine = `${machineLine(described)}${args.quick ? "; short readings, --quick" : ""}`;
    if (measured.asked.every(isCurve)) await writeCurves(measured.results, machine);
    else writeDown(rows, machine);
  }
  report(measured, judgement, args.check);
};

/** The processes of this run make each set of frames once, and strip and compile the same files once; what is about starting does not. */
const shareFrames = (): void => {
  const folder = mkdtempSync(join(tmpdir(), "naru-bench-frames-"));
  process.env["NARU_BENCH_FRAMES"] = folder;
  process.env["NODE_COMPILE_CACHE"] ??= join(folder, "compiled");
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
};

const report = ({ failures }: Measured, { judged, breaches, unmet, surprises }: ReturnType<typeof judge>, check: boolean): void => {
  for (const { name, failure } of failures) say(`FAILED ${name}: ${failure}`);
  for (const line of unmet) say(`NOT MET YET ${line}`);
  for (const line of surprises) say(`MET, though gates.json says not: ${line}`);
  if (check) {
    for (const line of breaches) say(`BREACH ${line}`);
    say(`gates judged: ${judged}, broken: ${breaches.length}`);
  }
  if (failures.length > 0 || (check && breaches.length > 0)) process.exitCode = 1;
};

const list = async (): Promise<void> => {
  for (const [name, cases] of Object.entries(groups)) console.log(`${name}: ${cases.join(", ")}`);
  console.log("");
  for (const name of caseNames) console.log(`${name}  ${(await loadCase(name)).about}`);
};

try {
  const args = readArguments(process.argv.slice(2), { cases: caseNames, groups });
  if (args.help) console.log(usage);
  else if (args.list) await list();
  else await run(args);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  say(usage);
  process.exitCode = 2;
}
