/**
 * The faults that are on. It decides which of them fire on what, counts that, and tells the witness of each; what firing does is the verb's. A
 * fault ends when it is switched off, when its time is over, or when it has happened as often as it may.
 */
import { hash2, hash3, unit } from "../market/Hash.ts";
import { type CompleteFault, entryOf, type Fault } from "./Fault.ts";
import type { Firing, Hooks, RequestTarget } from "./Hooks.ts";
import type { FaultDoor, Reach } from "./Verb.ts";

/** A fault that is on, as plain JSON. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: CompleteFault;
  readonly fromMs: number;
  /** `null`: no end of its own. */
  readonly untilMs: number | null;
  /** How often it happened so far. */
  readonly fired: number;
}

/** A fault happened. */
export interface FaultEntry {
  readonly atMs: number;
  readonly id: number;
  readonly verb: string;
  /** What it happened to: `GET /v1/ticker?markets=KRW-BTC`, `connection 3`, `trade KRW-BTC to connection 3`. */
  readonly on: string;
}

/** Faults on at once. One more is refused. */
const maxFaults = 1_000;

/** One fault that is on. */
export interface Active {
  readonly id: number;
  readonly fault: CompleteFault;
  readonly doors: ReadonlyArray<FaultDoor>;
  readonly reach: Reach;
  readonly hooks: Hooks;
  /** Narrows requests further, from code. */
  readonly matches: ((request: RequestTarget) => boolean) | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Turns used up, those of `every` and `probability` that passed it by included. */
  hits: number;
  fired: number;
  /** Fractions drawn from its sequence. */
  drawn: number;
}

export class FaultSet {
  private active: ReadonlyArray<Active> = [];
  private byHook = new Map<keyof Hooks, ReadonlyArray<Active>>();
  private nextId = 1;
  private readonly seed: number;
  private readonly record: (entry: FaultEntry) => void;
  private readonly changed: () => void;

  /** `record` is told of everything that happens, `changed` whenever another set of faults is on. */
  constructor(seed: number, record: (entry: FaultEntry) => void = () => {}, changed: () => void = () => {}) {
    this.seed = hash2(seed, 0x6661756c);
    this.record = record;
    this.changed = changed;
  }

  /** Switches a fault on; returns its id. Throws when a parameter is out of range, or when {@link maxFaults} are on. */
  on(fault: Fault, nowMs: number, matches?: (request: RequestTarget) => boolean): number {
    const entry = entryOf(fault.verb);
    if (entry === undefined) throw new RangeError(`no fault is called ${String(fault.verb)}`);
    this.active = this.active.filter(({ untilMs }) => untilMs > nowMs);
    if (this.active.length >= maxFaults) throw new RangeError(`more than ${maxFaults} faults are on`);
    const { fault: complete, hooks, reach } = entry.activate(fault);
    const id = this.nextId++;
    const fromMs = nowMs + reach.afterMs;
    const untilMs = reach.forMs === undefined ? Infinity : fromMs + reach.forMs;
    this.replace([
      ...this.active,
      { id, fault: complete, doors: entry.doors, reach, hooks, matches, fromMs, untilMs, hits: 0, fired: 0, drawn: 0 },
    ]);
    return id;
  }

  /** Switches off by id or by verb; returns how many were on. */
  off(idOrVerb: number | string): number {
    const left = this.active.filter(({ id, fault }) => id !== idOrVerb && fault.verb !== idOrVerb);
    const gone = this.active.length - left.length;
    if (gone > 0) this.replace(left);
    return gone;
  }

  /** The id given last. */
  get lastId(): number {
    return this.nextId - 1;
  }

  /** All that are on, in the order they were switched on; with `nowMs` without those whose time is over. */
  list(nowMs = -Infinity): ReadonlyArray<ActiveFault> {
    return this.active
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ id, fault, fromMs, untilMs, fired }) => ({ id, fault, fromMs, untilMs: untilMs === Infinity ? null : untilMs, fired }));
  }

  /** Switches everything off. */
  clear(): void {
    this.replace([]);
  }

  /** The faults that fill a hook, in order. */
  having(hook: keyof Hooks): ReadonlyArray<Active> {
    return this.byHook.get(hook) ?? none;
  }

  /** Lets a fault happen if it may now; `run` returns `undefined` when there was nothing to do after all. */
  fire<A>(active: Active, nowMs: number, on: () => string, run: (firing: Firing) => A | undefined): A | undefined {
    const { fromMs, untilMs, reach } = active;
    if (nowMs < fromMs || nowMs >= untilMs || (reach.times !== undefined && active.fired >= reach.times)) return undefined;
    const hit = active.hits + 1;
    const chance = () => unit(hash3(this.seed, active.id, active.drawn++));
    const skipped = hit % reach.every !== 0 || (reach.probability < 1 && chance() >= reach.probability);
    // A turn at which there turns out to be nothing to do is not used up.
    const outcome = skipped ? undefined : run({ nowMs, fromMs, untilMs, chance });
    if (outcome === undefined) {
      if (skipped) active.hits = hit;
      return undefined;
    }
    active.hits = hit;
    active.fired++;
    this.record({ atMs: nowMs, id: active.id, verb: active.fault.verb, on: on() });
    if (reach.times !== undefined && active.fired >= reach.times) this.replace(this.active.filter((other) => other !== active));
    return outcome;
  }

  private replace(active: ReadonlyArray<Active>): void {
    this.active = active;
    this.byHook = new Map();
    for (const one of active) for (const hook of hookNames(one.hooks)) this.byHook.set(hook, [...(this.byHook.get(hook) ?? none), one]);
    this.changed();
  }
}

const none: ReadonlyArray<Active> = [];

/** The keys of an object literal of hooks are names of hooks. */
const hookNames = (hooks: Hooks): ReadonlyArray<keyof Hooks> => Object.keys(hooks) as ReadonlyArray<keyof Hooks>;
