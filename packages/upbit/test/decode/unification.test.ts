/** The same market event is the same value, whichever channel and spelling brought it. */
import { assert, describe, it } from "@effect/vitest";
import { execFileSync } from "node:child_process";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { decodeCandles, decodeOrderbooks, decodeTickers, decodeTrades } from "../../src/decode/RestBody.ts";
import { decodeSocketMessage } from "../../src/decode/SocketFrame.ts";
import { cases, channelsOf, readFrame, readList, readOn, readRow, valueOf } from "../reading.ts";
import * as wire from "../wire.ts";

/** The fields of `value` that `other` has too. */
const shared = (value: object, other: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(other, key)));

const onAll = (fields: ReadonlyArray<wire.WireField>) => ({
  rest: wire.members(fields, "rest"),
  full: wire.members(fields, "full"),
  simple: wire.members(fields, "simple"),
});

describe("unification", () => {
  it("REST, DEFAULT and SIMPLE give deep-equal values on the fields they share, as text, bytes or list (R001-03)", () => {
    let compared = 0;
    for (const one of cases.filter((some) => channelsOf(some).length === 3)) {
      const records = onAll(one.fields);
      // A socket candle is always forming; one that REST shows while its window is open is, too.
      const rest = { ...readOn(one, "rest", records.rest), ...(one.name.includes("candle") && { state: "forming" }) };
      const full = readOn(one, "full", records.full);
      const simple = readOn(one, "simple", records.simple);
      assert.deepStrictEqual(simple, full);
      assert.deepStrictEqual(shared(full, rest), rest, one.name);
      const bytes = new TextEncoder().encode(wire.write(records.simple));
      assert.deepStrictEqual(readFrame(bytes), full);
      for (const record of [records.full, records.simple]) {
        const list = decodeSocketMessage(`[${wire.write(record)},${wire.write(record)}]`);
        assert.deepStrictEqual(list.map(valueOf), [full, full]);
      }
      compared += Object.keys(rest).length;
    }
    assert.isAbove(compared, 50);
  });

  it("a ticker reads the same over REST, DEFAULT and SIMPLE (R004-28)", () => {
    const { rest, full, simple } = onAll(wire.ticker);
    const fromRest = readRow(decodeTickers(), rest) as Ticker;
    const fromSocket = readFrame(wire.write(full)) as Ticker;
    assert.deepStrictEqual(readFrame(wire.write(simple)), fromSocket);
    assert.strictEqual(fromRest.price.toString(), "109868000");
    assert.strictEqual(fromSocket.price.toString(), "109868000");
    assert.strictEqual(fromRest.timestampMs, 1787729042606);
    assert.notProperty(fromRest, "lastSide");
    assert.strictEqual(fromSocket.lastSide, "buy");
    assert.strictEqual(fromSocket.dayAskVolume?.plus(fromSocket.dayBidVolume ?? Decimal.zero).toString(), "545.1");
  });

  it("a list of candles keeps its rows and their order, and windows without trades stay without rows (R004-29)", () => {
    const at = (minute: string) =>
      wire.write(wire.withField(wire.members(wire.minuteCandle, "rest"), "candle_date_time_utc", `"2026-07-30T07:${minute}:00"`));
    const { rows, rejected } = readList(decodeCandles("1m"), `[${["46", "45", "41", "40"].map(at).join(",")}]`);
    assert.lengthOf(rejected, 0);
    const opens = (rows as ReadonlyArray<Candle>).map((candle) => new Date(candle.openTimeMs).toISOString().slice(11, 16));
    assert.deepStrictEqual(opens, ["07:46", "07:45", "07:41", "07:40"]);
  });

  it("a book's asks rise and its bids fall, whatever the order on the wire, and padding is dropped (R004-30)", () => {
    const jumbled = wire.units(["103", "98", "1", "2"], ["101", "99", "1.50", "3"], ["102", "0", "7.9276E-4", "0.0"], ["0", "0", "0", "0"]);
    for (const [channel, name] of [
      ["rest", "orderbook_units"],
      ["full", "orderbook_units"],
      ["simple", "obu"],
    ] as const) {
      const record = wire.withField(wire.members(wire.orderbook, channel), name, jumbled[channel]);
      const book = readOn(cases[2]!, channel, record) as Orderbook;
      assert.deepStrictEqual(
        book.asks.map((level) => `${level.price}:${level.size}`),
        ["101:1.5", "102:0.00079276", "103:1"],
      );
      assert.deepStrictEqual(
        book.bids.map((level) => `${level.price}:${level.size}`),
        ["99:3", "98:2"],
      );
      assert.strictEqual(book.spread?.toString(), "2");
      assert.isFalse(book.crossed);
    }
  });

  it("a price named twice on one side, and an offer at price 0, are errors with their path", () => {
    const book = (rows: string) =>
      readList(decodeOrderbooks(), `[${wire.write(wire.withField(wire.members(wire.orderbook, "rest"), "orderbook_units", rows))}]`);
    const twice = book(wire.units(["101", "99", "1", "1"], ["101", "98", "2", "1"]).rest);
    assert.deepStrictEqual(
      twice.rejected.map((error) => [error.stage, error.path]),
      [["schema", "[0].orderbook_units"]],
    );
    assert.include(twice.rejected[0]?.detail ?? "", "101 twice");
    assert.include(book(wire.units(["0", "99", "1", "1"]).rest).rejected[0]?.detail ?? "", "price 0");
    const negative = book(wire.units(["101", "99", "1", "1"], ["102", "98", "-2", "1"]).rest);
    assert.strictEqual(negative.rejected[0]?.path, "[0].orderbook_units[1].ask_size");
  });

  it("numbers are exact decimals: tiny, huge, with exponent, in quotes, with 22 digits (R004-25)", () => {
    const spellings: ReadonlyArray<readonly [string, string]> = [
      ["0.00000012", "0.00000012"],
      ["162834000", "162834000"],
      ["162834000.00000000", "162834000"],
      ["1.62834E8", "162834000"],
      ["6E-8", "0.00000006"],
      ["5.485e-05", "0.00005485"],
      ['"148737000.00000000"', "148737000"],
      ["37189906239683.17623001", "37189906239683.17623001"],
      ["123909085190.7967500000000001", "123909085190.7967500000000001"],
    ];
    for (const [token, plain] of spellings) {
      const rest = readRow(decodeTickers(), wire.withField(wire.members(wire.ticker, "rest"), "trade_price", token)) as Ticker;
      const simple = readFrame(wire.write(wire.withField(wire.members(wire.ticker, "simple"), "tp", token))) as Ticker;
      assert.strictEqual(rest.price.toString(), plain);
      assert.isTrue(simple.price.equals(rest.price));
    }
  });

  it("a price below one won and one with eight decimals keep every digit, and no number becomes zero on error (F-42)", () => {
    for (const token of ["0.00000689", "0.0001", "0.9999", "0.00000001"]) {
      const record = wire.withField(wire.members(wire.trade, "rest"), "trade_price", token);
      const value = readRow(decodeTrades(), record) as Trade;
      assert.strictEqual(value.price.toString(), token);
    }
    for (const token of ["0", "0.0", "-1", '"NaN"', '""', "null"]) {
      for (const [decode, fields] of [
        [decodeTrades(), wire.trade],
        [decodeTickers(), wire.ticker],
      ] as const) {
        const { rows, rejected } = readList(decode, `[${wire.write(wire.withField(wire.members(fields, "rest"), "trade_price", token))}]`);
        assert.lengthOf(rows, 0);
        assert.strictEqual(rejected[0]?.path, "[0].trade_price");
      }
    }
  });

  it("times are UTC in a process of any time zone (R004-26)", () => {
    const script = `
      const { decodeCandles, decodeTickers } = await import(${JSON.stringify(new URL("../../src/decode/RestBody.ts", import.meta.url).href)});
      const read = (decode, text) => decode({ text, exchangeNowMs: 1785397980000 }).success.rows[0];
      const minute = read(decodeCandles("1m"), ${JSON.stringify(`[${wire.write(wire.members(wire.minuteCandle, "rest"))}]`)});
      const day = read(decodeCandles("1d"), ${JSON.stringify(`[${wire.write(wire.members(wire.dayCandle, "rest"))}]`)});
      const ticker = read(decodeTickers(), ${JSON.stringify(`[${wire.write(wire.members(wire.ticker, "rest"))}]`)});
      console.log(JSON.stringify([new Date(2026, 6, 30).getTimezoneOffset(), [minute.openTimeMs, minute.state, day.openTimeMs, day.state, ticker.tradeTimeMs]]));`;
    const runs = ["UTC", "Asia/Seoul", "America/New_York"].map((zone): [number, unknown] =>
      JSON.parse(
        execFileSync(process.execPath, ["--input-type=module", "--eval", script], { env: { ...process.env, TZ: zone }, encoding: "utf8" }),
      ),
    );
    assert.deepStrictEqual(
      runs.map(([offset]) => offset),
      [0, -540, 240],
    );
    const expected = [Date.UTC(2026, 6, 30, 7, 46), "closed", Date.UTC(2026, 6, 30), "forming", 1787729040682];
    for (const [, times] of runs) assert.deepStrictEqual(times, expected);
  });

  it("a candle's time is its window's start in UTC, not its last trade; every interval keeps its own; 1m is not 1M (F-28)", () => {
    const record = wire.members(wire.minuteCandle, "rest");
    const starts: ReadonlyArray<readonly [Parameters<typeof decodeCandles>[0], string, number]> = [
      ["1m", "2026-07-30T07:46:00", 1],
      ["1h", "2026-07-30T07:00:00", 60],
      ["4h", "2026-07-30T04:00:00", 240],
    ];
    for (const [interval, start, unit] of starts) {
      const named = wire.withField(wire.withField(record, "candle_date_time_utc", `"${start}"`), "unit", String(unit));
      const value = readRow(decodeCandles(interval), named) as Candle;
      assert.strictEqual(value.interval, interval);
      assert.strictEqual(value.openTimeMs, Date.parse(`${start}Z`));
      assert.notStrictEqual(value.openTimeMs, value.lastTradeTimeMs);
    }
    const month = readRow(
      decodeCandles("1M"),
      wire.withField(wire.members(wire.weekCandle, "rest"), "candle_date_time_utc", '"2026-07-01T00:00:00"'),
    ) as Candle;
    assert.strictEqual(month.interval, "1M");
    const wrongUnit = readList(decodeCandles("1h"), `[${wire.write(record)}]`).rejected[0];
    assert.deepStrictEqual([wrongUnit?.stage, wrongUnit?.path], ["answer", "[0].unit"]);
    const offGrid = wire.withField(wire.withField(record, "unit", "60"), "candle_date_time_utc", '"2026-07-30T07:46:00"');
    assert.strictEqual(readList(decodeCandles("1h"), `[${wire.write(offGrid)}]`).rejected[0]?.path, "[0].candle_date_time_utc");
    for (const impossible of [
      "2026-02-30T00:00:00",
      "2026-07-30T24:00:00",
      "2026-07-30T07:46:00Z",
      "2026-07-30 07:46:00",
      "2026-7-30T07:46:00",
    ]) {
      assert.throws(
        () => readRow(decodeCandles("1m"), wire.withField(record, "candle_date_time_utc", `"${impossible}"`)),
        "candle_date_time_utc",
      );
    }
  });

  it("a REST candle is closed once the exchange's clock is past its end with a margin, a socket candle never", () => {
    const text = `[${wire.write(wire.members(wire.minuteCandle, "rest"))}]`;
    const end = Date.UTC(2026, 6, 30, 7, 47);
    const stateAt = (exchangeNowMs: number) => {
      const decoded = decodeCandles("1m")({ text, exchangeNowMs });
      return decoded._tag === "Success" ? decoded.success.rows[0]?.state : undefined;
    };
    assert.deepStrictEqual([stateAt(end - 1), stateAt(end + 1_999), stateAt(end + 2_000)], ["forming", "forming", "closed"]);
    assert.strictEqual((readFrame(wire.write(wire.members(wire.minuteCandle, "full"))) as Candle).state, "forming");
  });

  it("two trades whose ids differ by one stay two, and every id of 17 digits keeps its digits (C01)", () => {
    const record = wire.members(wire.trade, "rest");
    const neighbours: Array<string> = [];
    for (let base = 9_007_199_254_740_990n; base < 9_007_199_254_741_000n; base++) neighbours.push(String(base));
    for (let base = 18_014_398_509_481_980n; base < 18_014_398_509_481_990n; base++) neighbours.push(String(base));
    for (let i = 0n; i < 2_000n; i++) neighbours.push(String(10_000_000_000_000_000n + i * 44_999_999_999_989n));
    const body = `[${neighbours.map((id) => wire.write(wire.withField(record, "sequential_id", id))).join(",")}]`;
    const rows = readList(decodeTrades(), body).rows as ReadonlyArray<Trade>;
    assert.deepStrictEqual(
      rows.map((row) => row.id),
      neighbours,
    );
    assert.strictEqual(new Set(rows.map((row) => row.id)).size, neighbours.length);
    const simple = wire.members(wire.trade, "simple");
    const list = `[${neighbours.map((id) => wire.write(wire.withField(simple, "sid", id))).join(",")}]`;
    assert.deepStrictEqual(
      decodeSocketMessage(list).map((message) => (valueOf(message) as Trade).id),
      neighbours,
    );
  });

  it("the volumes of a million trades add up to the last digit (C02)", () => {
    const record = wire.members(wire.trade, "rest");
    let seed = 12_345;
    const units: Array<number> = [];
    for (let i = 0; i < 1_000; i++) units.push((seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) + 1);
    const token = (unit: number) => `${Math.floor(unit / 1e8)}.${String(unit % 1e8).padStart(8, "0")}`;
    const body = `[${units.map((unit) => wire.write(wire.withField(record, "trade_volume", token(unit)))).join(",")}]`;
    const rows = readList(decodeTrades(), body).rows as ReadonlyArray<Trade>;
    let sum = Decimal.zero;
    for (let round = 0; round < 1_000; round++) for (const row of rows) sum = sum.plus(row.volume);
    const exact = units.reduce((total, unit) => total + BigInt(unit), 0n) * 1_000n;
    assert.strictEqual(rows.length * 1_000, 1_000_000);
    assert.isTrue(sum.equals(Decimal.make(exact, 8)));
    const tiny = readRow(decodeTrades(), wire.withField(record, "trade_volume", "0.00000012")) as Trade;
    assert.strictEqual(tiny.volume.times(Decimal.of("162834000.00000001")).toString(), "19.5400800000000012");
  });

  it("null is absence where the wire may be null: best quotes, delisting date, conversion, figures of a market that never traded", () => {
    const simple = wire.members(wire.trade, "simple");
    const quoteless = ["bap", "bas", "bbp", "bbs"].reduce((record, name) => wire.withField(record, name, "null"), simple);
    const value = readFrame(wire.write(quoteless));
    for (const name of ["bestAsk", "bestAskSize", "bestBid", "bestBidSize"]) assert.notProperty(value, name);
    assert.notProperty(readFrame(wire.write(wire.withField(wire.members(wire.ticker, "full"), "delisting_date", "null"))), "delistingDate");
    assert.notProperty(
      readRow(decodeCandles("1d"), wire.withField(wire.members(wire.dayCandle, "rest"), "converted_trade_price", "null")),
      "convertedClose",
    );
    const untraded = ["opening_price", "high_price", "low_price", "prev_closing_price", "highest_52_week_price", "lowest_52_week_date"];
    const ticker = readRow(
      decodeTickers(),
      untraded.reduce((record, name) => wire.withField(record, name, "null"), wire.members(wire.ticker, "rest")),
    );
    for (const name of ["open", "dayHigh", "dayLow", "previousClose", "high52w", "low52wDate"]) assert.notProperty(ticker, name);
    const neverTraded = readList(
      decodeTickers(),
      `[${wire.write(wire.withField(wire.members(wire.ticker, "rest"), "trade_price", "null"))}]`,
    );
    assert.strictEqual(neverTraded.rejected[0]?.path, "[0].trade_price");
    assert.isUndefined(neverTraded.untraded);
    const timeless = wire.withField(wire.withField(wire.members(wire.ticker, "rest"), "trade_price", "null"), "trade_timestamp", "null");
    const { rows, rejected, untraded: told } = readList(decodeTickers(), `[${wire.write(timeless)}]`);
    assert.deepStrictEqual([rows, rejected, told], [[], [], ["KRW-BTC"]]);
    for (const [spelling, price, time] of [["full", "trade_price", "trade_timestamp"] as const, ["simple", "tp", "ttms"] as const]) {
      const priceless = wire.write(wire.withField(wire.withField(wire.members(wire.ticker, spelling), price, "null"), time, "null"));
      assert.deepStrictEqual(
        decodeSocketMessage(new TextEncoder().encode(priceless)).map(({ _tag }) => _tag),
        ["Untraded"],
      );
    }
  });

  it("a trade that fell has a negative change over either channel, and REST gets its direction from the sign", () => {
    const rest = readRow(decodeTrades(), wire.members(wire.trade, "rest")) as Trade;
    const full = readFrame(wire.write(wire.members(wire.trade, "full"))) as Trade;
    assert.strictEqual(rest.changeAmount?.toString(), "-63000");
    assert.deepStrictEqual(full.changeAmount, rest.changeAmount);
    assert.deepStrictEqual([rest.change, full.change], ["FALL", "FALL"]);
  });
});
