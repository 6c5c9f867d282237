/**
 * The second half of `pnpm build`: the modules of the router in a few files, over those that the compiler wrote. Node takes about a millisecond for
 * each file of a program, whatever is in it, and the router has nearly three hundred: one by one they were half of what importing the library cost.
 * Every module stays an entry point of its own, with its own declarations. What a program asks a router with, and what a venue or a transport is made
 * of, is one file; what one router needs is another; what few programs use stays apart and is loaded where it is used.
 */
import { join, posix } from "node:path";
import { build } from "vite";
import { loadedBy } from "./checkLoading.ts";
import { readSources, root, type SourceFile } from "./sourceFiles.ts";

const source = "packages/router/src/";

/** Each file holds the modules named here, and what they load that no file before it holds. So none needs one that comes after it. */
const files: ReadonlyArray<readonly [name: string, holds: (path: string) => boolean]> = [
  [
    "ports",
    (path) => /^(?:MarketData|RouterConfig|(?:domain|errors|knobs)\/.*|transport\/(?:Venue|Transport|ExactJson|atEnd))\.ts$/.test(path),
  ],
  ["router", (path) => /^(?:Supervisor|client\/makeClient)\.ts$/.test(path)],
];

/** From each module to the file it goes into, where it goes into one. Paths are relative to the sources. */
export const filesOf = (modules: ReadonlyArray<SourceFile>): ReadonlyMap<string, string> => {
  const texts = new Map(modules.map(({ path, text }) => [path.slice(source.length), text]));
  const placed = new Map<string, string>();
  const place = (path: string, file: string): void => {
    const text = texts.get(path);
    if (text === undefined || placed.has(path)) return;
    placed.set(path, file);
    for (const { specifier } of loadedBy(text)) if (specifier.startsWith(".")) place(posix.join(posix.dirname(path), specifier), file);
  };
  for (const [file, holds] of files) for (const path of texts.keys()) if (holds(path)) place(path, file);
  return placed;
};

const bundle = async (): Promise<void> => {
  const modules = await readSources(`${source}**/*.ts`);
  const placed = filesOf(modules);
  const home = join(root, source);
  const fileOf = (id: string): string | undefined => (id.startsWith(home) ? placed.get(id.slice(home.length)) : undefined);
  await build({
    root: join(root, "packages/router"),
    configFile: false,
    logLevel: "warn",
    build: {
      outDir: "dist",
      emptyOutDir: false,
      minify: false,
      sourcemap: true,
      target: "es2024",
      lib: {
        entry: Object.fromEntries(modules.map(({ path }) => [path.slice(source.length, -".ts".length), join(root, path)])),
        formats: ["es"],
      },
      rolldownOptions: {
        external: (id: string) => !/^[./]/.test(id),
        platform: "node",
        preserveEntrySignatures: "strict",
        output: {
          // The sources are published beside it.
          sourcemapExcludeSources: true,
          entryFileNames: "[name].js",
          chunkFileNames: "shared/[name].js",
          codeSplitting: { groups: files.map(([name]) => ({ name, test: (id) => fileOf(id) === name })) },
        },
      },
    },
  });
  console.log(`bundled ${modules.length} modules of the router, ${placed.size} of them into ${files.length} files`);
};

if (import.meta.url === `file://${process.argv[1]}`) await bundle();
