/**
 * One connection as the exchange sees it: what is subscribed, what is due, when it ends. It is told the time and never sleeps; a driver calls
 * {@link SocketSession.poll} at {@link SocketSession.nextWakeMs} and hands the outputs to the wire, in memory or over TCP alike.
 */
import type { OutFrame, SessionAction } from "../faults/Hooks.ts";
import type { SocketFaults } from "../faults/socketFaults.ts";
import type { ConnectionEntry, Ledger } from "../Ledger.ts";
import type { ResolvedOptions } from "../Options.ts";
import { parseUnits } from "../market/TickSize.ts";
import type { World } from "../market/World.ts";
import { errorFrame, type Format, type ListedSubscription, listFrame, statusFrame } from "../wire/SocketFrames.ts";
import { plain } from "../wire/Spelling.ts";
import { type ClientMessage, readClientMessage, type StreamKind, type TypeRequest } from "./ClientMessage.ts";
import { DelayedFrames } from "./DelayedFrames.ts";
import { type Emitted, MarketStream, type StreamRequest } from "./MarketStream.ts";

export type SessionOutput =
  | ({ readonly _tag: "Frame" } & Omit<OutFrame, "kind" | "market" | "emitted">)
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
  private streams = new Map<string, MarketStream>();
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
    const opened = context.faults.onOpen(openedMs);
    if (opened !== undefined) this.doom = { atMs: openedMs + opened.delayMs, action: opened.action };
    this.maintainedMs = openedMs - 1;
    this.maintenanceMs = context.world.maintenance.nextStart(this.maintainedMs);
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** A text message of the client arrives. */
  receive(text: string, nowMs: number): void {
    if (this.ended || this.closeMs !== Infinity) return;
    this.catchUp(nowMs);
    if (this.ended || this.context.faults.isDead("in", nowMs)) return;
    this.lastTrafficMs = nowMs;
    this.record(nowMs, "in", "request", undefined, text);
    const fault = this.context.faults.onFrameIn(text, nowMs);
    if (fault !== undefined) {
      if (fault._tag !== "Ignore") this.act(fault, nowMs);
    } else if (this.admit(nowMs)) this.handle(readClientMessage(text), nowMs);
    else this.refuse("TOO_MANY_REQUEST", "요청 수 제한을 초과했습니다.", nowMs);
    this.context.wake();
  }

  /** A protocol ping arrives. */
  receivePing(nowMs: number): void {
    if (this.ended || this.context.faults.isDead("in", nowMs)) return;
    this.lastTrafficMs = nowMs;
    this.record(nowMs, "in", "ping", undefined, "");
    const { faults } = this.context;
    if (!this.isSilent(nowMs) && !faults.ignoresPing(nowMs)) this.outbox.push({ _tag: "Pong" });
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
    return { connection, ip, openedMs, format: this.format, subscriptions: this.listed() };
  }

  /** The tape changed. */
  replan(): void {
    this.maintenanceMs = this.context.world.maintenance.nextStart(this.maintainedMs);
    for (const stream of this.streams.values()) stream.plan();
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
    const idleMs = this.lastTrafficMs + this.context.options.socket.idleMs;
    let due = Math.min(
      this.maintenanceMs,
      this.statusMs,
      this.closeMs,
      idleMs,
      this.delayed.dueMs,
      this.context.faults.beginMs,
      this.doom?.atMs ?? Infinity,
    );
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
    if (this.maintenanceMs <= atMs) return this.maintain();
    const { faults } = this.context;
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
    for (const stream of this.streams.values()) {
      if (stream.dueMs > atMs) continue;
      const { kind, tape } = stream.request;
      const taken = stream.take(this.format);
      if (taken !== undefined) this.send(atMs, typeName(kind), tape.spec.code, taken.text, taken);
      return;
    }
    if (this.statusMs <= atMs) {
      this.statusMs += this.context.options.socket.statusPeriodMs;
      this.send(atMs, "status", undefined, statusFrame);
      return;
    }
    // A peer that is cut off neither hears of the end nor can be told of it.
    if (this.isSilent(atMs)) this.lastTrafficMs = atMs;
    else this.act({ _tag: "Drop", reset: false }, atMs);
  }

  /** Ends the connection at the exchange's side. */
  private act(action: SessionAction, atMs: number): void {
    if (this.ended) return;
    this.outbox.push(action);
    this.end(atMs, action._tag === "Close" ? action.code : 1006);
  }

  private maintain(): void {
    const { world, options } = this.context;
    const atMs = (this.maintainedMs = this.maintenanceMs);
    this.maintenanceMs = world.maintenance.nextStart(atMs);
    if (options.maintenance.sockets === "cut") this.act({ _tag: "Drop", reset: false }, atMs);
    else this.silentUntilMs = Math.max(this.silentUntilMs, world.maintenance.endAt(atMs) ?? atMs);
  }

  /** Nothing leaves, not even a pong: by a fault or for maintenance. */
  private isSilent(atMs: number): boolean {
    return atMs < this.silentUntilMs || this.context.faults.isDead("out", atMs);
  }

  private admit(nowMs: number): boolean {
    const { messagesPerSecond, messagesPerMinute } = this.context.options.limits;
    this.messageTimes = this.messageTimes.filter((time) => time > nowMs - 60_000);
    const lastSecond = this.messageTimes.filter((time) => time > nowMs - 1_000).length;
    if (lastSecond >= messagesPerSecond || this.messageTimes.length >= messagesPerMinute) return false;
    this.messageTimes.push(nowMs);
    this.context.ledger.recordArrival(`websocket-message:${this.context.entry.connection}`, nowMs);
    return true;
  }

  private handle(message: ClientMessage, nowMs: number): void {
    const { statusPeriodMs } = this.context.options.socket;
    switch (message._tag) {
      case "Ping":
        if (this.statusMs === Infinity) this.statusMs = (Math.floor(nowMs / statusPeriodMs) + 1) * statusPeriodMs;
        return;
      case "List":
        this.format = message.format;
        return this.send(nowMs, "list", undefined, listFrame(message.format, this.listed(), message.ticket));
      case "Subscribe":
        return this.subscribe(message.types, message.format, nowMs);
      case "Refused":
        return this.refuse(message.name, message.message, nowMs);
    }
  }

  /** Replaces the whole subscription. Codes that do not exist, or are not in capitals, are left out without a word. */
  private subscribe(types: ReadonlyArray<TypeRequest>, format: Format, nowMs: number): void {
    const { snapshotDelayMs, seamlessReplace } = this.context.options.socket;
    const served = this.context.faults.onSubscribe(types, nowMs);
    if (served?.error !== undefined) return this.refuse(served.error.name, served.error.message, nowMs);
    const before = this.streams;
    this.types = types;
    this.format = format;
    this.streams = new Map();
    for (const type of served?.types ?? types) {
      const delay = snapshotDelayMs[type.kind === "ticker" || type.kind === "trade" ? 0 : 1];
      for (const request of this.requestsOf(type, nowMs)) {
        const key = `${request.kind} ${request.tape.spec.code} ${request.level} ${request.depth}`;
        if (this.streams.has(key)) continue;
        const stream = new MarketStream(this.context.world, request, type.onlyRealtime ? Infinity : nowMs + delay, !type.onlySnapshot);
        const old = before.get(key);
        if (old !== undefined && seamlessReplace) stream.continue(old);
        if (type.onlyRealtime && stream.dueMs === Infinity) stream.start(nowMs);
        this.streams.set(key, stream);
      }
    }
  }

  private *requestsOf(type: TypeRequest, nowMs: number): Generator<StreamRequest> {
    const listed = this.context.world.at(nowMs);
    for (const code of type.codes) {
      const [name = "", suffix] = type.kind === "orderbook" ? code.split(".") : [code];
      const tape = listed.tape(name);
      if (tape === undefined) continue;
      const step = type.level === undefined ? 0 : parseUnits(type.level, tape.spec.decimals);
      if (step === undefined || (step !== 0 && tape.spec.quote !== "KRW")) continue;
      const depth = suffix === "1" || suffix === "5" || suffix === "15" ? Number(suffix) : 30;
      yield { kind: type.kind, tape, depth, step, level: plain(step, tape.spec.decimals) };
    }
  }

  private listed(): ReadonlyArray<ListedSubscription> {
    return this.types.map((type) => ({
      type: type.type,
      codes: type.codes,
      level: type.kind === "orderbook" ? (type.level ?? "0") : undefined,
    }));
  }

  private refuse(name: string, message: string, nowMs: number): void {
    this.closeMs = nowMs + this.context.options.socket.errorCloseMs;
    this.streams = new Map();
    this.statusMs = Infinity;
    this.send(nowMs, "error", undefined, errorFrame(name, message));
  }

  private send(atMs: number, kind: string, market: string | undefined, text: string, emitted?: Emitted): void {
    const { faults } = this.context;
    if (this.isSilent(atMs)) return;
    const frame: OutFrame = { kind, market, text, emitted };
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
    this.lastTrafficMs = atMs;
    this.record(atMs, "out", frame.kind, frame.market, frame.text);
    const { kind: _kind, market: _market, emitted, ...sent } = frame;
    // What a fault changed was not said by the exchange.
    if (emitted?.text === frame.text && frame.bytes === undefined)
      this.context.ledger.recordSaid(atMs, this.context.entry.connection, emitted.said);
    this.outbox.push({ _tag: "Frame", ...sent });
  }

  private record(atMs: number, direction: "in" | "out", kind: string, market: string | undefined, text: string): void {
    this.context.ledger.recordFrame({ atMs, connection: this.context.entry.connection, direction, kind, market, text });
  }

  private end(nowMs: number, code: number): void {
    if (this.ended) return;
    this.ended = true;
    this.streams = new Map();
    this.context.ledger.recordClosed(this.context.entry, nowMs, code);
    this.context.onEnd(this);
  }
}

const typeName = (kind: StreamKind): string => (kind === "ticker" || kind === "trade" || kind === "orderbook" ? kind : `candle.${kind}`);
