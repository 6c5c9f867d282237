/** The process of {@link measuredIn}: `node --expose-gc measuredChild.ts NAME OPTIONS`. */
import { type ChurnOptions, churnHere } from "./churnRun.ts";
import { type CrashesOptions, crashHere } from "./crashesRun.ts";
import { type HourOptions, hourHere } from "./load/hourRun.ts";
import { type LoadOptions, loadHere } from "./load/loadRun.ts";

const [name, options = "{}"] = process.argv.slice(2);
const given: unknown = JSON.parse(options);
// The parent is this same repository, at this same moment: what it sends is what its types say.
const programs: Readonly<Record<string, (() => Promise<unknown>) | undefined>> = {
  churn: () => churnHere(given as ChurnOptions),
  crashes: () => crashHere(given as CrashesOptions),
  load: () => loadHere(given as LoadOptions),
  hour: () => hourHere(given as HourOptions),
};
const measured = await programs[name ?? ""]?.();
if (measured === undefined) throw new Error(`there is nothing to measure by the name ${name}`);
console.log(JSON.stringify(measured));
