/** From what a caller writes to a checked question: every default, every refusal, and what a range of candles means. */
import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import { candlesQuestion, maxRows, orderbookQuestion, tickerQuestion, tradesQuestion, type CandlesOptions } from "../src/ask.ts";
import type { Context } from "../src/domain/Question.ts";
import type { InvalidRequest } from "../src/errors/MarketDataError.ts";
import { defaultRouterConfig as config } from "../src/RouterConfig.ts";

const now = Date.UTC(2026, 0, 31, 12, 0, 30);
const minute = 60_000;

const good = <A>(result: Result.Result<A, InvalidRequest>): A => {
  assert(Result.isSuccess(result), Result.isFailure(result) ? result.failure.message : "");
  return result.success;
};

const fieldOf = (result: Result.Result<unknown, InvalidRequest>): string => {
  assert(Result.isFailure(result), JSON.stringify(result));
  return result.failure.field;
};

const candles = (options: CandlesOptions = {}, interval = "1m") => candlesQuestion("KRW-BTC", interval, options, config, now);

/** Values that the types forbid but plain JavaScript lets through. */
const untyped = (value: unknown) => value as never;

describe("defaults", () => {
  it("are a plain question of normal priority on any channel, 15 levels, not realtime (R004-73)", () => {
    const { intent, levels } = good(orderbookQuestion("KRW-BTC", {}, config));
    assert.strictEqual(levels, 15);
    assert.deepStrictEqual(intent, {
      maxAgeMs: 2_000,
      deadlineMs: 5_000,
      priority: "normal",
      realtime: false,
      strategy: "auto",
      context: "realtime_trading",
      onStale: "fail",
    });
    assert.deepStrictEqual(good(tickerQuestion("KRW-BTC", {}, config)).intent, intent);
  });

  it("of age go by kind, and realtime makes an answer younger, never older", () => {
    assert.strictEqual(good(tradesQuestion("KRW-BTC", {}, config, now)).intent.maxAgeMs, 5_000);
    assert.strictEqual(good(candles()).intent.maxAgeMs, 5_000);
    assert.strictEqual(good(tickerQuestion("KRW-BTC", { realtime: true }, config)).intent.maxAgeMs, 1_000);
    const strict = { ...config, maxAgeMs: { ...config.maxAgeMs, ticker: 300 } };
    assert.strictEqual(good(tickerQuestion("KRW-BTC", { realtime: true }, strict)).intent.maxAgeMs, 300);
    assert.strictEqual(good(tickerQuestion("KRW-BTC", { realtime: true, maxAge: 10_000 }, config)).intent.maxAgeMs, 10_000);
  });

  it("of an old value go by what the answer is for, and what the caller says wins", () => {
    const onStale = (context: Context) => good(tickerQuestion("KRW-BTC", { context }, config)).intent.onStale;
    assert.deepStrictEqual((["realtime_trading", "market_scanning", "backtesting"] as const).map(onStale), ["fail", "fail", "fail"]);
    assert.deepStrictEqual((["monitoring", "research"] as const).map(onStale), ["serve", "serve"]);
    assert.strictEqual(good(tickerQuestion("KRW-BTC", { context: "monitoring", onStale: "fail" }, config)).intent.onStale, "fail");
    assert.strictEqual(good(tickerQuestion("KRW-BTC", { onStale: "serve" }, config)).intent.onStale, "serve");
  });

  it("of candles and trades ask for the newest one", () => {
    const { count, fromMs, toMs, forming, fill, interval } = good(candles());
    assert.deepStrictEqual([count, fromMs, toMs, forming, fill, interval], [1, null, null, "include", "none", "1m"]);
    assert.strictEqual(good(tradesQuestion("KRW-BTC", {}, config, now)).count, 1);
  });
});

