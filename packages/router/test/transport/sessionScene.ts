/** A session machine on a clock of its own, with everything it reads under a test's hand and everything it says written down. */
import { assert } from "@effect/vitest";
import { sameKeys, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Silence } from "../../src/transport/FeedWatch.ts";
import { type SessionAction, SessionMachine, type SessionMachineOptions } from "../../src/transport/SessionMachine.ts";
import { keyId } from "../../src/domain/StreamKey.ts";

const messageLimits = [
  { limit: 5, windowMs: 1_000 },
  { limit: 100, windowMs: 60_000 },
];

const options: SessionMachineOptions = {
  pingAfterMs: 10_000,
  deadAfterMs: 15_000,
  busyPingAfterMs: 1_000,
  busyDeadAfterMs: 3_000,
  coalesceMs: 50,
  verifyAfterMs: 2_000,
  listTimeoutMs: 1_000,
  resendWaitMs: 3_000,
  messageLimits,
};

const forever = Number.POSITIVE_INFINITY;

export class SessionScene {
  wanted: ReadonlyArray<StreamKey>;
  unwanted = false;
  nextChangeMs = forever;
  silence: Silence = { suspects: [], nextMs: forever, othersSpeak: true };
  nowMs = 0;
  readonly machine: SessionMachine;
  /** Everything that was said but waits, as `time: what`. */
  readonly said: Array<string> = [];
  /** When messages left: subscriptions and lists. */
  readonly messagesAt: Array<number> = [];
  /** The last subscription that left. */
  sent: ReadonlyArray<StreamKey> = [];
  ended = false;
  /** Pings are answered in the same instant; lists as soon as the test says, unless this answers them. */
  answersPings = true;
  blamed = new Set<StreamKey>();
  onList: (() => void) | undefined;

  constructor(wanted: ReadonlyArray<StreamKey> = [], changes: Partial<SessionMachineOptions> = {}) {
    this.wanted = wanted;
    this.machine = new SessionMachine(
      { ...options, ...changes },
      {
        wanted: () => this.wanted,
        unwanted: () => this.unwanted,
        nextChangeMs: () => this.nextChangeMs,
        silence: () => this.silence,
        takeDoubt: () => false,
        takePing: () => false,
        takeResend: () => false,
        isBlamed: (key) => this.blamed.has(key),
      },
      0,
    );
  }

  /** Does everything that is due now and moves on to `untilMs` from one deadline to the next. Fails where a wait is for the past. */
  run(untilMs: number): void {
    for (let steps = 0; !this.ended; steps++) {
      assert.isBelow(steps, 10_000, "the machine goes in circles");
      const action = this.machine.next(this.nowMs);
      if (action._tag !== "Wait") {
        this.#does(action);
        continue;
      }
      assert.isAbove(action.untilMs, this.nowMs, "a wait for what is over");
      if (action.untilMs > untilMs) break;
      this.nowMs = action.untilMs;
    }
    this.nowMs = untilMs;
  }

  /** What was said since the last time somebody asked. */
  take(): ReadonlyArray<string> {
    return this.said.splice(0);
  }

  get isSettled(): boolean {
    return sameKeys(this.sent, this.wanted);
  }

  #does(action: Exclude<SessionAction, { readonly _tag: "Wait" }>): void {
    this.said.push(`${this.nowMs}: ${described(action)}`);
    switch (action._tag) {
      case "Subscribe":
        this.sent = action.keys;
        this.messagesAt.push(this.nowMs);
        break;
      case "List":
        this.messagesAt.push(this.nowMs);
        this.onList?.();
        break;
      case "Ping":
        if (this.answersPings) this.machine.heard(this.nowMs);
        break;
      case "Quiet":
      case "Refuse":
        this.silence = { ...this.silence, suspects: [] };
        break;
      case "Silent":
      case "Mute":
      case "Unwanted":
        this.ended = true;
        break;
      case "Probe":
        break;
    }
  }
}

const described = (action: Exclude<SessionAction, { readonly _tag: "Wait" }>): string => {
  switch (action._tag) {
    case "Subscribe":
      return `subscribe ${action.keys.map(keyId).join()} (${action.reason})`;
    case "Silent":
      return `silent for ${action.silentMs}`;
    case "Probe":
      return `probe ${action.suspect.id}`;
    case "Quiet":
    case "Refuse":
    case "Mute":
      return `${action._tag.toLowerCase()} ${action.suspects.map(({ id }) => id).join()}`;
    default:
      return action._tag.toLowerCase();
  }
};

/** The most messages in any window, as a server counts that sees them when they leave. */
export const mostInAny = (times: ReadonlyArray<number>, windowMs: number): number =>
  Math.max(0, ...times.map((start) => times.filter((time) => time >= start && time < start + windowMs).length));
