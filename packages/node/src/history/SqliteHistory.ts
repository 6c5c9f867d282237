/**
 * The history store over one SQLite file in the state folder: what was read of the past is there after a restart. The file is opened by the first
 * question and lives in a thread of its own; rows are made of its blocks here, a few thousand at a time, so that the event loop goes on.
 *
 * Trouble with the file is a `StorageError` of the call that met it: `LOCKED`, `ENOSPC`, `READONLY`, `FOREIGN` (somebody else's, or a newer program's),
 * `CANTOPEN`, `IO`.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeCandles, encodeCandles } from "@naru/router/cache/candleBlock";
import type { TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore, type HistoryStoreShape, type StoredCandles } from "@naru/router/cache/HistoryStore";
import { columnsOf, isWithin, partsOf } from "@naru/router/cache/keptRows";
import type { Candle } from "@naru/router/domain/Candle";
import { StorageError } from "@naru/router/errors/MarketDataError";
import { atEnd } from "@naru/router/transport/atEnd";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as StateFolder from "../StateFolder.ts";
import { errorCode } from "../networkFailure.ts";
import type { Checked, FoundBlocks } from "./HistoryDatabase.ts";
import { usualName } from "./historyMessages.ts";
import { HistoryThread } from "./HistoryThread.ts";

export interface SqliteHistoryOptions {
  /** The size from which what was used longest ago leaves, in bytes (2 GB: 26 million candles). */
  readonly maxBytes?: number | undefined;
}

/** What only the file's own store can do. */
export interface SqliteHistoryShape extends HistoryStoreShape {
  /** Reads everything; what is damaged is taken out, and its range is missing from then on. */
  readonly check: Effect.Effect<Checked, StorageError>;
}

const defaultMaxBytes = 2_000_000_000;
/** Blocks made into rows before others have their turn: about five thousand rows, a few milliseconds. */
const blocksAtOnce = 20;

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

export const make = Effect.fnUntraced(function* (path: string, { maxBytes = defaultMaxBytes }: SqliteHistoryOptions = {}) {
  const clock = yield* Clock.Clock;
  const thread = new HistoryThread({ path, maxBytes });
  yield* atEnd("the candle history", thread.close);
  let isReady = false;
  /** The folder, and a file that only its owner may read, before SQLite makes one that everybody may. */
  const ready = Effect.suspend(() => (isReady ? Effect.void : Effect.tap(prepare(path), () => Effect.sync(() => (isReady = true)))));
  const found = (series: CandleSeries, range: TimeRange): Effect.Effect<FoundBlocks, StorageError> =>
    Effect.andThen(ready, thread.call("blocks", { series, range, nowMs: clock.currentTimeMillisUnsafe() })).pipe(
      Effect.tap(({ damaged }) =>
        damaged === 0
          ? Effect.void
          : Effect.logWarning(`${damaged} damaged blocks of ${series.market} ${series.interval} were taken out of ${path}`),
      ),
    );

  const store: SqliteHistoryShape = {
    isKept: true,
    candles: (series, range) =>
      Effect.flatMap(found(series, range), ({ blocks, coverage }) =>
        Effect.map(rowsOf(path, series, blocks, range), (rows): StoredCandles => ({ rows, coverage })),
      ),
    columns: (series, range) =>
      Effect.flatMap(found(series, range), ({ blocks, coverage }) => {
        const columns = columnsOf(series, blocks, range);
        if (columns !== undefined) return Effect.succeed({ columns, coverage });
        return Effect.fail(changedOnItsWay(path));
      }),
    coverage: (series) => Effect.andThen(ready, thread.call("coverage", { series })),
    putCandles: (series, rows, complete) =>
      Effect.andThen(
        ready,
        Effect.suspend(() => {
          const parts = partsOf(series.interval, rows, complete).map(({ startMs, range, rows }) => ({
            startMs,
            range,
            data: encodeCandles(rows),
          }));
          const transfer = parts.map(({ data }) => data.buffer);
          return Effect.asVoid(thread.call("put", { series, parts, complete, nowMs: clock.currentTimeMillisUnsafe() }, transfer));
        }),
      ),
    series: Effect.andThen(ready, thread.call("series", null)),
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
