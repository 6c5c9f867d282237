/**
 * The streams of `MarketData` over `Subscriptions`: input checked, markets looked up before the socket is asked (it answers an unknown one
 * with silence), and the plain streams of values and the streams of changes made from the streams of elements.
 */
import * as Arr from "effect/Array";
import * as Effect from "effect/Effect";
import type * as Pull from "effect/Pull";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import type { MarketList } from "./cache/MarketList.ts";
import { barRequest } from "./barRequest.ts";
import type { BarElement, BarMarkets, BarOptions } from "./domain/Bar.ts";
import { parseInterval } from "./domain/Interval.ts";
import { type Market, parseMarket } from "./domain/Market.ts";
import type { Kind } from "./domain/Question.ts";
import type { ElementOf, Gap, Noter, StreamElement, StreamOptions, Watcher } from "./domain/StreamElement.ts";
import type { StreamKey } from "./domain/StreamKey.ts";
import { InvalidRequest, type MarketDataError, StreamGap } from "./errors/MarketDataError.ts";
import type { Markets } from "./MarketData.ts";
import { type Delta, DeltaEncoder, type DeltaKind, type DeltaValue } from "./stream/Delta.ts";
import type { Subscriptions } from "./stream/Subscriptions.ts";
import type { Venue } from "./transport/Venue.ts";

/** What a stream needs beyond its markets. */
export interface StreamShape {
  readonly levels?: number | undefined;
  readonly interval?: string | undefined;
}

export interface Streaming {
  /** Waits until the exchange has spoken of every key or confirmed it. Subscribes to nothing by itself. */
  readonly ready: (kind: Kind, markets: Markets, shape: StreamShape) => Effect.Effect<void, MarketDataError>;
  readonly events: <K extends Kind>(
    kind: K,
    markets: Markets,
    options: StreamOptions & StreamShape,
    noter?: Noter<ElementOf[K]>,
  ) => Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;
  /**
   * The same elements, each handed over in the very step in which it comes: as long as that takes, the socket waits. Runs as long as the stream would.
   */
  readonly watch: <K extends Kind>(
    kind: K,
    markets: Markets,
    options: Pick<StreamOptions, "priority"> & StreamShape,
    watcher: Watcher<ElementOf[K]>,
  ) => Effect.Effect<void, MarketDataError>;
  readonly values: <K extends Kind>(
    kind: K,
    markets: Markets,
    options: StreamOptions & StreamShape,
  ) => Stream.Stream<ElementOf[K], MarketDataError>;
  readonly deltas: <K extends DeltaKind>(
    kind: K,
    markets: Markets,
    options: StreamOptions & StreamShape,
  ) => Stream.Stream<Delta<K>, MarketDataError>;
  readonly bars: (markets: BarMarkets, interval: string, options: BarOptions) => Stream.Stream<BarElement, MarketDataError>;
}

export const make = (subscriptions: Subscriptions["Service"], marketList: MarketList["Service"], venue: Venue["Service"]): Streaming => {
  const keys = Effect.fnUntraced(function* (kind: Kind, markets: Markets, shape: StreamShape) {
    const wanted = yield* Effect.fromResult(keysOf(kind, markets, shape));
    for (const key of wanted) {
      if (!venue.socket.supports(key))
        return yield* new InvalidRequest({ field: "interval", input: shape.interval ?? kind, reason: "is not streamed by this exchange" });
    }
    // An exchange that cannot list its markets now may still stream them.
    yield* Effect.ignore(marketList.get);
    yield* Effect.forEach(wanted, (key) => marketList.check(key.market), { discard: true });
    return wanted;
  });

  const events: Streaming["events"] = (kind, markets, options, noter) => {
    // Of trades and candles every one counts; a newer one does not replace an older one.
    if (options.overflow === "conflate" && (kind === "trades" || kind === "candles"))
      return Stream.fail(
        new InvalidRequest({ field: "overflow", input: "conflate", reason: `is not for ${kind}: none may stand for another` }),
      );
    return subscriptions.events(kind, keys(kind, markets, options), options, noter);
  };

  const bars: Streaming["bars"] = (markets, intervalText, options) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const { interval, wanted } = yield* Effect.fromResult(barRequest(markets, intervalText, options));
        if (wanted._tag === "Quote") {
          const follow = pricedIn(marketList, wanted.quote);
          return subscriptions.bars({ ...options, interval, markets: yield* follow, follow });
        }
        yield* Effect.ignore(marketList.get);
        yield* Effect.forEach(wanted.markets, (market) => marketList.check(market), { discard: true });
        return subscriptions.bars({ ...options, interval, markets: wanted.markets });
      }),
    );

  const ready: Streaming["ready"] = (kind, markets, shape) =>
    Effect.flatMap(keys(kind, markets, shape), (wanted) => subscriptions.awaitReady(wanted));
  const watch: Streaming["watch"] = (kind, markets, options, watcher) =>
    Effect.flatMap(keys(kind, markets, options), (wanted) => subscriptions.watch(kind, wanted, options, watcher));
  return over(events, ready, bars, watch);
};

