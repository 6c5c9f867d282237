/**
 * Any transport behind real HTTP and WebSocket on this machine, for clients in any language: a replayed tape as a server, or a live venue that is
 * recorded while a client written by somebody else uses it. What the transport answers is passed on as it is; where it fails, the connection breaks.
 *
 * Frames go out as they came: bytes as binary messages, text as text. How they were cut into reads is the network's affair.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { StorageError } from "@naru/router/errors/MarketDataError";
import { type RestResponse, type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FiberSet from "effect/FiberSet";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import { type WebSocket, WebSocketServer } from "ws";
import { sendableReason } from "../socket/closeCode.ts";

export interface TransportServerOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Where the transport is asked: `http://…` and `ws://…` before the path of the client's request. Default `localhost`. */
  readonly upstream?: { readonly rest: string; readonly socket: string } | undefined;
}

/** A running server. It stops with the scope it was started in. */
export class TransportServer extends Context.Service<
  TransportServer,
  {
    /** `http://127.0.0.1:port` */
    readonly url: string;
    /** `ws://127.0.0.1:port/websocket/v1` */
    readonly socketUrl: string;
    readonly port: number;
  }
>()("@naru/sim/tape/TransportServer") {
  /** Serves the transport in scope. Fails with the code of the system (`EADDRINUSE`) when the port cannot be had. */
  static readonly layer = (options?: TransportServerOptions): Layer.Layer<TransportServer, StorageError, Transport> =>
    Layer.effect(
      TransportServer,
      Effect.flatMap(Transport, (transport) => makeTransportServer(transport, options)),
    );
}

export const makeTransportServer = (
  transport: Transport["Service"],
  options: TransportServerOptions = {},
): Effect.Effect<TransportServer["Service"], StorageError, Scope.Scope> =>
  Effect.gen(function* () {
    const host = options.host ?? "127.0.0.1";
    const upstream = options.upstream ?? { rest: "http://localhost", socket: "ws://localhost" };
    const run = yield* FiberSet.makeRuntime<never>();
    const server = http.createServer((request, response) => {
      request.resume();
      // What the transport answers may be nothing that HTTP can carry.
      const fiber = run(
        Effect.catchCause(answer(transport, upstream.rest, request, response), () => Effect.sync(() => request.socket.destroy())),
      );
      response.on("close", () => fiber.interruptUnsafe());
    });
    const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: true, clientTracking: false, maxPayload, autoPong: false });
    server.on("upgrade", (request, connection, head) => {
      connection.on("error", () => connection.destroy());
      const fiber = run(carry(transport, upstream.socket, upgrades, { request, connection, head }));
      connection.on("close", () => fiber.interruptUnsafe());
    });
    const port = yield* listen(server, options.port ?? 0, host);
    return { url: `http://${host}:${port}`, socketUrl: `ws://${host}:${port}/websocket/v1`, port };
  });

/** Longest message of a client. */
const maxPayload = 1024 * 1024;
/** A client that does not read is cut off when this much waits for it. */
const maxBufferedBytes = 16 * 1024 * 1024;

/** Listens until the scope closes; then every connection is destroyed. */
const listen = (server: http.Server, port: number, host: string): Effect.Effect<number, StorageError, Scope.Scope> => {
  const connections = new Set<Duplex>();
  server.on("connection", (connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
  });
  return Effect.acquireRelease(
    Effect.callback<number, StorageError>((resume) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        resume(
          Effect.fail(new StorageError({ operation: "listen", path: `${host}:${port}`, code: error.code ?? null, detail: error.message })),
        ),
      );
      // A TCP server that listens has an address with a port.
      server.listen(port, host, () => resume(Effect.succeed((server.address() as AddressInfo).port)));
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void));
        for (const connection of connections) connection.destroy();
      }),
  );
};

const answer = Effect.fnUntraced(function* (
  transport: Transport["Service"],
  upstream: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
) {
  if (request.method !== "GET") {
    response.writeHead(405, { allow: "GET", "content-length": 0 }).end();
    return;
  }
  const exit = yield* Effect.exit(transport.rest({ url: upstream + (request.url ?? "/"), headers: {} }));
  if (Exit.isSuccess(exit)) {
    response.writeHead(exit.value.status, sendable(exit.value)).end(exit.value.body);
    return;
  }
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  // Not a failure of the exchange, so not shown as one: the client is told which question the tape cannot answer.
  if (error?._tag === "NetworkError" && error.code === "NOT_ON_TAPE") {
    response
      .writeHead(501, { "content-type": "application/json;charset=UTF-8" })
      .end(JSON.stringify({ error: { name: "not_on_tape", message: error.detail } }));
    return;
  }
  request.socket.destroy();
});

