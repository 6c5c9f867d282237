/**
 * What is measured of one link, as the facts that `LinkProfile.ts` judges. Fed from the socket's own callbacks in plain synchronous steps and
 * read when somebody judges; it never grows: trips are two averages, bytes and lags are kept by second and by minute.
 *
 * Lag is the difference of two wall clocks, ours at receipt and the exchange's in the message, so by itself it means nothing. Its excess does:
 * how much the quickest message of the last seconds was behind the quickest of the last ten minutes. A line that is full delays every message;
 * jitter delays only some. A step of our wall clock looks like excess until the old minutes are gone.
 */
import { RttEstimator } from "./RttEstimator.ts";
import type { SocketBytes } from "./Transport.ts";

/** What is known of a link. Null where nothing was measured yet, or not lately. */
export interface LinkFacts {
  /** The average round trip of ping and pong, and its jitter, in milliseconds. */
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  /** How long to wait before an answer over this road counts as late, in milliseconds. */
  readonly timeoutMs: number | null;
  /** How long the last connection took to open, in milliseconds. */
  readonly connectMs: number | null;
  /** How much later messages come now than they have come, in milliseconds. */
  readonly lagExcessMs: number | null;
  /** Bytes a second on the wire, and of the messages after inflating. Null before a second's worth. */
  readonly wireBytesPerS: number | null;
  readonly payloadBytesPerS: number | null;
}

/** Rates and the lag of now look this far back. */
const recentMs = 10_000;
/** The best lag is remembered by the minute, for this many. */
const lagMinutes = 10;
const minuteMs = 60_000;
const leastSpanMs = 1_000;
/** Of fewer messages in that time nothing is concluded: one that was late is no line that is full. */
const leastMessages = 10;

interface ByteMark extends SocketBytes {
  readonly atMs: number;
}

interface LagMark {
  readonly slot: number;
  leastMs: number;
  messages: number;
}

/** All `nowMs` are monotonic milliseconds. */
export class LinkMeter {
  readonly #rtt = new RttEstimator();
  #pingedMs: number | undefined;
  #connectMs: number | null = null;
  /** At most one mark a second, oldest first. */
  #bytes: Array<ByteMark> = [];
  /** The least lag of each second, and of each minute, oldest first. */
  #seconds: Array<LagMark> = [];
  #minutes: Array<LagMark> = [];

  /** A link opened, this long after it was asked for. What is known of the road stays; the bytes of the last link are no measure of this one. */
  opened(connectMs: number): void {
    this.#connectMs = connectMs;
    this.#pingedMs = undefined;
    this.#bytes = [];
    this.#seconds = [];
  }

  pinged(nowMs: number): void {
    this.#pingedMs = nowMs;
  }

  /** A pong that nobody asked for is no trip. */
  ponged(nowMs: number): void {
    if (this.#pingedMs === undefined) return;
    this.#rtt.sample(nowMs - this.#pingedMs);
    this.#pingedMs = undefined;
  }

  /**
   * Messages of one read that tell a change: `leastLagMs` is our clock at receipt less the exchange's time in the quickest of them. Snapshots are
   * not to be told.
   */
  messages(leastLagMs: number, count: number, nowMs: number): void {
    lower(this.#seconds, Math.floor(nowMs / 1_000), leastLagMs, count, recentMs / 1_000);
    lower(this.#minutes, Math.floor(nowMs / minuteMs), leastLagMs, count, lagMinutes);
  }

  /** What the socket has counted so far. Called as often as is convenient, such as at the end of a read; one mark a second is kept. */
  counted(bytes: SocketBytes, nowMs: number): void {
    const last = this.#bytes.at(-1);
    if (last !== undefined && nowMs - last.atMs < leastSpanMs) return;
    this.#bytes.push({ wire: bytes.wire, payload: bytes.payload, atMs: nowMs });
    // One mark older than the span stays: it is where the span begins.
    while ((this.#bytes[1]?.atMs ?? Infinity) <= nowMs - recentMs) this.#bytes.shift();
  }

  facts(nowMs: number): LinkFacts {
    const rates = this.#rates(nowMs);
    return {
      rttMs: this.#rtt.smoothedMs,
      jitterMs: this.#rtt.smoothedMs === null ? null : this.#rtt.varianceMs,
      timeoutMs: this.#rtt.timeoutMs,
      connectMs: this.#connectMs,
      lagExcessMs: this.#lagExcessMs(nowMs),
      wireBytesPerS: rates?.wire ?? null,
      payloadBytesPerS: rates?.payload ?? null,
    };
  }

  #rates(nowMs: number): SocketBytes | undefined {
    const first = this.#bytes[0];
    const last = this.#bytes.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < leastSpanMs) return undefined;
    // A link that has fallen silent carries less with every second, not what it carried last.
    const seconds = (Math.max(last.atMs, nowMs - leastSpanMs) - first.atMs) / 1_000;
    return { wire: (last.wire - first.wire) / seconds, payload: (last.payload - first.payload) / seconds };
  }

  #lagExcessMs(nowMs: number): number | null {
    const recent = this.#seconds.filter(({ slot }) => slot > Math.floor((nowMs - recentMs) / 1_000));
    if (recent.reduce((sum, { messages }) => sum + messages, 0) < leastMessages) return null;
    const now = least(recent, Number.NEGATIVE_INFINITY);
    const best = least(this.#minutes, Math.floor(nowMs / minuteMs) - lagMinutes);
    return now === undefined || best === undefined ? null : Math.max(0, now - best);
  }
}

const lower = (marks: Array<LagMark>, slot: number, lagMs: number, count: number, kept: number): void => {
  const last = marks.at(-1);
  if (last !== undefined && last.slot >= slot) {
    last.leastMs = Math.min(last.leastMs, lagMs);
    last.messages += count;
    return;
  }
  marks.push({ slot, leastMs: lagMs, messages: count });
  if (marks.length > kept) marks.shift();
};

/** The least of the marks after a slot. */
const least = (marks: ReadonlyArray<LagMark>, afterSlot: number): number | undefined =>
  marks.reduce<number | undefined>(
    (best, { slot, leastMs }) => (slot <= afterSlot || (best !== undefined && best <= leastMs) ? best : leastMs),
    undefined,
  );
