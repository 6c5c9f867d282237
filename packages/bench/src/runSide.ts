/** The child's side of `Child.ts`: measures one side of one case once and prints the reading. */
import { loadCase } from "./cases/all.ts";

const [name = "", side = ""] = process.argv.slice(2);
if (side !== "base" && side !== "candidate") throw new RangeError(`no side "${side}"`);
const reading = await (await loadCase(name)).run(side);
console.log(JSON.stringify(reading));
// What the case left open (servers, sockets) must not keep the reading waiting.
process.exit(0);
