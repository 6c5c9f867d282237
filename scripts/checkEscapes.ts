/**
 * The ways out of the type checker and the test runner: none to `any` or around an error, no test run alone, and no test skipped without saying
 * why (`// skipped: reason` on the line above).
 */
import { type Report, runAlone } from "./report.ts";
import { everything, lineAt, readSources, type SourceFile, withoutComments } from "./sourceFiles.ts";

/** In the code, comments blanked. */
const inCode: Readonly<Record<string, RegExp>> = {
  "a cast to any": /\bas\s+any\b|<\s*any>/g,
  "a test run alone": /(?<![\w$])(?:it|test|describe|layer)(?:\.\w+)*\.only\b/g,
};

/** In comments, where they live. */
const inComments: Readonly<Record<string, RegExp>> = {
  "a silenced type error": /@ts-(?:ignore|nocheck)\b/g,
  "a silenced lint without its reason": /(?:oxlint|eslint)-disable(?!.*--\s*\S)/g,
};

const skipped = /(?<![\w$])(?:it|test|describe)(?:\.\w+)*\.(?:skip|todo)\b/g;

export const checkEscapesOf = (files: ReadonlyArray<SourceFile>): Report => {
  const problems: Array<string> = [];
  for (const { path, text } of files) {
    const code = withoutComments(text);
    const find = (patterns: Readonly<Record<string, RegExp>>, where: string) => {
      for (const [what, pattern] of Object.entries(patterns)) {
        for (const match of where.matchAll(pattern)) problems.push(`${path}:${lineAt(where, match.index)}: ${what}`);
      }
    };
    find(inCode, code);
    find(inComments, onlyComments(text, code));
    const lines = text.split("\n");
    for (const match of code.matchAll(skipped)) {
      const line = lineAt(code, match.index);
      if (!/\/\/ skipped: \S/.test(lines[line - 2] ?? ""))
        problems.push(`${path}:${line}: a skipped test without // skipped: reason above it`);
    }
  }
  return { looked: files.length, unit: "files", problems };
};

/** The text with everything blanked that is not a comment. */
const onlyComments = (text: string, code: string): string =>
  Array.from(text, (character, i) => (character === "\n" || code[i] !== character ? character : " ")).join("");

export const checkEscapes = async (): Promise<Report> => checkEscapesOf(await readSources(...everything));

await runAlone(import.meta.url, "escapes", checkEscapes);
