/**
 * The warm store at work: hits, loads that callers share, and readings behind their backs. What is stored is `WarmStore.ts`, and how long it lives
 * `warmLife.ts`; here is what runs. Everything under way ends with the scope it was made in.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import type { RouterConfigShape } from "../RouterConfig.ts";
import type { WarmKey } from "./Cache.ts";
import { SingleFlight } from "./SingleFlight.ts";
import { adaptedLifeMs, beginUse, drawOf, noteLoad, noteRead, spreadLifeMs, type WarmUse } from "./warmLife.ts";
import { type WarmEntry, WarmStore, warmKeyId } from "./WarmStore.ts";

export interface WarmAnswer<A> {
  readonly entry: WarmEntry<A>;
  /** It was stored before this call. */
  readonly hit: boolean;
}

/** What the store has to know of a question's values. Each has a default, for values that are simply as old as they have been stored. */
export interface WarmTraits<A> {
  /** Monotonic time since which the value's age counts. */
  readonly since?: ((value: A) => bigint) | undefined;
  /** The longest the value may answer, in milliseconds; infinite where it can never change. An infinite one is neither adapted nor spread. */
  readonly boundMs?: ((value: A) => number) | undefined;
  /** About how many bytes it takes. */
  readonly bytes?: ((value: A) => number) | undefined;
  /** Whether it says something else than the value before. */
  readonly differs?: ((before: A, after: A) => boolean) | undefined;
  /** Reads the value behind the callers' backs, for nobody who waits. Without it an entry simply ends. */
  readonly refresh?: Effect.Effect<A, unknown> | undefined;
}

/** From this age on nothing is due: a question that accepts any age, about a value that cannot change. */
const immutableMs = Number.MAX_SAFE_INTEGER;
/** Refreshes under way at once. */
export const maxRefreshes = 32;
/** After a refresh that failed, the next one waits for this share of the entry's life. */
const retryShare = 0.1;

/** What the store was good for since its beginning. */
export interface WarmCounts {
  /** Questions that what was held answered, and questions for which the exchange was asked, or a request under way joined. */
  readonly hits: number;
  readonly misses: number;
  /** Readings that nobody waited for: begun by a late hit, and by habit. */
  readonly refreshes: number;
  readonly readAhead: number;
  /** Entries read by habit that answered somebody, and those that ended without. Those still held are neither. */
  readonly aheadUsed: number;
  readonly aheadWasted: number;
}

export class Warm {
  readonly store: WarmStore;
  readonly #config: RouterConfigShape;
  readonly #clock: Clock.Clock;
  readonly #scope: Scope.Scope;
  readonly #flights: SingleFlight<WarmEntry<unknown>, unknown>;
  readonly #refreshing = new Set<string>();
  /** Changes with everything that is forgotten: what was asked before is not stored after, and nobody joins it. */
  #epoch = 0;
  readonly #counts = { hits: 0, misses: 0, refreshes: 0, readAhead: 0 };

  constructor(config: RouterConfigShape, clock: Clock.Clock, scope: Scope.Scope) {
    this.#config = config;
    this.#clock = clock;
    this.#scope = scope;
    this.store = new WarmStore({ capacity: config.warmCapacity, bytes: config.warmBytes });
    this.#flights = new SingleFlight(scope);
  }

