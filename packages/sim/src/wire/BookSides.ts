/** The part of a book that is shown, and the levels of size 0 that some exchanges leave standing in the middle of it. */
import type { Book, BookLevel } from "../market/Book.ts";
import type { MarketSpec } from "../market/Catalogue.ts";
import { hash3 } from "../market/Hash.ts";
import type { Profile } from "../profile/Profile.ts";
import type { Units } from "./Spelling.ts";

/** Both sides, equally long: the shorter is filled up with price 0 and size 0. */
export const shownSides = (
  profile: Profile,
  spec: MarketSpec,
  book: Book,
  depth: number,
): { readonly asks: ReadonlyArray<BookLevel>; readonly bids: ReadonlyArray<BookLevel> } => {
  const [asks, bids] = [book.asks.slice(0, depth), book.bids.slice(0, depth)];
  while (asks.length < bids.length) asks.push(padding);
  while (bids.length < asks.length) bids.push(padding);
  if (!profile.book.zeroSizes) return { asks, bids };
  return { asks: hollow(spec, book, asks), bids: hollow(spec, book, bids) };
};

/** Exact: a plain number while that holds the sum, as it nearly always does, else a bigint. */
export const totalSize = (levels: ReadonlyArray<BookLevel>): Units => {
  let sum = 0;
  for (const level of levels) sum += level.size;
  return Number.isSafeInteger(sum) ? sum : levels.reduce((exact, level) => exact + BigInt(level.size), 0n);
};

const padding: BookLevel = { price: 0, size: 0 };

/** About every eighth level but the best has lost its size; another one every second. */
const hollow = (spec: MarketSpec, { timestamp }: Book, levels: ReadonlyArray<BookLevel>): ReadonlyArray<BookLevel> =>
  levels.map((level, i) => {
    const draw = hash3(spec.seed, Math.floor(timestamp / 1_000) % 0x7fffffff, level.price % 0x7fffffff);
    return i > 0 && (draw & 7) === 0 ? { price: level.price, size: 0 } : level;
  });
