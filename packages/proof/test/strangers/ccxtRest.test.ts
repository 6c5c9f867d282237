/** ccxt's REST methods against the emulated exchange over TCP: every number is compared with the one the exchange's trades make. */
import { assert, describe, it } from "@effect/vitest";
import { Exchange, type ExchangeModel, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import { Clock, Effect, Layer } from "effect";
import type { Scope } from "effect";
import { type CcxtClient, makeCcxtClient, symbolOf } from "../../src/strangers/ccxtClient.ts";
import {
  bookNumbersAt,
  candlesOf,
  idOf,
  lastTrades,
  moneyOf,
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

/** A year and some of history: enough for two candles of a year, and quickly walked through trade by trade. */
const exchange = Layer.unwrap(
  Effect.map(Clock.currentTimeMillis, (ms) => Exchange.layer({ seed: 601, historyStartMs: (Math.floor(ms / dayMs) - 400) * dayMs })),
);
const server = layerLoopbackServer().pipe(Layer.provideMerge(exchange));

interface Stranger {
  readonly exchange: ExchangeModel;
  readonly ccxt: CcxtClient;
  /** Runs one call of ccxt; returns its value and when the exchange answered it. */
  readonly ask: <A>(call: (ccxt: CcxtClient) => Promise<A>) => Effect.Effect<{ readonly value: A; readonly atMs: number }>;
}

/** A test over a server and a client of its own, with the markets loaded. At its end nothing was ever refused. */
const stranger = (title: string, run: (stranger: Stranger) => Effect.Effect<void, never, Scope.Scope>) =>
  it.live(
    title,
    () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        const ccxt = yield* makeCcxtClient(yield* LoopbackServer);
        const ask: Stranger["ask"] = (call) =>
          Effect.map(
            Effect.promise(() => call(ccxt)),
            (value) => ({ value, atMs: exchange.ledger.requests().at(-1)?.atMs ?? Number.NaN }),
          );
        yield* ask((client) => client.loadMarkets());
        yield* run({ exchange, ccxt, ask });
        assert.strictEqual(exchange.ledger.rejected, 0);
        assert.deepStrictEqual(
          exchange.ledger.requests().filter(({ verdict }) => verdict !== "accepted"),
          [],
        );
      }).pipe(Effect.provide(server), Effect.scoped),
    slowMachineMs,
  );

/** ccxt waits a tenth of a second before each request, and a year of trades is added up; a loaded machine takes its time over both. */
const slowMachineMs = 90_000;

/** The part of a ccxt ticker that the exchange told; the rest is ccxt's own arithmetic. */
const told = (ticker: Awaited<ReturnType<CcxtClient["fetchTicker"]>>) => ({
  symbol: ticker.symbol,
  tradeMs: ticker.timestamp,
  open: ticker.open,
  high: ticker.high,
  low: ticker.low,
  last: ticker.last,
  close: ticker.close,
  previousClose: ticker.previousClose,
  change: ticker.change,
  percentage: ticker.percentage,
  volume24h: ticker.baseVolume,
  money24h: ticker.quoteVolume,
});

const expectedTicker = (model: ExchangeModel, market: string, atMs: number) => {
  const { changeRate, ...rest } = tickerAt(tapeOf(model, market), { ms: atMs, n: 9_999 });
  // ccxt multiplies the rate's text by 100.
  const percentage = Number(`${Math.round(changeRate * 1e10)}e-8`);
  return { symbol: symbolOf(market), close: rest.last, percentage, ...rest };
};

const expectedTrade = (model: ExchangeModel, market: string, trade: TradeRow) => {
  const tape = tapeOf(model, market);
  return {
    id: idOf(trade),
    timestamp: trade.ms,
    symbol: symbolOf(market),
    side: trade.bid ? "buy" : "sell",
    price: priceOf(tape, trade),
    amount: sizeOf(trade),
    cost: moneyOf(tape, trade),
  };
};

const tradeSaid = ({ id, timestamp, symbol, side, price, amount, cost }: Awaited<ReturnType<CcxtClient["fetchTrades"]>>[number]) => ({
  id,
  timestamp,
  symbol,
  side,
  price,
  amount,
  cost,
});

