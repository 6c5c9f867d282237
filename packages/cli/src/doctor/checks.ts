/** Judges what was gathered, all of it, in the order in which it is read. Pure. */
import { appChecks } from "./appChecks.ts";
import type { Check } from "./Check.ts";
import type { Evidence } from "./Evidence.ts";
import { hostChecks } from "./hostChecks.ts";
import { probeChecks } from "./probeChecks.ts";

export const checksOf = (evidence: Evidence): ReadonlyArray<Check> => [
  ...appChecks(evidence),
  ...hostChecks(evidence),
  ...probeChecks(evidence),
];
