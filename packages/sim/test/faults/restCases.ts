/** What each fault of REST answers does to a naive client: the fault, the request, and the harm. */
import { assert } from "@effect/vitest";
import type { Fault } from "../../src/index.ts";
import type { Row, Told } from "./naive.ts";

export interface RestCase {
  readonly fault: Fault;
  /** Default: the ticker of KRW-BTC. */
  readonly target?: string;
  /** How often it asks, a tenth of a second apart. Default once. */
  readonly asks?: number;
  /** Time from the truth to the question under the fault. Default none. */
  readonly laterMs?: number;
  /** Asserts what went wrong. `told` is the last of `all`; `truth` was told before the fault. */
  readonly harm: (told: Told, truth: Told, all: ReadonlyArray<Told>) => void;
}

export const ticker = "/v1/ticker?markets=KRW-BTC";
const book = "/v1/orderbook?markets=KRW-BTC";
const minutes = "/v1/candles/minutes/1?market=KRW-BTC&count=20";

const price = ({ rows }: Told): unknown => rows[0]?.["trade_price"];

const units = ({ rows }: Told): ReadonlyArray<Row> => {
  const levels = rows[0]?.["orderbook_units"];
  return Array.isArray(levels) ? levels : [];
};

const number = (row: Row | undefined, name: string): number => {
  const value = row?.[name];
  assert.isNumber(value, `${name} of ${JSON.stringify(row)}`);
  return Number(value);
};

const fails =
  (tag: string, detail: Partial<NonNullable<Told["error"]>> = {}) =>
  (told: Told) => {
    assert.deepInclude({ ...told.error }, { _tag: tag, ...detail });
  };

/** It shows no price, and does not know why. */
const noPrice = (status: number) => (told: Told) => {
  assert.deepStrictEqual([told.error, told.status, price(told)], [undefined, status, undefined]);
};

/** What a simple client reads out of a header. */
const remaining = (told: Told): number => Number(/sec=(\S+)/.exec(told.headers["remaining-req"] ?? "")?.[1]);

const waits = (told: Told): number => Number(told.headers["retry-after"]) * 1_000;

/** The seconds from the answer's own date to the date it names. */
const seconds = ({ headers }: Told): number => (Date.parse(headers["retry-after"] ?? "") - Date.parse(headers["date"] ?? "")) / 1_000;

/** It waits for no time, because what it was told is no number. */
const unreadable = (also: (told: Told) => void) => (told: Told) => {
  assert.deepStrictEqual([told.status, waits(told)], [503, Number.NaN]);
  also(told);
};

const transfer: ReadonlyArray<RestCase> = [
  { fault: { verb: "connect-refused" }, harm: fails("NetworkError", { phase: "connect", code: "ECONNREFUSED" }) },
  {
    fault: { verb: "connect-hang" },
    harm: (told) => (fails("TimeoutError", { phase: "connect" })(told), assert.isAtLeast(told.ms, 5_000)),
  },
  { fault: { verb: "dns-failure", code: "EAI_AGAIN" }, harm: fails("NetworkError", { phase: "dns", code: "EAI_AGAIN" }) },
  { fault: { verb: "tls-failure" }, harm: fails("NetworkError", { phase: "tls", code: "DEPTH_ZERO_SELF_SIGNED_CERT" }) },
  { fault: { verb: "hang" }, harm: (told) => (fails("TimeoutError", { phase: "headers" })(told), assert.isAtLeast(told.ms, 5_000)) },
  { fault: { verb: "reset" }, harm: fails("NetworkError", { phase: "headers", code: "ECONNRESET" }) },
  { fault: { verb: "reset-after-bytes", bytes: 10 }, harm: fails("NetworkError", { phase: "body", code: "ECONNRESET" }) },
  { fault: { verb: "reset-after-bytes", how: "end" }, harm: fails("NetworkError", { phase: "body" }) },
  { fault: { verb: "reset-after-bytes", how: "hang" }, harm: fails("TimeoutError", { phase: "body" }) },
  { fault: { verb: "slow-headers", delayMs: 4_000 }, harm: (told, truth) => assert.isAtLeast(told.ms, truth.ms + 3_990) },
  { fault: { verb: "slow-headers" }, harm: fails("TimeoutError", { phase: "headers" }) },
  { fault: { verb: "slow-body", bytes: 400, everyMs: 2_000 }, harm: (told, truth) => assert.isAtLeast(told.ms, truth.ms + 3_990) },
  { fault: { verb: "slow-body" }, harm: fails("TimeoutError", { phase: "attempt" }) },
  { fault: { verb: "slow-body", everyMs: 4_000 }, harm: fails("TimeoutError", { phase: "body" }) },
];

