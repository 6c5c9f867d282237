/** The REST examples of the exchange's documentation as it shows them, with `fetch` and `JSON.parse`, each answer compared with the exchange's tape. */
import { assert, describe, it } from "@effect/vitest";
import { Exchange, type ExchangeModel, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import { Clock, Effect, Layer } from "effect";
import {
  bookNumbersAt,
  candlesOf,
  idOf,
  lastTrades,
  priceOf,
  sizeOf,
  tapeOf,
  tickerAt,
  type TradeRow,
  tradesBetween,
} from "../../src/strangers/truth.ts";

const dayMs = 86_400_000;
const busy = "KRW-XRP";
const quiet = "KRW-ATOM";

const exchange = Layer.unwrap(
  Effect.map(Clock.currentTimeMillis, (ms) => Exchange.layer({ seed: 606, historyStartMs: (Math.floor(ms / dayMs) - 400) * dayMs })),
);
const server = layerLoopbackServer().pipe(Layer.provideMerge(exchange));

type Row = Readonly<Record<string, unknown>>;

interface Reader {
  readonly exchange: ExchangeModel;
  /** One request with its parameters encoded; what came, its text, and when the exchange answered. */
  readonly get: (
    path: string,
    parameters?: Readonly<Record<string, string | number>>,
  ) => Effect.Effect<{ readonly rows: ReadonlyArray<Row>; readonly text: string; readonly atMs: number }>;
}

/** A test over a server of its own, which never has to refuse: no test asks a limit group more than ten times. */
const example = (title: string, run: (reader: Reader) => Effect.Effect<void>) =>
  it.live(
    title,
    () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        const { url } = yield* LoopbackServer;
        const get: Reader["get"] = (path, parameters = {}) =>
          Effect.promise(async () => {
            const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
            const response = await fetch(`${url}/v1/${path}?${query}`, { headers: { accept: "application/json" } });
            const text = await response.text();
            assert.strictEqual(response.status, 200, text);
            assert.match(response.headers.get("remaining-req") ?? "", /^group=[a-z-]+; min=\d+; sec=\d$/);
            return { rows: JSON.parse(text), text, atMs: exchange.ledger.requests().at(-1)?.atMs ?? Number.NaN };
          });
        yield* run({ exchange, get });
        assert.strictEqual(exchange.ledger.rejected, 0);
      }).pipe(Effect.provide(server)),
    slowMachineMs,
  );

/** A year of trades is added up, one by one. */
const slowMachineMs = 90_000;

/** The members of `row` that `expected` names. */
const partOf = (row: Row | undefined, expected: Row): Row => Object.fromEntries(Object.keys(expected).map((name) => [name, row?.[name]]));

const sameRows = (rows: ReadonlyArray<Row>, expected: ReadonlyArray<Row>, message?: string): void => {
  assert.deepStrictEqual(
    rows.map((row, i) => partOf(row, expected[i] ?? {})),
    expected,
    message,
  );
};

const expectedTicker = (model: ExchangeModel, market: string, atMs: number): Row => {
  const ticker = tickerAt(tapeOf(model, market), { ms: atMs, n: 9_999 });
  return {
    market,
    trade_timestamp: ticker.tradeMs,
    opening_price: ticker.open,
    high_price: ticker.high,
    low_price: ticker.low,
    trade_price: ticker.last,
    prev_closing_price: ticker.previousClose,
    change: ticker.change > 0 ? "RISE" : ticker.change < 0 ? "FALL" : "EVEN",
    change_price: Math.abs(ticker.change),
    signed_change_price: ticker.change,
    signed_change_rate: ticker.changeRate,
    acc_trade_volume_24h: ticker.volume24h,
    acc_trade_price_24h: ticker.money24h,
  };
};

const expectedBook = (model: ExchangeModel, market: string, atMs: number, count: number, level: number): Row => {
  const book = bookNumbersAt(model, tapeOf(model, market), atMs, level);
  return {
    market,
    timestamp: book.timestamp,
    orderbook_units: Array.from({ length: Math.min(count, book.asks.length) }, (_, i) => ({
      bid_price: book.bids[i]?.[0],
      bid_size: book.bids[i]?.[1],
      ask_price: book.asks[i]?.[0],
      ask_size: book.asks[i]?.[1],
    })),
    level,
  };
};

/** Newest first, as every candle answer is. `kst` is nine hours later. */
const expectedCandles = (model: ExchangeModel, market: string, unit: string, trades: ReadonlyArray<TradeRow>): ReadonlyArray<Row> =>
  candlesOf(tapeOf(model, market), unit, trades)
    .map(([start, open, high, low, close, volume]) => ({
      market,
      candle_date_time_utc: new Date(start).toISOString().slice(0, 19),
      candle_date_time_kst: new Date(start + 9 * 3_600_000).toISOString().slice(0, 19),
      opening_price: open,
      high_price: high,
      low_price: low,
      trade_price: close,
      candle_acc_trade_volume: volume,
    }))
    .toReversed();

