/**
 * A stand-in with three verbs for the fault vocabulary, with its signatures, so that the control port can be built and tested. It is to be
 * replaced whole.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const reach = { path: Schema.optionalKey(Schema.String), times: Schema.optionalKey(Schema.Int) };

export const Fault = Schema.Union([
  Schema.Struct({ verb: Schema.Literal("hang"), ...reach }),
  Schema.Struct({ verb: Schema.Literal("reset"), ...reach }),
  Schema.Struct({ verb: Schema.Literal("answer"), status: Schema.Int, ...reach }),
]);
export type Fault = typeof Fault.Type;

export interface VerbHelp {
  readonly verb: string;
  readonly about: string;
  readonly ids: ReadonlyArray<string>;
  readonly doors: ReadonlyArray<"memory" | "loopback" | "proxy">;
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly about: string; readonly default: string }>;
}

const parameters = [
  { name: "path", about: "REST paths that begin so", default: "" },
  { name: "times", about: "How often it happens", default: "" },
];

export const verbs: ReadonlyArray<VerbHelp> = [
  { verb: "hang", about: "No answer ever comes", ids: [], doors: ["memory", "loopback"], parameters },
  { verb: "reset", about: "The connection is reset before the headers", ids: [], doors: ["memory", "loopback"], parameters },
  {
    verb: "answer",
    about: "The answer is scripted",
    ids: [],
    doors: ["memory", "loopback"],
    parameters: [{ name: "status", about: "The HTTP status", default: "500" }, ...parameters],
  },
];

export class FaultError extends Data.TaggedError("FaultError")<{ readonly reason: string; readonly near: ReadonlyArray<string> }> {
  override get message(): string {
    return this.reason;
  }
}

export const parseFault = (verb: string, pairs: ReadonlyArray<string>): Effect.Effect<Fault, FaultError> => {
  const given: Record<string, unknown> = { verb, ...(verb === "answer" ? { status: 500 } : {}) };
  for (const pair of pairs) {
    const [name = "", text = ""] = pair.split("=");
    given[name] = /^\d+$/.test(text) ? Number(text) : text;
  }
  return Effect.mapError(Schema.decodeUnknownEffect(Fault)(given), ({ message }) => new FaultError({ reason: message, near: [] }));
};
