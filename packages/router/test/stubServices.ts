/** A router over services that do as a test tells them: REST answers from a script, the socket is whatever the test says it is. */
import { Clock, Effect, Fiber, Layer, Result, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Alerts } from "../src/alerts/Alerts.ts";
import { Cache } from "../src/cache/Cache.ts";
import { MarketList } from "../src/cache/MarketList.ts";
import type { Candle } from "../src/domain/Candle.ts";
import type { Market, MarketInfo } from "../src/domain/Market.ts";
import { type KeyId, keyId, type StreamKey } from "../src/domain/StreamKey.ts";
import type { Ticker } from "../src/domain/Ticker.ts";
import type { Trade } from "../src/domain/Trade.ts";
import type { MarketDataError } from "../src/errors/MarketDataError.ts";
import { FallbackManager } from "../src/fallback/FallbackManager.ts";
import { ModeControl } from "../src/fallback/ModeControl.ts";
import { Health } from "../src/health/HealthLedger.ts";
import { LiveLedger } from "../src/health/LiveLedger.ts";
import type { LimitTable } from "../src/limits/LimitTable.ts";
import { RateLimiter } from "../src/limits/RateLimiter.ts";
import { HistoryKeeper } from "../src/tiers/HistoryKeeper.ts";
import * as Router from "../src/Router.ts";
import { ChannelSelector } from "../src/select/ChannelSelector.ts";
import { Subscriptions } from "../src/stream/Subscriptions.ts";
import { Rest, type RestOptions } from "../src/transport/RestCall.ts";
import { type Decoded, type RestCall, Venue } from "../src/transport/Venue.ts";
import { marketOf, ticker } from "./samples.ts";

const limits: LimitTable = {
  groups: Object.fromEntries(["market", "ticker", "orderbook", "trade", "candle"].map((group) => [group, { limit: 10, windowMs: 1_000 }])),
  socketConnect: { limit: 5, windowMs: 1_000 },
  socketMessage: [{ limit: 5, windowMs: 1_000 }],
};

/** A call that only names itself: the script answers it, nobody decodes it. */
const call = (endpoint: string, group: string, query: string): RestCall<never> => ({
  endpoint,
  group,
  url: `https://stub.test/${endpoint}?${query}`,
  decode: () => Result.succeed({ rows: [], rejected: [], unknownFields: [] }),
});

export const venue = Venue.of({
  id: "stub",
  simulated: true,
  host: "stub.test",
  limits,
  paging: { candles: 200, trades: 500, orderbookLevels: 30 },
  intervals: ["1m", "1d"],
  socket: {
    url: "wss://stub.test",
    format: "full",
    supports: (key) => key.kind !== "candles" || key.interval !== "1w",
    subscribe: () => "",
    listSubscriptions: () => "",
    decode: () => [],
  },
  markets: () => call("markets", "market", ""),
  instruments: (markets) => [call("instruments", "orderbook", markets.join())],
  tickers: (markets) => [call("ticker", "ticker", markets.join())],
  allTickers: (quotes) => call("ticker", "ticker", quotes.join()),
  orderbooks: (markets, levels) => [call("orderbook", "orderbook", `${markets.join()}&${levels}`)],
  trades: (market, { count, before }): Result.Result<RestCall<Trade>> =>
    Result.succeed(call("trades", "trade", `${market}&${count}&${before ?? ""}`)),
  candles: (market, interval, { count, toMs }): Result.Result<RestCall<Candle>> =>
    Result.succeed(call("candles", "candle", `${market}&${interval}&${count}&${toMs ?? ""}`)),
  failure: () => undefined,
  upgradeFailure: () => {
    throw new Error("no socket is opened here");
  },
  remaining: () => undefined,
});

export const info = (market: Market): MarketInfo => ({
  market,
  base: market.slice(market.indexOf("-") + 1),
  quote: market.slice(0, market.indexOf("-")),
  englishName: market,
});

interface Asked {
  readonly endpoint: string;
  /** What stands behind the question mark, split at `&`. */
  readonly query: ReadonlyArray<string>;
  readonly options: RestOptions<never>;
}

/** Rows, or a failure, for one request. */
export type Script = (asked: Asked) => Effect.Effect<ReadonlyArray<unknown> | Partial<Decoded<unknown>>, MarketDataError>;

/** Everything a test may turn, and what it may look at. */
export interface Stub {
  script: Script;
  connected: boolean;
  breakerOpenMs: number;
  messageUsage: number;
  readonly live: Set<KeyId>;
  confirmedNanos: bigint | undefined;
  awaitLive: Effect.Effect<void, MarketDataError>;
  events: Stream.Stream<unknown, MarketDataError>;
  markets: ReadonlyArray<Market>;
  /** Requests so far; the list of markets is kept apart in `lists`. */
  readonly asked: Array<Asked>;
  lists: number;
  readonly wanted: Array<KeyId>;
  opened: number;
}

const known = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-BCH"].map(marketOf);

const makeStub = (script: Script): Stub => ({
  script,
  connected: false,
  breakerOpenMs: 0,
  messageUsage: 0,
  live: new Set(),
  confirmedNanos: undefined,
  awaitLive: Effect.never,
  events: Stream.never,
  markets: known,
  asked: [],
  lists: 0,
  wanted: [],
  opened: 0,
});

