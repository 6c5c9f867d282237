/**
 * What is remembered: the last live values (hot, see `HotStore.ts`), those of keys that reads have just turned away from (`Transition.ts`), and
 * recent REST answers (warm, see `Warm.ts`). All ages are monotonic.
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
import { Transition } from "./Transition.ts";
import { Warm, type WarmAnswer, type WarmCounts, type WarmTraits } from "./Warm.ts";
import type { WarmEntry } from "./WarmStore.ts";

export type { WarmEntry } from "./WarmStore.ts";

export { maxRefreshes, type WarmAnswer, type WarmCounts, type WarmTraits } from "./Warm.ts";

export class Cache extends Context.Service<
  Cache,
  {
    readonly hot: HotStore;
    readonly transition: Transition;
    /**
     * The stored value while its life lasts and it is at most `maxAgeMs` old, else what `load` brings. Callers of one key share one load; a failure
     * is never stored; one caller's interruption does not disturb the others.
     *
     * A hit late in an entry's life (`warmRefreshAt`) starts one refresh that nobody waits for. While it runs, and when it fails, the entry goes on
     * answering until its own time is over; after a failure the next refresh waits. No more than {@link maxRefreshes} run at once, and further
     * hits start none.
     */
    readonly warm: <A, E, R>(
      key: WarmKey,
      maxAgeMs: number,
      load: Effect.Effect<A, E, R>,
      traits?: WarmTraits<A>,
    ) => Effect.Effect<WarmAnswer<A>, E, R>;
    /**
     * Reads a question before anybody asks it again. Whether it did: not while a refresh of it runs or has just failed, nor while as many run as may.
     * Does not count as use. Never fails.
     */
    readonly refreshWarm: <A>(
      key: WarmKey,
      traits: WarmTraits<A> & { readonly refresh: Effect.Effect<A, unknown> },
    ) => Effect.Effect<boolean>;
    /** What is stored for a question, however old, without marking it as used. */
    readonly peekWarm: (key: WarmKey) => WarmEntry<unknown> | undefined;
    /** What the warm store holds: entries, and an estimate of their bytes. */
    readonly warmSize: () => { readonly entries: number; readonly bytes: number };
    /** What the warm store was good for so far. */
    readonly warmCounts: () => WarmCounts;
    /** Forgets what is known of a market, all of it or one kind. */
    readonly invalidate: (market: Market, kind?: Kind) => Effect.Effect<void>;
    readonly clear: Effect.Effect<void>;
  }
>()("@naru/router/cache/Cache") {
  /** In memory, empty at the start, bounded by `hotCapacity`, `warmCapacity` and `warmBytes`. */
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
  const hot = new HotStore(config.hotCapacity);
  const transition = new Transition({ capacity: config.maxReadSubscriptions, lastsMs: config.transitionMs });
  const warm = new Warm(config, yield* Clock.Clock, yield* Effect.scope);
  const clear = () => {
    warm.forget();
    hot.clear();
    transition.clear();
  };

  // Where the clock stood still, everything is older than it says, and nobody knows by how much.
  yield* (yield* Awake).onWake(({ unseenMs }) => void (unseenMs > 0 && clear()));

  return Cache.of({
    hot,
    transition,
    warm: (key, maxAgeMs, load, traits = {}) => warm.ask(key, maxAgeMs, load, traits),
    refreshWarm: (key, traits) => warm.readAhead(key, traits),
    peekWarm: (key) => warm.store.peek(key),
    warmSize: () => ({ entries: warm.store.size, bytes: warm.store.bytes }),
    warmCounts: () => warm.counts(),
    invalidate: (market, kind) =>
      Effect.sync(() => {
        warm.forget(market, kind);
        hot.invalidate(market, kind);
        transition.invalidate(market, kind);
      }),
    clear: Effect.sync(clear),
  });
});
