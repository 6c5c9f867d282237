/** The URLs that are asked, and what is refused before anything is asked. */
import { assert, describe, it } from "@effect/vitest";
import * as Result from "effect/Result";
import { intervals } from "@naru/router/domain/Interval";
import { type Market, parseMarket } from "@naru/router/domain/Market";
import { profiles } from "../../src/profiles.ts";
import { makeVenue } from "../../src/UpbitVenue.ts";
import * as wire from "../wire.ts";

const venue = makeVenue(profiles.upbit);
const market = (code: string): Market => Result.getOrThrow(parseMarket(code));
const btc = market("KRW-BTC");
const eth = market("KRW-ETH");
const base = "https://api.upbit.com/v1";

const refusedField = (result: Result.Result<unknown, { readonly field: string }>): string =>
  Result.isFailure(result) ? result.failure.field : "accepted";

describe("REST calls", () => {
  it("ask the documented paths, each in its limit group", () => {
    const calls = [
      venue.markets(),
      ...venue.tickers([btc, eth]),
      venue.allTickers(["KRW", "BTC", "USDT"]),
      ...venue.orderbooks([btc], 15),
      ...venue.orderbooks([btc], 99, "10000"),
      ...venue.instruments([btc, eth]),
      Result.getOrThrow(venue.trades(btc, { count: 500, before: "17853972606600000", daysAgo: 7, to: "23:59:59" })),
    ];
    assert.deepStrictEqual(
      calls.map((call) => [call.group, call.url.slice(base.length)]),
      [
        ["market", "/market/all?is_details=true"],
        ["ticker", "/ticker?markets=KRW-BTC,KRW-ETH"],
        ["ticker", "/ticker/all?quote_currencies=KRW,BTC,USDT"],
        ["orderbook", "/orderbook?markets=KRW-BTC&count=15"],
        ["orderbook", "/orderbook?markets=KRW-BTC&count=30&level=10000"],
        ["orderbook", "/orderbook/instruments?markets=KRW-BTC,KRW-ETH"],
        ["trade", "/trades/ticks?market=KRW-BTC&count=500&cursor=17853972606600000&days_ago=7&to=23%3A59%3A59"],
      ],
    );
    for (const call of calls) assert.property(venue.limits.groups, call.group);
  });

  it("each interval has its path, and `to` is encoded in whole seconds of UTC", () => {
    const paths = intervals.map((interval) =>
      Result.getOrThrow(venue.candles(btc, interval, { count: 1 })).url.slice(`${base}/candles/`.length),
    );
    const expected = [
      "seconds",
      "minutes/1",
      "minutes/3",
      "minutes/5",
      "minutes/10",
      "minutes/15",
      "minutes/30",
      "minutes/60",
      "minutes/240",
      "days",
      "weeks",
      "months",
      "years",
    ];
    assert.deepStrictEqual(
      paths,
      expected.map((path) => `${path}?market=KRW-BTC&count=1`),
    );
    const to = (toMs: number) => Result.getOrThrow(venue.candles(btc, "1m", { count: 200, toMs })).url.split("&to=")[1];
    assert.strictEqual(to(Date.UTC(2026, 8, 30, 23, 59, 0)), "2026-09-30T23%3A59%3A00Z");
    assert.strictEqual(to(Date.UTC(2026, 8, 30, 23, 58, 59, 1)), "2026-09-30T23%3A59%3A00Z");
    const converted = Result.getOrThrow(venue.candles(btc, "1d", { count: 1, convertTo: "KRW" })).url;
    assert.include(converted, "&converting_price_unit=KRW");
  });

  it("what the exchange would refuse or quietly cut is refused before it is asked", () => {
    for (const count of [0, -1, 201, 1.5, Number.NaN]) assert.strictEqual(refusedField(venue.candles(btc, "1m", { count })), "count");
    for (const count of [0, 501, Number.POSITIVE_INFINITY]) assert.strictEqual(refusedField(venue.trades(btc, { count })), "count");
    for (const daysAgo of [0, 8, 1.5]) assert.strictEqual(refusedField(venue.trades(btc, { count: 1, daysAgo })), "daysAgo");
    for (const before of ["", "12a", "-1", "1&to=0"]) assert.strictEqual(refusedField(venue.trades(btc, { count: 1, before })), "before");
    for (const to of ["24:00:00", "9:00:00", "09:00"]) assert.strictEqual(refusedField(venue.trades(btc, { count: 1, to })), "to");
    for (const toMs of [-1, Number.NaN, 1e20]) assert.strictEqual(refusedField(venue.candles(btc, "1m", { count: 1, toMs })), "to");
    assert.strictEqual(refusedField(venue.candles(btc, "1h", { count: 1, convertTo: "KRW" })), "convertTo");
    assert.strictEqual(refusedField(venue.candles(btc, "1d", { count: 1, convertTo: "USD&x=1" })), "convertTo");
  });

  it("a long list is cut into calls under 7,500 bytes and 300 markets, which together ask each market once and in order", () => {
    const codes = Array.from({ length: 1_000 }, (_, i) => market(`USDT-${"LONGNAME".slice(0, 1 + (i % 8))}${i}`));
    const longest = Array.from({ length: 700 }, (_, i) => market(`KRW${"X".repeat(7)}-${"Y".repeat(16)}${String(i).padStart(4, "0")}`));
    for (const wanted of [codes, longest, [...codes, ...codes]]) {
      for (const calls of [venue.tickers(wanted), venue.orderbooks(wanted, 30), venue.instruments(wanted)]) {
        const asked = calls.flatMap((call) => new URL(call.url).searchParams.get("markets")?.split(",") ?? []);
        assert.deepStrictEqual(asked, [...new Set<string>(wanted)]);
        for (const call of calls) {
          assert.isAtMost(call.url.length, 7_500);
          assert.isAtMost(new URL(call.url).searchParams.get("markets")?.split(",").length ?? 0, 300);
        }
      }
    }
    assert.lengthOf(venue.tickers([]), 0);
    assert.lengthOf(venue.tickers(codes.slice(0, 300)), 1);
    assert.lengthOf(venue.tickers(codes.slice(0, 301)), 2);
  });

  it("a row about a market that was not asked is rejected as another question's answer", () => {
    const [call] = venue.tickers([eth]);
    const text = `[${wire.write(wire.members(wire.ticker, "rest"))}]`;
    const decoded = Result.getOrThrow(call!.decode({ text, exchangeNowMs: 0 }));
    assert.deepStrictEqual([decoded.rows.length, decoded.rejected[0]?.stage, decoded.rejected[0]?.path], [0, "answer", "[0].market"]);
    const [right] = venue.tickers([btc]);
    assert.lengthOf(Result.getOrThrow(right!.decode({ text, exchangeNowMs: 0 })).rows, 1);
  });

  it("instruments read tick sizes and levels as text, as numbers, and without levels", () => {
    const [call] = venue.instruments([btc, eth]);
    const text =
      '[{"market":"KRW-BTC","quote_currency":"KRW","tick_size":"1000","supported_levels":["0","10000"]},{"market":"KRW-ETH","tick_size":1000}]';
    const { rows, rejected } = Result.getOrThrow(call!.decode({ text, exchangeNowMs: 0 }));
    assert.lengthOf(rejected, 0);
    assert.deepStrictEqual(
      rows.map((row) => `${row.tickSize} ${row.supportedLevels?.join() ?? "none"}`),
      ["1000 0,10000", "1000 none"],
    );
  });

  it("the market list reads plain, with details and as the regions send it", () => {
    const text =
      '[{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin"},' +
      '{"market":"KRW-ZIL","korean_name":"질리카","english_name":"Zilliqa","market_event":{"warning":true,"caution":{"NEW_KIND":true,"PRICE_FLUCTUATIONS":false}}},' +
      '{"market":"IDR-BTC","english_name":"Bitcoin","market_warning":"CAUTION"},{"market":"IDR-ETH","english_name":"Ethereum","market_warning":"NONE"}]';
    const { rows, unknownFields } = Result.getOrThrow(venue.markets().decode({ text, exchangeNowMs: 0 }));
    assert.lengthOf(unknownFields, 0);
    assert.deepStrictEqual(
      rows.map((row) => [row.market, row.quote, row.koreanName, row.warning, row.cautions]),
      [
        ["KRW-BTC", "KRW", "비트코인", undefined, undefined],
        ["KRW-ZIL", "KRW", "질리카", true, ["NEW_KIND"]],
        ["IDR-BTC", "IDR", undefined, true, undefined],
        ["IDR-ETH", "IDR", undefined, false, undefined],
      ] as unknown as Array<[Market, string, string | undefined, boolean | undefined, ReadonlyArray<string> | undefined]>,
    );
  });
});
