/**
 * One socket of the router, over all its lives: opened when somebody wants it, reconnected with backoff while somebody does, closed after a
 * while when nobody does. A socket that cannot be opened never fails anything here: it is a state, told to the pool and to the streams.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Random from "effect/Random";
import type { Market } from "../domain/Market.ts";
import type { Reconnecting } from "../domain/StreamElement.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { InvalidRequest, type MarketDataError, MarketUnknown, NetworkError } from "../errors/MarketDataError.ts";
import type { LinkNumbers } from "../health/LinkNumbers.ts";
import type { LiveNumbers } from "../health/LiveNumbers.ts";
import { receiveFailureOf } from "../health/receiveFailure.ts";
import { RateLimiter } from "../limits/RateLimiter.ts";
import { RouterConfig, type RouterConfigShape } from "../RouterConfig.ts";
import type { ProbeResult, Suspect } from "../transport/FeedWatch.ts";
import { Line } from "../transport/Line.ts";
import { Rhythm } from "../transport/Rhythm.ts";
import type { Limit } from "../limits/LimitTable.ts";
import { MessageBudget } from "../transport/MessageBudget.ts";
import { hasLost } from "../transport/SessionMachine.ts";
import { monotonicMs, runSession, type SessionHooks } from "../transport/Session.ts";
import type { SessionEnd } from "../transport/SessionEnd.ts";
import { Signal } from "../transport/Signal.ts";
import type { SocketBytes, Transport } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import type { FrameHub } from "./FrameHub.ts";
import { describeEnd, endReasons, isProtocolBreak } from "./linkEnd.ts";
import { delayAfterMs, recentMs } from "./ReconnectDelay.ts";
import { Resend, type ResendAnswer } from "./Resend.ts";
import type { LinkId } from "./Track.ts";

/** `idle`: never asked to open. `connecting`: an attempt is under way. `open`: upgraded. `waiting`: between attempts. `closed`: for good. */
export type LinkState = "idle" | "connecting" | "open" | "waiting" | "closed";

export interface LinkOptions {
  readonly id: LinkId;
  readonly hub: FrameHub;
  readonly numbers: LiveNumbers;
  /** What this link should be subscribed to. */
  readonly wanted: (nowMs: number) => ReadonlyArray<StreamKey>;
  /** When {@link wanted} may next change without {@link Link.changed}. */
  readonly nextChangeMs: (nowMs: number) => number;
  /** It is to be open though it carries nothing. */
  readonly keptUntilMs: () => number;
  readonly probe: (suspect: Suspect) => Effect.Effect<ProbeResult>;
  /** Told synchronously of every change of {@link Link.state}. */
  readonly onState: (reason: string | null) => void;
  /** One of its lives is over, also as planned. */
  readonly onEnded: (reason: string) => void;
  /** The link broke, or could not be opened: whoever waits on it fails with this. */
  readonly onDown: (error: MarketDataError) => void;
  /** The exchange refuses these keys: reads of them are to be forgotten, and whoever waits for one fails with this. */
  readonly onRefused: (ids: ReadonlyArray<KeyId>, error: MarketDataError) => void;
  /** The peer found our message too big. */
  readonly onTooBig: () => void;
  /** Bytes that came in, about once a second. */
  readonly onBytes: (grown: SocketBytes) => void;
}

export const makeLink = Effect.fnUntraced(function* (options: LinkOptions) {
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const line = new Line(config, venue.socket.format);
  const messageLimits = venue.limits.socketMessage;
  return new Link({ ...options, clock: yield* Clock.Clock, config, host: venue.host, venue: venue.id, line, messageLimits });
});

interface LinkParts extends LinkOptions {
  readonly clock: Clock.Clock;
  readonly config: RouterConfigShape;
  readonly host: string;
  /** Its name, for errors. */
  readonly venue: string;
  readonly line: Line;
  readonly messageLimits: ReadonlyArray<Limit>;
}

/** Close codes remembered, the oldest forgotten first. */
const closesRemembered = 32;
const tooBig = 1009;
/** So many breaks of the protocol within {@link recentMs} are laid to compression. */
const breaksBeforePlain = 3;

