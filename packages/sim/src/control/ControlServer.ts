/**
 * The control port: JSON over HTTP on a port of its own, never on the exchange's, so that a client under test cannot meet it. It listens on
 * loopback only. A web page must not be able to drive it: a request with an `Origin`, one that a browser says comes from another site, and one
 * whose `Host` is not this machine (a rebound DNS name) are refused.
 */
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { Exchange } from "../Exchange.ts";
import { FaultProxy } from "../proxy/FaultProxy.ts";
import { ExchangeClock } from "../time/ExchangeClock.ts";
import { badField, ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";
import { routeControl } from "./endpoints.ts";

export interface ControlOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number | undefined;
}

/** A running control port. It stops with the scope it was started in. */
export class ControlServer extends Context.Service<
  ControlServer,
  {
    /** `http://127.0.0.1:port`; everything is under `/_sim`. */
    readonly url: string;
    readonly port: number;
  }
>()("@naru/sim/control/ControlServer") {}

/** Controls the exchange in scope, and the proxy where there is one. Dies when the port cannot be had. */
export const layerControlServer = (options?: ControlOptions): Layer.Layer<ControlServer, never, Exchange | ExchangeClock> =>
  Layer.effect(
    ControlServer,
    Effect.gen(function* () {
      const proxy = yield* Effect.serviceOption(FaultProxy);
      return yield* makeControlServer(
        { exchange: yield* Exchange, clock: yield* ExchangeClock, proxy: proxy._tag === "Some" ? proxy.value : undefined },
        options,
      );
    }),
  );

const host = "127.0.0.1";
const maxBodyBytes = 64 * 1024;
const maxConnections = 100;

export const makeControlServer = (
  controlled: Controlled,
  options: ControlOptions = {},
): Effect.Effect<ControlServer["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context());
    const server = http.createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      run(
        handle(controlled, request).pipe(
          Effect.match({
            onSuccess: (document) => send(response, 200, document),
            onFailure: (error) => send(response, error.status, error, error.headers),
          }),
          // A mistake of ours is no reason to leave a client waiting.
          Effect.catchCause((cause) =>
            Effect.sync(() => send(response, 500, { error: { status: 500, field: null, message: Cause.pretty(cause) } })),
          ),
        ),
      );
    });
    server.maxConnections = maxConnections;
    const port = yield* listen(server, options.port ?? 0);
    return { url: `http://${host}:${port}`, port };
  });

const handle = (controlled: Controlled, request: http.IncomingMessage): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    yield* fromHere(request.headers);
    const { pathname, searchParams } = yield* Effect.try({
      try: () => new URL(request.url ?? "/", `http://${host}`),
      catch: () => badField("path", "is no URL"),
    });
    const { endpoint, name } = yield* routeControl(request.method ?? "GET", pathname);
    const text = yield* readBody(request);
    return yield* endpoint.answer(controlled, {
      name: yield* decoded(name),
      query: searchParams,
      body: yield* parsed(endpoint.method, text),
    });
  });

/** Refuses what a web page may have sent. */
const fromHere = (headers: http.IncomingHttpHeaders): Effect.Effect<void, ControlError> => {
  const refused = (field: string, reason: string) => Effect.fail(new ControlError({ status: 403, field, reason }));
  if (headers.origin !== undefined) return refused("origin", "is not taken: no web page may drive the emulated exchange");
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "none" && site !== "same-origin")
    return refused("sec-fetch-site", "says another site asks: no web page may drive the emulated exchange");
  if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(headers.host ?? ""))
    return refused("host", "is not this machine: ask for 127.0.0.1 or localhost");
  return Effect.void;
};

const readBody = (request: http.IncomingMessage): Effect.Effect<string, ControlError> =>
  Effect.callback((resume) => {
    const chunks: Array<Buffer> = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBodyBytes) chunks.push(chunk);
      else
        resume(
          Effect.fail(
            new ControlError({
              status: 413,
              field: "body",
              reason: `is longer than ${maxBodyBytes} bytes`,
              headers: { connection: "close" },
            }),
          ),
        );
    });
    request.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString())));
    request.on("error", () => resume(Effect.fail(badField("body", "broke off"))));
  });

const parsed = (method: string, text: string): Effect.Effect<unknown, ControlError> => {
  if (method !== "POST" || text.trim() === "") return Effect.succeed(method === "POST" ? {} : undefined);
  return Effect.try({ try: (): unknown => JSON.parse(text), catch: () => badField("body", "is no JSON") });
};

const decoded = (name: string): Effect.Effect<string, ControlError> =>
  Effect.try({ try: () => decodeURIComponent(name), catch: () => badField("path", "is no URL") });

const send = (response: http.ServerResponse, status: number, document: unknown, headers: Readonly<Record<string, string>> = {}): void => {
  const text = `${JSON.stringify(document)}\n`;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(text);
};

/** Listens until the scope closes; then every connection is destroyed. */
const listen = (server: http.Server, port: number): Effect.Effect<number, never, Scope.Scope> => {
  const connections = new Set<Socket>();
  server.on("connection", (connection: Socket) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
  });
  return Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.once("error", (error) => resume(Effect.die(error)));
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
