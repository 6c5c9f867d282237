/**
 * How long a person waits for a process to start, print and end: `naru ticker --help`, which loads the tree of commands, beside
 * `require("ccxt")`, which every program on ccxt begins with. Both in turn, so that what else the machine does hits both; the ratio is taken
 * within a round.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const warmUps = 2;
const rounds = 11;

const require = createRequire(import.meta.url);
const ccxt = require.resolve("ccxt");

const naruArgs = [fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url)), "ticker", "--help"];
const ccxtArgs = ["--input-type=commonjs", "-e", `console.log(require(${JSON.stringify(ccxt)}).version)`];

/** Milliseconds from spawn to exit. Throws when the process failed or printed nothing: that would be quick for the wrong reason. */
const timed = (args: ReadonlyArray<string>): number => {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const took = performance.now() - started;
  if (status !== 0 || stdout === "") throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
  return took;
};

/** One after the other; who goes first changes with the round. */
const round = (index: number): { readonly naruMs: number; readonly ccxtMs: number } => {
  if (index % 2 === 0) {
    const naruMs = timed(naruArgs);
    return { naruMs, ccxtMs: timed(ccxtArgs) };
  }
  const ccxtMs = timed(ccxtArgs);
  return { naruMs: timed(naruArgs), ccxtMs };
};

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

for (let index = 0; index < warmUps; index++) round(index);
const measured = Array.from({ length: rounds }, (_, index) => round(index));
const ratios = measured.map(({ naruMs, ccxtMs }) => naruMs / ccxtMs);

console.log(`start-up of a process, median of ${rounds} rounds, Node ${process.version}`);
console.log(`  naru ticker --help   ${median(measured.map(({ naruMs }) => naruMs)).toFixed(0)} ms`);
console.log(`  require("ccxt")      ${median(measured.map(({ ccxtMs }) => ccxtMs)).toFixed(0)} ms`);
console.log(
  `  naru / ccxt          ${median(ratios).toFixed(2)}, per round ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
);