describe("refusals", () => {
  it("name the field, whatever is wrong", () => {
    assert.strictEqual(fieldOf(tickerQuestion("krw-btc", {}, config)), "market");
    for (const maxAge of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, untyped("1000")]) {
      assert.strictEqual(fieldOf(tickerQuestion("KRW-BTC", { maxAge }, config)), "maxAge");
    }
    for (const deadline of [0, 0.5, -5, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001, Number.MAX_VALUE]) {
      assert.strictEqual(fieldOf(tickerQuestion("KRW-BTC", { deadline }, config)), "deadline");
    }
    for (const levels of [0, 31, 1.5, -1, Number.NaN, untyped("15")]) {
      assert.strictEqual(fieldOf(orderbookQuestion("KRW-BTC", { levels }, config)), "levels");
    }
    for (const count of [0, -1, 1.5, maxRows + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", { count }, config, now)), "count");
      assert.strictEqual(fieldOf(candles({ count })), "count");
    }
    for (const before of ["", "abc", "-1", "1".repeat(31), "1e5"])
      assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", { before }, config, now)), "before");
    for (const moments of [{ from: now }, { from: now - minute, to: now - minute }]) {
      assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", moments, config, now)), "from");
      assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", { before: "1", to: now }, config, now)), "before");
      assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", { ...moments, before: "1" }, config, now)), "before");
    }
    assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", { to: "noon" }, config, now)), "to");
    assert.strictEqual(fieldOf(tradesQuestion("KRW-BTC", { count: 10, from: now - minute }, config, now)), "count");
    assert.strictEqual(fieldOf(candles({}, "2m")), "interval");
    assert.strictEqual(fieldOf(candles({ count: 10, from: now - minute })), "count");
  });

  it("do not let a misspelt word pass for the default", () => {
    const wrong = untyped("rest-only");
    assert.strictEqual(fieldOf(tickerQuestion("KRW-BTC", { strategy: wrong }, config)), "strategy");
    assert.strictEqual(fieldOf(tickerQuestion("KRW-BTC", { priority: wrong }, config)), "priority");
    assert.strictEqual(fieldOf(tickerQuestion("KRW-BTC", { context: wrong }, config)), "context");
    assert.strictEqual(fieldOf(tickerQuestion("KRW-BTC", { onStale: wrong }, config)), "onStale");
    assert.strictEqual(fieldOf(candles({ forming: wrong })), "forming");
    assert.strictEqual(fieldOf(candles({ fill: wrong })), "fill");
  });

  it.each([
    "yesterday",
    "",
    "2026",
    "2026-1-5",
    "2026-02-30",
    "2025-02-29T00:00:00Z",
    "2026-13-01",
    "2026-01-31T25:00",
    "2026-01-31+09:00",
    "2026-01-31T09:00:00 KST",
    "31/01/2026",
    "1769817600000",
    Number.NaN,
    -1,
    1e13,
    new Date(Number.NaN),
    untyped(null),
    untyped({}),
    untyped(true),
  ])("take %s for no moment", (from) => {
    assert.strictEqual(fieldOf(candles({ from })), "from");
    assert.strictEqual(fieldOf(candles({ to: from })), "to");
  });

  it("of a range: one that ends before it begins, lies ahead, or is longer than one question may be", () => {
    assert.strictEqual(fieldOf(candles({ from: now - minute, to: now - minute })), "from");
    assert.strictEqual(fieldOf(candles({ from: now - minute, to: now - 2 * minute })), "from");
    assert.strictEqual(fieldOf(candles({ from: now + minute })), "from");
    assert.strictEqual(fieldOf(candles({ from: now - (maxRows + 2) * 1_000 }, "1s")), "from");
    good(candles({ from: now - (maxRows - 2) * 1_000 }, "1s"));
    good(candles({ from: "2017-09-25" }, "1M"));
  });
});