export class Link {
  readonly #parts: LinkParts;
  readonly #wake = new Signal();
  readonly #rhythm = new Rhythm();
  state: LinkState = "idle";
  connects = 0;
  lastClose: string | null = null;
  /** Last sign of life, of any of its lives, that proves what it carries. */
  heardNanos: bigint | undefined;
  /** What the consumers were last told while the link is down, and since when it is. */
  down: { readonly element: Reconnecting; readonly sinceMs: number } | undefined;
  /** Since when it has been open without trouble; undefined while it is not open. */
  openedMs: number | undefined;
  /** Ends since the last stable life. */
  #failures = 0;
  #refusals = 0;
  #spoken = false;
  /** What it was subscribed to last, also in an earlier life. */
  #subscribed: ReadonlyArray<StreamKey> = [];
  #closes: Array<{ readonly code: number; readonly atMs: number }> = [];

  /** Frames broke the protocol so often that compression is tried without, once, for the rest of this link's time. */
  #plain = false;
  /** What the session is to do at its next look. */
  readonly #asked = new Set<"doubt" | "ping">();
  /** Ends the life that is on now; nothing while there is none. */
  #slept: (sleptMs: number) => void = () => {};
  readonly #resend = new Resend();

  /** What its present socket has sent. */
  #messages: MessageBudget;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#messages = new MessageBudget(parts.messageLimits);
  }

  /** The share of the socket's message limit in use, 0 to 1; 0 while it is not open. */
  get messageUsage(): number {
    return this.state === "open" ? this.#messages.usage(this.#nowMs()) : 0;
  }

  /** What was measured of its road, and what follows from that. */
  get line(): Line {
    return this.#parts.line;
  }

  get id(): LinkId {
    return this.#parts.id;
  }

  get attempt(): number {
    return this.state === "open" ? 0 : this.#failures;
  }

  /** What it should carry, or how long it is kept, may have changed. */
  changed(): void {
    this.#wake.notify();
  }

  /** A key of it owes a word sooner than it seemed: the watch over its feed looks again. */
  watch(): void {
    this.#asked.add("doubt");
    this.#wake.notify();
  }

  /** Asks the peer for a sign of life now. */
  ping(): void {
    this.#asked.add("ping");
    this.#wake.notify();
  }

  /** Sends the whole subscription once more. Undefined where there is none to send, and when the link ends before the exchange's list has come. */
  resend(): Effect.Effect<ResendAnswer | undefined> {
    if (this.state !== "open" || this.#parts.wanted(this.#nowMs()).length === 0) return Effect.undefined;
    const answer = this.#resend.ask();
    this.#wake.notify();
    return answer;
  }

  /** This process slept: the present socket is replaced, in whatever state it is. */
  slept(sleptMs: number): void {
    this.#slept(sleptMs);
  }

  /** For good: no more state changes are told after this. */
  close(): void {
    this.#set("closed", null);
  }

  /** Keeps the link for ever: one session after another. */
  readonly run: Effect.Effect<never, never, Transport | Venue | RateLimiter> = Effect.suspend(() =>
    this.#needed(this.#nowMs()) ? this.#attempt : this.#rest,
  ).pipe(Effect.forever);

  /** Nobody wants the link; whoever comes next was not there when it broke. */
  readonly #rest: Effect.Effect<void> = Effect.suspend(() => {
    this.down = undefined;
    this.#set("idle", null);
    return this.#wake.wait;
  });

  readonly #attempt: Effect.Effect<void, never, Transport | Venue | RateLimiter> = Effect.suspend(() => {
    this.#set("connecting", null);
    return runSession(this.#hooks(), this.#wake);
  }).pipe(
    // Our own interruption passes this by; an interruption caught here came from elsewhere and must not end the link for good.
    Effect.catchCause((cause) => {
      const error = new NetworkError({ phase: "socket", host: this.#parts.host, code: null, detail: "the session crashed" });
      const end: SessionEnd = { _tag: "Failed", error, opened: this.state === "open" };
      if (this.state !== "waiting") this.#ended(end);
      return Effect.as(Effect.logError("The socket session crashed", cause), end);
    }),
    Effect.flatMap((end) => this.#pause(end)),
  );

  #pause(end: SessionEnd): Effect.Effect<void, never, RateLimiter> {
    if (end._tag === "Unwanted") return Effect.void;
    return Effect.gen({ self: this }, function* () {
      if (end._tag === "Failed" && end.error._tag === "RateLimited" && end.error.scope === "ip") {
        const limiter = yield* RateLimiter;
        yield* limiter.block(end.error.retryAfterMs, end.error.detail);
      }
      const random01 = yield* Random.next;
      const facts = { failures: this.#failures - 1, refusals: this.#refusals, sameCodeAgoMs: this.#sameCodeAgoMs(end), random01 };
      yield* Effect.sleep(delayAfterMs(end, facts));
    });
  }

  readonly #hooks = (): SessionHooks => ({
    line: this.line,
    rhythm: this.#rhythm,
    plain: () => this.#plain,
    onBytes: (grown) => this.#parts.onBytes(grown),
    wanted: (nowMs) => this.#parts.wanted(nowMs),
    unwanted: (nowMs) => !this.#needed(nowMs),
    nextChangeMs: (nowMs) => Math.min(this.#parts.nextChangeMs(nowMs), this.#keptUntilMs(nowMs)),
    silence: (nowMs) => this.#parts.hub.tracks.silence(this.id, nowMs),
    takeDoubt: () => this.#asked.delete("doubt"),
    takePing: () => this.#asked.delete("ping"),
    takeResend: () => this.#resend.take(),
    isBlamed: (key) => this.#parts.hub.tracks.get(keyId(key))?.blamed === true,
    probe: (suspect) => this.#parts.probe(suspect),
    onOpen: () => this.#opened(),
    onSent: (keys, reason) => {
      this.#messages.sent(this.#nowMs());
      this.#numbers.subscribed(keys.length, reason !== "changed");
      // The rhythm of keys that an earlier life carried says nothing of those that this one does.
      if (hasLost(this.#subscribed, keys)) this.#rhythm.reset();
      this.#subscribed = keys;
      this.#resend.sent(keys);
      this.#parts.hub.sent(this.id, keys, this.#nowMs());
      this.#parts.hub.resumed(this.#nowMs(), this.#parts.clock.currentTimeMillisUnsafe());
    },
    onAsked: () => {
      this.#messages.sent(this.#nowMs());
      this.#numbers.asked();
    },
    onListed: (keys, isSame) => {
      this.#numbers.listCompared(isSame);
      this.#parts.hub.confirmed(this.id, keys);
      this.#resend.listed(keys, isSame);
    },
    onRoundTrip: (ms) => this.#numbers.answered(ms),
    onBegun: (slept) => {
      this.#slept = slept;
    },
    onUnread: (error) => this.#parts.numbers.failed("decode", this.#nowMs(), error.message),
    onFrame: (nowMs) => this.#parts.numbers.decoding.frame(nowMs),
    onGeneral: (cause) => this.#parts.numbers.decoding.general(cause, this.#nowMs()),
    onHeard: (nanos) => {
      this.heardNanos = nanos;
    },
    onMessage: (message, receipt) => {
      this.#spoken = true;
      this.#parts.hub.accept(this.id, message, receipt);
    },
    onSlow: () => {
      this.#numbers.slowed();
      this.#parts.hub.slowed(this.id, this.#nowMs());
    },
    onLost: (lost) => this.#parts.hub.lost(this.id, lost, this.#nowMs()),
    // A real socket's read ends in a turn of its own, which consumers may have. An emulated one's ends within a fiber, which is to finish its step first.
    onReadEnd: () => this.#parts.hub.flush(Fiber.getCurrent() === undefined),
    onQuiet: (suspects, isProved) => this.#parts.hub.tracks.quiet(this.id, suspects, isProved, this.#nowMs()),
    onRefused: (suspects) => this.#refused(suspects),
    onGone: ({ key }) => this.#gone(key.market),
    onMute: (suspects) => {
      this.#parts.numbers.failed("data", this.#nowMs(), suspects.map(({ id }) => id).join(" "));
      this.#parts.hub.tracks.blame(suspects);
    },
    onEnd: (end) => this.#ended(end),
  });

  get #numbers(): LinkNumbers {
    return this.#parts.numbers.link(this.id === 0 ? "main" : `socket-${this.id + 1}`);
  }

  #opened(): void {
    this.connects++;
    this.#messages = new MessageBudget(this.#parts.messageLimits);
    this.#numbers.opened(this.#nowMs());
    this.heardNanos = this.#parts.clock.monotonicTimeNanosUnsafe();
    this.openedMs = this.#nowMs();
    this.#rhythm.interrupted();
    this.down = undefined;
    this.#spoken = false;
    this.#set("open", null);
  }

  /** In the same step in which the end is known, nothing is live on this link any more. */
  #ended(end: SessionEnd): void {
    const { hub, config, clock, onDown, host } = this.#parts;
    const nowMs = this.#nowMs();
    const reason = describeEnd(end);
    this.lastClose = reason;
    this.#parts.onEnded(reason);
    this.#count(end, reason, nowMs);
    const stable = this.#spoken && this.openedMs !== undefined && nowMs - this.openedMs >= config.stableAfterMs;
    this.openedMs = undefined;
    this.#resend.ended();
    if (end._tag === "Unwanted") {
      this.#failures = 0;
      hub.idle(this.id, nowMs);
      // Its close may take a while, in which it is not open any more.
      return this.#set("idle", null);
    }
    if (end._tag === "Closed") this.#remember(end.code, nowMs);
    this.#failures = stable ? 1 : this.#failures + 1;
    const element: Reconnecting = { _tag: "Reconnecting", attempt: this.#failures, reason, atMs: clock.currentTimeMillisUnsafe() };
    this.down = { element, sinceMs: this.down?.sinceMs ?? nowMs };
    this.#set("waiting", reason);
    if (end._tag === "Failed") this.#judge(end.error, end.opened);
    if (end._tag === "Closed" && end.code === tooBig) this.#parts.onTooBig();
    hub.interrupt(this.id, element, nowMs);
    onDown(
      end._tag === "Failed"
        ? end.error
        : new NetworkError({ phase: "socket", host, code: end._tag === "Closed" ? String(end.code) : null, detail: reason }),
    );
  }

  /**
   * A request that the exchange calls wrong would be wrong again for ever. Reads of keys that it never answered are given up at once; streams of
   * such keys fail the second time in a row. Keys that have ever spoken are not suspected.
   */
  #judge(error: MarketDataError, opened: boolean): void {
    const refused = error._tag === "InvalidRequest" || error._tag === "Unauthorized" || error._tag === "MarketUnknown";
    this.#refusals = refused ? this.#refusals + 1 : 0;
    if (!refused || !opened) return;
    const suspects = this.#parts.hub.tracks.unproven(this.id);
    this.#parts.onRefused(suspects, error);
    const names = new Set(suspects);
    if (this.#refusals >= 2) this.#parts.hub.fail(error, (id) => names.has(id));
  }

  /** Subscribed twice, on two links, and never heard, while REST knows the market and other keys speak: only these fail. */
  #refused(suspects: ReadonlyArray<Suspect>): void {
    this.#parts.hub.tracks.quiet(this.id, suspects, true, this.#nowMs());
    for (const { id } of suspects) {
      this.#parts.numbers.changeFailed(id, this.#nowMs(), "subscription");
      const error = new InvalidRequest({ field: "subscription", input: id, reason: "is ignored by the exchange" });
      this.#parts.onRefused([id], error);
      this.#parts.hub.fail(error, (other) => other === id);
    }
  }

  /** Every stream of the market ends, of whatever kind, and reads of it are forgotten: nothing is asked about it any more. */
  #gone(market: Market): void {
    const { hub, onRefused, venue } = this.#parts;
    const ids = new Set([...hub.tracks.all()].flatMap((track) => (track.key.market === market ? [track.id] : [])));
    const error = new MarketUnknown({ market, venue, near: [] });
    onRefused([...ids], error);
    hub.fail(error, (id) => ids.has(id));
  }

  #count(end: SessionEnd, reason: string, nowMs: number): void {
    if (this.openedMs === undefined) this.#numbers.attemptFailed();
    else this.#numbers.ended(endReasons[end._tag], reason, nowMs);
    if (end._tag === "Unwanted" || end._tag === "Mute") return;
    this.#parts.numbers.failed(end._tag === "Failed" ? receiveFailureOf(end.error) : "connection", nowMs, reason);
  }

  #remember(code: number, nowMs: number): void {
    this.#closes = [{ code, atMs: nowMs }, ...this.#closes].slice(0, closesRemembered);
    const broken = this.#closes.filter((close) => isProtocolBreak(close.code) && nowMs - close.atMs < recentMs);
    if (broken.length >= breaksBeforePlain) this.#plain = true;
  }

  #sameCodeAgoMs(end: SessionEnd): ReadonlyArray<number> {
    if (end._tag !== "Closed") return [];
    const nowMs = this.#nowMs();
    const [, ...earlier] = this.#closes.filter(({ code, atMs }) => code === end.code && nowMs - atMs < recentMs);
    return earlier.map(({ atMs }) => nowMs - atMs);
  }

  #needed(nowMs: number): boolean {
    return this.#parts.wanted(nowMs).length > 0 || nowMs < this.#parts.keptUntilMs();
  }

  #keptUntilMs(nowMs: number): number {
    return this.#parts.wanted(nowMs).length === 0 ? this.#parts.keptUntilMs() : Number.POSITIVE_INFINITY;
  }

  #nowMs(): number {
    return monotonicMs(this.#parts.clock);
  }

  #set(state: LinkState, reason: string | null): void {
    if (this.state === "closed" || this.state === state) return;
    this.state = state;
    this.#parts.onState(reason);
  }
}
