/**
 * The hub's side of trades: from one market's continuity to the consumers it concerns. Trades held for order leave when they are due, which a
 * fiber sees to (`TradeRelease.ts`); what REST found goes to those consumers that were there when it happened.
 */
import type { Live, Recovered } from "../domain/StreamElement.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import type { Trade } from "../domain/Trade.ts";
import type { Consumers } from "./Consumers.ts";
import type { Track } from "./Track.ts";
import type { TradeContinuity } from "./TradeContinuity.ts";
import type { Tracks } from "./Tracks.ts";

/** One market whose trades somebody follows. */
export interface TradeTrack {
  readonly track: Track;
  readonly key: Extract<StreamKey, { kind: "trades" }>;
  readonly trades: TradeContinuity;
}

export interface TradeFlowOptions {
  readonly tracks: Tracks;
  readonly consumers: Consumers;
  /** Called synchronously: a trade is held for order, and {@link TradeFlow.release} is to be called when it is due. */
  readonly onHeld: () => void;
  /** REST knows something newer of this key than its links have brought. */
  readonly onOutdated: (track: Track, nowMs: number) => void;
  /** Trades of this key were missed, more than are known by now. */
  readonly onHole: (track: Track, nowMs: number) => void;
}

export class TradeFlow {
  readonly #options: TradeFlowOptions;
  /** Tracks with trades held for order. */
  readonly #holding = new Set<Track>();

  constructor(options: TradeFlowOptions) {
    this.#options = options;
  }

  /** A live trade. `nowMs` is monotonic. */
  accept(track: Track, trades: TradeContinuity, live: Live<Trade>, nowMs: number): void {
    for (const element of trades.accept(live, nowMs)) this.#deliver(track, element);
    if (trades.dueMs() === Number.POSITIVE_INFINITY) return;
    this.#holding.add(track);
    this.#options.onHeld();
  }

  /** When the next trade held for order is due, monotonic milliseconds; infinity when none is held. */
  dueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { continuity } of this.#holding) if (continuity.kind === "trades") dueMs = Math.min(dueMs, continuity.trades.dueMs());
    return dueMs;
  }

  /** Hands out the trades held for order that are due. */
  release(nowMs: number): void {
    for (const track of this.#holding) {
      const trades = track.continuity.kind === "trades" ? track.continuity.trades : undefined;
      for (const element of trades?.release(nowMs) ?? []) this.#deliver(track, element);
      if (trades === undefined || trades.dueMs() === Number.POSITIVE_INFINITY) this.#holding.delete(track);
    }
    this.#options.consumers.flush();
  }

  /** The markets with an open hole and no link to end it, or those that flow on a live key. */
  tracks(state: "down" | "flowing"): ReadonlyArray<TradeTrack> {
    const found: Array<TradeTrack> = [];
    for (const track of this.#options.tracks.all()) {
      const { continuity, key } = track;
      if (continuity.kind !== "trades" || key.kind !== "trades") continue;
      const { trades } = continuity;
      if (state === "down" ? trades.down && !track.carried : !trades.broken && track.isLive(key)) found.push({ track, key, trades });
    }
    return found;
  }

  /** Whether what was read for this market still concerns it. */
  isCurrent({ track, trades }: TradeTrack): boolean {
    return track.continuity.kind === "trades" && track.continuity.trades === trades;
  }

  /** Trades read while the link is down. From here on, whoever is there by now is owed what follows. */
  caughtUp({ track }: TradeTrack, elements: ReadonlyArray<Recovered<Trade>>): void {
    const { consumers } = this.#options;
    for (const element of elements) track.deliver(element, consumers.touched, (consumer) => consumer.sequence <= track.holeSequence);
    track.holeSequence = consumers.newest;
    consumers.flush();
  }

  /** Trades that the exchange never sent on a living link. */
  foundMissing({ track }: TradeTrack, elements: ReadonlyArray<Recovered<Trade>>, nowMs: number): void {
    for (const element of elements) this.#deliver(track, element);
    // Newer than all that the socket has brought: it may bring nothing more.
    if (elements.some(({ late }) => !late)) this.#options.onOutdated(track, nowMs);
    this.#options.consumers.flush();
  }

  /** The exchange has sent so little on a living link that one page does not reach what was given out: it is read back like a broken link's. */
  fellBehind({ track }: TradeTrack, nowMs: number): void {
    this.#options.onOutdated(track, nowMs);
    this.#options.onHole(track, nowMs);
    this.#options.consumers.flush();
  }

  /** What comes behind later trades concerns those consumers that were there before it. */
  #deliver(track: Track, element: Live<Trade> | Recovered<Trade>): void {
    const { touched } = this.#options.consumers;
    const { tradeTimeMs } = element.value;
    if (!element.late) return track.deliver(element, touched);
    track.deliver(element, touched, (consumer) => (consumer.beganMs?.get(track.id) ?? Number.NEGATIVE_INFINITY) < tradeTimeMs);
  }
}
