/**
 * One consumer's stream where its feed was changed for another one: what the new feed repeats is left out, what it brings late is called late, and
 * what may be missing between the two is told. Before the first change it only notes how far the stream has come. Plain synchronous state.
 */
import type { Market } from "./domain/Market.ts";
import type { Kind } from "./domain/Question.ts";
import type { ElementOf, Live, Recovered, StreamElement } from "./domain/StreamElement.ts";
import { markOf, momentOf } from "./direct/mark.ts";
import { type Mark, Seam } from "./direct/Seam.ts";
import { IdMemory } from "./stream/IdMemory.ts";

type Value = ElementOf[Kind];
type Valued = Live<Value> | Recovered<Value>;

interface Noted {
  readonly market: Market;
  value: Value;
  ms: number;
}

export class Splice<K extends Kind> {
  readonly #kind: K;
  readonly #seam: Seam;
  readonly #last = new Map<Market, Mark>();
  /** Before the first change: the newest value of each market, and of the one that spoke last. */
  readonly #noted = new Map<Market, Noted>();
  #recent: Noted | undefined;
  /** The start of the last window given as closed, by market. */
  readonly #closedMs = new Map<Market, number>();
  readonly #memory: number;
  /** Ids given out since shortly before the first change; undefined before it. */
  #ids: IdMemory | undefined;

  /** `memory`: trades remembered to leave out repetitions. */
  constructor(kind: K, memory: number) {
    this.#kind = kind;
    this.#seam = new Seam(kind);
    this.#memory = memory;
  }

  /** The feed ended, and another one goes on. */
  cut(reason: string): void {
    this.overlap();
    this.#seam.tear(reason);
  }

  /** Another feed comes beside this one: nothing is missing, but what it brings may be known. */
  overlap(): void {
    if (this.#ids !== undefined) return;
    for (const { market, value } of this.#noted.values()) {
      const mark = markOf(value);
      this.#last.set(market, mark);
      this.#seam.join(market, mark);
    }
    this.#noted.clear();
    this.#recent = undefined;
    this.#ids = new IdMemory(this.#memory);
    for (const { id, ms } of this.#last.values()) this.#ids.add(id, ms);
  }

  /** Before the first change: how far the feed has come. Called for every element of every consumer, so it makes nothing. */
  note(element: StreamElement<ElementOf[K]>): void {
    if (element._tag !== "Live" && element._tag !== "Recovered") return;
    const { market } = element;
    const value: Value = element.value;
    const ms = momentOf(value);
    const noted = this.#recent?.market === market ? this.#recent : this.#noted.get(market);
    if (noted === undefined) this.#noted.set(market, { market, value, ms });
    else {
      this.#recent = noted;
      if (ms >= noted.ms) {
        noted.value = value;
        noted.ms = ms;
      }
    }
    if ("state" in value && value.state === "closed") this.#closedMs.set(market, ms);
  }

  /** What one element of the feed comes to. */
  take(element: StreamElement<ElementOf[K]>): ReadonlyArray<StreamElement<ElementOf[K]>> {
    if (element._tag !== "Live" && element._tag !== "Recovered") return [element];
    // All elements of a stream of kind K have its values.
    return this.#value(element) as ReadonlyArray<StreamElement<ElementOf[K]>>;
  }

  #value(element: Valued): ReadonlyArray<StreamElement<Value>> {
    const { market, value } = element;
    const mark = markOf(value);
    const last = this.#last.get(market);
    const isOlder = last !== undefined && mark.ms < last.ms;
    const isClosed = "state" in value && value.state === "closed";
    if (this.#ids !== undefined) {
      if (this.#kind === "trades") {
        if (!this.#ids.add(mark.id, mark.ms)) return [];
        if (isOlder) return [{ ...element, late: true }];
      } else if (isOlder && !isClosed) return [];
      if (isClosed && mark.ms <= (this.#closedMs.get(market) ?? Number.NEGATIVE_INFINITY)) return [];
    }
    if (!isOlder) this.#last.set(market, mark);
    if (isClosed) this.#closedMs.set(market, mark.ms);
    const owesAll = this.#kind === "trades" || this.#kind === "candles";
    const gap = owesAll ? this.#seam.join(market, mark) : undefined;
    return gap === undefined ? [element] : [gap, element];
  }
}
