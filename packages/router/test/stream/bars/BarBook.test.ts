/** What is told of every market in a bar, and what is told otherwise later. */
import { assert, describe, it } from "@effect/vitest";
import type { Bar, BarCorrection } from "../../../src/domain/Bar.ts";
import type { Candle } from "../../../src/domain/Candle.ts";
import { Decimal } from "../../../src/domain/Decimal.ts";
import type { Market } from "../../../src/domain/Market.ts";
import type { Trade } from "../../../src/domain/Trade.ts";
import { BarBook, barsRemembered } from "../../../src/stream/bars/BarBook.ts";
import type { MarketBars } from "../../../src/stream/bars/MarketBars.ts";

const btc = "KRW-BTC" as Market;
const eth = "KRW-ETH" as Market;
const minute = 60_000;

let ids = 0;
const trade = (market: Market, tradeTimeMs: number, price: number, id = String(++ids)): Trade => ({
  market,
  id,
  price: Decimal.of(String(price)),
  volume: Decimal.of("0.1"),
  side: "buy",
  tradeTimeMs,
});

/** Both markets are followed from the beginning on. */
const bookOf = () => {
  const book = new BarBook("1m");
  for (const market of [btc, eth]) book.join(market);
  for (const bars of book.markets()) bars.wholeFromMs = 0;
  book.begin(0);
  return book;
};

const each = (book: BarBook, change: (bars: MarketBars) => void, market?: Market) => {
  for (const bars of book.markets()) if (market === undefined || bars.market === market) change(bars);
};
const proved = (book: BarBook, provedMs: number, market?: Market) =>
  each(
    book,
    (bars) => {
      bars.isHeard = true;
      bars.provedMs = provedMs;
    },
    market,
  );

/** `KRW-BTC 1-3-1-2 0.2 closed` for each candle, then the empty and the unproved. */
const said = (bar: Bar | BarCorrection | undefined) => ({
  candles: bar?.candles.map(
    ({ market, open, high, low, close, volume, state, proof }) => `${market} ${open}-${high}-${low}-${close} ${volume} ${state} ${proof}`,
  ),
  empty: bar?.empty,
  unproved: bar?.unproved.map(({ market }) => market),
});
const corrections = (book: BarBook) => book.review().map((one) => (one._tag === "Gap" ? one.reason : { at: one.openTimeMs, ...said(one) }));