/** ccxt's types are mutable arrays of loose numbers. */
const same = (said: unknown, expected: unknown, message?: string): void => assert.deepStrictEqual(said, expected, message);

describe.concurrent("ccxt over REST", () => {
  stranger("loads exactly the markets the exchange lists, under its own names for them", ({ exchange, ccxt, ask }) =>
    Effect.gen(function* () {
      const { value: fetched } = yield* ask((client) => client.fetchMarkets());
      const expected = exchange.world.markets.map(({ code, base, quote }) => ({
        id: code,
        symbol: symbolOf(code),
        base,
        quote,
        active: true,
      }));
      same(
        fetched.map((market) => ({
          id: market?.id,
          symbol: market?.symbol,
          base: market?.base,
          quote: market?.quote,
          active: market?.active,
        })),
        expected,
      );
      assert.sameMembers(
        Object.keys(ccxt.markets ?? {}),
        expected.map(({ symbol }) => symbol),
      );
      same(
        fetched.map((market) => market?.["info"]),
        exchange.world.markets.map((spec) => ({ market: spec.code, korean_name: spec.korean, english_name: spec.english })),
      );
    }),
  );

  stranger("shows tickers of one, of some and of all markets as the trades make them", ({ exchange, ask }) =>
    Effect.gen(function* () {
      for (const market of [busy, quiet, "BTC-ATOM", "USDT-TRX"]) {
        const { value, atMs } = yield* ask((client) => client.fetchTicker(symbolOf(market)));
        same(told(value), expectedTicker(exchange, market, atMs));
      }
      const some = ["KRW-BTC", "BTC-ETH", "USDT-BTC"];
      const few = yield* ask((client) => client.fetchTickers(some.map(symbolOf)));
      same(
        Object.values(few.value).map(told),
        some.map((market) => expectedTicker(exchange, market, few.atMs)),
      );
      const all = yield* ask((client) => client.fetchTickers());
      assert.sameDeepMembers(
        Object.values(all.value).map(told),
        exchange.world.markets.map(({ code }) => expectedTicker(exchange, code, all.atMs)),
      );
    }),
  );

  stranger("shows order books of one, of some and of all markets, as deep as asked and in steps as asked", ({ exchange, ask }) =>
    Effect.gen(function* () {
      const expected = (market: string, atMs: number, levels = 30, step = 0) => {
        const { timestamp, asks, bids } = bookNumbersAt(exchange, tapeOf(exchange, market), atMs, step);
        return { symbol: symbolOf(market), timestamp, asks: asks.slice(0, levels), bids: bids.slice(0, levels) };
      };
      const said = ({ symbol, timestamp, asks, bids }: Awaited<ReturnType<CcxtClient["fetchOrderBook"]>>) => ({
        symbol,
        timestamp,
        asks,
        bids,
      });
      for (const market of [busy, "BTC-ETH", "USDT-BTC"]) {
        const whole = yield* ask((client) => client.fetchOrderBook(symbolOf(market)));
        same(said(whole.value), expected(market, whole.atMs));
        const top = yield* ask((client) => client.fetchOrderBook(symbolOf(market), 5));
        same(said(top.value), expected(market, top.atMs, 5));
      }
      const stepped = yield* ask((client) => client.fetchOrderBook(symbolOf("KRW-BTC"), undefined, { level: 10_000 }));
      same(said(stepped.value), expected("KRW-BTC", stepped.atMs, 30, 10_000));
      const all = yield* ask((client) => client.fetchOrderBooks());
      const books = new Map(Object.values(all.value).map((book) => [book.symbol, said(book)]));
      same(books.size, exchange.world.markets.length);
      for (const { code } of exchange.world.markets) same(books.get(symbolOf(code)), expected(code, all.atMs));
    }),
  );

  stranger(
    "lists trades with their ids whole, oldest first, as many, since when, before which and from which day as asked",
    ({ exchange, ask }) =>
      Effect.gen(function* () {
        const symbol = symbolOf(busy);
        const tape = tapeOf(exchange, busy);
        const expected = (trades: ReadonlyArray<TradeRow>) => trades.map((trade) => expectedTrade(exchange, busy, trade));
        const usual = yield* ask((client) => client.fetchTrades(symbol));
        const two = lastTrades(tape, usual.atMs, 200);
        same(usual.value.map(tradeSaid), expected(two));
        assert.isAbove(two.filter(({ n }) => n > 0).length, 0, "some share a millisecond, and their ids are not doubles");
        const most = yield* ask((client) => client.fetchTrades(symbol, undefined, 500));
        same(most.value.map(tradeSaid), expected(lastTrades(tape, most.atMs, 500)));
        const since = most.atMs - 120_000;
        const recent = yield* ask((client) => client.fetchTrades(symbol, since));
        same(recent.value.map(tradeSaid), expected(tradesBetween(tape, since, recent.atMs)));
        const oldest = usual.value[0]?.id;
        const older = yield* ask((client) => client.fetchTrades(symbol, undefined, 50, { cursor: oldest }));
        same(
          older.value.map(tradeSaid),
          expected(
            lastTrades(tape, (two[0]?.ms ?? 0) + 1, 60)
              .filter((trade) => idOf(trade) < (oldest ?? ""))
              .slice(-50),
          ),
        );
        const past = yield* ask((client) => client.fetchTrades(symbol, undefined, 100, { days_ago: 2 }));
        const midnight = (Math.floor(past.atMs / dayMs) - 1) * dayMs;
        same(past.value.map(tradeSaid), expected(lastTrades(tape, midnight - 1, 100)));
      }),
  );

  stranger("shows candles of every timeframe it names equal to a re-computation from the trades", ({ exchange, ccxt, ask }) =>
    Effect.gen(function* () {
      const timeframes = Object.keys(ccxt.timeframes);
      assert.sameMembers(timeframes, ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "1h", "4h", "1d", "1w", "1M", "1y"]);
      const tape = tapeOf(exchange, quiet);
      const answers = [];
      for (const timeframe of timeframes) {
        answers.push({ timeframe, ...(yield* ask((client) => client.fetchOHLCV(symbolOf(quiet), timeframe))) });
        // Half the requests of the candles' limit group: ccxt's own limiter knows no groups and is a little short of the exchange's second.
        yield* ask((client) => client.fetchTicker(symbolOf(quiet)));
      }
      const trades = tradesBetween(tape, 0, answers.at(-1)?.atMs ?? 0);
      for (const { timeframe, atMs, value } of answers) {
        const rows = candlesOf(
          tape,
          timeframe,
          trades.filter(({ ms }) => ms <= atMs),
        ).slice(-200);
        same(value, rows, timeframe);
        assert.isAbove(rows.length, 1, timeframe);
      }
    }),
  );

  stranger("pages candles of every timeframe forward from a moment", ({ exchange, ccxt, ask }) =>
    Effect.gen(function* () {
      const tape = tapeOf(exchange, quiet);
      const answers = [];
      for (const timeframe of Object.keys(ccxt.timeframes)) {
        const now = yield* Clock.currentTimeMillis;
        const period = ccxt.parseTimeframe(timeframe) * 1_000;
        const since = Math.floor(Math.max(tape.openedMs, now - 150 * period) / 1_000) * 1_000 + 1_000;
        answers.push({
          timeframe,
          since,
          until: since + 60 * period,
          ...(yield* ask((client) => client.fetchOHLCV(symbolOf(quiet), timeframe, since, 60))),
        });
        yield* ask((client) => client.fetchTicker(symbolOf(quiet)));
      }
      const trades = tradesBetween(tape, 0, answers.at(-1)?.atMs ?? 0);
      for (const { timeframe, since, until, atMs, value } of answers) {
        const known = trades.filter(({ ms }) => ms <= atMs);
        const rows = candlesOf(tape, timeframe, known).filter(([start]) => start >= since && start < until);
        same(value, rows.slice(-60), timeframe);
      }
      assert.isAbove(answers.filter(({ value }) => value.length > 10).length, 8);
    }),
  );
});
