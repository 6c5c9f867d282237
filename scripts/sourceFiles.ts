/** The repository's own TypeScript files, with their text. Paths are relative to the root and use `/`. */
import { glob, readFile } from "node:fs/promises";
import { join, sep } from "node:path";

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export const root = join(import.meta.dirname, "..");

/** Library and application code. */
export const sources = "packages/*/src/**/*.ts";

export const tests = "packages/*/test/**/*.ts";

export const everything: ReadonlyArray<string> = [sources, tests, "scripts/**/*.ts", "examples/**/*.ts", "*.ts"];

export const readSources = async (...patterns: ReadonlyArray<string>): Promise<ReadonlyArray<SourceFile>> => {
  const paths: Array<string> = [];
  for await (const path of glob(patterns, { cwd: root, exclude: (name) => name === "node_modules" || name === "dist" })) {
    const normal = path.split(sep).join("/");
    if (!/(?:^|\/)(?:node_modules|dist)\//.test(normal)) paths.push(normal);
  }
  return Promise.all(paths.toSorted().map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })));
};

/** Comments become blanks, so that offsets and line numbers stay; `//` counts only after a blank, because URLs hold it too. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/gm, (comment) => comment.replace(/[^\n]/g, " "));

/** The line, counted from 1, that holds the character at `offset`. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
