/**
 * Tickers and books as changes: first a market's whole value, then only what differs from the one before, each numbered and naming the number it
 * stands on. Whoever applies them all holds the very value the full stream would have given, to the last digit.
 *
 * The exchange sends whole values only; this saves the bytes of whoever stands behind us. Numbers are per market and stream and go up by one.
 * After an element that says something may be missing (`Reconnecting`, `Gap`, `Dropped`) the next value of a market comes whole again, with the
 * reason. So does a book that cannot be told by its prices, because two levels of a side share one or a side is not in order.
 */
import * as Data from "effect/Data";
import * as Result from "effect/Result";
import type { Market } from "../domain/Market.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { StreamElement } from "../domain/StreamElement.ts";
import type { Ticker } from "../domain/Ticker.ts";
import { type BookChange, bookFrom, changeOfBook } from "./bookDelta.ts";
import { changeOfTicker, type TickerChange, tickerFrom } from "./tickerDelta.ts";

/** Kinds that have a state to change. */
export type DeltaKind = "ticker" | "orderbook";

export interface DeltaValue {
  readonly ticker: Ticker;
  readonly orderbook: Orderbook;
}

export interface DeltaChange {
  readonly ticker: TickerChange;
  readonly orderbook: BookChange;
}

/** Why a value comes whole. `asked`: whoever applies them said so. `shape`: its change cannot be told. */
export type FullReason = "first" | "reconnecting" | "gap" | "dropped" | "asked" | "shape";

/** A market's whole value. Whatever was held of the market before is to be forgotten. */
export interface Full<K extends DeltaKind> {
  readonly kind: K;
  readonly market: Market;
  readonly seq: number;
  readonly base: null;
  readonly reason: FullReason;
  readonly full: DeltaValue[K];
}

/** What became different since `base`, which is the number before `seq`. */
export interface Changed<K extends DeltaKind> {
  readonly kind: K;
  readonly market: Market;
  readonly seq: number;
  readonly base: number;
  readonly changed: DeltaChange[K];
}

export type Delta<K extends DeltaKind> = Full<K> | Changed<K>;

/** What somebody who applies deltas holds of one market. */
export interface Held<K extends DeltaKind> {
  readonly kind: K;
  readonly market: Market;
  readonly seq: number;
  readonly value: DeltaValue[K];
}

/** A change that does not stand on what is held: some are missing, or it is of another market. Only a whole value helps. */
export class DeltaMismatch extends Data.TaggedError("DeltaMismatch")<{
  readonly market: Market;
  /** The number the change stands on, and the one that is held; null when nothing is. */
  readonly base: number;
  readonly held: number | null;
  readonly action: "resnapshot";
}> {
  override get message(): string {
    return `${this.market}: a change stands on ${this.base}, and ${this.held ?? "nothing"} is held: resnapshot`;
  }
}

/** The value after a delta. A whole one needs nothing held; a change only fits the number before its own. */
export const apply = <K extends DeltaKind>(held: Held<K> | undefined, delta: Delta<K>): Result.Result<Held<K>, DeltaMismatch> => {
  const { kind, market, seq } = delta;
  if (delta.base === null) return Result.succeed({ kind, market, seq, value: delta.full });
  if (held === undefined || held.market !== market || held.kind !== kind || held.seq !== delta.base) {
    const seqHeld = held?.market === market && held.kind === kind ? held.seq : null;
    return Result.fail(new DeltaMismatch({ market, base: delta.base, held: seqHeld, action: "resnapshot" }));
  }
  return Result.succeed({ kind, market, seq, value: tools[kind].from(held.value, delta.changed) });
};

interface Tools<K extends DeltaKind> {
  /** Undefined: the change cannot be told. */
  readonly change: (before: DeltaValue[K], after: DeltaValue[K]) => DeltaChange[K] | undefined;
  readonly from: (before: DeltaValue[K], change: DeltaChange[K]) => DeltaValue[K];
}

const tools: { readonly [K in DeltaKind]: Tools<K> } = {
  ticker: { change: changeOfTicker, from: tickerFrom },
  orderbook: { change: changeOfBook, from: bookFrom },
};

/**
 * Makes the deltas of one consumer's stream. It holds the last value of each market, so it is bounded by the markets of the stream; nothing is
 * held of what came before.
 */
export class DeltaEncoder<K extends DeltaKind> {
  readonly #kind: K;
  readonly #last = new Map<Market, Held<K>>();
  /** The markets whose next value comes whole, and why. */
  readonly #whole = new Map<Market, FullReason>();

  constructor(kind: K) {
    this.#kind = kind;
  }

  /** The delta of an element; none for an element without a value. */
  encode(element: StreamElement<DeltaValue[K]>): Delta<K> | undefined {
    switch (element._tag) {
      case "Live":
      case "Recovered":
        return this.#encode(element.market, element.value);
      case "Gap":
        this.resnapshot(element.market, "gap");
        return undefined;
      case "Dropped":
        this.#resnapshotAll("dropped");
        return undefined;
      case "Reconnecting":
        this.#resnapshotAll("reconnecting");
        return undefined;
      case "Resumed":
        return undefined;
    }
  }

  /** The next value of the market comes whole. */
  resnapshot(market: Market, reason: FullReason = "asked"): void {
    if (this.#last.has(market)) this.#whole.set(market, reason);
  }

  #resnapshotAll(reason: FullReason): void {
    for (const market of this.#last.keys()) this.#whole.set(market, reason);
  }

  #encode(market: Market, value: DeltaValue[K]): Delta<K> {
    const kind = this.#kind;
    const last = this.#last.get(market);
    const seq = (last?.seq ?? 0) + 1;
    const reason = this.#whole.get(market);
    const changed = last === undefined || reason !== undefined ? undefined : tools[kind].change(last.value, value);
    this.#whole.delete(market);
    this.#last.set(market, { kind, market, seq, value });
    if (last !== undefined && changed !== undefined) return { kind, market, seq, base: last.seq, changed };
    return { kind, market, seq, base: null, reason: last === undefined ? "first" : (reason ?? "shape"), full: value };
  }
}
