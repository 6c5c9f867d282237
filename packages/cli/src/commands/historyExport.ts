/**
 * `naru history export`: kept candles or trades as CSV or JSON lines, oldest first, every number with all its digits. A range in which something is missing is
 * refused: a file with a hole that nobody sees is worse than none.
 */
import { once } from "node:events";
import { open, rename, rm } from "node:fs/promises";
import { type Coverage, missing, type TimeRange } from "@naru/router/cache/Coverage";
import { HistoryStore, type HistoryStoreShape } from "@naru/router/cache/HistoryStore";
import { rowToJson } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import type { Trade } from "@naru/router/domain/Trade";
import { InvalidRequest, StorageError } from "@naru/router/errors/MarketDataError";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { type Kept, keptSeries, layerToLook, nameOf, rangeOf } from "../historyFile.ts";
import type { ExportFormat, ExportInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { timeOf } from "./history.ts";

/** Windows read and written at once, and of trades milliseconds. */
const windowsAtOnce = 10_000;
const tradesAtOnceMs = 3_600_000;

export const exported = (flags: Connection, input: ExportInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.gen(function* () {
      const series = yield* keptSeries(flags, input);
      const range = yield* rangeOf(series, input);
      const [hole] = missing(series.coverage, range);
      if (hole !== undefined) {
        const reason = `is not complete: ${timeOf(hole.fromMs)} to ${timeOf(hole.toMs)} is missing; naru history gaps lists all, naru history sync reads them`;
        return yield* new InvalidRequest({ field: "range", input: `${timeOf(range.fromMs)} to ${timeOf(range.toMs)}`, reason });
      }
      const format = Option.getOrElse(input.format, (): ExportFormat => (/\.jsonl?$/i.test(input.output) ? "jsonl" : "csv"));
      const source = sourceOf(yield* HistoryStore, series, format);
      const rows = yield* written(source, range, input.output);
      yield* flags.json && input.output !== "-"
        ? output.json({ kind: "export", ...series, coverage: undefined, ...range, format, output: input.output, rows })
        : Console.error(`${counted(rows, "interval" in series ? "candle" : "trade")} of ${nameOf(series)} written`);
    }).pipe(Effect.provide(layerToLook(flags, input.file))),
  );

/** Rows of a series, as text. */
interface Source {
  /** The line before the first row. */
  readonly head: string;
  /** How far to read at once from a moment on, in milliseconds. */
  readonly stepMs: (atMs: number) => number;
  readonly read: (part: TimeRange) => Effect.Effect<Lines, StorageError>;
}

interface Lines {
  readonly lines: ReadonlyArray<string>;
  readonly coverage: Coverage;
}

/** Writes the rows of a range; how many they were. A file takes its name when it is whole. */
const written = (source: Source, range: TimeRange, path: string): Effect.Effect<number, StorageError> =>
  path === "-"
    ? rowsTo((text) => attempt(path, () => toStdout(text)), source, range)
    : Effect.gen(function* () {
        const next = `${path}.part`;
        const rows = yield* Effect.acquireUseRelease(
          attempt(path, () => open(next, "w")),
          (file) =>
            Effect.tap(
              rowsTo((text) => attempt(path, () => file.writeFile(text)), source, range),
              () => attempt(path, () => file.sync()),
            ),
          (file) => Effect.promise(() => file.close()),
        ).pipe(Effect.onError(() => Effect.promise(() => rm(next, { force: true }))));
        yield* attempt(path, () => rename(next, path));
        return rows;
      });

const rowsTo = Effect.fnUntraced(function* (
  write: (text: string) => Effect.Effect<void, StorageError>,
  { head, stepMs, read }: Source,
  range: TimeRange,
) {
  yield* write(head);
  let rows = 0;
  for (let atMs = range.fromMs; atMs < range.toMs;) {
    const part = { fromMs: atMs, toMs: Math.min(range.toMs, atMs + stepMs(atMs)) };
    const { lines, coverage } = yield* read(part);
    // Damaged, or gone to make room, since the range was looked at.
    if (missing(coverage, part).length > 0)
      return yield* new StorageError({
        operation: "export",
        path: "",
        code: null,
        detail: `${timeOf(part.fromMs)} and on is not kept any more`,
      });
    rows += lines.length;
    yield* write(lines.join(""));
    atMs = part.toMs;
  }
  return rows;
});

const toStdout = async (text: string): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
};

const attempt = <A>(path: string, use: () => Promise<A>): Effect.Effect<A, StorageError> =>
  Effect.tryPromise({ try: use, catch: (cause) => troubleOf(path, cause) });

const troubleOf = (path: string, cause: unknown): StorageError =>
  new StorageError({ operation: "export", path, code: null, detail: cause instanceof Error ? cause.message : String(cause) });

const sourceOf = (store: HistoryStoreShape, series: Kept, format: ExportFormat): Source => {
  const isCsv = format === "csv";
  if ("interval" in series) {
    const line = isCsv ? candleLine : (row: Candle) => jsonLine("candles", row);
    return {
      head: isCsv ? `open_time,${columns.join(",")},last_trade_time\n` : "",
      stepMs: (atMs) => (nextWindowStart(series.interval, atMs) - windowStart(series.interval, atMs)) * windowsAtOnce,
      read: (part) => Effect.map(store.candles(series, part), ({ rows, coverage }) => ({ lines: rows.map(line), coverage })),
    };
  }
  const line = isCsv ? tradeLine : (row: Trade) => jsonLine("trades", row);
  return {
    head: isCsv ? "trade_time,id,price,volume,side\n" : "",
    stepMs: () => tradesAtOnceMs,
    read: (part) => Effect.map(store.trades(series, part), ({ rows, coverage }) => ({ lines: rows.map(line), coverage })),
  };
};

const columns = ["open", "high", "low", "close", "volume", "value"] as const;

const candleLine = (candle: Candle): string =>
  `${isoOf(candle.openTimeMs)},${columns.map((column) => candle[column].toString()).join(",")},${isoOf(candle.lastTradeTimeMs)}\n`;

/** An id is text: whoever reads it as a number of today's spreadsheets loses its last digit. */
const tradeLine = ({ id, price, volume, side, tradeTimeMs }: Trade): string =>
  `${isoOf(tradeTimeMs)},${id},${price.toString()},${volume.toString()},${side}\n`;

const jsonLine = (kind: "candles" | "trades", row: unknown): string => `${JSON.stringify(rowToJson(kind, row))}\n`;

const isoOf = (ms: number): string => new Date(ms).toISOString();
