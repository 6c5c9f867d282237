/**
 * One connection as the exchange sees it: what is subscribed, what is due, when it ends. It is told the time and never sleeps; a driver calls
 * {@link SocketSession.poll} at {@link SocketSession.nextWakeMs} and hands the outputs to the wire, in memory or over TCP alike.
 */
import type { SessionAction } from "../faults/Hooks.ts";
import type { SocketFaults } from "../faults/SocketFaults.ts";
import type { ConnectionEntry, Ledger } from "../Ledger.ts";
import { hash3, unit } from "../market/Hash.ts";
import type { Delay, ResolvedOptions } from "../Options.ts";
import type { Format } from "../profile/Profile.ts";
import { windowStartOf } from "../rest/ServerLimits.ts";
import type { World } from "../market/World.ts";
import { errorFrame, isList, type ListedSubscription, listFrame, statusFrame } from "../wire/SocketFrames.ts";
import { type ClientMessage, readClientMessage, type TypeRequest } from "./ClientMessage.ts";
import { Departures, type SessionOutput } from "./Departures.ts";
import { listed } from "./streamRequests.ts";
import { Subscription } from "./Subscription.ts";

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

/** Outputs of one {@link SocketSession.poll}. */
const maxAtOnce = 10_000;
/** Outputs that may wait for the driver when a message of the client arrives. */
const maxBehind = 100_000;

export class SocketSession {
  private readonly context: SessionContext;
  /** Messages of the client so far. */
  private messages = 0;
  private readonly out: Departures;
  private readonly subscription: Subscription;
  private messageTimes: Array<number> = [];
  private lastTrafficMs: number;
  private statusMs = Infinity;
  private closeMs = Infinity;
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
    const { entry, faults, ledger, options } = context;
    const { openedMs } = entry;
    this.out = new Departures({
      ledger,
      entry,
      faults,
      isDead: (atMs) => this.isDead("out", atMs),
      isEnded: () => this.ended,
      end: (action, atMs) => this.act(action, atMs),
      onSent: (atMs) => {
        if (options.socket.idleCounts === "both") this.lastTrafficMs = atMs;
      },
    });
    this.subscription = new Subscription(context.world, options);
    this.lastTrafficMs = openedMs;
    this.maintainedMs = openedMs - 1;
    this.maintenanceMs = context.world.maintenance.nextStart(this.maintainedMs);
    const opened = faults.onOpen(openedMs);
    if (opened !== undefined) this.doom = { atMs: openedMs + opened.delayMs, action: opened.action };
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** A text message of the client arrives. */
  receive(text: string, nowMs: number): void {
    if (this.ended || this.closeMs !== Infinity) return;
    this.catchUp(nowMs, maxBehind);
    // What happened before the message must leave before its answer, and there is too much of it to wait for.
    if (!this.ended && this.dueMs() <= nowMs) this.act({ _tag: "Drop", reset: false }, nowMs);
    if (this.ended || this.isDead("in", nowMs)) return this.context.wake();
    this.lastTrafficMs = nowMs;
    this.recordIn(nowMs, "request", text);
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
    this.recordIn(nowMs, "ping", "");
    const { faults } = this.context;
    if (!this.isDead("out", nowMs) && !faults.ignoresPing(nowMs)) this.out.push({ _tag: "Pong" });
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
    const { types, format } = this.subscription;
    return { connection, ip, openedMs, format, subscriptions: listed(types, this.context.options.profile.book) };
  }

  /** The tape changed. */
  replan(): void {
    this.maintenanceMs = this.context.world.maintenance.nextStart(this.maintainedMs);
    this.subscription.replan();
    this.context.wake();
  }

  /**
   * Does everything due up to `nowMs`; returns what leaves, in order. After a jump of the clock that can be too much for once: then
   * {@link nextWakeMs} is in the past, and the rest comes with the next calls.
   */
  poll(nowMs: number): ReadonlyArray<SessionOutput> {
    this.catchUp(nowMs, maxAtOnce);
    return this.out.fetch();
  }

  /** When {@link poll} is next worth calling. */
  nextWakeMs(): number {
    return this.out.waiting === 0 ? this.dueMs() : -Infinity;
  }

  private dueMs(): number {
    const { faults, options } = this.context;
    const idleEndMs = this.lastTrafficMs + options.socket.idleMs;
    const own = Math.min(this.statusMs, this.closeMs, this.maintenanceMs, idleEndMs, this.out.dueMs, faults.beginMs);
    return Math.min(own, this.subscription.dueMs, this.doom?.atMs ?? Infinity);
  }

  private catchUp(nowMs: number, maxWaiting: number): void {
    while (!this.ended && this.out.waiting < maxWaiting) {
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
    if (this.out.dueMs <= atMs) return this.out.takeDue(atMs);
    const elements = this.subscription.take(atMs);
    if (elements !== undefined) return this.out.sendElements(atMs, elements);
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
    this.out.push(action);
    this.end(atMs, action._tag === "Close" ? action.code : 1006);
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
        this.subscription.format = message.format;
        return this.send(nowMs, "list", listFrame(message.format, listed(this.subscription.types, profile.book), message.ticket));
      case "Subscribe":
        return this.subscribe(message.types, message.format, nowMs);
      case "Refused":
        return this.refuse(message.name, message.message, nowMs, true);
    }
  }

  private subscribe(types: ReadonlyArray<TypeRequest>, format: Format, nowMs: number): void {
    const [first, second] = this.context.options.socket.snapshotDelayMs;
    const snapshotDelayMs = [this.drawn(first, 0), this.drawn(second, 1)] as const;
    const served = this.context.faults.onSubscribe(types, nowMs);
    if (served?.error !== undefined) return this.refuse(served.error.name, served.error.message, nowMs, true);
    this.subscription.replace({ types, served: served?.types, format, snapshotDelayMs }, nowMs);
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
      this.subscription.stop();
      this.statusMs = Infinity;
    }
    this.send(nowMs, "error", this.wrapped(errorFrame(name, message)));
  }

  private sendStatus(atMs: number): void {
    this.send(atMs, "status", this.wrapped(statusFrame));
  }

  private wrapped(text: string): string {
    return this.context.options.socket.wrapsStatus && isList(this.subscription.format) ? `[${text}]` : text;
  }

  private send(atMs: number, kind: string, text: string): void {
    this.out.send(atMs, { kind, market: undefined, text });
  }

  /** Nothing comes or goes: a fault, or a maintenance that leaves sockets open. */
  private isDead(way: "in" | "out", atMs: number): boolean {
    return atMs < this.silentUntilMs || this.context.faults.isDead(way, atMs);
  }

  private recordIn(atMs: number, kind: string, text: string): void {
    const { ledger, entry } = this.context;
    ledger.recordFrame({ atMs, connection: entry.connection, direction: "in", kind, market: undefined, text });
  }

  private end(nowMs: number, code: number): void {
    if (this.ended) return;
    this.ended = true;
    this.subscription.stop();
    this.context.ledger.recordClosed(this.context.entry, nowMs, code);
    this.context.onEnd(this);
  }
}
