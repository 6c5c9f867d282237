/**
 * `naru history export`: kept candles or trades as CSV, JSON lines or Parquet, oldest first, every number with all its digits. A range in which
 * something is missing is refused: a file with a hole that nobody sees is worse than none.
 */
import { once } from "node:events";
import { open, rename, rm } from "node:fs/promises";
import { type Coverage, missing, type TimeRange } from "@naru/router/cache/Coverage";
import { HistoryStore, type HistoryStoreShape, type KeptSeries, type KeptTrades } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import type { Trade } from "@naru/router/domain/Trade";
import { InvalidRequest, StorageError } from "@naru/router/errors/MarketDataError";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { keptSeries, layerToLook, nameOf, rangeOf } from "../historyFile.ts";
import type { ExportFormat, ExportInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { formatOf, textOf } from "./candleText.ts";
import { asText, type ExportedFormat, tradeText } from "./exportFormats.ts";
import { timeOf } from "./history.ts";
import { candleParquet, tradeParquet } from "./parquet.ts";

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
      const format = Option.getOrElse(input.format, () => formatByName(input.output));
      const store = yield* HistoryStore;
      const rows =
        "interval" in series
          ? yield* written(candlesOf(store, series), yield* candleFormat(format, series), range, input.output)
          : yield* written(tradesOf(store, series), yield* tradeFormat(format, series), range, input.output);
      yield* flags.json && input.output !== "-"
        ? output.json({ kind: "export", ...series, coverage: undefined, ...range, format, output: input.output, rows })
        : Console.error(`${counted(rows, "interval" in series ? "candle" : "trade")} of ${nameOf(series)} written`);
    }).pipe(Effect.provide(layerToLook(flags, input.file))),
  );

const formatByName = (path: string): ExportFormat => (/\.parquet$/i.test(path) ? "parquet" : formatOf(path));

const candleFormat = (format: ExportFormat, series: KeptSeries): Effect.Effect<ExportedFormat<Candle>, InvalidRequest> =>
  format === "parquet" ? candleParquet(series) : Effect.succeed(asText(textOf(format, series)));

const tradeFormat = (format: ExportFormat, series: KeptTrades): Effect.Effect<ExportedFormat<Trade>, InvalidRequest> =>
  format === "parquet" ? tradeParquet(series) : Effect.succeed(asText(tradeText(format)));

/** Where the rows come from. */
interface Source<Row> {
  /** How far to read at once from a moment on, in milliseconds. */
  readonly stepMs: (atMs: number) => number;
  readonly read: (part: TimeRange) => Effect.Effect<{ readonly rows: ReadonlyArray<Row>; readonly coverage: Coverage }, StorageError>;
}

const candlesOf = (store: HistoryStoreShape, series: KeptSeries): Source<Candle> => ({
  stepMs: (atMs) => (nextWindowStart(series.interval, atMs) - windowStart(series.interval, atMs)) * windowsAtOnce,
  read: (part) => store.candles(series, part),
});

const tradesOf = (store: HistoryStoreShape, series: KeptTrades): Source<Trade> => ({
  stepMs: () => tradesAtOnceMs,
  read: (part) => store.trades(series, part),
});

/** Writes the rows of a range; how many they were. A file takes its name when it is whole. */
const written = <Row>(
  source: Source<Row>,
  format: ExportedFormat<Row>,
  range: TimeRange,
  path: string,
): Effect.Effect<number, StorageError> =>
  path === "-"
    ? rowsTo((piece) => attempt(path, () => toStdout(piece)), source, format, range)
    : Effect.gen(function* () {
        const next = `${path}.part`;
        const rows = yield* Effect.acquireUseRelease(
          attempt(path, () => open(next, "w")),
          (file) =>
            Effect.tap(
              rowsTo((piece) => attempt(path, () => file.writeFile(piece)), source, format, range),
              () => attempt(path, () => file.sync()),
            ),
          (file) => Effect.promise(() => file.close()),
        ).pipe(Effect.onError(() => Effect.promise(() => rm(next, { force: true }))));
        yield* attempt(path, () => rename(next, path));
        return rows;
      });

const rowsTo = Effect.fnUntraced(function* <Row>(
  write: (piece: string | Uint8Array) => Effect.Effect<void, StorageError>,
  { stepMs, read }: Source<Row>,
  format: ExportedFormat<Row>,
  range: TimeRange,
) {
  yield* write(format.head());
  let rows = 0;
  for (let atMs = range.fromMs; atMs < range.toMs;) {
    const part = { fromMs: atMs, toMs: Math.min(range.toMs, atMs + stepMs(atMs)) };
    const found = yield* read(part);
    // Damaged, or gone to make room, since the range was looked at.
    if (missing(found.coverage, part).length > 0)
      return yield* new StorageError({
        operation: "export",
        path: "",
        code: null,
        detail: `${timeOf(part.fromMs)} and on is not kept any more`,
      });
    rows += found.rows.length;
    yield* write(yield* pieceOf(() => format.rows(found.rows)));
    atMs = part.toMs;
  }
  yield* write(format.end());
  return rows;
});

/** A number that the format cannot hold ends the export: none is rounded. */
const pieceOf = (piece: () => string | Uint8Array): Effect.Effect<string | Uint8Array, StorageError> =>
  Effect.try({ try: piece, catch: (cause) => troubleOf("", cause) });

const toStdout = async (text: string | Uint8Array): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
};

const attempt = <A>(path: string, use: () => Promise<A>): Effect.Effect<A, StorageError> =>
  Effect.tryPromise({ try: use, catch: (cause) => troubleOf(path, cause) });

const troubleOf = (path: string, cause: unknown): StorageError =>
  new StorageError({ operation: "export", path, code: null, detail: cause instanceof Error ? cause.message : String(cause) });
