/**
 * The thread in which the history file is read and written: a disk that takes half a second for a write holds up nobody else. It answers one request
 * after another, in their order. A file that SQLite finds broken is moved aside and begun anew: what it held can be asked for again.
 */
import { closeSync, existsSync, openSync, readSync, renameSync } from "node:fs";
import { basename } from "node:path";
import { parentPort } from "node:worker_threads";
import { decodeCandles } from "@naru/router/cache/candleBlock";
import { decodeTrades } from "@naru/router/cache/tradeBlock";
import type { CandleSeries } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { BrokenFile, type DatabaseOptions, HistoryDatabase } from "./HistoryDatabase.ts";
import { type HistoryCalls, type PutPart, type Reply, type Request, usualName } from "./historyMessages.ts";
import { ForeignFile } from "./historySchema.ts";

let database: HistoryDatabase | undefined;

const answer = (request: Request): HistoryCalls[keyof HistoryCalls]["answer"] => {
  if (request.call === "open") {
    database = opened(request.ask);
    return null;
  }
  if (database === undefined) throw new Error("the file is not open");
  switch (request.call) {
    case "coverage":
      return database.coverage(request.ask.series);
    case "blocks":
      return database.blocks(request.ask.series, request.ask.range, request.ask.nowMs);
    case "put": {
      const { series, parts, complete, nowMs } = request.ask;
      database.put(
        series,
        parts.map(({ startMs, range, data }: PutPart) => ({ startMs, range, rows: rowsOf(data, series) })),
        complete,
        nowMs,
      );
      return null;
    }
    case "series":
      return database.series();
    case "tradeCoverage":
      return database.tradeCoverage(request.ask.series);
    case "tradeBlocks":
      return database.tradeBlocks(request.ask.series, request.ask.range, request.ask.nowMs);
    case "putTrades": {
      const { series, blocks, complete, nowMs } = request.ask;
      database.putTrades(
        series,
        blocks.flatMap((data) => whole(decodeTrades(data, series.market))),
        complete,
        nowMs,
      );
      return null;
    }
    case "tradeSeries":
      return database.tradeSeries();
    case "check":
      return database.check();
    case "close":
      database.close();
      database = undefined;
      return null;
  }
};

const rowsOf = (data: Uint8Array, { market, interval }: CandleSeries): ReadonlyArray<Candle> =>
  whole(decodeCandles(data, market, interval));

/** A block that was damaged on its way here is no empty range. */
const whole = <A>(rows: ReadonlyArray<A> | undefined): ReadonlyArray<A> => {
  if (rows === undefined) throw new BrokenFile("a block was damaged before it was written");
  return rows;
};

/**
 * A broken file of ours is moved aside, beside its name, and never written over. What only bears another name and is no SQLite file at all, such as
 * somebody's table named by mistake, is left where it is.
 */
const opened = (options: DatabaseOptions): HistoryDatabase => {
  try {
    return new HistoryDatabase(options);
  } catch (cause) {
    if (!isBroken(cause)) throw cause;
    if (basename(options.path) !== usualName && !isSqlite(options.path)) throw new ForeignFile("it is no history file");
    for (let nth = 1; ; nth++) {
      const aside = `${options.path}.corrupt-${nth}`;
      if (existsSync(aside)) continue;
      renameSync(options.path, aside);
      for (const suffix of ["-wal", "-shm"]) if (existsSync(options.path + suffix)) renameSync(options.path + suffix, aside + suffix);
      return new HistoryDatabase(options);
    }
  }
};

/** Every SQLite file begins so: https://sqlite.org/fileformat.html */
const isSqlite = (path: string): boolean => {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(16);
    readSync(file, head, 0, head.length, 0);
    return head.toString("latin1") === "SQLite format 3\0";
  } finally {
    closeSync(file);
  }
};

/** SQLite's result codes, the lowest byte of the extended ones: https://sqlite.org/rescode.html */
const codes: ReadonlyMap<number, string> = new Map([
  [5, "LOCKED"],
  [6, "LOCKED"],
  [8, "READONLY"],
  [10, "IO"],
  [11, "CORRUPT"],
  [13, "ENOSPC"],
  [14, "CANTOPEN"],
  [26, "CORRUPT"],
]);

const codeOf = (cause: unknown): string => {
  if (cause instanceof ForeignFile) return "FOREIGN";
  if (cause instanceof BrokenFile) return "CORRUPT";
  if (typeof cause !== "object" || cause === null || !("errcode" in cause)) return "UNKNOWN";
  return codes.get(Number(cause.errcode) & 0xff) ?? "UNKNOWN";
};

const isBroken = (cause: unknown): boolean => codeOf(cause) === "CORRUPT";

parentPort?.on("message", (request: Request) => {
  let reply: Reply;
  try {
    reply = { id: request.id, answer: answer(request) };
  } catch (cause) {
    reply = { id: request.id, code: codeOf(cause), detail: cause instanceof Error ? cause.message : String(cause) };
  }
  parentPort?.postMessage(reply, transferable(reply));
});

/** The memory of blocks goes over to the other thread. */
const transferable = (reply: Reply): Array<ArrayBuffer> =>
  "answer" in reply && reply.answer !== null && "blocks" in reply.answer && typeof reply.answer.blocks !== "number"
    ? reply.answer.blocks.map(({ buffer }) => buffer as ArrayBuffer) // SQLite hands out memory that nobody shares
    : [];
