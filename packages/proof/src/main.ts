/** `pnpm proof NAME`: runs one long proof; without a name, lists them. Exit code 1 when a proof does not hold, 2 for a name there is none of. */
import * as Effect from "effect/Effect";
import { proofs } from "./proofs.ts";

const name = process.argv[2];
const proof = proofs.find((one) => one.name === name);
if (proof === undefined) {
  if (name !== undefined) console.error(`There is no proof ${name}.`);
  for (const one of proofs) console.log(`${one.name.padEnd(12)} ${one.summary}`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const holds = await Effect.runPromise(proof.run((line) => console.log(line)));
  console.log(holds ? `${proof.name} holds.` : `${proof.name} does not hold.`);
  process.exitCode = holds ? 0 : 1;
}
