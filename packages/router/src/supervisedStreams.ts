/**
 * Streams that outlive the router: each runs on the router's live side while there is one, goes on over the direct socket when that ends under it,
 * and returns when a router is trusted again. The way back is made before the old one is left: both feeds run side by side until the new one is
 * subscribed, and what comes twice is given once (`Splice.ts`). On the way out there is nothing to overlap with, so what may be missing is told.
 */
import type * as Arr from "effect/Array";
import * as Cause from "effect/Cause";
import * as Channel from "effect/Channel";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Pull from "effect/Pull";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { DirectSocket } from "./direct/DirectSocket.ts";
import type { Kind } from "./domain/Question.ts";
import type { ElementOf, Noter, Reconnecting, StreamElement, StreamOptions, Watcher } from "./domain/StreamElement.ts";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import type { Markets } from "./MarketData.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { type Instance, RouterSide } from "./RouterSide.ts";
import { Splice } from "./Splice.ts";
import * as supervisedBars from "./supervisedBars.ts";
import { keysOf, over, type Streaming, type StreamShape } from "./streaming.ts";
import { Venue } from "./transport/Venue.ts";

/** How long both feeds run side by side once the router's is subscribed. */
const overlap = "1 second";
/** Between two looks whether it is, where its link is down. */
const readyAgain = "500 millis";

type Events<K extends Kind> = Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError>;

interface Wanted<K extends Kind> {
  readonly kind: K;
  readonly markets: Markets;
  readonly options: StreamOptions & StreamShape;
  readonly splice: Splice<K>;
}

export const make = Effect.gen(function* () {
  const { enableSmartRouting, smartRouting, tradeMemory } = yield* RouterConfig;
  const feeds: Feeds = { side: yield* RouterSide, socket: yield* DirectSocket, venue: yield* Venue, clock: yield* Clock.Clock };
  const { side } = feeds;

  const events: Streaming["events"] = (kind, markets, options) =>
    opening((scope) => {
      const wanted = { kind, markets, options, splice: new Splice(kind, tradeMemory) };
      if (!enableSmartRouting || !smartRouting[kind]) return pullIn(directly(feeds, wanted, false), scope);
      const instance = side.current();
      // While nothing happens to the first feed of a stream, all that is done is to note how far it has come.
      return instance === undefined
        ? pullIn(spliced(wanted, meanwhile(feeds, wanted, false)), scope)
        : routed(feeds, wanted, instance, scope, wanted.splice);
    });

  const ready: Streaming["ready"] = (kind, markets, shape) => {
    const instance = side.current();
    return instance === undefined
      ? Effect.asVoid(Effect.fromResult(keysOf(kind, markets, shape)))
      : instance.streams.ready(kind, markets, shape);
  };

  const watch: Streaming["watch"] = (kind, markets, options, watcher) =>
    Effect.suspend(() => {
      const splice = new Splice(kind, tradeMemory, watcher);
      const wanted = { kind, markets, options, splice };
      if (!enableSmartRouting || !smartRouting[kind]) return calledBack(directly(feeds, wanted, false), watcher);
      const instance = side.current();
      return instance === undefined ? watchedMeanwhile(feeds, wanted, false) : watched(feeds, wanted, instance);
    });
  return over(events, ready, yield* supervisedBars.make, watch);
});

interface Feeds {
  readonly side: RouterSide["Service"];
  readonly socket: DirectSocket["Service"];
  readonly venue: Venue["Service"];
  readonly clock: Clock.Clock;
}

/** From the first change of feeds on. */
const spliced = <K extends Kind>({ splice }: Wanted<K>, feed: Events<K>): Events<K> =>
  Stream.flattenIterable(Stream.map(feed, (element) => splice.spliced(element)));

type EventPull<K extends Kind> = Pull.Pull<Arr.NonEmptyReadonlyArray<StreamElement<ElementOf[K]>>, MarketDataError>;

const opening = <K extends Kind>(open: (scope: Scope.Scope) => Effect.Effect<EventPull<K>, MarketDataError>): Events<K> =>
  Stream.fromChannel(Channel.fromTransform((_, scope) => Effect.suspend(() => open(scope))));

const pullIn = <K extends Kind>(stream: Events<K>, scope: Scope.Scope): Effect.Effect<EventPull<K>> =>
  Channel.toPullScoped(Stream.toChannel(stream), scope);

/**
 * The router's own stream; when the router ends under it, the direct one. As `Stream.catchCause`, but in the scope that it runs in: one more for each of
 * very many streams would be a tenth of what they hold, and a router's stream that has failed holds nothing that a scope would have to end.
 */
const routed = <K extends Kind>(
  feeds: Feeds,
  wanted: Wanted<K>,
  instance: Instance,
  scope: Scope.Scope,
  noter?: Noter<ElementOf[K]>,
): Effect.Effect<EventPull<K>> =>
  Effect.map(pullIn(instance.streams.events(wanted.kind, wanted.markets, wanted.options, noter), scope), (first) =>
    outliving(feeds, wanted, instance, scope, first),
  );

