/**
 * The orders makers leave in the book, price by price: whether a price holds any, and how many at a moment, as a pure function of the seed. A
 * level's size lives for some seconds and then changes. What was computed is kept in a small table by price, because a busy book is made ten
 * times a second and nineteen of twenty levels are still what they were.
 */
import { type BookLevel, sizeOfLevel } from "./Burst.ts";
import type { MarketSpec } from "./Catalogue.ts";
import { hash2, hash3, unit } from "./Hash.ts";

/** A power of two, and more than the prices of two ordinary sides. */
const slots = 512;

/** What is known of one price. */
class Slot {
  readonly price: number;
  readonly place: number;
  /** The slots of the next prices with orders, while known. */
  above: Slot | undefined = undefined;
  below: Slot | undefined = undefined;
  /** Another price took its place in the table. Its links are cut, so that nothing holds on to prices of long ago. */
  evicted = false;
  level: BookLevel;
  /** `level` is right from `fromMs` on, before `untilMs`. */
  fromMs = Infinity;
  untilMs = -Infinity;

  constructor(price: number, place: number) {
    this.price = price;
    this.place = place;
    this.level = { price, size: 0 };
  }
}

export class OrderLevels {
  private readonly spec: MarketSpec;
  private readonly table: Array<Slot | undefined> = Array.from({ length: slots }, () => undefined);

  constructor(spec: MarketSpec) {
    this.spec = spec;
  }

  /** Puts the level of `price` at `ms` and those beyond it into `out`, until there are `count`. With `skipFirst`, only those beyond. */
  collect(out: Array<BookLevel>, price: number, upwards: boolean, ms: number, count: number, skipFirst: boolean): void {
    let slot = this.slotOf(price);
    if (skipFirst) slot = this.beyond(slot, upwards);
    while (out.length < count && slot.price > 0) {
      out.push(ms >= slot.fromMs && ms < slot.untilMs ? slot.level : this.refresh(slot, ms));
      const next = upwards ? slot.above : slot.below;
      slot = next !== undefined && !next.evicted ? next : this.beyond(slot, upwards);
    }
  }

  private slotOf(price: number): Slot {
    const index = Math.floor(price / this.spec.ticks.at(price)) % slots;
    const known = this.table[index];
    if (known !== undefined) {
      if (known.price === price) return known;
      known.evicted = true;
      known.above = known.below = undefined;
    }
    const made = new Slot(price, hash2(this.spec.seed ^ 0x51ed270b, price % 0x7fffffff));
    this.table[index] = made;
    return made;
  }

  /** One to three ticks further out; the slot of price 0 where there is no price any more. */
  private beyond(slot: Slot, upwards: boolean): Slot {
    const { ticks } = this.spec;
    let { price } = slot;
    for (let hole = (slot.place >>> 0) % 3; hole >= 0; hole--) price = upwards ? ticks.up(price) : ticks.down(price);
    const next = this.slotOf(price);
    if (slot.evicted) return next;
    if (upwards) slot.above = next;
    else slot.below = next;
    return next;
  }

  private refresh(slot: Slot, ms: number): BookLevel {
    const { place } = slot;
    const lifeMs = 200 + ((place >>> 0) % 4_000);
    const shiftMs = (place >>> 8) % lifeMs;
    const age = Math.floor((ms + shiftMs) / lifeMs);
    slot.fromMs = age * lifeMs - shiftMs;
    slot.untilMs = slot.fromMs + lifeMs;
    slot.level = { price: slot.price, size: sizeOfLevel(this.spec, unit(hash3(place, 9, age % 0x7fffffff))) };
    return slot.level;
  }
}
