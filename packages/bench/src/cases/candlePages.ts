/**
 * A back-fill's decoding: 100,000 candles as the exchange sends them, in pages of two hundred, made columns of doubles by the venue's scanner, beside
 * `JSON.parse` of the same pages. Peers: the venue's rows with exact numbers, and ccxt's `parseOHLCVs`, which gives doubles. The asking is not in it.
 */
import { decodeCandleColumns } from "@naru/upbit/decode/RestBody";
import { candles } from "@naru/upbit/rest/RestCalls";
import type { Market } from "@naru/router/domain/Market";
import * as Result from "effect/Result";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { summarize } from "../Statistics.ts";

const pageRows = 200;
const start = Date.UTC(2026, 0, 5);
const minuteMs = 60_000;

/** Newest first, as the exchange sends them. */
const pageOf = (page: number): string => {
  const rows = Array.from({ length: pageRows }, (_, i) => {
    const at = page * pageRows + (pageRows - 1 - i);
    const [utc, kst] = [0, 9 * 3_600_000].map((offset) => new Date(start + at * minuteMs + offset).toISOString().slice(0, 19));
    const open = 91_368_000 + ((at * 7_919) % 100_000);
    const volume = (1 + ((at * 104_729) % 100_000_000)) / 1e8;
    return (
      `{"market":"KRW-BTC","candle_date_time_utc":"${utc}","candle_date_time_kst":"${kst}","opening_price":${open}.00000000,` +
      `"high_price":${open + 1_000}.00000000,"low_price":${open - 1_000}.00000000,"trade_price":${open + 500}.00000000,` +
      `"timestamp":${start + at * minuteMs + 59_123},"candle_acc_trade_price":${(open * volume).toFixed(5)},` +
      `"candle_acc_trade_volume":${volume.toFixed(8)},"unit":1}`
    );
  });
  return `[${rows.join(",")}]`;
};

const warmMicros: Readonly<Record<Pace, number>> = { full: 1_500_000, quick: 500_000 };

/** Reads a page and returns the sum of its opening prices. */
type ReadPage = (page: Buffer) => number;

const readerOf = async (side: Side): Promise<ReadPage> => {
  if (side === "candidate") {
    return (page) => Result.getOrThrow(decodeCandleColumns(page, "KRW-BTC" as Market, "1m")).open.reduceRight((sum, open) => sum + open, 0);
  }
  if (side === "rows") {
    const call = Result.getOrThrow(candles("", "KRW-BTC" as Market, "1m", { count: pageRows }));
    return (page) => {
      const { rows } = Result.getOrThrow(call.decode({ text: page.toString("utf8"), bytes: page, exchangeNowMs: Date.UTC(2027, 0, 1) }));
      return rows.reduce((sum, { open }) => sum + open.number, 0);
    };
  }
  if (side === "base") {
    return (page) => {
      const rows: ReadonlyArray<{ readonly opening_price: number }> = JSON.parse(page.toString("utf8"));
      return rows.reduce((sum, row) => sum + row.opening_price, 0);
    };
  }
  const { upbit } = await import("ccxt");
  const client = new upbit();
  return (page) => client.parseOHLCVs(JSON.parse(page.toString("utf8"))).reduce((sum, row) => sum + Number(row[1]), 0);
};

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const rowCount = pace === "quick" ? 20_000 : 100_000;
  const pages = Array.from({ length: rowCount / pageRows }, (_, page) => Buffer.from(pageOf(page)));
  const read = await readerOf(side);
  let checksum = 0;
  const once = (): number => {
    const before = process.cpuUsage();
    checksum = pages.reduce((sum, page) => sum + read(page), 0);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1_000) / rowCount;
  };
  // These only have the code compiled.
  for (const warming = process.cpuUsage(); process.cpuUsage(warming).user < warmMicros[pace];) once();
  const nanos = summarize(Array.from({ length: 3 }, once)).median;
  return { figures: { decode: nanos }, work: rowCount, checksum: `${rowCount} ${checksum}` };
};

export const subject: Case = {
  name: "candle-pages",
  about: "decoding 100,000 candles from pages of 200",
  base: "JSON.parse of each page",
  candidate: "the venue's scanner: columns of doubles, every field checked",
  peers: { rows: "the venue's rows: exact numbers, every field checked", ccxt: "JSON.parse and ccxt's parseOHLCVs" },
  figures: [{ name: "decode", unit: "ns of CPU/row", better: "lower" }],
  rounds: 5,
  seconds: 5,
  isolation: "child",
  run,
};
