/** How numbers are spelled, by place and format (§5.1), and the options that spell them otherwise. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Script } from "../../src/index.ts";
import { rowsOf, type Suite } from "./door.ts";

const free = { limits: { perWindow: 1_000 } };
const eightDecimals = /^-?\d+\.\d{8}$/;

/** The members of a spelled number: its text may be a string or a number of the JSON. */
const matchAll = (row: Record<string, string | null>, names: ReadonlyArray<string>, pattern: RegExp) => {
  for (const name of names) assert.match(row[name] ?? "", pattern, name);
};

export const numbers = ({ name, test, testWith, rows, text, subscribed, tradeInBook }: Suite): void => {
  /** The first frame of each type, with numbers as text. */
  const frames = (code: string, format: string) =>
    Effect.gen(function* () {
      const types = ["ticker", "trade", "orderbook", "candle.1m"];
      const client = yield* subscribed([...types.map((type) => ({ type, codes: [code] })), { format }], 4);
      const all = client.frames.flatMap((frame) => rowsOf(`[${frame}]`));
      const of = (type: string) => all.find((row) => (row["type"] ?? row["ty"]) === type)!;
      return { ticker: of("ticker"), trade: of("trade"), orderbook: of("orderbook"), candle: of("candle.1m"), texts: client.frames };
    });

  describe(`${name}: numbers`, () => {
    testWith(free, "spells each REST place in its own way: candles fixed, books plain, trades with a point (§5.1 REST)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        yield* tradeInBook("KRW-BTC", { price: 91_361_000, size: "0.01275549" });
        const [candle] = yield* rows("/v1/candles/minutes/1?market=KRW-BTC");
        const candleNumbers = [
          "opening_price",
          "high_price",
          "low_price",
          "trade_price",
          "candle_acc_trade_price",
          "candle_acc_trade_volume",
        ];
        matchAll(candle!, candleNumbers, eightDecimals);
        const [trade] = yield* rows("/v1/trades/ticks?market=KRW-BTC");
        assert.deepStrictEqual([trade!["trade_price"], trade!["trade_volume"]], ["91361000.0", "0.01275549"]);
        const [ticker] = yield* rows("/v1/ticker?markets=KRW-BTC");
        matchAll(ticker!, ["opening_price", "trade_price", "change_price", "signed_change_price"], eightDecimals);
        assert.match(ticker!["change_rate"]!, /^\d\.\d{10}$/);
        assert.match(
          yield* text("/v1/orderbook?markets=KRW-BTC&count=1"),
          /"bid_price":\d{8,9},"bid_size":\d+(?:\.\d{1,8})?,"ask_price":91361000,/,
        );
      }),
    );

    test("spells book prices as Java doubles in DEFAULT and plainly in SIMPLE, whose sizes are Java's instead (§5.1 WS order book)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        yield* tradeInBook("KRW-BTC", { price: 116_539_000, side: "ASK" });
        const full = (yield* frames("KRW-BTC", "DEFAULT")).texts.find((frame) => frame.includes('"orderbook"'))!;
        assert.include(full, '"bid_price":1.16539E8,');
        assert.match(full, /"ask_size":\d+\.\d{8},"bid_size":\d+\.\d{8}\}/);
        const short = (yield* frames("KRW-BTC", "SIMPLE")).texts.find((frame) => frame.includes('"orderbook"'))!;
        assert.include(short, '"bp":116539000,');
        assert.match(short, /"[ab]s":\d\.\d+E-\d[,}]/);
      }));

    test("spells a trade's price with a point, its previous close with eight decimals and small SIMPLE sizes with an exponent (§5.1 WS trade)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        yield* Script.trade("KRW-XRP", { price: 3_127, size: "0.00000099" });
        const { trade } = yield* frames("KRW-XRP", "SIMPLE");
        assert.deepStrictEqual([trade["tp"], trade["tv"]], ["3127.0", "9.9E-7"]);
        matchAll(trade, ["pcp", "cp"], eightDecimals);
        assert.strictEqual((yield* frames("KRW-XRP", "DEFAULT")).trade["trade_volume"], "0.00000099");
      }));

    test("spells candles with eight decimals, volume before price on the socket (§5.1 WS candle)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { candle } = yield* frames("KRW-BTC", "DEFAULT");
        matchAll(candle, ["opening_price", "trade_price", "candle_acc_trade_volume", "candle_acc_trade_price"], eightDecimals);
        const names = Object.keys(candle);
        assert.isBelow(names.indexOf("candle_acc_trade_volume"), names.indexOf("candle_acc_trade_price"));
      }));

    testWith({ wire: { candleMoneyPlaces: 16 } }, "prints sixteen decimals of candle money where it is told to (§5.1 WS candle)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { candle } = yield* frames("KRW-BTC", "DEFAULT");
        assert.match(candle["candle_acc_trade_price"]!, /^\d+\.\d{16}$/);
        assert.match(candle["candle_acc_trade_volume"]!, eightDecimals);
      }),
    );

    testWith(free, "has sums that no double can hold (§5.1 precision)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const months = yield* rows("/v1/candles/months?market=USDT-BTC&count=3");
        const sums = months.map((row) => row["candle_acc_trade_price"]!.replace(/0+$/, ""));
        assert.isTrue(
          sums.some((sum) => String(Number(sum)) !== sum && sum.length > 17),
          sums.join(),
        );
      }),
    );

    test("has ids above 2^53, which a double merges with their neighbours (§5.1 ids)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const made = yield* Script.path("KRW-BTC", [91_000_000, 91_001_000]);
        const found = (yield* rows("/v1/trades/ticks?market=KRW-BTC&count=2")).map((row) => row["sequential_id"]!).toReversed();
        assert.deepStrictEqual(
          found,
          made.map(({ id }) => id),
        );
        assert.isTrue(found.every((id) => BigInt(id) > 2n ** 53n));
        assert.strictEqual(BigInt(found[1]!) - BigInt(found[0]!), 1n);
        assert.isTrue(found.some((id) => BigInt(Number(id)) !== BigInt(id)));
      }));

    for (const [spelling, price, size] of [
      ["fixed", "116539000.00000000", "0.00079276"],
      ["java", "1.16539E8", "7.9276E-4"],
      ["plain", "116539000", "0.00079276"],
    ] as const) {
      testWith({ wire: { spelling }, ...free }, `spells every number ${spelling} where it is told to (§5.1 spellings)`, () =>
        Effect.gen(function* () {
          yield* Script.halt;
          yield* tradeInBook("KRW-BTC", { price: 116_539_000, size: "0.00079276", side: "ASK" });
          for (const format of ["DEFAULT", "SIMPLE"]) {
            const { ticker, trade, candle, texts } = yield* frames("KRW-BTC", format);
            const member = (full: string, short: string) => (format === "SIMPLE" ? short : full);
            for (const row of [ticker, trade, candle]) assert.strictEqual(row[member("trade_price", "tp")], price);
            assert.strictEqual(trade[member("trade_volume", "tv")], size);
            assert.isTrue(texts.some((frame) => frame.includes(`"${member("bid_price", "bp")}":${price},`)));
          }
          const [row] = yield* rows("/v1/trades/ticks?market=KRW-BTC");
          assert.deepStrictEqual([row!["trade_price"], row!["trade_volume"]], [price, size]);
          assert.strictEqual((yield* rows("/v1/ticker?markets=KRW-BTC"))[0]!["trade_price"], price);
          assert.strictEqual((yield* rows("/v1/candles/minutes/1?market=KRW-BTC"))[0]!["trade_price"], price);
          assert.include(yield* text("/v1/orderbook?markets=KRW-BTC&count=1"), `"bid_price":${price},`);
        }),
      );
    }

    testWith({ wire: { tickerPricesAsText: true } }, "quotes the prices of a REST ticker where it is told to (§5.1 quoted)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        yield* Script.trade("KRW-BTC", { price: 148_737_000 });
        const body = yield* text("/v1/ticker?markets=KRW-BTC");
        assert.include(body, '"trade_price":"148737000.00000000","prev_closing_price":"');
        assert.strictEqual(body.match(/":"\d+\.\d{8}"/g)?.length, 6);
      }),
    );

    for (const [order, pattern] of [
      ["bidFirst", /\[\{"bid_price":[^,]+,"bid_size":[^,]+,"ask_price":[^,]+,"ask_size":/],
      ["askFirst", /\[\{"ask_price":[^,]+,"bid_price":[^,]+,"ask_size":[^,]+,"bid_size":/],
    ] as const) {
      testWith({ wire: { restBookOrder: order } }, `writes the units of a REST book ${order} (§1.7)`, () =>
        Effect.gen(function* () {
          assert.match(yield* text("/v1/orderbook?markets=KRW-BTC&count=1"), pattern);
        }),
      );
    }
  });
};
