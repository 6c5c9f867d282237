/**
 * How long a person waits for a process to start, print and end: `naru ticker --help`, which loads the tree of commands, beside
 * `require("ccxt")`, which every program on ccxt begins with.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Case, Reading, Side } from "../Case.ts";

const require = createRequire(import.meta.url);
const naruArgs = [fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url)), "ticker", "--help"];
const ccxtArgs = ["--input-type=commonjs", "-e", `console.log(require(${JSON.stringify(require.resolve("ccxt"))}).version)`];

const expected = { base: /^\d+\.\d+\.\d+\s*$/, candidate: /ticker/ };

/** From spawn to exit. Throws when the process failed or printed something else: that would be quick for the wrong reason. */
const run = async (side: Side): Promise<Reading> => {
  const args = side === "base" ? ccxtArgs : naruArgs;
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, NODE_COMPILE_CACHE: undefined },
  });
  const took = performance.now() - started;
  if (status !== 0 || !expected[side === "base" ? "base" : "candidate"].test(stdout))
    throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
  return { figures: { "start to exit": took }, work: stdout.length };
};

export const subject: Case = {
  name: "startup-command",
  about: "a process from spawn to exit",
  base: "node -e 'require(\"ccxt\")'",
  candidate: "naru ticker --help",
  figures: [{ name: "start to exit", unit: "ms", better: "lower" }],
  rounds: 11,
  warmUps: 2,
  isolation: "own",
  run,
};
