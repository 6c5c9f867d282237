import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import { rowToJson } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { candleAt } from "../../../router/test/cache/historyContract.ts";
import { invoke } from "../invoke.ts";

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-cli-history-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
);

const minute = 60_000;
const prices = ["open", "high", "low", "close", "volume", "value"] as const;

/** A Parquet file by a reader that knows nothing of us. It gives decimals as doubles, so their bytes are read, as what the file says they are. */
const parquetRows = (path: string) =>
  Effect.promise(async () => {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    for (const element of metadata.schema) {
      if (element.type !== "FIXED_LEN_BYTE_ARRAY") continue;
      assert.deepInclude(element, { converted_type: "DECIMAL", precision: 38, scale: 18, type_length: 16 });
      delete element.converted_type;
      delete element.logical_type;
    }
    return parquetReadObjects({ file, metadata });
  });

const candlesIn = (path: string) =>
  Effect.map(parquetRows(path), (rows) =>
    rows.map((row): Readonly<Record<string, unknown>> => {
      const times = { open_time: Number(row["open_time"]), last_trade_time: Number(row["last_trade_time"]) };
      return { ...times, ...Object.fromEntries(prices.map((name) => [name, decimalOf(row[name]).toString()])) };
    }),
  );

/** Sixteen bytes, the highest first, in two's complement. */
const decimalOf = (bytes: unknown): Decimal => {
  assert.instanceOf(bytes, Uint8Array);
  const hex = Buffer.from(bytes).toString("hex");
  return Decimal.make(BigInt.asIntN(128, BigInt(`0x${hex}`)), 18);
};

/** The start of a minute so long ago, as a flag takes it. */
const ago = (minutes: number): string => new Date(Math.floor(performance.timeOrigin / minute - minutes) * minute).toISOString();

const day = 1_440 * minute;
const series = { venue: "sim", market: "KRW-BTC" as Market };

