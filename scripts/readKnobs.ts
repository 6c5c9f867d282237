/**
 * Knobs as their sources tell of them: the members of a class or an interface, each with the words above it. Tags of those words say what prose cannot
 * be asked for: `@unit`, `@costs` (what turning it costs and brings), `@env`, `@default` of a member that is optional.
 */
import { lineAt } from "./sourceFiles.ts";

export interface Member {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly line: number;
}

/** The block of `export class Name` or `export interface Name`, up to the brace that closes it at the beginning of a line. */
const blockOf = (text: string, name: string): { readonly body: string; readonly at: number } | undefined => {
  const found = new RegExp(`^export (?:class|interface) ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(text);
  return found === null ? undefined : { body: found[1] ?? "", at: found.index + found[0].indexOf("\n") + 1 };
};

const member = /^ {2}(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?readonly (\w+)\??: ([^=;]+?)(?= =|;)/gm;

/** Undefined where the text has no such class or interface. */
export const membersOf = (text: string, name: string): ReadonlyArray<Member> | undefined => {
  const block = blockOf(text, name);
  if (block === undefined) return undefined;
  return Array.from(block.body.matchAll(member), ([, comment = "", called = "", type = ""], nth) => ({
    name: called,
    type: type.replace(/\s+/g, " ").replace(/ \| undefined$/, ""),
    ...wordsOf(comment),
    line: lineAt(text, block.at) + nth,
  }));
};

const wordsOf = (comment: string): Pick<Member, "meaning" | "tags"> => {
  const words = comment
    .split("\n")
    .map((line) => line.replace(/^\s*\*?\s?/, "").trim())
    .join(" ")
    .trim();
  const [meaning = "", ...tags] = words.split(/(?:^|\s)@(?=(?:unit|costs|env|default|bounds)\s)/);
  return {
    meaning: meaning.trim(),
    tags: new Map(tags.map((tag) => [tag.slice(0, tag.indexOf(" ")), tag.slice(tag.indexOf(" ") + 1).trim()])),
  };
};
