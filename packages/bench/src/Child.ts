/** Readings taken in processes of their own. A child prints its reading as the last line of its output; what goes wrong in it fails the case. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Pace, Reading, Side } from "./Case.ts";

/** A reading that takes longer hangs, unless the case says that it does not. */
const usualMaxMs = 180_000;

const entry = fileURLToPath(new URL("./runSide.ts", import.meta.url));

/** One side of a case of isolation `child`, in a new process. */
export const readInChild = (name: string, side: Side, pace: Pace, maxMs = usualMaxMs): Promise<Reading> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, name, side, pace], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: maxMs,
      killSignal: "SIGKILL",
    });
    const chunks: Array<Buffer> = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code !== 0) return reject(new Error(`${name}, ${side}: the process ended with ${signal ?? code}`));
      try {
        return resolve(parseReading(Buffer.concat(chunks).toString("utf8")));
      } catch (error) {
        return reject(error);
      }
    });
  });

/** The last line as a reading; throws when it is none. */
export const parseReading = (output: string): Reading => {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const parsed: unknown = JSON.parse(last);
  const isReading =
    typeof parsed === "object" && parsed !== null && "figures" in parsed && typeof parsed.figures === "object" && "work" in parsed;
  if (!isReading) throw new TypeError(`not a reading: ${last.slice(0, 200)}`);
  return parsed as Reading; // the harness judges its numbers
};
