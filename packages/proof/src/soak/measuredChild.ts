/** The process of {@link measuredIn}: `node --expose-gc measuredChild.ts NAME OPTIONS`. */
import { type ChurnOptions, churnHere } from "./churnRun.ts";
import { type CrashesOptions, crashHere } from "./crashesRun.ts";

const [name, options = "{}"] = process.argv.slice(2);
const given: unknown = JSON.parse(options);
// The parent is this same repository, at this same moment: what it sends is what its types say.
const measured =
  name === "churn" ? await churnHere(given as ChurnOptions) : name === "crashes" ? await crashHere(given as CrashesOptions) : undefined;
if (measured === undefined) throw new Error(`there is nothing to measure by the name ${name}`);
console.log(JSON.stringify(measured));
