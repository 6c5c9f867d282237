/** What a schema says of wrong input, as one member's name and one sentence. */
import * as SchemaIssue from "effect/SchemaIssue";

export interface WrongMember {
  /** `market`, `prices.3`; `body` for the whole. */
  readonly field: string;
  /** Reads on after the field: `is wrong: Expected a number …`. */
  readonly reason: string;
}

const format = SchemaIssue.makeFormatterStandardSchemaV1();

export const wrongMember = (issue: SchemaIssue.Issue): WrongMember => {
  const first = format(issue).issues[0];
  const path = (first?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return { field: path.length === 0 ? "body" : path.join("."), reason: `is wrong: ${first?.message ?? "it does not fit"}` };
};
