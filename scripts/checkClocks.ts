/**
 * Time, timers and chance come from Effect's services, so that the whole system runs under a virtual clock and a seed. This refuses the raw ones
 * in library code. An exception names its file, what it may use and why; one that is no longer used is a problem too.
 */
import { type Report, runAlone } from "./report.ts";
import { lineAt, readSources, type SourceFile, sources, withoutComments } from "./sourceFiles.ts";

const forbidden: Readonly<Record<string, RegExp>> = {
  "Date.now": /\bDate\s*\.\s*now\b/g,
  "new Date()": /\bnew\s+Date\s*(?:\(\s*\)|(?![\s\w(.]))/g,
  "Date()": /(?<!new\s+)(?<![\w.$])Date\s*\(\s*\)/g,
  setTimeout: /(?<![\w$]|(?<!globalThis)\.)setTimeout\s*\(/g,
  setInterval: /(?<![\w$]|(?<!globalThis)\.)setInterval\s*\(/g,
  setImmediate: /(?<![\w$]|(?<!globalThis)\.)setImmediate\s*\(/g,
  queueMicrotask: /(?<![\w$])queueMicrotask\s*\(/g,
  "process.nextTick": /\bprocess\s*\.\s*nextTick\b/g,
  "process.hrtime": /\bprocess\s*\.\s*hrtime\b/g,
  "performance.now": /\bperformance\s*\.\s*now\b/g,
  "Math.random": /\bMath\s*\.\s*random\b/g,
  randomUUID: /\brandomUUID\s*\(/g,
  "node:timers": /["']node:timers(?:\/promises)?["']/g,
};

export interface Exception {
  /** A file, or a folder with its final `/`. */
  readonly path: string;
  readonly uses: ReadonlyArray<string>;
  readonly reason: string;
}

/** `bench` measures real time: that is what it is for. */
export const exceptions: ReadonlyArray<Exception> = [
  { path: "packages/cli/src/main.ts", uses: ["setTimeout"], reason: "the end of the process, which must come whatever its fibers do" },
  { path: "packages/node/src/HttpDispatcher.ts", uses: ["setTimeout"], reason: "the making of a real connection, below any virtual clock" },
  { path: "packages/node/src/HttpExchange.ts", uses: ["setTimeout"], reason: "phases of a real request, below any virtual clock" },
  {
    path: "packages/node/src/ReadTurns.ts",
    uses: ["queueMicrotask", "setImmediate"],
    reason: "the end of one read of a real socket, and a turn for everybody else before the next",
  },
  {
    path: "packages/proof/src/world/engine/Engine.ts",
    uses: ["setImmediate"],
    reason: "one turn of the event loop, to see what promises do",
  },
  {
    path: "packages/proof/src/kept/anyRange.ts",
    uses: ["setImmediate"],
    reason: "one turn of the event loop, for the thread of a file beside a virtual clock",
  },
  { path: "packages/proof/src/sim.ts", uses: ["performance.now"], reason: "tells how many worlds a second there were" },
  { path: "packages/bench/src/", uses: ["performance.now", "setImmediate", "setTimeout", "setInterval"], reason: "measures real time" },
];

export const checkClocksOf = (files: ReadonlyArray<SourceFile>, allowed: ReadonlyArray<Exception>): Report => {
  const problems: Array<string> = [];
  const used = new Set<string>();
  for (const { path, text } of files) {
    const code = withoutComments(text);
    for (const [name, pattern] of Object.entries(forbidden)) {
      for (const match of code.matchAll(pattern)) {
        const exception = allowed.find((one) => covers(one, path) && one.uses.includes(name));
        if (exception === undefined)
          problems.push(`${path}:${lineAt(code, match.index)}: ${name} instead of Effect's Clock, Random or schedule`);
        else used.add(`${exception.path} ${name}`);
      }
    }
  }
  for (const { path, uses } of allowed) {
    // A folder's exception is a licence; a file's is a fact.
    if (path.endsWith("/")) continue;
    for (const name of uses) if (!used.has(`${path} ${name}`)) problems.push(`${path}: the exception for ${name} is not used any more`);
  }
  return { looked: files.length, unit: `files, ${used.size} exceptions in use`, problems };
};

const covers = (exception: Exception, path: string): boolean =>
  exception.path.endsWith("/") ? path.startsWith(exception.path) : path === exception.path;

export const checkClocks = async (): Promise<Report> => checkClocksOf(await readSources(sources), exceptions);

await runAlone(import.meta.url, "clocks and chance", checkClocks);
