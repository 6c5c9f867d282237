/**
 * What one consumer has not taken yet. The socket's side writes synchronously and never waits; the consumer's side is a pull that takes
 * everything there is, a batch at a time, so one stuck consumer costs the others nothing.
 *
 * At the bound, by policy: a conflating buffer keeps the newest element of each market, one that drops gives up its oldest, and both tell the
 * count by one `Dropped` before the next batch, of trades and candles also the spans that are missing. One that fails hands out what it
 * holds, in order, then the gap that it could not hold, and then fails with `SlowConsumer`.
 */
import * as Arr from "effect/Array";
import * as Effect from "effect/Effect";
import type * as Pull from "effect/Pull";
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import type { Gap, Noter, Overflow, StreamElement } from "../domain/StreamElement.ts";
import { type MarketDataError, SlowConsumer } from "../errors/MarketDataError.ts";
import type { ConsumerNumbers } from "../health/ConsumerNumbers.ts";
import { MissedSpans, spanOf, tooSlow } from "./MissedSpans.ts";

/** Elements per pull. What a consumer has pulled can be replaced by newer values no more, so batches stay small. */
const maxBatch = 128;

export interface ConsumerBufferOptions {
  readonly kind: Kind;
  readonly capacity: number;
  /** Default "conflate" for tickers and books, else "fail". A kind in which every value counts is not to be conflated. */
  readonly overflow?: Overflow | undefined;
  /** Where what the consumer takes is counted. */
  readonly numbers?: ConsumerNumbers | undefined;
}

export class ConsumerBuffer<A> {
  readonly #kind: Kind;
  readonly #capacity: number;
  readonly #overflow: Overflow;
  readonly #numbers: ConsumerNumbers | undefined;
  readonly #noter: Noter<A> | undefined;
  /** Only the newest value of a market matters. */
  readonly #isState: boolean;
  /** Oldest first from `#head` on. A hole is an element that a newer one of its market replaced. */
  #slots: Array<StreamElement<A> | undefined> = [];
  #head = 0;
  #size = 0;
  #dropped = 0;
  /** Undefined while nothing was ever dropped of a kind in which every value counts. */
  #missed: MissedSpans | undefined;
  /** Slot of the newest live element of each market. Only a conflating buffer that is full asks for it, so it is kept from then on, until it is not. */
  #newest: Map<Market, number> | undefined;
  #failure: MarketDataError | undefined;
  /** Called when there will be nothing more to take, at each pull from then on. Must not throw. */
  onOver: (() => void) | undefined;
  #wake: ((effect: Pull.Pull<Arr.NonEmptyReadonlyArray<StreamElement<A>>, MarketDataError>) => void) | undefined;

  constructor(options: ConsumerBufferOptions, noter?: Noter<A>) {
    this.#noter = noter;
    this.#kind = options.kind;
    this.#numbers = options.numbers;
    this.#capacity = Math.max(1, options.capacity);
    this.#isState = options.kind === "ticker" || options.kind === "orderbook";
    this.#overflow = options.overflow ?? (this.#isState ? "conflate" : "fail");
  }

  /** Elements held now, at most the capacity, and the one gap before a failure. */
  get size(): number {
    return this.#size;
  }

  /** Places in memory, holes and what was taken included: at most twice the capacity and one batch. */
  get slots(): number {
    return this.#slots.length;
  }

  get isWoken(): boolean {
    return true;
  }

