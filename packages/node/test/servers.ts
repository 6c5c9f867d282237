/** Real servers on 127.0.0.1, each living as long as the test's scope. A promise or event says when something happened; nothing waits by time. */
import { createHash } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server as HttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { Effect } from "effect";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";

export interface Listening<S extends Server = Server> {
  readonly server: S;
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Every connection accepted so far. */
  readonly accepted: ReadonlyArray<Socket>;
  /** Done when no connection is left. */
  readonly drained: Effect.Effect<void>;
}

const listen = <S extends Server>(server: S) =>
  Effect.acquireRelease(
    Effect.callback<Listening<S>>((resume) => {
      const accepted: Array<Socket> = [];
      const drained = Effect.callback<void>((done) => {
        const open = () => accepted.filter((socket) => !socket.closed);
        const check = () => (open().length === 0 ? done(Effect.void) : undefined);
        for (const socket of open()) socket.once("close", check);
        check();
      });
      server.on("connection", (socket) => {
        accepted.push(socket);
        socket.on("error", () => {}); // a client that resets is what these tests are about
      });
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo; // never a pipe: it listens on a port
        resume(Effect.succeed({ server, port, host: `127.0.0.1:${port}`, accepted, drained }));
      });
    }),
    ({ server, accepted }) =>
      Effect.callback<void>((resume) => {
        for (const socket of accepted) socket.destroy();
        server.close(() => resume(Effect.void));
      }),
  );

export const tcpServer = (onConnection: (socket: Socket) => void) =>
  listen(
    createTcpServer((socket) => {
      onConnection(socket);
      socket.resume(); // a socket that nobody reads never notices its end
    }),
  );

export const httpServer = (listener: RequestListener) => listen<HttpServer>(createHttpServer(listener));

/** Answers every request with these bytes, then does `then` with the connection. */
export const rawHttpServer = (answer: string | Uint8Array, then: (socket: Socket) => void = () => {}) =>
  tcpServer((socket) => {
    socket.once("data", () => socket.write(answer, () => then(socket)));
  });

/** A WebSocket server; `onSocket` gets each upgraded connection and the TCP socket under it. It speaks permessage-deflate only when told to. */
export const socketServer = Effect.fnUntraced(function* (
  onSocket: (ws: WebSocket, request: IncomingMessage, raw: Socket) => void,
  options: ServerOptions = {},
) {
  const listening = yield* httpServer((_request, response) => response.writeHead(426).end());
  const upgrades = new WebSocketServer({ ...options, noServer: true });
  listening.server.on("upgrade", (request: IncomingMessage, raw: Socket, head: Buffer) => {
    upgrades.handleUpgrade(request, raw, head, (ws) => onSocket(ws, request, raw));
  });
  return { ...listening, url: `ws://${listening.host}/` };
});

/** Upgrades by hand, so that what follows can be any bytes, or none. */
export const rawSocketServer = Effect.fnUntraced(function* (afterUpgrade: (socket: Socket) => void) {
  const server = yield* tcpServer((socket) => {
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(head.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`, () => afterUpgrade(socket));
    });
  });
  return { ...server, url: `ws://${server.host}/` };
});

/** A port that nobody listens on: it was ours a moment ago. */
export const closedPort = Effect.scoped(
  Effect.map(
    tcpServer(() => {}),
    ({ port }) => port,
  ),
);
