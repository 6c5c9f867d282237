/**
 * Asks the control port of an emulated exchange that is served somewhere on this machine. What goes wrong is told on stderr, with `--json` as a
 * document on stdout too, and becomes an exit code: whoever drives the exchange from a script must notice.
 */
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import { CommandFailed } from "./CommandFailed.ts";
import * as output from "./output.ts";
import { printable } from "./render/style.ts";
import type { Printing } from "./settings.ts";

/** After sysexits.h: what was asked for is wrong, or nobody is there. */
const exit = { usage: 64, unavailable: 69 } as const;

const patience = "10 seconds";

export interface ControlQuestion {
  readonly method: "GET" | "POST" | "DELETE";
  /** Begins with `/_sim`. */
  readonly path: string;
  readonly body?: unknown;
}

/** A document of the control port, whose members are looked up one by one. */
export type Fields = Readonly<Record<string, unknown>>;

/** Asks, and answers the document. */
export const askControl = (
  flags: Printing,
  control: string,
  { method, path, body }: ControlQuestion,
): Effect.Effect<unknown, CommandFailed> =>
  Effect.gen(function* () {
    const url = yield* addressOf(control, path);
    const answered = yield* Effect.tryPromise({
      try: async (signal) => {
        const headers = body === undefined ? {} : { "content-type": "application/json" };
        const response = await fetch(url, { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
        return { status: response.status, text: await response.text() };
      },
      catch: (error) => unreachable(control, codeOf(error)),
    }).pipe(Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(unreachable(control, "no answer")) }));
    const document = yield* Effect.try({
      try: (): unknown => JSON.parse(answered.text),
      catch: () => unreachable(control, "it answers something else"),
    });
    if (answered.status === 200) return document;
    return yield* Effect.fail(refusal(document));
  }).pipe(Effect.catch((failure) => tell(flags, failure)));

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
export const listOf = (value: unknown): ReadonlyArray<Fields> => (Array.isArray(value) ? value.filter(isFields) : []);
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

interface Failure {
  readonly _tag: "ControlUnreachable" | "ControlRefused";
  readonly message: string;
  readonly field: string | null;
  readonly exitCode: number;
}

const addressOf = (control: string, path: string): Effect.Effect<URL, Failure> =>
  /^https?:\/\//i.test(control) && URL.canParse(path, control)
    ? Effect.succeed(new URL(path, control))
    : Effect.fail({
        _tag: "ControlRefused",
        message: `--control ${JSON.stringify(control)} is no address such as http://127.0.0.1:8788`,
        field: "control",
        exitCode: exit.usage,
      });

const unreachable = (control: string, why: string): Failure => ({
  _tag: "ControlUnreachable",
  message: `no control port at ${control} (${why}): start the emulated exchange with naru sim serve --control-port 8788, or say with --control where it is`,
  field: null,
  exitCode: exit.unavailable,
});

const refusal = (document: unknown): Failure => {
  const error = fieldsOf(fieldsOf(document)["error"]);
  return {
    _tag: "ControlRefused",
    message: typeof error["message"] === "string" ? error["message"] : "the control port refused without a reason",
    field: typeof error["field"] === "string" ? error["field"] : null,
    exitCode: exit.usage,
  };
};

const tell = (flags: Printing, { exitCode, ...failure }: Failure): Effect.Effect<never, CommandFailed> =>
  Effect.gen(function* () {
    yield* Console.error(`naru: ${printable(failure.message)}`);
    const retryable = failure._tag === "ControlUnreachable";
    if (flags.json) yield* output.json({ ...failure, retryable, retryAfterMs: null });
    return yield* new CommandFailed({ exitCode });
  });

/** `fetch` hides the system's code in the cause. */
const codeOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string") return cause.code;
  return error instanceof Error ? error.message : String(error);
};
