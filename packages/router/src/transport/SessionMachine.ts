/**
 * What one open socket does next, as a pure machine: told what happened, it says what to do. `Session.ts` runs it.
 *
 * ```
 *             opened               subscription sent              ended by anything below
 *   opening ─────────► bare ─────────────────────► subscribed ──────────────────────────► ended
 *      │                 └──────────────────────────────┴──── closed by the peer, an error frame, unreadable frames, a failed write
 *      └── refused, timed out ──► ended                  └─── silent (the link), mute (its feed), unwanted, retired
 * ```
 *
 * Five concerns share one clock and one message budget, in this order of urgency: is the link alive (`Keepalive.ts`), is it wanted, has it become slow
 * (`RateWatch.ts`), does it carry what it should (`FeedWatch.ts`), and is the subscription what is wanted. Nothing is sent but whole subscriptions, because a second one
 * replaces the first, and lists of what the exchange thinks is subscribed, by which every change is verified once it has settled.
 */
import { depthOf, type KeyId, keyId, sameKeys, type StreamKey } from "../domain/StreamKey.ts";
import type { Limit } from "../limits/LimitTable.ts";
import { FeedWatch, type ProbeResult, type Silence, type Suspect } from "./FeedWatch.ts";
import { Keepalive, type KeepaliveOptions } from "./Keepalive.ts";
import { MessageBudget } from "./MessageBudget.ts";
import { type RateFall, RateWatch } from "./RateWatch.ts";
import { Rhythm } from "./Rhythm.ts";

export interface SessionMachineOptions extends KeepaliveOptions {
  /** Changes of the wanted set within this time go out as one message. */
  readonly coalesceMs: number;
  /** A change that has settled this long is verified by a list. */
  readonly verifyAfterMs: number;
  readonly listTimeoutMs: number;
  readonly resendWaitMs: number;
  readonly messageLimits: ReadonlyArray<Limit>;
}

/** What is so now, read at the instant of decision. */
export interface SessionFacts {
  readonly wanted: (nowMs: number) => ReadonlyArray<StreamKey>;
  /** The link serves nobody any more. */
  readonly unwanted: (nowMs: number) => boolean;
  /** When `wanted` or `unwanted` may next change without a signal. */
  readonly nextChangeMs: (nowMs: number) => number;
  readonly silence: (nowMs: number) => Silence;
  /** Some key owes a word sooner than `silence` said last; asked once per look. */
  readonly takeDoubt: () => boolean;
  /** Somebody wants a sign of life now; asked once per look. */
  readonly takePing: () => boolean;
  /** Somebody wants the whole subscription sent once more, though nothing seems wrong; asked once per look. */
  readonly takeResend: () => boolean;
  /** A link was given up before because of this key, and it has not spoken since. */
  readonly isBlamed: (key: StreamKey) => boolean;
}

export type SubscribeReason = "changed" | "unread" | "silence" | "slow" | "mismatch" | "format" | "asked";

export type SessionAction =
  | { readonly _tag: "Wait"; readonly untilMs: number }
  | { readonly _tag: "Ping" }
  /** It brings much less than ever before: what it said is not to be believed for long. The whole subscription goes out again next. */
  | { readonly _tag: "Slow"; readonly fall: RateFall }
  | { readonly _tag: "Subscribe"; readonly keys: ReadonlyArray<StreamKey>; readonly reason: SubscribeReason }
  | { readonly _tag: "List" }
  | { readonly _tag: "Probe"; readonly suspect: Suspect }
  | { readonly _tag: "Quiet"; readonly suspects: ReadonlyArray<Suspect>; readonly isProved: boolean }
  | { readonly _tag: "Refuse"; readonly suspects: ReadonlyArray<Suspect> }
  | { readonly _tag: "Gone"; readonly suspect: Suspect }
  /** Nothing was heard: drop the socket without waiting for its close. */
  | { readonly _tag: "Silent"; readonly silentMs: number }
  /** Pongs come and data does not: the same. */
  | { readonly _tag: "Mute"; readonly suspects: ReadonlyArray<Suspect> }
  | { readonly _tag: "Unwanted" };

