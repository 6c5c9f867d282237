/**
 * The history store over one SQLite file in the state folder: what was read of the past is there after a restart. The file is opened by the first
 * question and lives in a thread of its own. Columns are made there; rows are made of its blocks here, a few thousand at a time, so that the event loop
 * goes on.
 *
 * Trouble with the file is a `StorageError` of the call that met it: `LOCKED`, `ENOSPC`, `READONLY`, `FOREIGN` (somebody else's, or a newer program's),
 * `CANTOPEN`, `IO`.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeCandles } from "@naru/router/cache/candleBlock";
import type { TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore, type HistoryStoreShape, type StoredCandles } from "@naru/router/cache/HistoryStore";
import { arePlain, type BlockPart, closedWithin, isWithin, partsOf } from "@naru/router/cache/keptRows";
import type { Candle } from "@naru/router/domain/Candle";
import { StorageError } from "@naru/router/errors/MarketDataError";
import { atEnd } from "@naru/router/transport/atEnd";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as StateFolder from "../StateFolder.ts";
import { errorCode } from "../networkFailure.ts";
import type { Checked } from "./HistoryDatabase.ts";
import { usualName } from "./historyMessages.ts";
import { HistoryThread } from "./HistoryThread.ts";
import { makeTrades } from "./sqliteTrades.ts";

export interface SqliteHistoryOptions {
  /**
   * The size from which what was used longest ago leaves, in bytes.
   * @default 2 GB, 26 million candles
   * @costs Disk for requests: what is kept is not read again.
   */
  readonly maxBytes?: number | undefined;
  /**
   * Only looked at, beside a program that writes: nothing is changed, and a put fails with `READONLY`.
   * @default false
   */
  readonly readOnly?: boolean | undefined;
}

/** What only the file's own store can do. */
export interface SqliteHistoryShape extends HistoryStoreShape {
  /** Reads everything; what is damaged is taken out, and its range is missing from then on. */
  readonly check: Effect.Effect<Checked, StorageError>;
}

const defaultMaxBytes = 2_000_000_000;
/** Blocks made into rows, or rows into blocks, before others have their turn: about five thousand rows, a few milliseconds. */
const blocksAtOnce = 20;
/** Rows looked at before others have their turn. */
const rowsAtOnce = 20_000;

/** The file in the state folder of the environment; nothing is touched. */
export const usualPath = Effect.map(StateFolder.locate, (folder) => join(folder, usualName));

/** In the state folder of the environment; without one nothing is kept. */
export const layer = (options: SqliteHistoryOptions = {}): Layer.Layer<never> =>
  Layer.unwrap(
    // Whoever keeps documents there warns of a folder that cannot be used.
    Effect.map(Effect.option(Effect.flatMap(StateFolder.locate, StateFolder.ensure)), (folder) =>
      Option.isSome(folder) ? layerAt(join(folder.value, usualName), options) : Layer.empty,
    ),
  );

/** In this file. Its folder is made when something is asked. */
export const layerAt = (path: string, options: SqliteHistoryOptions = {}): Layer.Layer<never> =>
  Layer.effect(HistoryStore, make(path, options));

export const make = Effect.fnUntraced(function* (
  path: string,
  { maxBytes = defaultMaxBytes, readOnly = false }: SqliteHistoryOptions = {},
) {
  const clock = yield* Clock.Clock;
  const thread = new HistoryThread({ path, maxBytes, readOnly });
  yield* atEnd("the history", thread.close);
  let isReady = false;
  /** The folder, and a file that only its owner may read, before SQLite makes one that everybody may. */
  const ready = Effect.suspend(() =>
    isReady || readOnly ? Effect.void : Effect.tap(prepare(path), () => Effect.sync(() => (isReady = true))),
  );
  const ask = (series: CandleSeries, range: TimeRange) => ({ series, range, nowMs: clock.currentTimeMillisUnsafe() });
  /** Blocks that were found damaged are told once, by whoever met them. */
  const warned = <A extends { readonly damaged: number }>({ market, interval }: CandleSeries, found: Effect.Effect<A, StorageError>) =>
    Effect.tap(Effect.andThen(ready, found), ({ damaged }) =>
      damaged === 0 ? Effect.void : Effect.logWarning(`${damaged} damaged blocks of ${market} ${interval} were taken out of ${path}`),
    );

  const store: SqliteHistoryShape = {
    isKept: true,
    candles: (series, range) =>
      Effect.flatMap(
        warned(
          series,
          Effect.suspend(() => thread.call("blocks", ask(series, range))),
        ),
        ({ blocks, coverage }) => Effect.map(rowsOf(path, series, blocks, range), (rows): StoredCandles => ({ rows, coverage })),
      ),
    columns: (series, range) =>
      Effect.map(
        warned(
          series,
          Effect.suspend(() => thread.call("columns", ask(series, range))),
        ),
        ({ columns, coverage }) => ({ columns, coverage }),
      ),
    coverage: (series) => Effect.andThen(ready, thread.call("coverage", { series })),
    putCandles: (series, rows, complete) =>
      Effect.flatMap(Effect.andThen(ready, encoded(series, rows, complete)), (parts) =>
        Effect.asVoid(
          thread.call(
            "put",
            { series, parts, complete, nowMs: clock.currentTimeMillisUnsafe() },
            parts.map(({ data }) => data.buffer),
          ),
        ),
      ),
    series: Effect.andThen(ready, thread.call("series", null)),
    ...makeTrades({ path, thread, clock, ready }),
    check: Effect.andThen(ready, thread.call("check", null)),
  };
  return store;
});

const prepare = (path: string): Effect.Effect<void, StorageError> =>
  Effect.try({
    try: () => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (existsSync(path)) return;
      writeFileSync(path, "", { flag: "a", mode: 0o600 });
      chmodSync(path, 0o600);
    },
    catch: (cause) =>
      new StorageError({
        operation: "history open",
        path,
        code: errorCode(cause),
        detail: cause instanceof Error ? cause.message : null,
      }),
  });

const encoded = Effect.fnUntraced(function* (series: CandleSeries, rows: ReadonlyArray<Candle>, complete: TimeRange) {
  let isPlain = true;
  for (let at = 0; at < rows.length && isPlain; at += rowsAtOnce) {
    if (at > 0) yield* Effect.yieldNow;
    isPlain = arePlain(rows, complete, at, Math.min(rows.length, at + rowsAtOnce));
  }
  const parts: Array<BlockPart> = [];
  for (const part of partsOf(series.interval, isPlain ? rows : closedWithin(rows, complete), complete)) {
    parts.push(part);
    if (parts.length % blocksAtOnce === 0) yield* Effect.yieldNow;
  }
  return parts;
});

const rowsOf = Effect.fnUntraced(function* (path: string, series: CandleSeries, blocks: ReadonlyArray<Uint8Array>, range: TimeRange) {
  const rows: Array<Candle> = [];
  for (const [at, bytes] of blocks.entries()) {
    if (at > 0 && at % blocksAtOnce === 0) yield* Effect.yieldNow;
    const found = decodeCandles(bytes, series.market, series.interval);
    if (found === undefined) return yield* changedOnItsWay(path);
    for (const row of found) if (isWithin(range)(row)) rows.push(row);
  }
  return rows;
});

/** The other thread found it whole. */
const changedOnItsWay = (path: string): StorageError =>
  new StorageError({ operation: "history blocks", path, code: "CORRUPT", detail: "a block changed on its way" });