const expectedTrade = (model: ExchangeModel, market: string, trade: TradeRow): Row => {
  const tape = tapeOf(model, market);
  const iso = new Date(trade.ms).toISOString();
  return {
    market,
    trade_date_utc: iso.slice(0, 10),
    trade_time_utc: iso.slice(11, 19),
    timestamp: trade.ms,
    trade_price: priceOf(tape, trade),
    trade_volume: sizeOf(trade),
    ask_bid: trade.bid ? "BID" : "ASK",
  };
};

/** Ids from the text: read as numbers they would not be whole. */
const idsIn = (text: string): ReadonlyArray<string> => [...text.matchAll(/"sequential_id":(\d+)/g)].map((match) => match[1] ?? "");

describe.concurrent("the documentation's REST examples", () => {
  example("list the pairs with their warnings, and the tickers of some and of whole quote currencies", ({ exchange, get }) =>
    Effect.gen(function* () {
      const { markets } = exchange.world;
      const pairs = yield* get("market/all", { is_details: "true" });
      sameRows(
        pairs.rows,
        markets.map((spec) => ({ market: spec.code, korean_name: spec.korean, english_name: spec.english })),
      );
      const events = pairs.rows.map((row) => row["market_event"] as { warning: boolean; caution: Record<string, boolean> }); // as documented
      assert.deepStrictEqual(
        events.map(({ warning, caution }) => ({ warning, cautions: Object.keys(caution).filter((name) => caution[name]) })),
        markets.map(({ warning, cautions }) => ({ warning, cautions: [...cautions] })),
      );
      const some = yield* get("ticker", { markets: "KRW-BTC,KRW-ETH,BTC-ETH" });
      sameRows(
        some.rows,
        ["KRW-BTC", "KRW-ETH", "BTC-ETH"].map((code) => expectedTicker(exchange, code, some.atMs)),
      );
      const all = yield* get("ticker/all", { quote_currencies: "BTC,USDT" });
      sameRows(
        all.rows,
        markets.filter(({ quote }) => quote !== "KRW").map(({ code }) => expectedTicker(exchange, code, all.atMs)),
      );
    }),
  );

  example("show order books as deep and in steps as asked, and which steps there are", ({ exchange, get }) =>
    Effect.gen(function* () {
      const whole = yield* get("orderbook", { markets: "KRW-BTC,BTC-ETH" });
      sameRows(
        whole.rows,
        ["KRW-BTC", "BTC-ETH"].map((code) => expectedBook(exchange, code, whole.atMs, 30, 0)),
      );
      const five = yield* get("orderbook", { markets: busy, count: 5 });
      sameRows(five.rows, [expectedBook(exchange, busy, five.atMs, 5, 0)]);
      const instruments = yield* get("orderbook/instruments", { markets: "KRW-BTC,BTC-ETH,USDT-BTC" });
      // The bands these prices lie in, in the tick tables as published.
      sameRows(instruments.rows, [
        { market: "KRW-BTC", quote_currency: "KRW", tick_size: "1000" },
        { market: "BTC-ETH", quote_currency: "BTC", tick_size: "0.00000001", supported_levels: ["0"] },
        { market: "USDT-BTC", quote_currency: "USDT", tick_size: "0.01", supported_levels: ["0"] },
      ]);
      const supported = yield* get("orderbook/supported_levels", { markets: "KRW-BTC" });
      const levels = supported.rows[0]?.["supported_levels"] as ReadonlyArray<number>; // as documented
      assert.deepStrictEqual(instruments.rows[0]?.["supported_levels"], levels.map(String));
      assert.isAbove(levels.length, 3);
      for (const level of levels.slice(1, 4)) {
        const stepped = yield* get("orderbook", { markets: "KRW-BTC", level });
        sameRows(stepped.rows, [expectedBook(exchange, "KRW-BTC", stepped.atMs, 30, level)]);
      }
    }),
  );

  example("show candles of seconds and of every number of minutes", ({ exchange, get }) =>
    Effect.gen(function* () {
      for (const unit of [1, 3, 5, 10, 15, 30, 60, 240]) {
        const { rows, atMs } = yield* get(`candles/minutes/${unit}`, { market: quiet, count: 20 });
        const trades = tradesBetween(tapeOf(exchange, quiet), atMs - 30 * dayMs, atMs);
        sameRows(rows, expectedCandles(exchange, quiet, `${unit}m`, trades).slice(0, 20), `${unit} minutes`);
        for (const row of rows) assert.strictEqual(row["unit"], unit);
      }
      const { rows, atMs } = yield* get("candles/seconds", { market: busy, count: 200 });
      const trades = tradesBetween(tapeOf(exchange, busy), atMs - dayMs, atMs);
      sameRows(rows, expectedCandles(exchange, busy, "1s", trades).slice(0, 200));
    }),
  );

  example("show candles of days, weeks, months and years, with the day before and the price in KRW", ({ exchange, get }) =>
    Effect.gen(function* () {
      const answers = [];
      for (const [path, unit] of [
        ["days", "1d"],
        ["weeks", "1w"],
        ["months", "1M"],
        ["years", "1y"],
      ] as const)
        answers.push({ path, unit, ...(yield* get(`candles/${path}`, { market: quiet, count: 200 })) });
      const trades = tradesBetween(tapeOf(exchange, quiet), 0, answers.at(-1)?.atMs ?? 0);
      for (const { path, unit, rows, atMs } of answers) {
        const known = trades.filter(({ ms }) => ms <= atMs);
        sameRows(rows, expectedCandles(exchange, quiet, unit, known).slice(0, 200), path);
        if (path !== "days")
          for (const row of rows) assert.strictEqual(row["first_day_of_period"], String(row["candle_date_time_utc"]).slice(0, 10));
      }
      const days = answers[0]?.rows ?? [];
      for (const [i, day] of days.slice(0, -1).entries()) assert.strictEqual(day["prev_closing_price"], days[i + 1]?.["trade_price"]);
      const converted = yield* get("candles/days", { market: "BTC-ETH", count: 1, converting_price_unit: "KRW" });
      const bridge = lastTrades(tapeOf(exchange, "KRW-BTC"), converted.atMs, 1)[0];
      if (bridge === undefined) return assert.fail("KRW-BTC never traded");
      const price = Number(converted.rows[0]?.["trade_price"]) * priceOf(tapeOf(exchange, "KRW-BTC"), bridge);
      assert.closeTo(Number(converted.rows[0]?.["converted_trade_price"]), price, price * 1e-12);
    }),
  );

  example(
    "page candles backwards from a moment, each page from the oldest of the page before, without hole or overlap",
    ({ exchange, get }) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis;
        const until = Math.floor(now / 60_000) * 60_000 - 3_600_000;
        // The same moment in the three ways the documentation writes it.
        const spelled = new Date(until).toISOString().slice(0, 19);
        const inKorea = `${new Date(until + 9 * 3_600_000).toISOString().slice(0, 19)}+09:00`;
        for (const to of [spelled.replace("T", " "), inKorea])
          sameRows((yield* get("candles/minutes/1", { market: busy, to, count: 3 })).rows, newestMinutes(exchange, until, 3));
        const collected: Array<Row> = [];
        let to = `${spelled}Z`;
        for (let page = 0; page < 5; page++) {
          const { rows } = yield* get("candles/minutes/1", { market: busy, to, count: 200 });
          collected.push(...rows);
          to = String(rows.at(-1)?.["candle_date_time_utc"]);
        }
        assert.strictEqual(collected.length, 1_000);
        sameRows(collected, newestMinutes(exchange, until, 1_000));
      }),
  );

  example("page trades backwards by cursor, and show each of the past seven days", ({ exchange, get }) =>
    Effect.gen(function* () {
      const tape = tapeOf(exchange, busy);
      const check = (rows: ReadonlyArray<Row>, text: string, trades: ReadonlyArray<TradeRow>) => {
        assert.deepStrictEqual(idsIn(text), trades.map(idOf));
        sameRows(
          rows,
          trades.map((trade) => expectedTrade(exchange, busy, trade)),
        );
      };
      const first = yield* get("trades/ticks", { market: busy, count: 500 });
      const newest = lastTrades(tape, first.atMs, 1_000).toReversed();
      check(first.rows, first.text, newest.slice(0, 500));
      const second = yield* get("trades/ticks", { market: busy, count: 500, cursor: idsIn(first.text).at(-1) ?? "" });
      check(second.rows, second.text, newest.slice(500));
      for (let days = 1; days <= 7; days++) {
        const { rows, text, atMs } = yield* get("trades/ticks", { market: busy, count: 10, days_ago: days, to: "12:34:56" });
        const midnight = (Math.floor(atMs / dayMs) - days) * dayMs;
        check(rows, text, lastTrades(tape, midnight + 45_296_000 - 1, 10).toReversed());
      }
    }),
  );
});

/** The newest `count` one-minute candles that begin before `untilMs`. */
const newestMinutes = (model: ExchangeModel, untilMs: number, count: number): ReadonlyArray<Row> =>
  expectedCandles(model, busy, "1m", tradesBetween(tapeOf(model, busy), untilMs - 2 * dayMs, untilMs - 1)).slice(0, count);
