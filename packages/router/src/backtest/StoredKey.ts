/**
 * What is kept of one key from a moment to the end, as the elements that a stream would have brought, in their order: read piece by piece, so that a
 * year of trades is never in memory at once. Where nothing is known of a stretch, that is told where it begins, as a `Gap`.
 *
 * A candle comes when its window ends, and closed: what it looked like before is not kept. A trade comes at the time of its trade.
 */
import * as Effect from "effect/Effect";
import { type Coverage, missing, type TimeRange } from "../cache/Coverage.ts";
import type { HistoryStoreShape } from "../cache/HistoryStore.ts";
import type { Candle } from "../domain/Candle.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Gap, Live } from "../domain/StreamElement.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import type { Trade } from "../domain/Trade.ts";
import type { StorageError } from "../errors/MarketDataError.ts";
import type { Due, Source } from "./Source.ts";

/** A key that history can be kept of. */
export type StorableKey = Extract<StreamKey, { kind: "trades" | "candles" }>;

/** What a key brings. */
export type StoredElement = Live<Trade | Candle> | Gap;

type DueElement = Due<StoredElement>;

/** Rows read at once, about: more are halved next time, fewer doubled. */
const rowsAtOnce = 4_000;
const firstSpanMs = 600_000;
const longestSpanMs = 86_400_000;

export class StoredKey implements Source<StoredElement> {
  readonly #key: StorableKey;
  readonly #read: Read;
  /** What is not known, still to be told. */
  #gaps: Coverage;
  #spanMs = firstSpanMs;
  /** Read up to here. */
  #atMs: number;
  readonly #endMs: number;
  #due: ReadonlyArray<DueElement> = [];
  #next = 0;

  private constructor(key: StorableKey, read: Read, gaps: Coverage, { fromMs, toMs }: TimeRange) {
    this.#key = key;
    this.#read = read;
    this.#gaps = gaps;
    this.#atMs = fromMs;
    this.#endMs = toMs;
  }

  /** What comes from `fromMs` on and before `toMs`. */
  static open(
    store: HistoryStoreShape,
    venue: string,
    key: StorableKey,
    { fromMs, toMs }: TimeRange,
  ): Effect.Effect<StoredKey, StorageError> {
    const { range, read, coverage } = reading(store, venue, key, { fromMs, toMs });
    return Effect.map(coverage, (known) => new StoredKey(key, read, missing(known, range), range));
  }

  peek(): DueElement | undefined {
    return this.#due[this.#next];
  }

  take(): void {
    this.#next++;
  }

  get isRead(): boolean {
    return this.#atMs >= this.#endMs;
  }

  readonly fill: Effect.Effect<void, StorageError> = Effect.suspend(() => this.#fill());

  #fill(): Effect.Effect<void, StorageError> {
    if (this.peek() !== undefined || this.isRead) return Effect.void;
    const [gap] = this.#gaps;
    if (gap !== undefined && gap.fromMs <= this.#atMs) {
      this.#gaps = this.#gaps.slice(1);
      this.#atMs = gap.toMs;
      this.#held([this.#told(gap)]);
      return Effect.void;
    }
    const range = { fromMs: this.#atMs, toMs: Math.min(this.#atMs + this.#spanMs, gap?.fromMs ?? this.#endMs, this.#endMs) };
    return Effect.flatMap(this.#read(range), ({ due, gone }) => {
      this.#atMs = range.toMs;
      if (due.length > rowsAtOnce) this.#spanMs = Math.max(1_000, this.#spanMs / 2);
      else if (due.length < rowsAtOnce / 4)
        this.#spanMs = Math.min(longestSpanMs * (this.#key.kind === "candles" ? 366 : 1), this.#spanMs * 2);
      // Forgotten, or found damaged, since the stream was opened.
      const told = gone.map((one) => this.#told(one));
      this.#held(told.length === 0 ? due : [...told, ...due].sort((a, b) => a.atMs - b.atMs));
      return this.#fill();
    });
  }

  #held(due: ReadonlyArray<DueElement>): void {
    this.#due = due;
    this.#next = 0;
  }

  #told({ fromMs, toMs }: TimeRange): DueElement {
    const { kind, market } = this.#key;
    const atMs = this.#key.kind === "candles" ? nextWindowStart(this.#key.interval, fromMs) : fromMs;
    return { atMs, element: { _tag: "Gap", kind, market, fromMs, toMs, reason: "nothing is kept of it" } };
  }
}

type Read = (range: TimeRange) => Effect.Effect<{ readonly due: ReadonlyArray<DueElement>; readonly gone: Coverage }, StorageError>;

interface Reading {
  /** Of what the store counts by: times of trades, or starts of windows. */
  readonly range: TimeRange;
  readonly read: Read;
  readonly coverage: Effect.Effect<Coverage, StorageError>;
}

const reading = (store: HistoryStoreShape, venue: string, key: StorableKey, { fromMs, toMs }: TimeRange): Reading => {
  const { market } = key;
  if (key.kind === "trades") {
    const series = { venue, market };
    return {
      range: { fromMs, toMs },
      coverage: store.tradeCoverage(series),
      read: (range) =>
        Effect.map(store.trades(series, range), ({ rows, coverage }) => ({
          due: rows.map((value) => ({ atMs: value.tradeTimeMs, element: liveOf(value, value.tradeTimeMs) })),
          gone: missing(coverage, range),
        })),
    };
  }
  const { interval } = key;
  const series = { venue, market, interval };
  return {
    // The windows that end from then on and before the end.
    range: { fromMs: windowEndingFrom(interval, fromMs), toMs: windowStart(interval, toMs) },
    coverage: store.coverage(series),
    read: (range) =>
      Effect.map(store.candles(series, range), ({ rows, coverage }) => ({
        due: rows.map((value) => {
          const atMs = nextWindowStart(interval, value.openTimeMs);
          return { atMs, element: liveOf({ ...value, proof: "rest" as const }, atMs) };
        }),
        gone: missing(coverage, range),
      })),
  };
};

/** The first window that ends after a moment. */
const windowEndingFrom = (interval: Interval, timeMs: number): number => windowStart(interval, timeMs);

/** It came over REST when it was kept. */
const liveOf = <A extends Trade | Candle>(value: A, receivedTimeMs: number): Live<A> => ({
  _tag: "Live",
  market: value.market,
  value,
  snapshot: false,
  channel: "rest",
  late: false,
  receivedTimeMs,
});
