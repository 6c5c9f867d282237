/** The REST half of the emulator checklist: paths, candles, trades, books, errors. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Exchange, Script } from "../../src/index.ts";
import { type Suite, textOf } from "./door.ts";

const paths = [
  "/v1/market/all",
  "/v1/market/all?is_details=true",
  "/v1/ticker?markets=KRW-BTC",
  "/v1/ticker/all?quote_currencies=BTC,USDT",
  "/v1/orderbook?markets=KRW-BTC",
  "/v1/orderbook/instruments?markets=KRW-BTC",
  "/v1/orderbook/supported_levels?markets=KRW-BTC",
  "/v1/trades/ticks?market=KRW-BTC",
  "/v1/candles/seconds?market=KRW-BTC",
  ...[1, 3, 5, 10, 15, 30, 60, 240].map((unit) => `/v1/candles/minutes/${unit}?market=KRW-BTC`),
  "/v1/candles/days?market=KRW-BTC",
  "/v1/candles/weeks?market=KRW-ZIL",
  "/v1/candles/months?market=KRW-ZIL",
  "/v1/candles/years?market=KRW-ZIL",
];

const free = { limits: { perWindow: 1_000 } };

export const rest = ({ name, test, testWith, get, text, rows, tradeInBook }: Suite): void => {
  describe(`${name}: REST`, () => {
    testWith(free, "serves every path of the index, and leaves others to the gateway, without a word of limits (§8 REST: paths)", () =>
      Effect.gen(function* () {
        for (const path of paths) {
          const answer = yield* get(path);
          assert.strictEqual(answer.status, 200, path);
          assert.match(textOf(answer), /^\[\{"market":/, path);
          assert.strictEqual(answer.headers["content-type"], "application/json;charset=UTF-8");
          assert.match(answer.headers["remaining-req"] ?? "", /^group=[a-z-]+; min=600; sec=\d+$/);
        }
        for (const path of ["/v1/nope", "/v1/candles/minutes/2?market=KRW-BTC", "/v2/ticker?markets=KRW-BTC"]) {
          const unrouted = yield* get(path);
          assert.deepStrictEqual(
            [unrouted.status, textOf(unrouted), unrouted.headers["remaining-req"], unrouted.headers["limit-by-ip"]],
            [404, '{"error":{"name":"not_found","message":"no Route matched with those values"}}', undefined, undefined],
          );
        }
      }),
    );

    test("answers with the exchange's headers: its clock, a weak tag of the body, and no caching (§1.1)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const target = "/v1/candles/minutes/1?market=KRW-BTC&count=2";
        const answer = yield* get(target);
        assert.strictEqual(answer.status, 200);
        assert.strictEqual(answer.headers["content-type"], "application/json;charset=UTF-8");
        assert.strictEqual(answer.headers["remaining-req"], "group=candles; min=600; sec=9");
        assert.strictEqual(answer.headers["limit-by-ip"], "Yes");
        assert.strictEqual(answer.headers["cache-control"], "no-cache, no-store, max-age=0, must-revalidate");
        const exchange = yield* Exchange;
        const ageMs = (yield* exchange.now) - Date.parse(answer.headers["date"] ?? "");
        assert.isTrue(ageMs >= 0 && ageMs < 5_000);
        assert.match(answer.headers["etag"] ?? "", /^W\/"[0-9a-f-]+"$/);
        assert.strictEqual((yield* get(target)).headers["etag"], answer.headers["etag"]);
        yield* Script.trade("KRW-BTC", { price: 100_000_000 });
        assert.notStrictEqual((yield* get(target)).headers["etag"], answer.headers["etag"]);
        assert.match(textOf(answer), /"opening_price":\d+\.\d{8},/);
      }));

    testWith({ rest: { etag: false, date: false } }, "leaves date and tag away when it is told to (§1.1)", () =>
      Effect.gen(function* () {
        const { headers } = yield* get("/v1/market/all");
        assert.isUndefined(headers["etag"]);
        assert.isFalse("remaining-req" in headers && /date/.test(headers["remaining-req"] ?? ""));
        assert.strictEqual(headers["remaining-req"], "group=market; min=600; sec=9");
      }),
    );

    testWith(
      free,
      "has candles only where trades are, newest first, before an exclusive to, in UTC where it names no zone (§8 REST: candles)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const trades = yield* rows("/v1/trades/ticks?market=BTC-ADA&count=500");
          const minutes = [...new Set(trades.map((trade) => `${trade["trade_date_utc"]}T${trade["trade_time_utc"]!.slice(0, 5)}:00`))];
          assert.isAbove(minutes.length, 50);
          const candles = yield* rows(`/v1/candles/minutes/1?market=BTC-ADA&count=50`);
          assert.deepStrictEqual(
            candles.map((row) => row["candle_date_time_utc"]),
            minutes.slice(0, 50),
          );
          const edge = minutes[3]!;
          const before = yield* rows(`/v1/candles/minutes/1?market=BTC-ADA&to=${edge}Z`);
          assert.strictEqual(before[0]!["candle_date_time_utc"], minutes[4]);
          assert.deepStrictEqual(yield* rows(`/v1/candles/minutes/1?market=BTC-ADA&to=${edge}`), before);
          assert.deepStrictEqual(yield* rows(`/v1/candles/minutes/1?market=BTC-ADA&to=${edge.replace("T", "%20")}`), before);
          const korea = new Date(Date.parse(`${edge}Z`) + 9 * 3_600_000).toISOString().slice(0, 19);
          assert.deepStrictEqual(yield* rows(`/v1/candles/minutes/1?market=BTC-ADA&to=${korea}%2B09:00`), before);
          const after = yield* rows(`/v1/candles/minutes/1?market=BTC-ADA&to=${edge.slice(0, -1)}1Z`);
          assert.strictEqual(after[0]!["candle_date_time_utc"], edge);
        }),
    );

    testWith(
      free,
      "cuts a count at 200, includes the candle in progress, and keeps seconds for three months (§8 REST: count, forming, seconds)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const exchange = yield* Exchange;
          for (const count of [200, 201, 500])
            assert.strictEqual((yield* rows(`/v1/candles/minutes/1?market=KRW-BTC&count=${count}`)).length, 200);
          assert.strictEqual((yield* rows("/v1/candles/minutes/1?market=KRW-BTC")).length, 1);
          yield* Script.trade("KRW-BTC", { price: 77_000_000 });
          const today = new Date(yield* exchange.now).toISOString().slice(0, 10);
          const [day] = yield* rows("/v1/candles/days?market=KRW-BTC");
          assert.deepStrictEqual([day!["candle_date_time_utc"], day!["trade_price"]], [`${today}T00:00:00`, "77000000.00000000"]);
          yield* Script.trade("KRW-BTC", { price: 78_000_000 });
          assert.strictEqual((yield* rows("/v1/candles/days?market=KRW-BTC"))[0]!["trade_price"], "78000000.00000000");
          const old = new Date((yield* exchange.now) - 100 * 86_400_000).toISOString().slice(0, 19);
          assert.strictEqual(yield* text(`/v1/candles/seconds?market=KRW-BTC&to=${old}Z`), "[]");
          assert.strictEqual((yield* rows(`/v1/candles/minutes/1?market=KRW-BTC&to=${old}Z`)).length, 1);
        }),
    );

    testWith(
      free,
      "has trades newest first, paged by cursor and day, with ids of milliseconds and a number that tells equal ones apart (§8 REST: trades)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const before = yield* rows("/v1/trades/ticks?market=KRW-ADA&count=3");
          const made = yield* Script.path("KRW-ADA", [800, 801, 802]);
          const ids = made.map(({ id }) => id).toReversed();
          const all = [...ids, ...before.map((row) => row["sequential_id"]!)];
          assert.deepStrictEqual(
            ids.map((id) => id.slice(-4)),
            ["0002", "0001", "0000"],
          );
          const list = (query: string) =>
            Effect.map(rows(`/v1/trades/ticks?market=KRW-ADA${query}`), (found) => found.map((row) => row["sequential_id"]!));
          assert.deepStrictEqual(yield* list("&count=6"), all);
          assert.deepStrictEqual(yield* list(`&count=3&cursor=${all[1]}`), all.slice(2, 5));
          assert.deepStrictEqual(yield* list(""), all.slice(0, 1));
          assert.strictEqual((yield* list("&count=501")).length, 500);
          for (const id of all) assert.match(id, /^\d{17}$/);
          assert.strictEqual(BigInt(all[1]!) % 2n, 1n);
          assert.notStrictEqual(String(Number(all[1])), all[1]);
          const days = yield* rows("/v1/trades/ticks?market=KRW-ADA&count=500&days_ago=2&to=12:00:00");
          const day = new Date((yield* (yield* Exchange).now) - 2 * 86_400_000).toISOString().slice(0, 10);
          assert.isTrue(days.length > 0 && days.every((row) => row["trade_date_utc"] === day && row["trade_time_utc"]! < "12:00:00"));
          assert.strictEqual((yield* get("/v1/trades/ticks?market=KRW-ADA&days_ago=8")).status, 400);
        }),
    );

    testWith({ rest: { tradesTo: "inclusive", countBelowOne: "one" } }, "reads to and count the other way when it is told to (§7)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { id, timeMs } = yield* Script.trade("KRW-ADA", { price: 900 });
        const second = new Date(timeMs).toISOString().slice(11, 19);
        const found = yield* rows(`/v1/trades/ticks?market=KRW-ADA&count=0&to=${second}`);
        assert.deepStrictEqual(
          found.map((row) => row["sequential_id"]),
          [id],
        );
      }),
    );

    testWith(
      free,
      "has books of 30 pairs, padded with zeros, on a grid of 100 ms, none of an unknown level, and no answer of an unknown pair (§8 REST: order books)",
      () =>
        Effect.gen(function* () {
          type Book = { readonly timestamp: number; readonly orderbook_units: ReadonlyArray<Record<string, number>> };
          const books = (query: string) =>
            Effect.map(text(`/v1/orderbook?markets=${query}`), (body): ReadonlyArray<Book> => JSON.parse(body));
          for (const [query, pairs] of [
            ["KRW-BTC", 30],
            ["KRW-BTC&count=5", 5],
            ["KRW-BTC&count=50", 30],
            ["BTC-ATOM", 7],
          ] as const)
            assert.strictEqual((yield* books(query))[0]!.orderbook_units.length, pairs, query);
          const stamps = [];
          for (let i = 0; i < 5; i++) stamps.push((yield* books("KRW-BTC"))[0]!.timestamp);
          assert.strictEqual(new Set(stamps.map((ms) => ms % 100)).size, 1, `${stamps}`);
          yield* Script.halt;
          yield* tradeInBook("BTC-ADA", { price: "0.00000004" });
          const thin = (yield* books("BTC-ADA"))[0]!.orderbook_units;
          assert.strictEqual(thin.length, 30);
          assert.deepStrictEqual([thin.at(-1)!["bid_price"], thin.at(-1)!["bid_size"]], [0, 0]);
          assert.isAbove(thin.at(-1)!["ask_size"]!, 0);
          assert.strictEqual(yield* text("/v1/orderbook?markets=KRW-BTC&level=123"), "[]");
          assert.strictEqual(yield* text("/v1/orderbook?markets=BTC-ETH&level=10000"), "[]");
          assert.match(yield* text("/v1/orderbook?markets=KRW-BTC&level=100000"), /"level":100000\}\]$/);
          const unknown = yield* get("/v1/orderbook?markets=KRW-BTC,KRW-NOPE");
          assert.deepStrictEqual([unknown.status, textOf(unknown)], [404, '{"error":{"name":404,"message":"Code not found"}}']);
        }),
    );

    test("refuses with an integer for a name, by what is wrong (§8 REST: errors)", () =>
      Effect.gen(function* () {
        const invalid = '{"error":{"name":400,"message":"Invalid parameter. Check the given value!"}}';
        const mismatch = '{"error":{"name":400,"message":"Type mismatch error. Check the parameters type!"}}';
        const missing = '{"error":{"name":400,"message":"Missing request parameter error. Check the required parameters!"}}';
        const notFound = '{"error":{"name":404,"message":"Code not found"}}';
        for (const [target, status, body] of [
          ["/v1/candles/minutes/1?market=KRW-BTC&to=yesterday", 400, invalid],
          ["/v1/candles/minutes/1?market=KRW-BTC&to=2026-01-05T12:00:00+09:00", 400, invalid],
          ["/v1/orderbook?markets=KRW-BTC&count=abc", 400, mismatch],
          ["/v1/market/all?is_details=x", 400, mismatch],
          ["/v1/candles/days", 400, missing],
          ["/v1/ticker", 400, missing],
          ["/v1/ticker?markets=KRW-BTC,KRW-NOPE", 404, notFound],
          ["/v1/trades/ticks?market=KRW-NOPE", 404, notFound],
        ] as const) {
          const answer = yield* get(target);
          assert.deepStrictEqual([answer.status, textOf(answer)], [status, body], target);
          assert.strictEqual(answer.headers["content-type"], "application/json;charset=UTF-8");
        }
      }));

    testWith(
      { wire: { errorName: "text" }, rest: { strictEncoding: true } },
      "names errors in text and refuses a raw colon when it is told to (§4.1, §1.1)",
      () =>
        Effect.gen(function* () {
          const answer = yield* get("/v1/candles/days?market=KRW-BTC&to=2026-01-05T12:00:00Z");
          assert.deepStrictEqual(
            [answer.status, textOf(answer)],
            [400, '{"error":{"name":"400","message":"Invalid parameter. Check the given value!"}}'],
          );
          assert.strictEqual((yield* get("/v1/candles/days?market=KRW-BTC&to=2026-01-05T12%3A00%3A00Z")).status, 200);
        }),
    );

    test("answers a URL too long to read with 414, before any limit (§4.1)", () =>
      Effect.gen(function* () {
        const pairs = (joint: string) => `/v1/orderbook/instruments?markets=${Array.from({ length: 855 }, () => "USDT-XRP").join(joint)}`;
        const answer = yield* get(pairs("%2C"));
        assert.strictEqual(answer.status, 414);
        assert.isUndefined(answer.headers["remaining-req"]);
        assert.strictEqual((yield* get(pairs(","))).status, 200);
      }));
  });
};
