/**
 * `pnpm sizes`: how large the packages are as they are published, held against `scripts/sizeBudget.json`: files and bytes of each package, and of each
 * entry point the code of ours that importing it brings, bundled and minified, what loads later left out. What others wrote is not counted: a program
 * shares it. Prints every size; fails when one is over its budget, or a budget names nothing.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { publish, type Published } from "./published.ts";
import { type Report, runAlone } from "./report.ts";
import { root } from "./sourceFiles.ts";

/** The largest a size may be, by what is measured, and why that is enough. */
export interface Budget {
  readonly of: string;
  readonly atMost: Readonly<Record<string, number>>;
  readonly reason: string;
}

/** By the name of a package or an entry point. */
export type Sizes = ReadonlyMap<string, Readonly<Record<string, number>>>;

export const breachesOf = (budgets: ReadonlyArray<Budget>, sizes: Sizes): ReadonlyArray<string> =>
  budgets.flatMap(({ of, atMost, reason }) => {
    const measured = sizes.get(of);
    if (measured === undefined) return [`${of}: has a budget and no size`];
    return Object.entries(atMost).flatMap(([what, limit]) => {
      const size = measured[what];
      if (size === undefined) return [`${of}: ${what} is not measured`];
      return size <= limit ? [] : [`${of}: ${what} ${size.toLocaleString("en-US")}, at most ${limit.toLocaleString("en-US")} (${reason})`];
    });
  });

/** What importing an entry brings at once: the chunk of the entry, and those that it loads by a statement. */
const entrySizes = async (folder: string, entry: string): Promise<Readonly<Record<string, number>>> => {
  const output = await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      target: "es2024",
      lib: { entry: fileOf(folder, entry), formats: ["es"] },
      rolldownOptions: { external: (id: string) => !/^(?:[./]|@naru\/)/.test(id), platform: "node" },
    },
  });
  const chunks = (Array.isArray(output) ? output : [output]).flatMap((result) => ("output" in result ? result.output : []));
  const code = chunks.flatMap((chunk) => (chunk.type === "chunk" ? [chunk] : []));
  const reached = new Map<string, string>();
  const reach = (name: string): void => {
    const chunk = code.find(({ fileName }) => fileName === name);
    if (chunk === undefined || reached.has(name)) return;
    reached.set(name, chunk.code);
    for (const imported of chunk.imports) reach(imported);
  };
  for (const chunk of code) if (chunk.isEntry) reach(chunk.fileName);
  const whole = [...reached.values()].join("\n");
  return { minified: Buffer.byteLength(whole), gzipped: gzipSync(whole).length };
};

/** The file of an entry point in the published package: `@naru/upbit`, or one below it. */
const fileOf = (folder: string, entry: string): string => {
  const [, name = "", inside = "index"] = /^(@naru\/[^/]+)(?:\/(.+))?$/.exec(entry) ?? [];
  return join(folder, "node_modules", name, "dist", `${inside}.js`);
};

const measured = async ({ folder, packages }: Published, budgets: ReadonlyArray<Budget>): Promise<Sizes> => {
  const sizes = new Map<string, Readonly<Record<string, number>>>();
  for (const { name, files, packedBytes, unpackedBytes } of packages) sizes.set(name, { files, packedBytes, unpackedBytes });
  for (const { of } of budgets) {
    if (!of.startsWith("import ")) continue;
    sizes.set(of, await entrySizes(folder, of.slice("import ".length)));
  }
  return sizes;
};

export const checkPublished = async (): Promise<Report> => {
  const budgets: ReadonlyArray<Budget> = JSON.parse(await readFile(join(root, "scripts/sizeBudget.json"), "utf8"));
  const published = await publish();
  const sizes = await measured(published, budgets).finally(() => rm(published.folder, { recursive: true, force: true }));
  for (const [name, figures] of sizes) {
    const told = Object.entries(figures).map(([what, size]) => `${what} ${size.toLocaleString("en-US")}`);
    console.log(`${name.padEnd(36)} ${told.join(", ")}`);
  }
  return { looked: sizes.size, unit: "sizes of what is published", problems: breachesOf(budgets, sizes) };
};

await runAlone(import.meta.url, "published sizes", checkPublished);
