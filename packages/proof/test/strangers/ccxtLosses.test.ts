/**
 * What ccxt loses between the exchange and its caller, each by name: the wire carried it, as the ledger shows, and ccxt did not hand it out as
 * it was. When a newer ccxt mends one of these, its test says so by failing.
 */
import { assert, describe, it } from "@effect/vitest";
import { Exchange, type ExchangeModel, layerLoopbackServer, LoopbackServer, Script, type ScriptError } from "@naru/sim";
import { groupedBookAt, groupingSteps } from "@naru/sim/market/Book";
import { Clock, Effect, Layer } from "effect";
import type { Scope } from "effect";
import { type CcxtClient, makeCcxtClient, symbolOf } from "../../src/strangers/ccxtClient.ts";
import { numberOf, tapeOf } from "../../src/strangers/truth.ts";

const market = "KRW-BTC";
const symbol = symbolOf(market);

const server = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 604 })));

/** A test on an exchange where only scripted trades happen, so that every frame is one the test caused. */
const loss = (
  title: string,
  run: (client: CcxtClient, exchange: ExchangeModel) => Effect.Effect<void, ScriptError, Scope.Scope | Exchange | LoopbackServer>,
) =>
  it.live(
    title,
    () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* makeCcxtClient(yield* LoopbackServer);
        yield* run(client, yield* Exchange);
      }).pipe(Effect.provide(server), Effect.scoped),
    slowMachineMs,
  );

/** Nothing here takes seconds but on a machine that has other things to do. */
const slowMachineMs = 90_000;

const call = <A>(promise: () => Promise<A>): Effect.Effect<A> => Effect.promise(promise);

/** ccxt keeps to itself what nobody awaits; this looks into what it keeps at every turn of the event loop. */
const until = (done: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const look = () => (done() ? resume(Effect.void) : void setImmediate(look));
    look();
  }).pipe(Effect.timeout("60 seconds"), Effect.orDie);

const prices = (trades: ReadonlyArray<{ readonly price?: number | undefined }>) => trades.map(({ price }) => price);
const ids = (trades: ReadonlyArray<{ readonly id?: string | undefined }>) => trades.map(({ id }) => id);

/** Starts the stream of trades and takes its first answer, the snapshot. */
const startTrades = (client: CcxtClient) => call(() => client.watchTrades(symbol));

/** The trades ccxt keeps. */
const kept = (client: CcxtClient): ReadonlyArray<{ readonly price?: number }> => client.trades[symbol] ?? [];

