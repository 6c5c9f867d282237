/** No source file is longer than one can hold in mind. The length of functions is oxlint's `max-lines-per-function`. */
import { type Report, runAlone } from "./report.ts";
import { readSources, type SourceFile, sources } from "./sourceFiles.ts";

export const maxLines = 400;

export const checkSizesOf = (files: ReadonlyArray<SourceFile>): Report => {
  const lengths = files.map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }));
  const longest = lengths.toSorted((a, b) => b.lines - a.lines)[0];
  return {
    looked: files.length,
    unit: `files, the longest ${longest === undefined ? "none" : `${longest.path} (${longest.lines} lines)`}`,
    problems: lengths.filter(({ lines }) => lines > maxLines).map(({ path, lines }) => `${path}: ${lines} lines, at most ${maxLines}`),
  };
};

export const checkSizes = async (): Promise<Report> => checkSizesOf(await readSources(sources));

await runAlone(import.meta.url, "file sizes", checkSizes);
