/**
 * One table of fields per wire shape, and what is made of it: the Schema of the full spelling, the Schema of the abbreviated one, and the
 * compiled reader that runs. Our name of a field, the exchange's name and its abbreviation stand in one row, so that they cannot drift apart.
 */
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as SchemaIssue from "effect/SchemaIssue";
import * as SchemaParser from "effect/SchemaParser";
import * as SchemaCompiler from "effect/schema/SchemaCompiler";
import * as Effect from "effect/Effect";
import { NumberToken } from "@naru/router/transport/ExactJson";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { type FieldType, isRecord } from "./FieldType.ts";
import { type Quick, quickly } from "./Quick.ts";

/** `required`: there and not null. `nullable`: there, perhaps null. `optional`: perhaps not there at all. */
export type Need = "required" | "nullable" | "optional";

/** A field that holds objects, whose own fields are abbreviated too, and whose errors have a path of their own. */
export interface Composite<A> {
  /** Of one of the objects. */
  readonly fields: Fields;
  readonly isList: boolean;
  readonly schemas: Readonly<Record<Spelling, Schema.Codec<unknown>>>;
  readonly reads: Readonly<Record<Spelling, Read<A>>>;
}

type Type<A> = FieldType<A> | Composite<A>;

export interface Field<A, N extends Need> {
  readonly name: string;
  /** The abbreviation of the socket's SIMPLE formats. */
  readonly simple: string | undefined;
  readonly type: Type<A>;
  readonly need: N;
}

export const required = <A>(type: Type<A>, name: string, simple?: string): Field<A, "required"> => ({
  name,
  simple,
  type,
  need: "required",
});
export const nullable = <A>(type: Type<A>, name: string, simple?: string): Field<A, "nullable"> => ({
  name,
  simple,
  type,
  need: "nullable",
});
export const optional = <A>(type: Type<A>, name: string, simple?: string): Field<A, "optional"> => ({
  name,
  simple,
  type,
  need: "optional",
});

export type Fields = Readonly<Record<string, Field<unknown, Need>>>;

/** What reading a table gives: our names, `undefined` where the wire had null or nothing. */
export type Row<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer A, infer N> ? (N extends "required" ? A : A | undefined) : never;
};

/** How a payload names its fields. */
export type Spelling = "full" | "simple";

/** Reads one object. Names of fields that the table does not know are added to `unknown`. */
export type Read<A> = (value: unknown, path: string, unknown: UnknownFields) => A | DecodeError;

export interface Shape<F extends Fields> {
  readonly fields: F;
  /** The object as the wire spells it, checked and not changed. */
  readonly wire: Schema.Codec<Readonly<Record<string, unknown>>>;
  readonly wireSimple: Schema.Codec<Readonly<Record<string, unknown>>>;
  readonly read: Readonly<Record<Spelling, Read<Row<F>>>>;
  /** The same by the loop over the table alone, whatever is quick. */
  readonly readByTable: Readonly<Record<Spelling, Read<Row<F>>>>;
  /** The same of the usual object alone. */
  readonly quick: { readonly [S in Spelling]?: Quick<Row<F>> };
}

/** `quick`: made from the same table by `scripts/generateReaders.ts`. */
export const shape = <F extends Fields>(fields: F, quick: { readonly [S in Spelling]?: Quick<Row<F>> } = {}): Shape<F> => {
  const readByTable = { full: reader(fields, "full"), simple: reader(fields, "simple") };
  const faster =
    (spelling: Spelling): Read<Row<F>> =>
    (value, path, unknown) =>
      quickly(quick[spelling], value, true) ?? readByTable[spelling](value, path, unknown);
  return {
    fields,
    wire: wireSchema(fields, "full"),
    wireSimple: wireSchema(fields, "simple"),
    read: { full: faster("full"), simple: faster("simple") },
    readByTable,
    quick,
  };
};

/** One object of another shape. */
export const object = <F extends Fields>(of: Shape<F>): Composite<Row<F>> => ({
  fields: of.fields,
  isList: false,
  schemas: { full: of.wire, simple: of.wireSimple },
  reads: of.read,
});

/** A list of objects of another shape, such as the levels of a book. One bad object fails the whole. */
export const objects = <F extends Fields>(of: Shape<F>): Composite<ReadonlyArray<Row<F>>> => ({
  fields: of.fields,
  isList: true,
  schemas: { full: Schema.Array(of.wire), simple: Schema.Array(of.wireSimple) },
  reads: { full: listReader(of.read.full), simple: listReader(of.read.simple) },
});

/**
 * The Schema from the wire to the domain: the wire's struct, then one transform of the whole object. Decoding only; our values are never
 * written back as the exchange's. What it says is what Effect's interpreter makes of it; what runs, behind the same functions, is the shape's own
 * reader, and the interpreter where that refuses, for what is wrong.
 */