describe.concurrent("ccxt's losses over the socket", () => {
  loss("watchTicker never hands out a ticker that came while nobody awaited one, though it keeps it", (client, exchange) =>
    Effect.gen(function* () {
      yield* call(() => client.watchTicker(symbol));
      yield* Script.trade(market, { price: 100_000_000 });
      yield* until(() => client.tickers[symbol]?.last === 100_000_000);
      const next = client.watchTicker(symbol);
      yield* Script.trade(market, { price: 101_000_000 });
      assert.strictEqual((yield* call(() => next)).last, 101_000_000);
      const sent = exchange.ledger.frames({ direction: "out", kind: "ticker" }).map(({ text }) => JSON.parse(text).trade_price);
      assert.deepStrictEqual(sent.slice(1), [100_000_000, 101_000_000]);
    }),
  );

  loss("watchTrades tells trades that came while nobody awaited them only with the next one", (client) =>
    Effect.gen(function* () {
      yield* startTrades(client);
      yield* Script.path(market, [100_000_000, 101_000_000]);
      yield* until(() => kept(client).at(-1)?.price === 101_000_000);
      const next = client.watchTrades(symbol);
      // Another stream comes to speak on the same connection; the two trades are told with the snapshot it brings, not before.
      yield* call(() => client.watchOrderBook(symbolOf("KRW-XRP")));
      const again = yield* call(() => next);
      assert.deepStrictEqual(prices(again), [100_000_000, 101_000_000, 101_000_000]);
    }),
  );

  loss("watchTrades forgets all but the latest thousand of the trades nobody awaited", (client, exchange) =>
    Effect.gen(function* () {
      yield* startTrades(client);
      const path = Array.from({ length: 1_100 }, (_, i) => 100_000_000 + i * 1_000);
      yield* Script.path(market, path);
      yield* until(() => kept(client).at(-1)?.price === path.at(-1));
      const next = client.watchTrades(symbol);
      yield* Script.trade(market, { price: 99_000_000 });
      const trades = yield* call(() => next);
      assert.deepStrictEqual(prices(trades), [...path.slice(101), 99_000_000]);
      assert.strictEqual(exchange.ledger.frameCount("out", "trade"), 1 + path.length + 1);
    }),
  );

  loss("watchTrades hands out a market's last trade again for every stream begun after it", (client) =>
    Effect.gen(function* () {
      const [first] = ids(yield* startTrades(client));
      const next = client.watchTrades(symbol);
      yield* call(() => client.watchTicker(symbolOf("KRW-ETH")));
      assert.deepStrictEqual(ids(yield* call(() => next)), [first]);
    }),
  );

  loss("watchTrades calls the moment the frame left the time of the trade", (client, exchange) =>
    Effect.gen(function* () {
      const [trade] = yield* startTrades(client);
      const [frame] = exchange.ledger.frames({ direction: "out", kind: "trade" });
      const sent = JSON.parse(frame?.text ?? "");
      assert.isAbove(sent.timestamp - sent.trade_timestamp, 0);
      assert.strictEqual(trade?.timestamp, sent.timestamp);
      const [fetched] = yield* call(() => client.fetchTrades(symbol, undefined, 1));
      assert.strictEqual(fetched?.id, trade?.id);
      assert.strictEqual(fetched?.timestamp, sent.trade_timestamp);
    }),
  );

  loss("after a cut connection the trades of the outage are missing, and only the last one is told", (client) =>
    Effect.gen(function* () {
      yield* startTrades(client);
      const waiting = client.watchTrades(symbol).catch((error: unknown) => error);
      yield* Script.cutSockets;
      assert.match(String(yield* call(() => waiting)), /NetworkError: connection closed by remote server, closing code 1006/);
      const missed = yield* Script.path(market, [100_000_000, 101_000_000, 102_000_000]);
      assert.deepStrictEqual(ids(yield* startTrades(client)), [missed.at(-1)?.id]);
      const next = client.watchTrades(symbol);
      const after = yield* Script.trade(market, { price: 103_000_000 });
      assert.deepStrictEqual(ids(yield* call(() => next)), [after.id]);
    }),
  );

  it.live("six streams begun at once end all six: it sends six messages where five are taken, and does not read why", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const address = yield* LoopbackServer;
      const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-USDT"];
      const attempt = Effect.gen(function* () {
        const client = yield* makeCcxtClient(address);
        yield* call(() => client.loadMarkets());
        const sentBefore = ledger.frameCount("in", "request");
        const areAllSent = () => ledger.frameCount("in", "request") === sentBefore + markets.length;
        const ends = markets.map(async (one) => {
          while (ledger.frameCount("out", "error") > 0 || !areAllSent()) {
            try {
              await client.watchOrderBook(symbolOf(one));
            } catch (error) {
              return String(error);
            }
          }
          return "no complaint";
        });
        return yield* call(() => Promise.all(ends));
      }).pipe(Effect.scoped);
      // A machine so slow that six messages take a second sends nothing too much: then again.
      const ends = yield* attempt.pipe(Effect.repeat({ until: () => ledger.frameCount("out", "error") > 0, times: 5 }));
      const [frame] = ledger.frames({ direction: "out", kind: "error" });
      assert.match(frame?.text ?? "", /TOO_MANY_REQUEST/);
      for (const end of ends) assert.match(end, /NetworkError: connection closed by remote server, closing code 1000/);
    }).pipe(Effect.provide(server)),
  );

  loss("watchOrderBook keeps 15 of 30 levels, and a book it handed out goes on changing", (client, exchange) =>
    Effect.gen(function* () {
      const book = yield* call(() => client.watchOrderBook(symbol));
      const [frame] = exchange.ledger.frames({ direction: "out", kind: "orderbook" });
      assert.strictEqual(JSON.parse(frame?.text ?? "").orderbook_units.length, 30);
      assert.strictEqual(book.asks.length, 15);
      const best = book.asks[0]?.[0];
      const next = client.watchOrderBook(symbol);
      yield* Script.trade(market, { price: 100_000_000 });
      assert.strictEqual(yield* call(() => next), book);
      assert.notStrictEqual(book.asks[0]?.[0], best);
    }),
  );

  loss("watchOHLCV hands out one row where its type says a list, of seconds only, and keeps none", (client, exchange) =>
    Effect.gen(function* () {
      const { id } = yield* Script.trade(market, { price: 100_000_000, size: "0.5" });
      const row: unknown = yield* call(() => client.watchOHLCV(symbol, "1s"));
      const start = Math.floor(Number(id.slice(0, -4)) / 1_000) * 1_000;
      assert.isTrue(Array.isArray(row) && row[0] === start && row[4] === 100_000_000, String(row));
      assert.deepStrictEqual(client.ohlcvs, {});
      const minutes = yield* call(() => client.watchOHLCV(symbol, "1m").catch((error: unknown) => String(error)));
      assert.match(String(minutes), /NotSupported/);
      assert.strictEqual(exchange.ledger.frameCount("in", "request"), 1);
    }),
  );
});