/** Windows with a trade: all but every fifth. */
const starts = ({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, lengthMs: number): ReadonlyArray<number> =>
  Array.from({ length: (toMs - fromMs) / lengthMs }, (_, nth) => fromMs + nth * lengthMs).filter((_, nth) => nth % 5 !== 2);

const minuteCandle = (openTimeMs: number): Candle => ({
  ...{ market: series.market, interval: "1m", openTimeMs, lastTradeTimeMs: openTimeMs + 59_123, state: "closed" },
  ...{ open: Decimal.of("0.00001234"), high: Decimal.of("0.1"), low: Decimal.of("0.00000001"), close: Decimal.of("91368000") },
  // More digits than a double has.
  ...{ volume: Decimal.of("348666.78732189"), value: Decimal.of("37189906239683.1762312345") },
});

const dayCandle = (openTimeMs: number): Candle => ({
  ...minuteCandle(openTimeMs),
  ...{ interval: "1d", previousClose: Decimal.of("91367000.5"), changeAmount: Decimal.of("-12.25"), changeRatio: Decimal.of("-0.0000001") },
});

describe("naru history", () => {
  it.live("reads what is missing and nothing twice, says what there is, and gives it out exactly", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const file = join(place, "history.sqlite");
      const naru = (...args: ReadonlyArray<string>) => invoke("history", ...args, "--file", file, "--venue", "sim");
      const [from, to] = [ago(900), ago(300)];
      const first = yield* naru("sync", "KRW-BTC", "--from", from, "--to", to, "--json");
      assert.strictEqual(first.exitCode, 0, first.err.join("\n"));
      const [read] = first.documents();
      assert.deepInclude(read, { kind: "sync", venue: "sim", market: "KRW-BTC", interval: "1m", windows: 600, missingMs: 0 });
      assert.isAbove(Number(read?.["read"]), 300);
      const [again] = (yield* naru("sync", "KRW-BTC", "--from", from, "--to", to, "--json")).documents();
      assert.deepInclude(again, { windows: 600, read: 0, missingMs: 0 });

      const listed = yield* naru("list");
      assert.match(listed.out.join("\n"), /^sim {2}KRW-BTC 1m {2}\d+ candles, /);
      assert.strictEqual((yield* naru("gaps", "KRW-BTC")).exitCode, 0);

      const range = { fromMs: Date.parse(from), toMs: Date.parse(to) };
      const { rows } = yield* Effect.scoped(
        Effect.flatMap(SqliteHistory.make(file), (store) =>
          store.candles({ venue: "sim", market: "KRW-BTC" as Market, interval: "1m" }, range),
        ),
      );
      const [jsonl, csv] = [join(place, "btc.jsonl"), join(place, "btc.csv")];
      assert.strictEqual((yield* naru("export", "KRW-BTC", jsonl, "--from", from, "--to", to)).exitCode, 0);
      const documents = readFileSync(jsonl, "utf8").trimEnd().split("\n");
      assert.deepStrictEqual(
        documents.map((line): unknown => JSON.parse(line)),
        rows.map((row) => rowToJson("candles", row)),
      );
      assert.strictEqual((yield* naru("export", "KRW-BTC", csv, "--from", from, "--to", to)).exitCode, 0);
      const [head, ...lines] = readFileSync(csv, "utf8").trimEnd().split("\n");
      assert.strictEqual(head, "open_time,open,high,low,close,volume,value,last_trade_time");
      assert.deepStrictEqual(
        lines.map((line) => line.split(",")),
        rows.map((row) => {
          const numbers = [row.open, row.high, row.low, row.close, row.volume, row.value].map(String);
          return [new Date(row.openTimeMs).toISOString(), ...numbers, new Date(row.lastTradeTimeMs).toISOString()];
        }),
      );

      const parquet = join(place, "btc.parquet");
      assert.strictEqual((yield* naru("export", "KRW-BTC", parquet, "--from", from, "--to", to)).exitCode, 0);
      assert.deepStrictEqual(
        yield* candlesIn(parquet),
        rows.map((row) => ({
          ...{ open_time: row.openTimeMs, last_trade_time: row.lastTradeTimeMs },
          ...{ open: `${row.open}`, high: `${row.high}`, low: `${row.low}`, close: `${row.close}` },
          ...{ volume: `${row.volume}`, value: `${row.value}` },
        })),
      );
    }).pipe(Effect.scoped),
  );

  it.live("refuses to give out a range with a hole, names it, and fills it", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const file = join(place, "history.sqlite");
      const naru = (...args: ReadonlyArray<string>) => invoke("history", ...args, "--file", file, "--venue", "sim");
      yield* naru("sync", "KRW-BTC", "--interval", "5m", "--from", ago(6_000), "--to", ago(5_000));
      yield* naru("sync", "KRW-BTC", "--interval", "5m", "--from", ago(2_000), "--to", ago(1_000));
      const gaps = yield* naru("gaps", "KRW-BTC", "--interval", "5m", "--json");
      assert.strictEqual(gaps.exitCode, 1);
      assert.strictEqual(gaps.documents().length, 1);
      const refused = yield* naru("export", "KRW-BTC", join(place, "a.csv"), "--interval", "5m");
      assert.strictEqual(refused.exitCode, 64);
      assert.include(refused.err.join("\n"), "is not complete");
      yield* naru("sync", "KRW-BTC", "--interval", "5m", "--from", ago(6_000), "--to", ago(1_000));
      const nowhere = yield* naru("export", "KRW-BTC", join(place, "none", "a.csv"), "--interval", "5m");
      assert.strictEqual(nowhere.exitCode, 74, "a folder that is not there is said, and crashes nothing");
      assert.strictEqual((yield* naru("export", "KRW-BTC", join(place, "a.csv"), "--interval", "5m")).exitCode, 0);
      assert.isFalse(existsSync(join(place, "a.csv.part")));
    }).pipe(Effect.scoped),
  );

  it.live("looks at all of it, takes out what is damaged, says which and ends with 1; then nothing is damaged any more", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const file = join(place, "history.sqlite");
      const series = { venue: "sim", market: "KRW-BTC" as Market, interval: "1m" } as const;
      const fromMs = Date.UTC(2026, 0, 5);
      const range = { fromMs, toMs: fromMs + 600 * minute };
      yield* Effect.scoped(
        Effect.flatMap(SqliteHistory.make(file), (store) =>
          store.putCandles(series, [candleAt(series, 1, "1"), candleAt(series, 400, "1")], range),
        ),
      );
      const naru = (...args: ReadonlyArray<string>) => invoke("history", "check", ...args, "--file", file);
      const whole = yield* naru();
      assert.strictEqual(whole.exitCode, 0, whole.err.join("\n"));
      assert.deepStrictEqual(whole.out, [`${file}: 1 series, 2 rows in 2 blocks`, "nothing is damaged"]);
      const db = new DatabaseSync(file);
      db.exec("UPDATE block SET data = zeroblob(length(data)) WHERE start_ms = (SELECT min(start_ms) FROM block)");
      db.close();
      const damaged = yield* naru("--json");
      assert.strictEqual(damaged.exitCode, 1);
      const [said] = damaged.documents();
      assert.deepInclude(said, { kind: "check", file, series: 1, blocks: 2, rows: 1 });
      assert.strictEqual((yield* invoke("history", "gaps", "KRW-BTC", "--file", file, "--from", "2026-01-05")).exitCode, 1);
      assert.strictEqual((yield* naru()).exitCode, 0);
    }).pipe(Effect.scoped),
  );

  it.live("does the same for trades: reads them, lists them, and gives them out with all digits", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const file = join(place, "history.sqlite");
      const naru = (...args: ReadonlyArray<string>) => invoke("history", ...args, "--file", file, "--venue", "sim");
      const [from, to] = [ago(30), ago(20)];
      const first = yield* naru("sync", "KRW-BTC", "--trades", "--from", from, "--to", to, "--json");
      assert.strictEqual(first.exitCode, 0, first.err.join("\n"));
      const [read] = first.documents();
      assert.deepInclude(read, { kind: "sync", venue: "sim", market: "KRW-BTC", missingMs: 0 });
      assert.isAbove(Number(read?.["read"]), 100);
      assert.match((yield* naru("list")).out.join("\n"), /^sim {2}KRW-BTC trades {2}[\d,]+ trades, /);

      const range = { fromMs: Date.parse(from), toMs: Date.parse(to) };
      const { rows } = yield* Effect.scoped(
        Effect.flatMap(SqliteHistory.make(file), (store) => store.trades({ venue: "sim", market: "KRW-BTC" as Market }, range)),
      );
      assert.strictEqual(rows.length, Number(read?.["read"]));
      const [jsonl, csv] = [join(place, "trades.jsonl"), join(place, "trades.csv")];
      assert.strictEqual((yield* naru("export", "KRW-BTC", jsonl, "--trades", "--from", from, "--to", to)).exitCode, 0);
      assert.deepStrictEqual(
        readFileSync(jsonl, "utf8")
          .trimEnd()
          .split("\n")
          .map((line): unknown => JSON.parse(line)),
        rows.map((row) => rowToJson("trades", row)),
      );
      assert.strictEqual((yield* naru("export", "KRW-BTC", csv, "--trades", "--from", from, "--to", to)).exitCode, 0);
      const [head, ...lines] = readFileSync(csv, "utf8").trimEnd().split("\n");
      assert.strictEqual(head, "trade_time,id,price,volume,side");
      assert.deepStrictEqual(
        lines.map((line) => line.split(",")),
        rows.map(({ id, price, volume, side, tradeTimeMs }) => [new Date(tradeTimeMs).toISOString(), id, `${price}`, `${volume}`, side]),
      );
      const parquet = join(place, "trades.parquet");
      assert.strictEqual((yield* naru("export", "KRW-BTC", parquet, "--trades", "--from", from, "--to", to)).exitCode, 0);
      assert.deepStrictEqual(
        (yield* parquetRows(parquet)).map(({ trade_time, id, price, volume, side }) => [
          ...[Number(trade_time), id, `${decimalOf(price)}`, `${decimalOf(volume)}`, side],
        ]),
        rows.map(({ id, price, volume, side, tradeTimeMs }) => [tradeTimeMs, id, `${price}`, `${volume}`, side]),
      );
      const tooFar = yield* naru("sync", "KRW-BTC", "--trades", "--from", ago(20_000), "--to", to);
      assert.deepStrictEqual([tooFar.exitCode, tooFar.err.join("\n").includes("seven days")], [64, true]);
    }).pipe(Effect.scoped),
  );

  it.live("ends an export at a number that Parquet cannot hold, leaves no file of it, and rounds none", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const file = join(place, "history.sqlite");
      const [fromMs, toMs] = [Date.parse(ago(900)), Date.parse(ago(300))];
      const last = toMs - minute;
      for (const [digits, fits] of [
        ["99999999999999999999.999999999999999999", true],
        ["100000000000000000000", false],
        ["0.000000000000000001", true],
        ["0.0000000000000000001", false],
      ] as const) {
        const rows = [minuteCandle(fromMs), { ...minuteCandle(last), value: Decimal.of(digits) }];
        yield* Effect.scoped(
          Effect.flatMap(SqliteHistory.make(file), (store) => store.putCandles({ ...series, interval: "1m" }, rows, { fromMs, toMs })),
        );
        const output = join(place, "btc.parquet");
        const given = yield* invoke("history", "export", "KRW-BTC", output, "--file", file, "--venue", "sim");
        assert.strictEqual(given.exitCode, fits ? 0 : 74, digits);
        if (fits) assert.strictEqual((yield* candlesIn(output)).at(-1)?.["value"], digits);
        else assert.include(given.err.join("\n"), `${digits} does not fit DECIMAL(38, 18); csv and jsonl hold it`);
        assert.deepStrictEqual(
          readdirSync(place).filter((name) => name.includes("parquet")),
          fits ? ["btc.parquet"] : [],
        );
        rmSync(output, { force: true });
      }
    }).pipe(Effect.scoped),
  );

  it.live("puts what was given out into another file, equal to the last digit and with its range, or nothing of it", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const naru = (file: string, ...args: ReadonlyArray<string>) =>
        invoke("history", ...args, "--file", join(place, file), "--venue", "sim");
      const keptIn = (file: string, interval: "1m" | "1d", range = { fromMs: Date.parse(ago(20_000)), toMs: Date.parse(ago(0)) }) =>
        Effect.scoped(
          Effect.flatMap(SqliteHistory.make(join(place, file)), (store) =>
            store.candles({ venue: "sim", market: "KRW-BTC" as Market, interval }, range),
          ),
        );
      const [from, to] = [ago(900), ago(300)];
      const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
      const minutes = { fromMs: fromMs - 3 * minute, toMs: toMs + 7 * minute };
      const today = Math.floor(fromMs / day) * day;
      const days = { fromMs: today - 5 * day, toMs: today - day };
      yield* Effect.scoped(
        Effect.flatMap(SqliteHistory.make(join(place, "a.sqlite")), (store) =>
          Effect.andThen(
            store.putCandles({ ...series, interval: "1m" }, starts(minutes, minute).map(minuteCandle), minutes),
            store.putCandles({ ...series, interval: "1d" }, starts(days, day).map(dayCandle), days),
          ),
        ),
      );
      for (const [name, interval, range, within] of [
        ["a.csv", "1m", ["--from", from, "--to", to], { fromMs, toMs }],
        ["b.csv", "1d", [], undefined],
        ["a.jsonl", "1d", [], undefined],
      ] as const) {
        const path = join(place, name);
        assert.strictEqual((yield* naru("a.sqlite", "export", "KRW-BTC", path, "--interval", interval, ...range)).exitCode, 0);
        const taken = yield* naru(`${name}.sqlite`, "import", "KRW-BTC", path, "--interval", interval, ...range);
        assert.strictEqual(taken.exitCode, 0, taken.err.join("\n"));
        const kept = yield* keptIn("a.sqlite", interval, within);
        assert.isAbove(kept.rows.length, 2);
        assert.strictEqual(kept.rows[0]?.previousClose === undefined, interval === "1m");
        assert.deepStrictEqual(yield* keptIn(`${name}.sqlite`, interval), kept);
      }
      const good = readFileSync(join(place, "a.csv"), "utf8");
      const [head = "", first = "", second = "", ...rest] = good.split("\n");
      for (const [lines, word] of [
        [[head, second, first, ...rest], "line"],
        [[head, first, second.replace(/,[^,]*,/, ",twelve,"), ...rest], "no candle"],
        [[head.replace("high", "top"), first], "is not open_time"],
        [[head, first.replace(":00.000Z,", ":30.000Z,")], "does not begin a window"],
        [[head, first, `${ago(0)}${second.slice(24)}`], "not final"],
      ] as const) {
        const path = join(place, "bad.csv");
        writeFileSync(path, lines.join("\n"));
        const refused = yield* naru("bad.sqlite", "import", "KRW-BTC", path);
        assert.strictEqual(refused.exitCode, 64, word);
        assert.include(refused.err.join("\n"), word);
      }
      assert.deepStrictEqual((yield* keptIn("bad.sqlite", "1m")).coverage, [], "not a line of them");
      const narrow = yield* naru("bad.sqlite", "import", "KRW-BTC", join(place, "a.csv"), "--from", from, "--to", ago(600));
      assert.include(narrow.err.join("\n"), "shorter than the file");
      assert.strictEqual((yield* naru("bad.sqlite", "import", "KRW-BTC", join(place, "none.csv"))).exitCode, 74);
    }).pipe(Effect.scoped),
  );

  it.live("says what is wrong with a question before anything is read", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const file = join(place, "history.sqlite");
      for (const [args, word] of [
        [["sync", "KRW-BTC", "--from", ago(10), "--venue", "sim"], "--file"],
        [["sync", "KRW-BTC", "--from", "yesterday", "--venue", "sim", "--file", file], "from"],
        [["sync", "KRW-BTC", "--from", ago(10), "--to", ago(20), "--venue", "sim", "--file", file], "before the end"],
        [["sync", "KRW-BTC", "--interval", "7m", "--from", ago(10), "--venue", "sim", "--file", file], "interval"],
        [["sync", "KRW-BTC", "--venue", "sim", "--file", file], "--from"],
        [["sync", "krw-btc", "--trades", "--venue", "sim", "--file", file], "KRW-BTC"],
        [["gaps", "KRW-BTC", "--file", file], "is no file"],
        [["check", "--file", file], "is no file"],
      ] as const) {
        const { exitCode, err } = yield* invoke("history", ...args);
        assert.strictEqual(exitCode, 64, args.join(" "));
        assert.include(err.join("\n"), word);
      }
      assert.deepStrictEqual(readdirSync(place), [], "looking makes no file");
    }).pipe(Effect.scoped),
  );
});
