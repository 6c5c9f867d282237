/**
 * A run in a process of its own, started with `--expose-gc`, so that its heap can be measured after a collection and nothing of other proofs is in
 * it. The process prints its measurements as the last line of its output.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A run that takes longer hangs. */
const maxMs = 3_600_000;

const entry = fileURLToPath(new URL("./measuredChild.ts", import.meta.url));

/** Runs one of the child's programs with its options; rejects when it fails. */
export const measuredIn = <A>(name: string, options: object, isMeasured: (value: unknown) => value is A): Promise<A> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--expose-gc", entry, name, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: maxMs,
      killSignal: "SIGKILL",
    });
    const chunks: Array<Buffer> = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code !== 0) return reject(new Error(`${name}: the process ended with ${signal ?? code}`));
      const last = Buffer.concat(chunks).toString("utf8").trimEnd().split("\n").at(-1) ?? "";
      const value: unknown = JSON.parse(last);
      return isMeasured(value) ? resolve(value) : reject(new TypeError(`${name}: not what was to be measured: ${last.slice(0, 200)}`));
    });
  });

/** Bytes in use after a collection, in a process started with `--expose-gc`. */
export const heapAfterCollection = (): number => {
  if (globalThis.gc === undefined) throw new Error("the process was not started with --expose-gc");
  // What the first frees may have held what only the second can free.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

/** What keeps the process alive, by kind: sockets, timers, servers. An immediate is how virtual time goes on. */
export const activeResources = (): ReadonlyArray<string> => process.getActiveResourcesInfo().filter((kind) => kind !== "Immediate");

/** Those that were not there `before`. */
export const activeResourcesSince = (before: ReadonlyArray<string>): ReadonlyArray<string> => {
  const old = [...before];
  return activeResources().filter((kind) => {
    const at = old.indexOf(kind);
    if (at >= 0) old.splice(at, 1);
    return at < 0;
  });
};
