/** Pages of candles from their bytes: by the scanner what the general path makes of them, whatever page it was before. */
import { assert, it } from "@effect/vitest";
import * as Result from "effect/Result";
import type { Candle } from "@naru/router/domain/Candle";
import type { Interval } from "@naru/router/domain/Interval";
import type { Market } from "@naru/router/domain/Market";
import { columnsOfRows } from "@naru/router/domain/CandleColumns";
import { decodeCandleColumns, decodeCandles } from "../../src/decode/RestBody.ts";
import { CandlePageScanner } from "../../src/decode/scan/CandlePageScanner.ts";
import { Mutations } from "../mutations.ts";
import { later } from "../reading.ts";
import * as wire from "../wire.ts";

const shapes: ReadonlyArray<readonly [Interval, ReadonlyArray<wire.WireField>, number]> = [
  ["1m", wire.minuteCandle, 60_000],
  ["1s", wire.secondCandle, 1_000],
  ["1d", wire.dayCandle, 86_400_000],
  ["1w", wire.weekCandle, 7 * 86_400_000],
];
const startMs = Date.UTC(2026, 5, 1);
const market = "KRW-BTC" as Market;
const utc = (ms: number): string => JSON.stringify(new Date(ms).toISOString().slice(0, 19));

/** Newest first, as the exchange sends them. */
const pageOf = (fields: ReadonlyArray<wire.WireField>, lengthMs: number, rows: number, at: number): string => {
  const written = Array.from({ length: rows }, (_, i) => {
    const openMs = startMs + (at + rows - i) * lengthMs;
    const members = new Map(wire.members(fields, "rest"));
    members.set("candle_date_time_utc", utc(openMs)).set("candle_date_time_kst", utc(openMs + 9 * 3_600_000));
    members.set("trade_price", ["91368000.00000000", "9.1368E7", "6E-8", "0.00012300", "100000000000000.0"][(at + i) % 5] ?? "1");
    members.set("candle_acc_trade_price", ["123909085190.7967500000000000", "3186165.843101190391", "0", "-0.0"][(at + i) % 4] ?? "1");
    return wire.write(members);
  });
  return `[${written.join()}]`;
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

it("a page of candles is the same rows from its bytes as by the general path, changed in any way and after any other page", () => {
  const mutations = new Mutations(7);
  let [compared, scanned] = [0, 0];
  const scanner = new CandlePageScanner();
  for (let at = 0; at < 3_000; at++) {
    const [interval, fields, lengthMs] = shapes[at % shapes.length]!;
    const whole = pageOf(fields, lengthMs, 1 + (at % 4), at);
    const text = at % 3 === 0 ? whole : mutations.of(whole);
    const decode = decodeCandles(interval, new Set([market]));
    const general = decode({ text, exchangeNowMs: later });
    assert.deepStrictEqual(decode({ text, bytes: bytesOf(text), exchangeNowMs: later }), general, text);
    // What the scanner takes by itself is right, and nothing that is wrong is taken.
    const rows = scanner.rows(bytesOf(text), interval, later);
    compared++;
    if (rows === undefined) continue;
    scanned++;
    const { rejected, rows: expected } = Result.getOrThrow(decodeCandles(interval)({ text, exchangeNowMs: later }));
    assert.deepStrictEqual([rows, rejected], [expected, []], text);
  }
  assert.deepStrictEqual([compared, scanned > 1_200], [3_000, true], `${scanned} by the scanner`);
});

it("a page becomes columns, oldest first, that hold the nearest doubles of its rows", () => {
  for (const [interval, fields, lengthMs] of shapes) {
    const text = pageOf(fields, lengthMs, 200, 1);
    const rows: ReadonlyArray<Candle> = Result.getOrThrow(decodeCandles(interval)({ text, exchangeNowMs: later })).rows.toReversed();
    const columns = Result.getOrThrow(decodeCandleColumns(bytesOf(text), market, interval));
    assert.deepStrictEqual({ ...columns }, { ...columnsOfRows(market, interval, rows) });
    assert.strictEqual(columns.length, 200);
  }
});

it("columns of an odd page are those of its rows, in order and once each; a row that cannot be read, or is of another market, is an error", () => {
  const page = pageOf(wire.minuteCandle, 60_000, 3, 1);
  const columns = (text: string) => decodeCandleColumns(bytesOf(text), market, "1m");
  const expected = Result.getOrThrow(columns(page));
  const rows = JSON.parse(page.replaceAll(/":(-?\d[^,}]*)/g, '":"$1"')) as ReadonlyArray<object>;
  // Quoted numbers, blanks, the newest last and said twice: all of it is the general path's.
  const odd = JSON.stringify([...rows.toReversed(), rows[0]], undefined, 1);
  assert.deepStrictEqual({ ...Result.getOrThrow(columns(odd)) }, { ...expected });
  assert.strictEqual(Result.getOrThrow(columns("[]")).length, 0);
  for (const bad of [page.replace("KRW-BTC", "KRW-ETH"), page.replace('"unit":1', '"unit":3'), page.slice(0, -1), page.replace("T", " ")])
    assert.isTrue(Result.isFailure(columns(bad)), bad);
});
