/**
 * A place to listen between the router and what it stands on: the transport and the limiter pass through here once, when a router is built over
 * any venue. The default hands both on as they are. Recording is its use; what it returns must behave like what it was given.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { Transport } from "./Transport.ts";
import type { Venue } from "./Venue.ts";

export interface WiretapShape {
  readonly transport: (inner: Transport["Service"]) => Effect.Effect<Transport["Service"], never, Venue>;
  readonly limiter: (inner: RateLimiter["Service"]) => Effect.Effect<RateLimiter["Service"], never, Venue>;
}

/** Read when a router's layer is built, in the context of that layer: its clock is the router's. */
export const Wiretap = Context.Reference<WiretapShape>("@naru/router/transport/Wiretap", {
  defaultValue: (): WiretapShape => ({ transport: Effect.succeed, limiter: Effect.succeed }),
});

/** The transport in scope as the router sees it. */
export const layerTransport: Layer.Layer<Transport, never, Transport | Venue> = Layer.effect(
  Transport,
  Effect.flatMap(Wiretap, (tap) => Effect.flatMap(Transport, tap.transport)),
);

/** The limiter in scope as the router sees it. */
export const layerLimiter: Layer.Layer<RateLimiter, never, RateLimiter | Venue> = Layer.effect(
  RateLimiter,
  Effect.flatMap(Wiretap, (tap) => Effect.flatMap(RateLimiter, tap.limiter)),
);
