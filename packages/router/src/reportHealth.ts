/** Gathers the health report: what the ledger counted and how everything stands, read at one moment, and the judgement of it. */
import * as Clock from "effect/Clock";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import { Cache } from "./cache/Cache.ts";
import { MarketList } from "./cache/MarketList.ts";
import { parseMarket, type Market } from "./domain/Market.ts";
import type { Mode } from "./domain/Mode.ts";
import { keyId } from "./domain/StreamKey.ts";
import { FallbackManager } from "./fallback/FallbackManager.ts";
import type { ChannelHealth } from "./health/ChannelLog.ts";
import { Health } from "./health/HealthLedger.ts";
import { HostProbe } from "./health/HostProbe.ts";
import { judgeHealth } from "./health/judgeHealth.ts";
import { LiveLedger } from "./health/LiveLedger.ts";
import type { HealthReport } from "./HealthReport.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { RouterConfig, type RouterConfigShape } from "./RouterConfig.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import { Rest } from "./transport/RestCall.ts";
import { Venue } from "./transport/Venue.ts";
import { Workers } from "./transport/Workers.ts";

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
    live: yield* LiveLedger,
    workers: yield* Workers,
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
  readonly live: LiveLedger["Service"];
  readonly workers: Context.Service.Shape<typeof Workers>;
}

const reportOf = (parts: Parts, host: HealthReport["host"]): HealthReport => {
  const { cache, rest, fallback, subscriptions, marketList } = parts;
  const link = subscriptions.status();
  return judged(parts, {
    mode: fallback.mode(),
    host,
    link,
    isOpen: subscriptions.connected(),
    core: coreOf(parts),
    breakerOpenMs: rest.breakerOpenMs,
    hotKeys: cache.hot.size,
    knownMarkets: marketList.known()?.size ?? null,
  });
};

/** What there is to say while no router is there: the ledger goes on, and so do the limits. */
export const makeBare = Effect.fnUntraced(function* (mode: () => Mode) {
  const parts = {
    venue: yield* Venue,
    clock: yield* Clock.Clock,
    limiter: yield* RateLimiter,
    ledger: yield* Health,
    live: yield* LiveLedger,
    workers: yield* Workers,
  };
  return yield* reportWithoutRouter(parts, mode);
});

/** The same over parts that need be no services. */
export const reportWithoutRouter = Effect.fnUntraced(function* (parts: JudgedParts, mode: () => Mode) {
  const probe = yield* HostProbe;
  const nothing = { link: noLink, isOpen: false, core: [], breakerOpenMs: () => 0, hotKeys: 0, knownMarkets: null };
  return Effect.map(probe.read, (host) => judged(parts, { ...nothing, mode: mode(), host }));
});

/** The live side of a router that is not there. */
const noLink: HealthReport["link"] = {
  state: "closed",
  attempt: 0,
  connects: 0,
  reconnects: 0,
  lastClose: null,
  silentMs: null,
  wanted: 0,
  live: 0,
  lateMs: 0,
  changing: null,
  sockets: [],
};

interface JudgedParts extends Pick<Parts, "venue" | "clock" | "ledger" | "live" | "workers"> {
  readonly limiter: Pick<Parts["limiter"], "snapshot" | "blockedMs">;
}

interface Seen extends Pick<HealthReport, "mode" | "host" | "link" | "core" | "hotKeys" | "knownMarkets"> {
  readonly isOpen: boolean;
  readonly breakerOpenMs: (group: string) => number;
}

const judged = ({ venue, clock, limiter, ledger, live, workers }: JudgedParts, seen: Seen): HealthReport => {
  const { isOpen, breakerOpenMs, mode, host, link, core, hotKeys, knownMarkets } = seen;
  const limits = limiter
    .snapshot()
    .map(({ group, limit, used, waiting, pausedMs }) => ({ group, limit, used, waiting, pausedMs, breakerOpenMs: breakerOpenMs(group) }));
  const counted = { calls: ledger.calls(), errors: ledger.errors() };
  const history = ledger.history();
  const nowMs = Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
  const troubles = workers.troubles(nowMs);
  const facts = {
    mode,
    host,
    core,
    limits,
    ...counted,
    history,
    decoding: live.decoding.health(nowMs),
    workers: troubles,
    link: { wanted: link.wanted, open: isOpen },
    blockedMs: limiter.blockedMs(),
  };
  return {
    venue: venue.id,
    simulated: venue.simulated,
    ...judgeHealth(facts),
    mode,
    modeHistory: ledger.modes(),
    ...counted,
    channels: ledger.channels().map((one) => (one.channel === "websocket" ? { ...one, ...socketNow(link, one) } : one)),
    tiers: ledger.tiers(),
    keys: ledger.keys().slice(0, shownKeys),
    link,
    limits,
    core,
    host,
    workers: troubles,
    history,
    hotKeys,
    knownMarkets,
  };
};

/** What the sockets themselves say of their channel. */
const socketNow = ({ attempt, silentMs, sockets, state }: HealthReport["link"], { lastGoodAgeMs }: ChannelHealth) => {
  const trips = sockets.flatMap((socket) => (socket.state === "open" && socket.roundTripMs !== null ? [socket.roundTripMs] : []));
  const isDown = state === "waiting" || (state === "connecting" && attempt > 0);
  return {
    status: state === "open" ? ("up" as const) : isDown ? ("down" as const) : ("unknown" as const),
    latencyMs: trips.length === 0 ? null : Math.max(...trips),
    lastGoodAgeMs: silentMs ?? lastGoodAgeMs,
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
