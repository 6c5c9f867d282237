/**
 * Makes the promise door of a layer: one `ManagedRuntime`, built at once so that a wrong setting rejects here and not at the first call.
 * Promises are rejected with the tagged error itself, not with a wrapper, so `error._tag` and `error.retryAfterMs` are at hand.
 */
import * as Cause from "effect/Cause";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import { Closed, type MarketDataError } from "../errors/MarketDataError.ts";
import type { TradeRefused } from "../errors/TradeRefused.ts";
import { MarketData, type Markets } from "../MarketData.ts";
import { apply } from "../stream/Delta.ts";
import type { AskPromise, NaruClient } from "./NaruClient.ts";

export const makeClient = async (layer: Layer.Layer<MarketData, MarketDataError>): Promise<NaruClient> => {
  // What is worth a line goes to standard error: standard output is the program's own.
  const runtime = ManagedRuntime.make(layer.pipe(Layer.provideMerge(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))));
  const built = await runtime.runPromiseExit(MarketData);
  if (Exit.isFailure(built)) {
    await runtime.dispose();
    throw Cause.squash(built.cause);
  }
  const data = built.value;
  // Streams run as calls do: by the layer's clock and scheduler, which in a back-test are its own.
  const context = await runtime.context();
  let closing: Promise<void> | undefined;

  const run = async <A>(effect: Effect.Effect<A, MarketDataError | TradeRefused>): Promise<A> => {
    if (closing !== undefined) throw new Closed({ what: "the client" });
    const exit = await runtime.runPromiseExit(effect);
    if (Exit.isSuccess(exit)) return exit.value;
    if (closing !== undefined && Cause.hasInterruptsOnly(exit.cause)) throw new Closed({ what: "the client" });
    throw Cause.squash(exit.cause);
  };
  const iterate = <A>(stream: Stream.Stream<A, MarketDataError>): AsyncIterable<A> =>
    Stream.toAsyncIterableWith(
      Stream.suspend(() => (closing === undefined ? stream : Stream.fail(new Closed({ what: "the client" })))),
      context,
    );
  const ended = Deferred.makeUnsafe<never, Closed>();
  const close = (): Promise<void> => {
    Deferred.doneUnsafe(ended, Effect.fail(new Closed({ what: "the client" })));
    return (closing ??= runtime.dispose());
  };

  return {
    getTicker: asPromise(data.getTicker, run),
    getOrderbook: asPromise(data.getOrderbook, run),
    getTrades: (market, options) => run(data.getTrades(market, options)),
    getCandles: (market, interval, options) => run(data.getCandles(market, interval, options)),
    getCandleColumns: (market, interval, options) => run(data.getCandleColumns(market, interval, options)),
    getMarkets: (options) => run(data.getMarkets(options)),
    streamTicker: (markets, options) => iterate(data.streamTicker(markets, options)),
    streamOrderbook: (markets, options) => iterate(data.streamOrderbook(markets, options)),
    streamTrades: (markets, options) => iterate(data.streamTrades(markets, options)),
    streamCandles: (markets, interval, options) => iterate(data.streamCandles(markets, interval, options)),
    streamTickerEvents: (markets, options) => iterate(data.streamTickerEvents(markets, options)),
    streamOrderbookEvents: (markets, options) => iterate(data.streamOrderbookEvents(markets, options)),
    streamTradesEvents: (markets, options) => iterate(data.streamTradesEvents(markets, options)),
    streamCandlesEvents: (markets, interval, options) => iterate(data.streamCandlesEvents(markets, interval, options)),
    streamBars: (markets, interval, options) => iterate(data.streamBars(markets, interval, options)),
    streamBarsEvents: (markets, interval, options) => iterate(data.streamBarsEvents(markets, interval, options)),
    streamTickerDeltas: (markets, options) => iterate(data.streamTickerDeltas(markets, options)),
    streamOrderbookDeltas: (markets, options) => iterate(data.streamOrderbookDeltas(markets, options)),
    applyDelta: (held, delta) => Result.getOrThrowWith(apply(held, delta), (mismatch) => mismatch),
    subscribe: async (markets, kinds, callback) => {
      const { id, status, ready, unsubscribe } = await run(data.subscribe(markets, kinds, callback));
      const end = async () => {
        // Closing the client ends it too, whichever comes first.
        if (closing === undefined) await runtime.runPromiseExit(unsubscribe);
        await closing;
      };
      return { id, status, ready: () => run(ready), unsubscribe: end };
    },
    guard: (market, options) => run(data.guard(market, options)),
    explain: (question) => run(data.explain(question)),
    health: () => run(data.health),
    liveMetrics: () => run(data.liveMetrics),
    // The layer ends the streams of market data by itself; these would wait for ever.
    modeChanges: () => iterate(Stream.interruptWhen(data.modeChanges, Deferred.await(ended))),
    alerts: () => iterate(Stream.interruptWhen(data.alerts, Deferred.await(ended))),
    metrics: () => run(data.metrics),
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** The cast joins the two forms under one overloaded name, as the service does. */
const asPromise = <A, Options>(
  get: {
    (market: string, options?: Options): Effect.Effect<unknown, MarketDataError>;
    (markets: ReadonlyArray<string>, options?: Options): Effect.Effect<unknown, MarketDataError>;
  },
  run: <B>(effect: Effect.Effect<B, MarketDataError>) => Promise<B>,
): AskPromise<A, Options> =>
  ((markets: Markets, options?: Options) => run(typeof markets === "string" ? get(markets, options) : get(markets, options))) as AskPromise<
    A,
    Options
  >;
