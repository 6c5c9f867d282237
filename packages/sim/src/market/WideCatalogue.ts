/**
 * A catalogue of any size: the hand-written markets first, then as many made-up ones as are asked for, in the proportion of quote currencies
 * the real venue has. Made-up coins have names that can be read (`KRW-BAHI`, 바히), the same in every run; a few of their markets never trade at
 * all, as on the real venue. Here also markets are picked by code, and made busier, quieter or silent.
 */
import { makeCatalogue, type MarketSpec, specOf } from "./Catalogue.ts";
import { hashText } from "./Hash.ts";
import { maxPerMinute } from "./SeededMinute.ts";
import type { Quote } from "./TickSize.ts";

export interface MarketsOptions {
  /** How many markets: the hand-written ones first, then made-up ones, at most 900. 850 is the size of the real venue. Default: the hand-written. */
  readonly count?: number | undefined;
  /** Only these, in this order. A code outside the catalogue (`KRW-NEW`) becomes a made-up market. Goes before `count`. */
  readonly codes?: ReadonlyArray<string> | undefined;
  /** Multiplies the trades of all markets. Default 1. */
  readonly rate?: number | undefined;
  /** Mean trades a minute of single markets, instead of their own times `rate`; 0 is a market that never trades. At most 2,990. */
  readonly rates?: Readonly<Record<string, number>> | undefined;
}

/** The largest {@link MarketsOptions.count}. */
export const maxMarkets = 900;
/** Twice the mean, and one, must fit a minute. */
export const largestRate = maxPerMinute / 2 - 10;

/** The markets asked for. Throws a RangeError for a number or code that cannot be. */
export const chooseMarkets = (seed: number, options: MarketsOptions = {}): ReadonlyArray<MarketSpec> => {
  const { rate = 1, rates = {} } = options;
  const chosen = options.codes === undefined ? ofCount(seed, options.count) : ofCodes(seed, options.codes);
  const unknown = Object.keys(rates).find((code) => chosen.every((spec) => spec.code !== code));
  if (unknown !== undefined) throw new RangeError(`a rate for ${unknown}, which is no market here`);
  return chosen.map((spec) => atRate(spec, rates[spec.code] ?? spec.rate * rate));
};

/** A made-up market of any code. Throws a RangeError when the code is none. */
export const madeUpMarket = (seed: number, code: string): MarketSpec => {
  const match = /^(KRW|BTC|USDT)-([A-Z0-9]{1,20})$/.exec(code);
  const quote = quotes.find((known) => known === match?.[1]);
  const base = match?.[2];
  if (quote === undefined || base === undefined) throw new RangeError(`${code} is no code of a market`);
  return madeUp(seed, quote, { base, korean: base, english: base }, ordinaryRate[quote]);
};

interface Coin {
  readonly base: string;
  readonly korean: string;
  readonly english: string;
}

const quotes = ["KRW", "BTC", "USDT"] as const;
/** Markets of the real venue by quote currency. */
const venue: Readonly<Record<Quote, number>> = { KRW: 289, BTC: 328, USDT: 238 };
const ordinaryRate: Readonly<Record<Quote, number>> = { KRW: 1.2, BTC: 0.05, USDT: 0.1 };

const atRate = (spec: MarketSpec, rate: number): MarketSpec => {
  if (!(rate >= 0 && rate <= largestRate)) throw new RangeError(`${spec.code} cannot have ${rate} trades a minute, at most ${largestRate}`);
  const period = rate >= 10 ? 100 : rate >= 5 ? 200 : rate >= 1 ? 500 : Infinity;
  return { ...spec, rate, bookPeriodMs: Math.min(spec.bookPeriodMs, period) };
};

const ofCodes = (seed: number, codes: ReadonlyArray<string>): ReadonlyArray<MarketSpec> => {
  if (codes.length > maxMarkets) throw new RangeError(`${codes.length} markets, at most ${maxMarkets}`);
  const known = new Map(makeCatalogue(seed).map((spec) => [spec.code, spec]));
  return [...new Set(codes)].map((code) => known.get(code) ?? madeUpMarket(seed, code));
};