const restOf = (stub: Stub) =>
  Effect.map(Clock.Clock, (clock) =>
    Rest.of({
      breakerOpenMs: () => stub.breakerOpenMs,
      road: () => ({ attemptTimeoutMs: 10_000, batchWindowMs: 0, batchMarkets: 300 }),
      run: <A>({ endpoint, url }: RestCall<A>, options: RestOptions<A>) =>
        Effect.suspend(() => {
          const asked: Asked = { endpoint, query: url.slice(url.indexOf("?") + 1).split("&"), options: options as RestOptions<never> };
          if (endpoint === "markets") stub.lists++;
          else stub.asked.push(asked);
          return Effect.map(stub.script(asked), (found) => {
            const whole = { rows: [], rejected: [], unknownFields: [], ...("length" in found ? { rows: found } : found) };
            const receivedMs = clock.currentTimeMillisUnsafe();
            return {
              // The script knows what its rows are; the router is told so by the venue's types.
              ...(whole as Decoded<A>),
              exchangeNowMs: receivedMs,
              receivedNanos: clock.monotonicTimeNanosUnsafe(),
              receivedMs,
            };
          });
        }),
    }),
  );

const subscriptionsOf = (stub: Stub) =>
  Subscriptions.of({
    status: () => ({
      state: stub.connected ? "open" : "idle",
      attempt: 0,
      connects: 0,
      reconnects: 0,
      lastClose: null,
      silentMs: null,
      wanted: stub.wanted.length,
      live: stub.live.size,
      lateMs: 0,
      changing: null,
      sockets: [],
    }),
    connected: () => stub.connected,
    line: () => undefined,
    wants: (key) => stub.wanted.includes(keyId(key)),
    admits: () => true,
    messageUsage: () => stub.messageUsage,
    isLive: (key) => stub.connected && stub.live.has(keyId(key)),
    confirmedNanos: (key) => (stub.live.has(keyId(key)) ? stub.confirmedNanos : undefined),
    open: () => {
      stub.opened++;
    },
    awaitReady: () => Effect.void,
    refute: () => false,
    resubscribe: Effect.succeed({ wanted: 0, sockets: 0, unanswered: 0, missing: [], isSame: false }),
    wantForReads: (key: StreamKey) => {
      stub.wanted.push(keyId(key));
    },
    awaitLive: () => Effect.suspend(() => stub.awaitLive),
    // A test's elements are of the kind it subscribes to.
    events: (_kind, keys) => Stream.unwrap(Effect.as(Effect.isEffect(keys) ? keys : Effect.void, stub.events)) as never,
    watch: (_kind, _keys, _options, watcher) =>
      Stream.runForEach(
        Stream.suspend(() => stub.events),
        (element) => Effect.sync(() => watcher.take(element as never)),
      ),
    bars: () => Stream.never,
  });

/** A whole router over the stub. */
export const routerOver = (stub: Stub) =>
  Layer.fresh(
    Router.layerNoDeps.pipe(
      Layer.provideMerge(Layer.mergeAll(FallbackManager.layer, ChannelSelector.layer, MarketList.layer)),
      Layer.provideMerge(ModeControl.layer),
      Layer.provideMerge(
        Layer.mergeAll(
          Layer.effect(Rest, restOf(stub)),
          Layer.succeed(Subscriptions, subscriptionsOf(stub)),
          RateLimiter.layerTest(limits),
          Cache.layerTest,
          HistoryKeeper.layer,
        ),
      ),
      Layer.provideMerge(Layer.provideMerge(Alerts.layer, Layer.merge(Health.layer, LiveLedger.layer))),
      Layer.provideMerge(Layer.succeed(Venue, venue)),
    ),
  );

/** A stub whose REST answers by `script`, with a list of markets beside it. */
export const stubOf = (script: Script): Stub => {
  const stub: Stub = makeStub((asked) => (asked.endpoint === "markets" ? Effect.succeed(stub.markets.map(info)) : script(asked)));
  return stub;
};

/** Tickers of the markets asked for, made at the moment of the answer. */
export const tickers =
  (price = "100"): Script =>
  ({ query }) =>
    Effect.clockWith((clock) =>
      Effect.sync(() => (query[0] ?? "").split(",").map((market) => ticker(price, clock.currentTimeMillisUnsafe(), market as Market))),
    );

/** Runs `effect` in a router over `stub`; the clock moves by itself until it has ended. */
export const answered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    // What needs no time takes none.
    yield* TestClock.adjust(0);
    for (let i = 0; i < 2_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust("5 millis");
    return yield* Fiber.join(fiber);
  });

/** Puts a value into the hot store as the socket would. */
export const frame = (stub: Stub, value: Ticker) =>
  Effect.gen(function* () {
    const { hot } = yield* Cache;
    const id = keyId({ kind: "ticker", market: value.market });
    const clock = yield* Clock.Clock;
    const nanos = clock.monotonicTimeNanosUnsafe();
    stub.live.add(id);
    stub.confirmedNanos = nanos;
    const times = {
      exchangeTimeMs: value.timestampMs,
      receivedNanos: nanos,
      receivedMs: clock.currentTimeMillisUnsafe(),
      confirmedNanos: nanos,
    };
    hot.put(id, { value, ...times, channel: "websocket" });
  });