describe.concurrent("ccxt's losses over REST", () => {
  loss("fetchOrderBook takes the padding of a thin side for levels: its best ask costs nothing", (client, exchange) =>
    Effect.gen(function* () {
      yield* call(() => client.loadMarkets());
      const nowMs = yield* exchange.now;
      const { halts } = exchange.world;
      const thin = exchange.world.markets.flatMap((spec) => {
        const tape = tapeOf(exchange, spec.code);
        return groupingSteps(spec, tape.last({ ms: nowMs, n: 0 })?.price ?? spec.reference).flatMap((step) => {
          const book = groupedBookAt(tape, halts, nowMs, step);
          return book !== undefined && book.asks.length < book.bids.length ? [{ spec, step, book }] : [];
        });
      })[0];
      if (thin === undefined) return assert.fail("no market has a side thinner than the other in some step");
      const { spec, step, book } = thin;
      const fetched = yield* call(() => client.fetchOrderBook(symbolOf(spec.code), undefined, { level: numberOf(step, spec.decimals) }));
      assert.strictEqual(fetched.asks.length, book.bids.length);
      assert.deepStrictEqual(fetched.asks[0], [0, 0]);
      assert.deepStrictEqual(fetched.asks[book.bids.length - book.asks.length], [
        numberOf(book.asks[0]?.price ?? 0, spec.decimals),
        numberOf(book.asks[0]?.size ?? 0, 8),
      ]);
    }),
  );

  loss("ids stay whole, but with quoteJsonNumbers off two trades of one millisecond get one", (client) =>
    Effect.gen(function* () {
      // Of five neighbours some share a double, wherever the doubles lie.
      const made = yield* Script.path(
        market,
        [1, 2, 3, 4, 5].map((n) => n * 1_000_000),
      );
      const whole = yield* call(() => client.fetchTrades(symbol, undefined, 5));
      assert.deepStrictEqual(ids(whole), ids(made));
      client.quoteJsonNumbers = false;
      const rounded = yield* call(() => client.fetchTrades(symbol, undefined, 5));
      assert.strictEqual(rounded.length, 5);
      assert.isBelow(new Set(ids(rounded)).size, 5);
    }),
  );

  loss("fetchOHLCV sends the fraction of a moment inside a second, where the exchange takes whole seconds", (client, exchange) =>
    Effect.gen(function* () {
      yield* call(() => client.loadMarkets());
      const since = Math.floor((yield* exchange.now) / 60_000) * 60_000 - 600_000;
      const whole = yield* call(() => client.fetchOHLCV(symbol, "1m", since, 5));
      assert.isAbove(whole.length, 0);
      const inside = yield* call(() => client.fetchOHLCV(symbol, "1m", since + 123, 5).catch((error: unknown) => String(error)));
      assert.match(String(inside), /ExchangeError: .*Invalid parameter/);
      assert.match(exchange.ledger.requests().at(-1)?.target ?? "", /&to=[^&]*\.123Z/);
    }),
  );

  loss("its limiter knows one allowance for all limit groups: two thirds of what the exchange would grant wait", (client, exchange) =>
    Effect.gen(function* () {
      yield* call(() => client.loadMarkets());
      const before = exchange.ledger.requests().length;
      const startMs = yield* Clock.currentTimeMillis;
      yield* call(() =>
        Promise.all(
          Array.from({ length: 7 }, () => [client.fetchTicker(symbol), client.fetchOrderBook(symbol), client.fetchOHLCV(symbol)]).flat(),
        ),
      );
      const asked = exchange.ledger.requests().slice(before);
      assert.strictEqual(asked.length, 21);
      assert.strictEqual(new Set(asked.map(({ group }) => group)).size, 3);
      // 21 requests at ten a second; each group alone would take its seven at once.
      assert.isAbove((asked.at(-1)?.atMs ?? 0) - startMs, 1_700);
      for (const group of ["ticker", "orderbook", "candles"]) assert.isBelow(exchange.ledger.maxInWindow(group, 1_000), 10);
    }),
  );
});
