/**
 * The fault vocabulary of the emulated exchange as data: one flat union discriminated by `verb`, its schema, its help, and its reading from a
 * command line. What a verb does is in its entry of the tables in `verbs/`; switching on and off is {@link FaultSet}'s.
 *
 * Verbs of the TCP proxy keep the names Toxiproxy gave them, with underscores; so do `half_open` and `rst_after_n_frames`, their neighbours.
 */
import { nearest } from "@naru/router/domain/nearest";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { bodyVerbs } from "./verbs/bodyVerbs.ts";
import { bookVerbs } from "./verbs/bookVerbs.ts";
import { connectionVerbs } from "./verbs/connectionVerbs.ts";
import { dataVerbs } from "./verbs/dataVerbs.ts";
import { frameVerbs } from "./verbs/frameVerbs.ts";
import { httpVerbs } from "./verbs/httpVerbs.ts";
import { marketVerbs } from "./verbs/marketVerbs.ts";
import { statusVerbs } from "./verbs/statusVerbs.ts";
import { tcpVerbs } from "./verbs/tcpVerbs.ts";
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
  ...tcpVerbs,
] as const;

type Entry = (typeof table)[number];

type AsGiven<V> = V extends Verb<infer Name, infer P> ? FaultOf<Name, P> : never;
type AsComplete<V> = V extends Verb<infer Name, infer P> ? CompleteFaultOf<Name, P> : never;

/** A fault as plain JSON: a verb and its parameters, any of which may be left out. */
export type Fault = AsGiven<Entry>;

/** A fault with every default filled in. */
export type CompleteFault = AsComplete<Entry>;

/** Reads a fault from JSON, filling in defaults and refusing members the verb does not have; writes it back. */
export const Fault: Schema.Codec<CompleteFault, Fault> = Schema.Union(
  table.map(({ schema }): Schema.Codec<CompleteFault, Fault> => schema),
);

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

/** The text is no fault. */
export class FaultError extends Data.TaggedError("FaultError")<{ readonly reason: string; readonly near: ReadonlyArray<string> }> {
  override get message(): string {
    return this.near.length === 0 ? this.reason : `${this.reason}; did you mean ${this.near.join(" or ")}?`;
  }
}

const byName: ReadonlyMap<string, Entry> = new Map(table.map((entry) => [entry.verb, entry]));

/** The entry of a verb; `undefined` for a name that is none. */
export const entryOf = (verb: string): Entry | undefined => byName.get(verb);

/** A fault from a command line: the verb and `parameter=value` pairs. `-` and `_` in a verb are the same. */
export const parseFault = (verb: string, pairs: ReadonlyArray<string>): Effect.Effect<CompleteFault, FaultError> =>
  Effect.suspend(() => {
    const entry = entryOf(verb) ?? entryOf(verb.replaceAll("_", "-")) ?? entryOf(verb.replaceAll("-", "_"));
    if (entry === undefined) return fail(`no fault is called ${quoted(verb)}`, nearest(verb.toLowerCase(), byName.keys(), 3));
    const parameters: ReadonlyMap<string, Parameter<unknown>> = new Map(Object.entries<Parameter<unknown>>(entry.parameters));
    const given: Record<string, unknown> = { verb: entry.verb };
    for (const pair of pairs) {
      const mark = pair.indexOf("=");
      if (mark < 0) return fail(`${quoted(pair)} is not of the form parameter=value`);
      const name = pair.slice(0, mark);
      const parameter = parameters.get(name);
      if (parameter === undefined) return fail(`${entry.verb} has no parameter ${quoted(name)}`, nearest(name, parameters.keys(), 3));
      if (Object.hasOwn(given, name)) return fail(`${name} is given twice`);
      const text = pair.slice(mark + 1);
      const value = parameter.fromText(text);
      if (!accepts(entry, name, value)) return fail(`${name} is ${parameter.expects}, not ${quoted(text)}`);
      given[name] = value;
    }
    return Effect.succeed(entry.activate(given).fault);
  });

const fail = (reason: string, near: ReadonlyArray<string> = []) => Effect.fail(new FaultError({ reason, near }));

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));

const accepts = (entry: Entry, name: string, value: unknown): boolean =>
  Schema.is(Schema.toType(entry.schema))({ ...entry.activate({ verb: entry.verb }).fault, [name]: value });
