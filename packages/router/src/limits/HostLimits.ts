/**
 * The limits of one host, and the register that makes them one per process. A layer is built anew at every `Effect.provide` of a new run,
 * but the exchange counts per IP address: forty programs that each build the layer must together stay within one budget. So the state
 * outlives the layers, and even a second copy of this package in one process finds it.
 *
 * The register is keyed by clock before host: monotonic times of two clocks cannot be compared, and a test's virtual clock starts at 0.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { LimitGate } from "./LimitGate.ts";
import type { Limit, LimitTable } from "./LimitTable.ts";

/** Hosts remembered per clock. Beyond it those that are unused and have no window, pause or block left are forgotten. */
export const maxHosts = 64;

/**
 * Sockets are opened slower than any exchange allows: a second process on the same address has its share, and after an outage all sockets of all
 * programs come back at once.
 */
const ownConnects: Limit = { limit: 2, windowMs: 1_000 };
const connectsOf = ({ socketConnect }: LimitTable): Limit =>
  socketConnect.limit / socketConnect.windowMs < ownConnects.limit / ownConnects.windowMs ? socketConnect : ownConnects;

export class HostLimits {
  readonly connects: LimitGate;
  readonly #clock: Clock.Clock;
  readonly #groups = new Map<string, LimitGate>();
  /** Groups the table does not know, together. */
  readonly #others: LimitGate;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  /** Layers alive on this state. */
  holders = 0;
  warned = false;

  constructor(clock: Clock.Clock, table: LimitTable) {
    this.#clock = clock;
    this.connects = new LimitGate("socket-connect", connectsOf(table), clock);
    this.#others = new LimitGate("other", strictest(table), clock);
    this.adopt(table);
  }

  /** Goes on with another table: grants, pauses and blocks stay. */
  adopt(table: LimitTable): void {
    this.connects.limit = connectsOf(table);
    this.#others.limit = strictest(table);
    for (const [name, limit] of Object.entries(table.groups)) {
      const gate = this.#groups.get(name);
      if (gate !== undefined) gate.limit = limit;
      else this.#groups.set(name, this.#blocked(new LimitGate(name, limit, this.#clock)));
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

  block(forMs: number): void {
    const until = this.connects.now() + forMs;
    this.#blockedUntil = Math.max(this.#blockedUntil, until);
    for (const gate of this.gates()) gate.block(until);
  }

  blockedMs(): number {
    return Math.max(0, this.#blockedUntil - this.connects.now());
  }

  isIdle(): boolean {
    return this.holders === 0 && this.gates().every((gate) => gate.isIdle());
  }

  #blocked(gate: LimitGate): LimitGate {
    gate.block(this.#blockedUntil);
    return gate;
  }
}

/**
 * The state of a host on the present clock, held until the scope closes. A second holder at one time is warned about, once per host: its
 * sockets and caches are doubled, though not its limits. The first holder's table counts while it lives.
 */
export const attachHost = (host: string, table: LimitTable): Effect.Effect<HostLimits, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      const state = hostOn(clock, host, table);
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

const hostOn = (clock: Clock.Clock, host: string, table: LimitTable): HostLimits => {
  const hosts = hostsOn(clock);
  const known = hosts.get(host);
  if (known !== undefined) {
    if (known.holders === 0) known.adopt(table);
    return known;
  }
  if (hosts.size >= maxHosts) for (const [name, state] of hosts) if (state.isIdle()) hosts.delete(name);
  const state = new HostLimits(clock, table);
  hosts.set(host, state);
  return state;
};

type Register = WeakMap<Clock.Clock, Map<string, HostLimits>>;

/**
 * Its number changes when {@link HostLimits} changes shape, so that two versions of the package never share a state they read differently.
 */
const registerKey = Symbol.for("@naru/router/limits/hosts/1");

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