  counts(): WarmCounts {
    const { used, wasted } = this.store.ahead;
    return { ...this.#counts, aheadUsed: used, aheadWasted: wasted };
  }

  ask<A, E, R>(key: WarmKey, maxAgeMs: number, load: Effect.Effect<A, E, R>, traits: WarmTraits<A>): Effect.Effect<WarmAnswer<A>, E, R> {
    return Effect.suspend((): Effect.Effect<WarmAnswer<A>, E, R> => {
      const held = this.store.get(key);
      if (held !== undefined) {
        // A key is only ever loaded with one type of value: its kind is part of the key.
        const entry = held.entry as WarmEntry<A>;
        const lastsMs = Math.min(maxAgeMs, entry.lifeMs);
        const ageMs = Number(this.#clock.monotonicTimeNanosUnsafe() - entry.sinceNanos) / 1e6;
        const hit = ageMs <= lastsMs;
        noteRead(held.use, this.#nowMs(), hit);
        this.store.asked(held, hit);
        const isLate = lastsMs < immutableMs && ageMs > lastsMs * this.#config.warmRefreshAt;
        const answer = { entry, hit };
        if (hit) {
          this.#counts.hits++;
          return isLate ? Effect.as(this.#begin(key, traits, lastsMs, false), answer) : Effect.succeed(answer);
        }
      }
      this.#counts.misses++;
      const flight = this.#flights.run(`${this.#epoch} ${warmKeyId(key)}`, this.#loadInto(key, load, traits, { isRead: true }));
      return Effect.map(flight as Effect.Effect<WarmEntry<A>, E, R>, (entry) => ({ entry, hit: false }));
    });
  }

  /** Reads before anybody asks, if no such reading of this key runs and there is room. */
  readAhead<A>(key: WarmKey, traits: WarmTraits<A>): Effect.Effect<boolean> {
    return Effect.suspend(() => this.#begin(key, traits, this.store.peek(key)?.lifeMs ?? 0, true));
  }

  /** Starts a reading behind the callers' backs. `lastsMs`: how long the entry answers. */
  #begin<A>(key: WarmKey, traits: WarmTraits<A>, lastsMs: number, isAhead: boolean): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const id = warmKeyId(key);
      const use = this.store.peekUse(key);
      const { refresh } = traits;
      const isFull = this.#refreshing.has(id) || this.#refreshing.size >= maxRefreshes;
      if (refresh === undefined || isFull || this.#nowMs() < (use?.refreshAfterMs ?? 0)) return Effect.succeed(false);
      this.#refreshing.add(id);
      this.#counts[isAhead ? "readAhead" : "refreshes"]++;
      const work = Effect.onExit(this.#loadInto(key, refresh, traits, { isRead: false, isAhead }), (exit) =>
        Effect.sync(() => {
          this.#refreshing.delete(id);
          if (use !== undefined && Exit.isFailure(exit)) use.refreshAfterMs = this.#nowMs() + lastsMs * retryShare;
        }),
      );
      const quiet = Effect.catchCause(work, (cause) => Effect.logDebug("a warm answer could not be refreshed", cause));
      return Effect.as(Effect.forkIn(quiet, this.#scope), true);
    });
  }

  /** A market, all of it or one kind; everything where none is named. */
  forget(market?: Market, kind?: Kind): void {
    this.#epoch++;
    if (market === undefined) this.store.clear();
    else this.store.invalidate(market, kind);
  }

  /** Runs `load` and keeps what it brings. A question that is not held begins a use of its own. */
  #loadInto<A, E, R>(
    key: WarmKey,
    load: Effect.Effect<A, E, R>,
    traits: WarmTraits<A>,
    reading: { readonly isRead: boolean; readonly isAhead?: boolean },
  ): Effect.Effect<WarmEntry<A>, E, R> {
    return Effect.suspend(() => {
      const begun = this.#epoch;
      return Effect.map(load, (value): WarmEntry<A> => {
        const before = this.store.peek(key);
        const use = this.store.peekUse(key) ?? beginUse();
        if (before === undefined && reading.isRead) noteRead(use, this.#nowMs(), false);
        noteLoad(use, before === undefined ? undefined : (traits.differs?.(before.value as A, value) ?? true));
        const sinceNanos = traits.since?.(value) ?? this.#clock.monotonicTimeNanosUnsafe();
        const lifeMs = this.#lifeMs(key, use, traits.boundMs?.(value) ?? Number.POSITIVE_INFINITY);
        const entry = { value, sinceNanos, lifeMs, volatility: use.volatility };
        if (begun === this.#epoch) this.store.put(key, entry, { ...reading, bytes: traits.bytes?.(value), use });
        return entry;
      });
    });
  }

  #lifeMs(key: WarmKey, use: WarmUse, boundMs: number): number {
    if (!Number.isFinite(boundMs)) return boundMs;
    return spreadLifeMs(adaptedLifeMs(use, boundMs, this.#config.warmFloor), drawOf(warmKeyId(key), use.loads));
  }

  #nowMs(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }
}
