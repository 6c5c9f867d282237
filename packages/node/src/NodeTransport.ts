/**
 * The live Transport: REST on an undici pool of its own, sockets on `ws`. Everything it opens closes with the layer's scope. It holds no limit
 * of the exchange and retries nothing; both are the router's. Neither package is loaded before it is used.
 */
import { Transport } from "@naru/router/transport/Transport";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as HttpDispatcher from "./HttpDispatcher.ts";
import * as restTransport from "./restTransport.ts";
import * as socketTransport from "./socketTransport.ts";
import { resolveOptions, type TransportOptions } from "./TransportOptions.ts";

/** The transport an app uses. */
export const layer = (options?: TransportOptions): Layer.Layer<Transport> => {
  const settings = resolveOptions(options);
  return Layer.effect(
    Transport,
    Effect.map(HttpDispatcher.make(settings), (dispatcher) =>
      Transport.of({ rest: restTransport.make(settings, dispatcher), socket: socketTransport.make(settings) }),
    ),
  );
};
