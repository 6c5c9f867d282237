/**
 * What the flight recorder costs on the way of a frame: bytes in, decoded, and into the hot store, with the recorder between socket and decoder
 * and without it. Frames are the emulated exchange's, handed over in reads of a few; the recorder packs what is full, as in an app.
 */
import { tmpdir } from "node:os";
import { layerAt } from "@naru/node/FlightFolder";
import { HotStore } from "@naru/router/cache/HotStore";
import { keyId } from "@naru/router/domain/StreamKey";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { FlightFolder, type FlightFolderShape } from "@naru/router/tape/FlightFolder";
import { FlightRing } from "@naru/router/tape/FlightRing";
import { decodeSocketMessage } from "@naru/upbit/decode/SocketFrame";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Case, Reading, Side } from "../Case.ts";
import { modelFrames } from "./modelFrames.ts";
import { wideMarket, wideTypes } from "./wideMarket.ts";

/** Snapshots of every market come first: of each kind one. */
const snapshots = 2_600;
/** So many that none comes again within a piece of the ring. */
const distinct = 6_000;
const framesPerRead = 4;
/** Frames between two turns of the event loop in which what is full can be packed: less than a tenth of a second of the densest feed. */
const stretch = 400;
const warm = 20_000;
const counted = 60_000;

const told = new Set<string | undefined>(["Ticker", "Trade", "Orderbook"]);

const run = async (side: Side): Promise<Reading> => {
  // A pair that nobody has traded yet has no price, and is not what this is about.
  const frames = modelFrames({ types: wideTypes, format: "DEFAULT", count: snapshots + distinct, options: wideMarket })
    .slice(snapshots)
    .map((text) => Buffer.from(text))
    .filter((frame) => told.has(decodeSocketMessage(frame)[0]?._tag));
  const clock = await Effect.runPromise(Clock.Clock);
  const hot = new HotStore(10_000);
  const folder = await Effect.runPromise(Effect.provide(FlightFolder, layerAt(tmpdir())));
  const ring = side === "candidate" ? new FlightRing(defaultRouterConfig.flightRecorder, clock) : undefined;
  let kept = 0;
  const accept = (nth: number): void => {
    const frame = frames[nth % frames.length] as Buffer;
    ring?.frame(1, frame);
    const nanos = clock.monotonicTimeNanosUnsafe();
    const [message] = decodeSocketMessage(frame);
    if (message?._tag !== "Ticker" && message?._tag !== "Trade" && message?._tag !== "Orderbook")
      throw new Error(`not understood: ${message?._tag}`);
    const { value } = message;
    const kind = message._tag === "Ticker" ? "ticker" : message._tag === "Trade" ? "trades" : "orderbook";
    const key = kind === "orderbook" ? { kind, market: value.market, levels: 30 } : { kind, market: value.market };
    hot.put(keyId(key as never), {
      value,
      exchangeTimeMs: nth,
      receivedNanos: nanos,
      receivedMs: 0,
      confirmedNanos: nanos,
      channel: "websocket",
    } as never);
    if (nth % framesPerRead === framesPerRead - 1) ring?.readEnd(1);
    kept++;
  };
  let micros = 0;
  let largest = 0;
  for (let nth = 0; nth < warm + counted; nth++) {
    if (nth % stretch === 0) {
      // What is full is packed in between, on the recorder's time.
      const packed = await timed(() => pack(ring, folder));
      if (nth >= warm) micros += packed;
      largest = Math.max(largest, ring?.bytes ?? 1);
    }
    const before = process.cpuUsage();
    const until = Math.min(nth + stretch, warm + counted);
    for (; nth < until; nth++) accept(nth);
    nth--;
    const { user, system } = process.cpuUsage(before);
    if (nth >= warm) micros += user + system;
  }
  return { figures: { frame: micros / counted, memory: largest / (1 << 20) }, work: kept };
};

/** As the recorder has it done, by the folder of recordings. */
const pack = async (ring: FlightRing | undefined, folder: FlightFolderShape | undefined): Promise<void> => {
  if (ring === undefined || folder === undefined) return;
  for (let piece = ring.unpacked(); piece !== undefined; piece = ring.unpacked())
    ring.packed(piece, await Effect.runPromise(folder.pack(piece.bytes.subarray(0, piece.used))));
};

const timed = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

export const subject: Case = {
  name: "recorder",
  about: "CPU time of a frame on its way into memory, packing included, with the flight recorder and without it",
  base: "decoder and hot store",
  candidate: "the same behind the flight recorder's ring",
  figures: [
    { name: "frame", unit: "us/frame", better: "lower" },
    { name: "memory", unit: "MiB of the ring", better: "lower" },
  ],
  isolation: "child",
  run,
};
