/**
 * The numbers of a book's levels as frames spell them. Nineteen of twenty levels of a busy book are the same objects as in the book before, so
 * their text is kept, in a small table by price for each market: spelling is most of what a book costs.
 */
import type { BookLevel } from "../market/Burst.ts";
import type { MarketSpec } from "../market/Catalogue.ts";
import { fixed, java, plain } from "./Spelling.ts";

export interface SpelledLevel {
  readonly level: BookLevel;
  readonly price: string;
  readonly size: string;
}

/** Spells the levels of one market in one way. */
export class LevelSpeller {
  private readonly decimals: number;
  private readonly simple: boolean;
  private readonly table: Array<SpelledLevel | undefined> = Array.from({ length: 1 << slotBits }, () => undefined);

  constructor(decimals: number, simple: boolean) {
    this.decimals = decimals;
    this.simple = simple;
  }

  /** DEFAULT prints prices as Java doubles and sizes with eight decimals; SIMPLE prints prices plain and sizes as Java doubles. */
  spell(level: BookLevel): SpelledLevel {
    const index = Math.imul(level.price, 0x9e3779b1) >>> (32 - slotBits);
    const known = this.table[index];
    if (known !== undefined && known.level === level) return known;
    const { price, size } = level;
    const made = {
      level,
      price: price === 0 ? "0" : this.simple ? plain(price, this.decimals) : java(price, this.decimals),
      size: size === 0 ? "0.0" : this.simple ? java(size, 8) : fixed(size, 8),
    };
    this.table[index] = made;
    return made;
  }
}

/** The speller of a market, made when first needed. */
export const spellerOf = (spec: MarketSpec, simple: boolean): LevelSpeller => {
  const known = simple ? simpleSpellers : fullSpellers;
  let speller = known.get(spec);
  if (speller === undefined) known.set(spec, (speller = new LevelSpeller(spec.decimals, simple)));
  return speller;
};

const slotBits = 10;
const fullSpellers = new WeakMap<MarketSpec, LevelSpeller>();
const simpleSpellers = new WeakMap<MarketSpec, LevelSpeller>();
