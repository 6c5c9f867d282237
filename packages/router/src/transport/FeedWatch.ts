/**
 * The data watchdog of one link: pongs prove a link, not what it carries. A key silent beyond its own rhythm is first asked about, in the order
 * of what asking costs, and only REST's word that the market has moved on condemns the link.
 *
 * ```
 *                suspects             list, or none in time         still silent
 *   trusting ───────────────► listing ──────────────────► resent ────────────────► probing
 *      ▲                          │ spoke                    │ spoke                   │
 *      ├──────────────────────────┴──────────────────────────┤                         ├─ REST has nothing newer: quiet, asked less often
 *      └─────────────────────────────────────────────────────┴─────────────────────────┤  (the next of them is asked about, up to four)
 *                                                                                       ├─ REST has newer: the feed is dead (`mute`), or one
 *                                                                                       │  key of it is ignored (`refuse`)
 *                                                                                       └─ REST knows no such market: its streams end (`gone`)
 * ```
 *
 * The whole subscription is sent again before anything is condemned because every key then answers with a snapshot, also a quiet one; a key that
 * the link before was given up for has had that already and goes to `probing` at once. Pure
 * state on monotonic milliseconds; whoever owns it does what {@link FeedWatch.next} says and tells what came of it.
 */
import type { Candle } from "../domain/Candle.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { KeyId, StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";

/** What a socket tells of a key. */
export type Told = Ticker | Orderbook | Trade | Candle;

/** A subscribed key that has been silent too long. */
export interface Suspect {
  readonly id: KeyId;
  readonly key: StreamKey;
  /** Monotonic time of its last word, or of its subscription where it never spoke. */
  readonly sinceMs: number;
  /** The longest silence that its rhythm explains. The shortest of several tells whose silence says most. */
  readonly silenceMs: number;
  /** The last that any socket told of it. */
  readonly last: Told | undefined;
  /** It has spoken on this link. */
  readonly spoke: boolean;
  /** A link was given up before because it would not speak, and it has not spoken since. */
  readonly blamed: boolean;
}

export interface Silence {
  readonly suspects: ReadonlyArray<Suspect>;
  /** When the next key would become one. */
  readonly nextMs: number;
  /** Some key of the link has spoken and is within its rhythm. */
  readonly othersSpeak: boolean;
}

export type FeedPhase = "trusting" | "listing" | "resent" | "probing";

export type FeedAction =
  | { readonly _tag: "Wait"; readonly dueMs: number }
  /** Ask the exchange what it thinks is subscribed. */
  | { readonly _tag: "List" }
  /** Send the whole subscription again. */
  | { readonly _tag: "Resend" }
  /** Ask REST whether this key's market has moved on. */
  | { readonly _tag: "Probe"; readonly suspect: Suspect }
  /** Nothing is known to be wrong: these are believed for now, and given more time from now on where REST said that they were quiet. */
  | { readonly _tag: "Quiet"; readonly suspects: ReadonlyArray<Suspect>; readonly isProved: boolean }
  /** The link carries nothing any more. `blamed` are the keys it was given up for. */
  | { readonly _tag: "Mute"; readonly suspects: ReadonlyArray<Suspect> }
  /** The exchange serves others on this link and ignores these, for the second time. */
  | { readonly _tag: "Refuse"; readonly suspects: ReadonlyArray<Suspect> }
  /** The exchange has this market no more. */
  | { readonly _tag: "Gone"; readonly suspect: Suspect };

/** What REST said of a suspect: it has something newer than the socket brought, it has not, it could not be asked, or there is no such market. */
export type ProbeResult = "newer" | "same" | "unknown" | "gone";

export interface FeedWatchOptions {
  /** How long an answer to the list may take. */
  readonly listTimeoutMs: number;
  /** How long the snapshots may take after the subscription was sent again. */
  readonly resendWaitMs: number;
}

/** Suspects that REST is asked about in one round. A quiet market says nothing of the others, but asking about each costs a request. */
const probesInARound = 4;

export class FeedWatch {
  readonly #options: FeedWatchOptions;
  phase: FeedPhase = "trusting";
  #suspects: ReadonlyArray<Suspect> = [];
  #asked: Suspect | undefined;
  /** Asked about in this round. */
  #probes = 0;
  #othersSpeak = false;
  /** When the phase is over without an answer; in `trusting`, when to look again. */
  #dueMs = 0;
  /** Never heard on this link and not asked about, when enough were: still to be said. */
  #unproved: ReadonlyArray<Suspect> = [];
  /** What REST said, judged at the next look. */
  #verdict: ProbeResult | undefined;

  constructor(options: FeedWatchOptions) {
    this.#options = options;
  }

  /** Something was subscribed: look again, there may be an earlier deadline now. */
  resubscribed(nowMs: number): void {
    if (this.phase === "trusting") this.#dueMs = nowMs;
  }