const ofCount = (seed: number, count: number | undefined): ReadonlyArray<MarketSpec> => {
  const written = makeCatalogue(seed);
  if (count === undefined) return written;
  if (!Number.isInteger(count) || count < 1 || count > maxMarkets)
    throw new RangeError(`${count} markets: give a number from 1 to ${maxMarkets}`);
  if (count <= written.length) return written.slice(0, count);
  const bases = new Set(written.map((spec) => spec.base));
  const coins = madeUpCoins(bases);
  const wanted = shares(
    count,
    quotes.map((quote) => written.filter((spec) => spec.quote === quote).length),
  );
  const added = quotes.flatMap((quote, i) =>
    coins.slice(0, wanted[i]).map((coin, rank) => {
      const silent = quote === "KRW" ? false : rank % (quote === "BTC" ? 5 : 9) === 4;
      return madeUp(seed, quote, coin, silent ? 0 : (ordinaryRate[quote] * 12) / (6 + rank));
    }),
  );
  return [...written, ...added];
};

/** How many markets of each quote currency are missing from the written ones, so that all together are `count` in the venue's proportion. */
const shares = (count: number, written: ReadonlyArray<number>): ReadonlyArray<number> => {
  const total = venue.KRW + venue.BTC + venue.USDT;
  const missing = quotes.map((quote, i) => Math.max(0, Math.floor((count * venue[quote]) / total) - (written[i] ?? 0)));
  let left = count - written.reduce((a, b) => a + b, 0) - missing.reduce((a, b) => a + b, 0);
  // Few at most: rounding, or a small catalogue whose written part is out of proportion already.
  for (let i = 0; left !== 0; i = (i + 1) % missing.length) {
    const step = left > 0 ? 1 : (missing[i] ?? 0) > 0 ? -1 : 0;
    missing[i] = (missing[i] ?? 0) + step;
    left -= step;
  }
  return missing;
};

const magnitudes = [0.01, 0.1, 1, 10, 100];

/** Prices do not depend on the seed but on the coin, so one coin costs about the same in every quote currency. */
const madeUp = (seed: number, quote: Quote, { base, korean, english }: Coin, rate: number): MarketSpec => {
  const hash = hashText(0x6d61646b, base) >>> 0;
  const won = (100 + (hash % 900)) * (magnitudes[(hash >>> 10) % magnitudes.length] ?? 1);
  const price = quote === "KRW" ? won : quote === "BTC" ? Math.max(0.000001, won / 114_000_000) : Math.max(0.001, won / 1_452);
  // Four digits fit the decimals of any market.
  const digits = Number(price.toPrecision(4)).toFixed(8);
  return specOf(quote, [base, korean, english, digits, rate], seed);
};

/** `[letter, number of the Hangul initial]` */
const consonants = [
  ["B", 7],
  ["D", 3],
  ["G", 0],
  ["H", 18],
  ["J", 12],
  ["K", 15],
  ["L", 5],
  ["M", 6],
  ["N", 2],
  ["P", 17],
  ["R", 5],
  ["S", 9],
  ["T", 16],
  ["V", 7],
  ["C", 14],
  ["Z", 12],
] as const;
/** `[letter, number of the Hangul medial]` */
const vowels = [
  ["A", 0],
  ["E", 5],
  ["I", 20],
  ["O", 8],
  ["U", 13],
] as const;
const syllables = consonants.flatMap(([consonant, initial]) =>
  vowels.map(([vowel, medial]) => ({ latin: consonant + vowel, hangul: String.fromCharCode(0xac00 + (initial * 21 + medial) * 28) })),
);

/** As many coins as any quote currency can need, none of them in `taken`. */
const madeUpCoins = (taken: ReadonlySet<string>): ReadonlyArray<Coin> => {
  const coins: Array<Coin> = [];
  // 2,473 and 6,400 have no common factor, so no pair of syllables comes twice.
  for (let i = 0; coins.length < maxMarkets; i++) {
    const pair = (i * 2_473 + 17) % (syllables.length * syllables.length);
    const [first, second] = [syllables[Math.floor(pair / syllables.length)], syllables[pair % syllables.length]];
    if (first === undefined || second === undefined) continue;
    const base = first.latin + second.latin;
    if (taken.has(base)) continue;
    coins.push({ base, korean: first.hangul + second.hangul, english: base.charAt(0) + base.slice(1).toLowerCase() });
  }
  return coins;
};
