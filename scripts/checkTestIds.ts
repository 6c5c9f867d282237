/**
 * A test that proves a row of the requirements ends its title with the row's id in parentheses, `(A03)` or `(R001-09, D16)`. Each id is claimed by
 * one test of the repository, so that a row's proof can be found and a deleted proof is missed.
 */
import { type Report, runAlone } from "./report.ts";
import { lineAt, readSources, type SourceFile, tests, withoutComments } from "./sourceFiles.ts";

/** `R001-09`, `C-12`, `F-3`, `S-21`, `R-22`, `A03`. */
const id = /^(?:R\d{3}-\d{2}|[A-Z]{1,2}-\d{1,3}|[A-I]\d{2})$/;

const title = /(?<![\w.$])(?:it|test)(?:\.\w+)*\s*\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g;

export const checkTestIdsOf = (files: ReadonlyArray<SourceFile>): Report => {
  const problems: Array<string> = [];
  const claimed = new Map<string, string>();
  let titles = 0;
  for (const { path, text } of files) {
    const code = withoutComments(text);
    for (const match of code.matchAll(title)) {
      titles++;
      const place = `${path}:${lineAt(code, match.index)}`;
      const listed =
        /\(([^()]*)\)$/
          .exec(match[2] ?? "")?.[1]
          ?.split(",")
          .map((one) => one.trim()) ?? [];
      const ids = listed.filter((one) => id.test(one));
      if (ids.length > 0 && ids.length < listed.length)
        problems.push(`${place}: ids and words in one pair of parentheses: ${listed.join(", ")}`);
      if (ids.length > 0 && match[1] === "`" && match[2]?.includes("${"))
        problems.push(`${place}: a title made in a loop claims ${ids.join(", ")}`);
      for (const one of ids) {
        const other = claimed.get(one);
        if (other === undefined) claimed.set(one, place);
        else problems.push(`${place}: ${one} is already claimed by ${other}`);
      }
    }
  }
  return { looked: titles, unit: `test titles, ${claimed.size} ids`, problems };
};

export const checkTestIds = async (): Promise<Report> => checkTestIdsOf(await readSources(tests));

await runAlone(import.meta.url, "test ids", checkTestIds);
