/**
 * One connection as the exchange sees it: what is subscribed, what is due, when it ends. It is told the time and never sleeps; a driver calls
 * {@link SocketSession.poll} at {@link SocketSession.nextWakeMs} and hands the outputs to the wire, in memory or over TCP alike.
 */
import type { OutFrame, SessionAction } from "../faults/Hooks.ts";
import type { SocketFaults } from "../faults/SocketFaults.ts";
import type { ConnectionEntry, Ledger } from "../Ledger.ts";
import { hash3, unit } from "../market/Hash.ts";
import type { Delay, ResolvedOptions } from "../Options.ts";
import type { Format } from "../profile/Profile.ts";
import { windowStartOf } from "../rest/ServerLimits.ts";
import type { World } from "../market/World.ts";
import { errorFrame, isList, type ListedSubscription, listFrame, statusFrame } from "../wire/SocketFrames.ts";
import { type ClientMessage, readClientMessage, type TypeRequest, typeName } from "./ClientMessage.ts";
import { DelayedFrames } from "./DelayedFrames.ts";
import { InFlight } from "./InFlight.ts";
import { type Emitted, MarketStream } from "./MarketStream.ts";
import { listed, streamRequests } from "./streamRequests.ts";
import { StreamCalendar } from "./StreamCalendar.ts";

export type SessionOutput =
  | ({ readonly _tag: "Frame" } & Omit<OutFrame, "kind" | "market" | "emitted" | "parts">)
  | { readonly _tag: "Pong" }
  | SessionAction;

/** An open connection, as it is told to who asks. */
export interface SocketState {
  readonly connection: number;
  readonly ip: string;
  readonly openedMs: number;
  readonly format: Format;
  readonly subscriptions: ReadonlyArray<ListedSubscription>;
}

export interface SessionContext {
  readonly world: World;
  readonly ledger: Ledger;
  readonly options: ResolvedOptions;
  readonly entry: ConnectionEntry;
  readonly faults: SocketFaults;
  /** Wakes the driver. */
  readonly wake: () => void;
  readonly onEnd: (session: SocketSession) => void;
}

export class SocketSession {
  private readonly context: SessionContext;
  private types: ReadonlyArray<TypeRequest> = [];
  private streams = new StreamCalendar<MarketStream>();
  private inFlight: InFlight | undefined;
  /** Messages of the client so far. */
  private messages = 0;
  private format: Format = "DEFAULT";
  private outbox: Array<SessionOutput> = [];
  private messageTimes: Array<number> = [];
  private lastTrafficMs: number;
  private statusMs = Infinity;
  private closeMs = Infinity;
  private readonly delayed = new DelayedFrames();
  /** What a fault does to the connection soon. */
  private doom: { readonly atMs: number; readonly action: SessionAction } | undefined;
  private ended = false;
  /** The next maintenance; found anew when something was ordered. */
  private maintenanceMs: number;
  private maintainedMs: number;
  /** Silent for maintenance. */
  private silentUntilMs = -Infinity;

