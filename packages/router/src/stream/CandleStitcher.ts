/**
 * Turns the socket's repeated candle frames into windows that end. The exchange sends no close mark; the proof that a window ended is a frame
 * of a later one on an unbroken link, so the last state of the earlier window is then given again as `closed`. What turns out later to be
 * missing of it, or of windows that never came, is given behind the others and says so (`ClosedWindows.ts`).
 *
 * After a break nothing seen before proves an end: when the first later window arrives, the windows since the last frame are read over REST
 * (`GapHealer.ts`) and given as closed, or told as a gap. A window that is still the same needs no reading, because frames carry its whole
 * state.
 */
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Gap, Live, Recovered } from "../domain/StreamElement.ts";
import { ClosedWindows, type WindowSpan } from "./ClosedWindows.ts";

/** Windows to read back: from the one whose end was not seen up to the first one the new link brought. */
export type CandleHole = WindowSpan;

/** Rows read back, in any order, and why they may be fewer than all. */
export interface CandleRepair {
  readonly rows: ReadonlyArray<Candle>;
  readonly failure: string | null;
}

export interface CandleRepaired {
  /** The hole's windows, oldest first, all closed, and what is missing of it for good. */
  readonly repaired: ReadonlyArray<Gap | Recovered<Candle>>;
  /** What arrived meanwhile, stitched as usual. */
  readonly held: ReadonlyArray<Live<Candle>>;
}

/** What an audit found: how many windows it could judge, and those that were missing or other than given. */
export interface CandleAudited {
  readonly judged: number;
  readonly found: ReadonlyArray<Recovered<Candle>>;
}

/** What one frame leads to: elements to deliver now, or a hole to read back first. */
export type CandleStep =
  | { readonly _tag: "Deliver"; readonly elements: ReadonlyArray<Live<Candle>> }
  | { readonly _tag: "Heal"; readonly hole: CandleHole };

const nothing: CandleStep = { _tag: "Deliver", elements: [] };

export class CandleStitcher {
  readonly #holdLimit: number;
  readonly #closed = new ClosedWindows();
  /** The newest frame of the newest window, and when it came, monotonic milliseconds. */
  #last: Candle | undefined;
  #lastMs = 0;
  #broken = false;
  #hole: CandleHole | undefined;
  /** The newest frame of each window that came while healing, oldest window first. */
  #held: Array<Live<Candle>> = [];
  #overflowed = false;

  constructor(options: { readonly holdLimit: number }) {
    this.#holdLimit = options.holdLimit;
  }

  /** A hole is open, or may be found by the next frame. */
  get broken(): boolean {
    return this.#broken || this.#hole !== undefined;
  }

  /** Opening of the newest window; minus infinity before the first. */
  get newestMs(): number {
    return this.#last?.openTimeMs ?? Number.NEGATIVE_INFINITY;
  }