export interface Listed {
  readonly confirmed: ReadonlyArray<StreamKey>;
  /** The exchange has subscribed that, and nothing else. */
  readonly isSame: boolean;
}

export type SessionPhase = "bare" | "subscribed";

/** A subscription that the list still contradicts after so many repetitions is left as it is: the keys' own watch judges it. */
const mismatchLimit = 1;
/** The same subscription is sent again because of unreadable frames so long after the first of them, and not oftener than this. */
const unreadAfterMs = 500;
const unreadEveryMs = 5_000;
/** The same subscription is sent again because the link became slow not oftener than this. */
const slowEveryMs = 10_000;

/**
 * A link is not called dead at the first look. Where the whole process was held up, what came meanwhile lies unread until the event loop, which calls
 * timers first, has had its turn.
 */
const lookAgainMs = 20;

export class SessionMachine {
  readonly #options: SessionMachineOptions;
  readonly #facts: SessionFacts;
  readonly #keepalive: Keepalive;
  readonly #feed: FeedWatch;
  readonly #rate: RateWatch;
  readonly #budget: MessageBudget;
  #sent: ReadonlyArray<StreamKey> = [];
  #sentMs = Number.NEGATIVE_INFINITY;
  #spokeMs = Number.NEGATIVE_INFINITY;
  /** When the wanted set was first seen to differ from what is sent. */
  #changedMs: number | undefined;
  /** Why and when the same subscription is to be sent again. */
  #again: { readonly reason: SubscribeReason; readonly atMs: number } | undefined;
  #unreadSentMs = Number.NEGATIVE_INFINITY;
  #slowMs = Number.NEGATIVE_INFINITY;
  /** Since when the link seems dead. */
  #deadMs: number | undefined;
  #verified = true;
  #mismatches = 0;
  /** A list is asked for and not answered: since when, and for which subscription. */
  #listing: { readonly sinceMs: number; readonly of: ReadonlyArray<StreamKey> } | undefined;
  #listDue = false;

  /** `rhythm` is that of the link's data over all its lives. */
  constructor(options: SessionMachineOptions, facts: SessionFacts, openedMs: number, rhythm = new Rhythm()) {
    this.#options = options;
    this.#facts = facts;
    this.#keepalive = new Keepalive(options, openedMs, rhythm);
    this.#feed = new FeedWatch(options);
    this.#rate = new RateWatch(openedMs);
    this.#budget = new MessageBudget(options.messageLimits);
    // What is wanted at the opening goes out at once; later changes are gathered first.
    this.#changedMs = openedMs - options.coalesceMs;
  }

  get phase(): SessionPhase {
    return this.#sent.length === 0 ? "bare" : "subscribed";
  }

  /** The link's own rhythm is so fast that its short silence means something. */
  get busy(): boolean {
    return this.#keepalive.busy;
  }

  /** A byte or a pong came in. */
  heard(nowMs: number): void {
    this.#keepalive.heard(nowMs);
  }

  /** So many messages about the market came in that were not answers. True when the link has just shown to be a busy one, or one whose rate can be watched. */
  spoke(nowMs: number, messages = 1): boolean {
    this.#spokeMs = nowMs;
    const { busy } = this;
    this.#keepalive.spoke(nowMs);
    const isWatched = this.#rate.count(nowMs, messages);
    return isWatched || (!busy && this.busy);
  }

  /** A sign of life proves what the link carries, unless the link is a busy one whose data has stopped: then it proves the link alone. */
  proves(nowMs: number): boolean {
    return nowMs - this.#spokeMs <= Math.max(this.#options.busyDeadAfterMs, this.#keepalive.dataSilenceMs);
  }

