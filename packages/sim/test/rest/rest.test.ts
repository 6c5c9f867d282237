import { assert, describe, it } from "@effect/vitest";
import { ExchangeModel, type ExchangeRequest } from "../../src/index.ts";
import type { ExchangeOptions } from "../../src/Options.ts";

const now = Date.UTC(2026, 0, 5, 3, 17, 42, 123);
const free = { limits: { perWindow: 1_000_000 } } satisfies ExchangeOptions;

const request = (target: string, headers: ExchangeRequest["headers"] = {}, ip = "10.0.0.1"): ExchangeRequest => ({
  method: "GET",
  target,
  headers,
  ip,
});

const ask = (exchange: ExchangeModel, target: string, nowMs = now, headers: ExchangeRequest["headers"] = {}, ip = "10.0.0.1") => {
  const outcome = exchange.handleRest(request(target, headers, ip), nowMs);
  if (outcome._tag !== "Response") throw new Error(`no response: ${outcome._tag}`);
  return { ...outcome, text: new TextDecoder().decode(outcome.body) };
};

/** Rows with numbers as the text they were spelled in. */
const rowsOf = (text: string): ReadonlyArray<Record<string, string | null>> =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => (typeof value === "number" ? context?.source : value));

const exchange = new ExchangeModel({ seed: 1, ...free });
const rows = (target: string, nowMs = now) => rowsOf(ask(exchange, target, nowMs).text);

