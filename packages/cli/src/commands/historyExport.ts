/**
 * `naru history export`: kept candles as CSV or JSON lines, oldest first, every number with all its digits. A range in which something is missing is
 * refused: a file with a hole that nobody sees is worse than none.
 */
import { once } from "node:events";
import { open, rename, rm } from "node:fs/promises";
import { missing, type TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore } from "@naru/router/cache/HistoryStore";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import { InvalidRequest, StorageError } from "@naru/router/errors/MarketDataError";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { keptSeries, layerToLook, rangeOf } from "../historyFile.ts";
import type { ExportInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { type CandleText, formatOf, textOf } from "./candleText.ts";
import { timeOf } from "./history.ts";

/** Windows read and written at once. */
const windowsAtOnce = 10_000;

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
      const format = Option.getOrElse(input.format, () => formatOf(input.output));
      const rows = yield* written(series, range, textOf(format, series), input.output);
      yield* flags.json && input.output !== "-"
        ? output.json({ kind: "export", ...series, coverage: undefined, ...range, format, output: input.output, rows })
        : Console.error(`${counted(rows, "candle")} of ${series.market} ${series.interval} written`);
    }).pipe(Effect.provide(layerToLook(flags, input.file))),
  );

/** Writes the rows of a range; how many they were. A file takes its name when it is whole. */
const written = (series: CandleSeries, range: TimeRange, format: CandleText, path: string): Effect.Effect<number, StorageError> =>
  path === "-"
    ? rowsTo((text) => attempt(path, () => toStdout(text)), series, range, format)
    : Effect.gen(function* () {
        const next = `${path}.part`;
        const rows = yield* Effect.acquireUseRelease(
          attempt(path, () => open(next, "w")),
          (file) =>
            Effect.tap(
              rowsTo((text) => attempt(path, () => file.writeFile(text)), series, range, format),
              () => attempt(path, () => file.sync()),
            ),
          (file) => Effect.promise(() => file.close()),
        ).pipe(Effect.onError(() => Effect.promise(() => rm(next, { force: true }))));
        yield* attempt(path, () => rename(next, path));
        return rows;
      });

const rowsTo = Effect.fnUntraced(function* (
  write: (text: string) => Effect.Effect<void, StorageError>,
  series: CandleSeries,
  range: TimeRange,
  { head, line }: CandleText,
) {
  const store = yield* HistoryStore;
  yield* write(head);
  let rows = 0;
  const lengthMs = (nextWindowStart(series.interval, range.fromMs) - windowStart(series.interval, range.fromMs)) * windowsAtOnce;
  for (let atMs = range.fromMs; atMs < range.toMs; atMs += lengthMs) {
    const part = { fromMs: atMs, toMs: Math.min(range.toMs, atMs + lengthMs) };
    const found = yield* store.candles(series, part);
    // Damaged, or gone to make room, since the range was looked at.
    if (missing(found.coverage, part).length > 0)
      return yield* new StorageError({
        operation: "export",
        path: "",
        code: null,
        detail: `${timeOf(part.fromMs)} and on is not kept any more`,
      });
    rows += found.rows.length;
    yield* write(found.rows.map(line).join(""));
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
