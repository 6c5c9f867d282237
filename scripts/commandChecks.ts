/** The checks that are other people's tools. Each is asked how much it looked at, because a tool that finds no files is content too. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Report } from "./report.ts";
import { root } from "./sourceFiles.ts";

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** A tool that does not end is killed: a check must not hang a build. */
const maxMs = 5 * 60_000;

const run = (command: string, args: ReadonlyArray<string>): Promise<Outcome> =>
  new Promise((resolve) => {
    const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
    const child = spawn(join(root, "node_modules/.bin", command), args, {
      cwd: root,
      env: { ...process.env, PATH: path, NO_COLOR: "1" },
      timeout: maxMs,
    });
    const chunks: Array<Buffer> = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output: stripVTControlCharacters(Buffer.concat(chunks).toString("utf8")) }));
  });

const report = ({ code, output }: Outcome, unit: string, looked: number): Report => ({
  looked,
  unit,
  problems: code === 0 ? [] : output.trim().split("\n"),
});

const numberIn = (output: string, pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);

export const checkTypes = async (): Promise<Report> => {
  const outcome = await run("tsc", ["-p", "tsconfig.check.json", "--listFiles"]);
  const lines = outcome.output.split("\n");
  const isFile = (line: string) => /^\/.*\.[cm]?[jt]sx?$/.test(line);
  const ours = lines.filter((line) => isFile(line) && line.startsWith(root) && !line.includes("/node_modules/"));
  return report({ code: outcome.code, output: lines.filter((line) => !isFile(line)).join("\n") }, "files", ours.length);
};

export const checkLint = async (): Promise<Report> => {
  // The format with one line per problem does not say how many files there were.
  const [outcome, summary] = await Promise.all([run("oxlint", ["--deny-warnings", "--format=unix"]), run("oxlint", ["--silent"])]);
  return report(outcome, "files", numberIn(summary.output, / on (\d+) files?/));
};

export const checkEffects = async (): Promise<Report> => {
  const outcome = await run("effect-tsgo", [
    "diagnostics",
    "--project",
    "tsconfig.check.json",
    "--format",
    "text",
    "--severity",
    "error,warning",
    "--strict",
  ]);
  return report(outcome, "files", numberIn(outcome.output, /Checked (\d+) files?/));
};

export const checkFormat = async (): Promise<Report> => {
  const outcome = await run("oxfmt", ["--check", "."]);
  return report(outcome, "files", numberIn(outcome.output, / on (\d+) files?/));
};

export const checkUnused = async (): Promise<Report> => {
  const outcome = await run("knip", ["--no-progress", "--no-config-hints", "--performance-fn", "getImportsAndExports"]);
  const [findings = ""] = outcome.output.split(/^Name +size/m);
  return report({ code: outcome.code, output: findings }, "files", numberIn(outcome.output, /^getImportsAndExports +(\d+)/m));
};
