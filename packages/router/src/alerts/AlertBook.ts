/**
 * Which findings become alerts: each trouble is told once when it begins and once when it is over, and what comes back within the cool-down is not
 * told anew. Pure but for its own memory; times are the caller's, monotonic milliseconds.
 *
 * ```
 *            found                       gone
 *   quiet ──────────▶ open (told) ──────────────▶ quiet, cooling (told)
 *     ▲                                             │ found again
 *     └──────────── cool-down is over               ▼
 *                                    open (silent) ── still there after the cool-down ──▶ told
 * ```
 *
 * Invariants: between two tellings of one trouble's beginning lies at least the cool-down, unless it grew worse; an end is told only of what was
 * told; there are at most `mostTroubles` at once.
 */
import type { Severity } from "./Alert.ts";
import type { Finding } from "./rules.ts";

export interface Told {
  readonly finding: Finding;
  readonly state: "raised" | "over";
  /** Monotonic milliseconds at which the trouble began. */
  readonly sinceMs: number;
}

interface Trouble {
  finding: Finding;
  sinceMs: number;
  open: boolean;
  /** Whether its beginning was told. */
  isTold: boolean;
  /** When a beginning was last told, and how bad it was then. */
  toldMs: number;
  toldSeverity: Severity | undefined;
}

/** Rules are few and errors have 32 tags; beyond this nothing new is remembered. */
const mostTroubles = 64;

const gravity: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

export class AlertBook {
  readonly #coolDownMs: number;
  readonly #troubles = new Map<string, Trouble>();

  constructor(coolDownMs: number) {
    this.#coolDownMs = coolDownMs;
  }

  /** Everything that is found now, and nothing else, is there. */
  found(findings: ReadonlyArray<Finding>, nowMs: number): ReadonlyArray<Told> {
    const told: Array<Told> = [];
    const present = new Set<string>();
    for (const finding of findings) {
      const id = idOf(finding);
      present.add(id);
      const raised = this.#raise(id, finding, nowMs);
      if (raised !== undefined) told.push(raised);
    }
    for (const [id, trouble] of this.#troubles) {
      if (!present.has(id) && trouble.open) {
        trouble.open = false;
        if (trouble.isTold) told.push({ finding: trouble.finding, state: "over", sinceMs: trouble.sinceMs });
      }
      if (!trouble.open && nowMs - trouble.toldMs > this.#coolDownMs) this.#troubles.delete(id);
    }
    return told;
  }

  /** What is over gives its place up, and with it the memory of when it was told. */
  #makeRoom(): boolean {
    for (const [id, { open }] of this.#troubles) if (!open) return this.#troubles.delete(id);
    return false;
  }

  #raise(id: string, finding: Finding, nowMs: number): Told | undefined {
    let trouble = this.#troubles.get(id);
    if (trouble === undefined) {
      if (this.#troubles.size >= mostTroubles && !this.#makeRoom()) return undefined;
      const never = { toldMs: Number.NEGATIVE_INFINITY, toldSeverity: undefined, isTold: false };
      trouble = { finding, sinceMs: nowMs, open: true, ...never };
      this.#troubles.set(id, trouble);
    } else if (!trouble.open) {
      trouble.open = true;
      trouble.isTold = false;
      trouble.sinceMs = nowMs;
    }
    trouble.finding = finding;
    const worse = trouble.toldSeverity !== undefined && gravity[finding.severity] > gravity[trouble.toldSeverity];
    const due = !trouble.isTold && nowMs - trouble.toldMs >= this.#coolDownMs;
    if (!due && !worse) return undefined;
    trouble.isTold = true;
    trouble.toldMs = nowMs;
    trouble.toldSeverity = finding.severity;
    return { finding, state: "raised", sinceMs: trouble.sinceMs };
  }
}

const idOf = ({ rule, about }: Finding): string => `${rule}\u0000${about}`;