  /** What to do now. `look` finds the keys that are silent too long; it is only called when that can have changed. */
  next(nowMs: number, look: (nowMs: number) => Silence): FeedAction {
    if (this.#unproved.length > 0) {
      const suspects = this.#unproved;
      this.#unproved = [];
      return { _tag: "Quiet", suspects, isProved: false };
    }
    if (nowMs < this.#dueMs) return { _tag: "Wait", dueMs: this.#dueMs };
    switch (this.phase) {
      case "trusting": {
        const { suspects, nextMs } = look(nowMs);
        if (suspects.length === 0) return this.#wait("trusting", nextMs);
        this.#suspects = suspects;
        this.#probes = 0;
        this.#enter("listing", nowMs + this.#options.listTimeoutMs);
        return { _tag: "List" };
      }
      case "listing":
        return this.#resend(nowMs, look);
      case "resent":
        return this.#stillSilent(nowMs, look) ? this.#probe() : this.#trust(nowMs, look);
      case "probing":
        return this.#asked === undefined ? this.#probe() : this.#judge(nowMs, look);
    }
  }

  /** The exchange told what is subscribed. What it says of it is judged where the subscription is kept; here it means: go on. */
  listed(nowMs: number): void {
    if (this.phase === "listing") this.#dueMs = nowMs;
  }

  /** What REST said of the key that {@link next} asked about: the way out of `probing`. */
  probed(result: ProbeResult, nowMs: number): void {
    if (this.phase !== "probing") return;
    this.#verdict = result;
    this.#dueMs = nowMs;
  }

  #resend(nowMs: number, look: (nowMs: number) => Silence): FeedAction {
    if (!this.#stillSilent(nowMs, look)) return this.#trust(nowMs, look);
    // Sent again on the link before and ignored on this one: once more would be a try too many.
    const ignored = this.#suspects.filter(isIgnored);
    if (ignored.length > 0) {
      this.#suspects = ignored;
      return this.#probe();
    }
    this.#enter("resent", nowMs + this.#options.resendWaitMs);
    return { _tag: "Resend" };
  }

  #probe(): FeedAction {
    const [first, ...others] = this.#suspects;
    if (first === undefined) return { _tag: "Wait", dueMs: this.#dueMs };
    const suspect = others.reduce((best, other) => (other.silenceMs < best.silenceMs ? other : best), first);
    this.#asked = suspect;
    this.#probes++;
    this.#enter("probing", Number.POSITIVE_INFINITY);
    return { _tag: "Probe", suspect };
  }

  /** Judged by who is silent now: whoever spoke while REST was asked may have told of the very thing that REST knows. */
  #judge(nowMs: number, look: (nowMs: number) => Silence): FeedAction {
    const verdict = this.#verdict;
    const asked = this.#asked;
    this.#verdict = undefined;
    this.#asked = undefined;
    if (!this.#stillSilent(nowMs, look)) return this.#trust(nowMs, look);
    const suspects = this.#suspects;
    const suspect = suspects.find(({ id }) => id === asked?.id);
    if (verdict === "newer" && suspect === undefined) return this.#trust(nowMs, look);
    if (verdict === "same" && suspect !== undefined) return this.#quiet(suspect, nowMs);
    this.#enter("trusting", nowMs);
    if (verdict === "gone" && suspect !== undefined) return { _tag: "Gone", suspect };
    if (verdict !== "newer" || suspect === undefined) return { _tag: "Quiet", suspects, isProved: false };
    if (isIgnored(suspect) && this.#othersSpeak) return { _tag: "Refuse", suspects: suspects.filter(isIgnored) };
    return { _tag: "Mute", suspects };
  }

  /** REST knows nothing newer of this one. The others are asked about next; when enough were, those that ever spoke here are believed with it. */
  #quiet(suspect: Suspect, nowMs: number): FeedAction {
    const others = this.#suspects.filter(({ id }) => id !== suspect.id);
    if (others.length > 0 && this.#probes < probesInARound) {
      this.#suspects = others;
      this.#enter("probing", nowMs);
      return { _tag: "Quiet", suspects: [suspect], isProved: true };
    }
    // Asked for again before long: on this link nobody has heard of them.
    this.#unproved = others.filter(({ spoke }) => !spoke);
    this.#enter("trusting", nowMs);
    return { _tag: "Quiet", suspects: [suspect, ...others.filter(({ spoke }) => spoke)], isProved: true };
  }

  #stillSilent(nowMs: number, look: (nowMs: number) => Silence): boolean {
    const { suspects, othersSpeak } = look(nowMs);
    this.#othersSpeak = othersSpeak;
    const silent = new Map(suspects.map((suspect) => [suspect.id, suspect]));
    this.#suspects = this.#suspects.flatMap(({ id }) => silent.get(id) ?? []);
    return this.#suspects.length > 0;
  }

  #trust(nowMs: number, look: (nowMs: number) => Silence): FeedAction {
    this.#enter("trusting", nowMs);
    return this.next(nowMs, look);
  }

  #enter(phase: FeedPhase, dueMs: number): void {
    this.phase = phase;
    this.#dueMs = dueMs;
  }

  #wait(phase: FeedPhase, dueMs: number): FeedAction {
    this.#enter(phase, dueMs);
    return { _tag: "Wait", dueMs };
  }
}

/** It never spoke on this link, nor on the one before that was given up for it. */
const isIgnored = (suspect: Suspect): boolean => suspect.blamed && !suspect.spoke;
