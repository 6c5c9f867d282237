import { assert, describe, it } from "@effect/vitest";
import { ExchangeModel } from "../src/Exchange.ts";
import type { FrameKeeping } from "../src/Ledger.ts";
import { Ring } from "../src/ledger/Ring.ts";
import { defaultOriginMs } from "../src/Options.ts";
import type { SessionOutput } from "../src/socket/Departures.ts";

const ask = [
  { ticket: "ledger" },
  { type: "ticker", codes: ["KRW-BTC", "KRW-ETH"] },
  { type: "trade", codes: ["KRW-BTC", "KRW-ETH"] },
  { type: "orderbook", codes: ["KRW-BTC.5"] },
  { type: "candle.1m", codes: ["KRW-BTC"] },
];

/** A connection that has listened for a virtual minute. */
const listened = (frames?: FrameKeeping, ledgerCapacity?: number) => {
  const exchange = new ExchangeModel({ ledger: frames === undefined ? {} : { frames }, ledgerCapacity });
  const outcome = exchange.upgrade(
    { method: "GET", target: "/websocket/v1", headers: { "user-agent": "test" }, ip: "10.0.0.1" },
    defaultOriginMs,
  );
  if (outcome._tag !== "Accepted") throw new Error(outcome._tag);
  const { session } = outcome.driven;
  session.receive(JSON.stringify(ask), defaultOriginMs + 10);
  const sent = session.poll(defaultOriginMs + 60_000);
  return { exchange, ledger: exchange.ledger, session, sent };
};

const textsOf = (sent: ReadonlyArray<SessionOutput>, type: string): ReadonlyArray<string> =>
  sent.flatMap((output) => (output._tag === "Frame" && output.text.startsWith(`{"type":"${type}"`) ? [output.text] : []));

const field = (text: string, name: string): string => new RegExp(`"${name}":"?([^",}]+)`).exec(text)?.[1] ?? "";

describe("the ledger of what was said", () => {
  it("has every trade that left, with the id, price and size of its frame, in the order it left", () => {
    const { ledger, sent } = listened();
    const frames = textsOf(sent, "trade");
    assert.isAbove(frames.length, 20);
    const entries = ledger.said("trades");
    assert.deepStrictEqual(
      entries.map(({ market, id, side, stream, tradeMs }) => [market, id, side, stream, String(tradeMs)]),
      frames.map((text) => ["code", "sequential_id", "ask_bid", "stream_type", "trade_timestamp"].map((name) => field(text, name))),
    );
    assert.deepStrictEqual(
      entries.map(({ price, size }) => [Number(price), Number(size)]),
      frames.map((text) => [Number(field(text, "trade_price")), Number(field(text, "trade_volume"))]),
    );
  });

  it("has every ticker, book and candle that left", () => {
    const { ledger, sent } = listened();
    assert.deepStrictEqual(
      ledger.said("tickers").map(({ market, price, tradeMs }) => [market, Number(price), tradeMs]),
      textsOf(sent, "ticker").map((text) => [
        field(text, "code"),
        Number(field(text, "trade_price")),
        Number(field(text, "trade_timestamp")),
      ]),
    );
    const books = textsOf(sent, "orderbook");
    assert.isAbove(books.length, 10);
    assert.deepStrictEqual(
      ledger.said("orderbooks").map(({ ask: best, bidSize, bookMs }) => [bookMs, Number(best), Number(bidSize)]),
      books.map((text) => [Number(field(text, "timestamp")), Number(field(text, "ask_price")), Number(field(text, "bid_size"))]),
    );
    const candles = textsOf(sent, "candle.1m");
    assert.isAbove(candles.length, 3);
    assert.deepStrictEqual(
      ledger.said("candles").map(({ unit, startMs, close, volume }) => [unit, startMs, Number(close), Number(volume)]),
      candles.map((text) => [
        "1m",
        Date.parse(`${field(text, "candle_date_time_utc")}Z`),
        Number(field(text, "trade_price")),
        Number(field(text, "candle_acc_trade_volume")),
      ]),
    );
  });

  it("tells one market's or one time's part of it, as plain JSON", () => {
    const { ledger } = listened();
    const all = ledger.said("trades");
    const eth = ledger.said("trades", { market: "KRW-ETH" });
    assert.isAbove(eth.length, 0);
    assert.deepStrictEqual(
      eth,
      all.filter(({ market }) => market === "KRW-ETH"),
    );
    const [fromMs, toMs] = [defaultOriginMs + 20_000, defaultOriginMs + 40_000];
    const middle = ledger.said("trades", { fromMs, toMs });
    assert.deepStrictEqual(
      middle,
      all.filter(({ atMs }) => atMs >= fromMs && atMs < toMs),
    );
    assert.isTrue(middle.length > 0 && middle.length < all.length);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(all)), all);
    assert.deepStrictEqual(ledger.said("trades", { connection: 2 }), []);
  });

  it("keeps facts without text, or counters alone, when it is told to", () => {
    const [text, facts, off] = [listened("text").ledger, listened("facts").ledger, listened("off").ledger];
    assert.deepStrictEqual(facts.counters(), text.counters());
    assert.deepStrictEqual(off.counters(), text.counters());
    assert.isAbove(off.frameCount("out", "trade"), 20);
    assert.deepStrictEqual(facts.said("trades"), text.said("trades"));
    assert.strictEqual(facts.frames().length, text.frames().length);
    assert.isTrue(facts.frames().every((frame) => frame.text === ""));
    assert.deepStrictEqual([off.frames().length, off.said("trades").length], [0, 0]);
  });

  it("counts what falls out", () => {
    const { ledger } = listened("text", 20);
    const trades = ledger.said("trades");
    assert.isBelow(trades.length, 40);
    const whole = listened().ledger.said("trades");
    assert.deepStrictEqual(trades, whole.slice(-trades.length));
    assert.strictEqual(ledger.counters()["dropped:trades"], whole.length - trades.length);
    assert.isAbove(ledger.dropped, 0);
  });
});

