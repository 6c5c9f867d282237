/** A stand-in for the set of faults that are on, over the REST faults there are. It is to be replaced whole. */
import { RestFaults } from "../rest/RestFaults.ts";
import type { Fault } from "./Fault.ts";

export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  readonly fromMs: number;
}

export class FaultSet extends RestFaults {
  private active: Array<ActiveFault> = [];
  private nextId = 1;

  on(fault: Fault, nowMs: number): number {
    const id = this.nextId++;
    this.active.push({ id, fault, fromMs: nowMs });
    this.arm();
    return id;
  }

  off(idOrVerb: number | string): number {
    const before = this.active.length;
    this.active = this.active.filter(({ id, fault }) => id !== idOrVerb && fault.verb !== idOrVerb);
    this.arm();
    return before - this.active.length;
  }

  list(): ReadonlyArray<ActiveFault> {
    return this.active;
  }

  override clear(): void {
    this.active = [];
    super.clear();
  }

  private arm(): void {
    super.clear();
    for (const { fault } of this.active)
      this.add(fault.path ?? (() => true), fault.verb === "answer" ? { status: fault.status } : fault.verb, fault.times ?? Infinity);
  }
}