  constructor(context: SessionContext) {
    this.context = context;
    const { openedMs } = context.entry;
    this.lastTrafficMs = openedMs;
    this.maintainedMs = openedMs - 1;
    this.maintenanceMs = context.world.maintenance.nextStart(this.maintainedMs);
    const opened = context.faults.onOpen(openedMs);
    if (opened !== undefined) this.doom = { atMs: openedMs + opened.delayMs, action: opened.action };
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** A text message of the client arrives. */
  receive(text: string, nowMs: number): void {
    if (this.ended || this.closeMs !== Infinity) return;
    this.catchUp(nowMs);
    if (this.ended || this.isDead("in", nowMs)) return;
    this.lastTrafficMs = nowMs;
    this.record(nowMs, "in", "request", undefined, text);
    this.messages++;
    const { profile, socket } = this.context.options;
    const fault = this.context.faults.onFrameIn(text, nowMs);
    if (fault !== undefined) {
      if (fault._tag !== "Ignore") this.act(fault, nowMs);
    } else if (this.admit(nowMs)) this.handle(readClientMessage(text, profile, socket), nowMs);
    else this.refuse("TOO_MANY_REQUEST", profile.socket.texts.tooMany, nowMs, socket.overrunCloses);
    this.context.wake();
  }

  /** A protocol ping arrives. */
  receivePing(nowMs: number): void {
    if (this.ended || this.isDead("in", nowMs)) return;
    this.lastTrafficMs = nowMs;
    this.record(nowMs, "in", "ping", undefined, "");
    const { faults } = this.context;
    if (!this.isDead("out", nowMs) && !faults.ignoresPing(nowMs)) this.outbox.push({ _tag: "Pong" });
    this.context.wake();
  }

  /** The client closed, or its connection broke. */
  clientGone(nowMs: number, code: number): void {
    this.end(nowMs, code);
    this.context.wake();
  }

  /** Whether a close frame of the client gets its answer. */
  answersClose(nowMs: number): boolean {
    return !this.context.faults.ignoresClose(nowMs);
  }

  /** What it is now. */
  state(): SocketState {
    const { connection, ip, openedMs } = this.context.entry;
    return { connection, ip, openedMs, format: this.format, subscriptions: listed(this.types, this.context.options.profile.book) };
  }

  /** The tape changed. */
  replan(): void {
    this.maintenanceMs = this.context.world.maintenance.nextStart(this.maintainedMs);
    this.streams.replan();
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
    const { faults, options } = this.context;
    const idleEndMs = this.lastTrafficMs + options.socket.idleMs;
    const own = Math.min(this.statusMs, this.closeMs, this.maintenanceMs, idleEndMs, this.delayed.dueMs, faults.beginMs);
    return Math.min(own, this.streams.dueMs, this.doom?.atMs ?? Infinity, this.inFlight?.dueMs ?? Infinity);
  }

  private catchUp(nowMs: number): void {
    while (!this.ended) {
      const atMs = this.dueMs();
      if (atMs > nowMs) return;
      this.takeDue(atMs);
    }
  }

  private takeDue(atMs: number): void {
    const { faults } = this.context;
    if (this.maintenanceMs <= atMs) return this.maintain();
    if (faults.beginMs <= atMs) {
      const action = faults.begin(atMs);
      if (action !== undefined) this.act(action, atMs);
      return;
    }
    if (this.doom !== undefined && this.doom.atMs <= atMs) return this.act(this.doom.action, atMs);
    if (this.closeMs <= atMs) return this.act({ _tag: "Close", code: 1000, reason: "" }, atMs);
    if (this.delayed.dueMs <= atMs) {
      for (const frame of this.delayed.take(atMs)) this.emit(atMs, frame);
      return;
    }
    if (this.takeInFlight(atMs) || this.takeStreams(atMs)) return;
    if (this.statusMs <= atMs) {
      this.statusMs += this.context.options.socket.statusPeriodMs;
      return this.sendStatus(atMs);
    }
    // A peer that is cut off neither hears of the end nor can be told of it.
    if (this.isDead("out", atMs)) this.lastTrafficMs = atMs;
    else this.act({ _tag: "Drop", reset: false }, atMs);
  }

  /** Ends the connection at the exchange's side. */
  private act(action: SessionAction, atMs: number): void {
    if (this.ended) return;
    this.outbox.push(action);
    this.end(atMs, action._tag === "Close" ? action.code : 1006);
  }

  private takeInFlight(atMs: number): boolean {
    const last = this.inFlight !== undefined && this.inFlight.dueMs <= atMs ? this.inFlight.take() : undefined;
    if (last === undefined) return false;
    if (last.taken !== undefined) this.sendElements(atMs, [{ stream: last.stream, taken: last.taken }]);
    return true;
  }

  /** Takes what is due of one stream, or in a list format of as many as fit into a frame. */
  private takeStreams(atMs: number): boolean {
    const room = isList(this.format) ? this.context.options.socket.listElements : 1;
    const elements: Array<StreamElement> = [];
    let taken = 0;
    for (let stream = this.streams.first; stream !== undefined && this.streams.dueMs <= atMs && taken < room; stream = this.streams.first) {
      const frame = stream.take(this.format);
      this.streams.settle();
      if (frame !== undefined) elements.push({ stream, taken: frame });
      taken++;
    }
    this.sendElements(atMs, elements);
    return taken > 0;
  }

  private maintain(): void {
    const { world, options } = this.context;
    const atMs = (this.maintainedMs = this.maintenanceMs);
    this.maintenanceMs = world.maintenance.nextStart(atMs);
    if (options.maintenance.sockets === "cut") this.act({ _tag: "Drop", reset: false }, atMs);
    else this.silentUntilMs = world.maintenance.endAt(atMs) ?? atMs;
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
    const served = this.context.faults.onSubscribe(types, nowMs);
    if (served?.error !== undefined) return this.refuse(served.error.name, served.error.message, nowMs, true);
    const before = this.streams;
    this.types = types;
    this.format = format;
    this.streams = new StreamCalendar();
    const world = this.context.world.at(nowMs);
    for (const type of served?.types ?? types) {
      const delay = delays[type.kind === "ticker" || type.kind === "trade" ? 0 : 1];
      for (const request of streamRequests(type, world, profile.book)) {
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
      this.streams = new StreamCalendar();
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
  private sendElements(atMs: number, elements: ReadonlyArray<StreamElement>): void {
    const parts = elements.map(({ stream: { request }, taken }) => ({
      kind: typeName(request.kind),
      market: request.tape.spec.code,
      text: taken.text,
      emitted: taken,
    }));
    const [only, ...more] = parts;
    if (only === undefined) return;
    if (more.length === 0) return this.leave(atMs, only);
    this.leave(atMs, { kind: only.kind, market: undefined, text: listOf(parts), parts });
  }

  private send(atMs: number, kind: string, market: string | undefined, text: string): void {
    this.leave(atMs, { kind, market, text });
  }

  /** A frame goes out, unless a fault has other plans for it. */
  private leave(atMs: number, frame: OutFrame): void {
    const { faults } = this.context;
    if (this.isDead("out", atMs)) return;
    for (const outgoing of faults.onFrameOut(frame, atMs) ?? [{ _tag: "Send" as const, frame }]) {
      if (this.ended) return;
      if (outgoing._tag !== "Send") this.act(outgoing, atMs);
      else {
        const { delayMs = 0 } = outgoing;
        const overtaken = this.delayed.overtake();
        if (delayMs > 0) this.delayed.hold(outgoing.frame, atMs + delayMs, outgoing.overtakenBy);
        else this.emit(atMs, outgoing.frame);
        for (const held of overtaken) this.emit(atMs, held);
      }
    }
  }

  private emit(atMs: number, frame: OutFrame): void {
    if (this.context.options.socket.idleCounts === "both") this.lastTrafficMs = atMs;
    // What a fault changed was not said by the exchange.
    const isOwn = frame.bytes === undefined && (frame.parts === undefined || frame.text === listOf(frame.parts));
    for (const { kind, market, text, emitted } of frame.parts ?? [frame]) {
      this.record(atMs, "out", kind, market, text);
      if (isOwn && emitted?.said !== undefined && emitted.text === text)
        this.context.ledger.recordSaid(atMs, this.context.entry.connection, emitted.said);
    }
    const { kind: _kind, market: _market, emitted: _emitted, parts: _parts, ...sent } = frame;
    this.outbox.push({ _tag: "Frame", ...sent });
  }

  /** Nothing comes or goes: a fault, or a maintenance that leaves sockets open. */
  private isDead(way: "in" | "out", atMs: number): boolean {
    return atMs < this.silentUntilMs || this.context.faults.isDead(way, atMs);
  }

  private record(atMs: number, direction: "in" | "out", kind: string, market: string | undefined, text: string): void {
    this.context.ledger.recordFrame({ atMs, connection: this.context.entry.connection, direction, kind, market, text });
  }

  private end(nowMs: number, code: number): void {
    if (this.ended) return;
    this.ended = true;
    this.streams = new StreamCalendar();
    this.context.ledger.recordClosed(this.context.entry, nowMs, code);
    this.context.onEnd(this);
  }
}

/** What a stream has to say. */
interface StreamElement {
  readonly stream: MarketStream;
  readonly taken: Emitted;
}

/** Several list frames as one. */
const listOf = (parts: ReadonlyArray<{ readonly text: string }>): string => `[${parts.map(({ text }) => text.slice(1, -1)).join(",")}]`;
