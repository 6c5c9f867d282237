/**
 * The emulated exchange over real HTTP and WebSocket on this machine, for clients in any language. It carries bytes and nothing else: answers,
 * limits, faults and times are the exchange's. Compression happens here, because only the wire has it.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { WebSocketServer } from "ws";
import { Exchange, type ExchangeModel, type ExchangeRequest } from "../Exchange.ts";
import { drive } from "../socket/drive.ts";
import { ExchangeClock } from "../time/ExchangeClock.ts";
import { refuse, sendAnswer } from "./sendAnswer.ts";
import { attach, deliver, maxPayload, ServerSocket } from "./ServerSocket.ts";

export interface LoopbackOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Offer permessage-deflate to clients that ask. Default true. */
  readonly compression?: boolean | undefined;
  /** How much faster than real time the exchange lives, 0.001 to 1,000. Everything it does follows, limits and timeouts too. Default 1. */
  readonly speed?: number | undefined;
}

/** A running server. It stops with the scope it was started in. */
export class LoopbackServer extends Context.Service<
  LoopbackServer,
  {
    /** `http://127.0.0.1:port`; REST is under `/v1`. */
    readonly url: string;
    /** `ws://127.0.0.1:port/websocket/v1` */
    readonly socketUrl: string;
    readonly port: number;
  }
>()("@naru/sim/server/LoopbackServer") {}

/** Serves the exchange in scope on a clock of its own, which can be driven. Dies when the port cannot be had. */
export const layerLoopbackServer = (options?: LoopbackOptions): Layer.Layer<LoopbackServer | ExchangeClock, never, Exchange> =>
  Layer.effect(
    LoopbackServer,
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const clock = yield* ExchangeClock;
      yield* Effect.acquireRelease(
        Effect.sync(() => exchange.keepTime(clock)),
        (letGo) => Effect.sync(letGo),
      );
      return yield* Effect.provideService(makeLoopbackServer(exchange, options), Clock.Clock, clock);
    }),
  ).pipe(Layer.provideMerge(ExchangeClock.layer({ speed: options?.speed })));

/** Serves an exchange on the clock in scope, whatever `speed` says. */
export const makeLoopbackServer = (
  exchange: ExchangeModel,
  options: LoopbackOptions = {},
): Effect.Effect<LoopbackServer["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const host = options.host ?? "127.0.0.1";
    yield* Effect.acquireRelease(
      Effect.sync(() => exchange.openDoor("loopback")),
      (close) => Effect.sync(close),
    );
    const clock = yield* Clock.Clock;
    const run = Effect.runForkWith(yield* Effect.context());
    const server = http.createServer((request, response) => {
      request.resume();
      const sending = sendAnswer(request, response, exchange.handleRest(requestOf(request), exchange.nowOf(clock)));
      if (sending !== undefined) run(sending);
    });
    const upgrades = new WebSocketServer({
      noServer: true,
      perMessageDeflate: options.compression ?? true,
      clientTracking: false,
      maxPayload,
      // A silenced socket must not answer pings either.
      autoPong: false,
      WebSocket: ServerSocket,
    });
    server.on("upgrade", (request, socket, head) => {
      const outcome = exchange.upgrade(requestOf(request), exchange.nowOf(clock));
      if (outcome._tag !== "Accepted") return refuse(socket, outcome);
      upgrades.once("headers", (lines) => lines.push(...Object.entries(outcome.headers).map(([name, value]) => `${name}: ${value}`)));
      let isUpgraded = false;
      upgrades.handleUpgrade(request, socket, head, (client) => {
        isUpgraded = true;
        const pings = attach(client, outcome.driven, () => exchange.nowOf(clock));
        run(drive(outcome.driven, (outputs) => together(socket, () => deliver(client, request.socket, pings, outputs))));
      });
      // ws answers a handshake it cannot read by itself, at once.
      if (!isUpgraded) {
        upgrades.removeAllListeners("headers");
        outcome.driven.session.clientGone(exchange.nowOf(clock), 1006);
      }
      return undefined;
    });
    const port = yield* listen(server, options.port ?? 0, host);
    return { url: `http://${host}:${port}`, socketUrl: `ws://${host}:${port}/websocket/v1`, port };
  });

/** Listens until the scope closes; then every connection is destroyed. */
const listen = (server: http.Server, port: number, host: string): Effect.Effect<number, never, Scope.Scope> => {
  const connections = new Set<Duplex>();
  server.on("connection", (connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
  });
  return Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.once("error", (error) => resume(Effect.die(error)));
      server.listen(port, host, () => resume(Effect.succeed(portOf(server))));
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void));
        for (const connection of connections) connection.destroy();
      }),
  );
};

/** A TCP server that listens has an address with a port. */
const portOf = (server: http.Server): number => (server.address() as AddressInfo).port;

const requestOf = (request: http.IncomingMessage): ExchangeRequest => {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  const names = request.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers,
    hasRepeatedHeaders: new Set(names).size < names.length,
    ip: request.socket.remoteAddress ?? "",
    door: "loopback",
  };
};

/** Everything due at one moment leaves in one write: a system call for each frame would cost as much as making it. */
const together = (socket: Duplex, write: () => void): void => {
  socket.cork();
  try {
    write();
  } finally {
    socket.uncork();
  }
};