describe("a bar", () => {
  it("adds the trades of its window up, by their time whatever order they come in, and calls a market without one empty", () => {
    const book = bookOf();
    book.take(trade(btc, 10, 2, "15"), false);
    book.take(trade(btc, 10, 1, "16"), false);
    book.take(trade(btc, 40, 3, "30"), false);
    book.take(trade(btc, 5, 4, "10"), true);
    book.take(trade(btc, 40, 2.5, "29"), true);
    book.take(trade(btc, minute, 9), false);
    proved(book, minute);
    assert.isFalse(book.isAwaited);
    assert.deepStrictEqual(said(book.close(0)), { candles: ["KRW-BTC 4-4-1-3 0.5 closed trades"], empty: [eth], unproved: [] });
    proved(book, 2 * minute);
    assert.deepStrictEqual(said(book.close(0)), { candles: ["KRW-BTC 9-9-9-9 0.1 closed trades"], empty: [eth], unproved: [] });
  });

  it("claims nothing of a market that is not proved up to its end, and tells it when it is", () => {
    const book = bookOf();
    book.take(trade(btc, 10, 2), false);
    proved(book, minute - 1);
    assert.isTrue(book.isAwaited);
    proved(book, minute, eth);
    assert.deepStrictEqual(said(book.close(0)), { candles: [], empty: [eth], unproved: [btc] });
    assert.deepStrictEqual(corrections(book), []);
    book.take(trade(btc, 20, 3), false);
    assert.deepStrictEqual(corrections(book), []);
    proved(book, minute);
    assert.deepStrictEqual(corrections(book), [{ at: 0, candles: ["KRW-BTC 2-3-2-3 0.2 closed trades"], empty: [], unproved: [] }]);
    assert.deepStrictEqual(corrections(book), []);
  });

  it("is corrected by a trade that comes behind it, also where the market was called empty", () => {
    const book = bookOf();
    book.take(trade(btc, 10, 2), false);
    proved(book, minute);
    book.close(0);
    book.take(trade(btc, 20, 5), true);
    book.take(trade(eth, 30, 7), true);
    assert.deepStrictEqual(corrections(book), [
      { at: 0, candles: ["KRW-BTC 2-5-2-5 0.2 corrected trades", "KRW-ETH 7-7-7-7 0.1 corrected trades"], empty: [], unproved: [] },
    ]);
  });

  it("loses its claim where trades are missing for good, and has it again from REST", () => {
    const book = bookOf();
    book.take(trade(btc, 10, 2), false);
    proved(book, 2 * minute);
    book.close(0);
    book.close(0);
    book.hole({ _tag: "Gap", kind: "trades", market: btc, fromMs: 10, toMs: minute - 10, reason: "too far back" });
    assert.deepStrictEqual(corrections(book), [{ at: 0, candles: [], empty: [], unproved: [btc] }]);
    assert.deepStrictEqual(book.unread(minute), [{ market: btc, fromMs: 0, beforeMs: minute }]);
    assert.deepStrictEqual(book.unread(minute - 1), []);
    const [unread] = book.unread(minute);
    assert(unread !== undefined);
    // REST that knows less than the trades that came lags, and is asked again.
    book.read(unread, []);
    assert.deepStrictEqual(corrections(book), []);
    assert.strictEqual(book.unread(minute).length, 1);
    const price = Decimal.of("6");
    const figures = { open: price, high: price, low: price, close: price, volume: Decimal.of("3"), value: Decimal.of("18") };
    const row: Candle = { market: btc, interval: "1m", openTimeMs: 0, ...figures, lastTradeTimeMs: 20, state: "closed" };
    book.read(unread, [row]);
    assert.deepStrictEqual(corrections(book), [{ at: 0, candles: ["KRW-BTC 6-6-6-6 3 corrected rest"], empty: [], unproved: [] }]);
    assert.deepStrictEqual(book.unread(minute), []);
    // What REST has read whole is not changed by trades that it had already.
    book.take(trade(btc, 15, 9), true);
    assert.deepStrictEqual(corrections(book), []);
  });

  it("names a market that joined in its window as unproved, which only REST can change, and one that left no more", () => {
    const book = bookOf();
    const xrp = "KRW-XRP" as Market;
    book.join(xrp);
    each(book, (bars) => void (bars.wholeFromMs = 500), xrp);
    book.leave(eth);
    proved(book, minute);
    assert.isFalse(book.isAwaited);
    assert.deepStrictEqual(said(book.close(0)), { candles: [], empty: [btc], unproved: [xrp] });
    proved(book, 2 * minute);
    assert.deepStrictEqual([corrections(book), book.unread(minute).map(({ market }) => market)], [[], [xrp]]);
    assert.deepStrictEqual(said(book.close(0)), { candles: [], empty: [btc, xrp], unproved: [] });
  });

  it("is remembered only so long: a trade for an older one is told as a gap, and nothing grows", () => {
    const book = bookOf();
    for (let at = 0; at <= barsRemembered; at++) {
      proved(book, (at + 1) * minute);
      book.close(0);
    }
    book.take(trade(btc, 10, 2), true);
    assert.deepStrictEqual(corrections(book), ["a trade came for a bar that is not remembered any more"]);
    book.take(trade(btc, minute + 10, 2), true);
    assert.strictEqual(corrections(book).length, 1);
    book.take(trade(btc, (3 * barsRemembered + 5) * minute, 2), false);
    assert.deepStrictEqual(corrections(book), ["a trade names a time far ahead of all others"]);
  });

  it("that nobody made is told as a gap of every market, and the next one is where the clock is", () => {
    const book = bookOf();
    proved(book, minute);
    book.close(0);
    const gaps = book.skip(90 * minute, "asleep");
    assert.deepStrictEqual(
      gaps.map(({ market, fromMs, toMs, kind }) => [market, fromMs, toMs, kind]),
      [btc, eth].map((market) => [market, minute, 90 * minute, "candles"]),
    );
    assert.strictEqual(book.nextMs, 90 * minute);
  });
});
