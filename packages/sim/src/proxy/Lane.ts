/**
 * One direction of one connection through the proxy: what arrives waits here until it may leave. Without toxics data passes at once; with them
 * a fiber ({@link Lane.pump}) lets it go piece by piece, looking at the toxics that are on at that moment, so that switching one on or off
 * takes effect on data already under way. At most {@link maxHeldBytes} wait; then the sender is no longer read.
 */
import type * as net from "node:net";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import { hash3, unit } from "../market/Hash.ts";
import { FrameCounter } from "./FrameCounter.ts";
import type { Toxic } from "./Toxic.ts";

export interface LaneContext {
  readonly connection: number;
  readonly seed: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Ends the whole connection: both sides are reset, or both get an orderly end. */
  readonly finish: (how: "fin" | "rst") => void;
}

/** A toxic that is on, with its number. */
export interface NumberedToxic {
  readonly number: number;
  readonly toxic: Toxic;
}

/** Data, or the end of it. */
interface Held {
  readonly bytes: Buffer | undefined;
  readonly arrivedMs: number;
  /** In [-1, 1): where this piece lies in any jitter. */
  readonly jitter: number;
}

/** What a lane knows about one toxic. */
interface Memory {
  readonly sinceMs: number;
  /** Of this lane when the toxic came. */
  readonly bytes: number;
  readonly frames: number;
  firstDataMs: number | undefined;
}

const maxHeldBytes = 1024 * 1024;
/** A limited rate is kept in steps of this length. */
const paceMs = 100;

export class Lane {
  readonly direction: "up" | "down";
  private readonly source: net.Socket;
  private readonly sink: net.Socket;
  private readonly context: LaneContext;
  private readonly wake = Latch.makeUnsafe(false);
  private readonly frames = new FrameCounter();
  private toxics: ReadonlyArray<NumberedToxic> = [];
  private memories = new Map<number, Memory>();
  private held: Array<Held> = [];
  /** Bytes that ever arrived. */
  arrivedBytes = 0;
  private heldBytes = 0;
  private arrived = 0;
  private passedBytes = 0;
  private pieces = 0;
  /** The next piece may not leave before. */
  private readyMs = -Infinity;

  constructor(direction: "up" | "down", source: net.Socket, sink: net.Socket, context: LaneContext) {
    this.direction = direction;
    this.source = source;
    this.sink = sink;
    this.context = context;
    source.on("data", (bytes) => this.receive(bytes));
    source.on("end", () => this.hold(undefined));
    sink.on("drain", () => this.regulate());
  }

  /** Bytes that arrived and have not left. */
  get waitingBytes(): number {
    return this.heldBytes;
  }

  /** The toxics that are on for this lane from now on. */
  setToxics(toxics: ReadonlyArray<NumberedToxic>): void {
    const memories = new Map<number, Memory>();
    for (const { number } of toxics) {
      const fresh = { sinceMs: this.context.now(), bytes: this.passedBytes, frames: this.frames.count, firstDataMs: undefined };
      memories.set(number, this.memories.get(number) ?? fresh);
    }
    this.toxics = toxics;
    this.memories = memories;
    this.regulate();
    this.wake.openUnsafe();
  }

