/**
 * The admin socket of a running app: a unix socket in the state folder, for `naru status`, `naru fallback`, `naru resubscribe` and `naru doctor`. It
 * is opt-in, one line beside the layer of the market data. Whoever may use it is decided by the file system alone: the socket belongs to the user
 * of the app and has mode 0600 from the first moment on, because it is made in a folder of its own and moved into its place when it is ready.
 *
 * It costs the app nothing: what keeps it from listening is one line in the log, a request that crashes is answered with 500, and requests, connections and
 * times are bounded. It speaks HTTP, so `curl --unix-socket` reads it too.
 */
import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import * as http from "node:http";
import { join } from "node:path";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { atEnd, bounded } from "@naru/router/transport/atEnd";
import type { Alerts } from "@naru/router/alerts/Alerts";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import type { RateLimiter } from "@naru/router/limits/RateLimiter";
import type { MarketData } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import * as ByteSize from "effect/ByteSize";
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as Layer from "effect/Layer";
import * as StateFolder from "../StateFolder.ts";
import { AdminApi, NoRouter } from "./AdminApi.ts";
import { isAlive, socketName } from "./adminFolder.ts";
import * as appStatus from "./appStatus.ts";
import * as AuditLog from "./AuditLog.ts";

export interface AdminSocketOptions {
  /** How the app is called in lists (the name of its main file). */
  readonly program?: string | undefined;
}

/** The services an app is asked about. */
type Asked = Alerts | MarketData | ModeControl | RateLimiter | Subscriptions;

/** People and their programs, one at a time; more is a mistake. */
const maxConnections = 8;
const maxBodyBytes = 16 * 1_024;
const maxHeaderBytes = 8 * 1_024;
/** How long a request may take to come in. */
const requestMs = 5_000;

/** Listens for the life of the layer. Never fails. */
export const layer = (options: AdminSocketOptions = {}): Layer.Layer<never, never, Asked> =>
  Layer.effectDiscard(
    listen(options).pipe(
      Effect.catchCause((cause) =>
        Effect.logError("There is no admin socket, and so nothing for naru status to attach to", Cause.squash(cause)),
      ),
    ),
  );

const listen = Effect.fnUntraced(function* ({ program = appStatus.ownName() }: AdminSocketOptions) {
  const folder = yield* Effect.flatMap(StateFolder.locate, StateFolder.ensure);
  const making = yield* Effect.tryPromise(() => mkdtemp(join(folder, ".admin-")));
  const made = join(making, "s");
  const server = makeServer();
  yield* atEnd(
    "the admin socket",
    Effect.promise(() => rm(making, { recursive: true, force: true })),
  );
  yield* Layer.build(
    // Afresh: a router of HTTP that the app has for itself is another one.
    HttpRouter.serve(routes(program, folder), { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provide(NodeHttpServer.layer(() => server, { path: made, gracefulShutdownTimeout: 0 })),
      Layer.fresh,
    ),
  ).pipe(Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBodyBytes)));
  yield* Effect.tryPromise(() => chmod(made, 0o600));
  const path = yield* freePath(folder);
  yield* Effect.acquireRelease(
    Effect.tryPromise(() => rename(made, path)),
    () =>
      // Nobody who is still connected keeps the app from ending.
      Effect.andThen(
        Effect.sync(() => server.closeAllConnections()),
        bounded(
          "the admin socket",
          Effect.promise(() => rm(path, { force: true })),
        ),
      ),
  );
  yield* Effect.promise(() => rm(making, { recursive: true, force: true }));
  yield* Effect.logDebug("admin socket open").pipe(Effect.annotateLogs({ path }));
});

const makeServer = (): http.Server => {
  const limits = {
    maxHeaderSize: maxHeaderBytes,
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: 1_000,
  };
  const server = http.createServer({ ...limits, keepAliveTimeout: 1_000 });
  server.maxConnections = maxConnections;
  // An error of a server that nobody listens to would end the process.
  server.on("error", () => {});
  return server;
};

/** The first name of this process that no other app of it has. What a dead process of the same number left is replaced. */
const freePath = Effect.fnUntraced(function* (folder: string) {
  for (let nth = 1; ; nth++) {
    const path = join(folder, socketName(process.pid, nth));
    if (taken.has(path)) continue;
    // Before anything is waited for: apps of one process may begin at the same time.
    taken.add(path);
    yield* Effect.addFinalizer(() => Effect.sync(() => taken.delete(path)));
    if (!(yield* isAlive(path))) return path;
  }
});

/** Names that apps of this process have, or are about to take. */
const taken = new Set<string>();

const routes = (program: string, folder: string) =>
  HttpApiBuilder.layer(AdminApi).pipe(
    Layer.provide(handlers(program, folder)),
    Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true })),
  );

const handlers = (program: string, folder: string) =>
  HttpApiBuilder.group(
    AdminApi,
    "app",
    Effect.fnUntraced(function* (handlers) {
      const control = yield* ModeControl;
      const subscriptions = yield* Subscriptions;
      const clock = yield* Clock.Clock;
      const readStatus = yield* appStatus.make({ program, folder });
      const entryOf = appStatus.auditEntry;
      return handlers.handleAll({
        status: () => readStatus,
        fallback: Effect.fn("AdminSocket.fallback")(function* ({ payload: { to, by, why } }) {
          const entry = entryOf(clock, program, `fallback ${to}`, { by, why });
          yield* control.override(to, { by, why });
          return { entry, written: yield* AuditLog.record(folder, entry), mode: appStatus.modeReport(control) };
        }),
        resubscribe: Effect.fn("AdminSocket.resubscribe")(function* ({ payload: { by, why } }) {
          const entry = entryOf(clock, program, "resubscribe", { by, why });
          // While there is no router, its services are not there to be asked: the only thing that throws here.
          const result = yield* Effect.suspend(() => subscriptions.resubscribe).pipe(
            Effect.catchDefect(() => Effect.fail(new NoRouter({ mode: control.mode() }))),
          );
          yield* Effect.logWarning("the subscription was sent again by hand", entry);
          return { entry, written: yield* AuditLog.record(folder, entry), ...result };
        }),
      });
    }),
  );