  /** Takes an element in. The consumer wakes at the next {@link flush}. */
  offer(element: StreamElement<A>): void {
    if (this.#failure !== undefined) return;
    if (this.#size >= this.#capacity) {
      if (this.#overflow === "fail") return this.#giveUp(element);
      if (this.#overflow === "conflate") this.#conflate(element);
      else this.#dropOldest();
    }
    if (this.#newest !== undefined && element._tag === "Live") this.#newest.set(element.market, this.#slots.length);
    this.#slots.push(element);
    this.#size++;
  }

  /** Ends the stream with `error`, after what is held. */
  fail(error: MarketDataError): void {
    this.#failure ??= error;
    this.flush();
  }

  /** Wakes the consumer if there is something for it: within this call where the caller's step is over, else in a turn of its own. */
  flush(isStepOver = false): void {
    const wake = this.#wake;
    if (wake === undefined || (this.#size === 0 && this.#failure === undefined)) return;
    this.#wake = undefined;
    wake(isStepOver ? this.pull : Effect.andThen(Effect.yieldNow, this.pull));
  }

  /** The consumer's side: the next batch, waiting for one if need be. */
  readonly pull: Pull.Pull<Arr.NonEmptyReadonlyArray<StreamElement<A>>, MarketDataError> = Effect.suspend(() => this.#next());

  #next(): Pull.Pull<Arr.NonEmptyReadonlyArray<StreamElement<A>>, MarketDataError> {
    const batch = this.#take();
    if (batch !== undefined) return this.#given(batch);
    // Whoever is interrupted while it waits leaves this behind, and to call it does nothing then.
    if (this.#failure === undefined) return Effect.callback((resume) => void (this.#wake = resume));
    if (this.#numbers !== undefined && this.#failure._tag === "SlowConsumer") this.#numbers.dropped += this.#failure.dropped;
    this.onOver?.();
    return Effect.fail(this.#failure);
  }

  #given(batch: Arr.NonEmptyReadonlyArray<StreamElement<A>>): Pull.Pull<Arr.NonEmptyReadonlyArray<StreamElement<A>>, MarketDataError> {
    try {
      this.#numbers?.took(batch);
      if (this.#noter !== undefined) for (const element of batch) this.#noter.note(element);
      return Effect.succeed(batch);
    } catch (defect) {
      this.onOver?.();
      return Effect.die(defect);
    }
  }

  #take(): Arr.NonEmptyReadonlyArray<StreamElement<A>> | undefined {
    if (this.#dropped === 0 && this.#size === this.#slots.length && this.#size <= maxBatch) return this.#takeAll();
    const batch: Array<StreamElement<A>> = [];
    if (this.#dropped > 0) batch.push({ _tag: "Dropped", count: this.#dropped }, ...(this.#missed?.take() ?? []));
    this.#dropped = 0;
    while (this.#head < this.#slots.length && batch.length < maxBatch) {
      const element = this.#slots[this.#head++];
      if (element === undefined) continue;
      this.#size--;
      batch.push(element);
    }
    if (this.#size === 0 || this.#head > this.#capacity) this.#compact();
    return Arr.isArrayNonEmpty(batch) ? batch : undefined;
  }

  /** What a consumer that keeps up gets: the slots themselves, with no copy of them. */
  #takeAll(): Arr.NonEmptyReadonlyArray<StreamElement<A>> | undefined {
    // As many slots as elements: there is no hole among them.
    const batch = this.#slots as Array<StreamElement<A>>;
    this.#slots = [];
    this.#size = 0;
    this.#newest = undefined;
    return Arr.isArrayNonEmpty(batch) ? batch : undefined;
  }

  /** The gap is from the last value of its market that is held to the one that has no place. */
  #giveUp(element: StreamElement<A>): void {
    if (!this.#isState && "market" in element) {
      const gap = element._tag === "Gap" ? element : this.#gapUpTo(element);
      if (gap !== undefined) {
        this.#slots.push(gap);
        this.#size++;
      }
    }
    this.fail(new SlowConsumer({ kind: this.#kind, capacity: this.#capacity, dropped: 1 }));
  }

  #gapUpTo(element: Extract<StreamElement<A>, { readonly _tag: "Live" | "Recovered" }>): Gap | undefined {
    const span = spanOf(element);
    if (span === undefined) return undefined;
    const { market } = element;
    const last = this.#slots.findLast(
      (held) => held !== undefined && "market" in held && held.market === market && spanOf(held) !== undefined,
    );
    const heldMs = last === undefined ? undefined : spanOf(last)?.toMs;
    return {
      _tag: "Gap",
      kind: this.#kind,
      market,
      fromMs: Math.min(heldMs ?? span.fromMs, span.fromMs),
      toMs: span.toMs,
      reason: tooSlow,
    };
  }

  /** Gives up the oldest value or gap; what tells of the link stays, unless there is nothing else. */
  #dropOldest(): void {
    const isValue = (element: StreamElement<A> | undefined) =>
      element?._tag === "Live" || element?._tag === "Recovered" || element?._tag === "Gap";
    while (this.#slots[this.#head] === undefined) this.#head++;
    let slot = this.#head;
    while (slot < this.#slots.length && !isValue(this.#slots[slot])) slot++;
    if (slot === this.#slots.length) slot = this.#head;
    const element = this.#slots[slot];
    if (element !== undefined && !this.#isState) (this.#missed ??= new MissedSpans(this.#kind)).dropped(element);
    this.#remove(slot);
  }

  #remove(slot: number): void {
    this.#slots[slot] = undefined;
    this.#size--;
    this.#dropped++;
    if (this.#slots.length > 2 * this.#capacity) this.#compact();
  }

  /** Removes the most superfluous element: the one that `incoming` replaces, else one that is not its market's newest, else the oldest. */
  #conflate(incoming: StreamElement<A>): void {
    while (this.#slots[this.#head] === undefined) this.#head++;
    const newest = (this.#newest ??= this.#findNewest());
    const replaced = incoming._tag === "Live" ? newest.get(incoming.market) : undefined;
    this.#remove(replaced !== undefined && replaced >= this.#head ? replaced : this.#superseded(newest));
  }

  #findNewest(): Map<Market, number> {
    const newest = new Map<Market, number>();
    for (let slot = this.#head; slot < this.#slots.length; slot++) {
      const element = this.#slots[slot];
      if (element?._tag === "Live") newest.set(element.market, slot);
    }
    return newest;
  }

  /** Runs only when a market enters a full buffer, so at most once per market and drain. */
  #superseded(newest: ReadonlyMap<Market, number>): number {
    for (let slot = this.#head; slot < this.#slots.length; slot++) {
      const element = this.#slots[slot];
      if (element?._tag === "Live" && newest.get(element.market) !== slot) return slot;
    }
    return this.#head;
  }

  /** Gives up what was taken and closes the holes, so that memory follows the capacity and not the history. */
  #compact(): void {
    this.#slots = this.#slots.slice(this.#head).filter((element) => element !== undefined);
    this.#head = 0;
    this.#newest = undefined;
  }
}
