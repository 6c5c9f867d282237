/**
 * The live Transport: REST on an undici pool of its own, sockets on `ws`. Everything it opens closes with the layer's scope. It holds no limit
 * of the exchange and retries nothing; both are the router's.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Transport } from "@naru/router/transport/Transport";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as HttpDispatcher from "./HttpDispatcher.ts";
import * as restTransport from "./restTransport.ts";
import * as socketTransport from "./socketTransport.ts";
import { resolveOptions, type TransportOptions } from "./TransportOptions.ts";

/** On the HttpClient of the context, for a caller that brings its own. Its redirects, headers and timeouts are then its own affair too. */
export const layerNoDeps = (options?: TransportOptions): Layer.Layer<Transport, never, HttpClient.HttpClient> => {
  const settings = resolveOptions(options);
  return Layer.effect(
    Transport,
    Effect.map(restTransport.make(settings), (rest) => Transport.of({ rest, socket: socketTransport.make(settings) })),
  );
};

/** The transport an app uses. */
export const layer = (options?: TransportOptions): Layer.Layer<Transport> =>
  layerNoDeps(options).pipe(
    Layer.provide(NodeHttpClient.layerUndiciNoDispatcher),
    Layer.provide(HttpDispatcher.layer(resolveOptions(options))),
  );
