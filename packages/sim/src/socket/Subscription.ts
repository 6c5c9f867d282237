/**
 * What one connection is subscribed to: the streams of the last request, and the last frames of the one before it. A request replaces all of it
 * at once; which streams go on without a hole is decided here.
 */
import type { World } from "../market/World.ts";
import type { ResolvedOptions } from "../Options.ts";
import type { Format } from "../profile/Profile.ts";
import { isList } from "../wire/SocketFrames.ts";
import type { TypeRequest } from "./ClientMessage.ts";
import type { StreamElement } from "./Departures.ts";
import { InFlight } from "./InFlight.ts";
import { MarketStream } from "./MarketStream.ts";
import { StreamCalendar } from "./StreamCalendar.ts";
import { streamRequests } from "./streamRequests.ts";

export interface Replacement {
  readonly types: ReadonlyArray<TypeRequest>;
  /** The types that are really streamed, where a fault leaves some out. */
  readonly served?: ReadonlyArray<TypeRequest> | undefined;
  readonly format: Format;
  /** From the request to the snapshots of tickers and trades, and of books and candles. */
  readonly snapshotDelayMs: readonly [number, number];
}

export class Subscription {
  types: ReadonlyArray<TypeRequest> = [];
  format: Format = "DEFAULT";
  private readonly world: World;
  private readonly options: ResolvedOptions;
  private streams = new StreamCalendar<MarketStream>();
  private inFlight: InFlight | undefined;

  constructor(world: World, options: ResolvedOptions) {
    this.world = world;
    this.options = options;
  }

  /** When the next frame is due. */
  get dueMs(): number {
    return Math.min(this.streams.dueMs, this.inFlight?.dueMs ?? Infinity);
  }

  /** What is due at `atMs`: one frame's elements, none where the moment brought no frame; `undefined` when nothing is due. */
  take(atMs: number): ReadonlyArray<StreamElement> | undefined {
    const last = this.inFlight !== undefined && this.inFlight.dueMs <= atMs ? this.inFlight.take() : undefined;
    if (last !== undefined) return last.taken === undefined ? [] : [{ stream: last.stream, taken: last.taken }];
    return this.takeStreams(atMs);
  }

  /** Takes what is due of one stream, or in a list format of as many as fit into a frame. */
  private takeStreams(atMs: number): ReadonlyArray<StreamElement> | undefined {
    const room = isList(this.format) ? this.options.socket.listElements : 1;
    const elements: Array<StreamElement> = [];
    let taken = 0;
    for (let stream = this.streams.first; stream !== undefined && this.streams.dueMs <= atMs && taken < room; stream = this.streams.first) {
      const frame = stream.take(this.format);
      this.streams.settle();
      if (frame !== undefined) elements.push({ stream, taken: frame });
      taken++;
    }
    return taken > 0 ? elements : undefined;
  }

  /** Replaces everything. Codes that do not exist, or are not in capitals, are left out without a word. */
  replace({ types, served = types, format, snapshotDelayMs }: Replacement, nowMs: number): void {
    const { profile, wire, socket } = this.options;
    const { seamlessReplace, duplicateCodes, inFlightFrames, inFlightMs } = socket;
    const [before, formatBefore] = [this.streams, this.format];
    this.types = types;
    this.format = format;
    this.streams = new StreamCalendar();
    const listed = this.world.at(nowMs);
    for (const type of served) {
      const delay = snapshotDelayMs[type.kind === "ticker" || type.kind === "trade" ? 0 : 1];
      for (const request of streamRequests(type, listed, profile.book)) {
        let key = `${request.kind} ${request.tape.spec.code} ${request.level} ${request.depth}`;
        if (this.streams.has(key) && duplicateCodes === "once") continue;
        while (this.streams.has(key)) key += " again";
        const snapshotMs = type.onlyRealtime ? Infinity : nowMs + delay;
        const stream = new MarketStream(this.world, wire, socket, request, snapshotMs, !type.onlySnapshot);
        const old = before.get(key);
        if (old !== undefined && seamlessReplace) stream.continue(old);
        if (type.onlyRealtime && stream.dueMs === Infinity) stream.start(nowMs);
        this.streams.set(key, stream);
      }
    }
    const ended = [...before].filter(([key]) => !this.streams.has(key)).map(([, stream]) => stream);
    this.inFlight = new InFlight(ended, formatBefore, inFlightFrames, nowMs + inFlightMs);
  }

  /** Looks again what comes next: the tape changed. */
  replan(): void {
    this.streams.replan();
    this.inFlight?.plan();
  }

  /** Nothing is due any more; what was asked for stays known. */
  stop(): void {
    this.streams = new StreamCalendar();
    this.inFlight = undefined;
  }
}
