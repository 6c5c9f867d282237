/**
 * The thread in which the history file is read and written: a disk that takes half a second for a write holds up nobody else. It answers one request
 * after another, in their order; puts that wait one behind the other wait for the disk together. A file that SQLite finds broken is moved aside and begun anew: what it held can be asked for again.
 */
import { closeSync, existsSync, openSync, readSync, renameSync } from "node:fs";
import { basename } from "node:path";
import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import { DamagedPart } from "@naru/router/cache/blockSplice";
import { buffersOf } from "@naru/router/domain/CandleColumns";
import { BrokenFile, type DatabaseOptions, HistoryDatabase } from "./HistoryDatabase.ts";
import { type HistoryCalls, type Reply, type Request, usualName } from "./historyMessages.ts";
import { ForeignFile } from "./historySchema.ts";

let database: HistoryDatabase | undefined;

type PutRequest = Extract<Request, { readonly call: "put" | "putTrades" }>;
type OtherRequest = Exclude<Request, PutRequest>;

/** Puts and bytes that are written in one transaction. The next one waits for the transaction after it: nobody waits for a crowd without end. */
const mostPuts = 256;
const mostBytes = 16_000_000;

const answer = (request: OtherRequest): HistoryCalls[OtherRequest["call"]]["answer"] => {
  if (request.call === "open") {
    database = opened(request.ask);
    return null;
  }
  const file = needed();
  switch (request.call) {
    case "coverage":
      return file.coverage(request.ask.series);
    case "blocks":
      return file.blocks(request.ask.series, request.ask.range, request.ask.nowMs);
    case "columns":
      return file.columns(request.ask.series, request.ask.range, request.ask.nowMs);
    case "series":
      return file.series();
    case "tradeCoverage":
      return file.tradeCoverage(request.ask.series);
    case "tradeBlocks":
      return file.tradeBlocks(request.ask.series, request.ask.range, request.ask.nowMs);
    case "tradeSeries":
      return file.tradeSeries();
    case "check":
      return file.check();
    case "close":
      file.close();
      database = undefined;
      return null;
  }
};

const needed = (): HistoryDatabase => {
  if (database === undefined) throw new Error("the file is not open");
  return database;
};

/**
 * A broken file of ours is moved aside, beside its name, and never written over. What only bears another name and is no SQLite file at all, such as
 * somebody's table named by mistake, is left where it is.
 */
const opened = (options: DatabaseOptions): HistoryDatabase => {
  try {
    return new HistoryDatabase(options);
  } catch (cause) {
    if (!isBroken(cause) || options.readOnly === true) throw cause;
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
  if (cause instanceof BrokenFile || cause instanceof DamagedPart) return "CORRUPT";
  if (typeof cause !== "object" || cause === null || !("errcode" in cause)) return "UNKNOWN";
  return codes.get(Number(cause.errcode) & 0xff) ?? "UNKNOWN";
};

const isBroken = (cause: unknown): boolean => codeOf(cause) === "CORRUPT";

/** Answers a request and what waits behind it. */
const serve = (port: MessagePort, first: Request): void => {
  for (let request: Request | undefined = first; request !== undefined;) {
    if (isPut(request)) request = write(port, request);
    else {
      const reply = replyTo(request);
      port.postMessage(reply, transferable(reply));
      request = waiting(port);
    }
  }
};

/** Writes a put together with those that wait right behind it; the first request that is no part of them. */
const write = (port: MessagePort, first: PutRequest): Request | undefined => {
  const puts = [first];
  let bytes = sizeOf(first);
  let next: Request | undefined;
  while (puts.length < mostPuts && bytes < mostBytes) {
    next = waiting(port);
    if (next === undefined || !isPut(next)) break;
    puts.push(next);
    bytes += sizeOf(next);
    next = undefined;
  }
  for (const reply of repliesTo(puts)) port.postMessage(reply);
  return next ?? waiting(port);
};

const waiting = (port: MessagePort): Request | undefined => {
  const found = receiveMessageOnPort(port) as { readonly message: Request } | undefined;
  return found?.message;
};

const isPut = (request: Request): request is PutRequest => request.call === "put" || request.call === "putTrades";

const sizeOf = ({ ask }: PutRequest): number =>
  ("blocks" in ask ? ask.blocks : ask.parts.map(({ data }) => data)).reduce((sum, { length }) => sum + length, 0);

const repliesTo = (puts: ReadonlyArray<PutRequest>): ReadonlyArray<Reply> => {
  try {
    const outcomes = needed().putAll(puts.map(({ ask }) => ask));
    return puts.map(({ id }, at) => {
      const outcome = outcomes[at];
      return outcome === undefined ? { id, answer: null } : failed(id, outcome.cause);
    });
  } catch (cause) {
    return puts.map(({ id }) => failed(id, cause));
  }
};

const replyTo = (request: OtherRequest): Reply => {
  try {
    return { id: request.id, answer: answer(request) };
  } catch (cause) {
    return failed(request.id, cause);
  }
};

const failed = (id: number, cause: unknown): Reply => ({
  ...{ id, code: codeOf(cause) },
  detail: cause instanceof Error ? cause.message : String(cause),
});

/** The memory of blocks and columns goes over to the other thread. */
const transferable = (reply: Reply): Array<ArrayBuffer> => {
  if (!("answer" in reply) || reply.answer === null) return [];
  // SQLite hands out memory that nobody shares, and so does whoever makes columns.
  if ("columns" in reply.answer) return buffersOf(reply.answer.columns) as Array<ArrayBuffer>;
  return "coverage" in reply.answer && "blocks" in reply.answer ? reply.answer.blocks.map(({ buffer }) => buffer as ArrayBuffer) : [];
};

parentPort?.on("message", (request: Request) => {
  if (parentPort !== null) serve(parentPort, request);
});
