/** Frames as the emulated exchange writes them, made without a socket: its model is told the time and hands over what is due. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ExchangeModel, type ExchangeOptions } from "@naru/sim";
import type { SocketSession } from "@naru/sim/socket/SocketSession";

/** Where the virtual time of the model begins. */
const startMs = Date.UTC(2026, 0, 5, 3);

export interface FrameRequest {
  /** Type objects of the subscription, with `codes` left out: every market is asked for. `.15` behind a code asks for that many levels. */
  readonly types: ReadonlyArray<{ readonly type: string; readonly suffix?: string }>;
  readonly format: "DEFAULT" | "SIMPLE";
  readonly count: number;
  readonly options?: ExchangeOptions;
}

/**
 * The first `count` frames that follow a subscription to every market. Throws when an hour of the market does not bring as many. Processes of one run share
 * what was made: it is the same every time, and making it takes longer than many a reading.
 */
export const modelFrames = (request: FrameRequest): ReadonlyArray<string> => {
  const folder = process.env[framesFolder];
  if (folder === undefined) return made(request);
  const file = join(folder, `${createHash("sha256").update(JSON.stringify(request)).digest("hex")}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const frames = made(request);
  // Whole or not at all: another process may look at this moment.
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(frames));
  renameSync(`${file}.${process.pid}`, file);
  return frames;
};

/** Names the folder in which the processes of one run share frames. */
export const framesFolder = "NARU_BENCH_FRAMES";

const made = ({ types, format, count, options = {} }: FrameRequest): ReadonlyArray<string> => {
  const session = subscribed(new ExchangeModel(options), types, format);
  const frames: Array<string> = [];
  let nowMs = startMs;
  while (frames.length < count && nowMs < startMs + 3_600_000) {
    nowMs = Math.max(nowMs, session.nextWakeMs());
    for (const output of session.poll(nowMs)) if (output._tag === "Frame") frames.push(output.text);
  }
  if (frames.length < count) throw new Error(`an hour brought ${frames.length} frames, not ${count}`);
  return frames.slice(0, count);
};

/** Frames in a second of the market's own time, over half a minute after the snapshots. */
export const framesPerMarketSecond = ({ types, format, options = {} }: Omit<FrameRequest, "count">): number => {
  const session = subscribed(new ExchangeModel(options), types, format);
  const [settledMs, measuredMs] = [startMs + 2_000, 30_000];
  framesUpTo(session, settledMs);
  return framesUpTo(session, settledMs + measuredMs) / (measuredMs / 1_000);
};

/** A session hands over a bounded number at a time; the rest is due at once. */
const framesUpTo = (session: SocketSession, untilMs: number): number => {
  let frames = session.poll(untilMs).length;
  while (session.nextWakeMs() <= untilMs) frames += session.poll(untilMs).length;
  return frames;
};

/** A connection that has just asked for these types of every market. */
const subscribed = (exchange: ExchangeModel, types: FrameRequest["types"], format: string) => {
  const outcome = exchange.upgrade({ method: "GET", target: "/websocket/v1", headers: {}, ip: "127.0.0.1" }, startMs);
  if (outcome._tag !== "Accepted") throw new Error(`the exchange did not open the socket: ${outcome._tag}`);
  const { session } = outcome.driven;
  session.receive(subscription(types, codesOf(exchange), format), startMs);
  return session;
};

export const codesOf = (exchange: ExchangeModel): ReadonlyArray<string> => exchange.world.markets.map(({ code }) => code);

/** The one message that asks for all of these types of all of these markets. */
export const subscription = (types: FrameRequest["types"], codes: ReadonlyArray<string>, format: string): string =>
  JSON.stringify([
    { ticket: "bench" },
    ...types.map(({ type, suffix = "" }) => ({ type, codes: codes.map((code) => code + suffix) })),
    { format },
  ]);