const bodies: ReadonlyArray<RestCase> = [
  { fault: { verb: "answer", body: '[{"trade_price":1}]' }, harm: (told) => assert.strictEqual(price(told), 1) },
  { fault: { verb: "truncated-json" }, harm: fails("SyntaxError") },
  {
    fault: { verb: "invalid-utf8" },
    harm: (told) => assert.deepStrictEqual([told.error, told.rows[0]?.["market"]], [undefined, undefined]),
  },
  { fault: { verb: "html" }, harm: noPrice(200) },
  { fault: { verb: "wrong-content-type" }, harm: noPrice(200) },
  { fault: { verb: "huge-body" }, harm: fails("DecodeError", { stage: "size" }) },
  { fault: { verb: "endless-body" }, harm: fails("DecodeError", { stage: "size" }) },
  { fault: { verb: "bad-gzip" }, harm: fails("DecodeError", { stage: "bytes" }) },
  { fault: { verb: "bad-gzip", how: "garbled" }, harm: fails("DecodeError", { stage: "bytes" }) },
  { fault: { verb: "gzip-bomb" }, harm: fails("DecodeError", { stage: "size" }) },
  { fault: { verb: "deep-nesting" }, harm: noPrice(200) },
];

const statuses: ReadonlyArray<RestCase> = [
  { fault: { verb: "server-error", status: 502 }, harm: noPrice(502) },
  { fault: { verb: "server-error", body: "html" }, harm: noPrice(503) },
  { fault: { verb: "server-error", body: "empty" }, harm: fails("SyntaxError") },
  { fault: { verb: "retry-after", seconds: 7 }, harm: (told) => assert.deepStrictEqual([price(told), waits(told)], [undefined, 7_000]) },
  { fault: { verb: "retry-after", form: "date" }, harm: unreadable((told) => assert.strictEqual(seconds(told), 5)) },
  { fault: { verb: "retry-after", form: "negative" }, harm: (told) => assert.isBelow(waits(told), 0) },
  { fault: { verb: "retry-after", form: "absurd" }, harm: (told) => assert.isAbove(waits(told), 86_400_000) },
  { fault: { verb: "retry-after", form: "past" }, harm: unreadable((told) => assert.strictEqual(seconds(told), -5)) },
  { fault: { verb: "retry-after", form: "garbage" }, harm: unreadable((told) => assert.isNaN(seconds(told))) },
  { fault: { verb: "too-many-requests" }, harm: (told) => (noPrice(429)(told), assert.strictEqual(remaining(told), 0)) },
  { fault: { verb: "too-many-requests", remaining: "absent" }, harm: (told) => (noPrice(429)(told), assert.isNaN(remaining(told))) },
  { fault: { verb: "remaining-req" }, harm: (told) => assert.isNaN(remaining(told)) },
  { fault: { verb: "remaining-req", form: "unknown-group" }, harm: (told) => assert.strictEqual(remaining(told), 3) },
  { fault: { verb: "remaining-req", form: "duplicated" }, harm: (told) => assert.isNaN(remaining(told)) },
  { fault: { verb: "remaining-req", form: "negative" }, harm: (told) => assert.strictEqual(remaining(told), -5) },
  { fault: { verb: "remaining-req", form: "huge" }, harm: (told) => assert.isAbove(remaining(told), 1_000) },
  { fault: { verb: "remaining-req", form: "fraction" }, harm: (told) => assert.strictEqual(remaining(told), 0.5) },
  {
    fault: { verb: "shared-ip", perSecond: 6 },
    asks: 30,
    harm: (_told, _truth, all) =>
      assert.include(
        all.map(({ status }) => status),
        429,
        "it asks within its limit and is refused",
      ),
  },
  {
    fault: { verb: "limit-change" },
    asks: 6,
    harm: (_told, _truth, all) =>
      assert.include(
        all.map(({ status }) => status),
        429,
        "it asks within its limit and is refused",
      ),
  },
  { fault: { verb: "ban" }, harm: (told) => (noPrice(418)(told), assert.include(told.text, "Blocked for 60 seconds")) },
  { fault: { verb: "ban", body: "korean", forMs: 90_000 }, harm: (told) => assert.include(told.text, "90초") },
  { fault: { verb: "ban", body: "ms" }, harm: (told) => assert.include(told.text, '"retry_after_ms":59990') },
  { fault: { verb: "ban", body: "date" }, harm: (told) => assert.match(told.text, /until \d{4}-\d\d-\d\dT/) },
  { fault: { verb: "ban", body: "none" }, harm: (told) => assert.notMatch(told.text, /\d/) },
  {
    fault: { verb: "request-error", status: 404, as: "number" },
    harm: (told) => (noPrice(404)(told), assert.include(told.text, '"name":404')),
  },
  { fault: { verb: "request-error" }, harm: (told) => (noPrice(400)(told), assert.include(told.text, '"name":"invalid_parameter"')) },
  { fault: { verb: "redirect" }, harm: (told) => (noPrice(302)(told), assert.notInclude(told.headers["location"] ?? "", "//sim")) },
  { fault: { verb: "maintenance" }, harm: noPrice(503) },
];

