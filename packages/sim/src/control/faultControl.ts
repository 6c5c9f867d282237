/**
 * Faults through one door: what the exchange does wrong itself, and what the proxy in front of it does to the bytes. A verb that both know is the
 * exchange's unless the body says `"door": "proxy"`. The exchange's faults have numbers for ids, the proxy's `p1`, `p2` and so on.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { entryOf, type Fault, parseFault, verbs as exchangeVerbs } from "../faults/Fault.ts";
import { decodeToxic, isToxicVerb, parseToxic, type Toxic, toxicVerbs } from "../proxy/Toxic.ts";
import { badField, bodyDecoder, ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";

const ownNames = new Set(exchangeVerbs.map(({ verb }) => verb));

/** Every verb there is. One that the exchange and the proxy both know has two rows. */
export const allVerbs = (): ReadonlyArray<unknown> => [...exchangeVerbs, ...toxicVerbs];

export const listFaults = ({ exchange, proxy }: Controlled): ReadonlyArray<unknown> => [
  ...exchange.faults.list().map((active) => ({ door: "exchange", ...active })),
  ...(proxy?.list() ?? []).map(({ id, toxic }) => ({ door: "proxy", id, fault: toxic })),
];

/** How a fault is written: the verb and its parameters as members, or as the words of a command line in `pairs`. */
const Written = Schema.StructWithRest(
  Schema.Struct({
    verb: Schema.String,
    pairs: Schema.optionalKey(Schema.Array(Schema.String)),
    door: Schema.optionalKey(Schema.Literals(["exchange", "proxy"])),
  }),
  [Schema.Record(Schema.String, Schema.Unknown)],
);

const decodeWritten = bodyDecoder(Written);

export const switchOn = (controlled: Controlled, body: unknown): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const { verb: given, pairs, door, ...members } = yield* decodeWritten(body);
    if (pairs !== undefined && Object.keys(members).length > 0)
      return yield* badField("pairs", "stand alone: parameters are members of the body or words in pairs, not both");
    const own = spellings(given).find((verb) => ownNames.has(verb));
    const ofProxy = spellings(given).find(isToxicVerb);
    if (ofProxy !== undefined && (door === "proxy" || (door === undefined && own === undefined))) {
      const read = pairs === undefined ? decodeToxic({ ...members, verb: ofProxy }) : parseToxic(ofProxy, pairs);
      const toxic = yield* Effect.mapError(read, asBadField);
      return { id: yield* onProxy(controlled, toxic), door: "proxy", fault: toxic };
    }
    if (door === "proxy" || (own === undefined && ofProxy !== undefined))
      return yield* badField("door", `is wrong: ${given} is a fault of the ${door === "proxy" ? "exchange" : "proxy"}`);
    const verb = own ?? given;
    const fault = yield* pairs === undefined ? knownVerb(verb, { ...members, verb }) : parsed(verb, pairs);
    const unshowable = controlled.exchange.unshowable(fault);
    if (unshowable !== undefined)
      return yield* new ControlError({ status: 409, field: "verb", reason: `cannot be switched on: ${unshowable.reason}` });
    return { id: yield* onExchange(controlled, fault), door: "exchange", fault };
  });

/** `-` and `_` in a verb are the same. */
const spellings = (verb: string): ReadonlyArray<string> => [verb, verb.replaceAll("_", "-"), verb.replaceAll("-", "_")];

/** Switches off by id or by verb, at both doors. */
export const switchOff = (controlled: Controlled, idOrVerb: string): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const names = spellings(idOrVerb);
    const off = yield* offWhere(controlled, ({ id, verb }) => String(id) === idOrVerb || names.includes(verb));
    if (off === 0) return yield* new ControlError({ status: 404, field: null, reason: `no fault ${idOrVerb} is on` });
    return { off };
  });

/** Switches everything off; returns how many were on. */
export const switchAllOff = (controlled: Controlled): Effect.Effect<number, ControlError> => offWhere(controlled, () => true);

interface On {
  readonly id: number | string;
  readonly verb: string;
}

const offWhere = ({ exchange, proxy }: Controlled, wanted: (on: On) => boolean): Effect.Effect<number, ControlError> =>
  Effect.gen(function* () {
    const own = exchange.faults.list().map(({ id, fault }) => ({ id, verb: fault.verb }));
    const ofProxy = (proxy?.list() ?? []).map(({ id, toxic }) => ({ id, verb: toxic.verb }));
    for (const { id } of own.filter(wanted)) exchange.faults.off(id);
    for (const { id } of ofProxy.filter(wanted)) if (proxy !== undefined) yield* Effect.mapError(proxy.off(id), asBadField);
    const atMs = yield* exchange.now;
    const gone = [...own, ...ofProxy].filter(wanted);
    for (const { id, verb } of gone) exchange.ledger.recordFaultSwitched({ atMs, event: "off", id, verb });
    return gone.length;
  });

const onProxy = ({ exchange, proxy }: Controlled, toxic: Toxic): Effect.Effect<string, ControlError> =>
  Effect.gen(function* () {
    if (proxy === undefined) {
      return yield* new ControlError({
        status: 409,
        field: "verb",
        reason: `${toxic.verb} is done by the proxy, and there is none: start with --proxy-port`,
      });
    }
    const id = yield* Effect.mapError(proxy.on(toxic), asBadField);
    exchange.ledger.recordFaultSwitched({ atMs: yield* exchange.now, event: "on", id, verb: toxic.verb, fault: toxic });
    return id;
  });

/** A parameter that no schema caught is refused when the fault is switched on. */
const onExchange = ({ exchange }: Controlled, fault: Fault): Effect.Effect<number, ControlError> =>
  Effect.gen(function* () {
    const atMs = yield* exchange.now;
    const id = yield* Effect.try({
      try: () => exchange.faults.on(fault, atMs),
      catch: (error) => badField("verb", `cannot be switched on: ${error instanceof Error ? error.message : String(error)}`),
    });
    exchange.ledger.recordFaultSwitched({ atMs, event: "on", id, verb: fault.verb, fault });
    return id;
  });

const knownVerb = (verb: string, body: unknown): Effect.Effect<Fault, ControlError> => {
  const schema: Schema.Codec<Fault, unknown> | undefined = entryOf(verb)?.schema;
  // The reader of command lines knows what is close to a name that is none.
  return schema === undefined ? parsed(verb, []) : bodyDecoder(schema)(body);
};

const parsed = (verb: string, pairs: ReadonlyArray<string>): Effect.Effect<Fault, ControlError> =>
  Effect.mapError(parseFault(verb, pairs), ({ message }) => badField(ownNames.has(verb) ? "pairs" : "verb", `is wrong: ${message}`));

const asBadField = ({ field, reason }: { readonly field: string; readonly reason: string }): ControlError => badField(field, reason);
