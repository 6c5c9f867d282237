/**
 * What becomes of a live key that somebody's own reading over REST speaks against, where the audits have not come by yet. A ticker or a book ceases
 * to be live, as `TickerAudit.ts` does it. Trades that somebody follows are looked at by their audit, which tells what is missing of them and what
 * is wrong; a key that only reads want has no such audit and ceases to be live.
 */
import type { Orderbook } from "../domain/Orderbook.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import { receiptOf } from "../transport/Receipt.ts";
import type { LiveSide } from "./liveSide.ts";
import type { StreamValue } from "./Consumer.ts";

/** What REST said of a key. */
export interface Refutation {
  /** A value of the key's kind, as a question is answered. */
  readonly value: unknown;
  readonly receivedNanos: bigint;
  readonly receivedMs: number;
  /** Whether that speaks against what the socket says of the key by now. */
  readonly refutes: (told: StreamValue) => boolean;
}

/** Says whether the key was found wrong. */
export const refute = ({ doubt, hub }: Pick<LiveSide, "doubt" | "hub">, key: StreamKey, told: Refutation): boolean => {
  const track = hub.tracks.get(keyId(key));
  if (track?.told === undefined || !track.isLive(key) || !told.refutes(track.told)) return false;
  const receipt = receiptOf(told.receivedNanos, told.receivedMs);
  // A key's kind is its value's.
  if (key.kind === "ticker") hub.outdated(track, told.value as Ticker, receipt);
  else if (key.kind === "orderbook") hub.outdated(track, told.value as Orderbook, receipt, key.levels);
  else {
    const last = (told.value as ReadonlyArray<Trade>).at(-1);
    if (last !== undefined) hub.states.keep(key, last, last.tradeTimeMs, receipt, 0);
    if (track.consumers.size > 0) doubt(track.id);
    else hub.distrust(track, receipt.atMs);
  }
  return true;
};