  /** Lets go what may leave, until interrupted. */
  readonly pump: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      this.wake.closeUnsafe();
      const waitMs = this.step();
      if (waitMs === Infinity) yield* this.wake.await;
      else if (waitMs > 0) yield* Effect.raceFirst(Effect.sleep(waitMs), this.wake.await);
      else yield* Effect.yieldNow;
    }
  });

  /** Does what is due; returns the milliseconds until something may be due again. */
  private step(): number {
    const nowMs = this.context.now();
    if (this.isHalted()) return Infinity;
    const end = this.ending();
    if (end !== undefined && end.atMs <= nowMs) {
      this.context.finish(end.how);
      return Infinity;
    }
    const head = this.held[0];
    const dueMs = head === undefined || this.sink.writableNeedDrain ? Infinity : this.dueMs(head);
    // Whole milliseconds: a clock that counts those would not move by less.
    if (dueMs > nowMs) return Math.ceil(Math.min(dueMs, end?.atMs ?? Infinity) - nowMs);
    this.letGo(head, nowMs);
    return 0;
  }

  private receive(bytes: Buffer): void {
    this.arrivedBytes += bytes.length;
    for (const memory of this.memories.values()) memory.firstDataMs ??= this.context.now();
    if (this.toxics.length === 0 && this.held.length === 0) this.write(bytes);
    else this.hold(bytes);
  }

  private hold(bytes: Buffer | undefined): void {
    const jitter = 2 * this.chance(++this.arrived) - 1;
    this.held.push({ bytes, arrivedMs: this.context.now(), jitter });
    this.heldBytes += bytes?.length ?? 0;
    this.regulate();
    this.wake.openUnsafe();
  }

  /** Reads the sender as long as there is room. */
  private regulate(): void {
    if (this.isHalted() || this.heldBytes > maxHeldBytes || this.sink.writableNeedDrain) this.source.pause();
    else this.source.resume();
    this.wake.openUnsafe();
  }

  private isHalted(): boolean {
    return this.toxics.some(({ toxic }) => toxic.verb === "half_open");
  }

  /** When a toxic ends the connection, and how. */
  private ending(): { readonly atMs: number; readonly how: "fin" | "rst" } | undefined {
    for (const { number, toxic } of this.toxics) {
      const memory = this.memories.get(number);
      if (memory === undefined) continue;
      if (toxic.verb === "timeout" && toxic.timeoutMs > 0) return { atMs: memory.sinceMs + toxic.timeoutMs, how: "fin" };
      if (toxic.verb === "reset_peer" && memory.firstDataMs !== undefined)
        return { atMs: memory.firstDataMs + toxic.timeoutMs, how: "rst" };
    }
    return undefined;
  }

  private dueMs({ bytes, arrivedMs, jitter }: Held): number {
    let dueMs = arrivedMs;
    for (const { toxic } of this.toxics) {
      if (toxic.verb === "latency") dueMs += Math.max(0, toxic.latencyMs + jitter * toxic.jitterMs);
      if (toxic.verb === "slow_close" && bytes === undefined) dueMs += toxic.delayMs;
    }
    return Math.max(dueMs, this.readyMs);
  }

  private letGo(head: Held | undefined, nowMs: number): void {
    if (head === undefined) return;
    if (head.bytes === undefined) {
      this.held.shift();
      this.sink.end();
      return;
    }
    const { size, costMs } = this.nextPiece(head.bytes.length);
    const piece = head.bytes.subarray(0, size);
    if (size === head.bytes.length) this.held.shift();
    else this.held[0] = { ...head, bytes: head.bytes.subarray(size) };
    this.heldBytes -= size;
    this.readyMs = nowMs + costMs;
    if (!this.toxics.some(({ toxic }) => toxic.verb === "timeout" || toxic.verb === "reset_peer")) this.write(piece);
    this.regulate();
  }

  /** How much leaves now, and how long the next piece waits for it. */
  private nextPiece(available: number): { readonly size: number; readonly costMs: number } {
    let size = available;
    for (const { toxic } of this.toxics) {
      if (toxic.verb === "bandwidth") size = Math.min(size, Math.max(1, Math.floor((toxic.bytesPerSecond * paceMs) / 1_000)));
      if (toxic.verb === "slicer") {
        const variation = Math.round((2 * this.chance(--this.pieces) - 1) * toxic.variationBytes);
        size = Math.min(size, Math.max(1, toxic.bytes + variation));
      }
    }
    let costMs = 0;
    for (const { toxic } of this.toxics) {
      if (toxic.verb === "bandwidth") costMs += (size / toxic.bytesPerSecond) * 1_000;
      if (toxic.verb === "slicer") costMs += toxic.delayMs;
    }
    return { size, costMs };
  }

  /** Writes what the counting toxics allow, and ends the connection where they say so. */
  private write(bytes: Buffer): void {
    const limit = this.limit();
    const stopAt = this.frameLimit();
    const within = bytes.subarray(0, Math.max(0, limit.bytes - this.passedBytes));
    const passed = within.subarray(0, this.direction === "down" ? this.frames.pass(within, stopAt) : within.length);
    const from = this.passedBytes;
    this.passedBytes += passed.length;
    const how = this.frames.count >= stopAt ? "rst" : this.passedBytes >= limit.bytes ? limit.end : undefined;
    const outgoing = this.corrupted(passed, from);
    if (how === undefined) {
      if (!this.sink.write(outgoing)) this.regulate();
    } else if (this.sink.writable) {
      // What was let through is on its way before the end comes.
      this.sink.write(outgoing, () => this.context.finish(how));
    }
  }

  private limit(): { readonly bytes: number; readonly end: "fin" | "rst" } {
    let limit: { readonly bytes: number; readonly end: "fin" | "rst" } = { bytes: Infinity, end: "fin" };
    for (const { number, toxic } of this.toxics) {
      if (toxic.verb !== "limit_data") continue;
      const bytes = (this.memories.get(number)?.bytes ?? 0) + toxic.bytes;
      if (bytes < limit.bytes) limit = { bytes, end: toxic.reset ? "rst" : "fin" };
    }
    return limit;
  }

  private frameLimit(): number {
    let stopAt = Infinity;
    for (const { number, toxic } of this.toxics)
      if (toxic.verb === "rst_after_n_frames") stopAt = Math.min(stopAt, (this.memories.get(number)?.frames ?? 0) + toxic.frames);
    return stopAt;
  }

  /** `from`: the place of the first byte in all that passed. */
  private corrupted(bytes: Buffer, from: number): Buffer {
    let changed = bytes;
    for (const { number, toxic } of this.toxics) {
      if (toxic.verb !== "corrupt") continue;
      if (changed === bytes) changed = Buffer.from(bytes);
      for (let i = 0; i < changed.length; i++) {
        const hash = hash3(this.context.seed + number, this.context.connection, from + i);
        // Never by nothing: a flipped byte is another byte.
        if (unit(hash) < toxic.rate) changed[i] = (changed[i] ?? 0) ^ (1 + ((hash >>> 3) % 255));
      }
    }
    return changed;
  }

  /** In [0, 1). */
  private chance(n: number): number {
    return unit(hash3(this.context.seed, this.context.connection, n));
  }
}
