/**
 * A scripted exchange for the tests of the live side: a Transport whose sockets a test drives by hand, and a venue whose wire is plain JSON. No
 * rule of a real exchange is emulated here; a test says what comes and looks at what went out.
 */
import { Context, Effect, Layer, Result, Scope } from "effect";
import { Cache } from "../../src/cache/Cache.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { Market } from "../../src/domain/Market.ts";
import { makeOrderbook, type Orderbook } from "../../src/domain/Orderbook.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { type MarketDataError, NetworkError, RateLimited, UpstreamError } from "../../src/errors/MarketDataError.ts";
import { LiveLedger } from "../../src/health/LiveLedger.ts";
import { connectGroup, RateLimiter } from "../../src/limits/RateLimiter.ts";
import { layer as configLayer, type RouterConfigShape } from "../../src/RouterConfig.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { Rest, type RestResult } from "../../src/transport/RestCall.ts";
import { type Socket, type SocketFailure, type SocketHandlers, Transport, UpgradeRefused } from "../../src/transport/Transport.ts";
import { type RestCall, type SocketMessage, Venue } from "../../src/transport/Venue.ts";

/** One socket that the router opened. */
export class ScriptedSocket {
  /** Subscription messages, each as the list of codes it asked for. */
  readonly sent: Array<ReadonlyArray<string>> = [];
  /** When messages of any kind came, in monotonic milliseconds. */
  readonly messagesAt: Array<number> = [];
  pings = 0;
  terminated = false;
  closed = false;
  answersPings = true;
  /** It takes no more bytes: a write is never done. */
  stuck = false;
  /** Questions for the list of subscriptions; answered with {@link listed} unless that is undefined. */
  lists = 0;
  listed: ReadonlyArray<StreamKey> | undefined = [];
  readonly handlers: SocketHandlers;

  constructor(handlers: SocketHandlers) {
    this.handlers = handlers;
  }

  /** One read with these messages. */
  push(...messages: ReadonlyArray<SocketMessage>): void {
    for (const message of messages) this.handlers.onFrame(wire(message));
    this.handlers.onReadEnd();
  }

  close(code = 1006, reason = ""): void {
    this.closed = true;
    this.handlers.onClose({ code, reason });
  }
}

export type Upgrade = "accept" | "hang" | "interrupted" | "unreachable" | { readonly status: number };
export type RestAnswer = Effect.Effect<ReadonlyArray<unknown>, MarketDataError>;

