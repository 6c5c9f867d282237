/**
 * Notices within a second that a busy link brings much less than it does even in its slowest moments. A single key cannot tell that from a calm market;
 * many together can, long before any of them is out of its own rhythm.
 *
 * What was brought in the last {@link spanMs} is held against the least of any such span in the half minute before: bursts raise no expectation, and a
 * link that has become slow for good is told of once, because its own slowness is soon what is usual. Pure state on monotonic milliseconds: a ring of
 * counts, and one addition per message.
 */

/** Counted in pieces of so many milliseconds. */
const pieceMs = 200;
/** Pieces that are judged together. */
const piecesJudged = 3;
/** What is judged at once, in milliseconds: with a piece that has just begun, a fall is seen 800 ms after it at the latest. */
export const spanMs = pieceMs * piecesJudged;
/** Pieces of the time before it. */
const piecesKept = 150;
/** Pieces after which there is a usual to compare with: twenty seconds. */
const piecesNeeded = 100;
/**
 * The least that a span must always have brought. Of messages that come by chance, a span whose half-minute minimum is twelve has a mean of about 23,
 * and brings four or less once in a million times.
 */
const leastUsual = 12;
/** It has fallen when it brings no more than this share of that. */
const fallenShare = 1 / 3;
/** While a link is watched it is looked at with every piece. A look later than this was held up with the whole process, and that time does not count. */
const lateMs = pieceMs;

/** What fell, in messages a second. */
export interface RateFall {
  readonly perSecond: number;
  /** The least that was usual. */
  readonly usualPerSecond: number;
}

export class RateWatch {
  readonly #counts = new Uint32Array(piecesKept + piecesJudged);
  #startMs: number;
  /** The number of the piece that is being counted, from the start. */
  #piece = 0;
  #usual = 0;
  #hasFallen = false;
  /** A fall that nobody has been told of. */
  #found: RateFall | undefined;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  /** What is subscribed has changed: nothing is usual any more. */
  reset(nowMs: number): void {
    this.#counts.fill(0);
    this.#startMs = nowMs;
    this.#piece = 0;
    this.#usual = 0;
    this.#hasFallen = false;
    this.#found = undefined;
  }

  /** So many messages came. True when there is something to compare with from now on: {@link dueMs} is sooner than it was. */
  count(nowMs: number, messages = 1): boolean {
    const before = this.#usual;
    this.#moveTo(nowMs);
    const at = this.#piece % this.#counts.length;
    this.#counts[at] = (this.#counts[at] ?? 0) + messages;
    return before === 0 && this.#usual > 0;
  }

  /** When to look; infinity while nothing is usual. */
  get dueMs(): number {
    return this.#usual === 0 ? Number.POSITIVE_INFINITY : this.#startMs + (this.#piece + 1) * pieceMs;
  }

  /** Looks. Undefined while nothing is wrong, and after the first time until it has been as usual again. */
  check(nowMs: number): RateFall | undefined {
    this.#moveTo(nowMs);
    const found = this.#found;
    this.#found = undefined;
    return found;
  }

  #moveTo(nowMs: number): void {
    const heldUpMs = nowMs - this.dueMs;
    // What came meanwhile is still to be read.
    if (heldUpMs > lateMs) this.#startMs += heldUpMs;
    const piece = Math.floor((nowMs - this.#startMs) / pieceMs);
    if (piece <= this.#piece) return;
    const { length } = this.#counts;
    for (let next = Math.max(this.#piece + 1, piece - length + 1); next <= piece; next++) this.#counts[next % length] = 0;
    this.#piece = piece;
    this.#usual = this.#leastBefore(piece - piecesJudged);
    this.#judge();
  }

  /** A piece is over: by a message after it or by a look, whichever was first. */
  #judge(): void {
    const now = this.#sumBefore(this.#piece);
    const hasFallen = this.#usual > 0 && now <= this.#usual * fallenShare;
    if (hasFallen && !this.#hasFallen) {
      this.#found = { perSecond: (now * 1_000) / spanMs, usualPerSecond: (this.#usual * 1_000) / spanMs };
    }
    this.#hasFallen = hasFallen;
  }

  /** The least of any span that ended at or before this piece; 0 while too few are known, or where it is too little to judge by. */
  #leastBefore(piece: number): number {
    if (piece < piecesNeeded) return 0;
    let least = Number.POSITIVE_INFINITY;
    const first = Math.max(piecesJudged, piece - piecesKept + 2 * piecesJudged);
    for (let end = first; end <= piece; end++) least = Math.min(least, this.#sumBefore(end));
    return least < leastUsual ? 0 : least;
  }

  /** What the span brought that ended with the beginning of this piece. */
  #sumBefore(piece: number): number {
    let sum = 0;
    for (let at = piece - piecesJudged; at < piece; at++) sum += this.#counts[at % this.#counts.length] ?? 0;
    return sum;
  }
}