  /** `nowMs` is monotonic. */
  accept(live: Live<Candle>, nowMs: number): CandleStep {
    if (this.#hole !== undefined) {
      this.#hold(live);
      return nothing;
    }
    const candle = live.value;
    const last = this.#last;
    if (last === undefined) this.#closed.began(candle.openTimeMs);
    if (last === undefined || candle.openTimeMs === last.openTimeMs) {
      if (last !== undefined && candle.lastTradeTimeMs < last.lastTradeTimeMs) return nothing;
      this.#remember(candle, nowMs);
      this.#broken = false;
      return { _tag: "Deliver", elements: [live] };
    }
    if (candle.openTimeMs < last.openTimeMs) {
      const value = this.#closed.late(candle);
      return value === undefined ? nothing : { _tag: "Deliver", elements: [{ ...live, value, snapshot: false, late: true }] };
    }
    if (this.#broken) {
      this.#hole = { fromMs: last.openTimeMs, beforeMs: candle.openTimeMs };
      this.#held = [live];
      return { _tag: "Heal", hole: this.#hole };
    }
    this.#remember(candle, nowMs);
    return { _tag: "Deliver", elements: [this.#close(live, last), live] };
  }

  /**
   * Windows that ended long enough ago for REST to have them whole, and were not held against it yet; none while a hole is open. The
   * exchange's time is taken to be that of the newest trade and what has gone by since.
   */
  unaudited(nowMs: number): WindowSpan | undefined {
    const last = this.#last;
    if (last === undefined || this.broken) return undefined;
    const settledMs = windowStart(last.interval, last.lastTradeTimeMs + (nowMs - this.#lastMs) - closeMarginMs);
    return this.#closed.unaudited(Math.min(last.openTimeMs, settledMs), nextWindowStart(last.interval, 0) - windowStart(last.interval, 0));
  }

  /** REST's rows of such a span, in any order. `wallMs`, wall clock, is the time of reading. */
  audit(span: WindowSpan, rows: ReadonlyArray<Candle>, wallMs: number): CandleAudited {
    if (this.broken) return { judged: 0, found: [] };
    const oldestFirst = rows.toSorted((a, b) => a.openTimeMs - b.openTimeMs);
    const { judged, found } = this.#closed.audit(span, oldestFirst);
    return { judged, found: found.map((value) => recovered(value, true, wallMs)) };
  }

  /** The link broke. What was held will be read back with the rest. */
  interrupt(): void {
    this.#broken = this.#last !== undefined;
    this.#hole = undefined;
    this.#held = [];
    this.#overflowed = false;
  }

  /**
   * Ends healing. Complete when the rows reach back to the window whose end was not seen: that one had trades, so it has a row. `wallMs`, wall
   * clock, is the time of reading, and `nowMs` the monotonic one.
   */
  finish({ rows, failure }: CandleRepair, wallMs: number, nowMs: number): CandleRepaired {
    const hole = this.#hole;
    const last = this.#last;
    if (hole === undefined || last === undefined) return { repaired: [], held: [] };
    const windows = rows
      .filter((row) => row.openTimeMs >= hole.fromMs && row.openTimeMs < hole.beforeMs)
      .toSorted((a, b) => a.openTimeMs - b.openTimeMs);
    const repaired: Array<Gap | Recovered<Candle>> = [];
    const gap = (fromMs: number, toMs: number, reason: string) =>
      repaired.push({ _tag: "Gap", kind: "candles", market: last.market, fromMs, toMs, reason });
    const oldestMs = windows[0]?.openTimeMs;
    if (oldestMs !== hole.fromMs) gap(hole.fromMs, oldestMs ?? hole.beforeMs, failure ?? "further back than is read");
    else if (failure !== null) gap(hole.fromMs, hole.beforeMs, failure);
    for (const row of windows) {
      const value: Candle = { ...row, state: "closed", proof: "rest" };
      this.#closed.give(value);
      repaired.push(recovered(value, false, wallMs));
    }
    if (failure === null) this.#closed.read(hole);
    const held = this.#held;
    if (this.#overflowed) gap(hole.beforeMs, held[0]?.value.openTimeMs ?? hole.beforeMs, "too many windows while reading back");
    this.interrupt();
    this.#broken = false;
    this.#remember(held.at(-1)?.value ?? last, nowMs);
    return { repaired, held: held.flatMap((live, at) => this.#stitched(held[at - 1], live)) };
  }

  #remember(candle: Candle, nowMs: number): void {
    this.#last = candle;
    this.#lastMs = nowMs;
  }

  /** The last state of a window, told closed by the frame that proves its end. */
  #close(proof: Live<Candle>, last: Candle): Live<Candle> {
    const value: Candle = { ...last, state: "closed", proof: "stream" };
    this.#closed.give(value);
    return { ...proof, value, snapshot: false };
  }

  #stitched(before: Live<Candle> | undefined, live: Live<Candle>): ReadonlyArray<Live<Candle>> {
    return before === undefined ? [live] : [this.#close(live, before.value), live];
  }

  #hold(live: Live<Candle>): void {
    const newest = this.#held.at(-1);
    if (newest !== undefined && live.value.openTimeMs < newest.value.openTimeMs) return;
    if (newest !== undefined && live.value.openTimeMs === newest.value.openTimeMs) {
      if (live.value.lastTradeTimeMs < newest.value.lastTradeTimeMs) return;
      this.#held.pop();
    }
    this.#held.push(live);
    if (this.#held.length <= this.#holdLimit) return;
    this.#held.shift();
    this.#overflowed = true;
  }
}

const recovered = (value: Candle, late: boolean, wallMs: number): Recovered<Candle> => ({
  _tag: "Recovered",
  market: value.market,
  value,
  late,
  receivedTimeMs: wallMs,
});
