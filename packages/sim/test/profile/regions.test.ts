/** Upbit in Singapore, Indonesia and Thailand, beside Korea: what is raw on the wire (§8 Region switch). */
import { assert, describe, it } from "@effect/vitest";
import { ask, makeExchange, snapshots, talk } from "./asking.ts";

const regions = [
  ["upbit-sg", "SGD"],
  ["upbit-id", "IDR"],
  ["upbit-th", "THB"],
] as const;

describe.each(regions)("%s", (name, fiat) => {
  const exchange = makeExchange(name);
  const market = `${fiat}-BTC`;

  it("lists markets without Korean names, with a word of warning in the details (§1.3)", () => {
    assert.match(ask(exchange, "/v1/market/all").text, new RegExp(`^\\[\\{"market":"${market}","english_name":"Bitcoin"\\},`));
    const details = ask(exchange, "/v1/market/all?is_details=true").text;
    assert.match(details, new RegExp(`^\\[\\{"market":"${market}","english_name":"Bitcoin","market_warning":"NONE"\\},`));
    assert.include(details, `{"market":"${fiat}-ZIL","english_name":"Zilliqa","market_warning":"CAUTION"}`);
    assert.notInclude(details, "market_event");
  });

  it("has books without a level, and refuses to be asked for one (§1.7)", () => {
    assert.match(ask(exchange, `/v1/orderbook?markets=${market}&count=1`).text, /"ask_size":\d+(?:\.\d+)?\}\]\}\]$/);
    const refused = ask(exchange, `/v1/orderbook?markets=${market}&level=0`);
    assert.deepStrictEqual(
      [refused.status, refused.text],
      [400, '{"error":{"name":400,"message":"Invalid parameter. Check the given value!"}}'],
    );
  });

  it("has instruments without levels, and no list of them (§1.8)", () => {
    assert.match(
      ask(exchange, `/v1/orderbook/instruments?markets=${market}`).text,
      new RegExp(`^\\[\\{"market":"${market}","quote_currency":"${fiat}","tick_size":"[\\d.]+"\\}\\]$`),
    );
    assert.match(ask(exchange, `/v1/orderbook/supported_levels?markets=${market}`).text, /no Route matched/);
  });

  it("leaves candle_date_time_kst away, over REST and on the socket (§1.5)", () => {
    assert.match(
      ask(exchange, `/v1/candles/years?market=${market}`).text,
      new RegExp(`^\\[\\{"market":"${market}","candle_date_time_utc":"2026-01-01T00:00:00","opening_price":`),
    );
    const [frame] = snapshots(exchange, [{ type: "candle.1m", codes: [market] }]);
    assert.match(frame!, /"candle_date_time_utc":"[^"]+","opening_price":/);
  });

  it("converts days into its own currency (§1.5)", () => {
    assert.match(
      ask(exchange, `/v1/candles/days?market=USDT-BTC&converting_price_unit=${fiat}`).text,
      /"converted_trade_price":[\d.]+\}\]$/,
    );
    assert.strictEqual(ask(exchange, "/v1/candles/days?market=USDT-BTC&converting_price_unit=KRW").status, 400);
    // Nothing converts where the market between the two currencies is not served.
    const alone = makeExchange(exchange.options.profile, { markets: { codes: ["USDT-BTC"] } });
    const day = ask(alone, `/v1/candles/days?market=USDT-BTC&converting_price_unit=${fiat}`);
    assert.strictEqual(day.status, 200);
    assert.match(day.text, /"converted_trade_price":null\}\]$/);
  });

  it("sends books without a level and trades without best quotes (§5.2)", () => {
    const [trade, book] = snapshots(exchange, [
      { type: "orderbook", codes: [`${market}.1`] },
      { type: "trade", codes: [market] },
    ]);
    assert.match(trade!, /,"sequential_id":\d{17},"stream_type":"SNAPSHOT"\}$/);
    assert.match(book!, /\}\],"stream_type":"SNAPSHOT"\}$/);
  });

  it("answers a level on the socket with WRONG_FORMAT, and closes 603 to 810 ms later (§4.3)", () => {
    const { frames, close, closedAfterMs } = talk(exchange, [[{ ticket: "t" }, { type: "orderbook", codes: [market], level: 0 }]]);
    assert.deepStrictEqual(frames, ['{"error":{"message":"Requested using wrong format.","name":"WRONG_FORMAT"}}']);
    assert.deepStrictEqual(close, { _tag: "Close", code: 1000, reason: "" });
    assert.isTrue(closedAfterMs! >= 603 && closedAfterMs! <= 810, `${closedAfterMs}`);
  });

  it.each([
    ["WRONG_FORMAT", "Requested using wrong format.", "hello"],
    ["NO_TICKET", "Ticket field must be contained.", [{ type: "ticker", codes: [market] }]],
    ["NO_CODES", "codes field not exists.", [{ ticket: "t" }, { type: "ticker" }]],
    ["INVALID_PARAM", "type nope is not supported.", [{ ticket: "t" }, { type: "nope", codes: [market] }]],
  ])("says %s in English (§4.3)", (error, message, sent) => {
    assert.deepStrictEqual(talk(exchange, [sent]).frames, [JSON.stringify({ error: { message, name: error } })]);
  });
});

describe("upbit", () => {
  const exchange = makeExchange("upbit");

  it.each([
    ["WRONG_FORMAT", "Format 이 맞지 않습니다.", "hello"],
    ["NO_TICKET", "티켓이 존재하지 않거나, 유효하지 않습니다.", [{ type: "ticker", codes: ["KRW-BTC"] }]],
    ["INVALID_PARAM", "nope 은 지원하지 않는 타입입니다.", [{ ticket: "t" }, { type: "nope", codes: ["KRW-BTC"] }]],
    ["INVALID_AUTH", "인증 정보가 올바르지 않습니다.", [{ ticket: "t" }, { type: "myOrder" }]],
  ])("says %s in Korean (§4.3)", (error, message, sent) => {
    assert.deepStrictEqual(talk(exchange, [sent]).frames, [JSON.stringify({ error: { message, name: error } })]);
  });

  it("has Korean names, flags of warning, levels, Korean times and best quotes (§1.3, §2.7)", () => {
    assert.match(
      ask(exchange, "/v1/market/all?is_details=true").text,
      /^\[\{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_event":\{"warning":false,"caution":\{"PRICE_FLUCTUATIONS":false,"TRADING_VOLUME_SOARING":false,"DEPOSIT_AMOUNT_SOARING":false,"GLOBAL_PRICE_DIFFERENCES":false,"CONCENTRATION_OF_SMALL_ACCOUNTS":false\}\}\},/,
    );
    assert.match(ask(exchange, "/v1/orderbook?markets=KRW-BTC&count=1").text, /\}\],"level":0\}\]$/);
    const [trade, book] = snapshots(exchange, [
      { type: "trade", codes: ["KRW-BTC"] },
      { type: "orderbook", codes: ["KRW-BTC.1"] },
    ]);
    assert.match(
      trade!,
      /,"sequential_id":\d{17},"best_ask_price":\d+,"best_ask_size":[\d.]+,"best_bid_price":\d+,"best_bid_size":[\d.]+,"stream_type":"SNAPSHOT"\}$/,
    );
    assert.match(book!, /\}\],"stream_type":"SNAPSHOT","level":0\}$/);
  });
});