describe("candles", () => {
  it("are newest first, one by default, with eight decimals and the members of the wire in order", () => {
    const one = ask(exchange, "/v1/candles/minutes/1?market=KRW-BTC").text;
    assert.match(
      one,
      /^\[\{"market":"KRW-BTC","candle_date_time_utc":"2026-01-05T03:\d\d:00","candle_date_time_kst":"2026-01-05T12:\d\d:00","opening_price":\d+\.\d{8},"high_price":\d+\.\d{8},"low_price":\d+\.\d{8},"trade_price":\d+\.\d{8},"timestamp":\d{13},"candle_acc_trade_price":\d+\.\d{8},"candle_acc_trade_volume":\d+\.\d{8},"unit":1\}\]$/,
    );
    const times = rows("/v1/candles/minutes/1?market=KRW-BTC&count=50").map((row) => row["candle_date_time_utc"]!);
    assert.strictEqual(times.length, 50);
    assert.deepStrictEqual(times, times.toSorted().toReversed());
  });

  it("cut the count at 200 without a word", () => {
    for (const count of [200, 201, 500]) assert.strictEqual(rows(`/v1/candles/minutes/1?market=KRW-BTC&count=${count}`).length, 200);
  });

  it("take to as exclusive, in UTC where it names no zone", () => {
    const utc = rows("/v1/candles/minutes/1?market=KRW-BTC&count=3&to=2026-01-05T03:00:00Z");
    assert.isTrue(utc[0]!["candle_date_time_utc"]! < "2026-01-05T03:00:00");
    assert.deepStrictEqual(rows("/v1/candles/minutes/1?market=KRW-BTC&count=3&to=2026-01-05%2003:00:00"), utc);
    assert.deepStrictEqual(rows("/v1/candles/minutes/1?market=KRW-BTC&count=3&to=2026-01-05T12:00:00%2B09:00"), utc);
    assert.deepStrictEqual(rows("/v1/candles/minutes/1?market=KRW-BTC&count=3&to=2026-01-05T03:00:00.000Z"), utc);
    assert.strictEqual(
      rows("/v1/candles/minutes/15?market=KRW-BTC&to=2026-01-05T00:21:00Z")[0]!["candle_date_time_utc"],
      "2026-01-05T00:15:00",
    );
    assert.strictEqual(
      rows("/v1/candles/minutes/15?market=KRW-BTC&to=2026-01-05T00:15:00Z")[0]!["candle_date_time_utc"],
      "2026-01-05T00:00:00",
    );
  });

  it("page backwards without overlap or hole", () => {
    const whole = rows("/v1/candles/minutes/5?market=KRW-SAND&count=60");
    const paged = [];
    let to = "";
    while (paged.length < 60) {
      const page = rows(`/v1/candles/minutes/5?market=KRW-SAND&count=20${to}`);
      paged.push(...page);
      to = `&to=${page.at(-1)!["candle_date_time_utc"]}`;
    }
    assert.deepStrictEqual(paged, whole);
  });

  it("include the forming candle, which grows", () => {
    const before = rows("/v1/candles/days?market=KRW-BTC")[0]!;
    const after = rows("/v1/candles/days?market=KRW-BTC", now + 600_000)[0]!;
    assert.strictEqual(after["candle_date_time_utc"], before["candle_date_time_utc"]);
    assert.isTrue(Number(after["candle_acc_trade_volume"]) > Number(before["candle_acc_trade_volume"]));
    assert.isTrue(Number(before["timestamp"]) <= now);
  });

  it("exist only where trades do", () => {
    const quiet = rows("/v1/candles/minutes/1?market=BTC-ATOM&count=100");
    assert.strictEqual(quiet.length, 100);
    const span = Date.parse(`${quiet[0]!["candle_date_time_utc"]}Z`) - Date.parse(`${quiet.at(-1)!["candle_date_time_utc"]}Z`);
    assert.isAbove(span, 24 * 3_600_000);
    assert.isTrue(quiet.every((row) => Number(row["candle_acc_trade_volume"]) > 0));
    assert.deepStrictEqual(rows("/v1/candles/days?market=KRW-BTC&to=2024-06-30T00:00:00Z"), []);
  });

  it("of seconds reach back three months and have no unit", () => {
    assert.deepStrictEqual(rows("/v1/candles/seconds?market=KRW-BTC&count=5&to=2025-09-01T00:00:00Z"), []);
    const recent = rows("/v1/candles/seconds?market=KRW-BTC&count=5");
    assert.strictEqual(recent.length, 5);
    assert.isFalse("unit" in recent[0]!);
  });

  it("of days carry signed change and a converted price on request only", () => {
    const [today, yesterday] = rows("/v1/candles/days?market=USDT-BTC&count=2&converting_price_unit=KRW");
    assert.strictEqual(today!["prev_closing_price"], yesterday!["trade_price"]);
    const change = Number(today!["trade_price"]) - Number(today!["prev_closing_price"]);
    assert.closeTo(Number(today!["change_price"]), change, 1e-6);
    assert.closeTo(Number(today!["change_rate"]), change / Number(today!["prev_closing_price"]), 1e-9);
    assert.isAbove(Number(today!["converted_trade_price"]), 50_000_000);
    assert.isNull(rows("/v1/candles/days?market=KRW-BTC&converting_price_unit=KRW")[0]!["converted_trade_price"]);
    assert.isFalse("converted_trade_price" in rows("/v1/candles/days?market=USDT-BTC")[0]!);
  });

  it("of weeks, months and years start with Monday, the month and the year", () => {
    assert.strictEqual(rows("/v1/candles/weeks?market=KRW-ZIL")[0]!["first_day_of_period"], "2026-01-05");
    assert.strictEqual(rows("/v1/candles/weeks?market=KRW-ZIL&count=2")[1]!["first_day_of_period"], "2025-12-29");
    assert.strictEqual(rows("/v1/candles/months?market=KRW-ZIL&count=2")[1]!["first_day_of_period"], "2025-12-01");
    assert.deepStrictEqual(
      rows("/v1/candles/years?market=KRW-ZIL&count=5").map((row) => row["first_day_of_period"]),
      ["2026-01-01", "2025-01-01", "2024-01-01"],
    );
  });

  it("add up on the wire: sixty minutes are the hour, to the last digit", () => {
    const hours = rows("/v1/candles/minutes/60?market=BTC-ETH&count=24&to=2026-01-05T00:00:00Z");
    const minutes = rows("/v1/candles/minutes/1?market=BTC-ETH&count=200&to=2026-01-05T00:00:00Z");
    const units = (text: string | null | undefined) => {
      const [whole = "0", fraction = ""] = (text ?? "0").split(".");
      return BigInt(whole + fraction.padEnd(16, "0"));
    };
    const oldest = minutes.at(-1)!["candle_date_time_utc"]!.slice(0, 13);
    let compared = 0;
    for (const hour of hours.filter((row) => row["candle_date_time_utc"]!.slice(0, 13) > oldest)) {
      const own = minutes.filter((row) => row["candle_date_time_utc"]!.startsWith(hour["candle_date_time_utc"]!.slice(0, 13)));
      for (const sum of ["candle_acc_trade_price", "candle_acc_trade_volume"])
        assert.strictEqual(
          own.reduce((total, row) => total + units(row[sum]), 0n),
          units(hour[sum]),
        );
      assert.strictEqual(own.at(-1)!["opening_price"], hour["opening_price"]);
      assert.strictEqual(own[0]!["trade_price"], hour["trade_price"]);
      compared++;
    }
    assert.isAbove(compared, 3);
  });
});

