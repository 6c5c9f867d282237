/**
 * What a program loads by importing the library, by the import statements themselves: no library file takes an Effect barrel, which loads ten
 * times what is used of it, and what most programs never use, or need later, is not reached from the entry points but by `import("…")`.
 */
import { posix } from "node:path";
import { type Report, runAlone } from "./report.ts";
import { lineAt, readSources, type SourceFile, sources, withoutComments } from "./sourceFiles.ts";

/** `effect`, and the index files of its folders and of `@effect/*`: each loads all that lies below it. */
const barrel = /^(?:effect|effect\/[a-z][a-z-]*|@effect\/[^/]+)$/;

/** Entry points whose loading is promised to be lean. */
export const entries: ReadonlyArray<string> = [
  "packages/upbit/src/index.ts",
  "packages/upbit/src/connect.ts",
  "packages/upbit/src/Upbit.ts",
  "packages/router/src/index.ts",
  "packages/node/src/NodeTransport.ts",
];

/** What they must not load: the packages of the network, which come with the first call, and those that bring servers, databases and clients. */
const heavy = /^(?:undici|ws|@effect\/platform-node\/|effect\/(?:http|http-api|cli|sql|persistence|observability|socket|rpc)\/)/;

interface Loaded {
  readonly specifier: string;
  readonly line: number;
}

/** Specifiers of the statements that load something: not those of types, nor `import("…")`, which loads when it runs. */
export const loadedBy = (text: string): ReadonlyArray<Loaded> => {
  const code = withoutComments(text);
  const statement = /^(?:import|export)\s+(?!type\b)(?:([^"';]*?)\s*from\s*)?["']([^"'\n]+)["']/gm;
  return Array.from(code.matchAll(statement))
    .filter(([, names = ""]) => !isTypesOnly(names))
    .map((match) => ({ specifier: match[2] ?? "", line: lineAt(code, match.index) }));
};

/** `{ type A, type B }` is left in the program as an import of nothing. It loads, and is refused by oxlint; one name that is no type suffices. */
const isTypesOnly = (names: string): boolean => {
  const inside = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  const listed = inside?.split(",").filter((name) => name.trim() !== "") ?? [];
  return listed.length > 0 && listed.every((name) => /^\s*type\s/.test(name));
};

export const checkLoadingOf = (files: ReadonlyArray<SourceFile>, from: ReadonlyArray<string>): Report => {
  const statements = new Map(files.map(({ path, text }) => [path, loadedBy(text)]));
  const barrels = Array.from(statements).flatMap(([path, loaded]) =>
    loaded
      .filter(({ specifier }) => barrel.test(specifier))
      .map(({ specifier, line }) => `${path}:${line}: ${specifier} is a barrel; import the module itself`),
  );
  const missing = from.filter((entry) => !statements.has(entry)).map((entry) => `${entry}: is no file`);
  const reached = new Map<string, string>();
  for (const entry of from) reach(entry, entry, statements, reached);
  const tooMuch = Array.from(reached).flatMap(([path, entry]) =>
    (statements.get(path) ?? [])
      .filter(({ specifier }) => heavy.test(specifier))
      .map(({ specifier, line }) => `${path}:${line}: ${specifier} is loaded with ${entry}; load it where it is used`),
  );
  const looked = Array.from(statements.values()).reduce((sum, loaded) => sum + loaded.length, 0);
  const unit = `loading imports, ${reached.size} files reached from ${from.length} entry points`;
  return { looked: reached.size === 0 ? 0 : looked, unit, problems: [...barrels, ...missing, ...tooMuch] };
};

/** Notes every file that `path` loads, with the entry it was first reached from. */
const reach = (path: string, entry: string, statements: ReadonlyMap<string, ReadonlyArray<Loaded>>, reached: Map<string, string>): void => {
  const loaded = statements.get(path);
  if (loaded === undefined || reached.has(path)) return;
  reached.set(path, entry);
  for (const { specifier } of loaded) reach(fileOf(path, specifier), entry, statements, reached);
};

/** The source file that a specifier means, or itself where it is none of ours. */
const fileOf = (path: string, specifier: string): string => {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(path), specifier);
  const [, name, inside = "index"] = /^@naru\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  return name === undefined ? specifier : `packages/${name}/src/${inside}.ts`;
};

export const checkLoading = async (): Promise<Report> => checkLoadingOf(await readSources(sources), entries);

await runAlone(import.meta.url, "what is loaded", checkLoading);