export class ScriptedExchange {
  readonly sockets: Array<ScriptedSocket> = [];
  /** How connects are answered, first come first served; `accept` when empty. */
  readonly upgrades: Array<Upgrade> = [];
  /** How long the peer takes to answer a close of ours, in milliseconds. */
  closeTakesMs = 0;
  /** Every connect, answered or not. */
  connects = 0;
  /** What every connect asked of the transport about compression; undefined where it left that open. */
  readonly compression: Array<boolean | undefined> = [];
  /** Called with every new socket, before the router may use it. */
  onSocket: (socket: ScriptedSocket) => void = () => {};
  /** Called after every subscription message. */
  onSend: (socket: ScriptedSocket) => void = () => {};
  /** REST calls that went out, as their URL. */
  readonly calls: Array<string> = [];
  rest: (url: URL) => RestAnswer = () => Effect.fail(new UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null }));
  blockedMs = 0;
  /** How the connects that were granted ended: with a socket, or without. */
  readonly ended: Array<boolean> = [];
  readonly unsupported = new Set<string>();

  /** The socket in use. */
  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("No socket was opened");
    return socket;
  }

  readonly transport = Layer.succeed(Transport, {
    rest: () => Effect.die("The scripted exchange answers REST at the Rest service"),
    socket: (_url, handlers, options) =>
      Effect.suspend((): Effect.Effect<Socket, SocketFailure, Scope.Scope> => {
        this.connects++;
        this.compression.push(options?.compress);
        const upgrade = this.upgrades.shift() ?? "accept";
        if (upgrade === "hang") return Effect.never;
        if (upgrade === "interrupted") return Effect.interrupt;
        if (upgrade === "unreachable") {
          return Effect.fail(new NetworkError({ phase: "connect", host: "scripted", code: "ECONNREFUSED", detail: null }));
        }
        return upgrade === "accept" ? this.#open(handlers) : Effect.fail(new UpgradeRefused({ ...upgrade, headers: {}, body: "" }));
      }),
  });

  #open(handlers: SocketHandlers) {
    return Effect.gen({ self: this }, function* () {
      const socket = new ScriptedSocket(handlers);
      this.sockets.push(socket);
      yield* Scope.addFinalizer(
        yield* Effect.scope,
        Effect.suspend(() => {
          if (socket.closed) return Effect.void;
          const closing = Effect.sync(() => socket.close(1000));
          return this.closeTakesMs === 0 ? closing : Effect.delay(closing, this.closeTakesMs);
        }),
      );
      this.onSocket(socket);
      return {
        send: (text: string) =>
          Effect.clockWith((clock) => {
            if (socket.stuck) return Effect.never;
            socket.messagesAt.push(Number(clock.monotonicTimeNanosUnsafe()) / 1e6);
            if (text === listQuestion) {
              socket.lists++;
              if (socket.listed !== undefined) socket.push({ _tag: "Subscriptions", keys: socket.listed });
              return Effect.void;
            }
            const wanted = JSON.parse(text) as ReadonlyArray<StreamKey>;
            socket.sent.push(wanted.map(codeOf));
            if (socket.listed !== undefined) socket.listed = wanted;
            this.onSend(socket);
            return Effect.void;
          }),
        ping: Effect.sync(() => {
          socket.pings++;
          if (socket.answersPings) socket.handlers.onPong();
        }),
        compressed: false,
        bytes: () => ({ wire: 0, payload: 0 }),
        terminate: Effect.sync(() => {
          socket.terminated = true;
        }),
      };
    });
  }

  readonly venue = Layer.succeed(Venue, {
    id: "scripted",
    simulated: true,
    host: "scripted",
    limits: {
      groups: {},
      socketConnect: { limit: 5, windowMs: 1_000 },
      socketMessage: [
        { limit: 5, windowMs: 1_000 },
        { limit: 100, windowMs: 60_000 },
      ],
    },
    paging: { candles: 200, trades: 5, orderbookLevels: 30 },
    intervals: ["1m"],
    socket: {
      url: "ws://scripted",
      format: "full",
      supports: (key) => !this.unsupported.has(keyId(key)),
      subscribe: (wanted) => JSON.stringify(wanted),
      listSubscriptions: () => listQuestion,
      decode: (data) => [unwire(String(data))],
    },
    trades: (market, query) => Result.succeed(call<Trade>(`trades?market=${market}&count=${query.count}&before=${query.before ?? ""}`)),
    candles: (market, _interval, query) =>
      Result.succeed(call<Candle>(`candles?market=${market}&count=${query.count}&to=${query.toMs ?? ""}`)),
    markets: () => call("markets"),
    instruments: () => [],
    tickers: (markets) => [call(`ticker?markets=${markets.join()}`)],
    allTickers: () => call("tickers"),
    orderbooks: (markets, levels) => [call(`orderbook?markets=${markets.join()}&count=${levels}`)],
    failure: () => undefined,
    remaining: () => undefined,
    upgradeFailure: (status) =>
      status === 429 || status === 418
        ? new RateLimited({
            group: "socket",
            scope: status === 418 ? "ip" : "socket-connect",
            status,
            retryAfterMs: status === 418 ? 60_000 : 1_000,
            detail: null,
          })
        : new UpstreamError({ status, name: null, detail: null, retryAfterMs: null }),
  });

  /** Lets every connect through at once, unless a test puts the real one here. */
  limiter: Layer.Layer<RateLimiter> = Layer.mock(RateLimiter, {
    acquireConnect: () => Effect.succeed({ group: connectGroup, grantedMs: 0 }),
    ended: (_grant, answered) =>
      Effect.sync(() => {
        this.ended.push(answered);
      }),
    block: (forMs) =>
      Effect.sync(() => {
        this.blockedMs = forMs;
      }),
    usage: () => 0,
    waitMs: () => 0,
    blockedMs: () => this.blockedMs,
    snapshot: () => [],
  });

  readonly restLayer = Layer.mock(Rest, {
    road: () => ({ attemptTimeoutMs: 10_000, batchWindowMs: 0, batchMarkets: 300 }),
    breakerOpenMs: () => 0,
    run: <A>(ready: RestCall<A>) =>
      Effect.suspend(() => {
        this.calls.push(ready.url);
        return this.rest(new URL(ready.url));
      }).pipe(
        Effect.flatMap((rows) =>
          Effect.clockWith((clock) =>
            Effect.sync(() => {
              const receivedMs = clock.currentTimeMillisUnsafe();
              const times = { exchangeNowMs: receivedMs, receivedMs, receivedNanos: clock.monotonicTimeNanosUnsafe() };
              // The script gives rows of the kind that its URL asks for.
              return { rows, rejected: [], unknownFields: [], ...times } as unknown as RestResult<A>;
            }),
          ),
        ),
      ),
  });

  /**
   * The live side on this exchange, with some knobs changed. The cache is given out too, and the numbers. A script sends no snapshots by itself, so the watch over
   * silent keys is off unless a test asks for it by its knobs.
   */
  layer(knobs: Partial<RouterConfigShape> = {}): Layer.Layer<Subscriptions | Cache | LiveLedger> {
    const changes = { ...unwatched, ...knobs };
    return Subscriptions.layer.pipe(
      Layer.provideMerge(Layer.merge(Cache.layer, LiveLedger.layer)),
      Layer.provide([this.transport, this.venue, this.limiter, this.restLayer, configLayer(changes)]),
      Layer.provide(configLayer(changes)),
    );
  }

  /** Runs a test's body with the live side; the layer closes at its end. */
  readonly run = <A, E>(
    body: Effect.Effect<A, E, Subscriptions | Cache | LiveLedger | Scope.Scope>,
    changes: Partial<RouterConfigShape> = {},
  ): Effect.Effect<A, E> => Effect.scoped(Effect.provide(body, this.layer(changes)));
}