describe("trades", () => {
  it("page newest first by cursor, each once, across midnight", () => {
    const paged: Array<Record<string, string | null>> = [];
    let cursor = "";
    for (let i = 0; i < 12; i++) {
      const page = rows(`/v1/trades/ticks?market=KRW-BTC&count=500${cursor}`);
      assert.strictEqual(page.length, 500);
      paged.push(...page);
      cursor = `&cursor=${page.at(-1)!["sequential_id"]}`;
    }
    const ids = paged.map((row) => BigInt(row["sequential_id"]!));
    ids.forEach((id, i) => assert.isTrue(i === 0 || id < ids[i - 1]!));
    assert.isTrue(paged.some((row) => row["trade_date_utc"] === "2026-01-04"));
    assert.strictEqual(ids[0]! / 10_000n, BigInt(paged[0]!["timestamp"]!));
  });

  it("cut the count at 500, give one by default and never show the future", () => {
    assert.strictEqual(rows("/v1/trades/ticks?market=KRW-BTC&count=501").length, 500);
    const [newest, ...rest] = rows("/v1/trades/ticks?market=KRW-BTC");
    assert.deepStrictEqual(rest, []);
    assert.isAtMost(Number(newest!["timestamp"]), now);
  });

  it("look into one UTC day with days_ago and before a time of day with to", () => {
    const day = rows("/v1/trades/ticks?market=KRW-ETH&count=500&days_ago=2&to=10:00:00");
    assert.strictEqual(day.length, 500);
    assert.isTrue(day.every((row) => row["trade_date_utc"] === "2026-01-03" && row["trade_time_utc"]! < "10:00:00"));
    const first = rows("/v1/trades/ticks?market=BTC-ETH&count=500&days_ago=1&to=003000");
    assert.isTrue(first.length < 500 && first.every((row) => row["trade_date_utc"] === "2026-01-04"));
    assert.strictEqual(ask(exchange, "/v1/trades/ticks?market=KRW-ETH&days_ago=8").status, 400);
    assert.strictEqual(ask(exchange, "/v1/trades/ticks?market=KRW-ETH&days_ago=0").status, 400);
  });

  it("take to and cursor as exclusive, to the millisecond and the id", () => {
    const own = new ExchangeModel({ seed: 1, ...free });
    const tape = own.world.tape("KRW-DOT")!;
    const second = now - (now % 1_000);
    own.world.halt(second - 60_000);
    for (const ms of [second - 1, second, second]) tape.insert(ms, 40_000_000 + (ms - second), 100, true);
    const ids = (query: string) =>
      rowsOf(ask(own, `/v1/trades/ticks?market=KRW-DOT&count=3${query}`).text)
        .map((row) => row["sequential_id"]!)
        .filter((id) => Number(id.slice(0, 13)) >= second - 1);
    assert.deepStrictEqual(ids(""), [`${second}0001`, `${second}0000`, `${second - 1}0000`]);
    assert.deepStrictEqual(ids("&to=03:17:42"), [`${second - 1}0000`]);
    assert.deepStrictEqual(ids("&to=031743"), [`${second}0001`, `${second}0000`, `${second - 1}0000`]);
    assert.deepStrictEqual(ids(`&cursor=${second}0001`), [`${second}0000`, `${second - 1}0000`]);
    assert.deepStrictEqual(ids(`&cursor=${second}0000`), [`${second - 1}0000`]);
  });

  it("agree with the previous close of the ticker, signed", () => {
    const ticker = rows("/v1/ticker?markets=KRW-SOL")[0]!;
    const trade = rows("/v1/trades/ticks?market=KRW-SOL")[0]!;
    assert.strictEqual(Number(trade["prev_closing_price"]), Number(ticker["prev_closing_price"]));
    assert.strictEqual(Number(trade["change_price"]), Number(ticker["signed_change_price"]));
    assert.strictEqual(Number(trade["trade_price"]), Number(ticker["trade_price"]));
    assert.strictEqual(trade["timestamp"], ticker["trade_timestamp"]);
  });
});

