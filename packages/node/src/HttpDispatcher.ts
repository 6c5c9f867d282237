/**
 * The undici dispatcher REST runs on, one pool of connections per layer. It is ours and not the global one because the global one validates an
 * idle connection on a timer and so costs every sequential request about 1.3 ms; and because a client that trades on the answer needs exact
 * phases: undici's own timers are half a second coarse and cannot be set through Effect's client. Timers here are real ones, on purpose: this
 * is the edge to the network, where no virtual clock reaches.
 */
import * as Net from "node:net";
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { bounded } from "@naru/router/transport/atEnd";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { TransportSettings, TransportTimeouts } from "./TransportOptions.ts";

/** A phase took longer than it may. */
export class PhaseTimeout extends Error {
  override readonly name = "PhaseTimeout";
  readonly phase: "connect" | "headers" | "body";
  readonly timeoutMs: number;
  constructor(phase: "connect" | "headers" | "body", timeoutMs: number) {
    super(`${phase} took longer than ${timeoutMs} ms`);
    this.phase = phase;
    this.timeoutMs = timeoutMs;
  }
}

/** No connection could be made. Distinguishes a reset while connecting from a reset of an answer. */
export class ConnectFailed extends Error {
  override readonly name = "ConnectFailed";
  override readonly cause: Error;
  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}

/** Closing the scope destroys every connection, those still being made included, and fails what is under way. */
export const make = (settings: TransportSettings): Effect.Effect<Dispatcher, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const connector = makeConnector(settings.timeouts.connectMs);
        const agent = new Agent({ connect: connector.connect, connections: settings.maxConnections, pipelining: 1, allowH2: false });
        return { agent, connector };
      }),
      ({ agent, connector }) =>
        bounded(
          "the REST connections",
          Effect.promise(async () => {
            await connector.destroyPending();
            await agent.destroy();
          }),
        ),
    ),
    ({ agent }) => agent.compose(limitPhases(settings.timeouts)),
  );

/** Provides it as the dispatcher of `@effect/platform-node`'s undici client. */
export const layer = (settings: TransportSettings): Layer.Layer<NodeHttpClient.Dispatcher> =>
  Layer.effect(NodeHttpClient.Dispatcher, make(settings));

/** Undici forgets a connection that is still being made when its agent is destroyed; this remembers it. */
const makeConnector = (connectMs: number) => {
  const pending = new Set<Net.Socket>();
  // Verification is stated, not left to the default: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment must not switch it off.
  const dial = buildConnector({ timeout: 0, allowH2: false, rejectUnauthorized: true, minVersion: "TLSv1.2" });
  const connect: buildConnector.connector = (options, callback) => {
    // The declared result is void; the connector returns the socket it opens.
    const socket: unknown = dial(options, (...result) => {
      clearTimeout(timer);
      if (socket instanceof Net.Socket) pending.delete(socket);
      const [error, connection] = result;
      if (error === null) callback(null, connection);
      else callback(error instanceof PhaseTimeout ? error : new ConnectFailed(error), null);
    });
    if (socket instanceof Net.Socket) pending.add(socket);
    const timer = setTimeout(() => {
      if (socket instanceof Net.Socket) socket.destroy(new PhaseTimeout("connect", connectMs));
    }, connectMs);
  };
  const destroyPending = async () => {
    const closed = Array.from(pending, (socket) => new Promise<void>((done) => socket.once("close", () => done())));
    for (const socket of pending) socket.destroy(new Error("the transport was closed"));
    await Promise.all(closed);
  };
  return { connect, destroyPending };
};

/** Starts one timer per request; each event of the answer moves it to the phase that follows. */
const limitPhases =
  ({ headersMs, bodyIdleMs }: TransportTimeouts): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) => {
    let timer: NodeJS.Timeout | undefined;
    const startTimer = (controller: Dispatcher.DispatchController, phase: "headers" | "body", ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new PhaseTimeout(phase, ms)), ms);
    };
    // Our timers are the only ones: undici's are switched off.
    return dispatch(
      { ...options, headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart: (controller, context) => {
          startTimer(controller, "headers", headersMs);
          handler.onRequestStart?.(controller, context);
        },
        onRequestUpgrade: (controller, status, headers, socket) => {
          clearTimeout(timer);
          handler.onRequestUpgrade?.(controller, status, headers, socket);
        },
        onResponseStart: (controller, status, headers, statusText) => {
          // 1xx answers are not the answer: the wait for the headers goes on.
          if (status >= 200) startTimer(controller, "body", bodyIdleMs);
          handler.onResponseStart?.(controller, status, headers, statusText);
        },
        onResponseData: (controller, chunk) => {
          timer?.refresh();
          handler.onResponseData?.(controller, chunk);
        },
        onResponseEnd: (controller, trailers) => {
          clearTimeout(timer);
          handler.onResponseEnd?.(controller, trailers);
        },
        onResponseError: (controller, error) => {
          clearTimeout(timer);
          handler.onResponseError?.(controller, error);
        },
      },
    );
  };
