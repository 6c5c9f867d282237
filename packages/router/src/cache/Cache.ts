/**
 * What is remembered: the last live values (hot, see `HotStore.ts`), those of keys that reads have just turned away from (`Transition.ts`), and
 * recent REST answers (warm, see `WarmStore.ts`). All ages are monotonic.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Awake } from "../transport/Awake.ts";
import { HotStore } from "./HotStore.ts";
import { SingleFlight } from "./SingleFlight.ts";
import { Transition } from "./Transition.ts";
import { WarmStore, warmKeyId } from "./WarmStore.ts";

/** A REST answer in the warm store. */
export interface WarmEntry<A> {
  readonly value: A;
  /** Monotonic time since which its age counts. */
  readonly sinceNanos: bigint;
}

export interface WarmAnswer<A> {
  readonly entry: WarmEntry<A>;
  /** It was stored before this call. */
  readonly hit: boolean;
}

export class Cache extends Context.Service<
  Cache,
  {
    readonly hot: HotStore;
    readonly transition: Transition;
    /**
     * The stored value if it is at most `maxAgeMs` old, else what `load` brings. Callers of one key share one load; a failure is never stored;
     * one caller's interruption does not disturb the others. A value is as old as `since` says, which gives a monotonic time; without it,
     * as the time it has been stored.
     */
    readonly warm: <A, E, R>(
      key: WarmKey,
      maxAgeMs: number,
      load: Effect.Effect<A, E, R>,
      since?: (value: A) => bigint,
    ) => Effect.Effect<WarmAnswer<A>, E, R>;
    /** What is stored for a question, however old, without marking it as used. */
    readonly peekWarm: (key: WarmKey) => WarmEntry<unknown> | undefined;
    /** Forgets what is known of a market, all of it or one kind. */
    readonly invalidate: (market: Market, kind?: Kind) => Effect.Effect<void>;
    readonly clear: Effect.Effect<void>;
  }
>()("@naru/router/cache/Cache") {
  /** In memory, empty at the start, bounded by `hotCapacity` and `warmCapacity`. */
  static readonly layerMemory: Layer.Layer<Cache> = Layer.effect(
    Cache,
    Effect.suspend(() => make),
  );
  static readonly layer: Layer.Layer<Cache> = Cache.layerMemory;
  /** The same: it holds nothing that a test would have to fake. */
  static readonly layerTest: Layer.Layer<Cache> = Cache.layerMemory;
}

/** A question in a form that two different questions never share. */
export interface WarmKey {
  readonly kind: Kind;
  readonly market: Market;
  /** Everything else that shapes the answer, in a fixed order: `["1m","200","1767571200000"]`. */
  readonly parts: ReadonlyArray<string>;
}

const make = Effect.gen(function* () {
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const hot = new HotStore(config.hotCapacity);
  const transition = new Transition({ capacity: config.maxReadSubscriptions, lastsMs: config.transitionMs });
  const store = new WarmStore(config.warmCapacity);
  const clear = () => {
    store.clear();
    hot.clear();
    transition.clear();
  };
  const flights = new SingleFlight<WarmEntry<unknown>, unknown>(yield* Effect.scope);

  // Where the clock stood still, everything is older than it says, and nobody knows by how much.
  yield* (yield* Awake).onWake(({ unseenMs }) => void (unseenMs > 0 && clear()));

  const ageMs = (entry: WarmEntry<unknown>): number => Number(clock.monotonicTimeNanosUnsafe() - entry.sinceNanos) / 1e6;

  const loadInto = <A, E, R>(key: WarmKey, load: Effect.Effect<A, E, R>, since: (value: A) => bigint): Effect.Effect<WarmEntry<A>, E, R> =>
    Effect.map(load, (value) => {
      const entry = { value, sinceNanos: since(value) };
      store.put(key, entry);
      return entry;
    });

  return Cache.of({
    hot,
    transition,
    warm: <A, E, R>(
      key: WarmKey,
      maxAgeMs: number,
      load: Effect.Effect<A, E, R>,
      since: (value: A) => bigint = () => clock.monotonicTimeNanosUnsafe(),
    ) =>
      Effect.suspend((): Effect.Effect<WarmAnswer<A>, E, R> => {
        const held = store.get(key);
        // A key is only ever loaded with one type of value: its kind is part of the key.
        if (held !== undefined && ageMs(held) <= maxAgeMs) return Effect.succeed({ entry: held as WarmEntry<A>, hit: true });
        const flight = flights.run(warmKeyId(key), loadInto(key, load, since)) as Effect.Effect<WarmEntry<A>, E, R>;
        return Effect.map(flight, (entry) => ({ entry, hit: false }));
      }),
    peekWarm: (key) => store.peek(key),
    invalidate: (market, kind) =>
      Effect.sync(() => {
        store.invalidate(market, kind);
        hot.invalidate(market, kind);
        transition.invalidate(market, kind);
      }),
    clear: Effect.sync(clear),
  });
});