describe("tickers, books and lists", () => {
  it("answer every market at once, with nothing known before, in the time a client waits", () => {
    const cold = new ExchangeModel({ seed: 77, ...free });
    const started = process.hrtime.bigint();
    const all = rowsOf(ask(cold, "/v1/ticker/all?quote_currencies=KRW,BTC,USDT").text);
    const tookMs = Number(process.hrtime.bigint() - started) / 1e6;
    assert.isAtLeast(all.length, 30);
    assert.isBelow(tookMs, 4_000); // 0.6 s on an idle core
  });

  it("say in a ticker what the day's candle says", () => {
    const ticker = rows("/v1/ticker?markets=KRW-XRP,krw-ada")[0]!;
    const day = rows("/v1/candles/days?market=KRW-XRP")[0]!;
    for (const name of ["opening_price", "high_price", "low_price", "trade_price", "prev_closing_price"])
      assert.strictEqual(ticker[name], day[name]);
    assert.strictEqual(Number(ticker["acc_trade_volume"]), Number(day["candle_acc_trade_volume"]));
    assert.strictEqual(ticker["acc_trade_price"]!.replace(/0+$/, ""), day["candle_acc_trade_price"]!.replace(/0+$/, ""));
    assert.strictEqual(ticker["timestamp"], String(now));
    assert.strictEqual(ticker["change_rate"], ticker["signed_change_rate"]!.replace("-", ""));
  });

  it("clamp and cut books, and fail whole on one unknown pair", () => {
    const size = (target: string) =>
      (rows(target)[0] as unknown as { readonly orderbook_units: ReadonlyArray<unknown> }).orderbook_units.length;
    assert.strictEqual(size("/v1/orderbook?markets=KRW-BTC"), 30);
    assert.strictEqual(size("/v1/orderbook?markets=KRW-BTC&count=50"), 30);
    assert.strictEqual(size("/v1/orderbook?markets=KRW-BTC&count=5"), 5);
    assert.strictEqual(rows("/v1/orderbook?markets=krw-btc,USDT-BTC").length, 2);
    assert.strictEqual(ask(exchange, "/v1/orderbook?markets=KRW-BTC&level=100").text, "[]");
    assert.strictEqual(ask(exchange, "/v1/orderbook?markets=BTC-ETH&level=100").text, "[]");
    assert.strictEqual(rows("/v1/orderbook?markets=KRW-BTC&level=100000")[0]!["level"], "100000");
    assert.strictEqual(ask(exchange, "/v1/orderbook?markets=KRW-BTC,KRW-NOPE").status, 404);
  });

  it("list markets with and without details, instruments and levels", () => {
    const plain = rows("/v1/market/all");
    assert.deepStrictEqual(Object.keys(plain[0]!), ["market", "korean_name", "english_name"]);
    assert.deepStrictEqual(Object.keys(rows("/v1/market/all?is_details=true")[0]!), [
      "market",
      "korean_name",
      "english_name",
      "market_event",
    ]);
    assert.deepStrictEqual(rows("/v1/market/all?isDetails=true"), rows("/v1/market/all?is_details=true"));
    assert.deepStrictEqual(JSON.parse(ask(exchange, "/v1/orderbook/instruments?markets=KRW-BTC,BTC-ETH").text), [
      {
        market: "KRW-BTC",
        quote_currency: "KRW",
        tick_size: "1000",
        supported_levels: ["0", "10000", "100000", "1000000", "10000000", "100000000"],
      },
      { market: "BTC-ETH", quote_currency: "BTC", tick_size: "0.00000001", supported_levels: ["0"] },
    ]);
    assert.deepStrictEqual(JSON.parse(ask(exchange, "/v1/orderbook/supported_levels?markets=BTC-ETH").text), [
      { market: "BTC-ETH", supported_levels: [0] },
    ]);
    assert.strictEqual(ask(exchange, "/v1/ticker/all?quote_currencies=EUR").text, "[]");
  });
});

