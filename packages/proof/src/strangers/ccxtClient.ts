/**
 * ccxt as its users have it, with its addresses pointed at a server on this machine: `urls.api` names the three of them, and for a socket
 * without TLS ccxt wants `loadHttpProxyAgent()` called once, as its own error message says. Nothing else is set: its rate limiter is on, as by
 * default.
 */
import type { LoopbackServer } from "@naru/sim";
import { pro } from "ccxt";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";

export type CcxtClient = InstanceType<typeof pro.upbit>;

/** A ccxt.pro client of Upbit, which is the plain client with the `watch` methods on top. Closed with the scope. */
export const makeCcxtClient = (
  server: Pick<LoopbackServer["Service"], "url" | "socketUrl">,
): Effect.Effect<CcxtClient, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new pro.upbit({ urls: { api: { public: server.url, private: server.url, ws: server.socketUrl } } });
      await client.loadHttpProxyAgent();
      return client;
    }),
    (client) => Effect.promise(() => client.close()).pipe(Effect.ignoreCause),
  );

/** `KRW-BTC` as ccxt calls it. */
export const symbolOf = (market: string): string => market.split("-").toReversed().join("/");