const markets: ReadonlyArray<RestCase> = [
  {
    fault: { verb: "wrong-market" },
    harm: ({ rows }) =>
      assert.deepStrictEqual(
        rows.map((row) => row["market"]),
        ["KRW-ETH"],
      ),
  },
  {
    fault: { verb: "stale-rest" },
    laterMs: 10_000,
    harm: (told, truth) => assert.isBelow(number(told.rows[0], "timestamp"), number(truth.rows[0], "timestamp")),
  },
  {
    fault: { verb: "short-pages" },
    target: minutes,
    harm: (told, truth) => assert.deepStrictEqual([told.rows.length, truth.rows.length], [1, 20]),
  },
  {
    fault: { verb: "sparse-rows" },
    target: minutes,
    harm: ({ rows }) =>
      assert.isAtLeast(
        Date.parse(String(rows[0]?.["candle_date_time_utc"])) - Date.parse(String(rows[1]?.["candle_date_time_utc"])),
        120_000,
      ),
  },
  {
    fault: { verb: "market-paused" },
    laterMs: 0,
    asks: 20,
    harm: (_told, _truth, all) => assert.strictEqual(new Set(all.map(price)).size, 1),
  },
  { fault: { verb: "delisted" }, harm: noPrice(404) },
  {
    fault: { verb: "delisted" },
    target: "/v1/market/all",
    harm: (told, truth) => assert.strictEqual(told.rows.length, truth.rows.length - 1),
  },
];

