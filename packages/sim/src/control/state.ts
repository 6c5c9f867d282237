/** `GET /_sim/state`: the exchange at this moment, as one document. */
import * as Effect from "effect/Effect";
import type { Controlled } from "./Controlled.ts";
import { listFaults } from "./faultControl.ts";

export const stateOf = (controlled: Controlled): Effect.Effect<unknown> =>
  Effect.map(controlled.exchange.now, (nowMs) => {
    const { exchange, clock, proxy } = controlled;
    const { seed, originMs, limits, socket } = exchange.options;
    return {
      profile: exchange.options.profile.id,
      seed,
      nowMs,
      now: new Date(nowMs).toISOString(),
      originMs,
      speed: clock.speed,
      paused: clock.paused,
      markets: exchange.world.markets.length,
      halted: exchange.world.halts.halted,
      sockets: exchange.sockets(),
      bans: exchange.limits.bansAt(nowMs),
      faults: listFaults(controlled),
      limits,
      socket,
      ledger: { frames: exchange.ledger.frameKeeping, dropped: exchange.ledger.dropped, counters: exchange.ledger.counters() },
      proxy: proxy === undefined ? null : { url: proxy.url, links: proxy.links() },
    };
  });