describe("the ledger of connections", () => {
  it("names each with its headers, and how it ended", () => {
    const { ledger, session } = listened();
    session.clientGone(defaultOriginMs + 61_000, 1001);
    assert.deepStrictEqual(ledger.page("connections", { limit: 10 }).entries, [
      {
        event: "opened",
        atMs: defaultOriginMs,
        connection: 1,
        ip: "10.0.0.1",
        headers: { "user-agent": "test" },
        verdict: "accepted",
        status: 101,
      },
      { event: "closed", atMs: defaultOriginMs + 61_000, connection: 1, code: 1001 },
    ]);
    assert.deepStrictEqual(ledger.connections()[0]?.closed, { atMs: defaultOriginMs + 61_000, code: 1001 });
  });

  it("names those that were refused, and why", () => {
    const exchange = new ExchangeModel({ limits: { connectsPerSecond: 1 } });
    const upgrade = (target: string, ip: string) => exchange.upgrade({ method: "GET", target, headers: {}, ip }, defaultOriginMs);
    upgrade("/websocket/v1", "10.0.0.1");
    upgrade("/websocket/v1", "10.0.0.1");
    upgrade("/websocket/v2", "10.0.0.1");
    exchange.limits.ban("10.0.0.2", defaultOriginMs + 1_000);
    upgrade("/websocket/v1", "10.0.0.2");
    exchange.faults.on({ verb: "refuse-upgrade", status: 503 }, defaultOriginMs);
    upgrade("/websocket/v1", "10.0.0.3");
    const refused = exchange.ledger
      .page("connections", { limit: 10 })
      .entries.flatMap((entry) => (entry.event === "refused" ? [entry] : []));
    assert.deepStrictEqual(
      refused.map(({ verdict, status }) => [verdict, status]),
      [
        ["limited", 429],
        ["unrouted", 404],
        ["banned", 418],
        ["fault", 503],
      ],
    );
  });
});

describe("paging through a ledger", () => {
  const ring = (capacity: number, count: number) => {
    const made = new Ring<number>(capacity);
    for (let i = 1; i <= count; i++) made.push(i);
    return made;
  };

  it("gives the newest first of all, and then everything once", () => {
    const numbers = ring(100, 10);
    assert.deepStrictEqual(numbers.page({ limit: 3 }), { entries: [8, 9, 10], next: 10, missed: 0, more: false });
    numbers.push(11);
    assert.deepStrictEqual(numbers.page({ since: 10, limit: 3 }), { entries: [11], next: 11, missed: 0, more: false });
    assert.deepStrictEqual(numbers.page({ since: 11, limit: 3 }), { entries: [], next: 11, missed: 0, more: false });
  });

  it("walks from the beginning in pages, and says when there is more", () => {
    const numbers = ring(100, 5);
    const seen = [];
    let page = numbers.page({ since: 0, limit: 2 });
    while (seen.push(page.entries) && page.more) page = numbers.page({ since: page.next, limit: 2 });
    assert.deepStrictEqual(seen, [[1, 2], [3, 4], [5]]);
  });

  it("counts what was missed between two pages", () => {
    const numbers = ring(10, 5);
    const before = numbers.page({ since: 0, limit: 100 });
    for (let i = 6; i <= 100; i++) numbers.push(i);
    const after = numbers.page({ since: before.next, limit: 100 });
    assert.strictEqual(before.entries.length + after.missed + after.entries.length, 100);
    assert.isAbove(after.missed, 0);
    assert.strictEqual(after.entries.at(-1), 100);
  });

  it("goes past entries that are not wanted", () => {
    const numbers = ring(100, 10);
    const even = (n: number) => n % 2 === 0;
    assert.deepStrictEqual(numbers.page({ since: 0, limit: 2 }, even), { entries: [2, 4], next: 4, missed: 0, more: true });
    assert.deepStrictEqual(
      numbers.page({ since: 9, limit: 2 }, (n) => n > 100),
      { entries: [], next: 10, missed: 0, more: false },
    );
    assert.deepStrictEqual(numbers.page({ limit: 2 }, even).entries, [8, 10]);
  });
});

describe("the ledger of requests", () => {
  it("finds those that name a market, in either spelling of the parameter", () => {
    const exchange = new ExchangeModel();
    for (const target of ["/v1/ticker?markets=KRW-BTC,KRW-ETH", "/v1/trades/ticks?market=krw-eth", "/v1/market/all"])
      exchange.handleRest({ method: "GET", target, headers: {}, ip: "10.0.0.1" }, defaultOriginMs);
    const targets = (market: string) => exchange.ledger.page("requests", { limit: 10 }, { market }).entries.map(({ path }) => path);
    assert.deepStrictEqual(targets("KRW-ETH"), ["/v1/ticker", "/v1/trades/ticks"]);
    assert.deepStrictEqual(targets("KRW-BTC"), ["/v1/ticker"]);
  });
});
