/**
 * The undici pool REST runs on, one per layer, made with the first request. It is ours and not the global one because the global one validates an
 * idle connection on a timer and so costs every sequential request about 1.3 ms; and because a client that trades on the answer needs exact
 * phases: undici's own timers are half a second coarse, so they are off, and `HttpExchange` has real ones. Timers here are real on purpose: this
 * is the edge to the network, where no virtual clock reaches.
 */
import * as Net from "node:net";
import type { NetworkError } from "@naru/router/errors/MarketDataError";
import { bounded } from "@naru/router/transport/atEnd";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Undici from "undici";
import type { buildConnector, Dispatcher } from "undici";
import { networkError } from "./networkFailure.ts";
import { type OnFirstUse, undici } from "./onFirstUse.ts";
import type { TransportSettings } from "./TransportOptions.ts";

/** A phase took longer than it may. */
export class PhaseTimeout extends Error {
  override readonly name = "PhaseTimeout";
  readonly phase: "connect" | "headers" | "body" | "attempt";
  readonly timeoutMs: number;
  constructor(phase: PhaseTimeout["phase"], timeoutMs: number) {
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

/** The pool, and what of undici must be loaded before it can be used. */
export interface HttpDispatcher {
  /** The pool, where there is one. */
  readonly current: () => Dispatcher | undefined;
  /** Makes it. `host` is whom somebody wanted to ask, for the error when undici cannot be loaded or the scope is closed. */
  readonly open: (host: string) => Effect.Effect<Dispatcher, NetworkError>;
}

interface Pool {
  readonly agent: Dispatcher;
  readonly destroyPending: () => Promise<void>;
}

/** Closing the scope destroys every connection, those still being made included, and fails what is under way. */
export const make = (
  settings: TransportSettings,
  packaged: OnFirstUse<typeof Undici> = undici,
): Effect.Effect<HttpDispatcher, never, Scope.Scope> =>
  Effect.gen(function* () {
    let pool: Pool | undefined;
    let closed = false;
    const close = Effect.promise(async () => {
      closed = true;
      await pool?.destroyPending();
      await pool?.agent.destroy();
    });
    yield* Effect.addFinalizer(() => bounded("the REST connections", close));
    const open = async (): Promise<Dispatcher> => {
      const loaded = await packaged.load();
      if (closed) throw new Error("the transport was closed");
      return (pool ??= makePool(loaded, settings)).agent;
    };
    return {
      current: () => pool?.agent,
      open: (host) => Effect.tryPromise({ try: open, catch: (cause) => networkError(cause, host, "send") }),
    };
  });

const makePool = ({ Agent, buildConnector }: typeof Undici, { timeouts, maxConnections }: TransportSettings): Pool => {
  // Verification is stated, not left to the default: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment must not switch it off.
  const dial = buildConnector({ timeout: 0, allowH2: false, rejectUnauthorized: true, minVersion: "TLSv1.2" });
  const { connect, destroyPending } = makeConnector(dial, timeouts.connectMs);
  const phases = { headersTimeout: 0, bodyTimeout: 0 };
  return { agent: new Agent({ connect, connections: maxConnections, pipelining: 1, allowH2: false, ...phases }), destroyPending };
};

/** Undici forgets a connection that is still being made when its agent is destroyed; this remembers it. */
const makeConnector = (dial: buildConnector.connector, connectMs: number) => {
  const pending = new Set<Net.Socket>();
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
