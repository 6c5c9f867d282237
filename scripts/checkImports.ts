/**
 * Keeps the layers apart: reads the import table of ARCHITECTURE.md and refuses every import of `packages/*\/src` that it does not name. Written
 * by hand because the usual tools need the compiler's JavaScript API, which TypeScript 7 does not have, and then see no import at all.
 */
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { type Report, runAlone } from "./report.ts";
import { lineAt, readSources, root, type SourceFile, sources, withoutComments } from "./sourceFiles.ts";

/** From a unit (`upbit`, `router/domain`, `upbit/Upbit`) to the units it may import. A unit may always import itself. */
export type ImportTable = ReadonlyMap<string, ReadonlyArray<string>>;

/** The pipeline runs anywhere: what ties a module to Node is not for it. */
const notForRouter = /^(?:node:|ws$|undici$|@effect\/platform-node)/;

/** Reads the rows between the markers. Throws when there are none. */
export const parseTable = (markdown: string): ImportTable => {
  const section = /<!-- imports:start -->([\s\S]*?)<!-- imports:end -->/.exec(markdown)?.[1] ?? "";
  const table = new Map<string, ReadonlyArray<string>>();
  for (const line of section.split("\n")) {
    const cells = /^\|([^|]*)\|([^|]*)\|\s*$/.exec(line.trim());
    if (cells === null) continue;
    const [from, allowed] = [cells[1] ?? "", cells[2] ?? ""].map((cell) =>
      Array.from(cell.matchAll(/`([^`]+)`/g), (match) => match[1] ?? ""),
    );
    if (from?.[0] !== undefined) table.set(from[0], allowed ?? []);
  }
  if (table.size === 0) throw new Error("ARCHITECTURE.md holds no import table between its markers");
  return table;
};

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Static imports, re-exports and `import("…")`, types included. */
export const importsOf = (text: string): ReadonlyArray<Import> => {
  const code = withoutComments(text);
  return Array.from(code.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g), (match) => ({
    specifier: match[1] ?? "",
    line: lineAt(code, match.index),
  }));
};

/** Looks at the given files only; `table` is data, so planted files and tables prove the rules. */
export const checkImportsOf = (files: ReadonlyArray<SourceFile>, table: ImportTable): Report => {
  const problems: Array<string> = [];
  let looked = 0;
  for (const file of files) {
    const imports = importsOf(file.text);
    looked += imports.length;
    for (const { specifier, line } of imports) {
      const problem = refusal(file.path, specifier, table);
      if (problem !== undefined) problems.push(`${file.path}:${line}: ${problem}`);
    }
  }
  return { looked, unit: `imports in ${files.length} files`, problems };
};

/** Why this import may not be, or `undefined`. */
const refusal = (path: string, specifier: string, table: ImportTable): string | undefined => {
  const from = /^packages\/([^/]+)\/src\/(.+)$/.exec(path);
  const [, name, inside] = from ?? [];
  if (name === undefined || inside === undefined) return "is not a source file of a package";
  const unit = unitOf(withoutExtension(`${name}/${inside}`), table);
  if (unit === undefined) return `${name} has no row in the import table of ARCHITECTURE.md`;
  if (name === "router" && inside.includes("/") && unit === "router")
    return `router/${inside.split("/")[0]} has no row in the import table of ARCHITECTURE.md`;
  if (name === "router" && notForRouter.test(specifier)) return `the router must not import ${specifier}`;
  const target = targetOf(name, inside, specifier);
  if (target === undefined) return undefined;
  if (target === outside) return `${specifier} leaves the sources of its package; another package is imported by its name`;
  const allowed = table.get(unit) ?? [];
  const own = unitOf(target, table) === unit;
  if (own || allowed.some((entry) => contains(entry, target))) return undefined;
  return `${unit} may not import ${target}`;
};

const outside = Symbol("outside");

/** `router/domain/Market` for an import of this repository, `undefined` for any other package. */
const targetOf = (name: string, inside: string, specifier: string): string | typeof outside | undefined => {
  if (specifier.startsWith(".")) {
    const target = posix.join(name, posix.dirname(inside), specifier);
    return target.startsWith(`${name}/`) && !posix.join(posix.dirname(inside), specifier).startsWith("..")
      ? withoutExtension(target)
      : outside;
  }
  const own = /^@naru\/([^/]+)(?:\/(.+))?$/.exec(specifier);
  return own === null ? undefined : `${own[1]}/${own[2] ?? "index"}`;
};

const withoutExtension = (path: string): string => path.replace(/\.ts$/, "");

/** The most specific row that holds `path`. */
const unitOf = (path: string, table: ImportTable): string | undefined =>
  Array.from(table.keys())
    .filter((unit) => contains(unit, path))
    .toSorted((a, b) => b.length - a.length)[0];

const contains = (unit: string, path: string): boolean => path === unit || path.startsWith(`${unit}/`);

export const checkImports = async (): Promise<Report> =>
  checkImportsOf(await readSources(sources), parseTable(await readFile(join(root, "ARCHITECTURE.md"), "utf8")));

await runAlone(import.meta.url, "import table", checkImports);
