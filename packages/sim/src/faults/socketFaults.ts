/** Where a connection asks the exchange's faults. With none on, a frame costs one look at an empty list. */
import type { TypeRequest } from "../socket/ClientMessage.ts";
import type { Active, FaultSet } from "./FaultSet.ts";
import type { ConnectionTarget, Firing, Hooks, Outgoing, OutFrame, Served, SessionAction } from "./Hooks.ts";
import { marketOf, parseJsonText, printJsonText, recordsOf } from "./JsonText.ts";
import type { FaultDoor } from "./Verb.ts";

/** The faults of one connection. */
export class SocketFaults {
  private readonly set: FaultSet;
  private readonly target: ConnectionTarget;
  private readonly door: FaultDoor;
  /** Faults with a greater id were switched on while the connection was open: their times alone may be equal. */
  private readonly lastBefore: number;
  /** Faults whose beginning this connection has met. */
  private readonly begun = new Set<number>();

  constructor(set: FaultSet, target: ConnectionTarget, door: FaultDoor) {
    this.set = set;
    this.target = target;
    this.door = door;
    this.lastBefore = set.lastId;
  }

  onOpen(nowMs: number): { readonly action: SessionAction; readonly delayMs: number } | undefined {
    return this.first("onOpen", nowMs, (hooks, firing) => hooks.onOpen?.(this.target, firing));
  }

  /** When the next fault begins that this connection has not met; one that began before the connection never concerns it. */
  get beginMs(): number {
    let next = Infinity;
    for (const active of this.set.having("onBegin")) if (this.awaits(active)) next = Math.min(next, active.fromMs);
    return next;
  }

  /** What the fault that begins at {@link beginMs} does. */
  begin(nowMs: number): SessionAction | undefined {
    for (const active of this.set.having("onBegin")) {
      if (!this.awaits(active) || active.fromMs > nowMs) continue;
      this.begun.add(active.id);
      // A connection may look later than the fault began, and the fault may be over by then.
      const atMs = Math.max(active.fromMs, Math.min(nowMs, active.untilMs - 1));
      const action = this.set.fire(active, atMs, this.name, (firing) => active.hooks.onBegin?.(this.target, firing));
      if (action !== undefined) return action;
    }
    return undefined;
  }

  isDead(direction: "in" | "out", nowMs: number): boolean {
    return this.first("isDead", nowMs, (hooks, firing, active) => hooks.isDead?.(direction, this.wasOpen(active), firing)) === true;
  }

  ignoresPing(nowMs: number): boolean {
    return this.first("ignoresPing", nowMs, (hooks, firing) => hooks.ignoresPing?.(this.target, firing)) === true;
  }

  ignoresClose(nowMs: number): boolean {
    return this.first("ignoresClose", nowMs, (hooks, firing) => hooks.ignoresClose?.(this.target, firing)) === true;
  }

  onFrameIn(text: string, nowMs: number): SessionAction | { readonly _tag: "Ignore" } | undefined {
    return this.first("onFrameIn", nowMs, (hooks, firing) => hooks.onFrameIn?.(text, this.target, firing));
  }

  onSubscribe(types: ReadonlyArray<TypeRequest>, nowMs: number): Served | undefined {
    return this.first("onSubscribe", nowMs, (hooks, firing) => hooks.onSubscribe?.(types, this.target, firing));
  }

  /** What leaves in place of a frame; `undefined` when it leaves as it is. Faults act one after another, each on what the last one left. */
  onFrameOut(frame: OutFrame, nowMs: number): ReadonlyArray<Outgoing> | undefined {
    const changed = this.withRecords(frame, nowMs);
    let outgoing: ReadonlyArray<Outgoing> | undefined = changed === frame ? undefined : [{ _tag: "Send", frame: changed }];
    for (const active of this.set.having("onFrameOut")) {
      if (!this.concerns(active, frame)) continue;
      outgoing = (outgoing ?? [{ _tag: "Send", frame }]).flatMap((one): ReadonlyArray<Outgoing> => {
        if (one._tag !== "Send") return [one];
        const on = () => `${one.frame.kind} ${one.frame.market ?? ""} to connection ${this.target.connection}`;
        const made = this.set.fire(active, nowMs, on, (firing) => active.hooks.onFrameOut?.(one.frame, this.target, firing));
        return made === undefined ? [one] : made.map((next) => later(next, one.delayMs ?? 0));
      });
    }
    return outgoing;
  }

  private withRecords(frame: OutFrame, nowMs: number): OutFrame {
    let current = frame;
    for (const active of this.set.having("onRecord")) {
      if (!this.concerns(active, frame) || frame.market === undefined || active.reach.path !== undefined) continue;
      const on = () => `${frame.kind} ${frame.market ?? ""} to connection ${this.target.connection}`;
      const text = this.set.fire(active, nowMs, on, (firing) => changedText(current.text, active, firing));
      if (text !== undefined) current = { ...current, text };
    }
    return current;
  }

  private first<A>(hook: keyof Hooks, nowMs: number, use: (hooks: Hooks, firing: Firing, active: Active) => A | undefined): A | undefined {
    for (const active of this.set.having(hook)) {
      if (!active.doors.includes(this.door)) continue;
      const outcome = this.set.fire(active, nowMs, this.name, (firing) => use(active.hooks, firing, active));
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  private readonly name = (): string => `connection ${this.target.connection}`;

  private awaits(active: Active): boolean {
    return !this.begun.has(active.id) && this.wasOpen(active) && active.doors.includes(this.door);
  }

  /** Whether the connection was open when the fault began. */
  private wasOpen({ id, fromMs }: Active): boolean {
    return id > this.lastBefore || this.target.openedMs < fromMs;
  }

  private concerns({ reach, doors }: Active, frame: OutFrame): boolean {
    return (
      doors.includes(this.door) &&
      (reach.market === undefined || reach.market === frame.market) &&
      (reach.type === undefined || reach.type === frame.kind || frame.kind.startsWith(`${reach.type}.`)) &&
      (reach.path === undefined || frame.market === undefined)
    );
  }
}

/** Adds a delay that an earlier fault decided. */
const later = (outgoing: Outgoing, delayMs: number): Outgoing =>
  outgoing._tag !== "Send" || delayMs === 0 ? outgoing : { ...outgoing, delayMs: (outgoing.delayMs ?? 0) + delayMs };

const changedText = (text: string, { hooks, reach }: Active, firing: Firing): string | undefined => {
  const value = parseJsonText(text);
  if (value === undefined) return undefined;
  let changed = false;
  for (const record of recordsOf(value))
    if (reach.market === undefined || marketOf(record) === reach.market) changed = hooks.onRecord?.(record, firing) === true || changed;
  return changed ? printJsonText(value) : undefined;
};