const data: ReadonlyArray<RestCase> = [
  {
    fault: { verb: "schema-drift" },
    harm: (told, truth) => assert.isAbove(Object.keys(told.rows[0] ?? {}).length, Object.keys(truth.rows[0] ?? {}).length),
  },
  { fault: { verb: "schema-drift", change: "missing" }, harm: noPrice(200) },
  { fault: { verb: "schema-drift", change: "renamed" }, harm: noPrice(200) },
  { fault: { verb: "schema-drift", change: "retyped" }, harm: (told) => assert.isObject(price(told)) },
  {
    fault: { verb: "schema-drift", change: "new-word", field: "change" },
    harm: ({ rows }) => assert.strictEqual(rows[0]?.["change"], "SIDEWAYS"),
  },
  { fault: { verb: "schema-drift", change: "null" }, harm: (told) => assert.isNull(price(told)) },
  { fault: { verb: "string-prices" }, harm: (told) => assert.isString(price(told)) },
  {
    fault: { verb: "exponent-prices" },
    harm: (told, truth) => {
      assert.closeTo(Number(price(told)) / Number(price(truth)), 1, 0.01, "the same number, for who reads the grammar of JSON");
      assert.isBelow(Number(/"trade_price":(\d+\.\d+)/.exec(told.text)?.[1]), 10, "another one, for who reads digits");
    },
  },
  { fault: { verb: "nonsense-price" }, harm: (told) => assert.strictEqual(price(told), 0) },
  { fault: { verb: "nonsense-price", value: "negative" }, harm: (told) => assert.isBelow(number(told.rows[0], "trade_price"), 0) },
  { fault: { verb: "nonsense-price", value: "nan" }, harm: (told) => assert.isNaN(Number(price(told))) },
  {
    fault: { verb: "nonsense-price", value: "jump" },
    harm: (told, truth) => assert.isAbove(Number(price(told)), 1_000 * Number(price(truth))),
  },
  {
    fault: { verb: "clock-skew" },
    harm: (told, truth) => {
      assert.isAtLeast(number(told.rows[0], "timestamp"), number(truth.rows[0], "timestamp") + 600_000);
      assert.isAtLeast(Date.parse(told.headers["date"] ?? ""), Date.parse(truth.headers["date"] ?? "") + 600_000);
    },
  },
  {
    fault: { verb: "timestamps-back" },
    asks: 8,
    harm: (_told, _truth, all) => {
      const times = all.map(({ rows }) => number(rows[0], "timestamp"));
      assert.isTrue(times.some((time, i) => i > 0 && time < (times[i - 1] ?? 0)));
    },
  },
  {
    fault: { verb: "future-timestamp", times: 1 },
    asks: 3,
    harm: (told, _truth, all) => assert.isAbove(number(all[0]?.rows[0], "timestamp"), number(told.rows[0], "timestamp") + 3_000_000),
  },
  {
    fault: { verb: "market-warning", market: "KRW-BTC" },
    target: "/v1/market/all?is_details=true",
    harm: (told, truth) => {
      const warned = ({ rows }: Told) =>
        rows.filter(({ market_event }) => JSON.stringify(market_event).includes('"warning":true')).map(({ market }) => market);
      assert.deepStrictEqual(
        warned(told).filter((code) => !warned(truth).includes(code)),
        ["KRW-BTC"],
      );
    },
  },
  {
    fault: { verb: "candle-revised" },
    target: minutes,
    harm: (told, truth) => {
      const known = truth.rows[3];
      const again = told.rows.find((row) => row["candle_date_time_utc"] === known?.["candle_date_time_utc"]);
      assert.isAbove(number(again, "candle_acc_trade_volume"), number(known, "candle_acc_trade_volume"));
    },
  },
  {
    fault: { verb: "odd-market" },
    harm: ({ rows: [row] }) => {
      const prices: Record<string, unknown> = {};
      prices[String(row?.["market"])] = row;
      assert.deepStrictEqual(Object.keys(prices), [], "it is put nowhere to be found, and the object has another prototype");
    },
  },
];

const books: ReadonlyArray<RestCase> = [
  {
    fault: { verb: "crossed-book" },
    target: book,
    harm: (told) => assert.isAbove(number(units(told)[0], "bid_price"), number(units(told)[0], "ask_price")),
  },
  {
    fault: { verb: "crossed-book", how: "locked" },
    target: book,
    harm: (told) => assert.strictEqual(number(units(told)[0], "bid_price"), number(units(told)[0], "ask_price")),
  },
  { fault: { verb: "empty-book" }, target: book, harm: (told) => assert.strictEqual(number(units(told)[0], "ask_price"), 0) },
  { fault: { verb: "empty-book", how: "no-levels" }, target: book, harm: (told) => assert.deepStrictEqual(units(told), []) },
  {
    fault: { verb: "empty-book", side: "bid" },
    target: book,
    harm: (told) => {
      assert.strictEqual(number(units(told)[0], "bid_price"), 0);
      assert.isAbove(number(units(told)[0], "ask_price"), 0);
    },
  },
  { fault: { verb: "zero-sizes" }, target: book, harm: (told) => assert.strictEqual(number(units(told)[0], "ask_size"), 0) },
  {
    fault: { verb: "unsorted-book" },
    target: book,
    harm: (told) => assert.isAbove(number(units(told)[0], "ask_price"), number(units(told)[1], "ask_price")),
  },
  { fault: { verb: "duplicate-levels" }, target: book, harm: (told) => assert.deepStrictEqual(units(told)[0], units(told)[1]) },
];

export const restCases: ReadonlyArray<RestCase> = [...transfer, ...bodies, ...statuses, ...markets, ...data, ...books];
