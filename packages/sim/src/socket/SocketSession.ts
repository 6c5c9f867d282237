/**
 * One connection as the exchange sees it: what is subscribed, what is due, when it ends. It is told the time and never sleeps; a driver calls
 * {@link SocketSession.poll} at {@link SocketSession.nextWakeMs} and hands the outputs to the wire, in memory or over TCP alike.
 */
import type { ConnectionEntry, Ledger } from "../Ledger.ts";
import { hash3, unit } from "../market/Hash.ts";
import type { Delay, ResolvedOptions } from "../Options.ts";
import type { Format } from "../profile/Profile.ts";
import { windowStartOf } from "../rest/ServerLimits.ts";
import type { World } from "../market/World.ts";
import { errorFrame, isList, listFrame, statusFrame } from "../wire/SocketFrames.ts";
import { type ClientMessage, readClientMessage, type TypeRequest, typeName } from "./ClientMessage.ts";
import { InFlight } from "./InFlight.ts";
import { MarketStream } from "./MarketStream.ts";
import { listed, streamRequests } from "./streamRequests.ts";

export type SessionOutput =
  | { readonly _tag: "Frame"; readonly text: string }
  | { readonly _tag: "Pong" }
  /** A close frame is sent. */
  | { readonly _tag: "Close"; readonly code: number; readonly reason: string }
  /** The connection is gone without a close frame. */
  | { readonly _tag: "Drop" };

export interface SessionContext {
  readonly world: World;
  readonly ledger: Ledger;
  readonly options: ResolvedOptions;
  readonly entry: ConnectionEntry;
  /** Wakes the driver. */
  readonly wake: () => void;
  readonly onEnd: (session: SocketSession) => void;
}

export class SocketSession {
  private readonly context: SessionContext;
  private types: ReadonlyArray<TypeRequest> = [];
  private streams = new Map<string, MarketStream>();
  private inFlight: InFlight | undefined;
  /** Messages of the client so far. */
  private messages = 0;
  private format: Format = "DEFAULT";
  private outbox: Array<SessionOutput> = [];
  private messageTimes: Array<number> = [];
  private lastTrafficMs: number;
  private statusMs = Infinity;
  private closeMs = Infinity;
  private silentUntilMs = -Infinity;
  private ended = false;

