/**
 * The streams of a back-test: trades and candles of the history store, given out by the player at their time. What a store does not keep, tickers and
 * order books, is refused at once: a ticker made up from trades would look like the exchange's and be none.
 */
import type * as Arr from "effect/Array";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { barRequest } from "../barRequest.ts";
import type { TimeRange } from "../cache/Coverage.ts";
import type { HistoryStoreShape } from "../cache/HistoryStore.ts";
import type { BarElement } from "../domain/Bar.ts";
import type { Interval } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";
import type { ElementOf, StreamElement } from "../domain/StreamElement.ts";
import type { Kind } from "../domain/Question.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import { InvalidRequest, type MarketDataError } from "../errors/MarketDataError.ts";
import type { Markets } from "../MarketData.ts";
import { keysOf, over, type Streaming, type StreamShape } from "../streaming.ts";
import type { BacktestClock } from "./BacktestClock.ts";
import type { Feed, Player } from "./Player.ts";
import type { Source } from "./Source.ts";
import { StoredBars } from "./StoredBars.ts";
import { type StorableKey, type StoredElement, StoredKey } from "./StoredKey.ts";

export interface Stage {
  readonly player: Player;
  readonly clock: BacktestClock;
  readonly store: HistoryStoreShape;
  /** The name under which the store keeps the exchange. */
  readonly venue: string;
  /** The end of the back-test, epoch milliseconds. */
  readonly toMs: number;
}

export const make = (stage: Stage): Streaming =>
  over(
    (kind, markets, options) => eventsFrom(stage, kind, markets, options),
    (kind, markets, shape) => Effect.asVoid(Effect.flatMap(Effect.fromResult(keysOf(kind, markets, shape)), storable)),
    (markets, interval, options) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const request = yield* Effect.fromResult(barRequest(markets, interval, options));
          const wanted =
            request.wanted._tag === "Markets" ? request.wanted.markets : yield* keptIn(stage, request.wanted.quote, request.interval);
          return barsOf(stage, request.interval, wanted);
        }),
      ),
  );

/** Closed candles that end from a moment on, which may be past when the stream is first read: those come at once. */
export const candlesFrom = (stage: Stage, markets: Markets, interval: string, fromMs: number) =>
  eventsFrom(stage, "candles", markets, { interval }, fromMs);

/** From the moment on in which the stream is begun, unless another is named. */
const eventsFrom = <K extends Kind>(stage: Stage, kind: K, markets: Markets, shape: StreamShape, fromMs?: number) =>
  Stream.unwrap(
    Effect.map(Effect.flatMap(Effect.fromResult(keysOf(kind, markets, shape)), storable), (keys) => eventsOf<K>(stage, keys, fromMs)),
  );

/** Markets of a currency of which candles are kept. */
const keptIn = (
  { player, store, venue }: Stage,
  quote: string,
  interval: Interval,
): Effect.Effect<ReadonlyArray<Market>, MarketDataError> =>
  Effect.flatMap(whileStill(player)(store.series), (kept) => {
    const markets = kept.flatMap((series) =>
      series.venue === venue && series.interval === interval && series.market.startsWith(`${quote}-`) ? [series.market] : [],
    );
    return markets.length > 0
      ? Effect.succeed(markets)
      : Effect.fail(
          new InvalidRequest({ field: "quote", input: quote, reason: `prices no market of which candles of ${interval} are kept` }),
        );
  });

/** Why a kind has no past to be played. */
export const notKept = (kind: Kind): InvalidRequest =>
  new InvalidRequest({ field: "kind", input: kind, reason: "is not kept: a back-test has trades and candles" });

const storable = (keys: ReadonlyArray<StreamKey>): Effect.Effect<ReadonlyArray<StorableKey>, InvalidRequest> =>
  Effect.forEach([...new Map(keys.map((key) => [keyId(key), key])).values()], (key) =>
    key.kind === "trades" || key.kind === "candles" ? Effect.succeed(key) : Effect.fail(notKept(key.kind)),
  );

/** Trades come before the candles that end at the same moment: they are in them. */
const rankOf = (key: StorableKey): number => (key.kind === "trades" ? 0 : 1);

/** Bars come last of their moment: everything in them has been told. */
const rankOfBars = 2;

const eventsOf = <K extends Kind>(
  stage: Stage,
  keys: ReadonlyArray<StorableKey>,
  fromMs: number | undefined,
): Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError> => {
  const { clock, store, venue } = stage;
  const open = (range: TimeRange) => Effect.forEach(keys, (key) => StoredKey.open(store, venue, key, range));
  // Who is late sees it when it comes.
  const given = (element: StoredElement): StoredElement =>
    element._tag === "Live" ? { ...element, receivedTimeMs: clock.currentTimeMillisUnsafe() } : element;
  const [first] = keys;
  const rank = first === undefined ? 0 : rankOf(first);
  // Keys of one kind bring values of that kind only.
  return Stream.map(played(stage, rank, open, fromMs), given) as Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;
};

const barsOf = (stage: Stage, interval: Interval, markets: ReadonlyArray<Market>): Stream.Stream<BarElement, MarketDataError> =>
  played(stage, rankOfBars, (range) => Effect.succeed([new StoredBars(stage, interval, markets, range)]));

/** What sources bring from now on, each element when the player comes to it. */
const played = <Element>(
  stage: Stage,
  rank: number,
  open: (range: TimeRange) => Effect.Effect<ReadonlyArray<Source<Element>>, MarketDataError>,
  fromMs?: number,
): Stream.Stream<Element, MarketDataError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { player, clock, toMs } = stage;
      const feed = yield* Effect.acquireRelease(
        Effect.sync(() => player.open()),
        (opened) => Effect.sync(() => opened.close()),
      );
      const sources = yield* whileStill(player)(open({ fromMs: fromMs ?? clock.currentTimeMillisUnsafe(), toMs }));
      return Stream.fromPull(Effect.succeed(nextOf(stage, feed, sources, rank)));
    }),
  );

/** While the store is read, time stands still. */
export const whileStill =
  (player: Player) =>
  <A, E>(reading: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => player.beginReading()),
      () => reading,
      () => Effect.sync(() => player.endReading()),
    );

/** The next element of all sources, when its time has come; the end at the end. */
const nextOf = <Element>({ player, toMs }: Stage, feed: Feed, sources: ReadonlyArray<Source<Element>>, rank: number) =>
  Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) =>
    Effect.suspend(() => {
      const isShort = sources.some((source) => source.peek() === undefined && !source.isRead);
      const fill = Effect.forEach(sources, (source) => source.fill, { discard: true });
      return Effect.andThen(
        isShort ? whileStill(player)(fill) : Effect.void,
        Effect.callback<Arr.NonEmptyReadonlyArray<Element>, Cause.Done>((resume) => {
          const source = earliest(sources);
          const due = source?.peek();
          const give = () => {
            if (source === undefined || due === undefined) return resume(Cause.done());
            source.take();
            resume(Effect.succeed([due.element]));
          };
          feed.wait({ atMs: due?.atMs ?? toMs, rank, give }, fiber);
          return Effect.sync(() => feed.leave());
        }),
      );
    }),
  );

const earliest = <Element>(sources: ReadonlyArray<Source<Element>>): Source<Element> | undefined => {
  let found: Source<Element> | undefined;
  for (const source of sources) {
    const due = source.peek();
    if (due !== undefined && due.atMs < (found?.peek()?.atMs ?? Infinity)) found = source;
  }
  return found;
};