describe("a range of candles", () => {
  it("has a first window, no count, and ends now unless it says when", () => {
    const open = good(candles({ from: "2026-01-31T11:00" }));
    assert.deepStrictEqual([open.fromMs, open.toMs, open.count], [Date.UTC(2026, 0, 31, 11), null, null]);
    // Midnight in UTC is nine in the morning in Korea: nothing lies between.
    assert.strictEqual(fieldOf(candles({ from: "2026-01-31", to: "2026-01-31T09:00:00+09:00" })), "from");
    const { fromMs, toMs } = good(candles({ from: new Date(now - 5 * minute), to: now - 2 * minute }));
    assert.deepStrictEqual([fromMs, toMs], [now - 5 * minute, now - 2 * minute]);
  });

  it("reads a date, a number and text as the same moment", () => {
    const at = Date.UTC(2026, 0, 31, 0, 30);
    const spellings = [
      at,
      new Date(at),
      "2026-01-31T00:30",
      "2026-01-31 00:30",
      "2026-01-31T09:30+09:00",
      " 2026-01-31T00:30:00.000Z ",
      "2026-01-31T09:30:00+0900",
    ];
    for (const from of spellings) assert.strictEqual(good(candles({ from })).fromMs, at);
    assert.strictEqual(good(candles({ from: "2024-02-29" }, "1d")).fromMs, Date.UTC(2024, 1, 29));
  });

  it("keeps an end that lies ahead, and rounds an end within a second up, so that it stays exclusive", () => {
    assert.strictEqual(good(candles({ count: 5, to: now + minute })).toMs, now + minute);
    assert.strictEqual(good(candles({ count: 5, to: now - minute - 1 })).toMs, now - minute);
    assert.strictEqual(good(candles({ count: 5, to: now - minute })).toMs, now - minute);
  });

  it("never grows old once its last window is past the margin, and does until then", () => {
    const maxAge = (options: CandlesOptions) => good(candles(options)).intent.maxAgeMs;
    // The windows before 11:59 ended 90 seconds ago; the one that starts at 12:00 is still open.
    assert.strictEqual(maxAge({ count: 5, to: "2026-01-31T11:59" }), Number.MAX_SAFE_INTEGER);
    assert.strictEqual(maxAge({ count: 5, to: "2026-01-31T12:00" }), 5_000);
    assert.strictEqual(maxAge({ count: 5, to: "2026-01-31T12:00:01" }), 5_000);
    assert.strictEqual(maxAge({ count: 5 }), 5_000);
    assert.strictEqual(maxAge({ from: "2026-01-31T11:00" }), 5_000);
    const justClosed = (nowMs: number) =>
      good(candlesQuestion("KRW-BTC", "1m", { count: 5, to: "2026-01-31T12:00" }, config, nowMs)).intent.maxAgeMs;
    assert.strictEqual(justClosed(Date.UTC(2026, 0, 31, 12, 0, 59, 999)), 5_000);
    assert.strictEqual(justClosed(Date.UTC(2026, 0, 31, 12, 1)), Number.MAX_SAFE_INTEGER);
  });

  it("goes for trades before a known one as well", () => {
    const past = good(tradesQuestion("KRW-BTC", { before: "17626391070740001", count: 500 }, config, now));
    assert.strictEqual(past.intent.maxAgeMs, Number.MAX_SAFE_INTEGER);
    assert.strictEqual(past.before, "17626391070740001");
    assert.notProperty(good(tradesQuestion("KRW-BTC", { count: 500 }, config, now)), "before");
    const of = (to: number) => good(tradesQuestion("KRW-BTC", { from: now - 2 * minute, to }, config, now));
    assert.deepInclude(of(now - minute), { count: null, fromMs: now - 2 * minute, toMs: now - minute });
    assert.strictEqual(of(now - minute).intent.maxAgeMs, Number.MAX_SAFE_INTEGER);
    assert.strictEqual(of(now - minute + 1).intent.maxAgeMs, 5_000, "one of the last minute may yet be booked");
    assert.notProperty(of(now + minute), "toMs", "the future ends at the present");
  });
});
