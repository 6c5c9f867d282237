/** How one channel does: the outcomes of the last minutes, when it was last good and how quick that was, and what went wrong last. Plain state. */
import type { Channel } from "../domain/Provenance.ts";
import { type OutcomeSummary, OutcomeWindow, windowMs } from "./OutcomeWindow.ts";

export interface ChannelHealth extends OutcomeSummary {
  readonly channel: Channel;
  /** By its last word; `unknown` where that is too old to say anything of now, or there was none. */
  readonly status: "up" | "down" | "unknown";
  /** Of the last request that was answered. */
  readonly latencyMs: number | null;
  readonly lastGoodAgeMs: number | null;
  /** What went wrong, for people, at most 200 characters. */
  readonly lastFailure: { readonly detail: string; readonly ageMs: number } | null;
}

interface Requested {
  readonly endpoint: string;
  readonly status: number | null;
  readonly durationMs: number;
  readonly outcome: string;
}

export class ChannelLog {
  readonly #channel: Channel;
  readonly #outcomes = new OutcomeWindow();
  #goodMs: number | undefined;
  #latencyMs: number | null = null;
  #failed: { readonly detail: string; readonly atMs: number } | undefined;
  #wasGood = true;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Something that was tried over it ended. */
  counted(nowMs: number, ok: boolean, durationMs?: number): void {
    this.#outcomes.add(nowMs, ok, durationMs);
  }

  /** A request ended; one that was wrong was answered all the same. Says whether it went well. */
  requested(nowMs: number, { durationMs, endpoint, outcome, status }: Requested, wasWrong: boolean): boolean {
    const ok = outcome === "answered" || wasWrong;
    this.counted(nowMs, ok, durationMs);
    if (ok) this.#good(nowMs, durationMs);
    else this.#failedWith(nowMs, `${endpoint}: ${outcome}${status === null ? "" : `, HTTP ${status}`}`);
    return ok;
  }

  /** The socket opened, or broke and is to be opened again. */
  linkChanged(nowMs: number, state: string, reason: string | null): void {
    if (state === "open") this.#good(nowMs, null);
    else if (state === "waiting") this.#failedWith(nowMs, reason ?? "the link ended");
  }

  report(nowMs: number): ChannelHealth {
    const lastMs = Math.max(this.#goodMs ?? Number.NEGATIVE_INFINITY, this.#failed?.atMs ?? Number.NEGATIVE_INFINITY);
    return {
      channel: this.#channel,
      status: nowMs - lastMs > windowMs ? "unknown" : this.#wasGood ? "up" : "down",
      latencyMs: this.#latencyMs,
      lastGoodAgeMs: this.#goodMs === undefined ? null : nowMs - this.#goodMs,
      lastFailure: this.#failed === undefined ? null : { detail: this.#failed.detail, ageMs: nowMs - this.#failed.atMs },
      ...this.#outcomes.summary(nowMs),
    };
  }

  #good(nowMs: number, latencyMs: number | null): void {
    this.#goodMs = nowMs;
    this.#latencyMs = latencyMs;
    this.#wasGood = true;
  }

  #failedWith(nowMs: number, detail: string): void {
    this.#failed = { detail: detail.slice(0, 200), atMs: nowMs };
    this.#wasGood = false;
  }
}
