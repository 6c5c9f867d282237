/**
 * All sockets of the router as one: which of them carries which key, how many there are, and what is true of them together. One is enough for
 * most programs; more open when one would carry more than it should, or when every key is to be carried twice.
 *
 * Nothing moves with a hole: a key that changes its socket stays on the old one until the new one has brought a word of it, and a key whose
 * socket is down for a moment too long is carried by another until its own speaks again.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import type { Reconnecting } from "../domain/StreamElement.ts";
import type { KeyId, StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { LiveNumbers } from "../health/LiveNumbers.ts";
import { RouterConfig, type RouterConfigShape } from "../RouterConfig.ts";
import { Awake } from "../transport/Awake.ts";
import type { ProbeResult, Suspect } from "../transport/FeedWatch.ts";
import type { LinkDecision } from "../transport/LinkProfile.ts";
import { monotonicMs } from "../transport/Session.ts";
import type { SocketBytes } from "../transport/Transport.ts";
import { startWorker } from "../transport/Workers.ts";
import type { FrameHub } from "./FrameHub.ts";
import type { Interest } from "./Interest.ts";
import { type Link, type LinkState, makeLink } from "./Link.ts";
import { type Place, placeAll, socketsFor, standInFor } from "./Placement.ts";
import type { ResendAnswer } from "./Resend.ts";
import type { LinkId } from "./Track.ts";

export interface LinkEvent {
  /** Of all sockets together: open when any is, else connecting, else waiting. */
  readonly state: LinkState;
  /** Why the last link ended, for `waiting`; else null. */
  readonly reason: string | null;
  /** Monotonic time of the change. */
  readonly atNanos: bigint;
}

/** Told synchronously of every change of the state of the sockets. Must not throw. Read once, when the layer is built. */
export const LinkObserver = Context.Reference<(event: LinkEvent) => void>("@naru/router/stream/LinkObserver", {
  defaultValue: () => () => {},
});

export interface PoolOptions {
  readonly interest: Interest;
  readonly hub: FrameHub;
  readonly numbers: LiveNumbers;
  readonly probe: (suspect: Suspect) => Effect.Effect<ProbeResult>;
  /** A link broke, could not be opened, or is refused keys: whoever waits for one of `concerns` fails with this. */
  readonly onDown: (error: MarketDataError, concerns: (id: KeyId) => boolean) => void;
  /** Bytes that came in, about once a second and socket. */
  readonly onBytes: (grown: SocketBytes) => void;
}

/** The pool, and a fiber per socket in the present scope. */
export const makePool = Effect.fnUntraced(function* (options: PoolOptions) {
  const config = yield* RouterConfig;
  const pool = new Pool({ ...options, config, clock: yield* Clock.Clock, observer: yield* LinkObserver });
  const links = yield* Effect.forEach(
    Array.from({ length: config.maxSockets }, (_, id) => id),
    (id) => makeLink(pool.linkOptions(id)),
  );
  pool.links = links;
  yield* (yield* Awake).onWake(({ sleptMs }) => pool.slept(sleptMs));
  const fibers = yield* Effect.forEach(links, (link) => startWorker(`socket ${link.id + 1}`, link.run, { isVital: true }));
  // A peer that does not answer a close is waited for a second: one second for all of them.
  yield* Effect.addFinalizer(() => Fiber.interruptAll(fibers));
  return pool;
});

interface PoolParts extends PoolOptions {
  readonly config: RouterConfigShape;
  readonly clock: Clock.Clock;
  readonly observer: (event: LinkEvent) => void;
}

interface Placed {
  readonly version: number;
  /** Of every wanted key, in their order. */
  readonly places: ReadonlyArray<Place>;
}

