/**
 * The fault vocabulary of the emulated exchange as data: one flat union discriminated by `verb`, its schema, its help, and its reading from a
 * command line. What a verb does is in its entry of the tables in `verbs/`; switching on and off is {@link FaultSet}'s.
 *
 * What only a TCP proxy can do is in a vocabulary of its own, `proxy/Toxic.ts`; `half_open` and `rst_after_n_frames`, which both can do, have the
 * same names in both, spelt as Toxiproxy spells its own.
 */
import { nearest } from "@naru/router/domain/nearest";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import { bodyVerbs } from "./verbs/bodyVerbs.ts";
import { bookVerbs } from "./verbs/bookVerbs.ts";
import { connectionVerbs } from "./verbs/connectionVerbs.ts";
import { dataVerbs } from "./verbs/dataVerbs.ts";
import { frameVerbs } from "./verbs/frameVerbs.ts";
import { httpVerbs } from "./verbs/httpVerbs.ts";
import { marketVerbs } from "./verbs/marketVerbs.ts";
import { statusVerbs } from "./verbs/statusVerbs.ts";
import { transferVerbs } from "./verbs/transferVerbs.ts";
import type { Parameter } from "./Parameter.ts";
import type { CompleteFaultOf, FaultDoor, FaultOf, Verb } from "./Verb.ts";

const table = [
  ...transferVerbs,
  ...bodyVerbs,
  ...statusVerbs,
  ...httpVerbs,
  ...marketVerbs,
  ...dataVerbs,
  ...bookVerbs,
  ...connectionVerbs,
  ...frameVerbs,
] as const;

type Entry = (typeof table)[number];

type AsGiven<V> = V extends Verb<infer Name, infer P> ? FaultOf<Name, P> : never;
type AsComplete<V> = V extends Verb<infer Name, infer P> ? CompleteFaultOf<Name, P> : never;

/** A fault as plain JSON: a verb and its parameters, any of which may be left out. */
export type Fault = AsGiven<Entry>;

/** A fault with every default filled in. */
export type CompleteFault = AsComplete<Entry>;

/** The help for one verb. */
export interface VerbHelp {
  readonly verb: string;
  readonly about: string;
  /** Rows of the fault catalogue it brings about. */
  readonly ids: ReadonlyArray<string>;
  readonly doors: ReadonlyArray<FaultDoor>;
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly about: string; readonly default: string }>;
}

/** Every verb there is. */
export const verbs: ReadonlyArray<VerbHelp> = table.map(({ verb, about, ids, doors, parameters }) => ({
  verb,
  about,
  ids,
  doors,
  parameters: Object.entries<Parameter<unknown>>(parameters).map(([name, { about: meaning, fallback }]) => ({
    name,
    about: meaning,
    default: fallback === undefined ? "" : typeof fallback === "string" ? fallback : JSON.stringify(fallback),
  })),
}));

/** It is no fault, or none that could act here. */
export class FaultError extends Data.TaggedError("FaultError")<{ readonly reason: string; readonly near: ReadonlyArray<string> }> {
  override get message(): string {
    return this.near.length === 0 ? this.reason : `${this.reason}; did you mean ${this.near.join(" or ")}?`;
  }
}

const byName: ReadonlyMap<string, Entry> = new Map(table.map((entry) => [entry.verb, entry]));

/** The entry of a verb; `undefined` for a name that is none. */
export const entryOf = (verb: string): Entry | undefined => byName.get(verb);

/** What is wrong with a fault that one was given, and the names that were probably meant. */
const complaintOf = (given: Readonly<Record<string, unknown>>): FaultError | undefined => {
  const verb = String(given["verb"]);
  const entry = entryOf(verb);
  if (entry === undefined) return complaint(`no fault is called ${quoted(verb)}`, nearest(verb.toLowerCase(), byName.keys(), 3));
  const schema: Schema.Codec<CompleteFault, Fault> = entry.schema;
  const parameters: ReadonlyMap<string, Parameter<unknown>> = new Map(Object.entries<Parameter<unknown>>(entry.parameters));
  for (const [name, value] of Object.entries(given)) {
    if (name === "verb") continue;
    const parameter = parameters.get(name);
    if (parameter === undefined) return complaint(`${verb} has no parameter ${quoted(name)}`, nearest(name, parameters.keys(), 3));
    if (Result.isFailure(Schema.decodeUnknownResult(schema)({ verb, [name]: value })))
      return complaint(`${name} is ${parameter.expects}, not ${quoted(value)}`);
  }
  return undefined;
};

const complaint = (reason: string, near: ReadonlyArray<string> = []) => new FaultError({ reason, near });

const quoted = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 60);

/** The union alone would drop members it does not know, and a misspelt parameter would pass for its default. */
const WithoutMistakes = Schema.Record(Schema.String, Schema.Unknown).check(Schema.makeFilter((given) => complaintOf(given)?.message));

/**
 * Reads a fault from JSON, filling in defaults and refusing what the verb does not have; writes it back. The type says what the chain of schemas
 * amounts to: what `WithoutMistakes` lets through is a `Fault`.
 */
export const Fault = WithoutMistakes.pipe(
  Schema.decodeTo(
    Schema.Union(table.map(({ schema }): Schema.Codec<CompleteFault, Fault> => schema)),
    SchemaTransformation.passthrough({ strict: false }),
  ),
) as unknown as Schema.Codec<CompleteFault, Fault>;

/** A fault from a command line: the verb and `parameter=value` pairs. `-` and `_` in a verb are the same. */
export const parseFault = (verb: string, pairs: ReadonlyArray<string>): Effect.Effect<CompleteFault, FaultError> =>
  Effect.suspend(() => {
    const entry = entryOf(verb) ?? entryOf(verb.replaceAll("_", "-")) ?? entryOf(verb.replaceAll("-", "_"));
    const given: Record<string, unknown> = { verb: entry?.verb ?? verb };
    const parameters: ReadonlyMap<string, Parameter<unknown>> = new Map(Object.entries<Parameter<unknown>>(entry?.parameters ?? {}));
    for (const pair of entry === undefined ? [] : pairs) {
      const mark = pair.indexOf("=");
      if (mark < 0) return Effect.fail(complaint(`${quoted(pair)} is not of the form parameter=value`));
      const name = pair.slice(0, mark);
      // `verb` is a member of the fault, and no parameter.
      if (name === "verb") return Effect.fail(complaint(`the verb is given twice`));
      if (Object.hasOwn(given, name)) return Effect.fail(complaint(`${name} is given twice`));
      const text = pair.slice(mark + 1);
      given[name] = parameters.get(name)?.fromText(text) ?? text;
    }
    const wrong = complaintOf(given);
    return wrong === undefined && entry !== undefined
      ? Effect.succeed(entry.activate(given).fault)
      : Effect.fail(wrong ?? complaint("no fault"));
  });
