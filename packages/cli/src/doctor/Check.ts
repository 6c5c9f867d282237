/** One thing that was looked at, judged. */

/** `skip`: not looked at, and why. It says nothing of how things are. */
export type Verdict = "pass" | "warn" | "fail" | "skip";

export interface Check {
  /** What was looked at, such as `link`; of an app, with its name. */
  readonly name: string;
  readonly of: string;
  readonly verdict: Verdict;
  /** The evidence, in a sentence. */
  readonly found: string;
  /** What to do; null where nothing has to be done. */
  readonly advice: string | null;
}

export const pass = (name: string, of: string, found: string): Check => ({ name, of, verdict: "pass", found, advice: null });
export const warn = (name: string, of: string, found: string, advice: string): Check => ({ name, of, verdict: "warn", found, advice });
export const fail = (name: string, of: string, found: string, advice: string): Check => ({ name, of, verdict: "fail", found, advice });
export const skip = (name: string, of: string, found: string, advice: string | null = null): Check => ({
  name,
  of,
  verdict: "skip",
  found,
  advice,
});

/** The worst of all, as the exit code: 0 well, 1 something to look at, 2 something broken. */
export const exitCodeOf = (checks: ReadonlyArray<Check>): 0 | 1 | 2 => {
  if (checks.some(({ verdict }) => verdict === "fail")) return 2;
  return checks.some(({ verdict }) => verdict === "warn") ? 1 : 0;
};
