/** The other quirks that bite clients: members that are missing or named differently, times, listings, ticks, outages, candles (§5.2 to §5.9). */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Exchange, Script } from "../../src/index.ts";
import { rowsOf, type Suite, textOf, ticket } from "./door.ts";

const free = { limits: { perWindow: 1_000 } };
/** A market that begins tomorrow has never traded. */
const unborn = { historyStartMs: Date.UTC(2100, 0, 1) };

export const quirks = ({ name, test, testWith, get, rows, text, open, subscribed }: Suite): void => {
  const frame = (type: string, code: string, format = "DEFAULT") =>
    Effect.gen(function* () {
      const client = yield* subscribed([{ type, codes: [code] }, { format }], 1);
      return rowsOf(`[${client.frames[0]}]`)[0]!;
    });

  describe(`${name}: quirks`, () => {
    testWith(
      free,
      "says null where a converted price, a delisting date or a level has nothing to say, and leaves members out elsewhere (§5.2)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const [day] = yield* rows("/v1/candles/days?market=KRW-BTC&converting_price_unit=KRW");
          assert.isNull(day!["converted_trade_price"]);
          assert.match(
            (yield* rows("/v1/candles/days?market=USDT-BTC&converting_price_unit=KRW"))[0]!["converted_trade_price"]!,
            /^\d+(\.\d+)?$/,
          );
          assert.notProperty((yield* rows("/v1/candles/days?market=USDT-BTC"))[0], "converted_trade_price");
          assert.isNull((yield* frame("ticker", "KRW-BTC"))["delisting_date"]);
          for (const [path, has] of [
            ["minutes/5", true],
            ["seconds", false],
            ["days", false],
            ["weeks", false],
          ] as const)
            assert.strictEqual("unit" in (yield* rows(`/v1/candles/${path}?market=KRW-BTC`))[0]!, has, path);
          const [listed] = yield* rows("/v1/market/all");
          assert.deepStrictEqual(Object.keys(listed!), ["market", "korean_name", "english_name"]);
          assert.include(Object.keys((yield* rows("/v1/market/all?is_details=true"))[0]!), "market_event");
          assert.notInclude(yield* text("/v1/market/all?is_details=true"), "market_warning");
        }),
    );

    test("gives with a trade the best quotes it left, which the next book then shows (§2.7)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const types = [
          { type: "trade", codes: ["KRW-BTC"], is_only_realtime: true },
          { type: "orderbook", codes: ["KRW-BTC.1"], is_only_realtime: true },
        ];
        const client = yield* open;
        const { ledger } = yield* Exchange;
        yield* client.send([ticket, ...types]);
        yield* client.until(() => ledger.frameCount("in", "request") === 1);
        for (const price of [97_000_000, 96_000_000]) {
          const before = client.frames.length;
          yield* Script.trade("KRW-BTC", { price, side: "ASK" });
          yield* client.until(() => client.messages().some(({ type }, i) => i > before && type === "orderbook"));
          const [trade, book] = rowsOf(`[${client.frames.slice(before).join(",")}]`).filter((row) => row["type"] !== undefined);
          assert.strictEqual(trade!["type"], "trade");
          const [unit] = JSON.parse(JSON.stringify(book!["orderbook_units"]));
          const quotes = ["ask_price", "ask_size", "bid_price", "bid_size"];
          assert.deepStrictEqual(
            quotes.map((member) => Number(trade![`best_${member}`])),
            quotes.map((member) => Number(unit[member])),
          );
        }
      }));

    testWith({ wire: { bestQuotes: "null" } }, "gives null for the best quotes of a trade where it is told to (§5.2 best quotes)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const trade = yield* frame("trade", "KRW-BTC");
        for (const member of ["best_ask_price", "best_ask_size", "best_bid_price", "best_bid_size"]) assert.isNull(trade[member], member);
      }),
    );

    testWith(unborn, "gives nulls for a market that never traded, and no candle, trade or snapshot of them (§5.2 never traded)", () =>
      Effect.gen(function* () {
        const [ticker] = yield* rows("/v1/ticker?markets=KRW-BTC");
        for (const member of [
          "trade_date",
          "trade_timestamp",
          "opening_price",
          "trade_price",
          "prev_closing_price",
          "highest_52_week_date",
        ])
          assert.isNull(ticker![member], member);
        assert.deepStrictEqual([ticker!["change"], ticker!["acc_trade_price"]], ["EVEN", "0.00000000"]);
        assert.strictEqual(Object.keys(ticker!).length, 26);
        assert.strictEqual(yield* text("/v1/candles/days?market=KRW-BTC"), "[]");
        assert.strictEqual(yield* text("/v1/trades/ticks?market=KRW-BTC"), "[]");
        const types = ["trade", "candle.1m", "ticker"].map((type) => ({ type, codes: ["KRW-BTC"] }));
        const client = yield* subscribed(types, 1);
        assert.isNull(client.messages()[0]!["trade_price"]);
        assert.strictEqual(Object.keys(client.messages()[0]!).length, 33);
        const { ledger } = yield* Exchange;
        yield* client.send([ticket, { method: "LIST_SUBSCRIPTIONS" }]);
        yield* client.until(() => client.frames.length >= 2);
        assert.deepStrictEqual(
          ledger.frames({ direction: "out" }).map((sent) => sent.kind),
          ["ticker", "list"],
        );
      }),
    );

    testWith({ ...unborn, wire: { neverTraded: "absent" } }, "leaves out its ticker where it is told to (§5.2 never traded)", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* text("/v1/ticker?markets=KRW-BTC"), "[]");
      }),
    );

    testWith(free, "calls the same thing differently over REST, DEFAULT and SIMPLE (§5.3)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        yield* Script.trade("KRW-BTC", { price: 50_000_000 });
        const [row] = yield* rows("/v1/trades/ticks?market=KRW-BTC");
        const full = yield* frame("trade", "KRW-BTC");
        const short = yield* frame("trade", "KRW-BTC", "SIMPLE");
        for (const [rest, default_, simple] of [
          ["market", "code", "cd"],
          ["trade_date_utc", "trade_date", "td"],
          ["trade_time_utc", "trade_time", "ttm"],
          ["timestamp", "trade_timestamp", "ttms"],
          ["sequential_id", "sequential_id", "sid"],
        ] as const) {
          assert.strictEqual(full[default_], row![rest]);
          assert.strictEqual(short[simple], row![rest]);
        }
        assert.deepStrictEqual([full["change"], short["c"], row!["change"]], ["FALL", "FALL", undefined]);
        assert.isBelow(Number(row!["change_price"]), 0);
        assert.strictEqual(Number(full["change_price"]), -Number(row!["change_price"]));
        const [candle] = yield* rows("/v1/candles/minutes/5?market=KRW-BTC");
        assert.deepStrictEqual([candle!["unit"], (yield* frame("candle.5m", "KRW-BTC"))["type"]], ["5", "candle.5m"]);
        const ticker = yield* frame("ticker", "KRW-BTC", "SIMPLE");
        assert.isString(ticker["tdt"]);
        assert.strictEqual(ticker["td"], undefined);
      }),
    );

    testWith(free, "writes times in UTC, but where a member says _kst, and turns the day at 00:00 UTC (§5.4)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { timeMs } = yield* Script.trade("KRW-BTC", { price: 90_000_000 });
        const [utc, kst] = [timeMs, timeMs + 9 * 3_600_000].map((ms) => new Date(ms).toISOString());
        const [date, time] = [utc!.slice(0, 10), utc!.slice(11, 19)];
        const [ticker] = yield* rows("/v1/ticker?markets=KRW-BTC");
        assert.deepStrictEqual(
          [ticker!["trade_date"], ticker!["trade_time"], ticker!["trade_date_kst"], ticker!["trade_time_kst"]],
          [
            date.replaceAll("-", ""),
            time.replaceAll(":", ""),
            kst!.slice(0, 10).replaceAll("-", ""),
            kst!.slice(11, 19).replaceAll(":", ""),
          ],
        );
        const live = yield* frame("ticker", "KRW-BTC");
        assert.deepStrictEqual([live["trade_date"], live["trade_time"]], [date.replaceAll("-", ""), time.replaceAll(":", "")]);
        const trade = yield* frame("trade", "KRW-BTC");
        assert.deepStrictEqual([trade["trade_date"], trade["trade_time"]], [date, time]);
        const [candle] = yield* rows("/v1/candles/seconds?market=KRW-BTC");
        assert.deepStrictEqual([candle!["candle_date_time_utc"], candle!["candle_date_time_kst"]], [utc!.slice(0, 19), kst!.slice(0, 19)]);
        const days = yield* rows("/v1/candles/days?market=KRW-BTC&count=2");
        assert.strictEqual(days[0]!["candle_date_time_utc"], `${date}T00:00:00`);
        assert.strictEqual(ticker!["prev_closing_price"], days[1]!["trade_price"]);
        assert.strictEqual(ticker!["opening_price"], days[0]!["opening_price"]);
      }),
    );

    testWith(free, "knows no market that is not listed, on any path, and no difference between an unlisted and a misspelt one (§5.5)", () =>
      Effect.gen(function* () {
        for (const target of [
          "/v1/ticker?markets=KRW-LUNA",
          "/v1/orderbook?markets=KRW-LUNA",
          "/v1/orderbook/instruments?markets=KRW-LUNA",
          "/v1/trades/ticks?market=KRW-LUNA",
          "/v1/candles/days?market=KRW-LUNA&to=2025-01-01T00:00:00Z",
        ]) {
          const answer = yield* get(target);
          assert.deepStrictEqual([answer.status, textOf(answer)], [404, '{"error":{"name":404,"message":"Code not found"}}'], target);
        }
        assert.strictEqual(yield* text("/v1/candles/days?market=KRW-BTC&to=2020-01-01T00:00:00Z"), "[]");
        assert.strictEqual((yield* get("/v1/ticker/all?quote_currencies=EUR")).status, 200);
        assert.strictEqual((yield* frame("ticker", "KRW-BTC"))["market_state"], "ACTIVE");
      }),
    );

    testWith(free, "has the tick of the market's present price, as text, and prices on its grid (§5.6)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        for (const [market, price, tick] of [
          ["KRW-BTC", "114000000", "1000"],
          ["KRW-BTC", "999000", "500"],
          ["KRW-ETH", "99950", "50"],
          ["KRW-XRP", "3200", "1"],
          ["KRW-XRP", "99.9", "0.1"],
          ["BTC-ETH", "0.04", "0.00000001"],
          ["USDT-BTC", "78500", "0.01"],
          ["USDT-XRP", "2.2", "0.001"],
        ] as const) {
          yield* Script.trade(market, { price });
          assert.include(yield* text(`/v1/orderbook/instruments?markets=${market}`), `"tick_size":"${tick}"`);
        }
        const book = JSON.parse(yield* text("/v1/orderbook?markets=KRW-BTC"))[0];
        for (const unit of book.orderbook_units) assert.strictEqual(unit.ask_price % 500, 0);
      }),
    );

    test("answers with a 500 or not at all during maintenance, while its sockets are cut or silent (§5.7)", () =>
      Effect.gen(function* () {
        const client = yield* open;
        yield* Script.failRest("/v1", { status: 500, body: '{"error":{"name":500,"message":"maintenance"}}' });
        yield* Script.failRest("/v1", "hang");
        yield* Script.cutSockets;
        assert.strictEqual((yield* get("/v1/ticker?markets=KRW-BTC")).status, 500);
        assert.strictEqual((yield* Effect.flip(get("/v1/ticker?markets=KRW-BTC")))._tag, "TimeoutError");
        yield* client.until(() => client.closes.length > 0);
        assert.strictEqual(client.closes[0]!.code, 1006);
      }));

    testWith(free, "derives every candle from one list of trades: finer ones add up, and REST equals the socket (§5.8)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const units = (body: string | null | undefined) => BigInt((body ?? "0").replace(".", ""));
        const hours = yield* rows("/v1/candles/minutes/60?market=BTC-ETH&count=10");
        const minutes = yield* rows("/v1/candles/minutes/1?market=BTC-ETH&count=200");
        const whole = hours.filter((hour) => hour["candle_date_time_utc"]! > minutes.at(-1)!["candle_date_time_utc"]!);
        assert.isAbove(whole.length, 1);
        for (const hour of whole) {
          const inside = minutes.filter((row) => row["candle_date_time_utc"]!.slice(0, 13) === hour["candle_date_time_utc"]!.slice(0, 13));
          const sum = inside.reduce((total, row) => total + units(row["candle_acc_trade_volume"]), 0n);
          assert.strictEqual(sum, units(hour["candle_acc_trade_volume"]));
          assert.strictEqual(hour["timestamp"], inside[0]!["timestamp"]);
        }
        const { timeMs } = yield* Script.trade("BTC-ETH", { price: "0.04" });
        const live = yield* frame("candle.60m", "BTC-ETH");
        const [row] = yield* rows("/v1/candles/minutes/60?market=BTC-ETH");
        for (const member of [
          "opening_price",
          "high_price",
          "low_price",
          "trade_price",
          "candle_acc_trade_volume",
          "candle_acc_trade_price",
        ])
          assert.strictEqual(live[member], row![member], member);
        assert.strictEqual(row!["timestamp"], String(timeMs));
      }),
    );

    testWith(free, "reads small letters over REST and not over the socket, and has REST books that are a little old (§5.9)", () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        assert.deepStrictEqual(Object.keys((yield* rows("/v1/orderbook?markets=krw-btc"))[0]!).slice(0, 2), ["market", "timestamp"]);
        assert.strictEqual((yield* rows("/v1/ticker?markets=krw-btc,Krw-Eth")).length, 2);
        const ages = [];
        for (let i = 0; i < 5; i++) {
          const [book] = yield* rows("/v1/orderbook?markets=KRW-BTC,KRW-ETH");
          ages.push((exchange.ledger.requests("/v1/orderbook").at(-1)?.atMs ?? 0) - Number(book!["timestamp"]));
        }
        assert.isTrue(
          ages.every((age) => age >= 0 && age <= 1_700),
          `${ages}`,
        );
        yield* Script.halt;
        const client = yield* subscribed([{ type: "ticker", codes: ["krw-btc", "KRW-ETH"] }], 1);
        assert.strictEqual(client.messages()[0]!["code"], "KRW-ETH");
        assert.strictEqual(exchange.ledger.frameCount("out"), 1);
      }),
    );
  });
};
