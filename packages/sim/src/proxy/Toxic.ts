/**
 * What the fault proxy can do to TCP connections: Toxiproxy's vocabulary, and five verbs of its own. A toxic is plain JSON; one schema gives its
 * type, its defaults and its checks, and one table its documentation.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { wrongMember } from "../wrongMember.ts";

/** A day: no timer needs more. */
const maxMs = 86_400_000;

const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Type"]) =>
  Schema.withDecodingDefaultTypeKey<S>(Effect.succeed(value))(schema);

const whole = (value: number, minimum = 0, maximum = Number.MAX_SAFE_INTEGER) =>
  withDefault(Schema.Int.check(Schema.isBetween({ minimum, maximum })), value);
const millis = (value: number) => whole(value, 0, maxMs);
const directions = ["up", "down", "both"] as const;
const direction = (value: (typeof directions)[number]) => withDefault(Schema.Literals(directions), value);
const share = (value: number) => withDefault(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })), value);

/** Which connections are concerned, as a share of them; the seed and the connection's number decide. */
const toxicity = share(1);
const flag = withDefault(Schema.Boolean, false);

const schemas = {
  latency: Schema.Struct({
    verb: Schema.Literal("latency"),
    latencyMs: millis(1_000),
    jitterMs: millis(0),
    direction: direction("down"),
    toxicity,
  }),
  down: Schema.Struct({ verb: Schema.Literal("down") }),
  bandwidth: Schema.Struct({ verb: Schema.Literal("bandwidth"), bytesPerSecond: whole(1_024, 1), direction: direction("down"), toxicity }),
  slow_close: Schema.Struct({ verb: Schema.Literal("slow_close"), delayMs: millis(5_000), direction: direction("down"), toxicity }),
  timeout: Schema.Struct({ verb: Schema.Literal("timeout"), timeoutMs: millis(0), direction: direction("both"), toxicity }),
  reset_peer: Schema.Struct({ verb: Schema.Literal("reset_peer"), timeoutMs: millis(0), direction: direction("up"), toxicity }),
  slicer: Schema.Struct({
    verb: Schema.Literal("slicer"),
    bytes: whole(16, 1),
    variationBytes: whole(0),
    delayMs: millis(10),
    direction: direction("down"),
    toxicity,
  }),
  limit_data: Schema.Struct({
    verb: Schema.Literal("limit_data"),
    bytes: whole(1_024),
    reset: flag,
    direction: direction("down"),
    toxicity,
  }),
  half_open: Schema.Struct({ verb: Schema.Literal("half_open"), direction: direction("both"), toxicity }),
  corrupt: Schema.Struct({ verb: Schema.Literal("corrupt"), rate: share(0.001), direction: direction("down"), toxicity }),
  rst_after_n_frames: Schema.Struct({ verb: Schema.Literal("rst_after_n_frames"), frames: whole(5, 1), toxicity }),
} as const;

/** One fault of the proxy, complete. */
export type Toxic = { readonly [V in keyof typeof schemas]: (typeof schemas)[V]["Type"] }[keyof typeof schemas];
export type ToxicVerb = Toxic["verb"];

/** A toxic as one writes it: what is left out has its default. */
export type ToxicInput = { readonly [V in keyof typeof schemas]: (typeof schemas)[V]["Encoded"] }[keyof typeof schemas];

/** The verb is unknown, or a parameter is not what it should be. */
export class ToxicError extends Data.TaggedError("ToxicError")<{ readonly field: string; readonly reason: string }> {
  override get message(): string {
    return `${this.field} ${this.reason}`;
  }
}

export const isToxicVerb = (verb: unknown): verb is ToxicVerb => typeof verb === "string" && verb in schemas;

