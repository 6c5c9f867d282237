/**
 * The thread in which the history file is read and written: a disk that takes half a second for a write holds up nobody else. It answers one request
 * after another, in their order. A file that SQLite finds broken is moved aside and begun anew: what it held can be asked for again.
 */
import { existsSync, renameSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { decodeCandles } from "@naru/router/cache/candleBlock";
import { BrokenFile, type DatabaseOptions, HistoryDatabase } from "./HistoryDatabase.ts";
import type { HistoryCalls, PutPart, Reply, Request } from "./historyMessages.ts";
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
        parts.map(({ startMs, range, data }: PutPart) => ({
          startMs,
          range,
          rows: decodeCandles(data, series.market, series.interval) ?? [],
        })),
        complete,
        nowMs,
      );
      return null;
    }
    case "series":
      return database.series();
    case "check":
      return database.check();
    case "close":
      database.close();
      database = undefined;
      return null;
  }
};

/** A broken file is moved aside, beside its name. It is never written over. */
const opened = (options: DatabaseOptions): HistoryDatabase => {
  try {
    return new HistoryDatabase(options);
  } catch (cause) {
    if (!isBroken(cause)) throw cause;
    for (let nth = 1; ; nth++) {
      const aside = `${options.path}.corrupt-${nth}`;
      if (existsSync(aside)) continue;
      renameSync(options.path, aside);
      for (const suffix of ["-wal", "-shm"]) if (existsSync(options.path + suffix)) renameSync(options.path + suffix, aside + suffix);
      return new HistoryDatabase(options);
    }
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
