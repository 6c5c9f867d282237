/**
 * The parameters of fault verbs: what each means, what it may be, what it is when left out, and how a command line spells it. A verb's type, its
 * schema and its help are all read from these.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

export interface Parameter<out A> {
  readonly about: string;
  /** The value when it is left out. */
  readonly fallback: A;
  /** What a value must be, for error texts: "a number from 0 to 60000". */
  readonly expects: string;
  /** Decodes a JSON value, filling in the fallback. */
  readonly schema: Schema.Constraint;
  /** The JSON value a command line means by this text. */
  readonly fromText: (text: string) => unknown;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** Parameters as given: any may be left out. */
export type Given<P extends Parameters> = { readonly [K in keyof P]?: ValueOf<P[K]> | undefined };

/** Parameters with their defaults filled in. */
export type Complete<P extends Parameters> = { readonly [K in keyof P]: ValueOf<P[K]> };

type ValueOf<P> = P extends Parameter<infer A> ? A : never;

/** A day: no fault needs to wait longer, and timers stay in their range. */
const dayMs = 86_400_000;

interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** A whole number. */
export const whole = (about: string, fallback: number, range?: Range): Parameter<number> => ({
  ...optionalWhole(about, range),
  fallback,
  schema: withDefault(wholeSchema(range), fallback),
});

/** A whole number that may be absent. */
export const optionalWhole = (about: string, range?: Range): Parameter<number | undefined> => ({
  about,
  fallback: undefined,
  expects: `a whole number ${between(range)}`,
  schema: Schema.optional(wholeSchema(range)),
  fromText: numberOf,
});

/** A number with a fraction. */
export const fraction = (about: string, fallback: number, range: Range = { min: 0, max: 1 }): Parameter<number> => ({
  about,
  fallback,
  expects: `a number ${between(range)}`,
  schema: withDefault(Schema.Finite.check(Schema.isBetween(bounds(range))), fallback),
  fromText: numberOf,
});

/** A time in milliseconds, at most a day. */
export const millis = (about: string, fallback: number): Parameter<number> => whole(about, fallback, { max: dayMs });

export const optionalMillis = (about: string): Parameter<number | undefined> => optionalWhole(about, { max: dayMs });

export const text = (about: string, fallback: string): Parameter<string> => ({
  ...optionalText(about),
  fallback,
  schema: withDefault(Schema.String, fallback),
});

export const optionalText = (about: string): Parameter<string | undefined> => ({
  about,
  fallback: undefined,
  expects: "text",
  schema: Schema.optional(Schema.String),
  fromText: (given) => given,
});

export const flag = (about: string): Parameter<boolean> => ({
  about,
  fallback: false,
  expects: "true or false",
  schema: withDefault(Schema.Boolean, false),
  fromText: (given) => (given === "true" ? true : given === "false" ? false : given),
});

/** One of some words; the first is the default unless another is named. */
export const choice = <const W extends string>(
  about: string,
  words: readonly [W, ...ReadonlyArray<W>],
  fallback: NoInfer<W> = words[0],
): Parameter<W> => ({
  about,
  fallback,
  expects: `one of ${words.join(", ")}`,
  schema: withDefault(Schema.Literals(words), fallback),
  fromText: (given) => given,
});

/** A header's name and value as HTTP can carry them: a server cannot be made to send others. */
const headerName = /^[\w!#$%&'*+.^`|~-]+$/;
const headerValue = Schema.String.check(Schema.isPattern(/^[\t -~\x80-\xff]*$/));

const sendableHeaders = Schema.Record(Schema.String, Schema.NullOr(headerValue)).check(
  Schema.makeFilter((given) => (Object.keys(given).every((name) => headerName.test(name)) ? undefined : "a name no header can have")),
);

/** Text that goes into a header. */
export const headerText = (about: string, fallback: string): Parameter<string> => ({
  ...text(about, fallback),
  expects: "text that a header can hold",
  schema: withDefault(headerValue, fallback),
});

/** Headers to add, or to remove with `null`. On a command line: JSON. */
export const headers = (about: string): Parameter<Readonly<Record<string, string | null>>> => ({
  about,
  fallback: {},
  expects: 'a JSON object such as {"retry-after":"5","date":null}',
  schema: withDefault(sendableHeaders, {}),
  fromText: (given) => {
    try {
      return JSON.parse(given);
    } catch {
      return given;
    }
  },
});

const bounds = ({ min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}) => ({ minimum: min, maximum: max });

const between = (range: Range | undefined): string => {
  const { minimum, maximum } = bounds(range);
  return maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `from ${minimum} to ${maximum}`;
};

const wholeSchema = (range: Range | undefined) => Schema.Int.check(Schema.isBetween(bounds(range)));

const withDefault = <S extends Schema.Constraint>(schema: S, fallback: S["Type"]): Schema.Constraint =>
  Schema.withDecodingDefaultType<S>(Effect.succeed(fallback))(schema);

/** Text that is no number stays text, for the schema to refuse. */
const numberOf = (given: string): unknown => (/^[+-]?\d+(\.\d+)?$/.test(given) ? Number(given) : given);
