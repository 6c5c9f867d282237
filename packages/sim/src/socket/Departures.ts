/**
 * The way out of one connection: what is to leave passes the faults, waits where one holds it back, is written into the ledger and lies in the
 * outbox until the driver fetches it. What a fault makes of a frame can be the end of the connection; that is the session's to do.
 */
import type { OutFrame, SessionAction } from "../faults/Hooks.ts";
import type { SocketFaults } from "../faults/SocketFaults.ts";
import type { ConnectionEntry, Ledger } from "../Ledger.ts";
import { DelayedFrames } from "./DelayedFrames.ts";
import { type Emitted, type MarketStream } from "./MarketStream.ts";
import { typeName } from "./ClientMessage.ts";

export type SessionOutput =
  | ({ readonly _tag: "Frame" } & Omit<OutFrame, "kind" | "market" | "emitted" | "parts">)
  | { readonly _tag: "Pong" }
  | SessionAction;

/** What a stream has to say. */
export interface StreamElement {
  readonly stream: MarketStream;
  readonly taken: Emitted;
}

interface Way {
  readonly ledger: Ledger;
  readonly entry: ConnectionEntry;
  readonly faults: SocketFaults;
  /** Nothing leaves at this moment, not even later. */
  readonly isDead: (atMs: number) => boolean;
  /** A fault ends the connection. */
  readonly end: (action: SessionAction, atMs: number) => void;
  readonly isEnded: () => boolean;
  /** A frame leaves. */
  readonly onSent: (atMs: number) => void;
}

export class Departures {
  private readonly way: Way;
  private readonly delayed = new DelayedFrames();
  private outbox: Array<SessionOutput> = [];

  constructor(way: Way) {
    this.way = way;
  }

  /** Outputs that nobody fetched yet. */
  get waiting(): number {
    return this.outbox.length;
  }

  /** What left since the last time, in order. */
  fetch(): ReadonlyArray<SessionOutput> {
    const out = this.outbox;
    this.outbox = [];
    return out;
  }

  /** When the next frame that a fault held back leaves. */
  get dueMs(): number {
    return this.delayed.dueMs;
  }

  takeDue(atMs: number): void {
    for (const frame of this.delayed.take(atMs)) this.emit(atMs, frame);
  }

  /** A pong, or the end of the connection: no fault stands in its way. */
  push(output: Exclude<SessionOutput, { readonly _tag: "Frame" }>): void {
    this.outbox.push(output);
  }

  /** A frame goes out, unless a fault has other plans for it. */
  send(atMs: number, frame: OutFrame): void {
    const { faults, isDead, isEnded, end } = this.way;
    if (isDead(atMs)) return;
    for (const outgoing of faults.onFrameOut(frame, atMs) ?? [{ _tag: "Send" as const, frame }]) {
      if (isEnded()) return;
      if (outgoing._tag !== "Send") end(outgoing, atMs);
      else {
        const { delayMs = 0 } = outgoing;
        const overtaken = this.delayed.overtake();
        if (delayMs > 0) this.delayed.hold(outgoing.frame, atMs + delayMs, outgoing.overtakenBy);
        else this.emit(atMs, outgoing.frame);
        for (const held of overtaken) this.emit(atMs, held);
      }
    }
  }

  /** What streams have to say, as one frame; the ledger keeps each element by itself. */
  sendElements(atMs: number, elements: ReadonlyArray<StreamElement>): void {
    const parts = elements.map(({ stream: { request }, taken }) => ({
      kind: typeName(request.kind),
      market: request.tape.spec.code,
      text: taken.text,
      emitted: taken,
    }));
    const [only, ...more] = parts;
    if (only === undefined) return;
    this.send(atMs, more.length === 0 ? only : { kind: only.kind, market: undefined, text: listOf(parts), parts });
  }

  private emit(atMs: number, frame: OutFrame): void {
    const { ledger, entry, onSent } = this.way;
    const { connection } = entry;
    onSent(atMs);
    // What a fault changed was not said by the exchange.
    const isOwn = frame.bytes === undefined && (frame.parts === undefined || frame.text === listOf(frame.parts));
    for (const { kind, market, text, emitted } of frame.parts ?? [frame]) {
      ledger.recordFrame({ atMs, connection, direction: "out", kind, market, text });
      if (isOwn && emitted?.said !== undefined && emitted.text === text) ledger.recordSaid(atMs, connection, emitted.said);
    }
    const { kind: _kind, market: _market, emitted: _emitted, parts: _parts, ...sent } = frame;
    this.outbox.push({ _tag: "Frame", ...sent });
  }
}

/** Several list frames as one. */
const listOf = (parts: ReadonlyArray<{ readonly text: string }>): string => `[${parts.map(({ text }) => text.slice(1, -1)).join(",")}]`;
