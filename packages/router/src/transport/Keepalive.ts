/**
 * The link watchdog. Any inbound byte or pong is life; silence is first answered with a ping and then taken for death. A half-open socket
 * reports nothing at all, so nothing but this finds it. Pure state on monotonic milliseconds.
 */
export interface KeepaliveOptions {
  /** Silence after which the peer is pinged. */
  readonly pingAfterMs: number;
  /** Silence after which the link counts as dead. */
  readonly deadAfterMs: number;
}

export interface KeepaliveCheck {
  readonly action: "wait" | "ping" | "dead";
  /** When to look again. */
  readonly dueMs: number;
}

export class Keepalive {
  readonly #options: KeepaliveOptions;
  #heardMs: number;
  #pinged = false;

  constructor(options: KeepaliveOptions, nowMs: number) {
    this.#options = options;
    this.#heardMs = nowMs;
  }

  /** A byte or a pong came in. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#pinged = false;
  }

  silentMs(nowMs: number): number {
    return nowMs - this.#heardMs;
  }

  /** What to do now. `ping` is answered once per silence. */
  check(nowMs: number): KeepaliveCheck {
    const deadMs = this.#heardMs + this.#options.deadAfterMs;
    const pingMs = this.#heardMs + this.#options.pingAfterMs;
    if (nowMs >= deadMs) return { action: "dead", dueMs: nowMs };
    if (this.#pinged) return { action: "wait", dueMs: deadMs };
    if (nowMs < pingMs) return { action: "wait", dueMs: Math.min(pingMs, deadMs) };
    this.#pinged = true;
    return { action: "ping", dueMs: deadMs };
  }
}