/** Headers about the message as it travelled then are left out; this server has its own. So are those that no message can carry. */
const sendable = ({ body, headers }: RestResponse): http.OutgoingHttpHeaders => {
  const kept = Object.entries(headers).filter(
    ([name, value]) =>
      !/^(?:content-encoding|content-length|transfer-encoding|connection|keep-alive)$/i.test(name) &&
      /^[\w!#$%&'*+.^`|~-]+$/.test(name) &&
      /^[\t -~\x80-\xff]*$/.test(String(value)),
  );
  return { ...Object.fromEntries(kept), "content-length": body.length };
};

interface Upgrade {
  readonly request: http.IncomingMessage;
  readonly connection: Duplex;
  readonly head: Buffer;
}

/** One client's socket for its whole life: opened upstream first, so that a refusal is the client's too. */
const carry = (transport: Transport["Service"], upstream: string, upgrades: WebSocketServer, asked: Upgrade): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const gone = Deferred.makeUnsafe<void>();
      const client = new Client(() => Deferred.doneUnsafe(gone, Effect.void));
      const opened = yield* Effect.exit(transport.socket(upstream + (asked.request.url ?? "/"), client.handlers));
      if (Exit.isFailure(opened)) {
        const error = Option.getOrUndefined(Exit.findErrorOption(opened));
        return error?._tag === "UpgradeRefused" ? refuse(asked.connection, error) : void asked.connection.destroy();
      }
      const ws = yield* Effect.callback<WebSocket>((resume) =>
        upgrades.handleUpgrade(asked.request, asked.connection, asked.head, (made) => resume(Effect.succeed(made))),
      );
      const run = yield* FiberSet.makeRuntime<never>();
      ws.on("message", (data) => void run(Effect.ignore(opened.value.send(String(data)))));
      ws.on("ping", (data) => {
        client.pings.push(data);
        if (client.pings.length > maxPings) client.pings.shift();
        run(Effect.ignore(opened.value.ping));
      });
      ws.on("error", () => ws.terminate());
      ws.on("close", () => Deferred.doneUnsafe(gone, Effect.void));
      client.attach(ws);
      yield* Deferred.await(gone);
    }),
  );

const maxPings = 100;

/** The far end of a carried socket. What comes before the upgrade is done waits for it. */
class Client {
  readonly pings: Array<Buffer> = [];
  private readonly ended: () => void;
  private ws: WebSocket | undefined;
  private early: Array<(ws: WebSocket) => void> = [];
  private unwritten = 0;
  private isCut = false;

  constructor(ended: () => void) {
    this.ended = ended;
  }

  readonly handlers: SocketHandlers = {
    onFrame: (data) => {
      // A transport lends its bytes for the call only.
      const message = typeof data === "string" ? data : Buffer.from(data);
      this.tell((ws) => {
        if (ws.bufferedAmount > maxBufferedBytes) return ws.terminate();
        ws.send(message, { binary: typeof message !== "string" }, () => this.written(ws));
        this.unwritten++;
      });
    },
    onReadEnd: () => {},
    onPong: () => this.tell((ws) => ws.pong(this.pings.shift())),
    onClose: ({ code, reason }) =>
      this.tell((ws) => {
        if (isSendable(code)) ws.close(code, sendableReason(reason));
        else this.cut(ws);
        if (ws.readyState === ws.CLOSED) this.ended();
      }),
  };

  attach(ws: WebSocket): void {
    this.ws = ws;
    for (const words of this.early) words(ws);
    this.early = [];
  }

  /** Breaks the connection once all that was said before is on its way. */
  private cut(ws: WebSocket): void {
    this.isCut = true;
    if (this.unwritten === 0) ws.terminate();
  }

  private written(ws: WebSocket): void {
    if (--this.unwritten === 0 && this.isCut) ws.terminate();
  }

  private tell(words: (ws: WebSocket) => void): void {
    if (this.ws === undefined) this.early.push(words);
    else words(this.ws);
  }
}

/** 1005, 1006 and 1015 say that there was no close frame, so none can carry them. */
const isSendable = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999);

const refuse = (
  connection: Duplex,
  refused: { readonly status: number; readonly headers: RestResponse["headers"]; readonly body: string },
): void => {
  const body = Buffer.from(refused.body);
  const lines = Object.entries(sendable({ status: refused.status, headers: refused.headers, body }));
  connection.write(`HTTP/1.1 ${refused.status} ${http.STATUS_CODES[refused.status] ?? "Refused"}\r\nconnection: close\r\n`);
  for (const [name, value] of lines) connection.write(`${name}: ${String(value)}\r\n`);
  connection.write("\r\n");
  connection.end(body);
};
