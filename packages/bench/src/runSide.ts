/** The child's side of `Child.ts`: measures one side of one case once and prints the reading. */
import { loadCase } from "./cases/all.ts";

const [name = "", side = "", pace = "full"] = process.argv.slice(2);
const subject = await loadCase(name);
if (side !== "base" && side !== "candidate" && subject.peers?.[side] === undefined) throw new RangeError(`no side "${side}"`);
const reading = await subject.run(side, pace === "quick" ? "quick" : "full");
console.log(JSON.stringify(reading));
// What the case left open (servers, sockets) must not keep the reading waiting.
process.exit(0);
