/**
 * How late frames are, although their link is alive. The exchange's clock and ours cannot be compared, but their difference hardly moves: the
 * least difference of the last minute, over all links, is the ordinary way of a frame, and what goes beyond it is delay. Only the monotonic
 * clock is read, so a step of the wall clock makes nothing late and nothing current.
 *
 * Delay is known by link and kind, because each is a feed of its own: a prompt one says nothing of the one beside it.
 */
import type { Kind } from "../domain/Question.ts";
import { LeastDifference } from "./LeastDifference.ts";
import type { LinkId } from "./Track.ts";

const spanMs = 30_000;
/** What the last frame said of the delay is forgotten after so long. */
const rememberMs = 10_000;

interface Delay {
  excessMs: number;
  measuredMs: number;
}

export class LagMeter {
  /** As many as links and kinds. */
  readonly #delays = new Map<LinkId, Map<Kind, Delay>>();
  readonly #least = new LeastDifference(spanMs);

  /** A frame that told something as it happened. Returns how much later than usual it came, in milliseconds. */
  measure(link: LinkId, kind: Kind, exchangeTimeMs: number, nowMs: number): number {
    const delay = this.#delayOf(link, kind);
    const difference = nowMs - exchangeTimeMs;
    if (!this.#least.add(difference, nowMs)) return delay.excessMs;
    delay.measuredMs = nowMs;
    return (delay.excessMs = Math.max(0, difference - this.#least.value));
  }

  /** How late frames of a kind come over a link now, as the last ones said. A kind that was not measured lately is as late as the latest there. */
  excessMs(link: LinkId, kind: Kind, nowMs: number): number {
    const delays = this.#delays.get(link);
    const own = delays?.get(kind);
    return own !== undefined && nowMs - own.measuredMs <= rememberMs ? own.excessMs : worst(delays?.values() ?? [], nowMs);
  }

  /** How late the latest feed of all is. */
  worstMs(nowMs: number): number {
    let most = 0;
    for (const delays of this.#delays.values()) most = Math.max(most, worst(delays.values(), nowMs));
    return most;
  }

  #delayOf(link: LinkId, kind: Kind): Delay {
    let delays = this.#delays.get(link);
    if (delays === undefined) this.#delays.set(link, (delays = new Map()));
    let delay = delays.get(kind);
    if (delay === undefined) delays.set(kind, (delay = { excessMs: 0, measuredMs: Number.NEGATIVE_INFINITY }));
    return delay;
  }
}

const worst = (delays: Iterable<Delay>, nowMs: number): number => {
  let most = 0;
  for (const { excessMs, measuredMs } of delays) if (nowMs - measuredMs <= rememberMs) most = Math.max(most, excessMs);
  return most;
};