export class Pool {
  readonly #parts: PoolParts;
  links: ReadonlyArray<Link> = [];
  /** Sockets in use. */
  #sockets = 1;
  #keysPerSocket: number;
  #placed: Placed | undefined;
  /** What each link was last told to carry. */
  readonly #carried = new Map<LinkId, ReadonlyArray<StreamKey>>();
  #keepUntilMs = 0;
  #state: LinkState = "idle";
  /** Why a link ended last; null when none did. */
  lastClose: string | null = null;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#keysPerSocket = parts.config.keysPerSocket;
  }

  get state(): LinkState {
    return this.#state;
  }

  get connected(): boolean {
    return this.links.some((link) => link.state === "open");
  }

  /** Somebody asks for a socket: the first one opens if none is, and stays for a while. */
  open(): void {
    this.#keep(this.#nowMs());
    this.links[0]?.changed();
  }

  /** The wanted set, or what carries it, may have changed. */
  changed(): void {
    for (const link of this.links) link.changed();
  }

  /** Every socket that carries something sends all of it once more; the others are passed over. What each says within `patienceMs`, in their order. */
  resend(patienceMs: number): Effect.Effect<ReadonlyArray<ResendAnswer | undefined>> {
    const carrying = this.links.filter((link) => link.state === "open" && this.#wantedOf(link.id, this.#nowMs()).length > 0);
    const inTime = (link: Link) => Effect.map(Effect.timeoutOption(link.resend(), patienceMs), Option.getOrUndefined);
    return Effect.forEach(carrying, inTime, { concurrency: "unbounded" });
  }

  /** This process slept: no socket is believed, however it looks. */
  slept(sleptMs: number): void {
    for (const link of this.links) link.slept(sleptMs);
  }

  /** For good. */
  close(): void {
    this.#told("closed", null);
    for (const link of this.links) link.close();
  }

  /** The judgement of the line, where it is no ordinary one. All sockets run on the same. */
  line(): LinkDecision | undefined {
    return this.links.find(({ line }) => line.decision.profile !== "fast")?.line.decision;
  }

  /** The share of its message limit that the open socket with the least left has used, 0 to 1. */
  messageUsage(): number {
    return Math.max(0, ...this.links.map((link) => link.messageUsage));
  }

  /** Asks every open link for a sign of life now. */
  ping(): void {
    for (const link of this.links) if (link.state === "open") link.ping();
  }

  /** Last sign of life of a link. */
  heardNanos(link: LinkId): bigint | undefined {
    return this.links[link]?.heardNanos;
  }

  /** What a consumer that comes now has to know: its keys' sockets are down. */
  down(): { readonly element: Reconnecting; readonly sinceMs: number } | undefined {
    return this.connected ? undefined : this.links.find((link) => link.down !== undefined)?.down;
  }

  /** Since when all sockets in use have been open without trouble. */
  goodSinceMs(): number | undefined {
    const opened = this.links.slice(0, this.#sockets).map((link) => link.openedMs);
    return opened.includes(undefined) ? undefined : Math.max(...opened.map((ms) => ms ?? 0));
  }

  linkOptions(id: LinkId): Parameters<typeof makeLink>[0] {
    const { hub, interest, numbers, probe } = this.#parts;
    return {
      id,
      hub,
      numbers,
      probe,
      wanted: (nowMs) => this.#wantedOf(id, nowMs),
      nextChangeMs: (nowMs) => Math.min(interest.nextExpiryMs(), this.#nextMoveMs(nowMs)),
      keptUntilMs: () => (id === 0 ? this.#keepUntilMs : 0),
      onState: (reason) => this.#changedState(reason),
      onEnded: (reason) => {
        this.lastClose = reason;
      },
      onDown: (error) => {
        this.#parts.onDown(error, (key) => !hub.tracks.isCarried(key));
        this.changed();
      },
      onRefused: (ids, error) => {
        const refused = new Set(ids);
        for (const key of refused) {
          interest.forgetReads(key);
          if (!interest.has(key)) numbers.changeFailed(key, this.#nowMs(), "subscription");
        }
        this.#parts.onDown(error, (key) => refused.has(key));
        this.changed();
      },
      onBytes: this.#parts.onBytes,
      onTooBig: () => {
        this.#keysPerSocket = Math.max(1, Math.floor(Math.min(this.#keysPerSocket, interest.wanted(this.#nowMs()).length) / 2));
      },
    };
  }

  /** The same array while it holds the same keys: links ask at every step, and compare it with what they have sent. */
  #wantedOf(id: LinkId, nowMs: number): ReadonlyArray<StreamKey> {
    const { config, interest } = this.#parts;
    const wanted = interest.wanted(nowMs);
    if (wanted.length > 0) this.#keep(nowMs);
    const sockets = socketsFor(wanted.length, this.#sockets, { ...config, keysPerSocket: this.#keysPerSocket });
    if (sockets !== this.#sockets) {
      this.#sockets = sockets;
      this.#placed = undefined;
      this.changed();
    }
    if (sockets === 1 && this.links.every((link) => link.id === 0 || link.state === "idle")) return id === 0 ? wanted : [];
    if (this.#placed?.version !== interest.version) {
      this.#placed = { version: interest.version, places: placeAll(wanted, sockets, config.copies) };
    }
    const { places } = this.#placed;
    const up = this.links.filter((link) => link.id < sockets && link.state === "open").map((link) => link.id);
    const keys = wanted.filter((_, nth) => this.#carries(id, places[nth], up, nowMs));
    const before = this.#carried.get(id);
    if (before?.length === keys.length && keys.every((key, nth) => key === before[nth])) return before;
    this.#carried.set(id, keys);
    return keys;
  }

  #carries(link: LinkId, place: Place | undefined, up: ReadonlyArray<LinkId>, nowMs: number): boolean {
    if (place === undefined) return false;
    const { homes, id } = place;
    if (homes.includes(link)) return true;
    const { tracks } = this.#parts.hub;
    // Carried here until a socket of its own speaks of it.
    if (homes.some((home) => tracks.speaksOn(home, id))) return false;
    if (tracks.speaksOn(link, id)) return true;
    return homes.every((home) => this.#isDown(home, nowMs)) && standInFor(id, up) === link;
  }

  /** Down for longer than a reconnect usually takes. */
  #isDown(id: LinkId, nowMs: number): boolean {
    const link = this.links[id];
    return link?.down !== undefined && nowMs - link.down.sinceMs >= this.#parts.config.moveAfterMs;
  }

  /** When the next link counts as down; infinity when none is about to. */
  #nextMoveMs(nowMs: number): number {
    const due = this.links.flatMap((link) => (link.down === undefined ? [] : [link.down.sinceMs + this.#parts.config.moveAfterMs]));
    return Math.min(Number.POSITIVE_INFINITY, ...due.filter((ms) => ms > nowMs));
  }

  #changedState(reason: string | null): void {
    const states = this.links.map((link) => link.state);
    const order: ReadonlyArray<LinkState> = ["open", "connecting", "waiting"];
    this.#told(order.find((state) => states.includes(state)) ?? "idle", reason);
    if (this.links.length > 1) for (const link of this.links) if (link.state !== "idle" || link.id < this.#sockets) link.changed();
  }

  #told(state: LinkState, reason: string | null): void {
    if (this.#state === "closed" || this.#state === state) return;
    this.#state = state;
    this.#parts.observer({ state, reason, atNanos: this.#parts.clock.monotonicTimeNanosUnsafe() });
  }

  #keep(nowMs: number): void {
    this.#keepUntilMs = Math.max(this.#keepUntilMs, nowMs + this.#parts.config.lingerMs);
  }

  #nowMs(): number {
    return monotonicMs(this.#parts.clock);
  }
}
