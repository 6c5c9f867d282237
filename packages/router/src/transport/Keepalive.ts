/**
 * The link watchdog. Any inbound byte or pong is life; silence is first answered with a ping and then taken for death. A half-open socket
 * reports nothing at all, so nothing but this finds it. A link that ordinarily speaks every few seconds is asked and given up sooner, because
 * there a short silence already says something. None is given up without having been asked, however late the look. Pure state on monotonic
 * milliseconds.
 */
import { Rhythm } from "./Rhythm.ts";

export interface KeepaliveOptions {
  /** Silence after which the peer is pinged. */
  readonly pingAfterMs: number;
  /** Silence after which the link counts as dead. */
  readonly deadAfterMs: number;
  /** The same two while the link's ordinary gap is shorter than the second. */
  readonly busyPingAfterMs: number;
  readonly busyDeadAfterMs: number;
}

export interface KeepaliveCheck {
  readonly action: "wait" | "ping" | "dead";
  /** When to look again. */
  readonly dueMs: number;
}

export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #rhythm: Rhythm;
  #heardMs: number;
  #pingedMs: number | undefined;

  /** `rhythm` is that of the data, and outlives the socket. */
  constructor(options: KeepaliveOptions, nowMs: number, rhythm = new Rhythm()) {
    this.#options = options;
    this.#rhythm = rhythm;
    this.#heardMs = nowMs;
  }

  /** A byte or a pong came in. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#pingedMs = undefined;
  }

  /** A frame about the market that nobody asked for. */
  spoke(nowMs: number): void {
    this.#rhythm.heard(nowMs);
  }

  /** What is subscribed has changed, and with it what may be expected. */
  resubscribed(): void {
    this.#rhythm.reset();
  }

  silentMs(nowMs: number): number {
    return nowMs - this.#heardMs;
  }

  /** The link speaks so often that its short silence means something. */
  get busy(): boolean {
    return (this.#rhythm.medianMs() ?? Number.POSITIVE_INFINITY) <= this.#options.busyDeadAfterMs;
  }

  /** Silence of its data longer than this is out of rhythm, in milliseconds; infinity while no rhythm is known. */
  get dataSilenceMs(): number {
    return this.#rhythm.silenceMs() ?? Number.POSITIVE_INFINITY;
  }

  /** What to do now. `ping` is answered once per silence. */
  check(nowMs: number): KeepaliveCheck {
    const { busy } = this;
    const pingAfterMs = busy ? Math.min(this.#options.busyPingAfterMs, this.#options.pingAfterMs) : this.#options.pingAfterMs;
    const deadAfterMs = busy ? Math.min(this.#options.busyDeadAfterMs, this.#options.deadAfterMs) : this.#options.deadAfterMs;
    const pingMs = this.#heardMs + pingAfterMs;
    const givenMs = Math.max(0, deadAfterMs - pingAfterMs);
    // A peer that was asked late, because this process was held up, has the same time to answer.
    const deadMs = Math.max(
      this.#heardMs + deadAfterMs,
      this.#pingedMs === undefined ? Number.NEGATIVE_INFINITY : this.#pingedMs + givenMs,
    );
    if (this.#pingedMs !== undefined) return nowMs >= deadMs ? { action: "dead", dueMs: nowMs } : { action: "wait", dueMs: deadMs };
    if (nowMs < pingMs) return { action: "wait", dueMs: Math.min(pingMs, deadMs) };
    this.#pingedMs = nowMs;
    return { action: "ping", dueMs: Math.max(deadMs, nowMs + givenMs) };
  }
}