/** The live side built into a scope of its own, for tests that close it by hand. */
export const buildIn = (exchange: ScriptedExchange, scope: Scope.Scope, knobs: Partial<RouterConfigShape> = {}) =>
  Effect.map(Layer.buildWithScope(exchange.layer(knobs), scope), (context) => Context.get(context, Subscriptions));

export const market = (text: string): Market => text as Market;
export const btc = market("KRW-BTC");
export const eth = market("KRW-ETH");

export const tickerKey = (of: Market): StreamKey => ({ kind: "ticker", market: of });
export const tradesKey = (of: Market): StreamKey => ({ kind: "trades", market: of });
export const bookKey = (of: Market, levels: number): StreamKey => ({ kind: "orderbook", market: of, levels });
export const candleKey = (of: Market): StreamKey => ({ kind: "candles", market: of, interval: "1m" });

export const ticker = (of: Market, price: number, atMs: number, snapshot = false): SocketMessage => {
  const zero = Decimal.zero;
  const value: Ticker = {
    market: of,
    price: Decimal.of(String(price)),
    change: "EVEN",
    changeAmount: zero,
    changeRatio: zero,
    changePercent: zero,
    lastVolume: zero,
    dayVolume: zero,
    dayValue: zero,
    volume24h: zero,
    value24h: zero,
    tradeTimeMs: atMs,
    timestampMs: atMs,
  };
  return { _tag: "Ticker", value, snapshot };
};

/** A trade whose id ends in `id` and that happened `id` milliseconds after the start. */
export const tradeRow = (of: Market, id: number): Trade => ({
  market: of,
  id: `1785395043779${String(id).padStart(4, "0")}`,
  price: Decimal.of("1"),
  volume: Decimal.of("1"),
  side: "buy",
  tradeTimeMs: id,
});
export const trade = (of: Market, id: number, snapshot = false): SocketMessage => ({ _tag: "Trade", value: tradeRow(of, id), snapshot });

/** The last digits of a trade's id, as given to {@link tradeRow}. */
export const shortId = (row: Trade): number => Number(row.id.slice(-4));

export const minute = 60_000;

/** The candle of the `window`-th minute after `closes` trades. */
export const candleRow = (of: Market, window: number, close: number, state: Candle["state"] = "forming"): Candle => ({
  market: of,
  interval: "1m",
  openTimeMs: window * minute,
  open: Decimal.of("1"),
  high: Decimal.of("1"),
  low: Decimal.of("1"),
  close: Decimal.of(String(close)),
  volume: Decimal.of(String(close)),
  value: Decimal.of("1"),
  lastTradeTimeMs: window * minute + close,
  state,
});
export const candle = (of: Market, window: number, close: number): SocketMessage => ({
  _tag: "Candle",
  value: candleRow(of, window, close),
  snapshot: false,
});

export const book = (of: Market, levels: number, atMs: number, snapshot = false): SocketMessage => {
  const side = (from: number) =>
    Array.from({ length: levels }, (_, at) => ({ price: Decimal.of(String(from + at)), size: Decimal.of("1") }));
  const total = Decimal.of(String(levels));
  const value: Orderbook = makeOrderbook({
    market: of,
    timestampMs: atMs,
    asks: side(200),
    bids: side(100),
    totalAskSize: total,
    totalBidSize: total,
  });
  return { _tag: "Orderbook", value, snapshot };
};

const never = 1e9;
const unwatched: Partial<RouterConfigShape> = { firstWordMs: never, verifyAfterMs: never, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 };
/** The watch over silent keys, as it is by default, with nothing else that asks REST about them. */
export const watched: Partial<RouterConfigShape> = { firstWordMs: 5_000, verifyAfterMs: 2_000, reseedAfterMs: never };

const listQuestion = "list";

const codeOf = (key: StreamKey): string => (key.kind === "orderbook" ? `${keyId(key)}.${key.levels}` : keyId(key));

const call = <A>(path: string): RestCall<A> => ({
  endpoint: "scripted",
  group: "scripted",
  url: `http://scripted/${path}`,
  decode: () => Result.succeed({ rows: [], rejected: [], unknownFields: [] }),
});

/** Messages in flight, by their wire form: the wire carries a number, so that values stay exact objects. */
const inFlight = new Map<string, SocketMessage>();
let frames = 0;
export const wire = (message: SocketMessage): string => {
  const name = `frame ${++frames}`;
  inFlight.set(name, message);
  return name;
};
const unwire = (name: string): SocketMessage => {
  const message = inFlight.get(name);
  if (message === undefined) throw new Error(`Unknown frame ${name}`);
  return message;
};
