/**
 * A TCP proxy on this machine that spoils the connections through it, in Toxiproxy's vocabulary. It knows nothing of HTTP beyond what counting
 * WebSocket frames needs, so that any client and any server can stand at its ends. Waiting is on Effect's clock; chance is seeded. All
 * connections end with the scope.
 */
import * as net from "node:net";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { LoopbackServer } from "../server/LoopbackServer.ts";
import type { NumberedToxic } from "./Lane.ts";
import { Link } from "./Link.ts";
import type { LinkState } from "./LinkState.ts";
import { decodeToxic, ToxicError, type ToxicInput, type Toxic } from "./Toxic.ts";

export interface FaultProxyOptions {
  /** What stands behind it, on this machine. */
  readonly upstream: { readonly port: number; readonly host?: string | undefined };
  /** 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** Decides which connections a toxic with a `toxicity` concerns, and everything else at random. Default 1. */
  readonly seed?: number | undefined;
}

/** A toxic that is on. */
export interface ActiveToxic {
  /** `p1`, `p2`, … */
  readonly id: string;
  readonly toxic: Toxic;
}

export class FaultProxy extends Context.Service<
  FaultProxy,
  {
    /** `http://127.0.0.1:port` */
    readonly url: string;
    /** `ws://127.0.0.1:port/websocket/v1` */
    readonly socketUrl: string;
    readonly port: number;
    /** Switches a toxic on, for connections that are open too; returns its id. Defaults are filled in. */
    readonly on: (toxic: ToxicInput) => Effect.Effect<string, ToxicError>;
    /** Switches off one by its id, or all of a verb; returns how many. */
    readonly off: (idOrVerb: string) => Effect.Effect<number, ToxicError>;
    /** Switches all off. */
    readonly clear: Effect.Effect<void, ToxicError>;
    readonly list: () => ReadonlyArray<ActiveToxic>;
    /** Open connections. */
    readonly links: () => ReadonlyArray<LinkState>;
  }
>()("@naru/sim/proxy/FaultProxy") {}

/** A proxy in front of the upstream. Dies when the port cannot be had. */
export const layerFaultProxy = (options: FaultProxyOptions): Layer.Layer<FaultProxy> => Layer.effect(FaultProxy, makeFaultProxy(options));

/** A proxy in front of the loopback server in scope. Dies when the port cannot be had. */
export const layerBeforeServer = (options: Omit<FaultProxyOptions, "upstream"> = {}): Layer.Layer<FaultProxy, never, LoopbackServer> =>
  Layer.unwrap(Effect.map(LoopbackServer, ({ port }) => layerFaultProxy({ ...options, upstream: { port } })));

const host = "127.0.0.1";
/** A client beyond these is cut off at once. */
const maxLinks = 1_000;
const maxToxics = 100;

export const makeFaultProxy = (options: FaultProxyOptions): Effect.Effect<FaultProxy["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const links = new Map<Link, Fiber.Fiber<void>>();
    const run = Effect.runForkWith(yield* Effect.context());
    const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
    let toxics: ReadonlyArray<ActiveToxic & NumberedToxic> = [];
    let [connections, numbers] = [0, 0];

    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      if (links.size >= maxLinks) return client.destroy();
      const upstream = net.connect({ port: options.upstream.port, host: options.upstream.host ?? host, allowHalfOpen: true });
      const link = new Link(client, upstream, { connection: ++connections, seed: options.seed ?? 1, now }, (ended) => {
        const fiber = links.get(ended);
        links.delete(ended);
        if (fiber !== undefined) run(Fiber.interrupt(fiber));
      });
      links.set(link, run(link.run));
      link.setToxics(toxics);
      return undefined;
    });
    const end = () => {
      for (const link of links.keys()) link.destroy();
    };
    const port = yield* Effect.acquireRelease(Effect.orDie(listen(server, options.port ?? 0)), () =>
      Effect.andThen(
        stopListening(server),
        Effect.suspend(() => {
          end();
          return Effect.forEach([...links.values()], Fiber.interrupt, { discard: true });
        }),
      ),
    );

    /** Puts a list of toxics in force. */
    const enforce = (next: typeof toxics) =>
      Effect.gen(function* () {
        toxics = next;
        if (next.some(({ toxic }) => toxic.verb === "down")) {
          yield* stopListening(server);
          end();
        } else if (!server.listening) {
          yield* Effect.mapError(
            listen(server, port),
            () => new ToxicError({ field: "down", reason: `cannot end: port ${port} is taken` }),
          );
        }
        for (const link of links.keys()) link.setToxics(toxics);
      });

    return {
      url: `http://${host}:${port}`,
      socketUrl: `ws://${host}:${port}/websocket/v1`,
      port,
      on: Effect.fn("FaultProxy.on")(function* (input) {
        const toxic = yield* decodeToxic(input);
        if (toxics.length >= maxToxics)
          return yield* new ToxicError({ field: "verb", reason: `cannot be switched on: ${maxToxics} are on` });
        const number = ++numbers;
        const id = `p${number}`;
        yield* enforce([...toxics, { id, number, toxic }]);
        return id;
      }),
      off: Effect.fn("FaultProxy.off")(function* (idOrVerb) {
        const kept = toxics.filter(({ id, toxic }) => id !== idOrVerb && toxic.verb !== idOrVerb);
        const gone = toxics.length - kept.length;
        if (gone > 0) yield* enforce(kept);
        return gone;
      }),
      clear: Effect.suspend(() => enforce([])),
      list: () => toxics.map(({ id, toxic }) => ({ id, toxic })),
      links: () => [...links.keys()].map((link) => link.state),
    };
  });

const listen = (server: net.Server, port: number): Effect.Effect<number, Error> =>
  Effect.callback<number, Error>((resume) => {
    const onError = (error: Error) => resume(Effect.fail(error));
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      // A TCP server that listens has an address with a port.
      resume(Effect.succeed((server.address() as net.AddressInfo).port));
    });
  });

/** New connections are refused from now on; those that are open stay. */
const stopListening = (server: net.Server): Effect.Effect<void> =>
  Effect.sync(() => {
    if (server.listening) server.close();
  });
