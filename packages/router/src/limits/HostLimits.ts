/**
 * The limits of one host, and the register that makes them one per process. A layer is built anew at every `Effect.provide` of a new run,
 * but the exchange counts per IP address: forty programs that each build the layer must together stay within one budget. So the state
 * outlives the layers, and even a second copy of this package in one process finds it.
 *
 * The register is keyed by clock before host: monotonic times of two clocks cannot be compared, and a test's virtual clock starts at 0.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import type * as Scope from "effect/Scope";
import type { LimitShare } from "../RouterConfig.ts";
import * as Comeback from "./Comeback.ts";
import { type Host, LimitGate } from "./LimitGate.ts";
import { apportioned, type Limit, type LimitTable } from "./LimitTable.ts";

/** Hosts remembered per clock. Beyond it those that are unused and have no window, pause or block left are forgotten. */
export const maxHosts = 64;

/**
 * Sockets are opened slower than any exchange allows: a second process on the same address has its share, and after an outage all sockets of all
 * programs come back at once.
 */
const ownConnects: Limit = { limit: 2, windowMs: 1_000 };
const connectsOf = ({ socketConnect }: LimitTable, share: LimitShare): Limit => {
  const part = apportioned(socketConnect, share);
  return part.limit / part.windowMs < ownConnects.limit / ownConnects.windowMs ? part : ownConnects;
};

/** All of it: no other process was told to use the same limits. */
const wholeShare: LimitShare = { part: 1, of: 1 };

export class HostLimits implements Host {
  readonly connects: LimitGate;
  /** Open while a group is used that was not said to be. */
  readonly using = Latch.makeUnsafe(false);
  readonly #clock: Clock.Clock;
  readonly #share: LimitShare;
  readonly #groups = new Map<string, LimitGate>();
  /** Groups the table does not know, together. */
  readonly #others: LimitGate;
  #comeback: Comeback.Comeback = Comeback.open;
  /** Layers alive on this state. */
  holders = 0;
  warned = false;
  /** Something was granted since the process began. */
  wasUsed = false;
  /** What an earlier process left has been taken over. */
  restored = false;

  constructor(clock: Clock.Clock, table: LimitTable, share: LimitShare = wholeShare) {
    this.#clock = clock;
    this.#share = share;
    this.connects = this.#gate("socket-connect", table.socketConnect, connectsOf(table, share));
    this.#others = this.#gate("other", strictest(table));
    this.adopt(table);
  }