describe("errors", () => {
  const missing = '{"error":{"name":400,"message":"Missing request parameter error. Check the required parameters!"}}';
  const mismatch = '{"error":{"name":400,"message":"Type mismatch error. Check the parameters type!"}}';
  const invalid = '{"error":{"name":400,"message":"Invalid parameter. Check the given value!"}}';
  const notFound = '{"error":{"name":404,"message":"Code not found"}}';
  it.each([
    ["/v1/orderbook", 400, missing],
    ["/v1/ticker", 400, missing],
    ["/v1/candles/days", 400, missing],
    ["/v1/orderbook?markets=KRW-BTC&count=abc", 400, mismatch],
    ["/v1/market/all?is_details=x", 400, mismatch],
    ["/v1/candles/minutes/1?market=KRW-BTC&to=2026-01-05T12:00:00+09:00", 400, invalid],
    ["/v1/candles/minutes/1?market=KRW-BTC&to=yesterday", 400, invalid],
    ["/v1/ticker?markets=KRW-NOPE", 404, notFound],
    ["/v1/candles/days?market=KRW-NOPE", 404, notFound],
    ["/v1/trades/ticks?market=KRW-NOPE", 404, notFound],
  ])("%s is %i with an integer name", (target, status, body) => {
    const answer = ask(exchange, target);
    assert.strictEqual(answer.status, status);
    assert.strictEqual(answer.text, body);
    assert.match(answer.headers["remaining-req"]!, /^group=[a-z-]+; min=600; sec=\d+$/);
  });

  it("leaves an unknown path to the gateway, which names no limit", () => {
    for (const path of ["/v1/nope", "/", "/v1/candles/minutes/2?market=KRW-BTC"]) {
      const answer = ask(exchange, path);
      assert.strictEqual(answer.status, 404);
      assert.strictEqual(answer.text, '{"error":{"name":"not_found","message":"no Route matched with those values"}}');
      assert.isUndefined(answer.headers["remaining-req"]);
    }
  });
});

