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

export class Warm {
  readonly store: WarmStore;
  readonly #config: RouterConfigShape;
  readonly #clock: Clock.Clock;
  readonly #scope: Scope.Scope;
  readonly #flights: SingleFlight<WarmEntry<unknown>, unknown>;
  readonly #refreshing = new Set<string>();
  /** Changes with everything that is forgotten: what was asked before is not stored after, and nobody joins it. */
  #epoch = 0;

  constructor(config: RouterConfigShape, clock: Clock.Clock, scope: Scope.Scope) {
    this.#config = config;
    this.#clock = clock;
    this.#scope = scope;
    this.store = new WarmStore({ capacity: config.warmCapacity, bytes: config.warmBytes });
    this.#flights = new SingleFlight(scope);
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
        const isLate = lastsMs < immutableMs && ageMs > lastsMs * this.#config.warmRefreshAt;
        const answer = { entry, hit };
        if (hit) return isLate ? Effect.as(this.refresh(key, traits, lastsMs), answer) : Effect.succeed(answer);
      }
      const flight = this.#flights.run(`${this.#epoch} ${warmKeyId(key)}`, this.#loadInto(key, load, traits, true));
      return Effect.map(flight as Effect.Effect<WarmEntry<A>, E, R>, (entry) => ({ entry, hit: false }));
    });
  }

  /** Starts a reading behind the callers' backs, if none of this key runs and there is room. `lastsMs`: how long the entry answers. */
  refresh<A>(key: WarmKey, traits: WarmTraits<A>, lastsMs = this.store.peek(key)?.lifeMs ?? 0): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const id = warmKeyId(key);
      const use = this.store.peekUse(key);
      const { refresh } = traits;
      const isFull = this.#refreshing.has(id) || this.#refreshing.size >= maxRefreshes;
      if (refresh === undefined || isFull || this.#nowMs() < (use?.refreshAfterMs ?? 0)) return Effect.succeed(false);
      this.#refreshing.add(id);
      const work = Effect.onExit(this.#loadInto(key, refresh, traits, false), (exit) =>
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
    isRead: boolean,
  ): Effect.Effect<WarmEntry<A>, E, R> {
    return Effect.suspend(() => {
      const begun = this.#epoch;
      return Effect.map(load, (value): WarmEntry<A> => {
        const before = this.store.peek(key);
        const use = this.store.peekUse(key) ?? beginUse();
        if (before === undefined && isRead) noteRead(use, this.#nowMs(), false);
        noteLoad(use, before === undefined ? undefined : (traits.differs?.(before.value as A, value) ?? true));
        const sinceNanos = traits.since?.(value) ?? this.#clock.monotonicTimeNanosUnsafe();
        const lifeMs = this.#lifeMs(key, use, traits.boundMs?.(value) ?? Number.POSITIVE_INFINITY);
        const entry = { value, sinceNanos, lifeMs, volatility: use.volatility };
        if (begun === this.#epoch) this.store.put(key, entry, { bytes: traits.bytes?.(value), isRead, use });
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