/** Every market priced in a currency, as the list has them now. A currency that prices none is a mistake, not an empty list. */
const pricedIn = (marketList: MarketList["Service"], quote: string): Effect.Effect<ReadonlyArray<Market>, MarketDataError> =>
  Effect.flatMap(marketList.get, (known) => {
    const markets = [...known.values()].flatMap((info) => (info.quote === quote ? [info.market] : []));
    return markets.length > 0
      ? Effect.succeed(markets)
      : Effect.fail(new InvalidRequest({ field: "quote", input: quote, reason: "prices no market of this exchange" }));
  });

/** The streams that are made from the streams of elements. Elements that come in no step of a socket's are watched by the stream of them. */
export const over = (
  events: Streaming["events"],
  ready: Streaming["ready"],
  bars: Streaming["bars"],
  watch: Streaming["watch"] = (kind, markets, options, watcher) =>
    Stream.runForEach(events(kind, markets, options), (element) => Effect.sync(() => watcher.take(element))),
): Streaming => ({
  ready,
  events,
  watch,
  bars,
  values: (kind, markets, options) => valuesOf(events(kind, markets, options), options.onGap ?? "fail"),
  deltas: (kind, markets, options) => deltasOf(kind, events(kind, markets, options), options.onGap ?? "fail"),
});

/** The keys that a stream reads, refused where they are written wrongly. What the exchange has is not looked up. */
export const keysOf = (kind: Kind, markets: Markets, shape: StreamShape): Result.Result<ReadonlyArray<StreamKey>, InvalidRequest> => {
  const codes = typeof markets === "string" ? [markets] : [...new Set(markets)];
  if (codes.length === 0) return Result.fail(new InvalidRequest({ field: "market", input: "", reason: "is missing: the list is empty" }));
  return Result.gen(function* () {
    const wanted: Array<StreamKey> = [];
    for (const code of codes) wanted.push(yield* keyOf(kind, yield* parseMarket(code), shape));
    // A copy is as long as it need be: every stream keeps one.
    return wanted.slice();
  });
};

/** Only the values. At a hole that may not be skipped, all values before it come first, then the failure. */
export const valuesOf = <A>(
  events: Stream.Stream<StreamElement<A>, MarketDataError>,
  onGap: "fail" | "skip",
): Stream.Stream<A, MarketDataError> =>
  untilHole(events, onGap, () => (element) => (element._tag === "Live" || element._tag === "Recovered" ? element.value : undefined));

/** Only the changes. Every run has an encoder of its own, so it begins with whole values. */
const deltasOf = <K extends DeltaKind>(
  kind: K,
  events: Stream.Stream<StreamElement<DeltaValue[K]>, MarketDataError>,
  onGap: "fail" | "skip",
): Stream.Stream<Delta<K>, MarketDataError> =>
  untilHole(events, onGap, () => {
    const encoder = new DeltaEncoder(kind);
    return (element) => encoder.encode(element);
  });

/** What `makeEach`, called once per run, makes of each element, up to a hole that may not be skipped. A batch stays one, in one pass over it. */
const untilHole = <A, B>(
  events: Stream.Stream<StreamElement<A>, MarketDataError>,
  onGap: "fail" | "skip",
  makeEach: () => (element: StreamElement<A>) => B | undefined,
): Stream.Stream<B, MarketDataError> =>
  Stream.transformPull(events, (pull) =>
    Effect.sync(() => {
      const each = makeEach();
      let hole: Gap | undefined;
      const next: Pull.Pull<Arr.NonEmptyReadonlyArray<B>, MarketDataError> = Effect.flatMap(pull, (elements) => {
        const made: Array<B> = [];
        for (const element of elements) {
          if (element._tag === "Gap" && onGap === "fail") {
            hole = element;
            break;
          }
          const one = each(element);
          if (one !== undefined) made.push(one);
        }
        return Arr.isArrayNonEmpty(made) ? Effect.succeed(made) : orHole;
      });
      const orHole = Effect.suspend(() => (hole === undefined ? next : Effect.fail(gapError(hole))));
      return orHole;
    }),
  );

const gapError = ({ kind, market, fromMs, toMs, reason }: Gap): StreamGap => new StreamGap({ kind, market, fromMs, toMs, reason });

const keyOf = (kind: Kind, market: Market, shape: StreamShape): Result.Result<StreamKey, InvalidRequest> => {
  switch (kind) {
    case "ticker":
    case "trades":
      return Result.succeed({ kind, market });
    case "orderbook": {
      const levels = shape.levels ?? 15;
      if (Number.isInteger(levels) && levels >= 1 && levels <= 30) return Result.succeed({ kind, market, levels });
      return Result.fail(new InvalidRequest({ field: "levels", input: String(levels), reason: "is not a whole number from 1 to 30" }));
    }
    case "candles":
      return Result.map(parseInterval(shape.interval ?? ""), (interval) => ({ kind, market, interval }));
  }
};
