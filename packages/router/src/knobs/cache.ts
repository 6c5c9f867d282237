/**
 * What is remembered of answers, for how long, and how much of it.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */
import type { Kind } from "../domain/Question.ts";

export class CacheKnobs {
  /**
   * The longest a warm answer is served, in milliseconds, by kind; always cut to the question's `maxAge`, and for candles to the end of the
   * window in progress. An answer with a forming candle lives as a ticker does; a range of closed windows does not grow old.
   * @costs Longer saves requests and serves older answers; never older than the question's `maxAge`.
   */
  readonly warmTtlMs: Readonly<Record<Kind, number>> = { ticker: 1_000, orderbook: 1_000, trades: 30_000, candles: 30_000 };
  /**
   * The least share of that which a key lives that is asked often and differs each time, 0 to 1. 1 gives all keys the same life.
   * @unit share
   * @costs 1 saves requests on keys that change often, and serves them older; smaller reads them again sooner.
   */
  readonly warmFloor: number = 0.5;
  /**
   * The share of an answer's life after which a hit has it read again behind the caller's back, 0 to 1. 1 is never.
   * @unit share
   * @costs Smaller hides more waits behind reads that nobody asked for, which take from the limit; 1 takes nothing.
   */
  readonly warmRefreshAt: number = 0.8;
  /**
   * Entries of the warm cache; the least recently used leaves.
   * @unit entries
   * @costs More memory for fewer requests: an entry saves one each time it is hit while it lives.
   */
  readonly warmCapacity: number = 10_000;
  /**
   * Bytes of the warm cache, estimated from rows; the least recently used leaves.
   * @unit bytes
   * @costs Memory against requests; a page of candles is the largest thing kept.
   */
  readonly warmBytes: number = 67_108_864;
  /** How long a market that the exchange itself called unknown is refused without asking again, in milliseconds. */
  readonly unknownMarketMs: number = 60_000;
  /**
   * Keys of the hot store; the least recently written leaves.
   * @unit keys
   * @costs Each key keeps its last value. Fewer than the markets in use sends their reads to REST.
   */
  readonly hotCapacity: number = 10_000;
  /**
   * Age at which the list of markets is read again, in milliseconds. The old list is used while it is.
   * @costs One request each time; longer notices new listings later.
   */
  readonly marketListTtlMs: number = 60_000;
  /** How long the last value of a key that reads turned away from can be read, from the beginning of the change, in milliseconds. */
  readonly transitionMs: number = 10_000;
}
