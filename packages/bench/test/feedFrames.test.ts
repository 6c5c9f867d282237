import { assert, describe, it } from "@effect/vitest";
import { decodeSocketMessage } from "@naru/upbit/decode/SocketFrame";
import { FeedFrames } from "../src/cases/feedFrames.ts";
import { firstNumber } from "../src/cases/feedPlan.ts";
import { FeedTally, numberOfTrade } from "../src/cases/feedTally.ts";

const codes = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];

/** Payloads of unmasked binary frames with a length of two bytes. */
const payloadsOf = (bytes: Buffer): ReadonlyArray<Buffer> => {
  const found: Array<Buffer> = [];
  for (let at = 0; at < bytes.length;) {
    assert.deepStrictEqual([bytes[at], bytes[at + 1]], [0x82, 126]);
    const length = bytes.readUInt16BE(at + 2);
    found.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
};

describe("prebuilt frames", () => {
  const frames = FeedFrames.make(["ticker", "trade", "orderbook"], codes);
  const taken = [frames.take(4_096, 5), frames.take(64 * 1024, 40), frames.take(1, 100)];
  const messages = taken.flatMap(({ bytes }) => payloadsOf(bytes).flatMap((payload) => decodeSocketMessage(payload)));

  it("are whole, of the number that was taken, and understood by the venue", () => {
    assert.strictEqual(
      messages.length,
      taken.reduce((sum, { frames: count }) => sum + count, 0),
    );
    assert.deepStrictEqual(
      messages.filter(({ _tag }) => _tag === "Undecodable"),
      [],
    );
    assert.strictEqual(taken[2]!.frames, 1);
  });

  it("begin with a snapshot of each market, and each is of its market's next moment", () => {
    const times = new Map<string, number>();
    for (const [i, message] of messages.entries()) {
      if (message._tag !== "Ticker") continue;
      const { market, timestampMs } = message.value;
      assert.strictEqual(message.snapshot, i < 3 * codes.length);
      assert.isAbove(timestampMs, times.get(market) ?? 0);
      times.set(market, timestampMs);
    }
    assert.sameMembers([...times.keys()], codes);
  });

  it("are those of one market: much of a book stands in the one before it", () => {
    const books = new Map<string, ReadonlyArray<unknown>>();
    let [same, rows] = [0, 0];
    for (const message of messages) {
      if (message._tag !== "Orderbook") continue;
      const { asks, bids, market } = message.value;
      const book = [...asks, ...bids].map((level) => JSON.stringify(level));
      const before = books.get(market);
      books.set(market, book);
      if (before === undefined) continue;
      rows += book.length;
      same += book.filter((row, i) => row === before[i]).length;
    }
    assert.isAbove(rows, 200);
    // The first markets are the liveliest: of one of them nearly every row is new each time.
    assert.isAbove(same / rows, 0.3);
    assert.isBelow(same / rows, 0.9);
  });

  it("are of what a socket asked for, from the beginning, and numbered with all others", () => {
    const part = frames.of(new Set(["ticker:KRW-ETH", "trade:KRW-BTC", "ticker:KRW-NONE"]));
    assert.strictEqual(part.share, 2 / 9);
    assert.strictEqual(frames.of(new Set()).share, 0);
    const own = payloadsOf(part.take(64 * 1024, 6).bytes).flatMap((payload) => decodeSocketMessage(payload));
    const seen = own.flatMap((message) => (message._tag === "Ticker" || message._tag === "Trade" ? [message] : []));
    assert.deepStrictEqual(
      seen.map(({ _tag, snapshot, value }) => [_tag, value.market, snapshot]),
      [
        ["Ticker", "KRW-ETH", true],
        ["Trade", "KRW-BTC", true],
        ["Trade", "KRW-BTC", false],
        ["Ticker", "KRW-ETH", false],
        ["Trade", "KRW-BTC", false],
        ["Ticker", "KRW-ETH", false],
      ],
    );
    const [first] = seen;
    assert.strictEqual(first?._tag === "Ticker" ? first.value.volume24h.number : 0, firstNumber + messages.length);
  });

  it("carry their number, which grows by one with each", () => {
    const numbers = messages.map((message) => {
      if (message._tag === "Ticker") return message.value.volume24h.number - firstNumber;
      return message._tag === "Orderbook" ? message.value.totalAskSize.number - firstNumber : undefined;
    });
    for (const [i, number] of numbers.entries()) if (number !== undefined) assert.strictEqual(number, i);
    const ids = messages.flatMap((message, i) => (message._tag === "Trade" ? [numberOfTrade(message.value.id) - i] : []));
    assert.strictEqual(new Set(ids).size, 1);
  });
});

describe("the tally of a client", () => {
  it("knows from numbers what was handled, and begins anew each time", () => {
    const tally = new FeedTally(2);
    for (const number of [5, 6, 9]) tally.value(number, number * 10);
    tally.dropped(2);
    assert.deepStrictEqual(tally.take(), { delivered: 3, dropped: 2, handled: 5, lags: [50, 90] });
    assert.deepStrictEqual(tally.take(), { delivered: 0, dropped: 0, handled: 0, lags: [] });
  });

  it("believes a client that counts by itself", () => {
    const tally = new FeedTally(1);
    tally.handled(7);
    tally.value(Number.NaN);
    assert.deepStrictEqual(tally.take(), { delivered: 1, dropped: 0, handled: 7, lags: [] });
    assert.strictEqual(tally.take().handled, 0);
  });
});
