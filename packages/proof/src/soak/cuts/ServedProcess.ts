/** The parent's end of {@link file://./servedExchange.ts}: starts the process, stops it and lets it go on, asks it what it counted, and kills it in the end. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ExchangeOptions } from "@naru/sim";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";

/** What the exchange's own ledger says. */
export interface Counted {
  readonly connections: number;
  readonly restRequests: number;
  /** Requests answered with 429 or 418. */
  readonly rejected: number;
  readonly tradesSent: number;
  /** REST requests by path. */
  readonly byPath: Readonly<Record<string, number>>;
  /** The most arrivals of one limit group that were let in within a second, by group. */
  readonly mostPerSecond: Readonly<Record<string, number>>;
}

export type ServedMessage = { readonly _tag: "Ready"; readonly port: number } | { readonly _tag: "Counted"; readonly counted: Counted };

export interface ServedProcess {
  readonly port: number;
  /** The process stands still from now on, in the middle of whatever it does. */
  readonly freeze: Effect.Effect<void>;
  readonly thaw: Effect.Effect<void>;
  readonly counted: Effect.Effect<Counted>;
}

const entry = fileURLToPath(new URL("./servedExchange.ts", import.meta.url));

/** Serves an exchange until the scope closes. Dies when the process does. */
export const serveExchange = (
  options: Pick<ExchangeOptions, "seed" | "markets" | "limits">,
): Effect.Effect<ServedProcess, never, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => fork(entry, [JSON.stringify(options)], { execArgv: [] })),
      // A stopped process hears no other signal.
      (child) => Effect.sync(() => child.kill("SIGKILL")),
    );
    const { port } = yield* next(child, "Ready");
    return {
      port,
      freeze: Effect.sync(() => void child.kill("SIGSTOP")),
      thaw: Effect.sync(() => void child.kill("SIGCONT")),
      counted: Effect.suspend(() => {
        child.send({ _tag: "Count" });
        return Effect.map(next(child, "Counted"), ({ counted }) => counted);
      }),
    };
  });

const next = <T extends ServedMessage["_tag"]>(child: ChildProcess, tag: T): Effect.Effect<Extract<ServedMessage, { readonly _tag: T }>> =>
  Effect.callback((resume) => {
    const isIt = (message: unknown): message is Extract<ServedMessage, { readonly _tag: T }> =>
      typeof message === "object" && message !== null && "_tag" in message && message._tag === tag;
    const onMessage = (message: unknown) => {
      if (!isIt(message)) return;
      stop();
      resume(Effect.succeed(message));
    };
    const onExit = (code: number | null, signal: string | null) => {
      stop();
      resume(Effect.die(new Error(`the exchange's process ended with ${signal ?? code}`)));
    };
    const stop = () => {
      child.off("message", onMessage);
      child.off("exit", onExit);
    };
    child.on("message", onMessage);
    child.on("exit", onExit);
    return Effect.sync(stop);
  });
