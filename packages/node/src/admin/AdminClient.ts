/** Finds the apps that run in a state folder, and asks one of them over its admin socket. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as HttpApiClient from "effect/http-api/HttpApiClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { Agent } from "undici";
import { AdminApi, type AppStatus, type NoRouter, type Resubscribed, type Switched, type Word } from "./AdminApi.ts";
import { type AdminPath, alive } from "./adminFolder.ts";

/** Somebody listens there and does not answer as an app of ours does. */
export class AdminFailed extends Data.TaggedError("AdminFailed")<{ readonly path: string; readonly reason: string }> {
  override get message(): string {
    return `the app at ${this.path} does not answer: ${this.reason}`;
  }
}

/** A running app. */
export interface App {
  readonly pid: number;
  readonly path: string;
  readonly status: Effect.Effect<AppStatus, AdminFailed>;
  readonly fallback: (to: "on" | "off" | "auto", word: Word) => Effect.Effect<Switched, AdminFailed>;
  readonly resubscribe: (word: Word) => Effect.Effect<Resubscribed, AdminFailed | NoRouter>;
}

/** An app answers from memory, or within the seconds that the exchange takes to tell its list. */
const patience = "10 seconds";
const maxAnswerBytes = 4 * 1_024 * 1_024;

/** The apps of the folder that listen, by process number. Connections are open as long as the scope. */
export const running = (folder: string): Effect.Effect<ReadonlyArray<App>, never, Scope.Scope> =>
  Effect.flatMap(alive(folder), (found) => Effect.forEach(found, connect));

const connect = Effect.fnUntraced(function* ({ pid, path }: AdminPath) {
  const services = yield* Layer.build(overSocket(path));
  const client = yield* Effect.provideContext(HttpApiClient.make(AdminApi, { baseUrl: "http://naru" }), services);
  const failed = (reason: string) => new AdminFailed({ path, reason });
  const inTime = <A, E>(call: Effect.Effect<A, E>) =>
    Effect.timeoutOrElse(call, { duration: patience, orElse: () => Effect.fail(failed(`nothing came in ${patience}`)) });
  const orFailed = (error: { readonly _tag: string; readonly message: string }) =>
    failed(error._tag === "SchemaError" ? "it is of another version of naru" : error.message);
  return {
    pid,
    path,
    status: Effect.mapError(inTime(client.status()), orFailed),
    fallback: (to, word) => Effect.mapError(inTime(client.fallback({ payload: { to, ...word } })), orFailed),
    resubscribe: (word) =>
      Effect.mapError(inTime(client.resubscribe({ payload: word })), (error) => (error._tag === "NoRouter" ? error : orFailed(error))),
  } satisfies App;
});

/** An HTTP client whose every connection is to this socket. */
const overSocket = (path: string) =>
  NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(
      Layer.effect(
        NodeHttpClient.Dispatcher,
        Effect.acquireRelease(
          Effect.sync(() => new Agent({ connect: { socketPath: path }, connections: 2, maxResponseSize: maxAnswerBytes })),
          (agent) => Effect.promise(() => agent.destroy()),
        ),
      ),
    ),
  );