export const domainSchema = <A, F extends Fields>(
  of: Shape<F>,
  spelling: Spelling,
  domain: Schema.Codec<A, unknown>,
  toDomain: (row: Row<F>, path: string) => A | DecodeError,
): Schema.Codec<A, Readonly<Record<string, unknown>>> => {
  const schema = interpretedSchema(of, spelling, domain, toDomain);
  const interpret = SchemaParser.decodeUnknownEffect(interpretedSchema(of, spelling, domain, toDomain));
  const quick = of.quick[spelling];
  const readByTable = of.readByTable[spelling];
  SchemaCompiler.set(schema.ast, {
    decode: (wire, options) => {
      // Members that no table knows are the interpreter's to refuse or to keep, where somebody wants either.
      if (options.onExcessProperty !== undefined && options.onExcessProperty !== "ignore") return SchemaCompiler.invalid;
      const row = quickly(quick, wire, false) ?? readByTable(wire, "", new UnknownFields());
      const value = row instanceof DecodeError ? row : toDomain(row, "");
      return value instanceof DecodeError ? SchemaCompiler.invalid : value;
    },
    decodeEffect: (wire, options) => interpret(wire, options),
  });
  return schema;
};

const interpretedSchema = <A, F extends Fields>(
  of: Shape<F>,
  spelling: Spelling,
  domain: Schema.Codec<A, unknown>,
  toDomain: (row: Row<F>, path: string) => A | DecodeError,
): Schema.Codec<A, Readonly<Record<string, unknown>>> => {
  const read = of.readByTable[spelling];
  return (spelling === "full" ? of.wire : of.wireSimple).pipe(
    Schema.decodeTo(Schema.toType(domain), {
      decode: SchemaGetter.transformEffect((wire: unknown) => {
        const row = read(wire, "", new UnknownFields());
        const value = row instanceof DecodeError ? row : toDomain(row, "");
        return value instanceof DecodeError
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: value.message }, wire))
          : Effect.succeed(value);
      }),
      encode: SchemaGetter.forbidden(() => "Wire shapes are only decoded"),
    }),
  );
};

/** Names seen on the wire that no table knows, once each. At most 32 are kept; a payload that brings more is another payload. */
export class UnknownFields {
  /** Made with the first of them: a payload has none, and a set costs as much as five fields. */
  #names: Set<string> | undefined;
  add(name: string): void {
    this.#names ??= new Set();
    if (this.#names.size < 32) this.#names.add(name.slice(0, 60));
  }
  get names(): ReadonlyArray<string> {
    return [...(this.#names ?? [])];
  }
}

export const schemaError = (path: string, detail: string): DecodeError => new DecodeError({ stage: "schema", path, detail });

/** What to say about a value that is not what it should be. */
export const expected = (what: string, value: unknown): string => `expected ${what}, got ${describe(value)}`;

export const member = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** The name of a field on the wire. */
export const spelt = (field: Field<unknown, Need>, spelling: Spelling): string =>
  spelling === "full" ? field.name : (field.simple ?? field.name);

const wireSchema = (fields: Fields, spelling: Spelling): Schema.Codec<Readonly<Record<string, unknown>>> => {
  const members: Record<string, Schema.Codec<unknown> | Schema.optionalKey<Schema.Codec<unknown>>> = {};
  for (const field of Object.values(fields)) {
    const type = "reads" in field.type ? field.type.schemas[spelling] : field.type.schema;
    members[spelt(field, spelling)] =
      field.need === "required" ? type : field.need === "nullable" ? Schema.NullOr(type) : Schema.optionalKey(Schema.NullOr(type));
  }
  return Schema.Struct(members);
};

const reader = <F extends Fields>(fields: F, spelling: Spelling): Read<Row<F>> => {
  const keys = Object.keys(fields);
  const entries = Object.values<Field<unknown, Need>>(fields);
  const names = entries.map((field) => spelt(field, spelling));
  const reads = entries.map((field) => ("reads" in field.type ? field.type.reads[spelling] : leafReader(field.type)));
  const needs = entries.map((field) => field.need);
  const known = new Set(names);
  return (value, path, unknown) => {
    if (!isRecord(value)) return schemaError(path, expected("an object", value));
    const row: Record<string, unknown> = {};
    let present = 0;
    for (let i = 0; i < entries.length; i++) {
      const name = names[i]!;
      const there = Object.hasOwn(value, name);
      if (there) present++;
      const raw = there ? value[name] : undefined;
      if (there && raw !== null) {
        const read = reads[i]!(raw, member(path, name), unknown);
        if (read instanceof DecodeError) return read;
        row[keys[i]!] = read;
      } else if (needs[i] === "required" || (needs[i] === "nullable" && !there)) {
        return schemaError(member(path, name), there ? "is null" : "is missing");
      } else row[keys[i]!] = undefined;
    }
    if (Object.keys(value).length !== present) for (const name of Object.keys(value)) if (!known.has(name)) unknown.add(name);
    // Each key of `fields` was just filled by its own type's `read`, which the compiler cannot follow through the loop.
    return row as Row<F>;
  };
};

const leafReader =
  <A>(type: FieldType<A>): Read<A> =>
  (value, path) =>
    type.read(value) ?? schemaError(path, expected(type.expected, value));

const listReader =
  <A>(item: Read<A>): Read<ReadonlyArray<A>> =>
  (value, path, unknown) => {
    if (!Array.isArray(value)) return schemaError(path, expected("a list", value));
    const found: Array<A> = [];
    for (let i = 0; i < value.length; i++) {
      const read = item(value[i], `${path}[${i}]`, unknown);
      if (read instanceof DecodeError) return read;
      found.push(read);
    }
    return found;
  };

const describe = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (value instanceof NumberToken) return `number ${value.text.slice(0, 40)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : `${typeof value} ${String(value)}`;
};
