/**
 * `pnpm proof NAME [--minutes N]`: runs one long proof; without a name, lists them. Exit code 1 when a proof does not hold, 2 for a name there is none of, and for
 * minutes of one whose length is not to be chosen.
 */
import * as Effect from "effect/Effect";
import { proofs } from "./proofs.ts";

const [name, flag, value, ...rest] = process.argv.slice(2);
const proof = proofs.find((one) => one.name === name);
const minutes = flag === undefined ? (proof?.minutes ?? 0) : Number(value);
const isRefused =
  flag !== undefined && (flag !== "--minutes" || proof?.minutes === undefined || !(minutes > 0 && minutes <= 600) || rest.length > 0);
if (proof === undefined) {
  if (name !== undefined) console.error(`There is no proof ${name}.`);
  for (const one of proofs) console.log(`${one.name.padEnd(12)} ${one.summary}`);
  process.exitCode = name === undefined ? 0 : 2;
} else if (isRefused) {
  console.error(proof.minutes === undefined ? `${proof.name} takes no options.` : `${proof.name} takes --minutes N, up to 600.`);
  process.exitCode = 2;
} else {
  const holds = await Effect.runPromise(proof.run((line) => console.log(line), minutes));
  console.log(holds ? `${proof.name} holds.` : `${proof.name} does not hold.`);
  process.exitCode = holds ? 0 : 1;
}