  constructor(context: SessionContext) {
    this.context = context;
    this.lastTrafficMs = context.entry.openedMs;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** A text message of the client arrives. */
  receive(text: string, nowMs: number): void {
    if (this.ended || this.closeMs !== Infinity) return;
    this.catchUp(nowMs);
    this.lastTrafficMs = nowMs;
    this.record(nowMs, "in", "request", undefined, text);
    this.messages++;
    const { profile, socket } = this.context.options;
    if (this.admit(nowMs)) this.handle(readClientMessage(text, profile, socket), nowMs);
    else this.refuse("TOO_MANY_REQUEST", profile.socket.texts.tooMany, nowMs, socket.overrunCloses);
    this.context.wake();
  }

  /** A protocol ping arrives. */
  receivePing(nowMs: number): void {
    if (this.ended) return;
    this.lastTrafficMs = nowMs;
    this.record(nowMs, "in", "ping", undefined, "");
    if (nowMs >= this.silentUntilMs) this.outbox.push({ _tag: "Pong" });
    this.context.wake();
  }

  /** The client closed, or its connection broke. */
  clientGone(nowMs: number, code: number): void {
    this.end(nowMs, code);
    this.context.wake();
  }

  /** The connection breaks at the exchange's side. */
  drop(nowMs: number): void {
    if (this.ended) return;
    this.outbox.push({ _tag: "Drop" });
    this.end(nowMs, 1006);
    this.context.wake();
  }

  /** Until then nothing leaves, not even a pong, and the connection stays up: what a dead peer looks like. */
  silence(untilMs: number): void {
    this.silentUntilMs = untilMs;
  }

  /** The tape changed. */
  replan(): void {
    for (const stream of this.streams.values()) stream.plan();
    this.inFlight?.plan();
    this.context.wake();
  }

  /** Does everything due up to `nowMs`; returns what leaves, in order. */
  poll(nowMs: number): ReadonlyArray<SessionOutput> {
    this.catchUp(nowMs);
    const out = this.outbox;
    this.outbox = [];
    return out;
  }

  /** When {@link poll} is next worth calling. */
  nextWakeMs(): number {
    return this.outbox.length > 0 ? -Infinity : this.dueMs();
  }

  private dueMs(): number {
    const idleEndMs = this.lastTrafficMs + this.context.options.socket.idleMs;
    let due = Math.min(this.statusMs, this.closeMs, idleEndMs, this.inFlight?.dueMs ?? Infinity);
    for (const stream of this.streams.values()) due = Math.min(due, stream.dueMs);
    return due;
  }

  private catchUp(nowMs: number): void {
    while (!this.ended) {
      const atMs = this.dueMs();
      if (atMs > nowMs) return;
      this.takeDue(atMs);
    }
  }

  private takeDue(atMs: number): void {
    if (this.closeMs <= atMs) {
      this.outbox.push({ _tag: "Close", code: 1000, reason: "" });
      this.end(atMs, 1000);
      return;
    }
    if (this.takeInFlight(atMs) || this.takeStreams(atMs)) return;
    if (this.statusMs <= atMs) {
      this.statusMs += this.context.options.socket.statusPeriodMs;
      return this.sendStatus(atMs);
    }
    this.drop(atMs);
  }

  private takeInFlight(atMs: number): boolean {
    const last = this.inFlight !== undefined && this.inFlight.dueMs <= atMs ? this.inFlight.take() : undefined;
    if (last === undefined) return false;
    if (last.text !== undefined) this.sendElements(atMs, [{ stream: last.stream, text: last.text }]);
    return true;
  }

  /** Takes what is due of one stream, or in a list format of as many as fit into a frame. */
  private takeStreams(atMs: number): boolean {
    const room = isList(this.format) ? this.context.options.socket.listElements : 1;
    const elements: Array<{ readonly stream: MarketStream; readonly text: string }> = [];
    let taken = 0;
    for (const stream of this.streams.values()) {
      if (stream.dueMs > atMs) continue;
      const text = stream.take(this.format);
      if (text !== undefined) elements.push({ stream, text });
      if (++taken >= room) break;
    }
    this.sendElements(atMs, elements);
    return taken > 0;
  }

  private admit(nowMs: number): boolean {
    const { messagesPerSecond, messagesPerMinute, mode } = this.context.options.limits;
    this.messageTimes = this.messageTimes.filter((time) => time >= windowStartOf(mode, 60_000, nowMs));
    const lastSecond = this.messageTimes.filter((time) => time >= windowStartOf(mode, 1_000, nowMs)).length;
    if (lastSecond >= messagesPerSecond || this.messageTimes.length >= messagesPerMinute) return false;
    this.messageTimes.push(nowMs);
    this.context.ledger.recordArrival(`websocket-message:${this.context.entry.connection}`, nowMs);
    return true;
  }

  private handle(message: ClientMessage, nowMs: number): void {
    const { profile, socket } = this.context.options;
    const { statusPeriodMs, statusRepeats } = socket;
    switch (message._tag) {
      case "Ping":
        if (!statusRepeats) return this.sendStatus(nowMs);
        if (this.statusMs === Infinity) this.statusMs = (Math.floor(nowMs / statusPeriodMs) + 1) * statusPeriodMs;
        return;
      case "List":
        this.format = message.format;
        return this.send(nowMs, "list", undefined, listFrame(message.format, listed(this.types, profile.book), message.ticket));
      case "Subscribe":
        return this.subscribe(message.types, message.format, nowMs);
      case "Refused":
        return this.refuse(message.name, message.message, nowMs, true);
    }
  }

  /** Replaces the whole subscription. Codes that do not exist, or are not in capitals, are left out without a word. */
  private subscribe(types: ReadonlyArray<TypeRequest>, format: Format, nowMs: number): void {
    const { profile, wire, socket } = this.context.options;
    const { snapshotDelayMs, seamlessReplace, duplicateCodes, inFlightFrames, inFlightMs } = socket;
    const delays = [this.drawn(snapshotDelayMs[0], 0), this.drawn(snapshotDelayMs[1], 1)] as const;
    const formatBefore = this.format;
    const before = this.streams;
    this.types = types;
    this.format = format;
    this.streams = new Map();
    for (const type of types) {
      const delay = delays[type.kind === "ticker" || type.kind === "trade" ? 0 : 1];
      for (const request of streamRequests(type, this.context.world, profile.book)) {
        let key = `${request.kind} ${request.tape.spec.code} ${request.level} ${request.depth}`;
        if (this.streams.has(key) && duplicateCodes === "once") continue;
        while (this.streams.has(key)) key += " again";
        const snapshotMs = type.onlyRealtime ? Infinity : nowMs + delay;
        const stream = new MarketStream(this.context.world, wire, socket, request, snapshotMs, !type.onlySnapshot);
        const old = before.get(key);
        if (old !== undefined && seamlessReplace) stream.continue(old);
        if (type.onlyRealtime && stream.dueMs === Infinity) stream.start(nowMs);
        this.streams.set(key, stream);
      }
    }
    const ended = [...before].filter(([key]) => !this.streams.has(key)).map(([, stream]) => stream);
    this.inFlight = new InFlight(ended, formatBefore, inFlightFrames, nowMs + inFlightMs);
  }

  /** A wait of a range, the same for the same seed, connection and message. */
  private drawn(delay: Delay, use: number): number {
    if (typeof delay === "number") return delay;
    const { entry, options } = this.context;
    const draw = unit(hash3(options.seed ^ entry.connection, this.messages, use));
    return delay[0] + Math.floor(draw * (delay[1] - delay[0] + 1));
  }

  private refuse(name: string, message: string, nowMs: number, closes: boolean): void {
    if (closes) {
      this.closeMs = nowMs + this.drawn(this.context.options.socket.errorCloseMs, 2);
      this.streams = new Map();
      this.inFlight = undefined;
      this.statusMs = Infinity;
    }
    this.send(nowMs, "error", undefined, this.wrapped(errorFrame(name, message)));
  }

  private sendStatus(atMs: number): void {
    this.send(atMs, "status", undefined, this.wrapped(statusFrame));
  }

  private wrapped(text: string): string {
    return this.context.options.socket.wrapsStatus && isList(this.format) ? `[${text}]` : text;
  }

  /** What streams have to say, as one frame; the ledger keeps each element by itself. */
  private sendElements(atMs: number, elements: ReadonlyArray<{ readonly stream: MarketStream; readonly text: string }>): void {
    if (elements.length === 0 || atMs < this.silentUntilMs) return;
    for (const { stream, text } of elements) this.record(atMs, "out", typeName(stream.request.kind), stream.request.tape.spec.code, text);
    const texts = elements.map(({ text }) => text);
    this.deliver(atMs, texts.length === 1 ? texts.join() : `[${texts.map((text) => text.slice(1, -1)).join(",")}]`);
  }

  private send(atMs: number, kind: string, market: string | undefined, text: string): void {
    if (atMs < this.silentUntilMs) return;
    this.record(atMs, "out", kind, market, text);
    this.deliver(atMs, text);
  }

  private deliver(atMs: number, text: string): void {
    if (this.context.options.socket.idleCounts === "both") this.lastTrafficMs = atMs;
    this.outbox.push({ _tag: "Frame", text });
  }

  private record(atMs: number, direction: "in" | "out", kind: string, market: string | undefined, text: string): void {
    this.context.ledger.recordFrame({ atMs, connection: this.context.entry.connection, direction, kind, market, text });
  }

  private end(nowMs: number, code: number): void {
    if (this.ended) return;
    this.ended = true;
    this.streams = new Map();
    this.context.entry.closed = { atMs: nowMs, code };
    this.context.onEnd(this);
  }
}