describe("limits", () => {
  it("let ten requests of a group through in any second and say how many are left", () => {
    const limited = new ExchangeModel({ seed: 1 });
    const left = Array.from({ length: 10 }, (_, i) => ask(limited, "/v1/market/all", now + i * 50).headers["remaining-req"]);
    assert.deepStrictEqual(
      left,
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => `group=market; min=600; sec=${n}`),
    );
    const refused = ask(limited, "/v1/market/all", now + 999);
    assert.strictEqual(refused.status, 429);
    assert.strictEqual(refused.text, "Too many API requests.");
    assert.match(refused.headers["content-type"]!, /^text\/plain/);
    assert.strictEqual(refused.headers["remaining-req"], "group=market; min=600; sec=0");
    assert.strictEqual(ask(limited, "/v1/market/all", now + 1_000).status, 200);
    assert.strictEqual(ask(limited, "/v1/market/all", now + 1_001).status, 429);
    assert.strictEqual(ask(limited, "/v1/market/all", now + 1_001, {}, "10.0.0.2").status, 200);
    assert.strictEqual(limited.ledger.maxInWindow("market", 1_000), 11 - 1 + 1); // ten of one address and one of the other
    assert.strictEqual(limited.ledger.rejected, 2);
    assert.strictEqual(limited.ledger.restCount("/v1/market/all"), 14);
  });

  it("count each group by its own wire name", () => {
    const limited = new ExchangeModel({ seed: 1 });
    const groups = [
      ["/v1/market/all", "market"],
      ["/v1/ticker?markets=KRW-DOT", "ticker"],
      ["/v1/orderbook?markets=KRW-DOT", "orderbook"],
      ["/v1/orderbook/instruments?markets=KRW-DOT", "orderbook"],
      ["/v1/trades/ticks?market=KRW-DOT", "crix-trades"],
      ["/v1/candles/minutes/1?market=KRW-DOT", "candles"],
    ] as const;
    for (const [target, group] of groups)
      assert.match(ask(limited, target).headers["remaining-req"]!, new RegExp(`^group=${group}; min=600; sec=\\d$`));
    assert.strictEqual(ask(limited, "/v1/orderbook?markets=KRW-DOT").headers["remaining-req"], "group=orderbook; min=600; sec=7");
  });

  it("open a fixed window anew with each second in that mode", () => {
    const fixed = new ExchangeModel({ seed: 1, limits: { mode: "fixed" } });
    const second = now - (now % 1_000);
    for (let i = 0; i < 10; i++) assert.strictEqual(ask(fixed, "/v1/market/all", second + 900).status, 200);
    assert.strictEqual(ask(fixed, "/v1/market/all", second + 999).status, 429);
    assert.strictEqual(ask(fixed, "/v1/market/all", second + 1_000).status, 200);
  });

  it("block an address that goes on, for all groups and sockets, for a set time", () => {
    const strict = new ExchangeModel({ seed: 1, limits: { banAfter: 5, banMs: 7_000 } });
    for (let i = 0; i < 15; i++) ask(strict, "/v1/market/all");
    const banned = ask(strict, "/v1/ticker?markets=KRW-BTC", now + 1);
    assert.strictEqual(banned.status, 418);
    assert.match(banned.text, /7 seconds/);
    assert.strictEqual(strict.upgrade(request("/websocket/v1"), now + 1)._tag, "Refused");
    assert.strictEqual(ask(strict, "/v1/ticker?markets=KRW-BTC", now + 1, {}, "10.0.0.2").status, 200);
    assert.strictEqual(ask(strict, "/v1/ticker?markets=KRW-BTC", now + 6_999).status, 418);
    assert.strictEqual(ask(strict, "/v1/ticker?markets=KRW-BTC", now + 7_000).status, 200);
  });

  it("block twice as long each time, until an hour has passed in peace", () => {
    const strict = new ExchangeModel({ seed: 1, limits: { perWindow: 1, banAfter: 1, banMs: 10_000 } });
    /** Provokes a block at `atMs`; returns how long it lasts. */
    const provoke = (atMs: number) => {
      ask(strict, "/v1/market/all", atMs);
      assert.strictEqual(ask(strict, "/v1/market/all", atMs).status, 429);
      return strict.limits.banOf("10.0.0.1", atMs)! - atMs;
    };
    assert.strictEqual(provoke(now), 10_000);
    assert.strictEqual(provoke(now + 10_000), 20_000);
    assert.strictEqual(provoke(now + 40_000), 40_000);
    assert.strictEqual(provoke(now + 80_001 + 3_600_000), 10_000);
    const flat = new ExchangeModel({ seed: 1, limits: { perWindow: 0, banAfter: 1, banMs: 10_000, banGrowth: 1 } });
    for (const atMs of [now, now + 10_000]) {
      assert.strictEqual(ask(flat, "/v1/market/all", atMs).status, 429);
      assert.strictEqual(flat.limits.banOf("10.0.0.1", atMs), atMs + 10_000);
    }
  });

  it.each([
    ["seconds", "text/plain", "Too many API requests. Blocked for 30 seconds."],
    ["korean", "text/plain", "요청 수 제한을 초과하여 30초 동안 차단되었습니다."],
    ["json", "application/json", '{"error":{"name":"too_many_requests","message":"Too many API requests. Blocked for 30 seconds."}}'],
    ["until", "text/plain", "Too many API requests. Blocked until 2026-01-05T12:18:12+09:00."],
    ["silent", "text/plain", "Too many API requests."],
  ] as const)("say how long a block lasts in the form %s (§3.5)", (bannedBody, type, body) => {
    const strict = new ExchangeModel({ seed: 1, limits: { bannedBody } });
    strict.limits.ban("10.0.0.1", now + 30_000);
    const banned = ask(strict, "/v1/market/all", now);
    assert.deepStrictEqual([banned.status, banned.text], [418, body]);
    assert.isTrue(banned.headers["content-type"]!.startsWith(type));
    assert.strictEqual(banned.headers["remaining-req"], "group=market; min=600; sec=0");
  });

  it("let a request with an Origin through once in ten seconds", () => {
    const limited = new ExchangeModel({ seed: 1 });
    const origin = { origin: "https://example.com" };
    const first = ask(limited, "/v1/market/all", now, origin);
    assert.strictEqual(first.status, 200);
    assert.strictEqual(first.headers["remaining-req"], "group=origin; min=6; sec=0");
    assert.strictEqual(ask(limited, "/v1/ticker?markets=KRW-BTC", now + 9_999, origin).status, 429);
    assert.strictEqual(ask(limited, "/v1/ticker?markets=KRW-BTC", now + 9_999).status, 200);
    assert.strictEqual(ask(limited, "/v1/ticker?markets=KRW-BTC", now + 10_000, origin).status, 200);
  });

  it("refuse the sixth connect of a second", () => {
    const limited = new ExchangeModel({ seed: 1 });
    const tags = Array.from({ length: 6 }, () => limited.upgrade(request("/websocket/v1"), now)._tag);
    assert.deepStrictEqual(tags, ["Accepted", "Accepted", "Accepted", "Accepted", "Accepted", "Refused"]);
    assert.strictEqual(limited.upgrade(request("/websocket/v1"), now + 1_000)._tag, "Accepted");
    assert.strictEqual(limited.upgrade(request("/websocket/v2"), now + 1_000)._tag, "Refused");
  });
});

describe("the ledger", () => {
  it("keeps the latest entries and counts them all", () => {
    const small = new ExchangeModel({ seed: 1, ledgerCapacity: 10, limits: { perWindow: 1_000_000 } });
    for (let i = 0; i < 50; i++) ask(small, `/v1/market/all?n=${i}`, now + i);
    assert.strictEqual(small.ledger.restCount(), 50);
    const kept = small.ledger.requests();
    assert.isTrue(kept.length >= 10 && kept.length <= 20);
    assert.strictEqual(kept.at(-1)!.target, "/v1/market/all?n=49");
    assert.strictEqual(small.ledger.dropped, 50 - kept.length);
    assert.strictEqual(small.ledger.maxInWindow("market", 10), 10);
  });
});