/** The first pull until it fails, and from then on the one that follows. */
const outliving = <K extends Kind>(
  feeds: Feeds,
  wanted: Wanted<K>,
  instance: Instance,
  scope: Scope.Scope,
  first: EventPull<K>,
): EventPull<K> => {
  let current: EventPull<K> = Effect.catchCause(first, (cause) => {
    const ended = Pull.filterDone(cause);
    if (Result.isSuccess(ended)) return Effect.failCause(cause);
    const told = Stream.fromEffect(outlived(feeds, wanted, instance, ended.failure));
    const following = pullIn(Stream.concat(told, spliced(wanted, meanwhile(feeds, wanted, true))), scope);
    return Effect.flatMap(following, (pull) => (current = pull));
  });
  return Effect.suspend(() => current);
};

/** A stream ended: where that is the end of the router, what its consumer is told of it; otherwise the stream's own end. */
const outlived = <K extends Kind>(
  { clock, side }: Feeds,
  { splice }: Wanted<K>,
  instance: Instance,
  cause: Cause.Cause<MarketDataError>,
): Effect.Effect<Reconnecting, MarketDataError> =>
  Effect.suspend(() => {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause));
    const hasDied = error === undefined ? !Cause.hasInterruptsOnly(cause) : error._tag === "Closed";
    if (!hasDied || side.isClosing()) return Effect.failCause(cause);
    const reason = error?.message ?? "the router's stream crashed";
    splice.cut("the router ended");
    const told: Reconnecting = { _tag: "Reconnecting", attempt: 1, reason, atMs: clock.currentTimeMillisUnsafe() };
    return Effect.as(side.died(instance, reason), told);
  });

const directly = <K extends Kind>({ socket, venue }: Feeds, { kind, markets, options }: Wanted<K>, interrupted: boolean): Events<K> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const keys = yield* Effect.fromResult(keysOf(kind, markets, options));
      const other = keys.find((key) => !venue.socket.supports(key));
      if (other === undefined) return socket.events(kind, keys, { ...options, interrupted });
      return yield* new InvalidRequest({ field: "interval", input: options.interval ?? kind, reason: "is not streamed by this exchange" });
    }),
  );

/** The direct stream until a router is back, and the router's from then on. */
const meanwhile = <K extends Kind>(feeds: Feeds, wanted: Wanted<K>, interrupted: boolean): Events<K> => {
  const { splice } = wanted;
  const again: Events<K> = opening((scope) =>
    Effect.flatMap(feeds.side.back, (instance) => {
      splice.overlap();
      return routed(feeds, wanted, instance, scope);
    }),
  );
  return Stream.merge(directlyUntil(feeds, wanted, interrupted), again);
};

/** The direct stream until the router's is at work beside it. */
const directlyUntil = <K extends Kind>(feeds: Feeds, wanted: Wanted<K>, interrupted: boolean): Events<K> => {
  const { kind, markets, options } = wanted;
  const handedOver = Effect.gen(function* () {
    const { streams } = yield* feeds.side.back;
    const notYet = () => Effect.andThen(Effect.sleep(readyAgain), Effect.fail("not yet"));
    yield* Effect.catch(streams.ready(kind, markets, options), notYet).pipe(Effect.retry({ times: 1_000 }), Effect.ignore);
    yield* Effect.sleep(overlap);
  });
  return Stream.interruptWhen(directly(feeds, wanted, interrupted), handedOver);
};

/** As {@link routed}, by calls. */
const watched = <K extends Kind>(feeds: Feeds, wanted: Wanted<K>, instance: Instance): Effect.Effect<void, MarketDataError> =>
  Effect.catchCause(instance.streams.watch(wanted.kind, wanted.markets, wanted.options, wanted.splice), (cause) =>
    Effect.flatMap(outlived(feeds, wanted, instance, cause), (told) => {
      wanted.splice.take(told);
      return watchedMeanwhile(feeds, wanted, true);
    }),
  );

/** As {@link meanwhile}, by calls: those of the direct socket in turns of a fiber, those of the router as they come. */
const watchedMeanwhile = <K extends Kind>(feeds: Feeds, wanted: Wanted<K>, interrupted: boolean): Effect.Effect<void, MarketDataError> => {
  const again = Effect.flatMap(feeds.side.back, (instance) => {
    wanted.splice.overlap();
    return watched(feeds, wanted, instance);
  });
  const direct = calledBack(directlyUntil(feeds, wanted, interrupted), wanted.splice);
  return Effect.all([direct, again], { concurrency: "unbounded", discard: true });
};

const calledBack = <K extends Kind>(feed: Events<K>, watcher: Watcher<ElementOf[K]>): Effect.Effect<void, MarketDataError> =>
  Stream.runForEach(feed, (element) => Effect.sync(() => watcher.take(element)));