/** Reads a toxic from JSON and fills in what is left out. */
export const decodeToxic = (input: unknown): Effect.Effect<Toxic, ToxicError> => {
  const verb = typeof input === "object" && input !== null && "verb" in input ? input.verb : undefined;
  if (!isToxicVerb(verb))
    return Effect.fail(new ToxicError({ field: "verb", reason: `is none of ${toxicVerbs.map((row) => row.verb).join(", ")}` }));
  const schema: Schema.Codec<Toxic, unknown> = schemas[verb];
  return Effect.mapError(
    Schema.decodeUnknownEffect(schema, { onExcessProperty: "error" })(input),
    ({ issue }) => new ToxicError(wrongMember(issue)),
  );
};

/** Reads a toxic from words such as `latencyMs=200`. */
export const parseToxic = (verb: string, pairs: ReadonlyArray<string>): Effect.Effect<Toxic, ToxicError> =>
  Effect.flatMap(
    Effect.forEach(pairs, (pair) => {
      const [, name, text] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
      return name === undefined || text === undefined
        ? Effect.fail(new ToxicError({ field: pair, reason: "is not a pair such as latencyMs=200" }))
        : Effect.succeed([name, valueOf(text)] as const);
    }),
    (read) => decodeToxic({ ...Object.fromEntries(read), verb }),
  );

/** The JSON value that a word of a command line means. */
const valueOf = (text: string): number | boolean | string => {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
};

interface Parameter {
  readonly name: string;
  readonly about: string;
  readonly default: number | string | boolean;
}

/** One row of the vocabulary. */
export interface ToxicVerbRow {
  readonly verb: ToxicVerb;
  readonly about: string;
  /** Rows of the fault catalogue it brings about. */
  readonly ids: ReadonlyArray<string>;
  readonly doors: readonly ["proxy"];
  readonly parameters: ReadonlyArray<Parameter>;
}

const abouts: Readonly<Record<string, string>> = {
  latencyMs: "milliseconds each piece of data waits",
  jitterMs: "milliseconds more or less, at random",
  bytesPerSecond: "bytes let through in a second",
  delayMs: "milliseconds of waiting",
  timeoutMs: "milliseconds until the connection ends; 0: timeout never, reset_peer at once",
  bytes: "bytes of one slice, or bytes let through before the end",
  variationBytes: "bytes a slice may be longer or shorter, at random",
  reset: "ends it by a reset; otherwise orderly",
  rate: "share of the bytes that are changed",
  frames: "WebSocket data frames let through before the reset",
  direction: "up (client to server), down (server to client) or both",
  toxicity: "share of the connections concerned",
};

const row = (verb: ToxicVerb, about: string, ids: ReadonlyArray<string>): ToxicVerbRow => {
  const defaults: Readonly<Record<string, unknown>> = Schema.decodeUnknownSync(schemas[verb] as Schema.Codec<Toxic, unknown>)({ verb });
  return {
    verb,
    about,
    ids,
    doors: ["proxy"],
    parameters: Object.entries(defaults).flatMap(([name, value]) =>
      name === "verb" || !isPlain(value) ? [] : [{ name, about: abouts[name] ?? "", default: value }],
    ),
  };
};

const isPlain = (value: unknown): value is number | string | boolean =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean";

/** Every verb, with what it does. */
export const toxicVerbs: ReadonlyArray<ToxicVerbRow> = [
  row("latency", "Data arrives late", ["A05"]),
  row("down", "Connections are refused, and those that are open end", ["A01"]),
  row("bandwidth", "Data comes at a limited rate", ["A06"]),
  row("slow_close", "The end of a connection comes late", ["B16"]),
  row("timeout", "Data vanishes; after timeoutMs the connection ends, with 0 never", ["A05"]),
  row("reset_peer", "The connection is reset timeoutMs after the next data", ["A02"]),
  row("slicer", "Data comes in small pieces, delayMs apart", ["A06"]),
  row("limit_data", "The connection ends after so many bytes more", ["A03", "A11", "A16"]),
  row("half_open", "Nothing comes or goes, and nobody is told", ["B01", "B20"]),
  row("corrupt", "Bytes are changed", ["A12"]),
  row("rst_after_n_frames", "The connection is reset after so many WebSocket frames more", ["B09"]),
];
