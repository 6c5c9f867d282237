/**
 * The tier that answers from memory: the hot store's value, if it is known to be current within the question's `maxAge`. A value of a live
 * key is as current as its link is alive, however long ago the market last moved; any other value only as its own receipt.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { HotEntry } from "../cache/HotStore.ts";
import { Cache } from "../cache/Cache.ts";
import { trimOrderbook, type Orderbook } from "../domain/Orderbook.ts";
import { allows, type Question } from "../domain/Question.ts";
import { keyId } from "../domain/StreamKey.ts";
import { Subscriptions } from "../stream/Subscriptions.ts";
import { liveKeyOf } from "../domain/liveKey.ts";
import { type Tier, type TierAnswer, TierMiss } from "./Tier.ts";

/** What the hot store holds for a question, with the time it was last known to be current. */
export type HotLookup = (question: Question) => TierAnswer | undefined;

/** Reads the hot store; shared by the tiers that answer from it and by the search for a last known value. Synchronous. */
export const hotLookup: Effect.Effect<HotLookup, never, Cache | Subscriptions> = Effect.gen(function* () {
  const cache = yield* Cache;
  const subscriptions = yield* Subscriptions;
  return (question) => {
    const key = liveKeyOf(question);
    if (key === undefined) return undefined;
    // Whoever accepts the socket's word alone is given that, also where somebody else's REST answer is newer.
    const entry = question.intent.strategy === "websocket_only" ? cache.hot.said(keyId(key)) : cache.hot.get(keyId(key));
    if (entry === undefined || !deepEnough(entry, question)) return undefined;
    const proved = subscriptions.confirmedNanos(key);
    return toAnswer(question, entry, proved !== undefined && proved > entry.confirmedNanos ? proved : entry.confirmedNanos);
  };
});

/** Reads the last value of a key that reads have just turned away from; the hot store's, where that is newer. Synchronous. */
export const transitionLookup: Effect.Effect<HotLookup, never, Cache | Subscriptions> = Effect.gen(function* () {
  const { transition } = yield* Cache;
  const lookup = yield* hotLookup;
  const clock = yield* Clock.Clock;
  return (question) => {
    const key = liveKeyOf(question);
    const entry = key === undefined ? undefined : transition.get(keyId(key), clock.monotonicTimeNanosUnsafe());
    if (entry === undefined || !deepEnough(entry, question)) return undefined;
    const hot = lookup(question);
    const isNewer = hot !== undefined && (hot.exchangeTimeMs ?? 0) > entry.exchangeTimeMs;
    return isNewer ? hot : toAnswer(question, entry, entry.confirmedNanos);
  };
});

export const make: Effect.Effect<Tier, never, Cache | Subscriptions> = Effect.gen(function* () {
  const lookup = yield* hotLookup;
  const clock = yield* Clock.Clock;
  return {
    name: "hot_cache",
    atOnce: (question) => {
      const held = lookup(question);
      if (held === undefined || !allows(question.intent.strategy, held.channel)) return undefined;
      return Number(clock.monotonicTimeNanosUnsafe() - held.confirmedNanos) / 1e6 > question.intent.maxAgeMs ? undefined : held;
    },
    ask: Effect.fnUntraced(function* (question) {
      const held = lookup(question);
      if (held === undefined || !allows(question.intent.strategy, held.channel)) return yield* new TierMiss({ reason: "absent" });
      const ageMs = Number(clock.monotonicTimeNanosUnsafe() - held.confirmedNanos) / 1e6;
      if (ageMs > question.intent.maxAgeMs) return yield* new TierMiss({ reason: "too_old" });
      return held;
    }),
  };
});

const deepEnough = (entry: HotEntry, question: Question): boolean =>
  question.kind !== "orderbook" || entry.depth === undefined || entry.depth >= question.levels;

const toAnswer = (question: Question, entry: HotEntry, confirmedNanos: bigint): TierAnswer => ({
  value: shapeFor(question, entry.value),
  channel: entry.channel,
  exchangeTimeMs: entry.exchangeTimeMs,
  receivedNanos: entry.receivedNanos,
  receivedMs: entry.receivedMs,
  confirmedNanos,
});

/** The store keeps single rows; trades and candles are answered as lists. An entry's kind is its key's, so the book cast holds. */
const shapeFor = (question: Question, value: unknown): unknown => {
  if (question.kind === "orderbook") return trimOrderbook(value as Orderbook, question.levels);
  return question.kind === "ticker" ? value : [value];
};
