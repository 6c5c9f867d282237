/**
 * One consumer's stream where its feed was changed for another one: what the new feed repeats is left out, what it brings late is called late, and
 * what may be missing between the two is told. Before the first change it only notes how far the stream has come. Plain synchronous state.
 */
import type { Market } from "./domain/Market.ts";
import type { Kind } from "./domain/Question.ts";
import type { ElementOf, Live, Recovered, StreamElement, Watcher } from "./domain/StreamElement.ts";
import { markOf, momentOf } from "./direct/mark.ts";
import { type Mark, Seam } from "./direct/Seam.ts";
import { IdMemory } from "./stream/IdMemory.ts";

type Value = ElementOf[Kind];
type Valued = Live<Value> | Recovered<Value>;

export class Splice<K extends Kind> implements Watcher<ElementOf[K]> {
  /**
   * Before the first change: the market that spoke last, and when its newest value is from. This is all that is written per element, and for state
   * kinds it writes no reference, which would cost the collector of garbage more than everything else here.
   */
  #market: Market | undefined;
  #newestMs = Number.NEGATIVE_INFINITY;
  /** That value, where its name is needed too. */
  #newest: Value | undefined;
  readonly #watcher: Watcher<ElementOf[K]> | undefined;
  readonly #kind: K;
  // Made when they are needed first: most streams have one market and never change their feed.
  #madeSeam: Seam | undefined;
  #last: Map<Market, Mark> | undefined;
  /** The start of the last window given as closed, by market. */
  #closedMs: Map<Market, number> | undefined;
  readonly #memory: number;
  /** Ids given out since shortly before the first change; undefined before it. */
  #ids: IdMemory | undefined;

  /** `memory`: trades remembered to leave out repetitions. `watcher`: who is given what {@link Splice.take} comes to. */
  constructor(kind: K, memory: number, watcher?: Watcher<ElementOf[K]>) {
    this.#watcher = watcher;
    this.#kind = kind;
    this.#memory = memory;
  }

  get #seam(): Seam {
    return (this.#madeSeam ??= new Seam(this.#kind));
  }

  /** The feed ended, and another one goes on. */
  cut(reason: string): void {
    this.overlap();
    this.#seam.tear(reason);
  }

  /** Another feed comes beside this one: nothing is missing, but what it brings may be known. */
  overlap(): void {
    if (this.#ids !== undefined) return;
    this.#settle();
    this.#ids = new IdMemory(this.#memory);
    for (const [market, mark] of this.#last ?? []) {
      this.#seam.join(market, mark);
      this.#ids.add(mark.id, mark.ms);
    }
  }

  /** Before the first change: how far the feed has come. Called for every element of every consumer, so it makes nothing. */
  note(element: StreamElement<ElementOf[K]>): void {
    if (element._tag !== "Live" && element._tag !== "Recovered") return;
    const value: Value = element.value;
    if (value.market !== this.#market) this.#turn(value.market);
    const ms = momentOf(value);
    if (ms >= this.#newestMs) {
      this.#newestMs = ms;
      if (this.#kind === "trades") this.#newest = value;
    }
    if (this.#kind === "candles" && "state" in value && value.state === "closed") this.#close(value.market, value.openTimeMs);
  }

  /** Another market speaks than before. */
  #turn(market: Market): void {
    this.#settle();
    this.#market = market;
    this.#newestMs = this.#last?.get(market)?.ms ?? Number.NEGATIVE_INFINITY;
    this.#newest = undefined;
  }

  #settle(): void {
    if (this.#market === undefined || this.#newestMs === Number.NEGATIVE_INFINITY) return;
    if (this.#newest !== undefined) this.#mark(this.#market, markOf(this.#newest));
    // Of a state its time is its name. Of trades none came that is as new as what is known.
    else if (this.#kind !== "trades") this.#mark(this.#market, { id: String(this.#newestMs), ms: this.#newestMs });
  }

  #mark(market: Market, mark: Mark): void {
    this.#last ??= new Map();
    this.#last.set(market, mark);
  }

  #close(market: Market, openTimeMs: number): void {
    this.#closedMs ??= new Map();
    this.#closedMs.set(market, openTimeMs);
  }

  /** What one element of the feed comes to. */
  spliced(element: StreamElement<ElementOf[K]>): ReadonlyArray<StreamElement<ElementOf[K]>> {
    if (this.#ids === undefined) this.note(element);
    if (this.#ids === undefined || (element._tag !== "Live" && element._tag !== "Recovered")) return [element];
    // All elements of a stream of kind K have its values.
    return this.#value(element, this.#ids) as ReadonlyArray<StreamElement<ElementOf[K]>>;
  }

  /** Hands the watcher what one element of the feed comes to. */
  take(element: StreamElement<ElementOf[K]>): void {
    if (this.#ids !== undefined) {
      for (const each of this.spliced(element)) this.#watcher?.take(each);
      return;
    }
    this.note(element);
    this.#watcher?.take(element);
  }

  #value(element: Valued, ids: IdMemory): ReadonlyArray<StreamElement<Value>> {
    const { market, value } = element;
    const mark = markOf(value);
    const last = this.#last?.get(market);
    const isOlder = last !== undefined && mark.ms < last.ms;
    const isClosed = "state" in value && value.state === "closed";
    if (this.#kind === "trades") {
      if (!ids.add(mark.id, mark.ms)) return [];
      if (isOlder) return [{ ...element, late: true }];
    } else if (isOlder && !isClosed) return [];
    if (isClosed && mark.ms <= (this.#closedMs?.get(market) ?? Number.NEGATIVE_INFINITY)) return [];
    if (!isOlder) this.#mark(market, mark);
    if (isClosed) this.#close(market, mark.ms);
    const owesAll = this.#kind === "trades" || this.#kind === "candles";
    const gap = owesAll ? this.#seam.join(market, mark) : undefined;
    return gap === undefined ? [element] : [gap, element];
  }
}
