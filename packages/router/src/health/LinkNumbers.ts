/** One place for a socket over all its lives: how often it opened, why it ended, what was sent. */
import type { LinkEndReason, LinkMetrics } from "./LiveMetrics.ts";

/** A reason's words are cut to so many characters. */
export const detailLength = 200;

export class LinkNumbers {
  readonly name: string;
  open = false;
  opens = 0;
  reconnects = 0;
  failedAttempts = 0;
  readonly ends: Record<LinkEndReason, number> = { closed: 0, silent: 0, failed: 0, unwanted: 0, replaced: 0 };
  keys = 0;
  sent = 0;
  resends = 0;
  slowdowns = 0;
  listChecks = 0;
  listDifferences = 0;
  roundTripMs: number | null = null;
  #downMs = 0;
  /** When an end began that nobody had wanted; undefined while there is none. */
  #downSinceMs: number | undefined;
  #changedMs: number | undefined;
  #lastEnd: { readonly reason: LinkEndReason; readonly detail: string; readonly atMs: number } | undefined;

  constructor(name: string) {
    this.name = name;
  }

  opened(nowMs: number): void {
    this.open = true;
    this.opens++;
    this.#changedMs = nowMs;
    if (this.#downSinceMs === undefined) return;
    this.reconnects++;
    this.#downMs += nowMs - this.#downSinceMs;
    this.#downSinceMs = undefined;
  }

  /** An attempt that never opened. */
  attemptFailed(): void {
    this.failedAttempts++;
  }

  ended(reason: LinkEndReason, detail: string, nowMs: number): void {
    this.open = false;
    this.keys = 0;
    this.ends[reason]++;
    this.#changedMs = nowMs;
    this.#lastEnd = { reason, detail: detail.slice(0, detailLength), atMs: nowMs };
    if (reason !== "unwanted" && reason !== "replaced") this.#downSinceMs = nowMs;
  }

  /** The whole subscription left for the exchange; `again` when nothing had changed. */
  subscribed(keys: number, again: boolean): void {
    this.keys = keys;
    this.sent++;
    if (again) this.resends++;
  }

  /** It brought much less than it ever did before. */
  slowed(): void {
    this.slowdowns++;
  }

  /** A message that changes nothing, such as the question for the list. */
  asked(): void {
    this.sent++;
  }

  /** The exchange told its list. */
  listCompared(same: boolean): void {
    this.listChecks++;
    if (!same) this.listDifferences++;
  }

  /** A ping was answered. */
  answered(roundTripMs: number): void {
    this.roundTripMs = roundTripMs;
  }

  /** Down so far, over all reconnects, the present time included. */
  downMs(nowMs: number): number {
    return this.#downMs + (this.#downSinceMs === undefined ? 0 : nowMs - this.#downSinceMs);
  }

  toMetrics(nowMs: number): LinkMetrics {
    const end = this.#lastEnd;
    return {
      link: this.name,
      open: this.open,
      sinceMs: this.#changedMs === undefined ? null : nowMs - this.#changedMs,
      opened: this.opens,
      reconnects: this.reconnects,
      failedAttempts: this.failedAttempts,
      ended: { ...this.ends },
      lastEnd: end === undefined ? null : { reason: end.reason, detail: end.detail, ageMs: nowMs - end.atMs },
      keys: this.keys,
      sent: this.sent,
      resends: this.resends,
      slowdowns: this.slowdowns,
      listChecks: this.listChecks,
      listDifferences: this.listDifferences,
      roundTripMs: this.roundTripMs,
      downMs: this.downMs(nowMs),
    };
  }
}
