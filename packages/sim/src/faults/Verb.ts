/**
 * How a fault verb is written: its name, what it is, which rows of the fault catalogue it brings about, where it works, its parameters, and a
 * function from the parameters to the hooks it fills. That function runs once each time the fault is switched on, so a verb that must remember
 * something keeps it in a variable there.
 */
import * as Schema from "effect/Schema";
import type { Hooks } from "./Hooks.ts";
import {
  type Complete,
  fraction,
  type Given,
  millis,
  optionalMillis,
  optionalText,
  optionalWhole,
  type Parameter,
  type Parameters,
  whole,
} from "./Parameter.ts";

/** The in-memory transport, the loopback server. */
export type FaultDoor = "memory" | "loopback";

/** A fault as one gives it: parameters may be left out. */
export type FaultOf<Name extends string, P extends Parameters> = { readonly verb: Name } & Given<P>;

/** A fault with its defaults filled in. */
export type CompleteFaultOf<Name extends string, P extends Parameters> = { readonly verb: Name } & Complete<P>;

export interface Verb<Name extends string, P extends Parameters> {
  readonly verb: Name;
  readonly about: string;
  /** Rows of the fault catalogue. */
  readonly ids: ReadonlyArray<string>;
  readonly doors: ReadonlyArray<FaultDoor>;
  readonly parameters: P;
  /** From JSON with defaults filled in, and back. Drops members it does not know. */
  readonly schema: Schema.Codec<CompleteFaultOf<Name, P>, FaultOf<Name, P>>;
  /** Reads a fault of this verb and makes it ready. Throws what the schema says of one that cannot be. */
  readonly activate: (given: unknown) => Activation<CompleteFaultOf<Name, P>>;
}

export interface Activation<F> {
  readonly fault: F;
  readonly reach: Reach;
  readonly hooks: Hooks;
}

/** Where and when a fault acts; `undefined` is no bound. */
export interface Reach {
  readonly path?: string | undefined;
  readonly market?: string | undefined;
  readonly type?: string | undefined;
  readonly times?: number | undefined;
  readonly probability: number;
  readonly every: number;
  readonly afterMs: number;
  readonly forMs?: number | undefined;
}

const timing = {
  times: optionalWhole("How often it happens; then it ends by itself. Without it: as long as it is on", { min: 1 }),
  every: whole("Only each nth time", 1, { min: 1 }),
  probability: fraction("How likely it is each time; decided by the exchange's seed", 1),
  afterMs: millis("It begins so long after it is switched on", 0),
  forMs: optionalMillis("It ends so long after it began"),
};

const path = optionalText("REST paths that begin so, such as /v1/candles; /v1/candles stands for everything below it");
const market = optionalText("Only what concerns this market, such as KRW-BTC");
const type = optionalText("Only frames of this type: ticker, trade, orderbook, candle (all of them) or candle.1m");

interface Words {
  readonly about: string;
  readonly ids?: ReadonlyArray<string> | undefined;
  readonly doors?: ReadonlyArray<FaultDoor> | undefined;
}

const anyDoor = ["memory", "loopback"] as const;

/** Builds the verbs of one kind; `common` are the parameters all of that kind have. */
const verbOf =
  <C extends Parameters>(common: C) =>
  <const Name extends string, Own extends Parameters>(
    name: Name,
    { about, ids = [], doors = anyDoor }: Words,
    own: Own,
    make: (parameters: Complete<C & Own>) => Hooks,
  ): Verb<Name, C & Own> => {
    const parameters = { ...common, ...own };
    const schema = schemaOf<Name, C & Own>(name, parameters);
    const decode = Schema.decodeUnknownSync(schema, { onExcessProperty: "error" });
    return {
      verb: name,
      about,
      ids,
      doors,
      parameters,
      schema,
      activate: (given) => {
        const fault = decode(given);
        // Every kind of verb has the parameters of a reach, by `timing`; which ones exactly depends on the kind.
        return { fault, reach: fault as unknown as Reach, hooks: make(fault) };
      },
    };
  };

/** A fault of REST answers. */
export const restVerb = verbOf({ path, market, ...timing });

/** A fault of frames. */
export const frameVerb = verbOf({ market, type, ...timing });

/** A fault of the data in both: `path` keeps it to REST, `type` to frames. */
export const dataVerb = verbOf({ path, market, type, ...timing });

/** A fault of connections, or of everything. */
export const linkVerb = verbOf(timing);

/** The members of a struct are made from the parameters one by one, which the type system does not follow: the two are the same by construction. */
const schemaOf = <Name extends string, P extends Parameters>(name: Name, parameters: P) => {
  const fields = Object.fromEntries(Object.entries<Parameter<unknown>>(parameters).map(([key, { schema }]) => [key, schema]));
  return Schema.Struct({ verb: Schema.Literal(name), ...fields }) as unknown as Schema.Codec<CompleteFaultOf<Name, P>, FaultOf<Name, P>>;
};
