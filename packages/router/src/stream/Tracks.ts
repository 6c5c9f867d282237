/**
 * Every key on the wire by its name, and what can be asked of it: is it live, on which link, how well is its last value proved, who has been
 * silent too long. Owned by `FrameHub.ts`, which changes it frame by frame; the pool and the sessions only ask.
 */
import type { Interval } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Silence, Suspect } from "../transport/FeedWatch.ts";
import { type KeySilenceOptions, silenceOf, trustedMs } from "./keySilence.ts";
import type { DataMessage } from "../transport/Session.ts";
import { type LinkId, Track } from "./Track.ts";

export class Tracks {
  readonly #tracks = new Map<KeyId, Track>();
  /** The same by what a frame says of itself, so that no name is put together per frame; candles first by their interval. */
  readonly #named = { ticker: new Map<Market, Track>(), orderbook: new Map<Market, Track>(), trades: new Map<Market, Track>() };
  readonly #candles = new Map<Interval, Map<Market, Track>>();
  readonly #options: KeySilenceOptions;

  constructor(options: KeySilenceOptions) {
    this.#options = options;
  }

  get(id: KeyId): Track | undefined {
    return this.#tracks.get(id);
  }

  /** The track of the key that a message is about. */
  of(message: DataMessage): Track | undefined {
    switch (message._tag) {
      case "Ticker":
        return this.#named.ticker.get(message.value.market);
      case "Orderbook":
        return this.#named.orderbook.get(message.value.market);
      case "Trade":
        return this.#named.trades.get(message.value.market);
      case "Candle":
        return this.#candles.get(message.value.interval)?.get(message.value.market);
    }
  }

  /** The key's track, made when there is none. */
  obtain(key: StreamKey): Track {
    const id = keyId(key);
    const known = this.#tracks.get(id);
    if (known !== undefined) return known;
    const track = new Track(key);
    this.#tracks.set(id, track);
    this.#namesOf(key).set(key.market, track);
    return track;
  }

  /** Forgets a track that nothing refers to. */
  release(track: Track): void {
    if (track.carried || track.consumers.size > 0 || track.waiters.size > 0 || this.#tracks.get(track.id) !== track) return;
    this.#tracks.delete(track.id);
    this.#namesOf(track.key).delete(track.key.market);
  }

  #namesOf(key: StreamKey): Map<Market, Track> {
    if (key.kind !== "candles") return this.#named[key.kind];
    const named = this.#candles.get(key.interval) ?? new Map<Market, Track>();
    this.#candles.set(key.interval, named);
    return named;
  }

  all(): Iterable<Track> {
    return this.#tracks.values();
  }

  /** Those that a link carries. */
  *carriedBy(link: LinkId): Iterable<Track> {
    for (const track of this.#tracks.values()) if (track.carriers.has(link)) yield track;
  }

  /** Calls back, once, when the key is live; at once when it already is. Returns how to stop waiting. */
  onLive(key: StreamKey, done: () => void): () => void {
    const track = this.obtain(key);
    if (track.isLive(key)) {
      done();
      return () => {};
    }
    const waiter = {
      depth: depthOf(key),
      done: () => {
        track.waiters.delete(waiter);
        done();
      },
    };
    track.waiters.add(waiter);
    return () => {
      track.waiters.delete(waiter);
      this.release(track);
    };
  }

  isLive(key: StreamKey): boolean {
    return this.#tracks.get(keyId(key))?.isLive(key) ?? false;
  }

  /** Some open link is subscribed to it. */
  isCarried(id: KeyId): boolean {
    return this.#tracks.get(id)?.carried ?? false;
  }

  /** The key has spoken on this link, as deep as it is asked for there. */
  speaksOn(link: LinkId, id: KeyId): boolean {
    const carrier = this.#tracks.get(id)?.carriers.get(link);
    return carrier !== undefined && carrier.spoken && carrier.provenDepth >= carrier.depth;
  }

  /** The exchange confirmed that it is subscribed, or it has spoken. */
  isConfirmed(key: StreamKey): boolean {
    const track = this.#tracks.get(keyId(key));
    return track !== undefined && (track.confirmed || track.isLive(key));
  }

  /**
   * Monotonic time at which a live key was last proved current: when a link of it last gave a sign of life, as far as that proves a key that is
   * silent, less the delay of what comes over that link. Undefined when it is not live.
   */
  confirmedNanos(key: StreamKey, heardOf: (link: LinkId) => bigint | undefined, lateNanosOf: (link: LinkId) => bigint): bigint | undefined {
    const track = this.#tracks.get(keyId(key));
    if (track === undefined) return undefined;
    const depth = depthOf(key);
    let best: bigint | undefined;
    for (const [link, carrier] of track.carriers) {
      const heard = heardOf(link);
      if (!carrier.spoken || carrier.provenDepth < depth || heard === undefined) continue;
      const trusted = carrier.heardNanos + BigInt(Math.round(trustedMs(track, this.#options) * 1e6));
      const proved = (heard < trusted ? heard : trusted) - lateNanosOf(link);
      if (best === undefined || proved > best) best = proved;
    }
    return best;
  }

  /** Keys of the present subscription of a link that the exchange has never answered: the suspects when it refuses one. */
  unproven(link: LinkId): ReadonlyArray<KeyId> {
    return [...this.carriedBy(link)].filter((track) => !track.everSpoken).map((track) => track.id);
  }

  /** Which keys of a link are silent too long, and when the next will be. */
  silence(link: LinkId, nowMs: number): Silence {
    return silenceOf(this.carriedBy(link), link, nowMs, this.#options);
  }

  /** These of a link are believed for now. Where REST says that nothing happened in them, they are given twice the time from now on. */
  quiet(link: LinkId, suspects: ReadonlyArray<Suspect>, isProved: boolean, nowMs: number): void {
    for (const { id } of suspects) {
      const track = this.#tracks.get(id);
      if (track === undefined) continue;
      track.quietMs = nowMs;
      if (isProved) track.patience *= 2;
      track.unproved = !isProved;
      track.suspected = false;
    }
    if (isProved) return;
    // Whatever has been silent for as long may have been dead with them.
    const sinceMs = Math.min(...suspects.map((suspect) => suspect.sinceMs));
    for (const track of this.carriedBy(link)) {
      const heard = track.carriers.get(link)?.heardNanos;
      if (heard !== undefined && Number(heard) / 1e6 <= sinceMs) track.unproved = true;
    }
  }

  /** A link is given up for these. Those that never spoke on it are refused when the next one does not bring them either. */
  blame(suspects: ReadonlyArray<Suspect>): void {
    for (const { id, spoke } of suspects) {
      const track = this.#tracks.get(id);
      if (track !== undefined && !spoke) track.blamed = true;
    }
  }

  /** The exchange says that it has subscribed these. */
  confirmed(link: LinkId, keys: ReadonlyArray<StreamKey>): void {
    for (const key of keys) {
      const carrier = this.#tracks.get(keyId(key))?.carriers.get(link);
      if (carrier !== undefined) carrier.confirmed = true;
    }
  }
}