  /** A frame could not be read: the snapshots of the same subscription tell what was missed. True when that is news. */
  unread(nowMs: number): boolean {
    if (this.#again !== undefined) return false;
    this.#again = { reason: "unread", atMs: Math.max(nowMs + unreadAfterMs, this.#unreadSentMs + unreadEveryMs) };
    return true;
  }

  /** Another format is wanted: a subscription sets it for all that follows. */
  reformat(nowMs: number): void {
    this.#again ??= { reason: "format", atMs: nowMs };
  }

  /** The exchange told what it thinks is subscribed. Returns which keys of ours that confirms; undefined when the answer is out of date. */
  listed(keys: ReadonlyArray<StreamKey>, nowMs: number): Listed | undefined {
    const asked = this.#listing?.of;
    this.#listing = undefined;
    this.#feed.listed(nowMs);
    if (asked === undefined || asked !== this.#sent) return undefined;
    this.#verified = true;
    if (sameKeys(keys, asked)) {
      this.#mismatches = 0;
      return { confirmed: asked, isSame: true };
    }
    const depths = new Map<KeyId, number>(keys.map((key) => [keyId(key), depthOf(key)]));
    const isListed = (key: StreamKey) => (depths.get(keyId(key)) ?? -1) >= depthOf(key);
    const missing = asked.filter((key) => !isListed(key));
    // What the link before was given up for was asked for often enough.
    const isKnown = missing.length > 0 && missing.every(this.#facts.isBlamed);
    if (this.#mismatches < mismatchLimit && !isKnown) {
      this.#mismatches++;
      this.#again ??= { reason: "mismatch", atMs: nowMs };
    }
    return { confirmed: asked.filter(isListed), isSame: false };
  }

  probed(result: ProbeResult, nowMs: number): void {
    this.#feed.probed(result, nowMs);
  }

  /** What to do now. A message that is returned counts as sent. */
  next(nowMs: number): SessionAction {
    const life = this.#keepalive.check(nowMs);
    this.#deadMs = life.action === "dead" ? (this.#deadMs ?? nowMs) : undefined;
    if (this.#deadMs !== undefined) {
      const againMs = this.#deadMs + lookAgainMs;
      return nowMs < againMs ? { _tag: "Wait", untilMs: againMs } : { _tag: "Silent", silentMs: this.#keepalive.silentMs(nowMs) };
    }
    if (this.#facts.unwanted(nowMs)) return { _tag: "Unwanted" };
    if (this.#facts.takePing() || life.action === "ping") return { _tag: "Ping" };
    const fall = this.#slowed(nowMs);
    if (fall !== undefined) return { _tag: "Slow", fall };
    const watched = this.#watch(nowMs);
    if (watched._tag !== "Wait") return watched;
    const subscription = this.#subscription(nowMs);
    if (subscription._tag !== "Wait") return subscription;
    const verification = this.#verification(nowMs);
    if (verification._tag !== "Wait") return verification;
    const dueMs = Math.min(life.dueMs, watched.untilMs, subscription.untilMs, verification.untilMs, this.#rate.dueMs);
    const untilMs = Math.min(dueMs, this.#facts.nextChangeMs(nowMs));
    return { _tag: "Wait", untilMs };
  }

  /** The snapshots of the same subscription tell whether the markets are calm or the link has become slow. */
  #slowed(nowMs: number): RateFall | undefined {
    const fall = this.#rate.check(nowMs);
    if (fall === undefined || nowMs < this.#slowMs + slowEveryMs) return undefined;
    this.#slowMs = nowMs;
    this.#again ??= { reason: "slow", atMs: nowMs };
    return fall;
  }

  #watch(nowMs: number): SessionAction {
    if (this.phase === "bare") return forever;
    if (this.#facts.takeDoubt()) this.#feed.resubscribed(nowMs);
    const action = this.#feed.next(nowMs, this.#facts.silence);
    switch (action._tag) {
      case "Wait":
        return { _tag: "Wait", untilMs: action.dueMs };
      case "List":
        this.#listDue = true;
        return this.#watch(nowMs);
      case "Resend":
        // A set that was sent again because the list contradicts it has had its repetition.
        if (this.#mismatches === 0) this.#again = { reason: "silence", atMs: nowMs };
        return this.#watch(nowMs);
      default:
        return action;
    }
  }

  /** The whole subscription, when it is not what is wanted or has to be sent again. */
  #subscription(nowMs: number): SessionAction {
    const wanted = this.#facts.wanted(nowMs);
    if (wanted.length === 0) return forever;
    const isChanged = !sameKeys(wanted, this.#sent);
    if (this.#facts.takeResend()) this.#again = { reason: "asked", atMs: nowMs };
    this.#changedMs = isChanged ? (this.#changedMs ?? nowMs) : undefined;
    const changeDueMs = this.#changedMs === undefined ? Number.POSITIVE_INFINITY : this.#changedMs + this.#options.coalesceMs;
    const againDueMs = this.phase === "bare" ? Number.POSITIVE_INFINITY : (this.#again?.atMs ?? Number.POSITIVE_INFINITY);
    const dueMs = Math.min(changeDueMs, againDueMs);
    if (dueMs === Number.POSITIVE_INFINITY) return forever;
    const sendMs = Math.max(dueMs, this.#budget.earliestMs(nowMs));
    if (sendMs > nowMs) return { _tag: "Wait", untilMs: sendMs };
    const reason = isChanged ? "changed" : (this.#again?.reason ?? "changed");
    if (this.#again?.reason === "unread") this.#unreadSentMs = nowMs;
    if (isChanged) this.#mismatches = 0;
    if (isChanged && hasLost(this.#sent, wanted)) {
      this.#keepalive.resubscribed();
      this.#rate.reset(nowMs);
    }
    this.#sent = wanted;
    this.#sentMs = nowMs;
    this.#changedMs = undefined;
    this.#again = undefined;
    this.#verified = false;
    this.#listing = undefined;
    this.#budget.sent(nowMs);
    this.#feed.resubscribed(nowMs);
    return { _tag: "Subscribe", keys: wanted, reason };
  }

  /** One list after a change that has settled, and one when the feed watch asks. One may be unanswered at a time. */
  #verification(nowMs: number): SessionAction {
    if (this.phase === "bare") return forever;
    const listing = this.#listing;
    const listEndMs = (listing?.sinceMs ?? Number.NEGATIVE_INFINITY) + this.#options.listTimeoutMs;
    if (nowMs < listEndMs) return { _tag: "Wait", untilMs: listEndMs };
    if (!this.#listDue && (this.#verified || listing !== undefined)) {
      // Not answered in time: whoever does not speak of it is judged by its silence.
      this.#verified = true;
      this.#listing = undefined;
      return forever;
    }
    const dueMs = this.#listDue ? nowMs : this.#sentMs + this.#options.verifyAfterMs;
    const sendMs = Math.max(dueMs, this.#budget.earliestMs(nowMs));
    if (sendMs > nowMs) return { _tag: "Wait", untilMs: sendMs };
    this.#listDue = false;
    this.#listing = { sinceMs: nowMs, of: this.#sent };
    this.#budget.sent(nowMs);
    return { _tag: "List" };
  }
}

/** Something that was subscribed is not wanted any more: what the link's rhythm was made of may be gone. */
export const hasLost = (before: ReadonlyArray<StreamKey>, wanted: ReadonlyArray<StreamKey>): boolean => {
  const ids = new Set(wanted.map(keyId));
  return before.some((key) => !ids.has(keyId(key)));
};

const forever: Extract<SessionAction, { readonly _tag: "Wait" }> = { _tag: "Wait", untilMs: Number.POSITIVE_INFINITY };