  /** Goes on with another table: grants, pauses and blocks stay. */
  adopt(table: LimitTable): void {
    this.connects.change(table.socketConnect, connectsOf(table, this.#share));
    const rest = strictest(table);
    this.#others.change(rest, apportioned(rest, this.#share));
    for (const [name, limit] of Object.entries(table.groups)) {
      const gate = this.#groups.get(name);
      if (gate === undefined) this.#groups.set(name, this.#gate(name, limit));
      else gate.change(limit, apportioned(limit, this.#share));
    }
  }

  group(name: string): LimitGate {
    return this.#groups.get(name) ?? this.#others;
  }

  known(name: string): LimitGate | undefined {
    return this.#groups.get(name);
  }

  gates(): ReadonlyArray<LimitGate> {
    return [...this.#groups.values(), this.#others, this.connects];
  }

  /** Nothing is sent for so long and a second. Requests that wait end at once; sockets wait for the end. */
  block(forMs: number): void {
    this.#comeback = Comeback.blocked(this.#comeback, this.#now(), forMs);
    for (const gate of this.gates()) if (gate !== this.connects) gate.endWaits();
    this.connects.refresh();
  }

  /** Goes on with a block that an earlier process met. With nothing left of it one request goes first all the same. */
  resumeBlock(forMs: number, round: number): void {
    this.#comeback = { _tag: "Blocked", untilMs: this.#now() + forMs, round };
  }

  blockedMs(): number {
    return this.blockedForMs(this.#now());
  }

  /** How many blocks in a row there were before the last, from 0. */
  blockRound(): number {
    return this.#comeback._tag === "Open" ? 0 : this.#comeback.round;
  }

  occupy(group: string, count: number, forMs: number): void {
    const gate = this.gates().find((gate) => gate.group === group);
    gate?.occupy(count, forMs);
  }

  /** This process slept, and knows nothing of who asked from its address meanwhile: for a window half of every limit is taken for used. */
  awoke(): void {
    for (const gate of this.gates()) gate.occupy(Math.ceil(gate.share.limit / 2), gate.limit.windowMs);
  }

  /** The groups in use, as if each used all of its share for so long. */
  usedAhead(forMs: number): ReadonlyArray<{ readonly group: string; readonly count: number; readonly forMs: number }> {
    return this.gates().flatMap((gate) => (gate.sayUse(forMs) ? [{ group: gate.group, count: gate.share.limit, forMs }] : []));
  }

  /** What of each group still counts. */
  footprint(): ReadonlyArray<{ readonly group: string; readonly count: number; readonly forMs: number }> {
    return this.gates().flatMap((gate) => {
      const places = gate.footprint();
      return places === undefined ? [] : [{ group: gate.group, ...places }];
    });
  }

  isIdle(): boolean {
    return this.holders === 0 && Comeback.isOver(this.#comeback, this.#now()) && this.gates().every((gate) => gate.isIdle());
  }

  // What the gates ask and tell.

  get isOpen(): boolean {
    return this.#comeback === Comeback.open;
  }

  opensAt(nowMs: number): number {
    return Comeback.opensAt(this.#comeback, nowMs);
  }

  shareAt(nowMs: number): number {
    return Comeback.shareAt(this.#comeback, nowMs);
  }

  blockedForMs(nowMs: number): number {
    return Comeback.blockedForMs(this.#comeback, nowMs);
  }

  begun(): void {
    this.wasUsed = true;
    this.using.openUnsafe();
  }

  granted(nowMs: number): void {
    this.#comeback = Comeback.isOver(this.#comeback, nowMs) ? Comeback.open : Comeback.granted(this.#comeback, nowMs);
  }

  ended(grantedMs: number, nowMs: number, isAnswered: boolean): void {
    const before = this.#comeback;
    this.#comeback = Comeback.ended(before, grantedMs, nowMs, isAnswered);
    if (this.#comeback !== before) for (const gate of this.gates()) gate.refresh();
  }

  #gate(name: string, limit: Limit, share = apportioned(limit, this.#share)): LimitGate {
    return new LimitGate(name, limit, share, this.#clock, this);
  }

  #now(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }
}

/**
 * The state of a host on the present clock, held until the scope closes. A second holder at one time is warned about, once per host: its
 * sockets and caches are doubled, though not its limits. The first holder's table counts while it lives.
 */
export const attachHost = (
  host: string,
  table: LimitTable,
  share: LimitShare = wholeShare,
): Effect.Effect<HostLimits, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      const state = hostOn(clock, host, table, share);
      state.holders++;
      if (state.holders > 1 && !state.warned) {
        state.warned = true;
        yield* Effect.logWarning(
          `A second instance for ${host} in this process: limits are shared, sockets and caches are not. Share one ManagedRuntime.`,
        );
      }
      return state;
    }),
    (state) =>
      Effect.sync(() => {
        state.holders--;
      }),
  );

const hostOn = (clock: Clock.Clock, host: string, table: LimitTable, share: LimitShare): HostLimits => {
  const hosts = hostsOn(clock);
  const known = hosts.get(host);
  if (known !== undefined) {
    if (known.holders === 0) known.adopt(table);
    return known;
  }
  if (hosts.size >= maxHosts) for (const [name, state] of hosts) if (state.isIdle()) hosts.delete(name);
  const state = new HostLimits(clock, table, share);
  hosts.set(host, state);
  return state;
};

type Register = WeakMap<Clock.Clock, Map<string, HostLimits>>;

/**
 * Its number changes when {@link HostLimits} changes shape, so that two versions of the package never share a state they read differently.
 */
const registerKey = Symbol.for("@naru/router/limits/hosts/2");

const hostsOn = (clock: Clock.Clock): Map<string, HostLimits> => {
  // The key is ours alone: nothing else writes this property of the global object.
  const global = globalThis as { [registerKey]?: Register };
  const register = (global[registerKey] ??= new WeakMap());
  let hosts = register.get(clock);
  if (hosts === undefined) {
    hosts = new Map();
    register.set(clock, hosts);
  }
  return hosts;
};

const strictest = (table: LimitTable): Limit =>
  Object.values(table.groups).reduce(
    (least, limit) => (limit.limit / limit.windowMs < least.limit / least.windowMs ? limit : least),
    table.socketConnect,
  );
