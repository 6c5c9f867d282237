/**
 * The hub's side of tickers and books, of which only the newest counts: which of them the socket does not bring to their consumers, and what REST
 * brings meanwhile (`Polling.ts`). Newer wins, whichever way it came, and no moment is told by both.
 */
import type { HotStore } from "../cache/HotStore.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Receipt } from "../transport/Receipt.ts";
import type { Consumers } from "./Consumers.ts";
import type { Unserved } from "./pollPlan.ts";
import type { Tracks } from "./Tracks.ts";

export class StateFlow {
  readonly #hot: HotStore;
  readonly #tracks: Tracks;
  readonly #consumers: Consumers;

  constructor(hot: HotStore, tracks: Tracks, consumers: Consumers) {
    this.#hot = hot;
    this.#tracks = tracks;
    this.#consumers = consumers;
  }

  /** Tickers and books that have consumers and are not live for all of them, each at the greatest depth wanted, and since when. */
  unserved(nowNanos: bigint): ReadonlyArray<Unserved> {
    const unserved: Array<Unserved> = [];
    for (const track of this.#tracks.all()) {
      const { key, consumers } = track;
      if (consumers.size === 0 || (key.kind !== "ticker" && key.kind !== "orderbook")) continue;
      const { wanted } = track;
      if (track.isLive(wanted)) track.unservedNanos = undefined;
      else unserved.push({ key: wanted, sinceNanos: (track.unservedNanos ??= nowNanos) });
    }
    return unserved;
  }

  /** A ticker, or a book asked for to `depth`, read over REST for consumers that the socket does not serve. */
  supply(key: StreamKey, value: Ticker | Orderbook, receipt: Receipt, depth: number): void {
    const kept = this.keep(key, value, value.timestampMs, receipt, depth);
    const track = this.#tracks.get(keyId(key));
    if (!kept || track === undefined) return;
    const { market } = value;
    const element = { _tag: "Live", market, value, snapshot: true, channel: "rest", late: false, receivedTimeMs: receipt.ms } as const;
    track.supply(element, depth, this.#consumers.touched);
    this.#consumers.flush();
  }

  /** For reads alone: what REST said of any key, where it is not older than what is held. Says whether it was kept. */
  keep(key: StreamKey, value: unknown, exchangeTimeMs: number, receipt: Receipt, depth: number): boolean {
    return this.#hot.put(keyId(key), {
      ...{ value, exchangeTimeMs, channel: "rest" },
      receivedNanos: receipt.nanos,
      receivedMs: receipt.ms,
      confirmedNanos: receipt.nanos,
      depth: key.kind === "orderbook" ? depth : undefined,
    });
  }
}
