/** Bithumb: what is raw on the wire, row by row of the table of differences (§6, §8 Bithumb profile). */
import { assert, describe, it } from "@effect/vitest";
import { ask, makeExchange, now, rowsOf, snapshots, talk } from "./asking.ts";

const exchange = makeExchange("bithumb");
const rows = (target: string, nowMs = now) => rowsOf(ask(exchange, target, nowMs).text);
const kst = 9 * 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19);

describe("bithumb over REST", () => {
  it.each([
    "/v1/candles/seconds?market=KRW-BTC",
    "/v1/candles/years?market=KRW-BTC",
    "/v1/ticker/all?quote_currencies=KRW",
    "/v1/orderbook/instruments?markets=KRW-BTC",
    "/v1/orderbook/supported_levels?markets=KRW-BTC",
  ])("does not have %s (§6 missing)", (target) => {
    assert.deepStrictEqual([ask(exchange, target).status, ask(exchange, target).text.includes("no Route matched")], [404, true]);
  });

  it("knows isDetails only, and a word of warning (§6 list)", () => {
    assert.match(ask(exchange, "/v1/market/all").text, /^\[\{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin"\},/);
    assert.strictEqual(ask(exchange, "/v1/market/all?is_details=true").text, ask(exchange, "/v1/market/all").text);
    assert.match(
      ask(exchange, "/v1/market/all?isDetails=true").text,
      /^\[\{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_warning":"NONE"\},/,
    );
  });

  it("lists its alerts by themselves, which end at a time of Korea (§6 warning)", () => {
    const alerts = ask(exchange, "/v1/market/virtual_asset_warning").text;
    assert.include(
      alerts,
      '{"market":"KRW-ZIL","warning_type":"PRICE_DIFFERENCE_HIGH","warning_step":"WARNING","end_date":"2026-01-08 06:59:59"}',
    );
    const early = ask(exchange, "/v1/market/virtual_asset_warning", Date.UTC(2026, 0, 6, 21, 59)).text;
    assert.include(early, '"end_date":"2026-01-07 06:59:59"');
    assert.strictEqual(ask(makeExchange("upbit"), "/v1/market/virtual_asset_warning").status, 404);
  });

  it("begins days, weeks and months at midnight in Korea (§6 day)", () => {
    const start = (path: string) => rows(`/v1/candles/${path}?market=KRW-BTC`)[0]!;
    assert.deepStrictEqual(
      [start("days")["candle_date_time_utc"], start("days")["candle_date_time_kst"]],
      ["2026-01-06T15:00:00", "2026-01-07T00:00:00"],
    );
    assert.deepStrictEqual(
      [start("weeks")["candle_date_time_utc"], start("weeks")["first_day_of_period"]],
      ["2026-01-04T15:00:00", "2026-01-05"],
    );
    assert.deepStrictEqual(
      [start("months")["candle_date_time_utc"], start("months")["first_day_of_period"]],
      ["2025-12-31T15:00:00", "2026-01-01"],
    );
    const days = rows("/v1/candles/days?market=KRW-BTC&count=3");
    assert.deepStrictEqual(
      days.map((row) => row["candle_date_time_kst"]),
      ["2026-01-07T00:00:00", "2026-01-06T00:00:00", "2026-01-05T00:00:00"],
    );
    assert.strictEqual(days[0]!["prev_closing_price"], days[1]!["trade_price"]);
    const [ticker] = rows("/v1/ticker?markets=KRW-BTC");
    for (const member of ["opening_price", "high_price", "low_price", "prev_closing_price"])
      assert.strictEqual(ticker![member], days[0]![member], member);
  });

  it("has candles of four hours at 03, 07, 11, 15, 19 and 23 (§6 grid)", () => {
    const hours = rows("/v1/candles/minutes/240?market=KRW-BTC&count=6").map((row) => row["candle_date_time_utc"]!.slice(11, 13));
    assert.deepStrictEqual(hours, ["03", "23", "19", "15", "11", "07"]);
  });

  it("reads a to without a zone as Korean time, exclusively (§6 to)", () => {
    const edge = Date.UTC(2026, 0, 7, 2);
    const before = rows(`/v1/candles/minutes/60?market=KRW-BTC&to=${iso(edge)}Z`);
    assert.strictEqual(before[0]!["candle_date_time_utc"], iso(edge - 3_600_000));
    assert.deepStrictEqual(rows(`/v1/candles/minutes/60?market=KRW-BTC&to=${iso(edge + kst)}`), before);
  });

  it("has tickers whose epochs are nine hours ahead of their dates, and rates of four decimals (§6 ticker)", () => {
    const [ticker] = rows("/v1/ticker?markets=KRW-BTC");
    assert.strictEqual(ticker!["timestamp"], String(now + kst));
    const tradeMs = Number(ticker!["trade_timestamp"]) - kst;
    assert.isTrue(tradeMs <= now && tradeMs > now - 3_600_000);
    assert.strictEqual(ticker!["trade_date"], iso(tradeMs).slice(0, 10).replaceAll("-", ""));
    assert.strictEqual(ticker!["trade_time"], iso(tradeMs).slice(11).replaceAll(":", ""));
    assert.match(ticker!["change_rate"]!, /^\d(?:\.\d{1,4})?$/);
    assert.strictEqual(rows("/v1/trades/ticks?market=KRW-BTC")[0]!["timestamp"], String(tradeMs));
  });

  it("spells prices as plain integers and sums with at most eight decimals (§6 spelling)", () => {
    const [candle] = rows("/v1/candles/minutes/1?market=KRW-BTC");
    for (const member of ["opening_price", "high_price", "low_price", "trade_price"]) assert.match(candle![member]!, /^\d+$/, member);
    assert.match(candle!["candle_acc_trade_price"]!, /^\d+(?:\.\d{1,8})?$/);
    assert.match(rows("/v1/trades/ticks?market=KRW-BTC")[0]!["trade_price"]!, /^\d+$/);
  });

  it("has 30 levels, no level and no count, and levels of size 0 between others (§6 order book)", () => {
    const text = ask(exchange, "/v1/orderbook?markets=KRW-BTC&count=3&level=100000").text;
    const [book] = JSON.parse(text);
    assert.strictEqual(book.orderbook_units.length, 30);
    assert.notProperty(book, "level");
    assert.match(text, /"timestamp":\d{13},/);
    const empty = book.orderbook_units.filter((unit: Record<string, number>) => unit["ask_size"] === 0 || unit["bid_size"] === 0);
    assert.isTrue(empty.length > 0 && empty.length < 20, `${empty.length}`);
    for (const unit of empty) assert.isTrue(unit["ask_price"] > 0 && unit["bid_price"] > 0);
    assert.isTrue(book.orderbook_units[0].ask_size > 0 && book.orderbook_units[0].bid_size > 0);
    assert.match(text, /"ask_price":\d+,"ask_size":0[,}]|"bid_size":0,/);
  });

  it("hides errors behind HTTP 200, and names no limits (§6 errors)", () => {
    const unknown = ask(exchange, "/v1/ticker?markets=KRW-NOPE");
    assert.deepStrictEqual([unknown.status, unknown.text], [200, '{"error":{"name":404,"message":"Code not found"}}']);
    assert.deepStrictEqual([unknown.headers["remaining-req"], unknown.headers["limit-by-ip"]], [undefined, undefined]);
    const mismatch = ask(exchange, "/v1/candles/days?market=KRW-BTC&count=x");
    assert.deepStrictEqual(
      [mismatch.status, mismatch.text],
      [200, '{"error":{"name":400,"message":"Type mismatch error. Check the parameters type!"}}'],
    );
  });

  it("lets 150 requests of a category through in a second, with or without an Origin, and 10 connects (§6 limits)", () => {
    const limited = makeExchange("bithumb", { limits: { perWindow: 150, connectsPerSecond: 10 } });
    const origin = { origin: "https://example.com" };
    for (let i = 0; i < 150; i++) assert.strictEqual(ask(limited, "/v1/market/all", now, origin).status, 200);
    assert.strictEqual(ask(limited, "/v1/market/virtual_asset_warning").status, 429);
    assert.strictEqual(ask(limited, "/v1/orderbook?markets=KRW-BTC").status, 200);
    for (let i = 0; i < 10; i++) assert.deepStrictEqual(talk(limited, [], 0).headers, {});
    assert.throws(() => talk(limited, [], 0), /refused: 429/);
    assert.deepStrictEqual(limited.ledger.groups(), ["other", "orderbook", "websocket-connect"]);
    const { limits } = makeExchange("bithumb").options.profile.defaults;
    assert.deepStrictEqual([limits.perWindow, limits.connectsPerSecond, limits.banMs], [150, 10, 600_000]);
  });
});

describe("bithumb over the socket", () => {
  const [ticker, trade, book] = snapshots(exchange, [
    { type: "ticker", codes: ["KRW-BTC"] },
    { type: "trade", codes: ["KRW-BTC"] },
    { type: "orderbook", codes: ["KRW-BTC"] },
  ]);

  it("has tickers in an order of their own, without a delisting date, at Korean times (§6 ticker)", () => {
    assert.match(
      ticker!,
      /^\{"type":"ticker","code":"KRW-BTC","opening_price":\d+,"high_price":\d+,"low_price":\d+,"trade_price":\d+,"prev_closing_price":\d+,"change":"[A-Z]+","change_price":\d+,"signed_change_price":-?\d+,"change_rate":[\d.]+,"signed_change_rate":-?[\d.]+,"trade_volume":[\d.]+,"acc_trade_volume":[\d.]+,"acc_trade_volume_24h":[\d.]+,"acc_trade_price":[\d.]+,"acc_trade_price_24h":[\d.]+,"trade_date":"20260107","trade_time":"1217\d\d","trade_timestamp":\d{13},"ask_bid":"[A-Z]+","acc_ask_volume":[\d.]+,"acc_bid_volume":[\d.]+,"highest_52_week_price":\d+,"highest_52_week_date":"[\d-]+","lowest_52_week_price":\d+,"lowest_52_week_date":"[\d-]+","market_state":"ACTIVE","is_trading_suspended":false,"market_warning":"NONE","timestamp":\d{13},"stream_type":"SNAPSHOT"\}$/,
    );
    const rate = rowsOf(`[${ticker}]`)[0]!["change_rate"]!;
    assert.match(rate, /^\d\.\d{5,8}$/);
  });

  it("has trades without best quotes, with ids of 18 digits that REST does not have, at Korean times (§6 trade)", () => {
    assert.match(
      trade!,
      /^\{"type":"trade","code":"KRW-BTC","trade_price":\d+,"trade_volume":[\d.]+,"ask_bid":"[A-Z]+","prev_closing_price":\d+,"change":"[A-Z]+","change_price":\d+,"trade_date":"2026-01-07","trade_time":"12:17:\d\d","trade_timestamp":\d{13},"timestamp":\d{13},"sequential_id":\d{18},"stream_type":"SNAPSHOT"\}$/,
    );
    const [row] = rowsOf(`[${trade}]`);
    const rest = rows("/v1/trades/ticks?market=KRW-BTC&count=500").map((other) => other["sequential_id"]);
    assert.notInclude(rest, row!["sequential_id"]);
    assert.strictEqual(row!["trade_time"], iso(Number(row!["trade_timestamp"]) + kst).slice(11));
  });

  it("has books of 15 levels at level 1, stamped in microseconds, with levels of size 0 (§6 order book)", () => {
    assert.match(
      book!,
      /^\{"type":"orderbook","code":"KRW-BTC","total_ask_size":[\d.]+,"total_bid_size":[\d.]+,"orderbook_units":\[.*\],"level":1,"timestamp":\d{16},"stream_type":"SNAPSHOT"\}$/,
    );
    const parsed = JSON.parse(book!);
    assert.strictEqual(parsed.orderbook_units.length, 15);
    assert.isTrue(Math.abs(parsed.timestamp / 1_000 - now) < 2_000);
    const [three] = snapshots(exchange, [{ type: "orderbook", codes: ["KRW-ETH.3"] }]);
    assert.strictEqual(JSON.parse(three!).orderbook_units.length, 3);
  });

  it("abbreviates as Upbit does in SIMPLE (§6 formats)", () => {
    const [short] = snapshots(exchange, [{ type: "trade", codes: ["KRW-BTC"] }], "SIMPLE");
    assert.match(
      short!,
      /^\{"ty":"trade","cd":"KRW-BTC","tp":\d+,"tv":[\d.]+,"ab":"[A-Z]+","pcp":\d+,"c":"[A-Z]+","cp":\d+,"td":"2026-01-07","ttm":"12:17:\d\d","ttms":\d{13},"tms":\d{13},"sid":\d{18},"st":"SNAPSHOT"\}$/,
    );
  });

  it("knows the flags by their camel-case names only (§6 flags)", () => {
    const types = { type: "ticker", codes: ["KRW-BTC"] };
    const sent = (flags: object) =>
      talk(exchange, [[{ ticket: "t" }, { ...types, ...flags }]], 60_000).frames.map((frame) => /"stream_type":"(\w+)"/.exec(frame)?.[1]);
    assert.deepStrictEqual(sent({ isOnlySnapshot: true }), ["SNAPSHOT"]);
    assert.deepStrictEqual([...new Set(sent({ isOnlyRealtime: true }))], ["REALTIME"]);
    assert.deepStrictEqual([...new Set(sent({ is_only_snapshot: true }))], ["SNAPSHOT", "REALTIME"]);
  });

  it.each([
    ["a list format", "WRONG_FORMAT", [{ ticket: "t" }, { type: "ticker", codes: ["KRW-BTC"] }, { format: "JSON_LIST" }]],
    ["a candle stream", "INVALID_PARAM", [{ ticket: "t" }, { type: "candle.1m", codes: ["KRW-BTC"] }]],
    ["a list of subscriptions", "INVALID_PARAM", [{ ticket: "t" }, { method: "LIST_SUBSCRIPTIONS" }]],
  ])("does not know %s (§6 formats)", (_what, error, message) => {
    assert.match(talk(exchange, [message]).frames.join(), new RegExp(`^\\{"error":\\{"message":"[^"]+","name":"${error}"\\}\\}$`));
  });

  it("answers each text PING once, and cuts a silent socket after 120 s (§6 keep-alive)", () => {
    const { frames, closedAfterMs } = talk(exchange, ["PING", "PING"], 200_000);
    assert.deepStrictEqual(frames, ['{"status":"UP"}', '{"status":"UP"}']);
    assert.strictEqual(closedAfterMs, 120_000);
    assert.strictEqual(talk(makeExchange("upbit"), [], 200_000).closedAfterMs, 60_000);
  });
});
