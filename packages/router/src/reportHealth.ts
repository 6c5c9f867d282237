/** Gathers the health report: what the ledger counted and how everything stands, read at one moment, and the judgement of it. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { Cache } from "./cache/Cache.ts";
import { MarketList } from "./cache/MarketList.ts";
import { parseMarket, type Market } from "./domain/Market.ts";
import { keyId } from "./domain/StreamKey.ts";
import { FallbackManager } from "./fallback/FallbackManager.ts";
import { Health } from "./health/HealthLedger.ts";
import { HostProbe } from "./health/HostProbe.ts";
import { judgeHealth } from "./health/judgeHealth.ts";
import type { HealthReport } from "./HealthReport.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { RouterConfig, type RouterConfigShape } from "./RouterConfig.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import { Rest } from "./transport/RestCall.ts";
import { Venue } from "./transport/Venue.ts";

/** Keys in a report. All are counted. */
const shownKeys = 100;

/** The report, made anew each time it is run. */
export const make = Effect.gen(function* () {
  const parts = {
    venue: yield* Venue,
    config: yield* RouterConfig,
    clock: yield* Clock.Clock,
    cache: yield* Cache,
    limiter: yield* RateLimiter,
    rest: yield* Rest,
    fallback: yield* FallbackManager,
    subscriptions: yield* Subscriptions,
    marketList: yield* MarketList,
    ledger: yield* Health,
  };
  const probe = yield* HostProbe;
  return Effect.map(probe.read, (host) => reportOf(parts, host));
});

interface Parts {
  readonly venue: Venue["Service"];
  readonly config: RouterConfigShape;
  readonly clock: Clock.Clock;
  readonly cache: Cache["Service"];
  readonly limiter: RateLimiter["Service"];
  readonly rest: Rest["Service"];
  readonly fallback: FallbackManager["Service"];
  readonly subscriptions: Subscriptions["Service"];
  readonly marketList: MarketList["Service"];
  readonly ledger: Health["Service"];
}

const reportOf = (parts: Parts, host: HealthReport["host"]): HealthReport => {
  const { venue, cache, limiter, rest, fallback, subscriptions, marketList, ledger } = parts;
  const link = subscriptions.status();
  const limits = limiter.snapshot().map(({ group, limit, used, waiting, pausedMs }) => ({
    group,
    limit,
    used,
    waiting,
    pausedMs,
    breakerOpenMs: rest.breakerOpenMs(group),
  }));
  const seen = {
    mode: fallback.mode(),
    calls: ledger.calls(),
    errors: ledger.errors(),
    limits,
    core: coreOf(parts),
    host,
  };
  const { status, causes } = judgeHealth({
    ...seen,
    link: { wanted: link.wanted, open: subscriptions.connected() },
    blockedMs: limiter.blockedMs(),
  });
  return {
    venue: venue.id,
    simulated: venue.simulated,
    status,
    causes,
    ...seen,
    modeHistory: ledger.modes(),
    channels: ledger.channels(),
    tiers: ledger.tiers(),
    keys: ledger.keys().slice(0, shownKeys),
    link,
    hotKeys: cache.hot.size,
    knownMarkets: marketList.known()?.size ?? null,
  };
};

/** Of each core market the youngest knowledge there is, of its ticker. */
const coreOf = ({ config, clock, cache, subscriptions }: Parts): HealthReport["core"] =>
  config.coreMarkets.flatMap((code) => {
    const parsed = parseMarket(code);
    return parsed._tag === "Success" ? [coreMarketOf(parsed.success, clock, cache, subscriptions)] : [];
  });

const coreMarketOf = (
  market: Market,
  clock: Clock.Clock,
  cache: Cache["Service"],
  subscriptions: Subscriptions["Service"],
): HealthReport["core"][number] => {
  const key = { kind: "ticker", market } as const;
  const held = cache.hot.get(keyId(key))?.confirmedNanos;
  const proved = subscriptions.confirmedNanos(key);
  const newest = held !== undefined && proved !== undefined && proved > held ? proved : held;
  const confirmedAgeMs = newest === undefined ? null : Math.max(0, Number(clock.monotonicTimeNanosUnsafe() - newest) / 1e6);
  return { market, confirmedAgeMs, wanted: subscriptions.wants(key) };
};
