/**
 * The windows of one market that were given as closed, and what may still have to be said of them. Their end is proved by a frame of a later
 * window, but not that the last frame before it was the whole of them: the exchange sends at most one a second and none at the boundary, and a
 * frame can be lost or late. A late frame that knows more, or REST a little later, corrects them; a window that never came is given then.
 *
 * Of two states of one window the one with the later last trade, or with more volume, is the newer. REST that knows less than was given lags,
 * and is asked again.
 */
import type { Candle, CandleProof } from "../domain/Candle.ts";
import { nextWindowStart } from "../domain/Interval.ts";

/** Windows, from the first that was not yet held against REST up to one that is not judged. */
export interface WindowSpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly beforeMs: number;
}

/** What REST said of a span: how many of its windows could be judged, and those that were missing or other than given. */
export interface WindowsAudited {
  readonly judged: number;
  /** `closed` where the window had not been given, `corrected` where it had. */
  readonly found: ReadonlyArray<Candle>;
}

/** As many as a page of REST: an audit looks no further back. */
export const windowsRemembered = 200;

export class ClosedWindows {
  /** By opening time. */
  readonly #given = new Map<number, Candle>();
  /** The first window that was seen: earlier ones are owed to nobody. */
  #beganMs = Number.POSITIVE_INFINITY;
  /** Windows that open before this are not remembered any more. */
  #forgottenMs = Number.NEGATIVE_INFINITY;
  /** Windows that open before this were held against REST. */
  #auditedMs = Number.NEGATIVE_INFINITY;

  /** The first frame of the market. */
  began(openTimeMs: number): void {
    this.#beganMs = openTimeMs;
    this.#auditedMs = openTimeMs;
  }

  /** A window is given as closed. */
  give(candle: Candle): void {
    this.#given.set(candle.openTimeMs, candle);
    if (this.#given.size <= windowsRemembered) return;
    const [oldestMs] = this.#given.keys();
    if (oldestMs === undefined) return;
    this.#given.delete(oldestMs);
    this.#forgottenMs = Math.max(this.#forgottenMs, nextWindowStart(candle.interval, oldestMs));
  }

  /** A frame of a window that has ended: what is to be given for it, if anything. */
  late(candle: Candle): Candle | undefined {
    const { openTimeMs } = candle;
    if (openTimeMs < this.#beganMs || openTimeMs < this.#forgottenMs || openTimeMs < this.#auditedMs) return undefined;
    return this.#amend(candle, "stream");
  }

  /** REST has read these windows back, all there were of them. */
  read({ fromMs, beforeMs }: WindowSpan): void {
    if (this.#auditedMs >= fromMs) this.#auditedMs = Math.max(this.#auditedMs, beforeMs);
  }

  /** What is to be held against REST, of the windows that open before this; no more of it than is remembered. */
  unaudited(beforeMs: number, lengthMs: number): WindowSpan | undefined {
    const fromMs = Math.max(this.#auditedMs, beforeMs - windowsRemembered * lengthMs);
    return fromMs < beforeMs ? { fromMs, beforeMs } : undefined;
  }

  /** REST's closed windows of a span, oldest first. The judging ends where REST lags. */
  audit({ fromMs, beforeMs }: WindowSpan, rows: ReadonlyArray<Candle>): WindowsAudited {
    const byOpening = new Map(rows.map((row) => [row.openTimeMs, row]));
    const lagging = [...this.#given.values()].filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < beforeMs);
    const lagsFromMs = Math.min(
      beforeMs,
      ...lagging.filter((given) => knowsLess(byOpening.get(given.openTimeMs), given)).map(({ openTimeMs }) => openTimeMs),
      ...rows.filter(({ state }) => state === "forming").map(({ openTimeMs }) => openTimeMs),
    );
    const judged = rows.filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < lagsFromMs);
    this.#auditedMs = Math.max(this.#auditedMs, lagsFromMs);
    return { judged: judged.length, found: judged.map((row) => this.#amend(row, "rest")).filter((candle) => candle !== undefined) };
  }

  #amend(candle: Candle, proof: CandleProof): Candle | undefined {
    const given = this.#given.get(candle.openTimeMs);
    if (given !== undefined && !knowsLess(given, candle)) return undefined;
    const amended: Candle = { ...candle, state: given === undefined ? "closed" : "corrected", proof };
    this.give(amended);
    return amended;
  }
}

const knowsLess = (candle: Candle | undefined, than: Candle): boolean => {
  if (candle === undefined || candle.lastTradeTimeMs !== than.lastTradeTimeMs)
    return candle === undefined || candle.lastTradeTimeMs < than.lastTradeTimeMs;
  return candle.volume.compare(than.volume) < 0;
};
